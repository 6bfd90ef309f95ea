/* Lines of logs: bounded, however they arrive, and fit for a report, whatever is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/rng.h"
#include "scheduler/run/log_lines.h"

struct heard {
	char all[2 * LOG_LINE_MAX];
	size_t n, stop_after;
};

static bool hear(void *arg, const char *text)
{
	struct heard *h = arg;
	size_t used = strlen(h->all);

	(void)snprintf(h->all + used, sizeof h->all - used, "%s|", text);
	return ++h->n != h->stop_after;
}

static void feed_all(struct log_lines *l, const char *data, size_t size, size_t step,
		     struct heard *h)
{
	for (size_t at = 0; at < size; at += step)
		(void)log_lines_feed(l, data + at, size - at < step ? size - at : step, hear, h);
}

/* The same lines, in whatever pieces they come. */
static void pieces(void **state)
{
	static const char data[] = "half\nfirst\n\nwith a \0 in it\nlast\nopen";

	for (size_t step = 1; step < sizeof data; step++) {
		struct log_lines l = {.skip = true};
		struct heard h = {0};

		feed_all(&l, data, sizeof data - 1, step, &h);
		assert_string_equal(h.all, "first||with a   in it|last|");
		assert_int_equal(l.n, 4);
	}
}

static void long_line(void **state)
{
	static char data[3 * LOG_LINE_MAX];
	struct log_lines l = {0};
	struct heard h = {0};

	memset(data, 'x', sizeof data);
	data[sizeof data - 1] = '\n';
	feed_all(&l, data, sizeof data, 1000, &h);
	assert_int_equal(h.n, 1);
	assert_int_equal(strlen(h.all), LOG_LINE_MAX + 1);
}

/* Who is told to stop takes no more than that line. */
static void stops(void **state)
{
	struct log_lines l = {0};
	struct heard h = {.stop_after = 2};

	assert_int_equal(log_lines_feed(&l, "a\nb\nc\n", 6, hear, &h), 4);
	assert_int_equal(log_lines_feed(&l, "c\n", 2, hear, &h), 2);
	assert_string_equal(h.all, "a|b|c|");
}

static void texts(void **state)
{
	static const struct {
		const char *line, *shown;
	} cases[] = {
		{"plain", "plain"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8c",
		 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8c"},
		{"\033[2Jgone\a\177", " [2Jgone  "},
		{"\xc2\x9b"
		 "31m",
		 " 31m"},
		{"\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", "??????????"},
		{"cut \xe2\x82", "cut ??"},
	};
	char out[LOG_TEXT_MAX], line[LOG_LINE_MAX + 1];
	struct ord_rng rng;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(log_text(cases[i].line, out), cases[i].shown);
	/* Anything at all is a text that JSON takes. */
	ord_rng_init(&rng, 7);
	for (int i = 0; i < 5000; i++) {
		size_t n = (size_t)ord_rng_below(&rng, sizeof line);
		json_t *text;

		for (size_t k = 0; k < n; k++)
			line[k] = (char)(1 + ord_rng_below(&rng, 255));
		line[n] = '\0';
		text = json_string(log_text(line, out));
		assert_non_null(text);
		json_decref(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(long_line),
		cmocka_unit_test(stops),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
