/* The onset by segmentation beside the one by the first bad sample, on synthetic timelines. */
#include "tests/unit/report_claims.h"
#include "tests/unit/report_page.h"

/* Latency that varies a little, the same from run to run. */
static int64_t jitter(int64_t at)
{
	return (at / 100 * 7919) % 5;
}

static void stretch(struct story *s, int64_t from, int64_t to, int64_t took, char o)
{
	for (int64_t at = from; at < to; at += 100)
		sample(s, 1, "orders", at, took + jitter(at), o);
}

static void ends_quietly(struct story *s)
{
	samples(s, 1, "stock", 0, 25000, 1, 'g');
	finish(s, 25000, "complete");
	tells(s);
}

static void both_see_it(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	stretch(&s, 0, 5100, 20, 'g');
	stretch(&s, 5100, 15100, 500, 'w');
	stretch(&s, 15100, 25000, 20, 'g');
	ends_quietly(&s);
	r = &s.a.reps[1];
	is_interval(&r->onset_segmented, 5000, 5100, 5100);
	assert_int_equal(r->onset, ORD_ONSET_AGREES);
	is_interval(&r->recovered_segmented, 15000, 15100, 15100);
	assert_int_equal(s.a.n_warnings, 0);
	done(&s);
}

/* Slow from 5.1 s on, within the limit until 8 s. */
static void a_change_that_broke_no_limit_at_first(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	stretch(&s, 0, 5100, 20, 'g');
	stretch(&s, 5100, 8000, 200, 'g');
	stretch(&s, 8000, 15100, 400, 'w');
	stretch(&s, 15100, 25000, 20, 'g');
	ends_quietly(&s);
	r = &s.a.reps[1];
	assert_int_equal(r->onset_segmented.value, MS(5100));
	assert_int_equal(r->impact.value, MS(8000));
	assert_int_equal(r->onset, ORD_ONSET_DIFFERS);
	assert_int_equal(s.a.n_warnings, 1);
	assert_non_null(strstr(s.a.warnings[0].text, "at +3.000 s by its first bad sample and at "
						     "+0.100 s by segmentation"));
	done(&s);
}

/* Over 15.1 s by the last sample that was bad, and 9 s later by the latency. */
static void both_recoveries_are_shown(void **state)
{
	struct story s;
	char *text;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	stretch(&s, 0, 5100, 20, 'g');
	stretch(&s, 5100, 8000, 200, 'g');
	stretch(&s, 8000, 15100, 400, 'w');
	stretch(&s, 15100, 20000, 200, 'g');
	stretch(&s, 20000, 25000, 20, 'g');
	ends_quietly(&s);
	text = written(&s.a, ord_write_md);
	assert_non_null(strstr(text, "| differs | +15.000 s (by the rule +10.304 s) |"));
	free(text);
	text = written(&s.a, ord_write_html);
	assert_non_null(strstr(text, " Repetition 1: onset +3.000 s by the rule, +0.100 s by "
				     "segmentation; recovery +10.304 s by the rule, +15.000 s by "
				     "segmentation."));
	free(text);
	done(&s);
}

static void only_one_of_them(void **state)
{
	static const struct {
		int64_t took, to;
		char o;
		enum ord_onset onset;
	} table[] = {{200, 15100, 'g', ORD_ONSET_ONLY_SEGMENTS},
		     {20, 5200, 'w', ORD_ONSET_ONLY_RULE},
		     {20, 15100, 'g', ORD_ONSET_NEITHER}};

	for (size_t i = 0; i < 3; i++) {
		struct story s;

		begin(&s, SELF, "");
		events(&s, 1, 0);
		stretch(&s, 0, 5100, 20, 'g');
		stretch(&s, 5100, table[i].to, table[i].took, table[i].o);
		stretch(&s, table[i].to, 25000, 20, 'g');
		ends_quietly(&s);
		assert_int_equal(s.a.reps[1].onset, table[i].onset);
		done(&s);
	}
}

