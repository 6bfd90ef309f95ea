/* Label selectors: what is accepted, what is refused and where, what matches. The API server itself
 * is asked in tests/cluster/access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/selector.h"

static bool matches(const char *text, bool annotations, const char *labels)
{
	struct ord_selector *s = NULL;
	struct ord_err err = {0};
	json_t *json = labels ? json_loads(labels, 0, NULL) : NULL;
	bool yes;

	if (ord_selector_parse(text, annotations, &s, &err))
		fail_msg("'%s': %s", text, err.msg);
	yes = ord_selector_matches(s, json);
	ord_selector_free(s);
	json_decref(json);
	return yes;
}

static void test_matches(void **state)
{
	static const struct {
		const char *selector, *labels;
		bool yes;
	} cases[] = {
		{"", "{}", true},
		{"", NULL, true},
		{"  ", "{\"a\":\"b\"}", true},
		{"a", "{\"a\":\"\"}", true},
		{"a", "{}", false},
		{"a", NULL, false},
		{"!a", "{}", true},
		{"!a", NULL, true},
		{"! a", "{\"a\":\"b\"}", false},
		{"a=b", "{\"a\":\"b\"}", true},
		{"a==b", "{\"a\":\"b\"}", true},
		{"a = b , c", "{\"a\":\"b\",\"c\":\"\"}", true},
		{"a=b,c", "{\"a\":\"b\"}", false},
		{"a=", "{\"a\":\"\"}", true},
		{"a=", "{}", false},
		{"a=,b=c", "{\"a\":\"\",\"b\":\"c\"}", true},
		{"a!=b", "{\"a\":\"c\"}", true},
		{"a!=b", "{}", true}, /* no label is another value */
		{"a!=b", "{\"a\":\"b\"}", false},
		{"a!=", "{\"a\":\"\"}", false},
		{"a in (b,c)", "{\"a\":\"c\"}", true},
		{"a in (b,c)", "{\"a\":\"d\"}", false},
		{"a in (b,c)", "{}", false},
		{"a in(b , c )", "{\"a\":\"b\"}", true},
		{"a in ()", "{\"a\":\"\"}", true},
		{"a in ()", "{\"a\":\"b\"}", false},
		{"a in (b,)", "{\"a\":\"\"}", true},
		{"a in (,b)", "{\"a\":\"b\"}", true},
		{"a in (b,,c)", "{\"a\":\"\"}", true},
		{"a notin (b)", "{\"a\":\"c\"}", true},
		{"a notin (b)", "{}", true},
		{"a notin (b)", "{\"a\":\"b\"}", false},
		{"in in (in,notin)", "{\"in\":\"notin\"}", true},
		{"notin", "{\"notin\":\"\"}", true},
		{"a=in", "{\"a\":\"in\"}", true},
		{"n>5", "{\"n\":\"6\"}", true},
		{"n>5", "{\"n\":\"5\"}", false},
		{"n > 5", "{\"n\":\"x\"}", false},
		{"n<5", "{\"n\":\"-3\"}", true},
		{"n<5", "{\"n\":\"007\"}", false},
		{"n<5", "{}", false},
		{"n>5", "{\"n\":\"99999999999999999999\"}", false},
		{"example.com/a-b_c.d=X_1", "{\"example.com/a-b_c.d\":\"X_1\"}", true},
		{"a=b", "{\"a\":5}", false}, /* no label is a number: nothing to match */
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++)
		if (matches(cases[i].selector, false, cases[i].labels) != cases[i].yes)
			fail_msg("'%s' on %s", cases[i].selector,
				 cases[i].labels ? cases[i].labels : "nothing");
}

static void test_annotations(void **state)
{
	assert_true(matches("Example.com/x=any:thing/at+all", true,
			    "{\"Example.com/x\":\"any:thing/at+all\"}"));
	assert_true(matches("a=\"b, c \\\"d\\\" \\\\\"", true, "{\"a\":\"b, c \\\"d\\\" \\\\\"}"));
	assert_true(matches("a in ('x=1', \"y)\")", true, "{\"a\":\"y)\"}"));
	assert_true(matches("a=''", true, "{\"a\":\"\"}"));
	assert_false(matches("a='b'", true, "{\"a\":\"'b'\"}"));
	assert_true(matches("a>3", true, "{\"a\":\"4\"}"));
	/* A quoted word is no operator. */
	assert_true(matches("a=\"in\"", true, "{\"a\":\"in\"}"));
}

