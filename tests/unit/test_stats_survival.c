/* Kaplan and Meier, the restricted mean, the log-rank tests: figures of R 4.2 (survival, coin). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/stats/survival.h"
#include "tests/unit/stats_near.h"

#define E(x)              \
	{                 \
		(x), true \
	}
#define C(x)               \
	{                  \
		(x), false \
	}
#define MOST 32

struct km {
	struct ord_surv v[MOST];
	size_t n;
	struct ord_km_step steps[MOST];
	size_t n_steps;
};

static void curve(struct km *k, const struct ord_surv *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		k->v[i] = v[i];
	k->n = n;
	ord_surv_sort(k->v, n);
	k->n_steps = ord_km(k->v, n, 0.95, k->steps);
}

#define CURVE(k, ...)                                          \
	do {                                                   \
		const struct ord_surv given[] = {__VA_ARGS__}; \
		curve(k, given, ORD_COUNT(given));             \
	} while (0)

/* R's aml, in no order. */
static const struct ord_surv maintained[] = {E(48), C(13), E(13), E(18), E(23), C(28),
					     E(31), E(34), C(45), E(9),	 C(161)};
static const struct ord_surv nonmaintained[] = {E(45), E(5),  E(8),  E(8),  E(12), C(16),
						E(23), E(27), E(30), E(33), E(43), E(5)};

struct row {
	double t, n, d, s, se, log_lo, log_hi, loglog_lo, loglog_hi;
};

static void check_rows(const struct km *k, const struct row *rows, size_t n)
{
	assert_int_equal(k->n_steps, n);
	for (size_t i = 0; i < n; i++) {
		const struct ord_km_step *s = &k->steps[i];

		near9(s->t, rows[i].t);
		near9((double)s->n_at_risk, rows[i].n);
		near9((double)s->d, rows[i].d);
		near9(s->s, rows[i].s);
		near9(s->se, rows[i].se);
		near9(s->log.lo, rows[i].log_lo);
		near9(s->log.hi, rows[i].log_hi);
		near9(s->loglog.lo, rows[i].loglog_lo);
		near9(s->loglog.hi, rows[i].loglog_hi);
	}
}

static void aml_curves(void **state)
{
	static const struct row m[] = {
		{9, 11, 1, 0.909090909091, 0.0866784172041, 0.754133845082, 1, 0.50808020577,
		 0.986673822668},
		{13, 10, 1, 0.818181818182, 0.11629129983, 0.619248987399, 1, 0.447428614682,
		 0.951162228582},
		{18, 8, 1, 0.715909090909, 0.139664970557, 0.488426287422, 1, 0.350190385908,
		 0.899023974191},
		{23, 7, 1, 0.613636363636, 0.152632331027, 0.376867059502, 0.999157600228,
		 0.265752040001, 0.83529924325},
		{31, 5, 1, 0.490909090909, 0.164193267221, 0.254859951199, 0.9455849552,
		 0.167330909777, 0.753399790371},
		{34, 4, 1, 0.368181818182, 0.162668885827, 0.154877117897, 0.875260678144,
		 0.092829574937, 0.657040832398},
		{48, 2, 1, 0.184090909091, 0.153492745786, 0.0359178984892, 0.943525769475,
		 0.0117384801232, 0.525014842727},
	};
	static const struct row n[] = {
		{5, 12, 2, 0.833333333333, 0.107582870728, 0.647036987013, 1, 0.481714942195,
		 0.955509365728},
		{8, 10, 2, 0.666666666667, 0.136082763488, 0.44684608115, 0.994625360259,
		 0.337018932541, 0.859711799084},
		{12, 8, 1, 0.583333333333, 0.142318760638, 0.36161370521, 0.940998012174,
		 0.270138924085, 0.800940192333},
		{23, 6, 1, 0.486111111111, 0.148130062553, 0.267518248858, 0.88331922534,
		 0.191876619619, 0.729671569779},
		{27, 5, 1, 0.388888888889, 0.146986183948, 0.185396526096, 0.815735715691,
		 0.126272012195, 0.649817408289},
		{30, 4, 1, 0.291666666667, 0.138715169135, 0.114831150152, 0.740822018516,
		 0.0724016089078, 0.560886052671},
		{33, 3, 1, 0.194444444444, 0.12187450538, 0.0569215525716, 0.664223659883,
		 0.0311986429312, 0.461429476238},
		{43, 2, 1, 0.0972222222222, 0.0918663649675, 0.0152565271709, 0.619548629119,
		 0.00574630569586, 0.348903861111},
		/* the last is an event: S is 0, its error and its bands are not defined */
		{45, 1, 1, 0, NAN, NAN, NAN, NAN, NAN},
	};
	struct km k;

	curve(&k, maintained, ORD_COUNT(maintained));
	check_rows(&k, m, ORD_COUNT(m));
	near9(k.steps[0].plain.lo, 0.739204333134);
	near9(k.steps[0].plain.hi, 1);
	near9(k.steps[2].plain.lo, 0.442170778715);
	near9(k.steps[2].plain.hi, 0.989647403103);
	near9(k.steps[6].plain.lo, 0);
	near9(k.steps[6].plain.hi, 0.48493116272);
	near9(k.steps[6].hazard, 1.408766234);
	curve(&k, nonmaintained, ORD_COUNT(nonmaintained));
	check_rows(&k, n, ORD_COUNT(n));
	near9(k.steps[1].plain.lo, 0.399949351314);
	near9(k.steps[1].plain.hi, 0.93338398202);
	near9(k.steps[8].hazard, 2.941666667);
	near9(ord_km_at(k.steps, k.n_steps, 4.9), 1);
	near9(ord_km_at(k.steps, k.n_steps, 5), 0.833333333333);
	near9(ord_km_at(k.steps, k.n_steps, 1e9), 0);
}

