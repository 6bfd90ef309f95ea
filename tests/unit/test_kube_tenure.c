/* Who holds a Lease, by the rules alone: clocks are given, no server is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/tenure.h"

#define WALL_NS ((int64_t)1795000000 * (int64_t)ORD_S)

static struct kube_tenure tenure(const char *me)
{
	struct kube_tenure t = {
		.lease_ns = 15 * ORD_S, .renew_ns = 10 * ORD_S, .retry_ns = 2 * ORD_S};

	(void)snprintf(t.me, sizeof t.me, "%s", me);
	(void)snprintf(t.ns, sizeof t.ns, "chaos");
	(void)snprintf(t.name, sizeof t.name, "ordeal");
	return t;
}

/* As a server would hold it. */
static json_t *lease(const char *holder, int seconds, const char *renewed, const char *version)
{
	return json_pack("{s:{s:s,s:s},s:{s:s,s:i,s:s,s:i}}", "metadata", "resourceVersion",
			 version, "uid", "u1", "spec", "holderIdentity", holder,
			 "leaseDurationSeconds", seconds, "renewTime", renewed, "leaseTransitions",
			 4);
}

static void saw(struct kube_tenure *t, json_t *o, uint64_t now_ns)
{
	kube_tenure_saw(t, o, now_ns);
	json_decref(o);
}

static const char *spec_text(const json_t *body, const char *key)
{
	return json_string_value(json_object_get(json_object_get(body, "spec"), key));
}

static void test_nothing_is_known_at_first(void **state)
{
	struct kube_tenure t = tenure("a");

	assert_int_equal(kube_tenure_next(&t, 1), KUBE_TENURE_READ);
	saw(&t, NULL, 1);
	assert_int_equal(kube_tenure_next(&t, 1), KUBE_TENURE_MAKE);
	kube_tenure_forget(&t);
	assert_int_equal(kube_tenure_next(&t, 1), KUBE_TENURE_READ);
	kube_tenure_done(&t);
}

static void test_is_made(void **state)
{
	struct kube_tenure t = tenure("a");
	ord_auto(json) json_t *body = NULL;

	saw(&t, NULL, 1);
	body = kube_tenure_take(&t, WALL_NS);
	assert_string_equal(spec_text(body, "holderIdentity"), "a");
	assert_string_equal(spec_text(body, "renewTime"), "2026-11-18T11:06:40.000000Z");
	assert_string_equal(spec_text(body, "acquireTime"), "2026-11-18T11:06:40.000000Z");
	kube_tenure_written(&t, body, 5 * ORD_S, 6 * ORD_S);
	assert_true(kube_tenure_ours(&t));
	assert_int_equal(t.term, 1);
	/* From before it was sent, not from when the answer came. */
	assert_int_equal(t.until_ns, 15 * ORD_S);
	kube_tenure_done(&t);
}

/* By our own clock since we saw it, whatever its times say. */
static void test_another_is_waited_for(void **state)
{
	struct kube_tenure t = tenure("b");

	saw(&t, lease("a", 15, "2001-01-01T00:00:00.000000Z", "7"), 100 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 100 * ORD_S), KUBE_TENURE_WAIT);
	saw(&t, lease("a", 15, "2001-01-01T00:00:00.000000Z", "7"), 110 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 115 * ORD_S - 1), KUBE_TENURE_WAIT);
	assert_int_equal(kube_tenure_next(&t, 115 * ORD_S), KUBE_TENURE_WRITE);
	kube_tenure_done(&t);
}

static void test_renewed_by_another(void **state)
{
	struct kube_tenure t = tenure("b");

	saw(&t, lease("a", 15, "2026-11-22T10:00:00.000000Z", "7"), 100 * ORD_S);
	saw(&t, lease("a", 15, "2026-11-22T10:00:02.000000Z", "8"), 114 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 115 * ORD_S), KUBE_TENURE_WAIT);
	assert_int_equal(kube_tenure_next(&t, 129 * ORD_S), KUBE_TENURE_WRITE);
	assert_int_equal(t.other_ns, (int64_t)1795341602 * (int64_t)ORD_S);
	kube_tenure_done(&t);
}

/* A version that is another for an annotation's sake keeps nobody waiting. */
static void test_what_is_no_renewal(void **state)
{
	struct kube_tenure t = tenure("b");

	saw(&t, lease("a", 15, "2026-11-22T10:00:00.000000Z", "7"), 100 * ORD_S);
	saw(&t, lease("a", 15, "2026-11-22T10:00:00.000000Z", "9"), 114 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 115 * ORD_S), KUBE_TENURE_WRITE);
	kube_tenure_done(&t);
}

static void test_its_own_duration_counts(void **state)
{
	struct kube_tenure t = tenure("b");

	saw(&t, lease("a", 60, "2026-11-22T10:00:00.000000Z", "7"), 100 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 159 * ORD_S), KUBE_TENURE_WAIT);
	assert_int_equal(kube_tenure_next(&t, 160 * ORD_S), KUBE_TENURE_WRITE);
	/* One that says nothing is waited for as long as ours would be. */
	saw(&t, lease("a", 0, "2026-11-22T10:00:01.000000Z", "8"), 200 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 214 * ORD_S), KUBE_TENURE_WAIT);
	assert_int_equal(kube_tenure_next(&t, 215 * ORD_S), KUBE_TENURE_WRITE);
	kube_tenure_done(&t);
}

