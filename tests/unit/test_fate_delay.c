/* Jitter: each distribution by Kolmogorov and Smirnov, its correlation, and that the correlation
 * leaves the distribution alone. Slots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "injector/host/engines/fate.h"
#include "tests/unit/fate_judge.h"
#include "tests/unit/fate_law.h"
#include "tests/unit/stats_near.h"

#define PACKETS 1000000
#define DELAY	(50 * ORD_MS)
#define JITTER	(10 * ORD_MS)

static double v[PACKETS];

static void init(struct fate *f, const struct fate_params *p)
{
	struct ord_err err;

	if (fate_init(f, p, 0, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Every stride-th delay of so many, less DELAY, in units of JITTER: as the packets see them. */
static struct fate draw(const struct fate_params *p, size_t n, size_t stride)
{
	struct fate f;

	init(&f, p);
	for (size_t k = 0; k < n * stride; k++) {
		const uint64_t now = ORD_S + k * ORD_US;
		struct fate_of of;

		fate_next(&f, now, 100, false, &of);
		if (k % stride == 0)
			v[k / stride] =
				((double)(of.due_ns - now) - (double)DELAY) / (double)JITTER;
	}
	return f;
}

static double wider(double x)
{
	return law_uniform(x / 1.01);
}

static double normal_wider(double x)
{
	return ord_norm_cdf(x / 1.01);
}

/* As tc's table has it: a third wider, and cut off at four deviations. */
static double pareto_of_tc(double x)
{
	return x >= 4 ? 1 : law_pareto(x * .75 / sqrt(.75));
}

static const struct {
	const char *name;
	enum fate_distribution distribution;
	double (*law)(double), (*wrong)(double);
	size_t n;
	double rho[3]; /* of the normal variables, for a correlation of 25, 50, 90 % of the delays:
			  by a quadrature in two dimensions, outside of this program */
} laws[] = {
	{"uniform", FATE_UNIFORM, law_uniform, wider, PACKETS, {0.261052, 0.517638, 0.907981}},
	{"normal", FATE_NORMAL, ord_norm_cdf, normal_wider, PACKETS, {0.25, 0.5, 0.9}},
	{"pareto", FATE_PARETO, law_pareto, pareto_of_tc, PACKETS, {0.411687, 0.673198, 0.947983}},
	{"paretonormal",
	 FATE_PARETONORMAL,
	 law_paretonormal,
	 law_pareto,
	 100000,
	 {0.342460, 0.614651, 0.936599}},
};
#define LAWS (sizeof laws / sizeof *laws)

static struct fate_params of_law(size_t i, uint32_t correlation_ppm)
{
	return (struct fate_params){.seed = 100 + i,
				    .delay_ns = DELAY,
				    .jitter_ns = JITTER,
				    .delay_correlation_ppm = correlation_ppm,
				    .distribution = laws[i].distribution};
}

static void test_distributions(void **state)
{
	for (size_t i = 0; i < LAWS; i++) {
		const struct fate_params p = of_law(i, 0);
		double odd;

		(void)draw(&p, laws[i].n, 1);
		odd = judge_ks(v, laws[i].n, laws[i].law);
		print_message("%s: p = %.3f\n", laws[i].name, odd);
		assert_true(odd > JUDGE_ALPHA);
		assert_true(judge_ks(v, laws[i].n, laws[i].wrong) < JUDGE_ALPHA);
	}
}

/* Delays that are far enough apart to say nothing of each other have the same law. */
static void test_correlation_keeps_the_law(void **state)
{
	for (size_t i = 0; i < LAWS; i++) {
		const struct fate_params p = of_law(i, 500000);
		double odd;

		(void)draw(&p, 50000, 20);
		odd = judge_ks(v, 50000, laws[i].law);
		print_message("%s: p = %.3f\n", laws[i].name, odd);
		assert_true(odd > JUDGE_ALPHA);
	}
}

/* What netem makes of a correlation of 50 %: the mean of the last number and a new one. */
static void test_netems_correlation_does_not(void **state)
{
	const struct fate_params p = of_law(0, 0);
	double last = 0;

	(void)draw(&p, PACKETS, 1);
	for (size_t k = 0; k < PACKETS; k++)
		v[k] = last = (v[k] + last) / 2;
	for (size_t k = 0; k < 50000; k++)
		v[k] = v[k * 20];
	assert_true(judge_ks(v, 50000, law_uniform) < JUDGE_ALPHA);
}

static double lag_1(size_t n)
{
	double mean = 0, variance = 0, with = 0;

	for (size_t k = 0; k < n; k++)
		mean += v[k] / (double)n;
	for (size_t k = 0; k < n; k++)
		variance += (v[k] - mean) * (v[k] - mean);
	for (size_t k = 1; k < n; k++)
		with += (v[k] - mean) * (v[k - 1] - mean);
	return with / variance;
}

