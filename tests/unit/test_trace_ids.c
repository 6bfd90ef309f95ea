/* Ids of traces: the same for the same run, and no other run's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/probe/probe.h"

#define SLOTS 20000

static const struct ord_probe_spec orders = {.name = "orders"}, stock = {.name = "stock"};

static void ids(const struct prb_host *host, const struct ord_probe_spec *spec, uint64_t slot,
		uint64_t ret[static 2])
{
	const struct prb_probe p = {.spec = spec, .host = host};

	assert_true(prb_trace_ids(&p, slot, ret));
}

static void of_one_run(void **state)
{
	struct prb_host host = {0}, again = {0}, replay = {0}, other = {0};
	uint64_t a[2], b[2];

	prb_trace_from(host.trace, 7, "20261121T100000Z-orders-aaaaaa");
	prb_trace_from(again.trace, 7, "20261121T100000Z-orders-aaaaaa");
	prb_trace_from(replay.trace, 7, "20261121T110000Z-orders-bbbbbb");
	prb_trace_from(other.trace, 8, "20261121T100000Z-orders-aaaaaa");
	ids(&host, &orders, 5, a);
	ids(&again, &orders, 5, b);
	assert_memory_equal(a, b, sizeof a);
	/* Of a replay, another seed, another probe, another slot: nothing in common. */
	for (int k = 0; k < 4; k++) {
		ids(k == 0   ? &replay
		    : k == 1 ? &other
			     : &host,
		    k == 2 ? &stock : &orders, k == 3 ? 6 : 5, b);
		for (size_t i = 0; i < 2; i++)
			assert_true(a[i] != b[i]);
	}
}

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(uint64_t));
}

static void each_once(void **state)
{
	static uint64_t all[2 * SLOTS][2];
	struct prb_host host = {0};
	uint64_t id[2];

	prb_trace_from(host.trace, 7, "20261121T100000Z-orders-aaaaaa");
	for (size_t i = 0; i < 2 * SLOTS; i++) {
		ids(&host, i % 2 ? &orders : &stock, i / 2, id);
		memcpy(all[i], id, sizeof all[i]);
	}
	qsort(all, 2 * SLOTS, sizeof *all, by_value);
	for (size_t i = 1; i < 2 * SLOTS; i++)
		assert_memory_not_equal(all[i - 1], all[i], sizeof *all);
}

static void of_no_run(void **state)
{
	const struct prb_host host = {0};
	uint64_t a[2], b[2];

	ids(&host, &orders, 5, a);
	ids(&host, &orders, 5, b);
	assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_run),
		cmocka_unit_test(each_once),
		cmocka_unit_test(of_no_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
