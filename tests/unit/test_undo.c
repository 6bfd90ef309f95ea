/* The undo record: what is written is read back, marks go in place, and what is no record is
 * refused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "injector/lease/undo.h"

static char path[] = "/tmp/ordeal-undo-XXXXXX";
static struct inj_request req;

static int setup(void **state)
{
	const char *line =
		"{\"protocol\":1,\"op\":\"add\",\"lease\":\"u-1\",\"fault\":\"noop\",\"args\":{},"
		"\"target\":{\"host\":true},\"hold_ns\":5}";
	struct ord_err err;

	(void)state;
	return mkdtemp(path) && inj_request_parse(line, strlen(line), &req, &err) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(path);
}

static int dir_open(void)
{
	int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_life(void **state)
{
	struct inj_undo u;
	struct inj_record r;
	struct ord_err err;
	struct ord_proc guardian = {.pid = 77, .start = 18446744073709551ull};
	char boot[INJ_BOOT_ID];
	json_t *undo = json_pack("{s:[i]}", "x", 1);
	int fd;

	(void)state;
	assert_int_equal(inj_undo_write(&u, dir_open(), &req, 123, undo, &err), 0);
	assert_int_equal(inj_record_read(u.dir, "u-1.json", &r, &fd, &err), 0);
	assert_int_equal(r.state, INJ_PREPARED);
	assert_int_equal(r.deadline_boot_ns, 123);
	assert_int_equal(r.holder.pid, getpid());
	assert_int_equal(r.guardian.pid, 0);
	assert_string_equal(r.fault->name, "noop");
	assert_int_equal(inj_boot_id(boot, &err), 0);
	assert_string_equal(r.boot, boot);
	assert_true(json_equal(r.undo, undo));
	inj_record_done(&r);
	/* The writer holds the lock, through whichever descriptor of its own. */
	assert_false(inj_record_lock(fd));

	assert_int_equal(inj_undo_state(&u, INJ_INJECTED, &err), 0);
	assert_int_equal(inj_undo_deadline(&u, UINT64_MAX / 4, &err), 0);
	assert_int_equal(inj_undo_guardian(&u, &guardian, &err), 0);
	close(fd);
	assert_int_equal(inj_record_read(u.dir, "u-1.json", &r, &fd, &err), 0);
	assert_int_equal(r.state, INJ_INJECTED);
	assert_true(r.deadline_boot_ns == UINT64_MAX / 4);
	assert_int_equal(r.guardian.pid, 77);
	assert_true(r.guardian.start == guardian.start);
	inj_record_done(&r);
	assert_int_equal(inj_undo_state(&u, INJ_WAITING, &err), 0);
	close(fd);
	assert_int_equal(inj_record_read(u.dir, "u-1.json", &r, &fd, &err), 0);
	assert_int_equal(r.state, INJ_WAITING);
	inj_record_done(&r);
	assert_int_equal(inj_undo_state(&u, INJ_ENDED, &err), 0);
	close(fd);
	assert_int_equal(inj_record_read(u.dir, "u-1.json", &r, &fd, &err), 0);
	assert_int_equal(r.state, INJ_ENDED);
	inj_record_done(&r);

	close(u.fd);
	assert_true(inj_record_lock(fd));
	close(fd);
	assert_int_equal(inj_undo_remove(&u, &err), 0);
	assert_int_equal(inj_undo_remove(&u, &err), 0); /* idempotent */
	close(u.dir);
	json_decref(undo);
}

