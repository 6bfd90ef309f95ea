/* The reader: what it takes, what it refuses, and that its quick way and its JSON way agree on
 * every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reports/scan.h"
#include "tests/support/draw.h"
#include "tests/support/same_samples.h"
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

/* Reads by the quick way and by JSON alone, in chunks of so many bytes; fails where they differ.
 * True: the text was taken. */
static bool both_ways(const char *text, size_t size, size_t chunk)
{
	struct ord_timeline quick, slow;
	struct ord_err quick_err, slow_err;
	FILE *in = fmemopen((void *)(uintptr_t)text, size, "r");
	int r = ord_timeline_read_by(in, chunk, true, &quick, &quick_err);

	rewind(in);
	assert_int_equal(ord_timeline_read_by(in, 100, false, &slow, &slow_err), r);
	(void)fclose(in);
	if (r) {
		assert_string_equal(quick_err.msg, slow_err.msg);
		return false;
	}
	if (!same_samples(&quick, &slow))
		fail_msg("the ways differ: %s", text);
	ord_timeline_done(&quick);
	ord_timeline_done(&slow);
	return true;
}

#define SLOT                                                                                      \
	"{\"t\":1234567890123,\"e\":\"sample\",\"rep\":1,\"p\":\"p\",\"n\":3,\"due\":5,\"sent\":" \
	"6,"

static const char *const writers[] = {
	SLOT "\"first\":8,\"done\":900000000,\"o\":\"ok\",\"good\":true,\"status\":200}",
	SLOT "\"done\":90000000,\"o\":\"timeout\",\"good\":false,\"why\":\"no answer within 1 s\"}",
	SLOT
	"\"first\":8,\"done\":12345678,\"o\":\"wrong\",\"good\":false,\"status\":503,\"why\":\"\"}",
	SLOT "\"done\":6,\"o\":\"skipped\",\"why\":\"too many in flight\"}",
	SLOT "\"done\":6,\"o\":\"skipped\",\"good\":false}",
	SLOT "\"done\":6,\"o\":\"local-error\",\"good\":true}",
	SLOT "\"done\":123456789012345678,\"o\":\"local-error\",\"why\":\"out of memory\"}",
	SLOT "\"done\":7,\"o\":\"refused\",\"good\":false,\"since\":4}",
	SLOT
	"\"done\":7,\"o\":\"reset\",\"good\":false,\"trace\":\"0af7651916cd43dd8448eb211c80319c\"}",
};

static void the_writers_shape_goes_the_quick_way(void **state)
{
	struct ord_tl_probe probes[] = {{.name = "o"}, {.name = "p"}};
	const struct ord_timeline t = {.probes = probes, .n_probes = 2, .repetitions = 1};
	struct ord_scan scan = {.t = &t};

	for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
		char text[1024 + ORD_SCAN_SLACK] = "", line[1024];
		struct ord_scanned one;

		(void)snprintf(text, sizeof text, "\n%s\n", writers[i]);
		assert_true(ord_scan_sample(&scan, text, 1, &one));
		assert_int_equal(one.len, strlen(writers[i]));
		assert_int_equal(one.probe, 1);
		assert_int_equal(one.s.due, 5);
		(void)snprintf(line, sizeof line, RUN "%s\n", writers[i]);
		assert_true(both_ways(line, strlen(line), 4096));
	}
}

/* Lines that are nearly the writer's: whatever a byte more, less or other makes of them, the
 * scanner and the JSON parser say the same of it. */
static void nearly_the_writers_shape(void **state)
{
	static const char bytes[] = "\"\\{}[],:0123456789-+.eE tfnu\n\x01\x7f\xc3\xa9pok";
	uint64_t seed = 88172645463325252u;
	size_t taken = 0;

	for (int i = 0; i < 6000; i++) {
		char line[1024], text[4096];
		size_t n =
			(size_t)snprintf(line, sizeof line, "%s",
					 writers[(size_t)i % (sizeof writers / sizeof *writers)]);

		for (int k = 0; k <= i % 2; k++) {
			size_t at = draw(&seed) % n;
			char byte = bytes[draw(&seed) % (sizeof bytes - 1)];

			switch (draw(&seed) % 3) {
			case 0:
				line[at] = byte;
				break;
			case 1:
				memmove(line + at, line + at + 1, n-- - at);
				break;
			default:
				memmove(line + at + 1, line + at, ++n - at);
				line[at] = byte;
				break;
			}
		}
		n = (size_t)snprintf(text, sizeof text, RUN SAMPLE "%s\n" SAMPLE, line);
		taken += both_ways(text, n, 1 + draw(&seed) % 600);
	}
	/* Else the test would only compare refusals. */
	assert_true(taken > 300);
}

/* Many chunks, and two threads that take turns at them: the same samples. */
static void however_it_is_cut(void **state)
{
	static const size_t chunks[] = {1, 7, 100, 1000, 65536, 1 << 20};
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	(void)fputs(RUN, out);
	for (int i = 0; i < 5000; i++) {
		int sent = i * 10 + (i * 7919) % 400;

		(void)fprintf(
			out,
			"{\"t\":%d,\"e\":\"sample\",\"rep\":%d,\"p\":\"p\",\"n\":%d,\"due\":%d,"
			"\"sent\":%d,\"done\":%d,\"o\":\"%s\"%s}\n",
			sent + 900, i % 997 != 0, i, i * 10, sent, sent + 900,
			i % 50 ? "ok" : "wrong",
			i % 50	? ",\"good\":true"
			: i % 4 ? ",\"good\":false,\"why\":\"status 503\""
				: ",\"good\":false,\"why\":\"caf\\u00e9\"");
		if (i % 700 == 0)
			(void)fputs("{\"e\":\"note\",\"t\":1,\"text\":\"x\"}\n", out);
	}
	(void)fputs("{\"e\":\"end\",\"t\":1", out);
	(void)fclose(out);
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++)
		assert_true(both_ways(text, size, chunks[i]));
	free(text);
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
		cmocka_unit_test(the_writers_shape_goes_the_quick_way),
		cmocka_unit_test(nearly_the_writers_shape),
		cmocka_unit_test(however_it_is_cut),
		cmocka_unit_test(many_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
