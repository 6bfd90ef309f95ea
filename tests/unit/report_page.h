/* The written formats, and a judge of what is in them. */
#ifndef ORDEAL_TESTS_REPORT_PAGE_H
#define ORDEAL_TESTS_REPORT_PAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <string.h>

#include <cmocka.h>

#include "reports/write/write.h"
#include "tests/unit/report_story.h"

typedef int writer(const struct ord_analysis *a, FILE *out, struct ord_err *err);

static writer *const writers[] = {ord_write_json,     ord_write_md,	     ord_write_html,
				  ord_write_junit,    ord_write_openmetrics, ord_write_history,
				  ord_write_textfile, ord_write_otlp,	     ord_write_cloudevents,
				  ord_write_grafana};
#define WRITERS (sizeof writers / sizeof *writers)

/* Not inlined: gcc 12 takes the stream's text for a local that has gone. */
__attribute__((noinline, unused)) static char *written(const struct ord_analysis *a, writer *w)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct ord_err err;

	assert_int_equal(w(a, f, &err), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static inline void tell(struct story *s, int reps)
{
	char extra[64];

	(void)snprintf(extra, sizeof extra, ",\"repetitions\":%d", reps);
	begin(s, DETECT "," SELF "," AFTER, extra);
	for (int i = 1; i <= reps; i++) {
		int64_t at = (i - 1) * 30000;

		events(s, i, at);
		samples(s, i, "orders", at, at + 5100, 5, 'g');
		samples(s, i, "orders", at + 5100, at + 6000, 1000, 't');
		samples(s, i, "orders", at + 6000, at + 6300, 10, 's');
		samples(s, i, "orders", at + 6300, at + (i == 2 ? 16000 : 7000), 1, 'r');
		samples(s, i, "orders", at + (i == 2 ? 16000 : 7000), at + 25000, 12, 'g');
		samples(s, i, "stock", at, at + 25000, 1, 'g');
		samples(s, i, "breaker", at, at + 6000, 2, 'w');
		samples(s, i, "breaker", at + 6000, at + 16000, 2, 'g');
		samples(s, i, "breaker", at + 16000, at + 25000, 2, 'w');
	}
	say(s, "{\"e\":\"note\",\"t\":100,\"text\":\"<b>&amp; | `x` \\u0001\\u00e9\"}\n");
	finish(s, reps * 30000, "complete");
	if (read_story(s))
		fail_msg("%s", s->err.msg);
}

/* ---- a small judge of XML: names match, attributes are quoted once, text is escaped */

struct xml {
	const char *p;
	char stack[64][64];
	size_t depth;
	bool html; /* elements without an end tag, a doctype */
};

static inline bool is_void(const char *name)
{
	return !strcmp(name, "meta") || !strcmp(name, "br") || !strcmp(name, "wbr");
}

static inline void read_name(struct xml *x, char out[64])
{
	size_t n = 0;

	while (n < 63 &&
	       (isalnum((unsigned char)*x->p) || *x->p == '-' || *x->p == '_' || *x->p == ':'))
		out[n++] = *x->p++;
	out[n] = 0;
	assert_true(n > 0);
}

static inline void check_entity(const char *p)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strncmp(p, known[i], strlen(known[i])))
			return;
	fail_msg("not an entity: %.20s", p);
}

static inline void attributes(struct xml *x)
{
	char seen[24][64];
	size_t n = 0;

	while (isspace((unsigned char)*x->p)) {
		while (isspace((unsigned char)*x->p))
			x->p++;
		if (*x->p == '/' || *x->p == '>' || *x->p == '?')
			return;
		read_name(x, seen[n]);
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(seen[i], seen[n]);
		n++;
		assert_int_equal(*x->p++, '=');
		assert_int_equal(*x->p++, '"');
		for (; *x->p != '"'; x->p++) {
			assert_true(*x->p && *x->p != '<');
			if (*x->p == '&')
				check_entity(x->p);
		}
		x->p++;
	}
}

