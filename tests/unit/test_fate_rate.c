/* Rate: a link, on which each packet takes its time, and a token bucket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "injector/host/engines/fate.h"
#include "tests/unit/fate_judge.h"

#define PACKETS 200000

static void init(struct fate *f, const struct fate_params *p)
{
	struct ord_err err;

	if (fate_init(f, p, 0, &err) < 0)
		fail_msg("%s", err.msg);
}

static uint64_t due(struct fate *f, uint64_t now_ns, uint32_t len)
{
	struct fate_of of;

	fate_next(f, now_ns, len, false, &of);
	return of.due_ns;
}

/* Bytes per second that come through of a source that always has more. */
static double through(const struct fate_params *p, uint32_t len)
{
	uint64_t first = 0, last = 0;
	struct fate f;

	init(&f, p);
	for (size_t k = 0; k < PACKETS; k++) {
		const uint64_t at = due(&f, ORD_S, len);

		assert_true(at >= last);
		last = at;
		if (k == PACKETS / 2)
			first = at;
	}
	return (double)(PACKETS / 2 - 1) * len / ((double)(last - first) / 1e9);
}

static bool within(double got, double asked)
{
	return fabs(got / asked - 1) < .02;
}

static void test_rate(void **state)
{
	static const uint64_t rates[] = {1000, 125000, 12500000, 1250000000, 12500000000};
	static const uint32_t sizes[] = {64, 65, 128, 512, 1024, 1514, 9014};
	static const uint64_t bursts[] = {0, 3000, 1000000};

	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 7; j++)
			for (size_t k = 0; k < 3; k++) {
				const struct fate_params p = {.rate = rates[i], .burst = bursts[k]};
				const double got = through(&p, sizes[j]), asked = (double)rates[i];

				/* Far within the promise: less than a nanosecond is kept, too. */
				assert_true(within(got, asked));
				assert_true(fabs(got / asked - 1) < 2e-4);
				assert_false(within(got, asked * 1.03));
				assert_false(within(got, asked / 1.03));
			}
}

/* tc-netem(8): overhead for each packet, then whole cells with theirs. */
static void test_overhead_and_cells(void **state)
{
	static const struct {
		int32_t packet;
		uint32_t size;
		int32_t cell;
		uint32_t len;
		uint64_t counts;
	} of[] = {
		{0, 0, 0, 1000, 1000}, {24, 0, 0, 1000, 1024},	{-14, 0, 0, 1514, 1500},
		{-100, 0, 0, 60, 0},   {0, 48, 5, 1000, 1113},	{0, 48, 5, 48, 53},
		{0, 48, 5, 49, 106},   {20, 48, 5, 1500, 1696}, {0, 100, -1, 1000, 990},
	};

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		const struct fate_params p = {.rate = 1000000,
					      .packet_overhead = of[i].packet,
					      .cell_size = of[i].size,
					      .cell_overhead = of[i].cell};
		struct fate f;

		init(&f, &p);
		assert_int_equal(due(&f, ORD_S, of[i].len) - ORD_S, of[i].counts * 1000);
	}
}

/* 1 byte a microsecond: a link that was idle owes nothing and has saved nothing. */
static void test_link(void **state)
{
	const struct fate_params p = {.rate = 1000000, .delay_ns = ORD_MS};
	struct fate f;

	init(&f, &p);
	assert_int_equal(due(&f, ORD_S, 100), ORD_S + ORD_MS + 100 * ORD_US);
	assert_int_equal(due(&f, ORD_S, 50), ORD_S + ORD_MS + 150 * ORD_US);
	assert_int_equal(due(&f, ORD_S + 120 * ORD_US, 50), ORD_S + ORD_MS + 200 * ORD_US);
	assert_int_equal(due(&f, ORD_S + ORD_MS, 10), ORD_S + 2 * ORD_MS + 10 * ORD_US);
}

