/* A history in a place of its own: what was to run and did not, in files of lines that any crash
 * may have cut off; pages and months of it; removing what is tagged meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "ordeal/history.h"

#define HOUR	 (3600 * (int64_t)ORD_S)
#define NOVEMBER (1793491200 * (int64_t)ORD_S) /* 2026-11-01 */
#define OCTOBER	 (1790812800 * (int64_t)ORD_S) /* 2026-10-01 */

struct place {
	char dir[64], home[80];
	struct ord_history h;
};

static int make(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/ordeal-missed.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->home, sizeof p->home, "%s/runs", p->dir);
	assert_int_equal(mkdir(p->home, 0755), 0);
	p->h = (struct ord_history){.dir = p->dir, .home = p->home};
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int drop(void **state)
{
	struct place *p = *state;
	int r = nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(p);
	return r;
}

static struct ord_missed skipped(const char *name, int64_t planned, const char *reason)
{
	return (struct ord_missed){.outcome = ORD_MISSED_SKIPPED,
				   .name = name,
				   .reason = reason,
				   .planned_ns = planned,
				   .at_ns = planned + HOUR};
}

static void miss(const struct place *p, struct ord_missed m)
{
	struct ord_err err = {0};

	assert_int_equal(ord_history_miss(&p->h, &m, 1, true, &err), 0);
}

static struct ord_history_filter everything(void)
{
	struct ord_history_filter f = ORD_HISTORY_ALL;

	f.missed = true;
	return f;
}

static json_t *list(const struct place *p, const struct ord_history_filter *f)
{
	struct ord_err err = {0};
	json_t *runs = NULL;
	bool made;

	if (ord_history_list(&p->h, f, &runs, &made, &err))
		fail_msg("%s", err.msg);
	return runs;
}

/* "name reason; name reason; " */
static const char *words(json_t *runs)
{
	static char out[1024];
	const json_t *run;
	size_t i, n = 0;

	out[0] = '\0';
	json_array_foreach (runs, i, run) {
		const char *reason = json_string_value(json_object_get(run, "reason"));

		n += (size_t)snprintf(out + n, sizeof out - n, "%s %s; ",
				      json_string_value(json_object_get(run, "name")),
				      reason ? reason : "ran");
	}
	json_decref(runs);
	return out;
}

static const char *all(const struct place *p)
{
	struct ord_history_filter f = everything();

	return words(list(p, &f));
}

/* A run's folder and its row. */
static void ran(const struct place *p, const char *folder, const char *name, const char *started)
{
	char path[256], text[512];
	struct ord_err err = {0};
	json_t *report;
	FILE *out;

	(void)snprintf(path, sizeof path, "%s/%s", p->home, folder);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(text, sizeof text, "%s/run.jsonl", path);
	out = fopen(text, "we");
	assert_non_null(out);
	(void)fclose(out);
	(void)snprintf(text, sizeof text,
		       "{\"run\":\"%s\",\"name\":\"%s\",\"plan_hash\":\"h\",\"seed\":1,"
		       "\"ordeal\":\"1\",\"started_utc\":\"%s\",\"exit\":6,\"verdict\":\"error\","
		       "\"end_cause\":\"\",\"residue\":0,\"plan\":{\"labels\":{\"team\":\"x\"}}}",
		       folder, name, started);
	report = json_loads(text, 0, NULL);
	assert_non_null(report);
	assert_int_equal(ord_history_enter(&p->h, path, report, &err), 0);
	json_decref(report);
}