static void quantile_is(const struct km *k, double p, enum ord_band_kind band, double value,
			double lo, double hi)
{
	struct ord_km_quantile q = ord_km_quantile(k->steps, k->n_steps, p, band);

	near9(q.value, value);
	near9(q.lo, lo);
	near9(q.hi, hi);
}

static void aml_quantiles(void **state)
{
	struct ord_surv both[ORD_COUNT(maintained) + ORD_COUNT(nonmaintained)];
	struct ord_rmst rmst;
	struct km k;

	curve(&k, maintained, ORD_COUNT(maintained));
	quantile_is(&k, 0.5, ORD_BAND_LOG, 31, 18, NAN);
	quantile_is(&k, 0.5, ORD_BAND_LOGLOG, 31, 13, NAN);
	near9(ord_km_quantile(k.steps, k.n_steps, 0.25, ORD_BAND_LOG).value, 18);
	near9(ord_km_quantile(k.steps, k.n_steps, 0.75, ORD_BAND_LOG).value, 48);
	rmst = ord_rmst(k.v, k.n, k.steps, k.n_steps, 48);
	near_to(rmst.value, 31.8432, 2e-6);
	near_to(rmst.se, 4.52788, 2e-6);
	assert_false(rmst.extended);
	curve(&k, nonmaintained, ORD_COUNT(nonmaintained));
	quantile_is(&k, 0.5, ORD_BAND_LOG, 23, 8, NAN);
	quantile_is(&k, 0.5, ORD_BAND_LOGLOG, 23, 5, 33);
	near9(ord_km_quantile(k.steps, k.n_steps, 0.25, ORD_BAND_LOG).value, 8);
	near9(ord_km_quantile(k.steps, k.n_steps, 0.75, ORD_BAND_LOG).value, 33);
	rmst = ord_rmst(k.v, k.n, k.steps, k.n_steps, 48);
	near_to(rmst.value, 22.7083, 2e-6);
	near_to(rmst.se, 4.18094, 2e-6);
	assert_false(rmst.extended); /* S is 0 from 45 on */

	for (size_t i = 0; i < ORD_COUNT(both); i++)
		both[i] = i < ORD_COUNT(maintained) ? maintained[i]
						    : nonmaintained[i - ORD_COUNT(maintained)];
	curve(&k, both, ORD_COUNT(both));
	near_to(ord_km_at(k.steps, k.n_steps, 5), 0.9130435, 5e-8);
	near_to(ord_km_at(k.steps, k.n_steps, 27), 0.4968944, 5e-8);
	quantile_is(&k, 0.5, ORD_BAND_LOG, 27, 18, 45);
	near9(ord_km_quantile(k.steps, k.n_steps, 0.25, ORD_BAND_LOG).value, 12);
	near9(ord_km_quantile(k.steps, k.n_steps, 0.75, ORD_BAND_LOG).value, 43);
}

