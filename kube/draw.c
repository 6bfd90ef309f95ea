/* Who is taken of those that match: pure, by a seed alone. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/rng.h"
#include "base/units.h"
#include "kube/match.h"

size_t kube_wanted(const struct ord_target *t, size_t n)
{
	if (t->all)
		return n;
	if (t->percent_ppm)
		return (size_t)(((uint64_t)n * t->percent_ppm + ORD_PPM - 1) / ORD_PPM);
	return t->count ? t->count : 1;
}

/* The groups' numbers, 0 .. *ret_n - 1, in a random order: rank[group]. */
static int rank_groups(const uint32_t *groups, size_t n, struct ord_rng *rng, uint32_t **ret,
		       uint32_t *ret_n, struct ord_err *err)
{
	uint32_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = groups[i] > most ? groups[i] : most;
	*ret = calloc((size_t)most + 1, sizeof **ret);
	if (!*ret)
		return ord_fail_nomem(err);
	ord_rng_permutation(rng, *ret, most + 1);
	*ret_n = most + 1;
	return 0;
}

/* Rounds: in each, the next of every group that has one, in the groups' order. */
static int draw_spread(const uint32_t *groups, const uint32_t *order, size_t n, size_t k,
		       struct ord_rng *rng, bool *taken, struct ord_err *err)
{
	ord_autofree uint32_t *ranks = NULL, *start = NULL, *sorted = NULL, *fill = NULL;
	uint32_t n_groups = 0;

	if (rank_groups(groups, n, rng, &ranks, &n_groups, err))
		return -1;
	start = calloc((size_t)n_groups + 1, sizeof *start);
	fill = calloc(n_groups, sizeof *fill);
	sorted = calloc(n, sizeof *sorted);
	if (!start || !fill || !sorted)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < n; i++)
		start[ranks[groups[i]] + 1]++;
	for (uint32_t g = 0; g < n_groups; g++)
		start[g + 1] += start[g];
	for (size_t i = 0; i < n; i++) {
		uint32_t g = ranks[groups[order[i]]];

		sorted[start[g] + fill[g]++] = order[i];
	}
	for (uint32_t round = 0; k; round++)
		for (uint32_t g = 0; g < n_groups && k; g++)
			if (start[g] + round < start[g + 1]) {
				taken[sorted[start[g] + round]] = true;
				k--;
			}
	return 0;
}

int kube_draw(const uint32_t *groups, size_t n, size_t k, uint64_t seed, bool *taken,
	      struct ord_err *err)
{
	ord_autofree uint32_t *order = NULL;
	struct ord_rng rng;

	for (size_t i = 0; i < n; i++)
		taken[i] = k >= n;
	if (k >= n)
		return 0;
	order = calloc(n, sizeof *order);
	if (!order)
		return ord_fail_nomem(err);
	ord_rng_init(&rng, seed);
	ord_rng_permutation(&rng, order, (uint32_t)n);
	if (groups)
		return draw_spread(groups, order, n, k, &rng, taken, err);
	for (size_t i = 0; i < k; i++)
		taken[order[i]] = true;
	return 0;
}