static void test_correlation(void **state)
{
	static const uint32_t asked[] = {250000, 500000, 900000};

	for (size_t i = 0; i < LAWS; i++) {
		for (size_t j = 0; j < 3; j++) {
			const struct fate_params p = of_law(i, asked[j]);
			const struct fate f = draw(&p, PACKETS, 1);
			const double c = asked[j] / 1e6, got = lag_1(PACKETS);
			size_t same = 0;

			print_message("%s, correlation %g: %.4f\n", laws[i].name, c, got);
			near_to(f.rho, laws[i].rho[j], 1e-5);
			/* Bartlett's deviation of an autoregression; heavy tails have none. */
			assert_true(fabs(got - c) <
				    (i < 2 ? 4 * sqrt((1 - c * c) / PACKETS) : .05));
			/* Neighbours on the same side of the median: 1/2 + asin(rho) / pi, of
			 * pairs that are far apart. */
			for (size_t k = 0; k + 200 <= PACKETS; k += 200)
				same += (laws[i].law(v[k]) > .5) == (laws[i].law(v[k + 1]) > .5);
			assert_true(judge_share(same, PACKETS / 200,
						.5 + asin(laws[i].rho[j]) / acos(-1)));
			assert_false(judge_share(same, PACKETS / 200, .5));
		}
	}
}

static const int16_t odd_table[] = {-32768, -8192, -8192, 0, 1, 100, 4096, 8192, 16384, 32767};
#define ENTRIES (sizeof odd_table / sizeof *odd_table)

/* Of what was drawn each entry comes equally often, as its part of the jitter. */
static void judge_table(void)
{
	double chance[] = {.1, .2, .1, .1, .1, .1, .1, .1, .1};
	uint64_t seen[9] = {0};

	for (size_t k = 0; k < PACKETS; k++) {
		size_t i = 0, cell;

		while (i < ENTRIES && fabs(v[k] - odd_table[i] / 8192.0) > 1e-6)
			i++;
		assert_true(i < ENTRIES);
		cell = i > 1 ? i - 1 : i;
		seen[cell]++;
	}
	assert_true(judge_chi2(seen, chance, 9) > JUDGE_ALPHA);
	chance[1] = chance[0] = .15;
	assert_true(judge_chi2(seen, chance, 9) < JUDGE_ALPHA);
}

static void test_table(void **state)
{
	const struct fate_params p = {.seed = 200,
				      .delay_ns = DELAY,
				      .jitter_ns = JITTER,
				      .distribution = FATE_TABLE,
				      .table = odd_table,
				      .table_n = ENTRIES};

	(void)draw(&p, PACKETS, 1);
	judge_table();
}

static void test_table_with_correlation(void **state)
{
	int16_t table[4096];
	struct fate_params p = {.seed = 201,
				.delay_ns = DELAY,
				.jitter_ns = JITTER,
				.delay_correlation_ppm = 600000,
				.distribution = FATE_TABLE,
				.table = table,
				.table_n = 4096};

	/* Two bumps: nothing that a formula has. */
	for (int i = 0; i < 4096; i++)
		table[i] = (int16_t)(i < 3000 ? i - 8192 : 3 * i - 4096);
	(void)draw(&p, PACKETS, 1);
	assert_true(fabs(lag_1(PACKETS) - .6) < .005);
}

/* What comes out below nothing leaves at once, never before it came. */
static void test_never_before_it_came(void **state)
{
	const struct fate_params p = {
		.seed = 202, .delay_ns = JITTER, .jitter_ns = JITTER, .distribution = FATE_NORMAL};
	struct fate f;
	size_t at_once = 0;

	init(&f, &p);
	for (size_t k = 0; k < PACKETS; k++) {
		struct fate_of of;

		fate_next(&f, ORD_S, 100, false, &of);
		assert_true(of.due_ns >= ORD_S);
		at_once += of.due_ns == ORD_S;
	}
	assert_true(judge_share(at_once, PACKETS, ord_norm_cdf(-1)));
}

/* Who overtakes is not delayed, and is early by the whole delay. */
static void test_reordered_leaves_at_once(void **state)
{
	const struct fate_params p = {
		.seed = 203, .delay_ns = DELAY, .jitter_ns = JITTER, .reorder = {250000, 0}};
	struct fate f;

	init(&f, &p);
	for (size_t k = 0; k < 10000; k++) {
		struct fate_of of;

		fate_next(&f, ORD_S, 100, false, &of);
		if (of.reordered)
			assert_int_equal(of.due_ns, ORD_S);
		else
			assert_true(of.due_ns >= ORD_S + DELAY - JITTER);
	}
}

/* ---- slots ---- */

