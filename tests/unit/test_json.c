/* Strict JSON: what is refused, what the getters say, and the canonical form. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/real.h"
#include "comma_locale.h"

static struct ord_err err;

static void what_is_not_strict_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "not JSON"},
		{"{", "not JSON"},
		{"{} {}", "not JSON"},
		{"7", "not JSON"},
		{"{\"a\":1,\"a\":2}", "duplicate"},
		{"{\"a\":1.5}", "not an integer"},
		{"{\"a\":[{\"b\":1e3}]}", "not an integer"},
		{"{\"a\":99999999999999999999}", "not JSON"},
		{"{\"a\":\"\\u0000\"}", "not JSON"},
		{"{\"a\":\"\xff\"}", "not JSON"},
		{"{\"a\":NaN}", "not JSON"},
		{"{\"a\":1,}", "not JSON"},
		{"[[[[[[[[[1]]]]]]]]]", "nested deeper than 8"},
	};

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		json_t *json = NULL;

		err = (struct ord_err){0};
		assert_int_equal(ord_json_parse(bad[i].text, strlen(bad[i].text),
						&ord_json_protocol, &json, &err),
				 -1);
		assert_null(json);
		assert_int_equal(err.code, ORD_USAGE);
		if (!strstr(err.msg, bad[i].why))
			fail_msg("%s: '%s' does not say '%s'", bad[i].text, err.msg, bad[i].why);
	}
}

static void limits_hold(void **state)
{
	struct ord_json_limits limits = {.size = 8, .depth = 2, .integers = false};
	ord_auto(json) json_t *json = NULL;

	assert_int_equal(ord_json_parse("[\"[[[\"]", 7, &limits, &json, &err),
			 0); /* brackets in a text do not nest */
	assert_int_equal(ord_json_parse("[1,2,3,4]", 9, &limits, &json, &err), -1);
	assert_non_null(strstr(err.msg, "limit of 8"));
	assert_int_equal(ord_json_parse("[]\0[]", 5, &limits, &json, &err), -1);
}

/* A text of nothing but brackets must not cost stack. */
static void deep_nesting_is_refused_before_parsing(void **state)
{
	struct ord_json_limits limits = {.size = 4u << 20, .depth = 8};
	ord_autofree char *text = malloc(4u << 20);
	json_t *json = NULL;

	assert_non_null(text);
	memset(text, '[', 4u << 20);
	assert_int_equal(ord_json_parse(text, 4u << 20, &limits, &json, &err), -1);
	assert_non_null(strstr(err.msg, "nested deeper"));
}

static void the_dump_is_canonical(void **state)
{
	static const char *const same[] = {"{\"b\":1,\"a\":[true,null,\"x\"]}",
					   " { \"a\" : [ true , null , \"x\" ] , \"b\" : 1 } "};

	for (size_t i = 0; i < ORD_COUNT(same); i++) {
		ord_auto(json) json_t *json = NULL;
		ord_autofree char *text = NULL;

		assert_int_equal(
			ord_json_parse(same[i], strlen(same[i]), &ord_json_protocol, &json, &err),
			0);
		text = ord_json_dump(json);
		assert_string_equal(text, "{\"a\":[true,null,\"x\"],\"b\":1}");
	}
}

static json_t *sample(void)
{
	return json_pack("{s:i,s:f,s:[f,b,n],s:s,s:[],s:{},s:{s:[[i]]}}", "n", -7, "real", 2.4,
			 "of", 1e300, 1, "\u00e9\"", "a\nb", "none", "nothing", "deep", "er", 1);
}

/* Laid out as jansson does it: what it writes of everything but reals is the measure. */
static void print_into(const json_t *json, size_t flags, char *out, size_t size)
{
	FILE *f = fmemopen(out, size, "w");

	assert_non_null(f);
	assert_int_equal(ord_json_print(json, flags, f), 0);
	assert_int_equal(fclose(f), 0);
}

static void print_lays_out_as_jansson_does(void **state)
{
	static const size_t flags[] = {0, JSON_COMPACT, JSON_INDENT(1) | JSON_ENSURE_ASCII,
				       JSON_INDENT(2)};
	ord_auto(json) json_t *json = sample();

	assert_non_null(json);
	for (size_t i = 0; i < ORD_COUNT(flags); i++) {
		/* At 15 digits jansson writes these reals as briefly. */
		ord_autofree char *should = json_dumps(json, flags[i] | JSON_REAL_PRECISION(15));
		char is[512];

		print_into(json, flags[i], is, sizeof is);
		assert_string_equal(is, should);
	}
}

