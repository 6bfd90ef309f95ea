/* What the delay engine holds: order, memory that is used again, the limit; and how late it says it
 * was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "injector/host/engines/hold.h"
#include "injector/host/engines/late.h"

#define MIB (1u << 20)

static struct hold_room room;

static void init(struct hold *h, size_t limit)
{
	struct ord_err err;

	room = (struct hold_room){.limit = limit};
	if (hold_init(h, &room, &err) < 0)
		fail_msg("%s", err.msg);
}

/* A frame that names itself at its beginning and its end. */
static bool put(struct hold *h, uint64_t due, uint32_t len, uint32_t name)
{
	uint8_t *at = hold_reserve(h);

	if (!at)
		return false;
	memcpy(at, &name, sizeof name);
	memcpy(at + len - sizeof name, &name, sizeof name);
	hold_frame(h, due, len, name);
	return true;
}

static uint32_t take(struct hold *h)
{
	const struct held p = hold_pop(h);
	uint32_t first, last;

	memcpy(&first, p.data, sizeof first);
	memcpy(&last, p.data + p.len - sizeof last, sizeof last);
	assert_int_equal(first, p.source);
	assert_int_equal(last, p.source);
	hold_release(h, &p);
	return p.source;
}

static void test_order(void **state)
{
	struct hold h;

	init(&h, MIB);
	assert_null(hold_first(&h));
	assert_true(put(&h, 30, 100, 1));
	assert_true(put(&h, 10, 1500, 2));
	assert_true(put(&h, 20, 60, 3));
	assert_true(put(&h, 10, 60, 4)); /* as due as 2: after it */
	assert_true(hold_number(&h, 15, 77, 1000, 5));
	assert_int_equal(hold_first(&h)->due_ns, 10);
	assert_int_equal(take(&h), 2);
	assert_int_equal(take(&h), 4);
	{
		const struct held p = hold_pop(&h);

		assert_null(p.data);
		assert_int_equal(p.id, 77);
		hold_release(&h, &p);
	}
	assert_int_equal(take(&h), 3);
	assert_int_equal(take(&h), 1);
	assert_int_equal(room.used, 0);
	hold_done(&h);
}

/* Many more bytes than there is memory for pass through, in a random order, and none is damaged. */
static void test_memory_is_used_again(void **state)
{
	const uint64_t seed = 11;
	struct ord_rng rng;
	struct hold h;

	init(&h, 4 * MIB);
	ord_rng_init(&rng, seed);
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t len = 60 + (uint32_t)ord_rng_below(&rng, i % 50 ? 1500 : 65000);

		while (!put(&h, i + ord_rng_below(&rng, 500), len, i))
			(void)take(&h);
		if (i % 3 == 0)
			(void)take(&h);
	}
	while (h.n)
		(void)take(&h);
	assert_int_equal(room.used, 0);
	assert_true(room.used_max >= 4 * MIB && room.used_max < 4 * MIB + HOLD_FRAME_MAX);
	hold_done(&h);
}

static void test_limit(void **state)
{
	struct hold h;
	unsigned n = 0;

	init(&h, MIB);
	while (put(&h, n, 1024, n))
		n++;
	assert_int_equal(n, 1024);
	assert_false(hold_number(&h, 1, 1, 100, 0));
	(void)take(&h);
	assert_true(hold_number(&h, 1, 1, 100, 0));
	hold_done(&h);
	hold_done(&h); /* fine twice */
}

/* Two who share a limit: what one holds the other has no room for. */
static void test_shared(void **state)
{
	struct ord_err err;
	struct hold a, b;
	unsigned n = 0;

	init(&a, MIB);
	assert_int_equal(hold_init(&b, &room, &err), 0);
	while (put(n % 2 ? &a : &b, n, 1024, n))
		n++;
	assert_int_equal(n, 1024);
	assert_true(hold_full(&a) && hold_full(&b));
	assert_int_equal(take(&b), 0);
	assert_true(put(&a, n, 1024, n));
	assert_int_equal(room.used_max, MIB);
	while (a.n)
		(void)take(&a);
	assert_int_equal(room.used, MIB / 2 - 1024);
	hold_done(&a);
	hold_done(&b);
}

static void test_late(void **state)
{
	static struct late l;

	assert_int_equal(late_quantile(&l, 500000), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		late_add(&l, i * 1000);
	assert_int_equal(l.max_ns, 1000000);
	/* Within one bucket of 1/16, never below. */
	assert_in_range(late_quantile(&l, 500000), 500000, 500000 * 17 / 16);
	assert_in_range(late_quantile(&l, 990000), 990000, 1000000);
	assert_int_equal(late_quantile(&l, 1000000), 1000000);
	late_add(&l, UINT64_MAX);
	assert_int_equal(late_quantile(&l, 1000000), UINT64_MAX);
	for (uint64_t ns = 0; ns < 1000; ns++)
		assert_true(late_bucket(ns) <= late_bucket(ns + 1));
	assert_true(late_bucket(UINT64_MAX) < LATE_BUCKETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_memory_is_used_again),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_shared),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