/* A packet each 10 us into slots of 1 to 3 ms. */
static void slots(uint32_t packets, uint32_t bytes)
{
	const struct fate_params p = {.seed = 300,
				      .slot_min_ns = ORD_MS,
				      .slot_max_ns = 3 * ORD_MS,
				      .slot_packets = packets,
				      .slot_bytes = bytes};
	uint64_t slot = 0, n = 0, in = 0;
	struct fate f;

	init(&f, &p);
	for (size_t k = 0; k < 100000; k++) {
		const uint64_t now = ORD_S + k * 10 * ORD_US;
		struct fate_of of;

		fate_next(&f, now, 1000, false, &of);
		assert_true(of.due_ns >= now);
		assert_true(of.due_ns >= slot);
		if (of.due_ns != slot) {
			const uint64_t from = slot > now ? slot : now;

			assert_in_range(of.due_ns - from, ORD_MS, 3 * ORD_MS);
			v[n++] = (double)(of.due_ns - from) / (double)ORD_MS - 2;
			slot = of.due_ns;
			in = 0;
		}
		in++;
		assert_true(!packets || in <= packets);
		assert_true(!bytes || (in - 1) * 1000 < bytes);
	}
	print_message("%u packets, %u bytes a slot: %zu slots\n", packets, bytes, (size_t)n);
	assert_true(n > 300);
	assert_true(judge_ks(v, n, law_uniform) > JUDGE_ALPHA);
}

static void test_slots(void **state)
{
	slots(0, 0);
	slots(20, 0);
	slots(0, 30000);
	slots(50, 30000);
}

/* A slot for each of so many packets that came at once: the times between slots, less DELAY, in
 * units of JITTER. */
static void draw_slots(const struct fate_params *asked, size_t n)
{
	struct fate_params p = *asked;
	uint64_t last = ORD_S;
	struct fate f;

	p.slot_delay_ns = DELAY;
	p.slot_jitter_ns = JITTER;
	p.slot_packets = 1;
	init(&f, &p);
	for (size_t k = 0; k < n; k++) {
		struct fate_of of;

		fate_next(&f, ORD_S, 100, false, &of);
		assert_true(of.due_ns >= last);
		v[k] = ((double)(of.due_ns - last) - (double)DELAY) / (double)JITTER;
		last = of.due_ns;
	}
}

static void test_slot_distributions(void **state)
{
	for (size_t i = 0; i < LAWS; i++) {
		const struct fate_params p = {.seed = 400 + i,
					      .slot_distribution = laws[i].distribution};
		double odd;

		draw_slots(&p, laws[i].n);
		/* One time says nothing of the next. */
		assert_true(fabs(lag_1(laws[i].n)) < 4 / sqrt((double)laws[i].n));
		odd = judge_ks(v, laws[i].n, laws[i].law);
		print_message("%s: p = %.3f\n", laws[i].name, odd);
		assert_true(odd > JUDGE_ALPHA);
		assert_true(judge_ks(v, laws[i].n, laws[i].wrong) < JUDGE_ALPHA);
	}
}

static void test_slot_table(void **state)
{
	const struct fate_params p = {.seed = 410,
				      .slot_distribution = FATE_TABLE,
				      .slot_table = odd_table,
				      .slot_table_n = ENTRIES};

	draw_slots(&p, PACKETS);
	judge_table();
}

/* The delays' own distribution and table are others, and neither moves the other's draws. */
static void test_slots_beside_jitter(void **state)
{
	struct fate_params p = {.seed = 420,
				.delay_ns = DELAY,
				.jitter_ns = JITTER,
				.distribution = FATE_PARETONORMAL};
	struct fate_of with, without;
	struct fate f, g;

	init(&g, &p);
	p.slot_delay_ns = p.slot_jitter_ns = ORD_MS;
	p.slot_distribution = FATE_TABLE;
	p.slot_table = odd_table;
	p.slot_table_n = ENTRIES;
	init(&f, &p);
	for (size_t k = 0; k < 10000; k++) {
		const uint64_t now = (k + 1) * ORD_S; /* longer than jitter and slot */

		fate_next(&f, now, 100, false, &with);
		fate_next(&g, now, 100, false, &without);
		assert_int_equal(with.jitter_ns, without.jitter_ns);
		/* The table's entries: nothing below nothing, 5 jitters at most. */
		assert_in_range(with.due_ns - without.due_ns, 0, 5 * ORD_MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distributions),
		cmocka_unit_test(test_correlation_keeps_the_law),
		cmocka_unit_test(test_netems_correlation_does_not),
		cmocka_unit_test(test_correlation),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_with_correlation),
		cmocka_unit_test(test_never_before_it_came),
		cmocka_unit_test(test_reordered_leaves_at_once),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_slot_distributions),
		cmocka_unit_test(test_slot_table),
		cmocka_unit_test(test_slots_beside_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