static void timeouts_are_no_times(void **state)
{
	static const double s[] = {0.9, 0.7, 0.6, 0.5, 0.4, 0.3};
	struct ord_rmst rmst;
	double sum = 0, known = 0;
	size_t n_known = 0;
	struct km k;

	CURVE(&k, E(2.1), E(2.4), E(2.4), E(3.0), E(3.7), E(5.2), E(8.8), C(30), C(30), C(30));
	assert_int_equal(k.n_steps, ORD_COUNT(s));
	for (size_t i = 0; i < ORD_COUNT(s); i++)
		near9(k.steps[i].s, s[i]);
	/* the middle of the plateau at a half */
	quantile_is(&k, 0.5, ORD_BAND_LOG, 4.45, 2.4, NAN);
	is_nan(ord_km_quantile(k.steps, k.n_steps, 0.9, ORD_BAND_LOG).value);
	rmst = ord_rmst(k.v, k.n, k.steps, k.n_steps, 30);
	near9(rmst.value, 11.76);
	near_to(rmst.se, 3.82116, 2e-6);
	assert_false(rmst.extended); /* the last were watched until tau */
	for (size_t i = 0; i < k.n; i++) {
		sum += k.v[i].time;
		known += k.v[i].event ? k.v[i].time : 0;
		n_known += k.v[i].event;
	}
	near9(rmst.value, sum / (double)k.n); /* all censored at tau: mean of min(t, tau) */
	near_to(known / (double)n_known, 3.942857, 2e-7);
	assert_true(ord_rmst(k.v, k.n, k.steps, k.n_steps, 31).extended);

	CURVE(&k, E(2.1), E(2.4), C(30), C(30), C(30));
	near9(k.steps[0].s, 0.8);
	near_to(k.steps[0].se, 0.178885, 3e-6);
	near9(k.steps[1].s, 0.6);
	near_to(k.steps[1].se, 0.219089, 3e-6);
	is_nan(ord_km_quantile(k.steps, k.n_steps, 0.5, ORD_BAND_LOG).value);
}

static void few_and_extreme(void **state)
{
	struct ord_rmst rmst;
	struct km k;

	CURVE(&k, E(7)); /* one, an event */
	assert_int_equal(k.n_steps, 1);
	quantile_is(&k, 0.5, ORD_BAND_LOGLOG, 7, NAN, NAN);
	CURVE(&k, C(7)); /* one, censored */
	assert_int_equal(k.n_steps, 0);
	quantile_is(&k, 0.5, ORD_BAND_LOGLOG, NAN, NAN, NAN);
	CURVE(&k, C(30), C(30), C(12)); /* all censored: S stays 1 */
	assert_int_equal(k.n_steps, 0);
	near9(ord_km_at(k.steps, k.n_steps, 30), 1);
	quantile_is(&k, 0.5, ORD_BAND_LOG, NAN, NAN, NAN);
	rmst = ord_rmst(k.v, k.n, k.steps, k.n_steps, 30);
	near9(rmst.value, 30);
	near9(rmst.se, 0);
	CURVE(&k, E(5), E(5), E(5), E(5)); /* all equal */
	quantile_is(&k, 0.5, ORD_BAND_LOGLOG, 5, NAN, NAN);
	near9(ord_rmst(k.v, k.n, k.steps, k.n_steps, 10).value, 5);
	CURVE(&k, C(10), E(10), E(20)); /* at the same time the censored one was at risk */
	assert_int_equal(k.steps[0].n_at_risk, 3);
	near9(k.steps[0].s, 2.0 / 3);
	quantile_is(&k, 0.5, ORD_BAND_PLAIN, 20, 10, NAN);
	CURVE(&k, E(2), C(5), C(30)); /* the last was watched until tau, whoever was not */
	assert_false(ord_rmst(k.v, k.n, k.steps, k.n_steps, 30).extended);
	CURVE(&k, E(2), E(4)); /* an even plateau */
	near9(ord_km_quantile(k.steps, k.n_steps, 0.5, ORD_BAND_LOG).value, 3);
	CURVE(&k, E(21), E(24), C(300), C(300)); /* one that has no other end */
	near9(ord_km_quantile(k.steps, k.n_steps, 0.5, ORD_BAND_LOG).value, 24);
	assert_int_equal(ord_km(NULL, 0, 0.95, k.steps), 0);
	near9(ord_rmst(NULL, 0, k.steps, 0, 3).value, 3);
}

