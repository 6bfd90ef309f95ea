/* What engine netem hands to the kernel: the table of a distribution, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fate_judge.h"
#include "injector/host/engines/netem_qdisc.h"

#define N 1000000

static double law[N], drawn[N];

static double cdf(double x)
{
	size_t low = 0, high = N;

	while (low < high) {
		const size_t mid = (low + high) / 2;

		if (law[mid] <= x)
			low = mid + 1;
		else
			high = mid;
	}
	return (double)low / N;
}

/* As sch_netem computes it: whole parts of the deviation first, and the rest rounded. */
static int64_t of_kernel(const struct netem_ask *a, int64_t delay, uint32_t number)
{
	const int64_t entry = a->table[number % a->table_n], s = a->deviation_ns;
	int64_t part = s % FATE_SCALE * entry;

	part += part >= 0 ? FATE_SCALE / 2 : -FATE_SCALE / 2;
	return part / FATE_SCALE + s / FATE_SCALE * entry + delay;
}

static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 32);
}

/* The chance of the kernel's draws, if they are of the law that fate draws by. */
static double judged(enum fate_distribution d, int64_t jitter, double wider)
{
	static struct netem_ask a;
	const struct fate_params p = {.seed = 7,
				      .delay_ns = 4 * (uint64_t)jitter,
				      .jitter_ns = (uint64_t)jitter,
				      .distribution = d};
	uint64_t state = 1;
	struct ord_err err;
	struct fate f;

	assert_int_equal(fate_init(&f, &p, 0, &err), 0);
	assert_int_equal(netem_table(&f, &a, &err), 0);
	for (size_t k = 0; k < N; k++) {
		struct fate_of of;

		fate_next(&f, 0, 100, false, &of);
		law[k] = (double)of.due_ns;
		drawn[k] = (double)of_kernel(&a, (int64_t)p.delay_ns, next(&state));
		drawn[k] = (drawn[k] - (double)p.delay_ns) * wider + (double)p.delay_ns;
		drawn[k] = drawn[k] > 0 ? drawn[k] : 0;
	}
	qsort(law, N, sizeof *law, judge_ascending);
	/* Both are samples: a tenth as many drawn ones, and the law's own error does not count. */
	return judge_ks(drawn, N / 10, cdf);
}

static void test_each_distribution_is_handed_over_as_it_is(void **state)
{
	(void)state;
	for (int d = FATE_UNIFORM; d <= FATE_PARETONORMAL; d++) {
		const double chance = judged((enum fate_distribution)d, 60000000, 1);

		printf("distribution %d: %.4f\n", d, chance);
		assert_true(chance > JUDGE_ALPHA);
		assert_true(judged((enum fate_distribution)d, 60000000, 1.03) < JUDGE_ALPHA);
	}
}

static void test_small_and_large_jitters(void **state)
{
	(void)state;
	assert_true(judged(FATE_NORMAL, 1000, 1) > JUDGE_ALPHA);
	assert_true(judged(FATE_UNIFORM, 2000000000, 1) > JUDGE_ALPHA);
	assert_true(judged(FATE_PARETO, 200000000, 1) > JUDGE_ALPHA);
}

static void test_what_wraps_is_refused(void **state)
{
	static struct netem_ask a;
	const struct fate_params p = {
		.delay_ns = 10000000000, .jitter_ns = 300000000, .distribution = FATE_PARETO};
	struct ord_err err;
	struct fate f;

	(void)state;
	assert_int_equal(fate_init(&f, &p, 0, &err), 0);
	assert_int_equal(netem_table(&f, &a, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "its draw wraps there"));
}

