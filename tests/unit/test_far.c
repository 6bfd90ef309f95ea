/* The far clock as an interval, and the words of a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/rng.h"
#include "ordeal/far.h"

#define AHEAD (86400 * (int64_t)ORD_S)

/* Round trips of any asymmetry: the true offset is never outside of what is known, and gets narrow.
 */
static void holds_the_truth(void **state)
{
	struct ord_rng rng;

	(void)state;
	ord_rng_init(&rng, 57);
	for (int64_t offset = -AHEAD; offset <= AHEAD; offset += AHEAD) {
		struct ord_far_clock c = {0};
		uint64_t now = 100000 * ORD_S;
		/* The far clock runs 400 ppm faster. */
		double drift = 0;

		for (int i = 0; i < 2000; i++) {
			uint64_t out = ord_rng_next(&rng) % (30 * ORD_MS) + 1,
				 back = ord_rng_next(&rng) % (30 * ORD_MS) + 1, lo, hi, far;

			drift = (double)(now - 100000 * ORD_S) * 400e-6;
			far = now + out + (uint64_t)(offset + (int64_t)drift);
			ord_far_clock_take(&c, now, far, now + out + back);
			ord_far_clock_ours(&c, far, now + out + back, &lo, &hi);
			assert_true(lo <= now + out && now + out <= hi);
			assert_true(hi - lo <= out + back + 2);
			/* What happened half a second ago, told now. */
			now += out + back + 500 * ORD_MS;
			ord_far_clock_ours(&c, far, now, &lo, &hi);
			assert_true(lo <= now - back - 500 * ORD_MS &&
				    now - back - 500 * ORD_MS <= hi);
		}
	}
}

/* A round trip that took long does not make it wider than the narrowest so far and the drift. */
static void keeps_the_narrowest(void **state)
{
	struct ord_far_clock c = {0};
	uint64_t lo, hi;

	(void)state;
	ord_far_clock_take(&c, 1000 * ORD_MS, 5000 * ORD_MS + 500 * ORD_US, 1001 * ORD_MS);
	ord_far_clock_take(&c, 2000 * ORD_MS, 6500 * ORD_MS, 3000 * ORD_MS);
	ord_far_clock_ours(&c, 7000 * ORD_MS, 3000 * ORD_MS, &lo, &hi);
	assert_true(lo <= 2999500 * ORD_US && 2999500 * ORD_US <= hi);
	/* 1 ms of the first, and 2 s at 1000 ppm on either side. */
	assert_true(hi - lo >= 4 * ORD_MS && hi - lo <= 6 * ORD_MS);
}

/* A machine that slept: its clock stood still meanwhile, and what was known of it is void. */
static void forgets_what_is_contradicted(void **state)
{
	struct ord_far_clock c = {0};
	uint64_t lo, hi;

	(void)state;
	ord_far_clock_take(&c, 1000 * ORD_MS, 5000 * ORD_MS, 1001 * ORD_MS);
	ord_far_clock_take(&c, 61000 * ORD_MS, 6000 * ORD_MS, 61001 * ORD_MS);
	ord_far_clock_ours(&c, 6000 * ORD_MS, 61001 * ORD_MS, &lo, &hi);
	assert_true(lo == 61000 * ORD_MS && hi == 61001 * ORD_MS);
}

static struct ord_via *via_of(struct ord_target *t, size_t n, ...)
{
	va_list ap;

	*t = (struct ord_target){.via = calloc(1, sizeof *t->via)};
	assert_non_null(t->via);
	va_start(ap, n);
	for (size_t i = 0; i < n; i++)
		t->via->words[i] = strdup(va_arg(ap, const char *));
	va_end(ap);
	return t->via;
}

static void words(void **state)
{
	struct ord_target t, copy = {0};
	struct ord_err err;
	char text[64];

	(void)state;
	(void)via_of(&t, 3, "ssh", "db1", "/opt/ordeal/ordeal-injector");
	assert_string_equal(ord_via_text(t.via, sizeof text, text),
			    "ssh db1 /opt/ordeal/ordeal-injector");
	assert_string_equal(ord_via_text(t.via, 8, text), "ssh db1");
	t.via->copy = true;
	assert_int_equal(ord_via_check(t.via, &err), 0);
	assert_int_equal(ord_via_copy(t.via, &copy.via, &err), 0);
	assert_true(copy.via->copy && copy.via->words[0] != t.via->words[0]);
	assert_string_equal(copy.via->words[2], "/opt/ordeal/ordeal-injector");
	assert_null(copy.via->words[3]);
	ord_target_done(&copy);
	ord_target_done(&t);
	/* What a far shell would take apart, and what is no absolute path. */
	for (const char *const *p = (const char *const[]){"ordeal-injector", "/opt/a b", "/opt/$x",
							  "/opt/../x", "/opt/", "/x;y", NULL};
	     *p; p++) {
		via_of(&t, 2, "ssh", *p)->copy = true;
		assert_int_equal(ord_via_check(t.via, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		ord_target_done(&t);
	}
}

/* A target that is elsewhere is never looked for here. */
static void not_here(void **state)
{
	struct ord_target t;
	struct ord_place place;
	struct ord_err err;

	(void)state;
	(void)via_of(&t, 1, "true");
	t.kind = ORD_TARGET_HOST;
	assert_int_equal(ord_target_resolve(&t, 1, &place, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	ord_target_done(&t);
}

static void target_as_json(void **state)
{
	static const char *const bad[] = {"{\"kind\":\"pod\"}", "{\"kind\":\"\"}", "{}",
					  "{\"kind\":\"pid\",\"pid\":4}",
					  "{\"kind\":\"pid\",\"count\":1000}"};
	struct ord_target t = {.kind = ORD_TARGET_PROCESS, .text = "store", .count = 3}, back;
	json_t *json = ord_target_to_json(&t);
	struct ord_err err;

	(void)state;
	assert_int_equal(ord_target_from_json(&back, json, &err), 0);
	assert_true(back.kind == t.kind && back.count == 3 && !back.all && !back.percent_ppm);
	assert_string_equal(back.text, "store");
	json_decref(json);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json = json_loads(bad[i], 0, NULL);
		assert_int_equal(ord_target_from_json(&back, json, &err), -1);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(holds_the_truth),
					   cmocka_unit_test(keeps_the_narrowest),
					   cmocka_unit_test(forgets_what_is_contradicted),
					   cmocka_unit_test(words),
					   cmocka_unit_test(not_here),
					   cmocka_unit_test(target_as_json)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
