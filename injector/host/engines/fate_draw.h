/* The parts of fate.c, and the numbers that they draw. */
#ifndef ORDEAL_ENGINES_FATE_DRAW_H
#define ORDEAL_ENGINES_FATE_DRAW_H

#include "fate.h"

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014): a bijection that mixes all bits. */
static inline uint64_t fate_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* The k-th number of an effect: no other effect's draws move it. Twice mixed, so that sequences of
 * two keys have nothing in common. */
static inline uint64_t fate_number(const struct fate *f, enum fate_effect e, uint64_t k)
{
	return fate_mix(f->key[e] ^ fate_mix(f->key[e] + k * 0x9e3779b97f4a7c15ull));
}

/* In [0, 1). */
static inline double fate_unit(uint64_t number)
{
	return (double)(number >> 11) * 0x1p-53;
}

static inline double fate_chance(uint32_t ppm)
{
	return ppm / 1e6;
}

/* Whether packet k is among the share; *state is the chain's own, 0 at its beginning. */
bool fate_share(struct fate *f, const struct fate_share *s, uint8_t *state, enum fate_effect e,
		uint64_t k);
bool fate_lost(struct fate *f, uint64_t k);

/* What the distribution and the correlation need, once. */
void fate_jitter_init(struct fate *f);
int64_t fate_jitter(struct fate *f, uint64_t k);
/* The distribution as a function of a normal variable: a deviation, in units of the jitter. */
double fate_deviation(const struct fate *f, double z);
/* The slot's instant for what is ready at at_ns. */
uint64_t fate_slot(struct fate *f, uint64_t k, uint64_t at_ns, uint32_t len);

/* When a packet that came at now_ns is through the link. */
uint64_t fate_link(struct fate *f, uint64_t now_ns, uint32_t len);

#endif
