/* The reader: what it takes, what it refuses, and that its quick way and its JSON way agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/report_story.h"

#define RUN                                                                                        \
	"{\"e\":\"run\",\"t\":0,\"version\":1,\"wall_ns\":1,\"plan\":{\"name\":\"x\",\"probes\":[" \
	"{\"name\":\"p\",\"role\":\"user\",\"every_ns\":100}]}}\n"
#define SAMPLE                                                                                     \
	"{\"e\":\"sample\",\"t\":9,\"rep\":1,\"p\":\"p\",\"n\":0,\"due\":5,\"sent\":6,\"done\":9," \
	"\"o\":\"ok\",\"good\":true}\n"

static int read_text(const char *text, size_t size, struct ord_timeline *t, struct ord_err *err)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, size, "r");
	int r = ord_timeline_read(in, t, err);

	(void)fclose(in);
	return r;
}

static void what_is_left_out_is_said(void **state)
{
	static const struct {
		const char *text;
		bool torn;
		uint32_t ignored;
		size_t samples;
	} table[] = {
		{RUN SAMPLE, false, 0, 1},
		{RUN SAMPLE "{\"e\":\"sample\",\"t\":1", true, 0, 1},
		{RUN SAMPLE "{", true, 0, 1},
		{RUN SAMPLE "{\"e\":\"from-the-future\",\"t\":1,\"x\":[1.5]}\n" SAMPLE, false, 1,
		 2},
		{RUN "{\"e\":\"end\",\"t\":1,\"cause\":\"complete\"}", false, 0,
		 0}, /* whole, only its newline is missing */
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct ord_timeline t;
		struct ord_err err;

		assert_int_equal(read_text(table[i].text, strlen(table[i].text), &t, &err), 0);
		assert_int_equal(t.torn, table[i].torn);
		assert_int_equal(t.ignored, table[i].ignored);
		assert_int_equal(t.n_samples, table[i].samples);
		ord_timeline_done(&t);
	}
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{"\n", "line 1: not a JSON object"},
		{"{\"e\":\"sample\"}\n", "begins with a `run` line"},
		{"{\"e\":\"run\",\"t\":0,\"version\":2,\"plan\":{}}\n", "version 2"},
		{"{\"e\":\"run\",\"t\":0,\"version\":1}\n", "no plan"},
		{"{\"e\":\"run\",\"version\":1,\"plan\":{\"repetitions\":100000000}}\n",
		 "repetitions"},
		{"{\"e\":\"run\",\"version\":1,\"plan\":{\"probes\":[{\"name\":\"p\"}]}}\n",
		 "no period"},
		{"{\"e\":\"run\",\"version\":1,\"plan\":{\"probes\":[{\"name\":\"p\",\"every_ns\":"
		 "1},{\"name\":\"p\",\"every_ns\":1}]}}\n",
		 "of its own"},
		{"{\"e\":\"run\",\"version\":1,\"plan\":{\"objectives\":[{\"kind\":\"detect\","
		 "\"channel\":\"p\",\"within_ns\":1}]}}\n",
		 "no signal"},
		{RUN "not json\n" SAMPLE, "line 2: not a JSON object"},
		{RUN "{\"t\":1}\n", "no `e`"},
		{RUN "{\"e\":\"sample\",\"rep\":1,\"p\":\"q\",\"due\":1,\"o\":\"ok\"}\n",
		 "unknown probe"},
		{RUN "{\"e\":\"sample\",\"rep\":2,\"p\":\"p\",\"due\":1,\"o\":\"ok\"}\n",
		 "unknown repetition"},
		{RUN "{\"e\":\"sample\",\"rep\":1,\"p\":\"p\",\"due\":1,\"o\":\"fine\"}\n",
		 "unknown outcome"},
		{RUN "{\"e\":\"sample\",\"rep\":1,\"p\":\"p\",\"due\":9,\"done\":1,\"o\":\"ok\"}\n",
		 "out of order"},
		{RUN "{\"e\":\"phase\",\"rep\":1}\n", "`t` is missing"},
		{RUN "{\"e\":\"phase\",\"t\":9223372036854775807,\"rep\":1}\n", "out of range"},
		{RUN "{\"e\":\"phase\",\"t\":1,\"t\":2,\"rep\":1}\n" SAMPLE, "duplicate"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct ord_timeline t = {.lines = 4711};
		struct ord_err err;

		if (!read_text(table[i].text, strlen(table[i].text), &t, &err))
			fail_msg("taken: %s", table[i].text);
		if (!strstr(err.msg, table[i].why))
			fail_msg("'%s' does not say '%s'", err.msg, table[i].why);
		assert_int_equal(err.code, ORD_USAGE);
		assert_int_equal(t.lines, 4711);
	}
}

