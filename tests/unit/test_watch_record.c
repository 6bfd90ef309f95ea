/* The judge of watches (bench/kube follow): each way in which a watch can be wrong is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tests/support/watch_record.h"

#define A "aaaaaaaa-0000-4000-8000-000000000001"
#define B "bbbbbbbb-0000-4000-8000-000000000002"
#define C "cccccccc-0000-4000-8000-000000000003"

/* A is changed twice, first into the set; B is made and deleted outside of it. */
static const char written[] = "M " A " 10 100 110 0 1\n"
			      "A " B " 11 120 130 0 0\n"
			      "M " A " 12 200 210 1 1\n"
			      "D " B " 13 220 230 0 0\n";

static struct told event(const char *uid, enum kube_event e, uint64_t version)
{
	struct told t = {.version = version, .at_ns = version * 20, .event = e};

	assert_int_equal(record_uid(uid, t.uid), 0);
	return t;
}

static struct verdict judge(const char *record, bool selective, const struct told *told, size_t n,
			    const struct cuts *cuts)
{
	struct told copy[8];
	struct verdict v;
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_true(fputs(record, f) >= 0 && n <= ORD_COUNT(copy));
	memcpy(copy, told, n * sizeof *told);
	record_compare(f, selective, copy, n, cuts, &v);
	(void)fclose(f);
	free(v.sent);
	free(v.answered);
	return v;
}

static size_t wrongs(const struct verdict *v)
{
	return v->lost + v->doubled + v->mistaken + v->disordered + v->unknown + v->stale;
}

static const struct cuts none;

static void all_told(void **state)
{
	const struct told told[] = {event(A, KUBE_MODIFIED, 10), event(B, KUBE_ADDED, 11),
				    event(A, KUBE_MODIFIED, 12), event(B, KUBE_DELETED, 13)};
	struct verdict v = judge(written, false, told, 4, &none);

	assert_int_equal(v.written, 4);
	assert_int_equal(v.expected, 4);
	assert_int_equal(wrongs(&v), 0);
	assert_int_equal(v.n, 4);
	assert_int_equal(v.others, 0);
	/* 4 in 130 ns. */
	assert_true(v.per_s > 3.0e7 && v.per_s < 3.1e7);
}

static void of_a_selection(void **state)
{
	const struct told told[] = {event(A, KUBE_ADDED, 10), event(A, KUBE_MODIFIED, 12)};
	struct verdict v = judge(written, true, told, 2, &none);

	assert_int_equal(v.expected, 2);
	assert_int_equal(wrongs(&v), 0);
	/* What is not selected must not be told. */
	{
		const struct told more[] = {told[0], event(B, KUBE_ADDED, 11), told[1]};

		v = judge(written, true, more, 3, &none);
		assert_int_equal(v.unknown, 1);
	}
}

static void a_lost_one(void **state)
{
	const struct told told[] = {event(B, KUBE_ADDED, 11), event(A, KUBE_MODIFIED, 12),
				    event(B, KUBE_DELETED, 13)};
	struct verdict v = judge(written, false, told, 3, &none);

	assert_int_equal(v.lost, 1);
	assert_int_equal(wrongs(&v), 1);
	/* The last one: the pod's state is not known either. */
	v = judge(written, false, told, 2, &none);
	assert_int_equal(v.lost, 2);
	assert_int_equal(v.stale, 1);
}

static void a_doubled_one(void **state)
{
	const struct told told[] = {event(A, KUBE_MODIFIED, 10), event(B, KUBE_ADDED, 11),
				    event(B, KUBE_ADDED, 11), event(A, KUBE_MODIFIED, 12),
				    event(B, KUBE_DELETED, 13)};
	struct verdict v = judge(written, false, told, 5, &none);

	assert_int_equal(v.doubled, 1);
	assert_int_equal(wrongs(&v), 1);
}

