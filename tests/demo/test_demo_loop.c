#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "loop.h"
#include "util.h"

#define TIMERS 500

static struct loop loop;
static uint64_t fired[TIMERS];
static size_t n_fired;

static void note(struct timer *timer)
{
	fired[n_fired++] = timer->due_ns;
}

static void stop(struct timer *timer)
{
	loop.stop = true;
}

/* Timers set in any order, moved and stopped, fire in the order of their instants; the stopped ones
 * do not. */
static void test_timers_fire_in_order(void **state)
{
	static struct timer timers[TIMERS];
	struct timer last = {.fire = stop};
	uint32_t random = 12345;
	uint64_t now = now_ns();

	assert_int_equal(loop_open(&loop), 0);
	for (size_t i = 0; i < 3 * TIMERS; i++) {
		random = random * 1664525 + 1013904223;
		timers[i % TIMERS].fire = note;
		timer_set(&loop, &timers[i % TIMERS], now + random % 1000);
	}
	for (size_t i = 0; i < TIMERS; i += 5)
		timer_stop(&loop, &timers[i]);
	timer_set(&loop, &last, now + 5 * MS);
	assert_int_equal(loop_run(&loop), 0);
	assert_true(now_ns() >= now + 5 * MS);
	assert_int_equal(n_fired, TIMERS - TIMERS / 5);
	for (size_t i = 1; i < n_fired; i++)
		assert_true(fired[i - 1] <= fired[i]);
	loop_close(&loop);
}

static struct watch pair[2];
static int n_ready;

static void end_both(struct watch *watch, uint32_t events)
{
	n_ready++;
	loop_unwatch(&loop, &pair[0]);
	loop_unwatch(&loop, &pair[1]);
	loop.stop = true;
}

/* Two events of one round, the first of which ends the second's watch: it must not be called. */
static void test_no_event_after_the_end(void **state)
{
	int fds[2];

	assert_int_equal(loop_open(&loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		pair[i] = (struct watch){.fd = fds[i], .ready = end_both};
		assert_int_equal(loop_watch(&loop, &pair[i], EPOLLOUT), 0);
	}
	assert_int_equal(loop_run(&loop), 0);
	assert_int_equal(n_ready, 1);
	loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_fire_in_order),
		cmocka_unit_test(test_no_event_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