static void test_released_is_free_at_once(void **state)
{
	struct kube_tenure t = tenure("b");
	ord_auto(json) json_t *body = NULL;

	saw(&t, lease("", 1, "2026-11-22T10:00:00.000000Z", "7"), 100 * ORD_S);
	assert_int_equal(kube_tenure_next(&t, 100 * ORD_S), KUBE_TENURE_WRITE);
	body = kube_tenure_take(&t, WALL_NS);
	assert_string_equal(json_string_value(json_object_get(json_object_get(body, "metadata"),
							      "resourceVersion")),
			    "7");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(body, "spec"),
							    "leaseTransitions")),
			 5);
	/* Who released it did what was due until then. */
	assert_int_equal(t.other_ns, (int64_t)1795341600 * (int64_t)ORD_S);
	kube_tenure_done(&t);
}

static struct kube_tenure held(uint64_t sent_ns)
{
	struct kube_tenure t = tenure("a");
	ord_auto(json) json_t *o = lease("a", 15, "2026-11-22T10:00:00.000000Z", "7");

	kube_tenure_written(&t, o, sent_ns, sent_ns + 1);
	return t;
}

static void test_renewing_is_one_term(void **state)
{
	struct kube_tenure t = held(100 * ORD_S);
	ord_auto(json) json_t *body = kube_tenure_take(&t, WALL_NS);
	ord_auto(json) json_t *o = lease("a", 15, "2026-11-22T10:00:02.000000Z", "8");

	/* It is the same holder: it took nothing. */
	assert_null(spec_text(body, "acquireTime"));
	assert_int_equal(kube_tenure_next(&t, 102 * ORD_S), KUBE_TENURE_WRITE);
	kube_tenure_written(&t, o, 102 * ORD_S, 103 * ORD_S);
	assert_int_equal(t.term, 1);
	assert_int_equal(t.until_ns, 112 * ORD_S);
	kube_tenure_done(&t);
}

/* Between the two it was given up, though nobody else took it. */
static void test_after_a_gap_it_is_another_term(void **state)
{
	struct kube_tenure t = held(100 * ORD_S);
	ord_auto(json) json_t *o = lease("a", 15, "2026-11-22T10:00:30.000000Z", "8");

	kube_tenure_written(&t, o, 109 * ORD_S, 111 * ORD_S);
	assert_int_equal(t.term, 2);
	kube_tenure_done(&t);
}

static void test_taken_by_another(void **state)
{
	struct kube_tenure t = held(100 * ORD_S);

	saw(&t, lease("b", 15, "2026-11-22T10:00:04.000000Z", "9"), 104 * ORD_S);
	assert_int_equal(t.until_ns, 0);
	assert_false(kube_tenure_ours(&t));
	assert_int_equal(kube_tenure_next(&t, 105 * ORD_S), KUBE_TENURE_WAIT);
	kube_tenure_done(&t);
}

/* Made again by somebody under its name, or nonsense in it: free. */
static void test_hostile_records(void **state)
{
	struct kube_tenure t = tenure("b");

	saw(&t, json_pack("{s:s}", "spec", "nonsense"), 1);
	assert_int_equal(kube_tenure_next(&t, 1), KUBE_TENURE_WRITE);
	saw(&t, json_pack("{s:{s:i}}", "spec", "holderIdentity", 7), 1);
	assert_int_equal(kube_tenure_next(&t, 1), KUBE_TENURE_WRITE);
	saw(&t,
	    json_pack("{s:{s:s,s:I}}", "spec", "holderIdentity", "a", "leaseDurationSeconds",
		      (json_int_t)INT64_MAX),
	    1);
	assert_int_equal(kube_tenure_next(&t, 1000 * ORD_S), KUBE_TENURE_WAIT);
	assert_int_equal(kube_tenure_next(&t, 1000001 * ORD_S), KUBE_TENURE_WRITE);
	kube_tenure_done(&t);
}

static void test_release(void **state)
{
	struct kube_tenure t = held(100 * ORD_S);
	ord_auto(json) json_t *body = kube_tenure_release(&t, WALL_NS);

	assert_string_equal(spec_text(body, "holderIdentity"), "");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(body, "spec"),
							    "leaseDurationSeconds")),
			 1);
	kube_tenure_done(&t);
}

static void test_pauses(void **state)
{
	struct kube_tenure t = held(100 * ORD_S);
	uint64_t least = UINT64_MAX, most = 0;

	assert_int_equal(kube_tenure_pause(&t, 101 * ORD_S, 500), 2 * ORD_S);
	for (uint32_t r = 0; r <= 1000; r++) {
		uint64_t ns = kube_tenure_pause(&t, 120 * ORD_S, r);

		least = ns < least ? ns : least;
		most = ns > most ? ns : most;
	}
	assert_int_equal(least, 2 * ORD_S);
	assert_int_equal(most, 2 * ORD_S + 2400 * ORD_MS);
	kube_tenure_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_known_at_first),
		cmocka_unit_test(test_is_made),
		cmocka_unit_test(test_another_is_waited_for),
		cmocka_unit_test(test_renewed_by_another),
		cmocka_unit_test(test_what_is_no_renewal),
		cmocka_unit_test(test_its_own_duration_counts),
		cmocka_unit_test(test_released_is_free_at_once),
		cmocka_unit_test(test_renewing_is_one_term),
		cmocka_unit_test(test_after_a_gap_it_is_another_term),
		cmocka_unit_test(test_taken_by_another),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
