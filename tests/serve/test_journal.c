/*
 * The journal on a disk that fails: fdatasync is ours. What could not be synced once is never told
 * to be on the disk, whatever a later sync says, until all of it stands in another file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "scheduler/serve/journal.h"
#include "scheduler/serve/record.h"

static atomic_int fails;  /* so many syncs do */
static atomic_bool holds; /* they wait */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	while (atomic_load(&holds))
		(void)usleep(1000);
	if (atomic_load(&fails) > 0) {
		atomic_fetch_sub(&fails, 1);
		errno = EIO;
		return -1;
	}
	return __real_fdatasync(fd);
}

struct test {
	char dir[64];
	int fd;
	sd_event *loop;
	struct journal *j;
	uint64_t synced;
	int failed, mended;
	size_t records, bad;
};

static void on_synced(void *arg, uint64_t mark)
{
	((struct test *)arg)->synced = mark;
}

static void on_failing(void *arg, const char *why)
{
	struct test *t = arg;

	t->failed += why != NULL;
	t->mended += !why;
}

static void each(void *arg, const json_t *record)
{
	(void)record;
	((struct test *)arg)->records++;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int setup(void **state)
{
	struct test *t = calloc(1, sizeof *t);

	if (!t)
		return -1;
	*state = t;
	atomic_store(&fails, 0);
	atomic_store(&holds, false);
	(void)snprintf(t->dir, sizeof t->dir, "/tmp/ordeal-test-journal-XXXXXX");
	if (!mkdtemp(t->dir) || sd_event_new(&t->loop) < 0)
		return -1;
	t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->fd < 0;
}

static int teardown(void **state)
{
	struct test *t = *state;

	atomic_store(&holds, false);
	journal_close(t->j);
	(void)sd_event_unref(t->loop);
	(void)close(t->fd);
	(void)nftw(t->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

static json_t *record(int n)
{
	return json_pack("{s:s,s:i}", "c", "end", "k", n);
}

static json_t *one(int n)
{
	return json_pack("[o]", record(n));
}

static void open_it(struct test *t)
{
	struct ord_err err;

	t->records = t->bad = 0;
	assert_int_equal(journal_open(t->fd, each, t, &t->bad, &t->j, &err), 0);
}

static void begin(struct test *t)
{
	const struct journal_calls calls = {.synced = on_synced, .failing = on_failing, .arg = t};
	struct ord_err err;

	open_it(t);
	assert_int_equal(journal_renew(t->j, one(1), &err), 0);
	assert_int_equal(journal_start(t->j, t->loop, &calls, &err), 0);
}

static void turn(struct test *t, uint64_t ms)
{
	uint64_t limit = ord_now_ns() + ms * ORD_MS;

	while (ord_now_ns() < limit)
		assert_true(sd_event_run(t->loop, 5000) >= 0);
}

static void await(struct test *t, uint64_t mark)
{
	uint64_t limit = ord_now_ns() + 20 * ORD_S;

	while (t->synced < mark) {
		assert_true(sd_event_run(t->loop, 5000) >= 0);
		assert_true(ord_now_ns() < limit);
	}
}

static void test_a_sync_that_failed_stays_so(void **state)
{
	struct test *t = *state;
	struct ord_err err;
	uint64_t mark;

	begin(t);
	journal_sync(t->j);
	await(t, journal_mark(t->j));
	atomic_store(&fails, 1);
	mark = journal_put(t->j, record(2));
	assert_true(mark > 0);
	journal_sync(t->j);
	turn(t, 200);
	assert_int_equal(t->failed, 1);
	assert_true(journal_failing(t->j));
	/* The next would succeed, and says nothing of what was lost. */
	journal_sync(t->j);
	turn(t, 200);
	assert_true(t->synced < mark);
	assert_int_equal(t->mended, 0);
	assert_int_equal(journal_renew(t->j, one(2), &err), 0);
	await(t, mark);
	assert_int_equal(t->mended, 1);
	assert_false(journal_failing(t->j));
}

/* The one before is about to take the journal's name: it must not be cut to nothing meanwhile. */
static void test_two_renewals(void **state)
{
	struct test *t = *state;
	struct ord_err err = {0};

	atomic_store(&holds, true);
	begin(t);
	assert_int_equal(journal_renew(t->j, one(3), &err), -1);
	assert_int_equal(err.sys_errno, EBUSY);
	atomic_store(&holds, false);
	await(t, journal_mark(t->j));
	assert_int_equal(journal_renew(t->j, one(3), &err), 0);
	await(t, journal_mark(t->j));
	journal_close(t->j);
	open_it(t);
	assert_int_equal(t->records, 2); /* and that it is ready */
	assert_int_equal(t->bad, 0);
}

static void put_file(const struct test *t, const char *name, const char *c, bool damaged)
{
	json_t *first = json_pack("{s:s}", "c", "seen"), *last = json_pack("{s:s}", "c", c);
	size_t n[2];
	char path[128], *lines[2] = {record_write(first, &n[0]), record_write(last, &n[1])};
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", t->dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	if (damaged)
		lines[0][12] ^= 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fwrite(lines[i], 1, n[i], f), n[i]);
		free(lines[i]);
	}
	assert_int_equal(fclose(f), 0);
	json_decref(first);
	json_decref(last);
}

/* Beside a journal lies the one that a death kept from its place. */
static void test_left_beside(void **state)
{
	static const struct {
		const char *last;
		bool damaged, taken;
	} cases[] = {{"ready", false, true}, {"ready", true, false}, {"end", false, false}};
	struct test *t = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char path[128];

		put_file(t, "journal", "ready", true);
		put_file(t, "journal.next", cases[i].last, cases[i].damaged);
		open_it(t);
		assert_int_equal(t->bad, cases[i].taken ? 0 : 1);
		(void)snprintf(path, sizeof path, "%s/journal.next", t->dir);
		assert_int_equal(access(path, F_OK), -1);
		journal_close(t->j);
		t->j = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_sync_that_failed_stays_so, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_renewals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_beside, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
