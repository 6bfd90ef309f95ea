/* Files that were made to hurt: refused in bounded time and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/spec.h"

#ifdef ORDEAL_SANITIZED
#define MEMORY_KB (512 * 1024)
#define LIMIT_NS  (60 * ORD_S)
#else
#define MEMORY_KB (32 * 1024)
#define LIMIT_NS  (10 * ORD_S)
#endif

/* head, then body again and again up to just under the limit, then tail. */
static char *repeat(const char *head, const char *body, const char *tail, size_t *ret_size)
{
	size_t h = strlen(head), b = strlen(body), t = strlen(tail), n = h;
	char *out = malloc(ORD_SPEC_BYTES_MAX + 1);

	assert_non_null(out);
	memcpy(out, head, h);
	for (; n + b + t <= ORD_SPEC_BYTES_MAX; n += b)
		memcpy(out + n, body, b);
	memcpy(out + n, tail, t);
	*ret_size = n + t;
	return out;
}

static bool tells(const struct ord_mistakes *m, const char *words)
{
	for (size_t i = 0; i < m->n; i++)
		if (strstr(m->v[i].text, words))
			return true;
	return false;
}

/* Parses in a child, so that its peak of memory is its own; one of the mistakes must hold the
 * words.
 */
static void refused(const char *yaml, size_t size, const char *words)
{
	uint64_t began = ord_now_ns();
	struct rusage use;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		static struct ord_spec s;
		struct ord_mistakes m = {0};
		struct rusage before, after;
		int rc;

		(void)getrusage(RUSAGE_SELF, &before);
		rc = ord_spec_parse(yaml, size, NULL, 0, &s, &m);
		(void)getrusage(RUSAGE_SELF, &after);
		if (rc != -1 || !tells(&m, words)) {
			print_error("%d: %s\n", rc, m.n ? m.v[0].text : "no mistake");
			_exit(1);
		}
		if (after.ru_maxrss - before.ru_maxrss > MEMORY_KB) {
			print_error("%ld KiB for '%s'\n", after.ru_maxrss - before.ru_maxrss,
				    words);
			_exit(2);
		}
		ord_mistakes_done(&m);
		_exit(0);
	}
	assert_int_equal(wait4(pid, &status, 0, &use), pid);
	assert_int_equal(status, 0);
	assert_true(ord_now_ns() - began < LIMIT_NS);
}

static void refused_repeat(const char *head, const char *body, const char *tail, const char *words)
{
	size_t size;
	ord_autofree char *yaml = repeat(head, body, tail, &size);

	refused(yaml, size, words);
}

/* A hundred megabytes are refused by their size alone: no byte of these can be read. */
static void not_even_read(void **state)
{
	size_t size = 100u << 20;
	char *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(p != MAP_FAILED);
	refused(p, size, "larger than 1 MiB");
	assert_int_equal(munmap(p, size), 0);
}

static void nesting(void **state)
{
	refused_repeat("", "[", "", "nested more than 32 deep");
	refused_repeat("", "{a: ", "", "nested more than 32 deep");
	refused_repeat("", "- ", "", "nested more than 32 deep");
	refused_repeat("", "? ", "", "nested more than 32 deep");
}

static void numbers(void **state)
{
	refused_repeat("a:\n", "- x\n", "", "more than 20000 values");
	refused_repeat("[", "a,", "a]", "more than 20000 values");
	refused_repeat("", "k: v\n", "", "stands here a second time");
	refused_repeat("a: [", "&a x,", "]", "more than 256 anchors");
	refused_repeat("", "# nothing\n", "", "empty");
	refused_repeat("a: \"", "x", "\"\n", "'apiVersion' is missing");
	refused_repeat("", "\n", "", "empty");
	refused_repeat("a: |\n", " x\n", "", "'apiVersion' is missing");
}

static void keys(void **state)
{
	ord_autofree char *yaml = NULL;
	size_t size;
	FILE *f = open_memstream(&yaml, &size);

	for (unsigned i = 0; i < 2000; i++)
		(void)fprintf(f, "k%u: v\n", i);
	assert_int_equal(fclose(f), 0);
	refused(yaml, size, "a map of more than 1000 keys");
}

/* A short line brings nine hundred keys. */
static void merges(void **state)
{
	ord_autofree char *yaml = NULL;
	size_t size;
	FILE *f = open_memstream(&yaml, &size);

	(void)fprintf(f, "a: &m {");
	for (unsigned i = 0; i < 900; i++)
		(void)fprintf(f, "k%u: v, ", i);
	(void)fprintf(f, "z: 1}\n");
	for (unsigned i = 0; i < 900; i++)
		(void)fprintf(f, "b%u: {<<: *m, x%u: v}\n", i, i);
	assert_int_equal(fclose(f), 0);
	refused(yaml, size, "'<<' merges too many keys");
}

static void laughs(void **state)
{
	ord_autofree char *yaml = NULL;
	size_t size;
	FILE *f = open_memstream(&yaml, &size);

	(void)fprintf(f, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (unsigned i = 1; i < 100; i++) {
		(void)fprintf(f, "a%u: &a%u [", i, i);
		for (unsigned j = 0; j < 10; j++)
			(void)fprintf(f, "%s*a%u", j ? ", " : "", i - 1);
		(void)fprintf(f, "]\n");
	}
	assert_int_equal(fclose(f), 0);
	refused(yaml, size, "with its aliases written out");
}

/* All mistakes of a file, but not without end. */
static void mistakes_without_end(void **state)
{
	static struct ord_spec s;
	struct ord_mistakes m = {0};
	ord_autofree char *yaml = NULL;
	size_t size;
	FILE *f = open_memstream(&yaml, &size);

	for (unsigned i = 0; i < 900; i++)
		(void)fprintf(f, "unknown-%u: v\n", i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(ord_spec_parse(yaml, size, NULL, 0, &s, &m), -1);
	assert_int_equal(m.n, 64);
	assert_int_equal(m.more, 900 + 4 - 64);
	assert_int_equal(m.v[0].line, 1);
	ord_mistakes_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_even_read),
		cmocka_unit_test(nesting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(keys),
		cmocka_unit_test(merges),
		cmocka_unit_test(laughs),
		cmocka_unit_test(mistakes_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