/* Barely above a half is no plateau at a half. */
static void nearly_a_plateau(void **state)
{
	enum { ALL = 100001 };
	ord_autofree struct ord_surv *v = calloc(ALL, sizeof *v);
	ord_autofree struct ord_km_step *steps = calloc(ALL, sizeof *steps);
	size_t n;

	assert_true(v && steps);
	for (size_t i = 0; i < ALL; i++)
		v[i] = (struct ord_surv){i < ALL / 2 ? 1 : i == ALL / 2 ? 2 : 3, true};
	n = ord_km(v, ALL, 0.95, steps);
	assert_int_equal(n, 3);
	near9(ord_km_quantile(steps, n, 0.5, ORD_BAND_LOG).value, 2);
}

static void events_come_first(void **state)
{
	static const struct ord_surv sorted[] = {E(2), C(2), E(5), E(5), C(5), C(5)};
	struct ord_surv v[] = {C(5), E(5), C(2), C(5), E(5), E(2)};

	ord_surv_sort(v, ORD_COUNT(v));
	for (size_t i = 0; i < ORD_COUNT(v); i++) {
		near9(v[i].time, sorted[i].time);
		assert_int_equal(v[i].event, sorted[i].event);
	}
}

static struct ord_permutation exact(const struct km *a, const struct km *b)
{
	struct ord_permutation p = {0};
	struct ord_err err;

	assert_int_equal(ord_logrank_exact(a->v, a->n, b->v, b->n, 1, &p, &err), 0);
	return p;
}

static void aml_logrank(void **state)
{
	struct ord_permutation p;
	struct ord_logrank r;
	struct km a, b;

	curve(&a, maintained, ORD_COUNT(maintained));
	curve(&b, nonmaintained, ORD_COUNT(nonmaintained));
	r = ord_logrank(a.v, a.n, b.v, b.n, 0);
	near9(r.observed[0], 7);
	near9(r.observed[1], 11);
	near9(r.expected[0], 10.6893359923007);
	near9(r.expected[1], 7.3106640076993);
	near9(r.variance, 4.0075507459387);
	near9(r.chi2, 3.3963886989776);
	near9(r.p, 0.0653393220405);
	r = ord_logrank(a.v, a.n, b.v, b.n, 1);
	near9(r.observed[0], 3.84541062801932);
	near9(r.observed[1], 7.18150448585231);
	near9(r.expected[0], 6.14285714285714);
	near9(r.expected[1], 4.88405797101449);
	near9(r.variance, 1.89914702841159);
	near9(r.chi2, 2.77927954475177);
	near9(r.p, 0.0954911154065);
	/* 23 over 11 is 1,352,078: drawn. Coin's exact p is 0.0646930132729; five standard errors
	   of 200,000 draws are 0.0028. */
	p = exact(&a, &b);
	assert_false(p.exact);
	assert_int_equal(p.relabellings, ORD_RELABELLINGS_MAX);
	near9(p.statistic, 7 - 10.6893359923007);
	assert_true(fabs(p.p - 0.0646930132729) < 0.0028);
}

static void small_logrank(void **state)
{
	struct ord_permutation p, q;
	struct ord_logrank r;
	struct km base, cand;

	CURVE(&base, E(2.1), E(2.4), E(2.6), E(3.0), E(3.7));
	CURVE(&cand, E(3.9), C(30), E(3.1), E(5.2), C(30));
	r = ord_logrank(cand.v, cand.n, base.v, base.n, 0);
	near9(r.u, -3.0281746031746);
	near9(r.chi2, 7.42942986122);
	near9(r.p, 0.00641656683106);
	p = exact(&cand, &base);
	assert_true(p.exact);
	assert_int_equal(p.relabellings, 252);
	assert_int_equal(p.as_extreme, 4);
	near9(p.statistic, -3.0281746031746);
	near9(p.p, 0.015873015873);
	q = exact(&base, &cand); /* who is called first does not matter */
	near9(q.p, p.p);
	near9(q.p_greater, p.p_less);
	near9(q.p_less, p.p_greater);
	near9(q.statistic, -p.statistic);
	near_to(ord_logrank_events(0.5, 0.05, 0.8), 65.3, 1e-3);
	near_to(ord_logrank_events(2.0 / 3, 0.05, 0.8), 191, 2e-3);
}