static void test_a_table_of_a_file_goes_as_it_is(void **state)
{
	static const int16_t table[] = {-8192, 0, 8192};
	static struct netem_ask a;
	const struct fate_params p = {.delay_ns = 3000,
				      .jitter_ns = 1000,
				      .distribution = FATE_TABLE,
				      .table = table,
				      .table_n = 3};
	struct ord_err err;
	struct fate f;

	(void)state;
	assert_int_equal(fate_init(&f, &p, 0, &err), 0);
	assert_int_equal(netem_table(&f, &a, &err), 0);
	assert_int_equal(a.table_n, 3);
	assert_memory_equal(a.table, table, sizeof table);
	assert_int_equal(of_kernel(&a, 3000, 0), 2000);
	assert_int_equal(of_kernel(&a, 3000, 2), 4000);
}

/* Each is taken but for what is changed. */
static void test_what_it_takes_and_what_not(void **state)
{
	static const struct {
		struct fate_params p;
		const char *why; /* NULL: it is taken */
	} all[] = {
		{{.delay_ns = 1000}, NULL},
		{{.delay_ns = 1000, .jitter_ns = 500}, NULL},
		{{.delay_ns = 1000, .jitter_ns = 500, .delay_correlation_ppm = 1}, "correlation"},
		{{.loss = FATE_LOSS_MARKOV, .p13 = 1}, NULL},
		{{.loss = FATE_LOSS_GILBERT, .p = 1}, NULL},
		{{.loss = FATE_LOSS_RANDOM, .random_loss = {1, 0}}, NULL},
		{{.loss = FATE_LOSS_RANDOM, .random_loss = {1, 1}}, "correlation"},
		{{.duplicate = {1, 0}}, NULL},
		{{.duplicate = {1, 0}, .delay_ns = 1000}, NULL},
		{{.duplicate = {1, 0}, .delay_ns = 1000, .jitter_ns = 1}, "duplicates beside"},
		{{.duplicate = {1, 0}, .loss = FATE_LOSS_MARKOV}, "duplicates beside"},
		{{.corrupt = {1, 0}}, "corruption"},
		{{.reorder = {1, 0}, .delay_ns = 1000, .reorder_gap = 5}, NULL},
		{{.reorder = {1, 0}, .delay_ns = 1000, .reorder_gap = 5, .loss = FATE_LOSS_MARKOV},
		 "a gap beside losses"},
		{{.rate = 1000, .delay_ns = 1000}, NULL},
		{{.rate = 1000, .delay_ns = 1000, .jitter_ns = 1}, "a rate beside"},
		{{.rate = 1000, .delay_ns = 1000, .reorder = {1, 0}}, "a rate beside"},
		{{.rate = 1250000001}, "a rate above 10 Gbit/s"},
		{{.rate = 1000, .packet_overhead = -34}, NULL},
		{{.rate = 1000, .packet_overhead = -35}, "such an overhead"},
		{{.rate = 1000000, .burst = 1000}, NULL},
		{{.rate = 1000000, .burst = 999}, "a burst below 1 ms"},
		{{.rate = 1000, .burst = 2000, .cell_size = 48}, "overhead or cells"},
		{{.slot_min_ns = 1000, .slot_max_ns = 2000}, NULL},
		{{.slot_min_ns = 1000, .slot_max_ns = 2000, .delay_ns = 1}, "slots beside"},
		{{.slot_min_ns = 1000, .slot_max_ns = 2000, .slot_packets = 1}, "slots beside"},
		{{.slot_min_ns = 1, .slot_max_ns = 2147483649}, "slots that differ"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct ord_err err = {0};
		const int rc = netem_can(&all[i].p, &err);

		if (all[i].why ? rc == 0 || !strstr(err.msg, all[i].why) : rc < 0)
			fail_msg("row %zu: '%s', not '%s'", i, rc ? err.msg : "taken",
				 all[i].why ? all[i].why : "taken");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_distribution_is_handed_over_as_it_is),
		cmocka_unit_test(test_small_and_large_jitters),
		cmocka_unit_test(test_what_wraps_is_refused),
		cmocka_unit_test(test_a_table_of_a_file_goes_as_it_is),
		cmocka_unit_test(test_what_it_takes_and_what_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
