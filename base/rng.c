#include "base/rng.h"

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, unsigned k)
{
	return (x << k) | (x >> (64 - k));
}

void ord_rng_init(struct ord_rng *rng, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		rng->s[i] = splitmix64(&seed);
}

uint64_t ord_rng_next(struct ord_rng *rng)
{
	uint64_t *s = rng->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t ord_rng_below(struct ord_rng *rng, uint64_t n)
{
	uint64_t limit = -n % n, v; /* 2^64 mod n: what lies below it would come once too often */

	do
		v = ord_rng_next(rng);
	while (v < limit);
	return v % n;
}

uint64_t ord_rng_derive(uint64_t seed, const char *label)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (; *label; label++)
		h = (h ^ (unsigned char)*label) * 0x100000001b3ull;
	h ^= seed;
	return splitmix64(&h);
}

void ord_rng_permutation(struct ord_rng *rng, uint32_t *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = (uint32_t)ord_rng_below(rng, (uint64_t)i + 1);

		v[i] = v[j];
		v[j] = i;
	}
}