static inline void element(struct xml *x)
{
	char name[64];

	if (x->p[1] == '?' || x->p[1] == '!') {
		x->p = strchr(x->p, '>') + 1;
		return;
	}
	if (x->p[1] == '/') {
		x->p += 2;
		read_name(x, name);
		assert_true(x->depth > 0);
		assert_string_equal(name, x->stack[--x->depth]);
		assert_int_equal(*x->p++, '>');
		return;
	}
	x->p++;
	read_name(x, name);
	attributes(x);
	if (*x->p == '/') {
		assert_int_equal(x->p[1], '>');
		x->p += 2;
		return;
	}
	assert_int_equal(*x->p++, '>');
	if (x->html && is_void(name))
		return;
	assert_true(x->depth < 64);
	(void)snprintf(x->stack[x->depth++], 64, "%s", name);
	if (x->html && (!strcmp(name, "style") || !strcmp(name, "script")))
		x->p = strstr(x->p, "</");
}

static inline void well_formed(const char *text, bool html)
{
	struct xml x = {.p = text, .html = html};

	while (*x.p) {
		unsigned char c = (unsigned char)*x.p;

		assert_true(c >= 0x20 || c == '\n' || c == '\t' || c == '\r');
		if (c == '<') {
			element(&x);
			continue;
		}
		assert_int_not_equal(c, '>');
		if (c == '&')
			check_entity(x.p);
		x.p++;
	}
	assert_int_equal(x.depth, 0);
}

static inline size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The value of the first attribute of that name after `from`. */
static inline const char *attribute(const char *from, const char *name, char out[64])
{
	char key[32];
	const char *p;

	(void)snprintf(key, sizeof key, " %s=\"", name);
	p = strstr(from, key);
	assert_non_null(p);
	(void)snprintf(out, 64, "%.*s", (int)strcspn(p + strlen(key), "\""), p + strlen(key));
	return out;
}

/* junit-10.xsd, as far as we write it, and what GitLab and Jenkins trip over. */
static inline void junit_rules(const char *text)
{
	static const char *const children[] = {"skipped",    "error",	   "failure",
					       "system-out", "testcase",   "testsuite",
					       "testsuites", "properties", "property"};
	const char *p = text;
	char names[64][64], value[64];
	size_t n = 0;

	well_formed(text, false);
	while ((p = strchr(p, '<'))) {
		bool known = p[1] == '?' || p[1] == '/';

		for (size_t i = 0; i < sizeof children / sizeof *children; i++)
			known |= !strncmp(p + 1, children[i], strlen(children[i]));
		if (!known)
			fail_msg("not in the schema: %.20s", p);
		if (!strncmp(p, "<testcase ", 10)) {
			attribute(p, "name", names[n]);
			assert_null(strpbrk(names[n], "0123456789"));
			for (size_t i = 0; i < n; i++)
				assert_string_not_equal(names[i], names[n]);
			n++;
		}
		p++;
	}
	p = strstr(text, "<testsuite ");
	assert_int_equal(strtoul(attribute(p, "tests", value), NULL, 10), n);
	assert_int_equal(strtoul(attribute(p, "failures", value), NULL, 10),
			 occurrences(text, "<failure "));
	assert_int_equal(strtoul(attribute(p, "errors", value), NULL, 10),
			 occurrences(text, "<error "));
	assert_int_equal(strtoul(attribute(p, "skipped", value), NULL, 10),
			 occurrences(text, "<skipped "));
	attribute(p, "time", value);
	assert_non_null(strchr(value, '.'));
	assert_true(strlen(strchr(value, '.')) <= 4);
	assert_null(strchr(value, ','));
	/* <testsuites> may not have `skipped`, a case may not have properties */
	p = strstr(text, "<testsuites ");
	assert_true(strstr(p, " skipped=") > strchr(p, '>'));
	assert_int_equal(occurrences(text, "<properties>"), 1);
}

#endif
