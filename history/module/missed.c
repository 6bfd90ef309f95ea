#include "history/module/missed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "history/module/get.h"

#define FOLDER	  "missed"
#define NAME_SIZE 16	      /* "2026-11.jsonl" */
#define MONTHS	  (12 * 1000) /* so many are looked at, and no more */

static const char *const outcomes[] = {
	[ORD_MISSED_SKIPPED] = "skipped", [ORD_MISSED_INTERRUPTED] = "interrupted"};
static const struct ord_json_limits line_limits = {.size = 64 << 10, .depth = 4};

/* ---- writing them */

static struct ord_date date_of(int64_t ns)
{
	return ord_date_of(ord_day_of(ns / (int64_t)ORD_S));
}

static void file_of(int64_t ns, char out[static NAME_SIZE])
{
	struct ord_date d = date_of(ns);

	(void)snprintf(out, NAME_SIZE, "%04d-%02u.jsonl", (int)(d.year % 10000), d.month % 100u);
}

/* Each line begins with a newline, too: what a crash cut off before it is a line of its own then.
 */
static int print(FILE *out, const struct ord_missed *m, struct ord_err *err)
{
	ord_autofree char *line = NULL;
	ord_auto(json) json_t *record = json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:O*}", "outcome", outcomes[m->outcome],
		"name", m->name, "reason", m->reason, "text", m->text ? m->text : "", "run",
		m->run ? m->run : "", "planned_ns", (json_int_t)m->planned_ns, "last_ns",
		(json_int_t)(m->last_ns ? m->last_ns : m->planned_ns), "times",
		(json_int_t)(m->times ? m->times : 1), "at_ns", (json_int_t)m->at_ns, "labels",
		m->labels);

	if (!record)
		return ord_fail(err, ORD_USAGE, "what was missed has a text that is no UTF-8");
	line = ord_json_dump(record);
	if (!line)
		return ord_fail_nomem(err);
	if (strlen(line) > line_limits.size)
		return ord_fail(err, ORD_USAGE, "what was missed takes more than %zu bytes",
				line_limits.size);
	(void)fprintf(out, "\n%s\n", line);
	return 0;
}

static int append(int dir, const char *file, const char *text, size_t size, bool sync,
		  struct ord_err *err)
{
	ord_autoclose int fd = openat(dir, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return ord_fail_sys(err, FOLDER "/%s", file);
	if (ord_write_all(fd, text, size, err))
		return ord_wrap(err, FOLDER "/%s", file);
	if (sync && (fdatasync(fd) || fsync(dir)))
		return ord_fail_sys(err, FOLDER "/%s", file);
	return 0;
}

/* Those of one month, in one piece. Returns how many they were, or -1. */
static ssize_t write_month(int dir, const struct ord_missed *list, size_t n, bool sync,
			   struct ord_err *err)
{
	char file[NAME_SIZE], other[NAME_SIZE];
	ord_autofree char *text = NULL;
	size_t size, i = 0;
	FILE *out = open_memstream(&text, &size);
	int r = 0;