static void test_listed(void **state)
{
	struct place *p = *state;
	struct ord_history_filter f = everything();
	struct ord_missed m = skipped("b", NOVEMBER + HOUR, "catch-up");
	json_t *labels = json_pack("{s:s}", "gameday", "spring"), *runs;

	assert_string_equal(all(p), "");
	m.times = 12;
	m.last_ns = NOVEMBER + 12 * HOUR;
	m.labels = labels;
	m.text = "it was off: \"\n\xc3\xbc\"";
	miss(p, m);
	miss(p, skipped("a", NOVEMBER, "forbid"));
	assert_string_equal(all(p), "a forbid; b catch-up; ");
	runs = list(p, &f);
	json_decref(labels);
	labels = json_array_get(runs, 1);
	assert_int_equal(json_integer_value(json_object_get(labels, "times")), 12);
	assert_string_equal(json_string_value(json_object_get(labels, "verdict")), "skipped");
	assert_string_equal(json_string_value(json_object_get(labels, "text")), m.text);
	assert_true(json_is_null(json_object_get(labels, "folder")));
	json_decref(runs);
	/* Said again it is one, as it was said last. */
	miss(p, skipped("a", NOVEMBER, "halted"));
	assert_string_equal(all(p), "a halted; b catch-up; ");
	f.missed = false;
	assert_string_equal(words(list(p, &f)), "");
}

static void test_filtered(void **state)
{
	struct place *p = *state;
	struct ord_history_filter f = everything();
	struct ord_missed m = skipped("b", NOVEMBER + HOUR, "paused");
	json_t *labels = json_pack("{s:s,s:s}", "gameday", "spring", "team", "x");
	json_t *names = json_pack("[s]", "a"), *one = json_pack("{s:s}", "gameday", "spring");

	m.labels = labels;
	miss(p, m);
	miss(p, skipped("a", NOVEMBER, "forbid"));
	m = skipped("a", NOVEMBER + 2 * HOUR, "shutdown");
	m.outcome = ORD_MISSED_INTERRUPTED;
	miss(p, m);
	f.names = names;
	assert_string_equal(words(list(p, &f)), "a forbid; a shutdown; ");
	f.verdict = "interrupted";
	assert_string_equal(words(list(p, &f)), "a shutdown; ");
	f = everything();
	f.labels = one;
	assert_string_equal(words(list(p, &f)), "b paused; ");
	f = everything();
	f.since = NOVEMBER + HOUR;
	f.until = NOVEMBER + 2 * HOUR;
	assert_string_equal(words(list(p, &f)), "b paused; ");
	json_decref(labels);
	json_decref(names);
	json_decref(one);
}

/* An interrupted run that left a folder is one row, that of the run. */
static void test_interrupted(void **state)
{
	struct place *p = *state;
	struct ord_missed m = skipped("a", NOVEMBER, "shutdown");
	struct ord_history_filter f = everything();
	json_t *runs;

	m.outcome = ORD_MISSED_INTERRUPTED;
	m.run = "20261101T000000Z-a-aaaaaa";
	miss(p, m);
	assert_string_equal(all(p), "a shutdown; ");
	ran(p, m.run, "a", "2026-11-01T00:00:00Z");
	f.verdict = "interrupted";
	runs = list(p, &f);
	assert_int_equal(json_array_size(runs), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(runs, 0), "folder")),
			    m.run);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(runs, 0), "interrupted")),
		"shutdown");
	json_decref(runs);
}

static void month_path(const struct place *p, const char *month, char out[static 128])
{
	(void)snprintf(out, 128, "%s/missed/%s.jsonl", p->dir, month);
}

/* The bytes of a file of two, and where the first ends. */
static char *two(const struct place *p, size_t *ret_first, size_t *ret_size)
{
	struct ord_err err = {0};
	char path[128], *text;

	miss(p, skipped("a", NOVEMBER, "forbid"));
	month_path(p, "2026-11", path);
	assert_int_equal(ord_file_read(path, 4096, &text, ret_first, &err), 0);
	free(text);
	miss(p, skipped("b", NOVEMBER + HOUR, "forbid"));
	assert_int_equal(ord_file_read(path, 4096, &text, ret_size, &err), 0);
	return text;
}

