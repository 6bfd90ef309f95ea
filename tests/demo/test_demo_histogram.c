#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "histogram.h"

static void test_small_values_are_exact(void **state)
{
	struct histogram h = {0};

	for (uint64_t us = 1; us <= 60; us++)
		histogram_add(&h, us);
	assert_int_equal(histogram_quantile(&h, 0.5), 30);
	assert_int_equal(histogram_quantile(&h, 1), 60);
}

/* Each value alone: its quantile is itself or the end of its bucket, at most 1/64 above. */
static void test_error_is_bounded(void **state)
{
	for (uint64_t us = 1; us < UINT64_C(10000000000); us += us / 7 + 1) {
		struct histogram h = {0};
		uint64_t got;

		histogram_add(&h, us);
		histogram_add(&h, 2 * us); /* so that the maximum does not cap it */
		got = histogram_quantile(&h, 0.5);
		assert_true(got >= us && got <= us + us / 64);
	}
}

static void test_empty(void **state)
{
	struct histogram h = {0};

	assert_int_equal(histogram_quantile(&h, 0.99), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_error_is_bounded),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