static void mistaken_disordered_and_unknown(void **state)
{
	struct told told[] = {event(A, KUBE_ADDED, 10), event(A, KUBE_MODIFIED, 12),
			      event(B, KUBE_ADDED, 11), event(B, KUBE_DELETED, 13),
			      event(B, KUBE_MODIFIED, 14)};
	struct verdict v = judge(written, false, told, 5, &none);

	assert_int_equal(v.mistaken, 1);
	assert_int_equal(v.disordered, 1);
	assert_int_equal(v.unknown, 1);
	assert_int_equal(wrongs(&v), 3);
}

/* A deletion is two revisions, of which the answer has the second. */
static void going(void **state)
{
	struct told told[] = {event(A, KUBE_MODIFIED, 10), event(B, KUBE_ADDED, 11),
			      event(A, KUBE_MODIFIED, 12), event(B, KUBE_MODIFIED, 13),
			      event(B, KUBE_DELETED, 14)};
	const char *record = "M " A " 10 100 110 0 0\nA " B " 11 120 130 0 0\n"
			     "M " A " 12 200 210 0 0\nD " B " 14 220 230 0 0\n";
	struct verdict v;

	told[3].going = true;
	v = judge(record, false, told, 5, &none);
	assert_int_equal(wrongs(&v), 0);
	assert_int_equal(v.going, 1);
	assert_int_equal(v.others, 0);
	told[3].going = false;
	v = judge(record, false, told, 5, &none);
	assert_int_equal(v.unknown, 1);
	told[2].going = told[3].going = true;
	memcpy(told[2].uid, told[3].uid, UID_SIZE);
	v = judge(record, false, told, 5, &none);
	assert_int_equal(v.unknown, 1);
}

/* Another's writes are no fault of the watch, and are told apart. */
static void by_others(void **state)
{
	const struct told told[] = {event(A, KUBE_MODIFIED, 10), event(A, KUBE_MODIFIED, 11),
				    event(A, KUBE_MODIFIED, 12), event(C, KUBE_MODIFIED, 13)};
	struct verdict v =
		judge("M " A " 10 100 110 0 0\nF " A " 12 200 210 0 0\n", false, told, 4, &none);

	assert_int_equal(v.written, 1);
	assert_int_equal(wrongs(&v), 0);
	assert_int_equal(v.others, 2);
	/* But one that the server is known to have given out must be told. */
	v = judge("M " A " 10 100 110 0 0\nF " A " 12 200 210 0 0\n", false, told, 2, &none);
	assert_int_equal(v.lost, 1);
}

/* While the stream is known to be cut the last state of each is enough. */
static void across_a_cut(void **state)
{
	const struct cuts cut = {.n = 1, .from_ns = {105}, .to_ns = {205}};
	const struct told told[] = {event(A, KUBE_MODIFIED, 12)};
	struct verdict v = judge("M " A " 10 100 110 0 0\nA " B " 11 120 130 0 0\n"
				 "M " A " 12 200 210 0 0\nD " B " 13 200 204 0 0\n",
				 false, told, 1, &cut);

	assert_int_equal(v.lost_in_cut, 3);
	assert_int_equal(wrongs(&v), 0);
	v = judge("M " A " 10 100 110 0 0\nM " A " 14 200 204 0 0\n", false, told, 0, &cut);
	assert_int_equal(v.lost, 0);
	assert_int_equal(v.stale, 1);
}

static void no_uid(void **state)
{
	uint8_t uid[UID_SIZE];

	assert_int_equal(record_uid("", uid), -1);
	assert_int_equal(record_uid("aaaaaaaa-0000", uid), -1);
	assert_int_equal(record_uid(A "0", uid), -1);
	assert_int_equal(record_uid("zaaaaaaa-0000-4000-8000-000000000001", uid), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_told),
		cmocka_unit_test(of_a_selection),
		cmocka_unit_test(a_lost_one),
		cmocka_unit_test(a_doubled_one),
		cmocka_unit_test(mistaken_disordered_and_unknown),
		cmocka_unit_test(going),
		cmocka_unit_test(by_others),
		cmocka_unit_test(across_a_cut),
		cmocka_unit_test(no_uid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
