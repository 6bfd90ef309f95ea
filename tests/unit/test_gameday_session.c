/* A session's log on a disk that takes no more, and taken up again. */
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "scheduler/gameday/module/session.h"

static int remove_it(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int add(struct session *s, enum day_kind kind, struct ord_err *err)
{
	return session_add(
		s,
		&(struct day_event){.kind = kind, .step = 0, .by = "owner", .text = "some words"},
		err);
}

/* The file may grow by so many bytes; 0: by any. */
static void room(const struct session *s, rlim_t bytes)
{
	struct rlimit limit;
	struct stat st;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(fstat(s->log, &st), 0);
	limit.rlim_cur = bytes ? (rlim_t)st.st_size + bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_full_disk(void **state)
{
	char home[] = "/tmp/session.XXXXXX";
	struct session *s = NULL;
	struct day *day = NULL;
	struct ord_err err;
	char path[ORD_PATH_MAX];

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_non_null(mkdtemp(home));
	assert_int_equal(day_load(SOURCE_DIR "/experiments/game-day/day.yaml", stderr, &day), 0);
	assert_int_equal(session_create_in(home, day, "d", &s, &err), 0);
	assert_int_equal(add(s, DAY_E_CHECKS, &err), 0);
	room(s, 20);
	/* A part of the line fits; it is not so, and nothing of it stays. */
	assert_int_equal(add(s, DAY_E_READY, &err), -1);
	assert_int_equal(err.code, ORD_SYS);
	assert_int_equal(s->state.steps[0].state, DAY_CHECKS);
	room(s, 0);
	assert_int_equal(add(s, DAY_E_NOTE, &err), 0);
	assert_int_equal(add(s, DAY_E_READY, &err), 0);
	(void)snprintf(path, sizeof path, "%s", s->path);
	session_close(s);
	assert_int_equal(session_open(path, stderr, &s, &err), 0);
	assert_int_equal(s->state.steps[0].state, DAY_READY);
	/* Nobody else may hold it meanwhile. */
	struct session *other = NULL;

	assert_int_equal(session_open(path, stderr, &other, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	session_close(s);
	(void)nftw(home, remove_it, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_full_disk)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
