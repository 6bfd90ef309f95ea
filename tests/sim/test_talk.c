/* Answers of netlink as a kernel gives them where others are at work meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/host/engines/talk.h"

#define ONE 0x1234 /* a type of message */

struct fake {
	int kernel;
	struct nl_talk t;
	struct nl_msg *msg;
	unsigned told, forgotten; /* messages since the dump began anew; how often it did */
	struct ord_err err;
};

static int setup(void **state)
{
	struct fake *f = calloc(1, sizeof *f);
	int ends[2];

	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	f->kernel = ends[1];
	f->t = (struct nl_talk){.fd = ends[0], .room = 4096, .answer = malloc(4096)};
	f->msg = nlmsg_alloc_size(256);
	assert_non_null(nlmsg_put(f->msg, 0, 0, ONE, 0, NLM_F_REQUEST | NLM_F_DUMP));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fake *f = *state;

	nlmsg_free(f->msg);
	talk_close(&f->t);
	(void)close(f->kernel);
	free(f);
	return 0;
}

/* The kernel's answer to the n-th question: so many messages, and an end that says `error`. */
static void answer(struct fake *f, uint32_t n, unsigned messages, uint16_t flags, int error)
{
	struct {
		struct nlmsghdr h;
		int error;
	} end = {.h = {.nlmsg_len = sizeof end, .nlmsg_type = NLMSG_DONE, .nlmsg_seq = n},
		 .error = error};
	const struct nlmsghdr one = {.nlmsg_len = sizeof one, .nlmsg_type = ONE, .nlmsg_seq = n};

	for (unsigned i = 0; i < messages; i++)
		assert_int_equal(write(f->kernel, &one, sizeof one), sizeof one);
	end.h.nlmsg_flags = NLM_F_MULTI | flags;
	assert_int_equal(write(f->kernel, &end, sizeof end), sizeof end);
}

static int each(void *arg, struct nlmsghdr *h, struct ord_err *err)
{
	struct fake *f = arg;

	(void)err;
	assert_int_equal(h->nlmsg_type, ONE);
	f->told++;
	return 0;
}

static void forget(void *arg)
{
	struct fake *f = arg;

	f->told = 0;
	f->forgotten++;
}

static int dump(struct fake *f)
{
	return talk_dump(&f->t, f->msg, each, forget, f, &f->err);
}

static void test_whole(void **state)
{
	struct fake *f = *state;

	answer(f, 1, 3, 0, 0);
	assert_int_equal(dump(f), 0);
	assert_int_equal(f->told, 3);
	assert_int_equal(f->forgotten, 0);
}

/* Two were read, then a third appeared: what was told is forgotten, and all is asked again. */
static void test_torn(void **state)
{
	struct fake *f = *state;

	answer(f, 1, 2, NLM_F_DUMP_INTR, 0);
	answer(f, 2, 1, NLM_F_DUMP_INTR, 0);
	answer(f, 3, 3, 0, 0);
	assert_int_equal(dump(f), 0);
	assert_int_equal(f->told, 3);
	assert_int_equal(f->forgotten, 2);
}

static void test_noticed_by_itself(void **state)
{
	struct fake *f = *state;

	answer(f, 1, 1, 0, -EINTR);
	answer(f, 2, 2, 0, 0);
	assert_int_equal(dump(f), 0);
	assert_int_equal(f->told, 2);
	assert_int_equal(f->forgotten, 1);
}

static void test_for_ever(void **state)
{
	struct fake *f = *state;

	for (uint32_t i = 1; i <= 100; i++)
		answer(f, i, 0, NLM_F_DUMP_INTR, 0);
	assert_int_equal(dump(f), -1);
	assert_int_equal(f->err.code, ORD_SYS);
	assert_non_null(strstr(f->err.msg, "changes faster"));
}

/* A dump that ends with an error is none that ended. */
static void test_failed(void **state)
{
	struct fake *f = *state;

	answer(f, 1, 1, 0, -ENOMEM);
	assert_int_equal(dump(f), -1);
	assert_int_equal(f->err.sys_errno, ENOMEM);
	assert_int_equal(f->forgotten, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noticed_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_for_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