static void test_bucket(void **state)
{
	const struct fate_params p = {.rate = 1000000, .burst = 1000};
	struct fate f;

	init(&f, &p);
	/* Full: 1000 bytes at once, then as they flow in. */
	assert_int_equal(due(&f, ORD_S, 600), ORD_S);
	assert_int_equal(due(&f, ORD_S, 400), ORD_S);
	assert_int_equal(due(&f, ORD_S, 100), ORD_S + 100 * ORD_US);
	assert_int_equal(due(&f, ORD_S + 50 * ORD_US, 50), ORD_S + 150 * ORD_US);
	/* 500 us later 500 bytes are in it. */
	assert_int_equal(due(&f, ORD_S + 650 * ORD_US, 500), ORD_S + 650 * ORD_US);
	assert_int_equal(due(&f, ORD_S + 650 * ORD_US, 1), ORD_S + 651 * ORD_US);
	/* Long after: no more than it holds. */
	assert_int_equal(due(&f, 2 * ORD_S, 1000), 2 * ORD_S);
	assert_int_equal(due(&f, 2 * ORD_S, 1), 2 * ORD_S + ORD_US);
	/* Larger than the bucket: when it is full, and then others wait for it. */
	assert_int_equal(due(&f, 2 * ORD_S, 3000), 2 * ORD_S + 1001 * ORD_US);
	assert_int_equal(due(&f, 2 * ORD_S, 1), 2 * ORD_S + 3002 * ORD_US);
}

/* In no span do more bytes leave than the burst and what flows in meanwhile. */
static void test_bucket_is_a_bound(void **state)
{
	const struct fate_params p = {.rate = 10000000, .burst = 20000};
	static uint64_t at[5000];
	static uint32_t len[5000];
	uint64_t now = ORD_S;
	struct fate f;

	init(&f, &p);
	for (size_t k = 0; k < 5000; k++) {
		now += k % 700 == 0 ? 5 * ORD_MS : k % 3 * 40 * ORD_US;
		len[k] = 64 + (uint32_t)(k * 7919 % 1450);
		at[k] = due(&f, now, len[k]);
		assert_true(at[k] >= now);
	}
	for (size_t i = 0; i < 5000; i += 3) {
		uint64_t sum = 0;

		for (size_t j = i; j < 5000; j++) {
			sum += len[j];
			assert_true(sum <= 20000 + (at[j] - at[i]) / 100 + 1);
		}
	}
}

/* Copies take their time, lost packets none; who overtakes takes it, too. */
static void test_with_other_effects(void **state)
{
	const struct fate_params copies = {.rate = 1000000, .duplicate = {1000000, 0}},
				 losses = {.seed = 1,
					   .rate = 1000000,
					   .loss = FATE_LOSS_RANDOM,
					   .random_loss = {500000, 0}},
				 overtakes = {.rate = 1000000,
					      .delay_ns = ORD_S,
					      .reorder = {1000000, 0}};
	uint64_t passed = 0;
	struct fate f;
	struct fate_of of;

	init(&f, &copies);
	fate_next(&f, ORD_S, 100, false, &of);
	assert_int_equal(of.due_ns, ORD_S + 100 * ORD_US);
	assert_int_equal(of.copy_due_ns, ORD_S + 200 * ORD_US);
	init(&f, &losses);
	for (size_t k = 0; k < 1000; k++) {
		fate_next(&f, ORD_S, 100, false, &of);
		passed += !of.lost;
		if (!of.lost)
			assert_int_equal(of.due_ns, ORD_S + passed * 100 * ORD_US);
	}
	assert_in_range(passed, 400, 600);
	init(&f, &overtakes);
	assert_int_equal(due(&f, ORD_S, 100), ORD_S + 100 * ORD_US);
	assert_int_equal(due(&f, ORD_S, 100), ORD_S + 200 * ORD_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_overhead_and_cells),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_bucket_is_a_bound),
		cmocka_unit_test(test_with_other_effects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
