/* A baseline and a candidate that were compared, and values to compare. */
#ifndef ORDEAL_TESTS_COMPARE_PAIR_H
#define ORDEAL_TESTS_COMPARE_PAIR_H

#include "tests/unit/compare_groups.h"

struct pair {
	struct group a, b;
	struct ord_comparisons c;
};

static inline void compare_with(struct pair *p, const struct ord_compare_options *o)
{
	struct ord_err err;

	if (ord_compare(&p->a.f, &p->b.f, o, &p->c, &err))
		fail_msg("%s", err.msg);
}

static inline void done(struct pair *p)
{
	ord_comparisons_done(&p->c);
	ord_figures_done(&p->a.f);
	ord_figures_done(&p->b.f);
}

/* From 0, below 2^31. */
static inline uint64_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Times of `scale` to twice that; censoring: a third of them are 30 s and censored. */
static inline size_t put_values(uint64_t *seed, size_t n, double scale, bool censoring, char *out,
				size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		double t = scale * (1 + (double)(draw(seed) % 1000000) / 1e6);
		bool never = censoring && draw(seed) % 3 == 0;

		at += (size_t)snprintf(out + at, size - at, "%.6f%s ", never ? 30 : t,
				       never ? "+" : "");
	}
	return at;
}

#endif