static void an_empty_file(void **state)
{
	struct ord_timeline t;
	struct ord_err err;
	FILE *in = fopen("/dev/null", "re");

	assert_int_equal(ord_timeline_read(in, &t, &err), -1);
	assert_string_equal(err.msg, "the timeline is empty");
	(void)fclose(in);
}

/* 9 MiB without a newline: refused, not kept. */
static void an_endless_line(void **state)
{
	size_t size = (size_t)9 << 20;
	char *text = malloc(size);
	struct ord_timeline t;
	struct ord_err err;

	memset(text, ' ', size);
	assert_int_equal(read_text(text, size, &t, &err), -1);
	assert_non_null(strstr(err.msg, "longer than 8 MiB"));
	free(text);
}

/* The same sample by the quick way, and with an escape that sends it the other way. */
static void both_ways_agree(void **state)
{
	static const char *const lines[] = {
		"{\"e\":\"sample\",\"t\":9,\"rep\":1,\"p\":\"p\",\"n\":3,\"due\":5,\"sent\":6,"
		"\"first\":8,\"done\":9,\"o\":\"ok\",\"good\":true,\"status\":200}",
		"{\"e\":\"sample\",\"t\":9,\"rep\":1,\"p\":\"p\",\"n\":3,\"due\":5,\"sent\":6,"
		"\"done\":9,\"o\":\"timeout\",\"good\":false,\"why\":\"no answer\"}",
		"{\"e\":\"sample\",\"t\":9,\"rep\":0,\"p\":\"p\",\"due\":5,\"o\":\"skipped\"}",
		"{\"e\":\"sample\",\"t\":9,\"rep\":1,\"p\":\"p\",\"due\":5,\"o\":\"local-error\","
		"\"good\":false}",
		"{\"o\":\"ok\",\"due\":5,\"p\":\"p\",\"rep\":1,\"e\":\"sample\",\"t\":9,\"good\":"
		"true}",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char text[2048];
		struct ord_timeline quick, slow;
		struct ord_sample a, b;
		struct ord_err err;
		int failed = 0;

		(void)snprintf(text, sizeof text, RUN "%s\n", lines[i]);
		assert_int_equal(read_text(text, strlen(text), &quick, &err), 0);
		(void)snprintf(text, sizeof text, RUN "%.*s,\"z\":[]}\n", (int)strlen(lines[i]) - 1,
			       lines[i]);
		assert_false(ord_timeline_scan(&quick, strchr(text, '\n') + 1,
					       strlen(strchr(text, '\n') + 1) - 1, &failed));
		assert_int_equal(read_text(text, strlen(text), &slow, &err), 0);
		a = ord_series_at(ord_timeline_series(&quick, i == 2 ? 0 : 1, 0), 0);
		b = ord_series_at(ord_timeline_series(&slow, i == 2 ? 0 : 1, 0), 0);
		assert_memory_equal(&a, &b, sizeof a);
		if (a.why)
			assert_string_equal(quick.why[a.why], slow.why[b.why]);
		ord_timeline_done(&quick);
		ord_timeline_done(&slow);
	}
}

/* However many reasons there are, they are kept in a table of bounded size. */
static void many_reasons(void **state)
{
	struct story s;

	begin(&s, SELF, "");
	for (int i = 0; i < 1000; i++)
		say(&s,
		    "{\"e\":\"sample\",\"rep\":1,\"p\":\"orders\",\"due\":%d,\"o\":\"wrong\","
		    "\"good\":false,\"why\":\"reason %d\"}\n",
		    i, i);
	finish(&s, 25000, "complete");
	assert_int_equal(read_story(&s), 0);
	assert_int_equal(s.t.n_why, 254);
	assert_int_equal(s.t.n_samples, 1000);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_is_said),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(an_empty_file),
		cmocka_unit_test(an_endless_line),
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(many_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
