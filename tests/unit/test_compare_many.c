/* More repetitions than can be relabelled, or paired: what is compared then, and what is said. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "reports/stats/survival.h"
#include "reports/write/compare.h"
#include "tests/unit/compare_pair.h"
#include "tests/unit/stats_near.h"

/* n values of each. What R's survdiff() would say is ord_logrank(), which has its own test. */
static void many(struct pair *p, int n, double slower, bool censoring)
{
	size_t size = (size_t)n * 16;
	ord_autofree char *a = malloc(size), *b = malloc(size);
	uint64_t seed = 11;

	assert_true(a && b);
	(void)put_values(&seed, (size_t)n, 1, censoring, a, size);
	(void)put_values(&seed, (size_t)n, slower, censoring, b, size);
	group_begin(&p->a, "base", n, 0);
	group_figure(&p->a, "ttr_self", a);
	group_end(&p->a);
	group_begin(&p->b, "cand", n, 0);
	group_figure(&p->b, "ttr_self", b);
	group_end(&p->b);
	compare_with(p, &(struct ord_compare_options){.alpha = 0.05, .seed = 1});
}

static double p_by_chi2(const struct pair *p)
{
	const struct group *groups[] = {&p->a, &p->b};
	struct ord_surv *v[2];
	struct ord_logrank r;
	size_t n = 0;

	for (int g = 0; g < 2; g++) {
		const struct ord_figure *f = ord_figure_find(&groups[g]->f, "ttr_self");

		n = f->n;
		v[g] = calloc(n, sizeof *v[g]);
		assert_non_null(v[g]);
		for (size_t i = 0; i < n; i++)
			v[g][i] = (struct ord_surv){.time = (double)f->v[i].span.value / 1e9,
						    .event = f->v[i].span.state == ORD_SPAN_KNOWN};
		ord_surv_sort(v[g], n);
	}
	r = ord_logrank(v[0], n, v[1], n, 0);
	free(v[0]);
	free(v[1]);
	return r.p;
}

/* More than can be relabelled, and more pairs than a ratio is told of. */
static void too_many_to_relabel(void **state)
{
	char words[ORD_WORDS];
	struct pair p;

	many(&p, 1001, 1.05, true);
	assert_true(p.c.v[0].censored);
	assert_string_equal(p.c.v[0].method, "log-rank, approximate by chi-squared");
	assert_false(p.c.v[0].drawn);
	near9(p.c.v[0].p, p_by_chi2(&p));
	assert_true(p.c.v[0].p > 1e-6 && p.c.v[0].p < 1);
	assert_true(p.c.v[0].lo > 0);
	done(&p);
	many(&p, 2001, 1.5, true);
	assert_string_equal(p.c.v[0].method, "log-rank, approximate by chi-squared");
	assert_int_equal(p.c.v[0].verdict, ORD_COMPARED_WORSE);
	assert_true(isnan(p.c.v[0].lo));
	assert_string_equal(ord_words_effect(&p.c.v[0], words), "ratio not told of so many");
	done(&p);
	many(&p, 2001, 1.5, false);
	assert_string_equal(p.c.v[0].method, "Mann-Whitney, normal approximation");
	assert_int_equal(p.c.v[0].verdict, ORD_COMPARED_WORSE);
	assert_string_equal(ord_words_effect(&p.c.v[0], words), "ratio not told of so many");
	done(&p);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_many_to_relabel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
