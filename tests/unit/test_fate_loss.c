/* Models of losses: the lengths of runs of losses and of gaps against the exact laws, by
 * chi-square. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "injector/host/engines/fate.h"
#include "tests/unit/fate_judge.h"
#include "tests/unit/fate_law.h"

#define PACKETS 1000000
#define MARKOV	.loss = FATE_LOSS_MARKOV
#define GILBERT .loss = FATE_LOSS_GILBERT

struct counted {
	size_t lost;
	struct judge_runs runs;
};

static struct counted count(const struct fate_params *p)
{
	struct counted c = {0};
	struct ord_err err;
	struct fate f;
	struct fate_of of;

	if (fate_init(&f, p, 0, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t k = 0; k < PACKETS; k++) {
		fate_draw(&f, false, &of);
		c.lost += of.lost;
		judge_runs_add(&c.runs, of.lost);
	}
	return c;
}

struct chances {
	double lost, gaps;
};

/* How odd what was counted would be, were the chain this one. */
static struct chances judge(const struct counted *c, const struct law_chain *chain)
{
	double law[JUDGE_RUNS];
	struct chances r;

	law_runs(chain, true, law);
	r.lost = judge_chi2(c->runs.yes, law, JUDGE_RUNS);
	law_runs(chain, false, law);
	r.gaps = judge_chi2(c->runs.no, law, JUDGE_RUNS);
	return r;
}

static void accept(const struct fate_params *p, struct law_chain (*law)(const struct fate_params *))
{
	const struct counted c = count(p);
	const struct law_chain chain = law(p);
	const struct chances r = judge(&c, &chain);
	const double asked = law_share(&chain), got = (double)c.lost / PACKETS;

	print_message("lost %.5f of %.5f; runs of losses p = %.3f, of gaps p = %.3f\n", got, asked,
		      r.lost, r.gaps);
	assert_true(r.lost > JUDGE_ALPHA);
	assert_true(r.gaps > JUDGE_ALPHA);
	assert_true(fabs(got - asked) < .03 * asked);
}

static void test_markov(void **state)
{
	static const struct fate_params params[] = {
		{.seed = 1, MARKOV, .p13 = 10000, .p31 = 300000, .p23 = 1000000},
		{.seed = 2, MARKOV, .p13 = 10000, .p31 = 200000, .p32 = 300000, .p23 = 400000},
		{.seed = 3,
		 MARKOV,
		 .p13 = 20000,
		 .p31 = 100000,
		 .p32 = 200000,
		 .p23 = 300000,
		 .p14 = 30000},
		{.seed = 4, MARKOV, .p31 = 1000000, .p23 = 1000000, .p14 = 50000},
	};

	for (size_t i = 0; i < sizeof params / sizeof *params; i++)
		accept(&params[i], law_markov);
}

static void test_gilbert(void **state)
{
	static const struct fate_params params[] = {
		{.seed = 5, GILBERT, .p = 10000, .r = 300000, .one_minus_h = 1000000},
		{.seed = 6, GILBERT, .p = 20000, .r = 100000, .one_minus_h = 600000},
		{.seed = 7,
		 GILBERT,
		 .p = 20000,
		 .r = 100000,
		 .one_minus_h = 700000,
		 .one_minus_k = 10000},
		{.seed = 8,
		 GILBERT,
		 .p = 500000,
		 .r = 500000,
		 .one_minus_h = 900000,
		 .one_minus_k = 300000},
	};

	for (size_t i = 0; i < sizeof params / sizeof *params; i++)
		accept(&params[i], law_gilbert);
}

/* Simple Gilbert: runs are geometric, of losses with r, of gaps with p. */
static void test_simple_gilbert_is_geometric(void **state)
{
	const struct fate_params p = {
		.seed = 9, GILBERT, .p = 20000, .r = 250000, .one_minus_h = 1000000};
	const struct counted c = count(&p);
	double law[JUDGE_RUNS];

	judge_geometric(.25, law);
	assert_true(judge_chi2(c.runs.yes, law, JUDGE_RUNS) > JUDGE_ALPHA);
	judge_geometric(.02, law);
	assert_true(judge_chi2(c.runs.no, law, JUDGE_RUNS) > JUDGE_ALPHA);
}

/* p13 = p, p31 = 1 - p: each packet for itself, as tc-netem(8) has it. */
static void test_one_parameter_is_no_memory(void **state)
{
	const struct fate_params
		m = {.seed = 10, MARKOV, .p13 = 50000, .p31 = 950000, .p23 = 1000000},
		g = {.seed = 11, GILBERT, .p = 50000, .r = 950000, .one_minus_h = 1000000};
	double law[JUDGE_RUNS];

	judge_geometric(.95, law);
	for (int i = 0; i < 2; i++) {
		const struct counted c = count(i ? &g : &m);

		assert_true(judge_share(c.lost, PACKETS, .05));
		assert_true(judge_chi2(c.runs.yes, law, JUDGE_RUNS) > JUDGE_ALPHA);
	}
}

/* Each parameter a fifth more than asked is noticed by one of the judges. */
static void test_wrong_models_are_refused(void **state)
{
	const struct fate_params m = {.seed = 12,
				      MARKOV,
				      .p13 = 20000,
				      .p31 = 100000,
				      .p32 = 200000,
				      .p23 = 300000,
				      .p14 = 30000},
				 g = {.seed = 13,
				      GILBERT,
				      .p = 20000,
				      .r = 100000,
				      .one_minus_h = 700000,
				      .one_minus_k = 10000};
	const struct counted cm = count(&m), cg = count(&g);

	for (int i = 0; i < 9; i++) {
		struct fate_params mw = m, gw = g;
		uint32_t *const one[] = {&mw.p13, &mw.p31, &mw.p32,	    &mw.p23,	    &mw.p14,
					 &gw.p,	  &gw.r,   &gw.one_minus_h, &gw.one_minus_k};
		struct law_chain wrong;
		struct chances r;

		*one[i] = *one[i] / 5 * 6;
		wrong = i < 5 ? law_markov(&mw) : law_gilbert(&gw);
		r = judge(i < 5 ? &cm : &cg, &wrong);
		if (r.lost > JUDGE_ALPHA && r.gaps > JUDGE_ALPHA)
			fail_msg("parameter %d may be wrong: %g %g", i, r.lost, r.gaps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markov),
		cmocka_unit_test(test_gilbert),
		cmocka_unit_test(test_simple_gilbert_is_geometric),
		cmocka_unit_test(test_one_parameter_is_no_memory),
		cmocka_unit_test(test_wrong_models_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