/* orders stays as it was, stock is slower: that is an onset as well. */
static void every_user_probe_is_looked_at(void **state)
{
	struct ord_rep *r;
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	stretch(&s, 0, 25000, 20, 'g');
	for (int64_t at = 0; at < 25000; at += 100)
		sample(&s, 1, "stock", at, (at >= 6000 && at < 15100 ? 80 : 20) + jitter(at), 'g');
	finish(&s, 25000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	assert_int_equal(r->onset, ORD_ONSET_ONLY_SEGMENTS);
	assert_int_equal(r->onset_segmented.value, MS(6000));
	assert_int_equal(r->onset_segmented.probe, 1);
	assert_int_equal(r->recovered_segmented.value, MS(15100));
	done(&s);
}

/* The measure is how much single answers differed before the fault: 7 % here. */
static void the_usual_spread_is_the_threshold(void **state)
{
	static const struct {
		int64_t took;
		enum ord_onset onset;
	} table[] = {{21, ORD_ONSET_NEITHER}, {23, ORD_ONSET_ONLY_SEGMENTS}};

	for (size_t i = 0; i < 2; i++) {
		struct story s;

		begin(&s, SELF, "");
		events(&s, 1, 0);
		stretch(&s, 0, 5100, 20, 'g');
		stretch(&s, 5100, 15100, table[i].took, 'g');
		stretch(&s, 15100, 25000, 20, 'g');
		ends_quietly(&s);
		assert_int_equal(s.a.reps[1].onset, table[i].onset);
		done(&s);
	}
}

/* Still slow when the watch ends: no recovery by segments. */
static void it_does_not_come_back(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	stretch(&s, 0, 5100, 20, 'g');
	stretch(&s, 5100, 15100, 500, 'w');
	stretch(&s, 15100, 25000, 60, 'g');
	ends_quietly(&s);
	assert_true(s.a.reps[1].recovered.known);
	assert_int_equal(s.a.reps[1].onset_segmented.value, MS(5100));
	assert_false(s.a.reps[1].recovered_segmented.known);
	done(&s);
}

static void too_few_samples(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	events(&s, 1, 0);
	stretch(&s, 4500, 5100, 20, 'g');
	stretch(&s, 5100, 25000, 20, 'w');
	ends_quietly(&s);
	assert_int_equal(s.a.reps[1].onset, ORD_ONSET_NOT_COMPARED);
	assert_false(s.a.reps[1].onset_segmented.known);
	done(&s);
}

/* Far more samples than are looked at at once: it comes ever closer. */
static void a_long_series(void **state)
{
	static const int64_t onset = 5012340;
	struct ord_rep *r;
	struct story s;

	begin(&s, SELF, "");
	fault(&s, 1, 5000000, "requested", "");
	fault(&s, 1, 5000000, "injected", "");
	fault(&s, 1, 9000000, "reverting", "");
	fault(&s, 1, 9000010, "reverted", ",\"residue\":0");
	stretch(&s, 0, 5012400, 20, 'g');
	stretch(&s, 5012400, 9000000, 150, 'g');
	stretch(&s, 9000000, 9100000, 20, 'g');
	samples(&s, 1, "stock", 0, 9100000, 1, 'g');
	finish(&s, 9100000, "complete");
	tells(&s);
	r = &s.a.reps[1];
	assert_true(r->onset_segmented.known);
	assert_true(r->onset_segmented.value >= MS(onset - 200) &&
		    r->onset_segmented.value <= MS(onset + 300));
	assert_int_equal(r->onset, ORD_ONSET_ONLY_SEGMENTS);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_see_it),
		cmocka_unit_test(a_change_that_broke_no_limit_at_first),
		cmocka_unit_test(both_recoveries_are_shown),
		cmocka_unit_test(only_one_of_them),
		cmocka_unit_test(every_user_probe_is_looked_at),
		cmocka_unit_test(the_usual_spread_is_the_threshold),
		cmocka_unit_test(it_does_not_come_back),
		cmocka_unit_test(too_few_samples),
		cmocka_unit_test(a_long_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
