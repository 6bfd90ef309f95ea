/* Files, hashes, seeded numbers, lists of CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cpus.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "base/printable.h"

static struct ord_err err;
static char tmp[64];

static int make_tmp(void **state)
{
	(void)snprintf(tmp, sizeof tmp, "/tmp/ordeal-test-XXXXXX");
	return !mkdtemp(tmp);
}

static int remove_tmp(void **state)
{
	static const char *const names[] = {"file", "a/b/c", "a/b", "a", "state", "."};
	ord_autoclose int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (unlinkat(dir, names[i], 0))
			(void)unlinkat(dir, names[i], AT_REMOVEDIR);
	return rmdir(tmp);
}

static void files_are_replaced_whole(void **state)
{
	ord_autoclose int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ord_autofree char *text = NULL, *none = NULL;
	struct stat st;
	size_t size = 0;

	assert_int_equal(ord_file_replace_at(dir, "file", "one", 3, 0600, false, &err), 0);
	assert_int_equal(ord_file_replace_at(dir, "file", "two\0x", 5, 0600, true, &err), 0);
	assert_int_equal(ord_file_read_at(dir, "file", 5, &text, &size, &err), 0);
	assert_int_equal(size, 5);
	assert_memory_equal(text, "two\0x", 6);
	assert_int_equal(fstatat(dir, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(ord_file_read_at(dir, "file", 4, &none, NULL, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "limit of 4 bytes"));
	assert_int_equal(ord_file_read_at(dir, "none", 4, &none, NULL, &err), -1);
	assert_int_equal(err.code, ORD_SYS);
	assert_null(none);
}

static void large_files_and_proc_are_read(void **state)
{
	ord_autofree char *status = NULL, *big = malloc(100000), *back = NULL;
	ord_autoclose int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char small[8];
	size_t size;

	assert_int_equal(ord_file_read("/proc/self/status", 65536, &status, &size, &err), 0);
	assert_true(size > 100 && strlen(status) == size);
	assert_int_equal(ord_file_peek(AT_FDCWD, "/proc/self/status", small, sizeof small), 7);
	assert_string_equal(small, "Name:\tt");
	assert_non_null(big);
	memset(big, 'x', 100000);
	assert_int_equal(ord_file_replace_at(dir, "file", big, 100000, 0600, false, &err), 0);
	assert_int_equal(ord_file_read_at(dir, "file", 100000, &back, &size, &err), 0);
	assert_int_equal(size, 100000);
	assert_memory_equal(back, big, size);
}

/* Nothing is left of a write that failed. */
static void a_full_disk_leaves_the_old_file(void **state)
{
	ord_autoclose int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ord_autoclose int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (full >= 0) {
		assert_int_equal(ord_write_all(full, "x", 1, &err), -1);
		assert_non_null(strstr(err.msg, "No space left"));
	}
	assert_int_equal(ord_file_replace_at(dir, "file", "x", 1, 0600, false, &err), -1);
}

static void directories_are_made(void **state)
{
	char path[128];
	struct stat st;
	mode_t mask = umask(0077);

	(void)snprintf(path, sizeof path, "%s/a/b/c", tmp);
	assert_int_equal(ord_mkdirs(path, 0755, &err), 0);
	assert_int_equal(ord_mkdirs(path, 0755, &err), 0);
	(void)umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(ord_mkdirs("/proc/self/status/x", 0755, &err), -1);
}

static void homes_follow_the_environment(void **state)
{
	char path[128];

	(void)setenv("XDG_STATE_HOME", "/x/state", 1);
	assert_int_equal(ord_state_dir(path, sizeof path, &err), 0);
	assert_string_equal(path, "/x/state/ordeal");
	(void)setenv("XDG_STATE_HOME", "relative", 1); /* to be ignored */
	assert_int_equal(ord_state_dir(path, sizeof path, &err), 0);
	assert_true(path[0] == '/');
	(void)unsetenv("XDG_STATE_HOME");
	assert_int_equal(ord_state_dir(path, 4, &err), -1);
	(void)setenv("ORDEAL_RUNTIME_DIR", "/x/run", 1);
	assert_int_equal(ord_runtime_dir(path, sizeof path, &err), 0);
	assert_string_equal(path, "/x/run");
	(void)unsetenv("ORDEAL_RUNTIME_DIR");
	if (!geteuid()) {
		assert_int_equal(ord_runtime_dir(path, sizeof path, &err), 0);
		assert_string_equal(path, "/run/ordeal");
	}
}