/* Cut off anywhere, and gone on with: what was whole is there, and what comes next is. */
static void test_cut_off(void **state)
{
	struct place *p = *state, at = *p;
	size_t size, first, k = 0;
	ord_autofree char *text = two(p, &first, &size);
	char path[160];

	at.h.dir = at.dir;
	while (k <= size) {
		FILE *out;

		(void)snprintf(at.dir, sizeof at.dir, "%.40s/%zu", p->dir, k);
		(void)snprintf(path, sizeof path, "%s/missed", at.dir);
		assert_true(ord_mkdirs(path, 0755, &(struct ord_err){0}) >= 0);
		month_path(&at, "2026-11", path);
		out = fopen(path, "we");
		assert_non_null(out);
		assert_int_equal(fwrite(text, 1, k, out), k);
		(void)fclose(out);
		/* Also where the database has read what was cut off. */
		if (k % 2)
			(void)all(&at);
		miss(&at, skipped("c", NOVEMBER + 2 * HOUR, "forbid"));
		assert_string_equal(all(&at), k >= size - 1    ? "a forbid; b forbid; c forbid; "
					      : k >= first - 1 ? "a forbid; c forbid; "
							       : "c forbid; ");
		/* Near an end of a line every byte. */
		k += k + 3 > size || (k + 3 > first && k < first + 3) ? 1 : 13;
	}
}

static void test_garbage(void **state)
{
	struct place *p = *state;
	char path[128];
	FILE *out;

	miss(p, skipped("a", NOVEMBER, "forbid"));
	month_path(p, "2026-11", path);
	out = fopen(path, "ae");
	assert_non_null(out);
	(void)fputs(
		"no json\n{}\n{\"outcome\":\"skipped\",\"name\":7}\n[]\n"
		"{\"outcome\":\"lost\",\"name\":\"x\",\"reason\":\"\",\"text\":\"\",\"run\":\"\","
		"\"planned_ns\":1,\"last_ns\":1,\"times\":1,\"at_ns\":1}\n",
		out);
	(void)fclose(out);
	miss(p, skipped("b", NOVEMBER + HOUR, "forbid"));
	assert_string_equal(all(p), "a forbid; b forbid; ");
}