static void test_refused(void **state)
{
	static const struct {
		const char *selector;
		bool annotations;
		const char *column, *says;
	} cases[] = {
		{",a", false, "column 1:", "a key or '!'"},
		{"a,", false, "column 3:", "it ends here"},
		{"a,,b", false, "column 3:", "found ','"},
		{"a b", false, "column 3:", "one of = == != in notin > <"},
		{"a=b c", false, "column 5:", "',' or the end"},
		{"a in b", false, "column 6:", "'('"},
		{"a in (b", false, "column 8:", "it ends here"},
		{"a in (b c)", false, "column 9:", "',' or ')'"},
		{"a in (b=c)", false, "column 8:", "',' or ')'"},
		{"a notin", false, "column 8:", "'('"},
		{"!a=b", false, "column 3:", "',' or the end"},
		{"!", false, "column 2:", "a key"},
		{"!!a", false, "column 2:", "a key"},
		{"a=(b)", false, "column 3:", "a value"},
		{"a==!b", false, "column 4:", "a value"},
		{"a>x", false, "column 3:", "integer"},
		{"a>", false, "column 3:", "integer"},
		{"a<99999999999999999999", false, "column 3:", "integer"},
		{"-a", false, "column 1:", "is no key"},
		{"a/b/c", false, "column 1:", "is no key"},
		{"/b", false, "column 1:", "DNS name"},
		{"a..b/c", false, "column 1:", "DNS name"},
		{"A.b/c", false, "column 1:", "DNS name"},
		{"x,a=b$", false, "column 5:", "no label's value"},
		{"a in (ok,-no)", false, "column 10:", "no label's value"},
		{"a=0123456789012345678901234567890123456789012345678901234567890123", false,
		 "column 3:", "at most 63"},
		{"a0123456789012345678901234567890123456789012345678901234567890123", false,
		 "column 1:", "at most 63"},
		{"a='b'", false, "column 3:", "no label's value"},
		{"a='b", true, "column 3:", "not closed"},
		{"a=\"b\\", true, "column 3:", "not closed"},
		{"a=b \"c\"", true, "column 5:", "',' or the end"},
		{"a 'in' (b)", true, "column 3:", "one of"},
		{"'a b'=c", true, "column 1:", "is no key"},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		struct ord_selector *s = (struct ord_selector *)&s;
		struct ord_err err = {0};

		if (!ord_selector_parse(cases[i].selector, cases[i].annotations, &s, &err))
			fail_msg("'%s' is accepted", cases[i].selector);
		assert_ptr_equal(s, &s); /* untouched */
		assert_int_equal(err.code, ORD_USAGE);
		if (!strstr(err.msg, cases[i].column) || !strstr(err.msg, cases[i].says))
			fail_msg("'%s': %s", cases[i].selector, err.msg);
	}
}

static void test_long(void **state)
{
	char text[70000];
	struct ord_selector *s;
	struct ord_err err;

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(ord_selector_parse(text, false, &s, &err), -1);
	assert_non_null(strstr(err.msg, "65536"));
}

static void test_where(void **state)
{
	struct ord_selector *s = NULL;
	struct ord_err err = {0};
	size_t at = 0;

	assert_int_equal(ord_selector_parse_at("app in (a", false, &s, &at, &err), -1);
	assert_int_equal(at, 9);
	assert_string_equal(err.msg, "it ends here, where ',' or ')' should stand");
	assert_int_equal(ord_selector_parse_at("x,a=b$", false, &s, &at, &err), -1);
	assert_int_equal(at, 4);
	assert_null(s);
	assert_int_equal(ord_selector_parse_at("a", false, &s, &at, &err), 0);
	ord_selector_free(s);
}

static void count_field(void *arg, const char *field, size_t size)
{
	char *all = arg;

	(void)strncat(all, field, size);
	(void)strncat(all, " ", 2);
}

static void test_fields(void **state)
{
	static const struct {
		const char *text, *names; /* NULL: refused... */
		size_t at;		  /* ...here */
	} cases[] = {
		{"a=b", "a ", 0},
		{"status.phase==Running,spec.nodeName!=x", "status.phase spec.nodeName ", 0},
		{"a=", "a ", 0},
		{"a=b\\,c,d=e\\=f\\\\", "a d ", 0},
		{"", NULL, 0},
		{"a", NULL, 0},
		{"a=b,", NULL, 4},
		{"a=b,c", NULL, 4},
		{"a=b,,c=d", NULL, 4},
		{"=b", NULL, 0},
		{"a!b", NULL, 0},
		{"a = b", NULL, 0},
		{"a=b=c", NULL, 3},
		{"a=b\\c", NULL, 3},
		{"a=b\\", NULL, 3},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		struct ord_err err = {0};
		char names[128] = "";
		size_t at = 0;
		int r = ord_fields_check(cases[i].text, count_field, names, &at, &err);

		if (cases[i].names ? r || strcmp(names, cases[i].names) != 0
				   : r != -1 || at != cases[i].at || err.code != ORD_USAGE)
			fail_msg("'%s': %d at %zu, '%s', %s", cases[i].text, r, at, names, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_where),
		cmocka_unit_test(test_fields),	cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
