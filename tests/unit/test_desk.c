/* The socket at which a run and a session are spoken to, from both sides. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/desk.h"
#include "base/json.h"

static const struct ord_desk_kind kind = {
	.socket = "desk", .what = "it", .nobody = "nobody is there", .others = "not for you"};

struct desk {
	char path[64];
	int dir, n;
	struct ord_desk *desk;
};

static int work(void *arg, const json_t *message, struct ord_err *err)
{
	struct desk *d = arg;

	d->n++;
	return json_object_get(message, "no") ? ord_fail(err, ORD_GUARD, "not today") : 0;
}

static int set_up(void **state)
{
	struct desk *d = calloc(1, sizeof *d);
	struct ord_err err;

	assert_non_null(d);
	memcpy(d->path, "/tmp/desk.XXXXXX", sizeof "/tmp/desk.XXXXXX");
	assert_non_null(mkdtemp(d->path));
	d->dir = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ord_desk_open(d->dir, &kind, work, d, &d->desk, &err), 0);
	*state = d;
	return 0;
}

static int take_down(void **state)
{
	struct desk *d = *state;

	ord_desk_close(d->desk);
	assert_int_equal(rmdir(d->path), 0); /* nothing is left in it */
	ord_close(&d->dir);
	free(d);
	return 0;
}

/* Turns until there is nothing to do. */
static void turns(struct desk *d)
{
	struct pollfd p = {.fd = ord_desk_fd(d->desk), .events = POLLIN};

	while (poll(&p, 1, 0) == 1)
		ord_desk_turn(d->desk);
}

static int send_text(const struct desk *d, const char *text, size_t size)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s/desk", d->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	if (size)
		assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
	return fd;
}

static int ask(struct desk *d, json_t *message, struct ord_err *err)
{
	ord_autoclose int fd = -1;
	int r = ord_desk_call(d->path, &kind, message, 0, &fd, err);

	json_decref(message);
	if (r)
		return r;
	turns(d);
	return ord_desk_hear(fd, &kind, err);
}

static void done_and_refused(void **state)
{
	struct desk *d = *state;
	struct ord_err err;

	assert_int_equal(ask(d, json_object(), &err), 0);
	assert_int_equal(ask(d, json_pack("{s:b}", "no", 1), &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_string_equal(err.msg, "not today");
	assert_int_equal(d->n, 2);
}

static void no_messages(void **state)
{
	static char much[ORD_DESK_MAX + 1];
	static const struct {
		const char *text;
		size_t size;
		const char *says;
	} bad[] = {
		{"{", 1, "no message"},
		{"[]", 2, "no message"},
		{"\0", 1, "no message"},
		{"{} x", 4, "no message"},
		{"{\"a\":1,\"a\":2}", 13, "no message"},
		{much, sizeof much, "more than 4096 bytes"},
	};
	struct desk *d = *state;
	struct ord_err err;

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		ord_autoclose int fd = send_text(d, bad[i].text, bad[i].size);

		turns(d);
		assert_int_equal(ord_desk_hear(fd, &kind, &err), -1);
		assert_non_null(strstr(err.msg, bad[i].says));
	}
	assert_int_equal(d->n, 0);
}

/* Twelve say nothing at eight places; the thirteenth is heard all the same. */
static void a_silent_crowd(void **state)
{
	struct desk *d = *state;
	int crowd[12];
	struct ord_err err;

	for (size_t i = 0; i < ORD_COUNT(crowd); i++) {
		crowd[i] = send_text(d, NULL, 0);
		turns(d);
	}
	assert_int_equal(ask(d, json_object(), &err), 0);
	for (size_t i = 0; i < ORD_COUNT(crowd); i++)
		ord_close(&crowd[i]);
	turns(d);
	assert_int_equal(d->n, 1);
}

/* Without patience nothing blocks: neither a queue that is full nor an answer that is not there. */
static void nobody_turns(void **state)
{
	struct desk *d = *state;
	ord_auto(json) json_t *message = json_object();
	int fds[64], r = 0;
	size_t n = 0;
	struct ord_err err;

	while (n < ORD_COUNT(fds) &&
	       !(r = ord_desk_call(d->path, &kind, message, 0, &fds[n], &err)))
		n++;
	assert_int_equal(r, -1);
	assert_int_equal(ord_desk_hear(fds[0], &kind, &err), -1);
	assert_non_null(strstr(err.msg, "did not answer"));
	assert_int_equal(ord_desk_ask(d->path, &kind, message, 20, &err), -1);
	assert_true(ord_desk_attended(d->path, "desk"));
	while (n)
		ord_close(&fds[--n]);
}

static void nobody(void **state)
{
	struct desk *d = *state;
	ord_auto(json) json_t *message = json_object();
	struct ord_desk *left = d->desk;
	struct ord_err err;

	assert_true(ord_desk_attended(d->path, "desk"));
	ord_desk_close(left);
	d->desk = NULL;
	assert_false(ord_desk_attended(d->path, "desk"));
	assert_int_equal(ord_desk_ask(d->path, &kind, message, 20, &err), -1);
	assert_string_equal(err.msg, "nobody is there");
	/* What one who died left there is no obstacle. */
	assert_int_equal(mknodat(d->dir, "desk", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(ord_desk_ask(d->path, &kind, message, 20, &err), -1);
	assert_string_equal(err.msg, "nobody is there");
	assert_int_equal(ord_desk_open(d->dir, &kind, work, d, &d->desk, &err), 0);
	assert_int_equal(ask(d, json_object(), &err), 0);
}

static void goes_while_it_is_asked(void **state)
{
	struct desk *d = *state;
	ord_auto(json) json_t *message = json_object();
	ord_autoclose int fd = -1;
	struct ord_err err;

	assert_int_equal(ord_desk_call(d->path, &kind, message, 0, &fd, &err), 0);
	ord_desk_turn(d->desk); /* accepted, not answered */
	ord_desk_close(d->desk);
	d->desk = NULL;
	assert_int_equal(ord_desk_hear(fd, &kind, &err), -1);
	assert_int_equal(err.code, ORD_SYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(done_and_refused, set_up, take_down),
		cmocka_unit_test_setup_teardown(no_messages, set_up, take_down),
		cmocka_unit_test_setup_teardown(a_silent_crowd, set_up, take_down),
		cmocka_unit_test_setup_teardown(nobody_turns, set_up, take_down),
		cmocka_unit_test_setup_teardown(nobody, set_up, take_down),
		cmocka_unit_test_setup_teardown(goes_while_it_is_asked, set_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
