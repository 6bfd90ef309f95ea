/* Numbers that look random and are the same on every machine (xorshift64). */
#ifndef ORDEAL_TESTS_DRAW_H
#define ORDEAL_TESTS_DRAW_H

#include <stdint.h>

static inline uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif
