/* The texts on the disk: what is put there comes back, or is said to be damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/serve/texts.h"

static int folder(void)
{
	char path[] = "/tmp/ordeal-test-texts-XXXXXX";
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(rmdir(path), 0);
	return fd;
}

/* One that is there for as long as it is used. */
struct place {
	char path[40];
	int fd;
	struct texts *texts;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	if (!p)
		return -1;
	(void)snprintf(p->path, sizeof p->path, "/tmp/ordeal-test-texts-XXXXXX");
	if (!mkdtemp(p->path))
		return -1;
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0 || texts_open(p->fd, &p->texts, NULL);
}

static int teardown(void **state)
{
	struct place *p = *state;

	texts_close(p->texts);
	(void)unlinkat(p->fd, "texts", 0);
	(void)unlinkat(p->fd, "texts.new", 0);
	(void)close(p->fd);
	(void)rmdir(p->path);
	free(p);
	return 0;
}

static uint32_t put(struct place *p, const char *file, const char *text)
{
	uint32_t at;

	assert_int_equal(texts_put(p->texts, file, text, strlen(text), &at, NULL), 0);
	return at;
}

static void is(const struct place *p, uint32_t at, const char *text)
{
	char *found;
	size_t size;

	assert_int_equal(texts_get(p->texts, at, &found, &size, NULL), 0);
	assert_int_equal(size, strlen(text));
	assert_string_equal(found, text);
	free(found);
}

static void test_each_comes_back(void **state)
{
	struct place *p = *state;
	char note[TEXTS_NOTE], other[TEXTS_NOTE + 1] = {0};
	uint32_t one = put(p, "one.yaml", "a: 1\n"), none = put(p, "empty.yaml", ""),
		 two = put(p, "two.yaml", "b: 2, and something more than one unit\n");

	is(p, two, "b: 2, and something more than one unit\n");
	is(p, one, "a: 1\n");
	is(p, none, "");
	assert_int_equal(texts_noted(p->texts, one, note), 0);
	assert_int_equal(texts_note(p->texts, one, "ended", 5), 0);
	assert_int_equal(texts_noted(p->texts, one, note), 5);
	assert_memory_equal(note, "ended", 5);
	assert_int_equal(texts_note(p->texts, one, other, sizeof other), -1);
	assert_int_equal(texts_noted(p->texts, two, note), 0);
	is(p, one, "a: 1\n");
}

static void test_damage_is_found(void **state)
{
	struct place *p = *state;
	uint32_t one = put(p, "one.yaml", "a: 1\n"), two = put(p, "two.yaml", "b: 2\n");
	int fd = openat(p->fd, "texts.new", O_RDWR | O_CLOEXEC);
	struct ord_err err;
	char *found = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "2", 1, 256 + 9 + 3), 1);
	assert_int_equal(texts_get(p->texts, one, &found, &size, &err), -1);
	assert_non_null(strstr(err.msg, "one.yaml"));
	is(p, two, "b: 2\n");
	assert_int_equal(ftruncate(fd, 300), 0);
	assert_int_equal(texts_get(p->texts, two, &found, &size, &err), -1);
	assert_int_equal(texts_get(p->texts, 1 << 20, &found, &size, &err), -1);
	assert_null(found);
	(void)close(fd);
}

struct seen {
	unsigned n;
	uint32_t one, two;
};

static void see(void *arg, const char *file, uint32_t at)
{
	struct seen *seen = arg;

	seen->n++;
	if (!strcmp(file, "one.yaml"))
		seen->one = at;
	if (!strcmp(file, "two.yaml"))
		seen->two = at;
}

static void test_those_of_before(void **state)
{
	struct place *p = *state;
	struct seen seen = {0};
	char *found;
	size_t size;

	texts_before(p->texts, see, &seen);
	assert_int_equal(seen.n, 0);
	(void)put(p, "one.yaml", "a: 1\n");
	(void)put(p, "two.yaml", "b: 2\n");
	(void)put(p, "one.yaml", "a: 3\n");
	assert_int_equal(texts_settle(p->texts, NULL), 0);
	texts_close(p->texts);
	p->texts = NULL;
	/* One that dies before it has settled leaves them as they are. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(texts_open(p->fd, &p->texts, NULL), 0);
		(void)put(p, "two.yaml", "another\n");
		seen = (struct seen){0};
		texts_before(p->texts, see, &seen);
		assert_int_equal(seen.n, 3);
		assert_int_equal(texts_get_before(p->texts, seen.one, &found, &size, NULL), 0);
		assert_string_equal(found, "a: 3\n");
		free(found);
		assert_int_equal(texts_get_before(p->texts, seen.two, &found, &size, NULL), 0);
		assert_string_equal(found, "b: 2\n");
		free(found);
		if (!i) {
			texts_close(p->texts);
			p->texts = NULL;
		}
	}
}

static void test_a_folder_that_is_gone(void **state)
{
	struct texts *texts = NULL;
	struct ord_err err;
	int fd = folder();

	(void)state;
	assert_int_equal(texts_open(fd, &texts, &err), -1);
	assert_null(texts);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_those_of_before, setup, teardown),
		cmocka_unit_test(test_a_folder_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
