#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {{"200ms", 200000000}, {"1.5s", 1500000000},	 {"10us", 10000},
		    {"2m", 120000000000}, {"1h", 3600000000000}, {"0", 0},
		    {"7ns", 7},		  {"0.5ms", 500000}};
	static const char *const bad[] = {
		"", "5", "ms", "-1s", "1.0000000001s", "1 s", "1S", "9999999999999d", "1.2.3s"};
	struct ord_err err;
	char text[32];
	int64_t ns = 0, again;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(ord_parse_duration(good[i].text, &ns, &err), 0);
		assert_int_equal(ns, good[i].ns);
		if (!ns)
			continue;
		assert_int_equal(ord_parse_duration(ord_format_duration(ns, text), &again, &err),
				 0);
		assert_int_equal(again, ns);
	}
	ns = 42;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(ord_parse_duration(bad[i], &ns, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_int_equal(ns, 42);
	}
}

static void sizes_and_shares(void **state)
{
	struct ord_err err;
	char text[32];
	int64_t v;

	assert_int_equal(ord_parse_size("64KiB", &v, &err), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(ord_parse_size("10MB", &v, &err), 0);
	assert_int_equal(v, 10000000);
	assert_int_equal(ord_parse_size("1.5G", &v, &err), 0);
	assert_int_equal(v, 1610612736);
	assert_int_equal(ord_parse_size("0.3B", &v, &err), -1);
	assert_int_equal(ord_parse_rate("2MB/s", &v, &err), 0);
	assert_int_equal(v, 2000000);
	assert_int_equal(ord_parse_rate("20Mbit/s", &v, &err), 0);
	assert_int_equal(v, 2500000);
	assert_int_equal(ord_parse_rate("0.5kbit/s", &v, &err), -1); /* 62.5 bytes */
	assert_int_equal(ord_parse_rate("20Mbit", &v, &err), -1);
	assert_int_equal(ord_parse_rate("2MB", &v, &err), -1);
	assert_int_equal(ord_parse_rate("/s", &v, &err), -1);
	assert_int_equal(v, 2500000);
	assert_int_equal(ord_parse_percent("0.5%", &v, &err), 0);
	assert_int_equal(v, 5000);
	assert_string_equal(ord_format_percent(5000, text), "0.5%");
	assert_string_equal(ord_format_percent(1000000, text), "100%");
	assert_string_equal(ord_format_percent(250000, text), "25%");
	assert_int_equal(ord_parse_percent("0.00001", &v, &err), -1);
	assert_int_equal(ord_parse_ratio("0.99", &v, &err), 0);
	assert_int_equal(v, 990000);
	assert_int_equal(ord_parse_decimal("-0.000001", &v, &err), 0);
	assert_int_equal(v, -1);
	assert_string_equal(ord_format_decimal(v, text), "-0.000001");
	assert_int_equal(ord_parse_decimal("120", &v, &err), 0);
	assert_string_equal(ord_format_decimal(v, text), "120");
	assert_string_equal(ord_format_decimal(INT64_MIN, text), "-9223372036854.775808");
	assert_string_equal(ord_format_decimal(0, text), "0");
	assert_int_equal(ord_parse_decimal("0.0000001", &v, &err), -1);
	assert_int_equal(ord_parse_decimal("10000000000000", &v, &err), -1);
	assert_int_equal(ord_parse_decimal("-", &v, &err), -1);
	assert_int_equal(ord_parse_decimal("1e3", &v, &err), -1);
	assert_int_equal(ord_parse_int("12x", 0, 100, &v, &err), -1);
	assert_int_equal(ord_parse_int("101", 0, 100, &v, &err), -1);
}

static void for_people(void **state)
{
	char text[32];

	assert_string_equal(ord_human_duration(12031000000, text), "12.0 s");
	assert_string_equal(ord_human_duration(98400000, text), "98.4 ms");
	assert_string_equal(ord_human_duration(310400, text), "310 us");
	assert_string_equal(ord_human_duration(0, text), "0 ns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes_and_shares),
		cmocka_unit_test(for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
