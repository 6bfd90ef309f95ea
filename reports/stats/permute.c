/* Permutation of a sum of scores: every relabelling, or a seeded draw of them. */
#include <math.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/dist.h"
#include "reports/stats/survival.h"

/* The smaller of two groups that have at most ORD_RELABELLINGS_MAX relabellings has at most 10:
 * 20 over 10 is 184,756, 22 over 11 is 705,432. */
enum { CHOSEN_MAX = 10 };

struct count {
	double statistic, mean, slack;
	uint64_t all, extreme, less, greater;
};

/* Sums that are equal but for the order of their addition count as equal. */
static void count_one(struct count *c, double sum)
{
	c->all++;
	c->extreme += fabs(sum - c->mean) >= fabs(c->statistic - c->mean) - c->slack;
	c->less += sum <= c->statistic + c->slack;
	c->greater += sum >= c->statistic - c->slack;
}

/*
 * Every choice of k out of n in lexicographic order. sums[i] is the sum of the first i chosen, so
 * that a step costs the places that change, and nothing drifts.
 */
static void count_all(const double *v, size_t n, size_t k, double sign, double offset,
		      struct count *c)
{
	size_t chosen[CHOSEN_MAX];
	double sums[CHOSEN_MAX + 1] = {0};
	size_t from = 0; /* the first place that changed */

	for (size_t i = 0; i < k; i++)
		chosen[i] = i;
	for (;;) {
		for (size_t i = from; i < k; i++)
			sums[i + 1] = sums[i] + v[chosen[i]];
		count_one(c, offset + sign * sums[k]);
		for (from = k; from > 0 && chosen[from - 1] == n - k + from - 1;)
			from--;
		if (!from)
			return;
		chosen[--from]++;
		for (size_t i = from + 1; i < k; i++)
			chosen[i] = chosen[i - 1] + 1;
	}
}

/* So many choices of k, each by the first k steps of a shuffle. */
static int count_drawn(const double *scores, size_t n, size_t k, double sign, double offset,
		       uint64_t seed, struct count *c, struct ord_err *err)
{
	ord_autofree double *v = calloc(n + 1, sizeof *v);
	struct ord_rng rng;

	if (!v)
		return ord_fail_nomem(err);
	ord_rng_init(&rng, seed);
	for (size_t i = 0; i < n; i++)
		v[i] = scores[i];
	for (int turn = 0; turn < ORD_RELABELLINGS_MAX; turn++) {
		double sum = 0;

		for (size_t i = 0; i < k; i++) {
			size_t from = i + (size_t)ord_rng_below(&rng, n - i);
			double taken = v[from];

			v[from] = v[i];
			v[i] = taken;
			sum += taken;
		}
		count_one(c, offset + sign * sum);
	}
	return 0;
}

int ord_permute(const double *scores, size_t n, size_t n_a, uint64_t seed,
		struct ord_permutation *ret, struct ord_err *err)
{
	size_t chosen = n_a < n - n_a ? n_a : n - n_a;
	double total = 0, size = 0, sign = chosen == n_a ? 1 : -1, offset, drawn;
	struct count c = {0};
	bool exact;

	if (n > ORD_PERMUTE_MAX)
		return ord_fail(err, ORD_USAGE, "%zu values are more than %d", n, ORD_PERMUTE_MAX);
	for (size_t i = 0; i < n; i++) {
		total += scores[i];
		size += fabs(scores[i]);
		if (i < n_a)
			c.statistic += scores[i];
	}
	c.mean = n ? total * (double)n_a / (double)n : 0;
	c.slack = 1e-10 * size;
	exact = chosen <= CHOSEN_MAX && ord_log_choose(n, chosen) < log(ORD_RELABELLINGS_MAX + 0.5);
	/* Choosing the other group is the same, and may be less to add. */
	offset = sign > 0 ? 0 : total;
	if (exact)
		count_all(scores, n, chosen, sign, offset, &c);
	else if (count_drawn(scores, n, chosen, sign, offset, seed, &c, err))
		return -1;
	drawn = exact ? 0 : 1; /* what was seen is one of the relabellings too */
	*ret = (struct ord_permutation){
		.statistic = c.statistic,
		.exact = exact,
		.relabellings = c.all,
		.as_extreme = c.extreme,
		.p = ((double)c.extreme + drawn) / ((double)c.all + drawn),
		.p_less = ((double)c.less + drawn) / ((double)c.all + drawn),
		.p_greater = ((double)c.greater + drawn) / ((double)c.all + drawn),
	};
	return 0;
}
