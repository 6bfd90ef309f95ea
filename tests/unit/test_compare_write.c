/*
 * What is written of a comparison: tests/golden/compare/NAME.{txt,md,json}, byte for byte. After a
 * change that is meant: ORDEAL_GOLDEN_UPDATE=1, and look at the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/unit/compare_groups.h"

static const struct {
	const char *format, *ending;
} formats[] = {{"text", "txt"}, {"md", "md"}, {"json", "json"}};

static char *slurp(const char *path)
{
	ord_autofclose FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		fail_msg("%s is missing", path);
	assert_true(getdelim(&text, &room, 0, f) > 0);
	return text;
}

static void golden(const char *name, const char *ending, const char *is)
{
	char path[400];
	char *was;

	(void)snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/compare/%s.%s", name, ending);
	if (getenv("ORDEAL_GOLDEN_UPDATE")) {
		FILE *out = fopen(path, "we");

		assert_non_null(out);
		assert_true(fputs(is, out) >= 0);
		assert_int_equal(fclose(out), 0);
	}
	was = slurp(path);
	if (strcmp(was, is) != 0)
		fail_msg("%s differs; it is:\n%s", path, is);
	free(was);
}

static void write_all(const char *name, const struct group *a, const struct group *b,
		      const struct ord_compare_options *o)
{
	struct ord_compare_report *report;
	struct ord_err err;

	if (ord_compare_runs(a->json, b->json, o, &report, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < ORD_COUNT(formats); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(ord_compare_write(report, formats[i].format, out, &err), 0);
		assert_int_equal(fclose(out), 0);
		golden(name, formats[i].ending, text);
		free(text);
	}
	assert_int_equal(ord_compare_write(report, "pdf", stdout, &err), -1);
	ord_compare_report_free(report);
}

static const struct ord_compare_options usual = {
	.margin_ppm = ORD_COMPARE_MARGIN_PPM, .alpha = ORD_COMPARE_ALPHA, .seed = 1};

static void done(struct group *a, struct group *b)
{
	ord_figures_done(&a->f);
	ord_figures_done(&b->f);
}

/* Worse in one figure, better in another, and one that is not decided. */
static void mixed(void **state)
{
	struct group a, b;

	group_begin(&a, "20261101T100000Z-orders-aaaaaa", 8, 0);
	group_figure(&a, "ttr_self", "2.1 2.4 2.6 3.0 3.7 2.2 2.5 2.8");
	group_figure(&a, "impact", "2.1 2.4 2.6 3.0 3.7 2.2 2.5 2.8");
	group_figure(&a, "ttd:breaker", "0.9 0.8 0.95 0.85 0.81 0.82 0.83 0.84");
	group_end(&a);
	group_begin(&b, "20261102T100000Z-orders-bbbbbb", 10, 1);
	assert_int_equal(json_object_set_new(json_array_get(json_object_get(b.json, "runs"), 0),
					     "left_out",
					     json_pack("{s:i,s:i}", "aborted", 1, "invalid", 1)),
			 0);
	group_figure(&b, "ttr_self", "4.9 30+ 4.1 5.2 30+ 6.0 7.0 30+");
	group_figure(&b, "impact", "2.2 2.3 2.7 2.9 3.9 2.1 2.6 2.7");
	group_figure(&b, "ttd:breaker", "0.4 0.41 0.42 0.43 0.44 0.45 0.46 0.47");
	group_end(&b);
	write_all("mixed", &a, &b, &usual);
	done(&a, &b);
	(void)state;
}

static void too_few(void **state)
{
	struct group a, b;

	group_begin(&a, "20261101T100000Z-orders-aaaaaa", 1, 0);
	group_figure(&a, "ttr_self", "30+");
	group_figure(&a, "ttr_after", "0.3");
	group_end(&a);
	group_begin(&b, "20261102T100000Z-orders-bbbbbb", 1, 0);
	group_figure(&b, "ttr_self", "30+");
	group_figure(&b, "ttr_after", "0.5");
	group_figure(&b, "ttd:prometheus:Slow|Orders/firing", "12");
	group_end(&b);
	write_all("too-few", &a, &b, &usual);
	done(&a, &b);
	(void)state;
}

static void forced(void **state)
{
	struct ord_compare_options o = usual;
	struct ord_compare_report *report;
	struct group a, b;
	struct ord_err err;
	char digest[ORD_SHA256_HEX];

	group_of(&a, "20261101T100000Z-orders-aaaaaa", "ttr_self", "1 1.1 1.2 1.3 1.4");
	group_begin(&b, "20261102T100000Z-orders-bbbbbb", 5, 0);
	assert_int_equal(json_object_set_new(json_object_get(b.json, "plan"), "recovery_ns",
					     json_integer(5)),
			 0);
	assert_int_equal(ord_plan_digest(json_object_get(b.json, "plan"), digest, &err), 0);
	assert_int_equal(json_object_set_new(b.json, "plan_digest", json_string(digest)), 0);
	group_figure(&b, "ttr_self", "1.2 1.3 1.4 1.5 1.6");
	group_end(&b);
	assert_int_equal(ord_compare_runs(a.json, b.json, &usual, &report, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "differ: recovery_ns is - and 5"));
	o.force = true;
	write_all("forced", &a, &b, &o);
	done(&a, &b);
	(void)state;
}

static void nothing(void **state)
{
	struct group a, b;

	group_begin(&a, "20261101T100000Z-orders-aaaaaa", 3, 3);
	group_end(&a);
	group_begin(&b, "20261102T100000Z-orders-bbbbbb", 3, 3);
	group_end(&b);
	write_all("nothing", &a, &b, &usual);
	done(&a, &b);
	(void)state;
}

static void sequence(void **state)
{
	static const struct ord_sequence_options o = {.good = ORD_SEQUENCE_GOOD,
						      .bad = ORD_SEQUENCE_BAD,
						      .alpha = ORD_SEQUENCE_ALPHA,
						      .beta = ORD_SEQUENCE_BETA};
	struct group g;
	struct ord_err err;

	group_begin(&g, "20261101T100000Z-orders-aaaaaa", 4, 0);
	assert_int_equal(json_object_set_new(json_array_get(json_object_get(g.json, "runs"), 0),
					     "objectives",
					     json_pack("[{s:s,s:[ssss]},{s:s,s:[ssss]}]", "text",
						       "recover(self) within 4s", "results", "met",
						       "inconclusive", "met", "met", "text",
						       "detect(breaker) within 1s", "results",
						       "missed", "missed", "met", "met")),
			 0);
	group_end(&g);
	for (size_t i = 0; i < ORD_COUNT(formats); i++) {
		enum ord_gate gate;
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(
			ord_sequence_write(g.json, &o, formats[i].format, out, &gate, &err), 0);
		assert_int_equal(gate, ORD_GATE_FAIL);
		assert_int_equal(fclose(out), 0);
		golden("sequence", formats[i].ending, text);
		free(text);
	}
	assert_int_equal(ord_sequence_write(g.json, &o, "pdf", stdout, &(enum ord_gate){0}, &err),
			 -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_string_equal(err.msg, "'pdf' is not a format; there are text, md and json");
	ord_figures_done(&g.f);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixed),   cmocka_unit_test(too_few),  cmocka_unit_test(forced),
		cmocka_unit_test(nothing), cmocka_unit_test(sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