static void reals_are_as_short_as_they_read_back(void **state)
{
	static const struct {
		double v;
		const char *text;
	} of[] = {
		{2.4, "2.4"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1.0 / 3, "0.3333333333333333"},
		{2, "2.0"},
		{0, "0.0"},
		{-0.5, "-0.5"},
		{1e-7, "1e-7"},
		{1.5e22, "1.5e22"},
		{DBL_MAX, "1.7976931348623157e308"},
		{DBL_TRUE_MIN, "4.94065645841247e-324"},
	};
	char dir[32] = "/tmp/ordeal-comma-XXXXXX", out[ORD_REAL], is[64];
	bool comma = set_comma(dir);

	for (size_t i = 0; i < ORD_COUNT(of); i++) {
		ord_auto(json) json_t *json = json_real(of[i].v);

		assert_string_equal(ord_format_real(of[i].v, out), of[i].text);
		print_into(json, 0, is, sizeof is);
		assert_string_equal(is, of[i].text);
	}
	if (comma)
		assert_int_equal(snprintf(out, sizeof out, "%.1f", 0.5), 3);
	drop_comma(dir);
}

static void every_real_reads_back(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15, seed = bits;
	char out[ORD_REAL];
	double v;

	for (unsigned i = 0; i < 20000; i++) {
		bits = bits * 6364136223846793005u + 1442695040888963407u;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		if (strtod(ord_format_real(v, out), NULL) != v)
			fail_msg("seed %#llx: %a became %s", (unsigned long long)seed, v, out);
	}
}

static void says(int result, const char *why)
{
	assert_int_equal(result, -1);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
}

static void getters_name_the_key(void **state)
{
	static const char text[] = "{\"n\":7,\"t\":\"abc\",\"f\":true,\"l\":[1,2],\"o\":{}}";
	static const char *const keys[] = {"n", "t", "f", "l"};
	ord_auto(json) json_t *json = NULL;
	const char *t = "before";
	json_t *child = NULL;
	char copy[4];
	int64_t n = 42;
	uint64_t u = 42;
	bool f = false;

	assert_int_equal(ord_json_parse(text, strlen(text), &ord_json_protocol, &json, &err), 0);
	assert_int_equal(ord_json_int(json, "n", 0, 7, &n, &err), 0);
	assert_int_equal(n, 7);
	assert_int_equal(ord_json_uint(json, "n", 7, &u, &err), 0);
	assert_int_equal(ord_json_bool(json, "f", &f, &err), 0);
	assert_true(f);
	assert_int_equal(ord_json_copy(json, "t", copy, sizeof copy, &err), 0);
	assert_string_equal(copy, "abc");
	assert_int_equal(ord_json_array(json, "l", 2, &child, &err), 0);
	assert_int_equal(ord_json_object(json, "o", &child, &err), 0);
	n = 42;
	says(ord_json_int(json, "n", 8, 9, &n, &err), "'n' is 7, not within 8 to 9");
	says(ord_json_int(json, "t", 8, 9, &n, &err), "'t' must be an integer");
	says(ord_json_int(json, "x", 8, 9, &n, &err), "key 'x' is missing");
	assert_int_equal(n, 42);
	says(ord_json_text(json, "t", 2, &t, &err), "'t' is longer than 2");
	says(ord_json_text(json, "n", 2, &t, &err), "'n' must be a text");
	assert_string_equal(t, "before");
	says(ord_json_bool(json, "n", &f, &err), "'n' must be true or false");
	says(ord_json_array(json, "l", 1, &child, &err), "'l' has more than 1");
	says(ord_json_object(json, "l", &child, &err), "'l' must be an object");
	says(ord_json_keys(json, keys, ORD_COUNT(keys), &err), "unknown key 'o'");
	assert_int_equal(ord_json_opt_int(json, "x", 0, 1, &n, &err), 0);
	assert_int_equal(n, 42);
	says(ord_json_opt_int(json, "n", 0, 1, &n, &err), "'n' is 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_strict_is_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(deep_nesting_is_refused_before_parsing),
		cmocka_unit_test(the_dump_is_canonical),
		cmocka_unit_test(print_lays_out_as_jansson_does),
		cmocka_unit_test(reals_are_as_short_as_they_read_back),
		cmocka_unit_test(every_real_reads_back),
		cmocka_unit_test(getters_name_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