static void nothing_to_compare(void **state)
{
	struct ord_permutation p;
	struct ord_logrank r;
	struct km a, b;

	CURVE(&a, C(30), C(30));
	CURVE(&b, C(30), C(30), C(30));
	r = ord_logrank(a.v, a.n, b.v, b.n, 0);
	near9(r.variance, 0);
	is_nan(r.p);
	near9(exact(&a, &b).p, 1);
	CURVE(&a, E(5), E(5)); /* all equal: no variance, no difference */
	CURVE(&b, E(5), E(5));
	r = ord_logrank(a.v, a.n, b.v, b.n, 0);
	near9(r.variance, 0);
	is_nan(r.chi2);
	near9(exact(&a, &b).p, 1);
	/* The last alone at risk: n (n - 1) would be 0. V = 1/4 from the first event alone. */
	CURVE(&a, E(1));
	CURVE(&b, E(2));
	r = ord_logrank(a.v, a.n, b.v, b.n, 0);
	near9(r.variance, 0.25);
	near9(r.chi2, 1);
	p = exact(&a, &b);
	assert_int_equal(p.relabellings, 2);
	near9(p.p, 1);
	r = ord_logrank(a.v, a.n, NULL, 0, 0); /* an empty group */
	near9(r.variance, 0);
}

/* What must hold of any times. */
static void properties(void **state)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261127;
	struct ord_rng rng;

	print_message("seed %llu (ORDEAL_TEST_SEED)\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (int turn = 0; turn < 200; turn++) {
		size_t n = 1 + ord_rng_below(&rng, MOST - 1), n_b = ord_rng_below(&rng, 12);
		double tau = 1 + (double)ord_rng_below(&rng, 20), sum = 0;
		struct ord_surv v[MOST], w[MOST];
		struct ord_logrank r, s;
		struct km a, b;

		for (size_t i = 0; i < n; i++) {
			double t = (double)ord_rng_below(&rng, 24);

			v[i] = (struct ord_surv){fmin(t, tau), t < tau};
			sum += v[i].time;
		}
		curve(&a, v, n);
		/* All censored at tau: the restricted mean is that of min(t, tau). */
		near9(ord_rmst(a.v, a.n, a.steps, a.n_steps, tau).value, sum / (double)n);
		for (size_t i = 0; i < a.n_steps; i++) {
			const struct ord_km_step *k = &a.steps[i];

			assert_true(k->s < (i ? k[-1].s : 1) && k->s >= 0);
			if (!(k->s > 0))
				continue;
			assert_true(k->loglog.lo > 0 && k->loglog.hi < 1);
			assert_true(k->loglog.lo < k->s && k->s < k->loglog.hi);
			assert_true(k->log.lo < k->s && k->s < k->log.hi && k->log.hi <= 1);
		}
		/* Who is the first group only turns the sign, and the time's unit does not matter.
		 */
		for (size_t i = 0; i < n_b; i++)
			w[i] = (struct ord_surv){(double)ord_rng_below(&rng, 24),
						 ord_rng_below(&rng, 3) > 0};
		curve(&b, w, n_b);
		r = ord_logrank(a.v, a.n, b.v, b.n, 0);
		s = ord_logrank(b.v, b.n, a.v, a.n, 0);
		assert_true(fabs(r.u + s.u) < 1e-9);
		near9(r.variance, s.variance);
		near9(r.p, s.p);
		near9(r.expected[0] + r.expected[1], r.observed[0] + r.observed[1]);
		for (size_t i = 0; i < n; i++)
			a.v[i].time *= 1e9;
		for (size_t i = 0; i < n_b; i++)
			b.v[i].time *= 1e9;
		s = ord_logrank(a.v, a.n, b.v, b.n, 0);
		near9(r.p, s.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aml_curves),
		cmocka_unit_test(aml_quantiles),
		cmocka_unit_test(timeouts_are_no_times),
		cmocka_unit_test(few_and_extreme),
		cmocka_unit_test(nearly_a_plateau),
		cmocka_unit_test(events_come_first),
		cmocka_unit_test(aml_logrank),
		cmocka_unit_test(small_logrank),
		cmocka_unit_test(nothing_to_compare),
		cmocka_unit_test(properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