/* Every page once, in order, also over what is of one instant. */
static void test_pages(void **state)
{
	struct place *p = *state;
	struct ord_history_filter f = everything();
	struct ord_err err = {0};
	char before[128] = "", seen[512] = "", next[512];
	json_t *page;
	int pages = 0;

	ran(p, "20261101T000000Z-r-aaaaaa", "r", "2026-11-01T00:00:00Z");
	ran(p, "20261101T000000Z-r-bbbbbb", "s", "2026-11-01T00:00:00Z");
	for (int i = 0; i < 5; i++) {
		char name[] = {(char)('a' + i), '\0'};

		miss(p, skipped(name, NOVEMBER + (i / 2) * HOUR, "forbid"));
	}
	f.last = 2;
	do {
		f.before = *before ? before : NULL;
		assert_int_equal(ord_history_page(&p->h, &f, &page, &err), 0);
		(void)snprintf(next, sizeof next, "%s%s",
			       words(json_incref(json_object_get(page, "runs"))), seen);
		memcpy(seen, next, sizeof seen);
		(void)snprintf(before, sizeof before, "%s",
			       json_is_string(json_object_get(page, "before"))
				       ? json_string_value(json_object_get(page, "before"))
				       : "");
		json_decref(page);
	} while (*before && ++pages < 9);
	assert_string_equal(seen,
			    "r ran; s ran; a forbid; b forbid; c forbid; d forbid; e forbid; ");
	assert_int_equal(pages, 3);
	f.before = "yesterday";
	assert_int_equal(ord_history_page(&p->h, &f, &page, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
}

static void test_one(void **state)
{
	struct place *p = *state;
	struct ord_err err = {0};
	json_t *one = NULL;

	ran(p, "20261101T000000Z-r-aaaaaa", "r", "2026-11-01T00:00:00Z");
	assert_int_equal(ord_history_one(&p->h, "20261101T000000Z-r-aaaaaa", &one, &err), 0);
	assert_string_equal(json_string_value(json_object_get(json_object_get(one, "run"), "name")),
			    "r");
	json_decref(one);
	assert_int_equal(ord_history_one(&p->h, "../r", &one, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
}

static void test_forgotten(void **state)
{
	struct place *p = *state;
	struct ord_err err = {0};
	struct ord_missed m[] = {skipped("a", OCTOBER, "forbid"),
				 skipped("b", NOVEMBER - HOUR / 2, "forbid"),
				 skipped("c", NOVEMBER, "forbid")};
	size_t n;

	m[1].at_ns = NOVEMBER - 1; /* the last of October */
	assert_int_equal(ord_history_miss(&p->h, m, ORD_COUNT(m), false, &err), 0);
	assert_string_equal(all(p), "a forbid; b forbid; c forbid; ");
	assert_int_equal(ord_history_forget(&p->h, NOVEMBER - 1, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_string_equal(all(p), "a forbid; b forbid; c forbid; ");
	assert_int_equal(ord_history_forget(&p->h, NOVEMBER, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(all(p), "c forbid; ");
}

/* ---- removing */

static bool is_there(const struct place *p, const char *folder)
{
	char path[160];

	(void)snprintf(path, sizeof path, "%s/%s/run.jsonl", p->home, folder);
	return !access(path, F_OK);
}

static void tag(const struct place *p, const char *target)
{
	char path[160];

	(void)snprintf(path, sizeof path, "%s/tags", p->home);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof path, "%s/tags/main", p->home);
	(void)unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

/* Tagged since the list was made, by its name or by its path. */
static void test_tagged_meanwhile(void **state)
{
	static const char folder[] = "20261101T000000Z-r-aaaaaa";
	struct place *p = *state;
	struct ord_history_filter f = ORD_HISTORY_ALL;
	struct ord_err err = {0};
	char path[160];
	json_t *runs;
	bool gone;

	ran(p, folder, "r", "2026-11-01T00:00:00Z");
	runs = list(p, &f);
	assert_false(json_is_true(json_object_get(json_array_get(runs, 0), "tagged")));
	tag(p, "../20261101T000000Z-r-aaaaaa");
	assert_int_equal(ord_history_remove(&p->h, json_array_get(runs, 0), &gone, &err), 0);
	assert_false(gone);
	assert_true(is_there(p, folder));
	(void)snprintf(path, sizeof path, "%s/%s", p->home, folder);
	tag(p, path);
	assert_int_equal(ord_history_remove(&p->h, json_array_get(runs, 0), &gone, &err), 0);
	assert_false(gone);
	tag(p, "../another");
	assert_int_equal(ord_history_remove(&p->h, json_array_get(runs, 0), &gone, &err), 0);
	assert_true(gone);
	assert_false(is_there(p, folder));
	json_decref(runs);
	runs = list(p, &f);
	assert_int_equal(json_array_size(runs), 0);
	json_decref(runs);
}

/* A removal that was cut off before it had looked at the tags. */
static void test_sweep(void **state)
{
	struct place *p = *state;
	struct ord_err err = {0};
	char path[160], going[160];

	for (int k = 0; k < 2; k++) {
		const char *folder = k ? "20261101T000000Z-r-bbbbbb" : "20261101T000000Z-r-aaaaaa";

		ran(p, folder, "r", "2026-11-01T00:00:00Z");
		(void)snprintf(path, sizeof path, "%s/%s", p->home, folder);
		(void)snprintf(going, sizeof going, "%s/.removed-%s", p->home, folder);
		assert_int_equal(rename(path, going), 0);
	}
	tag(p, "../20261101T000000Z-r-aaaaaa");
	assert_int_equal(ord_history_sweep(&p->h, &err), 0);
	assert_true(is_there(p, "20261101T000000Z-r-aaaaaa"));
	assert_false(is_there(p, "20261101T000000Z-r-bbbbbb"));
	assert_int_equal(access(going, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_listed, make, drop),
		cmocka_unit_test_setup_teardown(test_filtered, make, drop),
		cmocka_unit_test_setup_teardown(test_interrupted, make, drop),
		cmocka_unit_test_setup_teardown(test_cut_off, make, drop),
		cmocka_unit_test_setup_teardown(test_garbage, make, drop),
		cmocka_unit_test_setup_teardown(test_pages, make, drop),
		cmocka_unit_test_setup_teardown(test_one, make, drop),
		cmocka_unit_test_setup_teardown(test_forgotten, make, drop),
		cmocka_unit_test_setup_teardown(test_tagged_meanwhile, make, drop),
		cmocka_unit_test_setup_teardown(test_sweep, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
