/* Lines of the journal, and the histogram of lateness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/serve/late.h"
#include "scheduler/serve/record.h"

/* RFC 3720, B.4, and the check value of every catalogue of sums. */
static void test_sum(void **state)
{
	static const unsigned char zeros[32] = {0};

	assert_int_equal(record_sum("123456789", 9), 0xe3069283);
	assert_int_equal(record_sum(zeros, sizeof zeros), 0x8a9136aa);
	assert_int_equal(record_sum("", 0), 0);
}

static void test_every_changed_bit_is_seen(void **state)
{
	json_t *record = json_pack("{s:s,s:I}", "c", "claim", "k", (json_int_t)42), *back;
	size_t size;
	char *line = record_write(record, &size);

	assert_non_null(line);
	assert_string_equal(line + 8, " {\"c\":\"claim\",\"k\":42}\n");
	back = record_read(line, size - 1);
	assert_true(json_equal(back, record));
	json_decref(back);
	for (size_t bit = 0; bit < 8 * (size - 1); bit++) {
		line[bit / 8] = (char)(line[bit / 8] ^ 1 << bit % 8);
		assert_null(record_read(line, size - 1));
		line[bit / 8] = (char)(line[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t n = 0; n < size - 1; n++)
		assert_null(record_read(line, n));
	free(line);
	json_decref(record);
}

static void test_lateness(void **state)
{
	struct late l = {0};
	json_t *json;

	assert_int_equal(late_quantile(&l, 990000), 0);
	for (uint64_t us = 1; us <= 1000; us++)
		late_add(&l, us * 1000);
	/* An upper bound, and at most a sixteenth above. */
	assert_in_range(late_quantile(&l, 500000), 500000, 531250);
	assert_in_range(late_quantile(&l, 990000), 990000, 1000000);
	assert_int_equal(late_quantile(&l, 1000000), 1000000);
	late_add(&l, UINT64_MAX / 2);
	late_add(&l, 0);
	json = late_json(&l);
	assert_int_equal(json_integer_value(json_object_get(json, "n")), 1002);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(json, "buckets"), 8), "n")),
			 1001);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_every_changed_bit_is_seen),
		cmocka_unit_test(test_lateness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
