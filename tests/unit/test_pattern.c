/* Regular expressions: those of any use compile, and none takes all memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/pattern.h"

static bool found(const char *pattern, int flags, const char *text)
{
	struct ord_err err;
	regex_t re;
	int rc;

	assert_int_equal(ord_pattern_compile(pattern, flags, &re, &err), 0);
	rc = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return !rc;
}

static void useful(void **state)
{
	(void)state;
	assert_true(
		found("^orders_breaker_open [0-9]+$", REG_NEWLINE, "a 1\norders_breaker_open 12"));
	assert_false(found("^orders_breaker_open [0-9]+$", 0, "a 1\norders_breaker_open 12"));
	assert_true(found("([0-9]{1,3}\\.){3}[0-9]{1,3}", 0, "from 192.0.2.17:80"));
	assert_true(found("^[][(+{]+$", 0, "[](+{"));
	assert_true(found("^[[:digit:]+]{4}\\+\\($", 0,
			  "1+2+"
			  "+("));
	assert_true(found("^(a+b+)+(c|d{2,})*$", 0, "aabbabcdddc"));
	assert_true(found("", 0, "anything"));
}

static void broken(void **state)
{
	static const char *const texts[] = {"(", "[a", "a\\", "[[:nothing:]]", "[[."};
	struct ord_err err;
	regex_t re;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(ord_pattern_compile(texts[i], 0, &re, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_true(*err.msg);
	}
}

/* depth times "(", what is repeated, depth times ")" with the repetition. */
static void nest(char *out, size_t size, unsigned depth, const char *inner, const char *repeat)
{
	size_t at = 0;

	for (unsigned i = 0; i < depth; i++)
		at += (size_t)snprintf(out + at, size - at, "(");
	at += (size_t)snprintf(out + at, size - at, "%s", inner);
	for (unsigned i = 0; i < depth; i++)
		at += (size_t)snprintf(out + at, size - at, ")%s", repeat);
	assert_true(at < size);
}

static void explosive(void **state)
{
	static const struct {
		unsigned depth;
		const char *inner, *repeat;
	} wrong[] = {{20, "a", "+"},
		     {3, "a", "{255}"},
		     {3, "a", "{1,255}"},
		     {1, "a{200}", "{200,}"},
		     {60, "[^]+]", "+"},
		     {70, "a", ""},
		     {0, "a{20001}", ""},
		     {0, "a{200}{200}", ""},
		     {0, "a{99999999999999999999}", ""}};
	char text[1024];
	struct ord_err err;
	regex_t re;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		nest(text, sizeof text, wrong[i].depth, wrong[i].inner, wrong[i].repeat);
		assert_int_equal(ord_pattern_compile(text, 0, &re, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_non_null(strstr(err.msg, "20000 parts"));
	}
}

/* The greatest that is taken stays small. */
static void greatest(void **state)
{
	struct rusage before, after;
	char text[256];
	struct ord_err err;
	regex_t re;

	(void)state;
	(void)getrusage(RUSAGE_SELF, &before);
	nest(text, sizeof text, 12, "a", "+");
	assert_int_equal(ord_pattern_compile(text, 0, &re, &err), 0);
	regfree(&re);
	assert_int_equal(ord_pattern_compile("(a{100}){190}", 0, &re, &err), 0);
	regfree(&re);
	(void)getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 100 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(useful),
		cmocka_unit_test(broken),
		cmocka_unit_test(explosive),
		cmocka_unit_test(greatest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
