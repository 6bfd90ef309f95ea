/* The holder's client against programs that speak, break and leave the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ordeal/run.h"

static char script[64];

/* Makes the injector a shell script with this body. */
static void injector_is(const char *body)
{
	int fd = open(script, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh\n%s\n", body) > 0);
	assert_int_equal(close(fd), 0);
}

static struct ord_holder *spawned(void)
{
	struct ord_holder *h = NULL;
	struct ord_err err = {0};

	if (ord_holder_spawn(ORD_PROGRAM_HOST, false, &h, &err) < 0)
		fail_msg("%s", err.msg);
	return h;
}

static void assert_event(struct ord_holder *h, const char *name)
{
	struct ord_err err = {0};
	json_t *event = NULL;

	if (ord_holder_wait(h, 5 * ORD_S, &event, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(json_string_value(json_object_get(event, "event")), name);
	json_decref(event);
}

static void speaks(void **state)
{
	struct ord_err err = {0};
	json_t *event = (json_t *)&err,
	       *request = json_pack("{s:i, s:s}", "protocol", 1, "op", "status");
	struct ord_holder *h;

	/* Two events in one write, one in two pieces; then what it was told comes back. */
	injector_is("printf '{\"event\":\"a\"}\\n{\"event\":\"b\"}\\n{\"eve'; sleep 0.05; printf "
		    "'nt\":\"c\"}\\n';"
		    "read -r line; printf '{\"event\":\"d\",\"request\":%s}\\n' \"$line\"; read -r "
		    "line");
	h = spawned();
	assert_event(h, "a");
	assert_event(h, "b");
	assert_event(h, "c");
	assert_int_equal(ord_holder_next(h, &event, &err), 0);
	assert_null(event);
	assert_int_equal(ord_holder_send(h, request, &err), 0);
	assert_int_equal(ord_holder_wait(h, 5 * ORD_S, &event, &err), 0);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(event, "request"), "op")),
		"status");
	json_decref(event);
	json_decref(request);
	ord_holder_free(h);
}

/* `body` must end in a failure whose message has `part` in it. */
static void assert_lost(const char *body, const char *part)
{
	struct ord_err err = {0};
	json_t *event = NULL;
	struct ord_holder *h;

	injector_is(body);
	h = spawned();
	assert_int_equal(ord_holder_wait(h, 5 * ORD_S, &event, &err), -1);
	assert_null(event);
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
	ord_holder_free(h);
}

static void is_lost(void **state)
{
	assert_lost("exit 3", "status 3");
	assert_lost("echo first >&2; echo 'no such device' >&2; exit 1", "no such device");
	assert_lost("kill -9 $$", "signal 9");
	assert_lost("echo hello; read -r x", "not JSON");
	assert_lost("echo '[1]'; read -r x", "not an event");
	assert_lost("echo '{\"event\":\"a\",\"event\":\"b\"}'; read -r x", "not JSON");
	assert_lost("head -c 2000000 /dev/zero | tr '\\0' x; read -r x", "a line of more than");
}

static void gone_before_the_request(void **state)
{
	struct ord_err err = {0};
	json_t *event = NULL, *request = json_pack("{s:i}", "protocol", 1);
	struct ord_holder *h;

	injector_is("exit 0");
	h = spawned();
	assert_int_equal(ord_holder_wait(h, 5 * ORD_S, &event, &err), -1);
	/* SIGPIPE would end this test. */
	assert_int_equal(ord_holder_send(h, request, &err), -1);
	assert_non_null(strstr(err.msg, "status 0"));
	json_decref(request);
	ord_holder_free(h);
}

static void silence_is_timed(void **state)
{
	struct ord_err err = {0};
	uint64_t start = ord_now_ns();
	json_t *event = NULL;
	struct ord_holder *h;

	injector_is("read -r x");
	h = spawned();
	assert_int_equal(ord_holder_wait(h, 50 * ORD_MS, &event, &err), -1);
	assert_int_equal(err.code, ORD_SYS);
	assert_true(ord_now_ns() - start >= 50 * ORD_MS);
	/* Closing the pipe ends it; nothing is waited for beyond that. */
	start = ord_now_ns();
	ord_holder_free(h);
	assert_true(ord_now_ns() - start < 2 * ORD_S);
}

/* One that ignores the closed pipe is killed after two seconds, and reaped. */
static void hangs(void **state)
{
	uint64_t start;
	struct ord_holder *h;

	injector_is("echo '{\"event\":\"a\"}'; exec sleep 60");
	h = spawned();
	assert_event(h, "a");
	start = ord_now_ns();
	ord_holder_free(h);
	assert_true(ord_now_ns() - start >= 2 * ORD_S);
	assert_true(ord_now_ns() - start < 4 * ORD_S);
}

static void inherits_nothing(void **state)
{
	int leak = open("/dev/null", O_RDONLY); /* no O_CLOEXEC, on purpose */
	struct ord_holder *h;

	assert_true(leak > 2);
	/* 0 1 2, and the descriptor of the script or the listing itself. */
	injector_is("set -- /proc/self/fd/*; test -e /proc/self/fd/9 && exit 9; n=0; for f in 3 4 "
		    "5 6 7 8; do "
		    "[ -e /proc/$$/fd/$f ] && [ \"$(readlink /proc/$$/fd/$f)\" = /dev/null ] && "
		    "n=$((n+1)); done; "
		    "echo \"{\\\"event\\\":\\\"leaks-$n\\\"}\"; read -r x");
	h = spawned();
	assert_event(h, "leaks-0");
	ord_holder_free(h);
	assert_int_equal(close(leak), 0);
}

static void must_be_absolute(void **state)
{
	struct ord_err err = {0};
	struct ord_holder *h = NULL;

	assert_int_equal(setenv("ORDEAL_INJECTOR", "bin/true", 1), 0);
	assert_int_equal(ord_holder_spawn(ORD_PROGRAM_HOST, false, &h, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_int_equal(setenv("ORDEAL_INJECTOR", script, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speaks),
		cmocka_unit_test(is_lost),
		cmocka_unit_test(gone_before_the_request),
		cmocka_unit_test(silence_is_timed),
		cmocka_unit_test(hangs),
		cmocka_unit_test(inherits_nothing),
		cmocka_unit_test(must_be_absolute),
	};
	int failed;

	(void)snprintf(script, sizeof script, "/tmp/ordeal-test-holder-%d", (int)getpid());
	(void)setenv("ORDEAL_INJECTOR", script, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(script);
	return failed;
}