/* A lease is there once. */
static void test_once(void **state)
{
	struct inj_undo u, v;
	struct ord_err err;
	json_t *undo = json_object();
	int dir = dir_open();

	(void)state;
	assert_int_equal(inj_undo_write(&u, dir, &req, 1, undo, &err), 0);
	assert_int_equal(inj_undo_write(&v, dir, &req, 1, undo, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	assert_int_equal(inj_undo_remove(&u, &err), 0);
	close(u.fd);
	close(dir);
	json_decref(undo);
}

#define RECORD(state, holder, rest)                                      \
	"{\"state\":" state ",\"deadline_boot_ns\":1,\"holder\":" holder \
	",\"guardian\":[0,0],\"protocol\":1,"                            \
	"\"boot\":\"b\",\"lease\":\"t-1\",\"fault\":\"noop\"," rest "}"
#define REST "\"netns\":\"\",\"netns_ino\":0,\"undo\":{}"

/* What was kept stays in the record, which has ended; without it the record goes. */
static void test_kept(void **state)
{
	json_t *undo = json_pack("{s:[i]}", "x", 1), *none = json_array();
	json_t *kept = json_pack("[s,s]", "Deployment a/b: /spec/replicas is 4, by \"x\"", "two");
	struct inj_undo u;
	struct inj_record r;
	struct ord_err err;
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(inj_undo_write(&u, dir_open(), &req, 123, undo, &err), 0);
		assert_int_equal(inj_undo_end(&u, i == 0 ? kept : i == 1 ? none : NULL, &err), 0);
		close(u.fd);
		if (i == 0) {
			assert_int_equal(inj_record_read(u.dir, "u-1.json", &r, &fd, &err), 0);
			assert_int_equal(r.state, INJ_ENDED);
			assert_true(json_equal(r.kept, kept));
			assert_true(json_equal(r.undo, undo));
			assert_true(inj_record_lock(fd));
			inj_record_done(&r);
			close(fd);
			assert_int_equal(inj_undo_remove(&u, &err), 0);
		} else {
			assert_int_equal(inj_record_read(u.dir, "u-1.json", &r, &fd, &err), -1);
		}
		close(u.dir);
	}
	json_decref(kept);
	json_decref(none);
	json_decref(undo);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		RECORD("\"injected\"", "[5,5]", "\"netns\":\"\",\"netns_ino\":0"),
		RECORD("\"unknown\"", "[5,5]", REST),
		RECORD("\"injected\"", "[5]", REST),
		RECORD("\"injected\"", "[-1,5]", REST),
		RECORD("\"injected\"", "[99999999,5]", REST),
		RECORD("\"injected\"", "[\"5\",5]", REST),
		RECORD("\"injected\"", "[5,5]", REST ",\"more\":1"),
		RECORD("\"injected\"", "[5,5]",
		       "\"netns\":\"relative\",\"netns_ino\":0,\"undo\":{}"),
		RECORD("\"injected\"", "[5,5]", "\"netns\":\"\",\"netns_ino\":0,\"undo\":[]"),
	};
	struct inj_record r;
	struct ord_err err;
	const char *good = RECORD("\"injected\"", "[5,5]", REST);

	(void)state;
	assert_int_equal(inj_record_parse(good, strlen(good), &r, &err), 0);
	inj_record_done(&r);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (inj_record_parse(bad[i], strlen(bad[i]), &r, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ORD_USAGE);
	}
}

/* What a taken-over lease could put in the directory: links, pipes, devices, another lease's name,
 * something large. */
static void test_files(void **state)
{
	int dir = dir_open(), fd, file;
	struct inj_record r;
	struct ord_err err;
	const char *good = RECORD("\"injected\"", "[5,5]", REST);

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", dir, "a.json"), 0);
	assert_int_equal(inj_record_read(dir, "a.json", &r, &fd, &err), -1);
	assert_int_equal(mkfifoat(dir, "b.json", 0600), 0);
	assert_int_equal(inj_record_read(dir, "b.json", &r, &fd, &err), -1);
	file = openat(dir, "c.json", O_WRONLY | O_CREAT, 0600);
	assert_true(write(file, good, strlen(good)) > 0);
	assert_int_equal(inj_record_read(dir, "c.json", &r, &fd, &err), -1); /* it names t-1 */
	assert_int_equal(ftruncate(file, 1 << 20), 0);
	assert_int_equal(inj_record_read(dir, "c.json", &r, &fd, &err), -1);
	close(file);
	for (const char *name = "a\0b\0c\0"; *name; name += 2) {
		char full[16];

		(void)snprintf(full, sizeof full, "%s.json", name);
		assert_int_equal(unlinkat(dir, full, 0), 0);
	}
	close(dir);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(inj_record_name_valid("r7-1.json"));
	assert_false(inj_record_name_valid(".json"));
	assert_false(inj_record_name_valid("r7-1.json.tmp"));
	assert_false(inj_record_name_valid("r7-1"));
	assert_false(inj_record_name_valid("../x.json"));
	assert_false(inj_record_name_valid("R.json"));
	assert_false(inj_record_name_valid(
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),	cmocka_unit_test(test_once),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_files),
		cmocka_unit_test(test_names),	cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