static void the_hash_is_sha256(void **state)
{
	char hex[ORD_SHA256_HEX];

	/* FIPS 180-4's example, and the empty text */
	assert_string_equal(ord_sha256("abc", 3, hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(ord_sha256("", 0, hex),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void numbers_are_the_same_everywhere(void **state)
{
	struct ord_rng rng;
	uint32_t v[1000];
	bool seen[1000] = {false};
	unsigned bins[7] = {0};

	/* The reference: splitmix64 of seed 0 begins e220a8397b1dcdaf, and fills the state. */
	ord_rng_init(&rng, 0);
	assert_true(rng.s[0] == 0xe220a8397b1dcdafull);
	assert_true(rng.s[1] == 0x6e789e6aa1b965f4ull);
	assert_true(ord_rng_next(&rng) == 0x99ec5f36cb75f2b4ull);
	for (int i = 0; i < 70000; i++)
		bins[ord_rng_below(&rng, 7)]++;
	for (size_t i = 0; i < ORD_COUNT(bins); i++)
		assert_in_range(bins[i], 9600,
				10400); /* 4 standard deviations; the seed is fixed */
	assert_int_equal(ord_rng_below(&rng, 1), 0);
	ord_rng_permutation(&rng, v, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_in_range(v[i], 0, 999);
		assert_false(seen[v[i]]);
		seen[v[i]] = true;
	}
	assert_true(ord_rng_derive(1, "a") != ord_rng_derive(1, "b"));
	assert_true(ord_rng_derive(1, "a") != ord_rng_derive(2, "a"));
	assert_true(ord_rng_derive(1, "a") == ord_rng_derive(1, "a"));
}

static void lists_of_cpus(void **state)
{
	static const char *const good[][2] = {{"0", "0"},	{"0-3,6", "0-3,6"},
					      {"3,2,1", "1-3"}, {"1023", "1023"},
					      {"5-5,5", "5"},	{"0-1023", "0-1023"}};
	static const char *const bad[] = {"",	  ",", "1,",  "-1",   "1-",    "3-1",
					  "1024", "a", "1 2", "1,,2", "1-2-3", "99999999999"};
	cpu_set_t set;
	char text[64];

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		assert_int_equal(ord_cpus_parse(good[i][0], &set, &err), 0);
		assert_string_equal(ord_cpus_format(&set, text, sizeof text), good[i][1]);
	}
	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		assert_int_equal(ord_cpus_parse(bad[i], &set, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
	}
}

/* A path fills the message: what is wrong with it is told all the same, also once wrapped. */
static void reasons_of_long_paths(void **state)
{
	static char path[5000];
	ord_autofree char *text = NULL;

	memset(path, 'a', sizeof path - 1);
	assert_int_equal(ord_file_read(path, 10, &text, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "aaa: File name too long"));
	(void)ord_wrap(&err, "stats");
	assert_memory_equal(err.msg, "stats: open 'aaa", 16);
	assert_non_null(strstr(err.msg, "aaa: File name too long"));
}

/* Controls, also those of two bytes, and what is no UTF-8; no character is cut in two. */
static void strangers_texts_are_cleaned(void **state)
{
	char out[8];

	assert_string_equal(ord_printable("a\033[\177\xc2\x9bz", sizeof out, out), "a [  z");
	assert_string_equal(ord_printable("\xffx\xc3", sizeof out, out), "?x?");
	assert_string_equal(ord_printable("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", sizeof out, out),
			    "\xc3\xa4\xc3\xb6\xc3\xbc");
	assert_string_equal(ord_printable("1234567890", sizeof out, out), "1234567");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_replaced_whole, make_tmp, remove_tmp),
		cmocka_unit_test_setup_teardown(large_files_and_proc_are_read, make_tmp,
						remove_tmp),
		cmocka_unit_test(a_full_disk_leaves_the_old_file),
		cmocka_unit_test_setup_teardown(directories_are_made, make_tmp, remove_tmp),
		cmocka_unit_test(homes_follow_the_environment),
		cmocka_unit_test(the_hash_is_sha256),
		cmocka_unit_test(reasons_of_long_paths),
		cmocka_unit_test(strangers_texts_are_cleaned),
		cmocka_unit_test(numbers_are_the_same_everywhere),
		cmocka_unit_test(lists_of_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