	if (!out)
		return ord_fail_nomem(err);
	file_of(list[0].at_ns, file);
	for (; !r && i < n; i++) {
		file_of(list[i].at_ns, other);
		if (strcmp(file, other) != 0)
			break;
		r = print(out, &list[i], err);
	}
	if (fclose(out) && !r)
		r = ord_fail_nomem(err);
	return r || append(dir, file, text, size, sync, err) ? -1 : (ssize_t)i;
}

static void path_of(const struct ord_history *h, char out[static PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%.4000s/" FOLDER, h->dir);
}

static int sync_month(int dir, int64_t ns, struct ord_err *err)
{
	char file[NAME_SIZE];
	ord_autoclose int fd = -1;

	file_of(ns, file);
	fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	return fd < 0 || fdatasync(fd) || fsync(dir) ? ord_fail_sys(err, FOLDER "/%s", file) : 0;
}

/* That of the month before, too, where it has just ended. */
static int sync_newest(int dir, struct ord_err *err)
{
	int64_t now = (int64_t)ord_wall_ns();

	return sync_month(dir, now, err) || sync_month(dir, now - 120 * (int64_t)ORD_S, err) ? -1
											     : 0;
}

int ord_history_miss(const struct ord_history *h, const struct ord_missed *list, size_t n,
		     bool sync, struct ord_err *err)
{
	ord_autoclose int dir = -1;
	char path[PATH_MAX];

	path_of(h, path);
	if (ord_mkdirs(path, 0755, err) < 0)
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ord_fail_sys(err, "'%.300s'", path);
	if (!n && sync)
		return sync_newest(dir, err);
	while (n) {
		ssize_t done = write_month(dir, list, n, sync, err);

		if (done < 0)
			return -1;
		list += done;
		n -= (size_t)done;
	}
	return 0;
}

/* ---- reading them */

static int is_month(const struct dirent *d)
{
	const char *s = d->d_name;

	return strlen(s) == 13 && strspn(s, "0123456789") == 4 && s[4] == '-' &&
	       strspn(s + 5, "0123456789") == 2 && !strcmp(s + 7, ".jsonl");
}

/* {file: bytes} of those that are there. */
static int sizes_of(const char *path, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *all = json_object();
	ord_autoclose int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list;
	struct stat st;
	int n, r = 0;

	n = dir < 0 ? -1 : scandir(path, &list, is_month, alphasort);
	if (n < 0 && errno != ENOENT)
		return ord_fail_sys(err, "'%.300s'", path);
	for (int i = 0; i < n; i++) {
		if (!r && i < MONTHS && !fstatat(dir, list[i]->d_name, &st, 0) &&
		    json_object_set_new(all, list[i]->d_name, json_integer(st.st_size)))
			r = ord_fail_nomem(err);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (!r)
		*ret = ord_steal_ptr(all);
	return r;
}

bool missed_any(const struct ord_history *h)
{
	ord_auto(json) json_t *sizes = NULL;
	char path[PATH_MAX];

	path_of(h, path);
	return !sizes_of(path, &sizes, &(struct ord_err){0}) && json_object_size(sizes);
}

/* What is there, and how far each was read. */
static int compare(const struct ord_history *h, struct store *s, json_t **ret_sizes,
		   json_t **ret_known, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	char path[PATH_MAX];

	path_of(h, path);
	if (store_missed_known(s, &text, err) || sizes_of(path, ret_sizes, err))
		return -1;
	*ret_known = json_loads(text, 0, NULL);
	return *ret_known ? 0 : ord_fail_nomem(err);
}

int missed_behind(const struct ord_history *h, struct store *s, bool *ret, struct ord_err *err)
{
	ord_auto(json) json_t *sizes = NULL, *known = NULL;

	if (compare(h, s, &sizes, &known, err))
		return -1;
	*ret = !json_equal(sizes, known);
	return 0;
}

static bool is_outcome(const char *text)
{
	return !strcmp(text, outcomes[0]) || !strcmp(text, outcomes[1]);
}

/* A line as a record; NULL where it is none, such as what a crash cut off. */
static json_t *record_of(const char *line, size_t size, const char *file)
{
	static const char *const texts[] = {"name", "reason", "text", "run"};
	static const char *const numbers[] = {"planned_ns", "last_ns", "times", "at_ns"};
	json_t *record = NULL, *labels;

	if (ord_json_parse(line, size, &line_limits, &record, &(struct ord_err){0}))
		return NULL;
	labels = json_object_get(record, "labels");
	for (size_t i = 0; i < ORD_COUNT(texts); i++)
		if (!json_is_string(json_object_get(record, texts[i])))
			goto none;
	for (size_t i = 0; i < ORD_COUNT(numbers); i++)
		if (!get_is_int(record, numbers[i]))
			goto none;
	if (!is_outcome(get_text(record, "outcome")) || (labels && !json_is_object(labels)) ||
	    (!labels && json_object_set_new(record, "labels", json_object())) ||
	    json_object_set_new(record, "file", json_string(file)))
		goto none;
	return record;
none:
	json_decref(record);
	return NULL;
}

static int add_line(struct store *s, const char *line, size_t size, const char *file,
		    struct ord_err *err)
{
	ord_auto(json) json_t *record = size ? record_of(line, size, file) : NULL;
	ord_autofree char *text = NULL;

	if (!record)
		return 0;
	text = ord_json_dump(record);
	return text ? store_missed_add(s, text, err) : ord_fail_nomem(err);
}

/* From there on, up to its last whole line. */
static int absorb_file(const char *path, const char *file, int64_t from, struct store *s,
		       struct ord_err *err)
{
	char full[PATH_MAX + NAME_SIZE + 1];
	ord_autofclose FILE *in = NULL;
	ord_autofree char *line = NULL;
	size_t room = 0;
	ssize_t n;

	(void)snprintf(full, sizeof full, "%s/%s", path, file);
	in = fopen(full, "re");
	if (!in || fseeko(in, from, SEEK_SET))
		return ord_fail_sys(err, "'%.300s'", full);
	/* It must not be shorter after a power cut than the database says that it was read. */
	(void)fdatasync(fileno(in));
	while ((n = getline(&line, &room, in)) > 0 && line[n - 1] == '\n') {
		if (add_line(s, line, (size_t)n - 1, file, err))
			return -1;
		from += n;
	}
	if (ferror(in))
		return ord_fail_sys(err, "'%.300s'", full);
	return store_missed_read(s, file, from, err);
}

static int absorb_all(const char *path, json_t *sizes, json_t *known, struct store *s,
		      struct ord_err *err)
{
	const char *file;
	json_t *v;

	json_object_foreach (known, file, v)
		if (get_int(sizes, file) < json_integer_value(v) && store_missed_drop(s, file, err))
			return -1;
	json_object_foreach (sizes, file, v) {
		json_int_t from = get_int(known, file), size = json_integer_value(v);

		if (size != from && absorb_file(path, file, size < from ? 0 : from, s, err))
			return -1;
	}
	return 0;
}

int missed_absorb(const struct ord_history *h, struct store *s, struct ord_err *err)
{
	ord_auto(json) json_t *sizes = NULL, *known = NULL;
	char path[PATH_MAX];

	path_of(h, path);
	return compare(h, s, &sizes, &known, err) || absorb_all(path, sizes, known, s, err) ? -1
											    : 0;
}

int missed_forget(const struct ord_history *h, int64_t before_ns, struct ord_err *err)
{
	ord_auto(json) json_t *sizes = NULL;
	char path[PATH_MAX], first[NAME_SIZE], full[PATH_MAX + NAME_SIZE + 1];
	const char *file;
	json_t *v;
	int n = 0;

	path_of(h, path);
	if (sizes_of(path, &sizes, err))
		return -1;
	file_of(before_ns, first);
	json_object_foreach (sizes, file, v) {
		if (strcmp(file, first) >= 0)
			continue;
		(void)snprintf(full, sizeof full, "%s/%s", path, file);
		if (unlink(full))
			return ord_fail_sys(err, "remove '%.300s'", full);
		n++;
	}
	return n;
}
