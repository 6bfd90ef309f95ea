#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "breaker.h"
#include "util.h"

static struct breaker fresh(void)
{
	return (struct breaker){.enabled = true, .failures = 5, .trials = 2, .open_ns = S};
}

static void call(struct breaker *b, bool good, uint64_t now)
{
	enum breaker_pass pass = breaker_ask(b, now);

	assert_int_not_equal(pass, BREAKER_REFUSED);
	breaker_result(b, pass, good, now);
}

static void fail_calls(struct breaker *b, unsigned n, uint64_t now)
{
	while (n--)
		call(b, false, now);
}

static void test_opens_at_the_fifth_of_ten(void **state)
{
	struct breaker b = fresh();

	for (int i = 0; i < 4; i++) {
		call(&b, false, 1);
		call(&b, true, 1);
	}
	assert_int_equal(b.state, BREAKER_CLOSED);
	call(&b, false, 1);
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(b.opened, 1);
}

static void test_old_failures_are_forgotten(void **state)
{
	struct breaker b = fresh();

	fail_calls(&b, 4, 1);
	for (int i = 0; i < BREAKER_WINDOW; i++)
		call(&b, true, 1);
	fail_calls(&b, 4, 1);
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void test_open_refuses_until_its_time(void **state)
{
	struct breaker b = fresh();

	fail_calls(&b, 5, 7);
	assert_int_equal(breaker_ask(&b, 7 + S - 1), BREAKER_REFUSED);
	assert_int_equal(breaker_ask(&b, 7 + S), BREAKER_TRIAL);
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	assert_int_equal(breaker_ask(&b, 7 + S), BREAKER_REFUSED); /* one trial at a time */
}

static void test_two_good_trials_close(void **state)
{
	struct breaker b = fresh();

	fail_calls(&b, 5, 0);
	call(&b, true, S);
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	call(&b, true, S);
	assert_int_equal(b.state, BREAKER_CLOSED);
	fail_calls(&b, 4, S); /* and the slate is clean */
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void test_a_bad_trial_opens_again(void **state)
{
	struct breaker b = fresh();

	fail_calls(&b, 5, 0);
	call(&b, true, S);
	call(&b, false, S);
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(breaker_ask(&b, 2 * S - 1), BREAKER_REFUSED);
	call(&b, true, 2 * S);
	call(&b, true, 2 * S); /* the good trial from before does not count */
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_int_equal(b.opened, 2);
}

static void test_late_results_say_nothing(void **state)
{
	struct breaker b = fresh();
	enum breaker_pass slow = breaker_ask(&b, 0);

	fail_calls(&b, 5, 0);
	breaker_result(&b, slow, false, S / 2);
	assert_int_equal(breaker_ask(&b, S), BREAKER_TRIAL);
	breaker_result(&b, slow, false, S);
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	breaker_result(&b, slow, true, S);
	assert_int_equal(b.good_trials, 0);
}

static void test_an_abandoned_trial_makes_room(void **state)
{
	struct breaker b = fresh();

	fail_calls(&b, 5, 0);
	breaker_forget(&b, breaker_ask(&b, S));
	assert_int_equal(breaker_ask(&b, S), BREAKER_TRIAL);
}

static void test_switched_off(void **state)
{
	struct breaker b = fresh();

	b.enabled = false;
	fail_calls(&b, 100, 0);
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_string_equal(breaker_name(&b), "off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_at_the_fifth_of_ten),
		cmocka_unit_test(test_old_failures_are_forgotten),
		cmocka_unit_test(test_open_refuses_until_its_time),
		cmocka_unit_test(test_two_good_trials_close),
		cmocka_unit_test(test_a_bad_trial_opens_again),
		cmocka_unit_test(test_late_results_say_nothing),
		cmocka_unit_test(test_an_abandoned_trial_makes_room),
		cmocka_unit_test(test_switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
