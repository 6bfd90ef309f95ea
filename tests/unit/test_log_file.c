/* A log file that others rotate, truncate and rewrite: each line once, also where all of that
 * happens from one look to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "scheduler/run/log_source.h"

static char dir[] = "/tmp/ordeal-log.XXXXXX", path[64];
static char heard[4096];

static void put(const char *mode, const char *text)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void on_line(void *arg, const char *text, uint64_t lo_ns, uint64_t hi_ns, const char *stamp)
{
	size_t used = strlen(heard);

	(void)arg;
	(void)stamp;
	assert_true(lo_ns <= hi_ns);
	(void)snprintf(heard + used, sizeof heard - used, "%s|", text);
}

/* What is told from here on. */
static const char *look(struct log_file *f)
{
	size_t used;

	*heard = '\0';
	do { /* one look takes 2 ms at most, and on a busy machine may not come to the end */
		struct log_look l = {.now_ns = ord_now_ns(), .line = on_line};

		used = strlen(heard);
		assert_int_equal(log_file_look(f, &l), 0);
	} while (strlen(heard) != used);
	return heard;
}

static void truncated_and_longer_than_before(void **state)
{
	struct log_file *f;

	put("w", "before the run\n");
	f = log_file_open(path, ord_now_ns());
	assert_string_equal(look(f), "");
	put("a", "one\n");
	assert_string_equal(look(f), "one|");
	put("w", "another file, which is longer\nthan what was there before\n");
	assert_string_equal(look(f), "another file, which is longer|than what was there before|");
	put("w", "short\n");
	assert_string_equal(look(f), "short|");
	put("a", "and on\n");
	assert_string_equal(look(f), "and on|");
	log_file_close(f);
}

/* Beyond what is remembered of the end, and with ends that are alike. */
static void long_files(void **state)
{
	static char text[3000];
	struct log_file *f;

	put("w", "");
	f = log_file_open(path, ord_now_ns());
	for (size_t i = 0; i < 40; i++) {
		memset(text, 'a' + (int)(i % 26), 1 + i * 7);
		(void)snprintf(text + 1 + i * 7, 8, "%02zu\n", i);
		put("a", text);
		assert_int_equal(strlen(look(f)), 1 + i * 7 + 3);
	}
	memset(text, 'q', sizeof text - 2);
	memcpy(text, "new\n", 4);
	text[sizeof text - 2] = '\n';
	for (size_t i = 0; i < 5; i++)
		put(i ? "a" : "w", text);
	assert_memory_equal(look(f), "new|qqq", 7);
	log_file_close(f);
}

/* Who writes at an offset of his own leaves a hole where the file was truncated. */
static void a_hole(void **state)
{
	FILE *writer;
	struct log_file *f;

	put("w", "");
	f = log_file_open(path, ord_now_ns());
	writer = fopen(path, "w");
	assert_non_null(writer);
	(void)fputs("first\n", writer);
	(void)fflush(writer);
	assert_string_equal(look(f), "first|");
	assert_int_equal(truncate(path, 0), 0);
	(void)fputs("second\n", writer);
	(void)fclose(writer);
	assert_string_equal(look(f), "second|");
	log_file_close(f);
}

static int make(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof path, "%s/log", dir);
	return 0;
}

static int remove_all(void **state)
{
	return unlink(path) || rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncated_and_longer_than_before),
		cmocka_unit_test(long_files),
		cmocka_unit_test(a_hole),
	};

	return cmocka_run_group_tests(tests, make, remove_all);
}
