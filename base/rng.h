/*
 * Seeded random numbers: the same seed gives the same sequence on every machine and in every
 * version. xoshiro256**, its state filled by splitmix64 (Blackman and Vigna, public domain). Not
 * for secrets.
 */
#ifndef ORDEAL_BASE_RNG_H
#define ORDEAL_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct ord_rng {
	uint64_t s[4];
};

void ord_rng_init(struct ord_rng *rng, uint64_t seed);
uint64_t ord_rng_next(struct ord_rng *rng);
/* Uniform in [0, n), without the bias of a remainder; n > 0. */
uint64_t ord_rng_below(struct ord_rng *rng, uint64_t n);
/* A seed of its own for each use of one seed: mixes the label in. */
uint64_t ord_rng_derive(uint64_t seed, const char *label);
/* Fills v with 0 .. n - 1 in a random order. */
void ord_rng_permutation(struct ord_rng *rng, uint32_t *v, uint32_t n);

#endif
