/* The database made anew from the folders. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "history/module/enter.h"
#include "history/module/folder.h"
#include "history/module/missed.h"
#include "history/module/place.h"

struct rebuild {
	const struct ord_history *h;
	const struct ord_history_reader *reader;
	struct store *s;
	json_t *seen; /* folder: what its timeline was like */
	struct ord_history_rebuilt n;
};

static void tell(struct rebuild *b, const char *name, const char *why)
{
	char line[1024];

	(void)snprintf(line, sizeof line, "%.200s: %.700s", name, why);
	if (b->reader->tell)
		b->reader->tell(b->reader->arg, line);
}

/* 1: entered; 0: left out; -1: the database cannot be written. */
static int enter(struct rebuild *b, const char *name, struct ord_err *err)
{
	ord_auto(json) json_t *report = NULL;
	char path[PATH_MAX];
	struct ord_err why = {0};

	(void)snprintf(path, sizeof path, "%s/%s", b->h->home, name);
	if (b->reader->read(b->reader->arg, path, &report, &why)) {
		b->n.broken++;
		tell(b, name, why.msg);
		return 0;
	}
	if (enter_report(b->s, b->h->home, name, report, err))
		return -1;
	b->n.runs++;
	return 1;
}

/* Whether the folder was already entered as it is; else notes that it is now. */
static bool seen_before(struct rebuild *b, const struct record_folder *f, bool *ret_changed)
{
	const json_t *old = json_object_get(b->seen, f->name);
	char now[64];

	(void)snprintf(now, sizeof now, "%lld %lld", (long long)f->timeline_bytes,
		       (long long)f->mtime_ns);
	*ret_changed = old != NULL;
	if (old && !strcmp(json_string_value(old), now))
		return true;
	(void)json_object_set_new(b->seen, f->name, json_string(now));
	return false;
}

static int take(struct rebuild *b, const char *name, struct ord_err *err)
{
	struct record_folder folder;
	bool changed;
	int r;

	if (!folder_is_run(b->h->home, name))
		return 0;
	/* It enters itself when it ends. */
	if (folder_lasts(b->h->home, name))
		return 0;
	if (folder_measure(b->h->home, name, &folder, err))
		return -1;
	if (seen_before(b, &folder, &changed))
		return 0;
	r = enter(b, name, err);
	if (r > 0 && changed)
		b->n.runs--;
	return r < 0 ? -1 : 0;
}

static int take_all(struct rebuild *b, struct ord_err *err)
{
	struct dirent **list;
	int n = scandir(b->h->home, &list, NULL, alphasort), r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : ord_fail_sys(err, "'%.300s'", b->h->home);
	for (int i = 0; i < n; i++) {
		if (!r)
			r = take(b, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return r;
}

/* Those that went while the others were read. */
static int drop_gone(struct rebuild *b, struct ord_err *err)
{
	const char *name;
	json_t *was;

	json_object_foreach (b->seen, name, was) {
		if (folder_is_run(b->h->home, name))
			continue;
		if (store_remove(b->s, name, err))
			return -1;
		if (b->n.runs)
			b->n.runs--;
	}
	return 0;
}

static int count_lasting(struct rebuild *b, struct ord_err *err)
{
	DIR *dir = opendir(b->h->home);
	const struct dirent *d;

	if (!dir)
		return errno == ENOENT ? 0 : ord_fail_sys(err, "'%.300s'", b->h->home);
	while ((d = readdir(dir))) /* NOLINT(concurrency-mt-unsafe): a stream of its own */
		if (folder_is_run(b->h->home, d->d_name) && folder_lasts(b->h->home, d->d_name)) {
			b->n.lasting++;
			tell(b, d->d_name, "it is in progress, and enters itself at its end");
		}
	(void)closedir(dir);
	return 0;
}

/* Everything twice: the first time, which is the long one, others go on; the second time, with the
 * lock, only what came or went meanwhile. */
static int fill_and_swap(struct rebuild *b, const char *next, struct ord_err *err)
{
	ord_autoclose int lock = -1;
	int r = store_begin(b->s, err) || take_all(b, err) ||
		place_lock(b->h, PLACE_PATIENCE, &lock, err) || take_all(b, err) ||
		drop_gone(b, err) || count_lasting(b, err) || store_commit(b->s, err);

	store_close(b->s); /* the last to close it writes its log into it */
	return r ? -1 : place_swap(b->h, next, err);
}

/* There is always a database of now, so that whoever enters a run meanwhile makes none. */
static int make_first(struct rebuild *b, struct ord_err *err)
{
	ord_autoclose int lock = -1;

	return place_lock(b->h, PLACE_PATIENCE, &lock, err) || enter_first(b->h, err) ? -1 : 0;
}

int ord_history_rebuild(const struct ord_history *h, const struct ord_history_reader *reader,
			struct ord_history_rebuilt *ret, struct ord_err *err)
{
	struct rebuild b = {.h = h, .reader = reader};
	ord_auto(json) json_t *seen = json_object();
	ord_autoclose int alone = -1;
	char next[PATH_MAX];

	b.seen = seen;
	if (!seen)
		return ord_fail_nomem(err);
	if (place_lock_rebuild(h, &alone, err) || make_first(&b, err) || place_next(h, next, err) ||
	    store_open(next, STORE_MAKE, PLACE_PATIENCE, &b.s, err) || fill_and_swap(&b, next, err))
		return -1;
	*ret = b.n;
	return 0;
}
