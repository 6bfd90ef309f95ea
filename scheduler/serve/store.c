/*
 * The folder: what is in it is what runs. Files are read and planned first, and taken over all at
 * once, so that what one `git pull` changes together changes together. What takes longer than a
 * moment is done in slices, between which the loop turns.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/serve/take.h"

#define FIRST_NS  (20 * ORD_MS) /* so long it may take at once */
#define SLICE_NS  (500 * ORD_US)
#define FRESH_MAX 16384 /* files that are taken over together; what they say is in memory */
#define HEAP_KEPT (4 << 20)
#define FIRST_MAX 256 /* when all are new */

/* The names of files, one after the other: there may be a million. */
struct names {
	char *v; /* owned */
	size_t used, room;
	size_t *at; /* owned; where each begins */
	size_t n, at_room;
};

/* Looking through it, as far as that has come. */
struct look {
	struct ord_serve *s;
	DIR *dir;
	json_t *named; /* owned; NULL: all */
	bool listed, first;
	struct names todo;
	size_t next;		     /* of these */
	struct fresh *fresh, *picks; /* owned; those that draw others are taken last */
	size_t n_fresh, fresh_room, n_picks, picks_room;
	sd_event_source *source;
};

bool store_takes(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

struct entry *store_find(const struct ord_serve *s, const char *file)
{
	return store_entry(s, files_find(s, file).id);
}

/*
 * Whether a file may be another than the one that was read. What is told of by name is read in any
 * case: two that are taken for one differ in this number with all but one in 2^32.
 */
static uint32_t ident_of(const struct stat *st)
{
	const uint64_t of[] = {st->st_dev,
			       st->st_ino,
			       (uint64_t)st->st_size,
			       (uint64_t)st->st_mtim.tv_sec,
			       (uint64_t)st->st_mtim.tv_nsec,
			       (uint64_t)st->st_ctim.tv_sec,
			       (uint64_t)st->st_ctim.tv_nsec};
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < ORD_COUNT(of); i++) {
		h = (h ^ of[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return (uint32_t)h ? (uint32_t)h : 1;
}

/* ---- what is to be read */

static int add_name(struct names *names, const char *name, struct ord_err *err)
{
	size_t size = strlen(name) + 1;

	if (names->used + size > names->room) {
		size_t room = names->room ? 2 * names->room : 4096;
		char *more = realloc(names->v, room);

		if (!more)
			return ord_fail_nomem(err);
		names->v = more;
		names->room = room;
	}
	if (names->n == names->at_room) {
		size_t room = names->at_room ? 2 * names->at_room : 64;
		size_t *more = reallocarray(names->at, room, sizeof *more);

		if (!more)
			return ord_fail_nomem(err);
		names->at = more;
		names->at_room = room;
	}
	memcpy(names->v + names->used, name, size);
	names->at[names->n++] = names->used;
	names->used += size;
	return 0;
}

static int by_name(const void *a, const void *b, void *v)
{
	return strcmp((char *)v + *(const size_t *)a, (char *)v + *(const size_t *)b);
}

static void mark_seen(struct ord_serve *s, struct found f)
{
	if (f.id != ORD_AGENDA_NONE)
		row_set(s, f.id, ROW_SEEN, true);
	if (f.odd)
		f.odd->seen = true;
}

/* A name that leads nowhere is no file: a link whose target is still to come. What cannot be looked
 * at for another reason is read, and says so. */
static int look_at(struct look *l, const char *name, bool told, struct ord_err *err)
{
	struct found f = files_find(l->s, name);
	struct stat st;
	uint32_t ident;

	if (fstatat(dirfd(l->dir), name, &st, 0) == 0) {
		if (!S_ISREG(st.st_mode))
			return told ? add_name(&l->todo, name, err) : 0;
		ident = ident_of(&st);
	} else {
		if (errno == ENOENT || errno == ENOTDIR)
			return told ? add_name(&l->todo, name, err) : 0;
		ident = 0;
	}
	mark_seen(l->s, f);
	if (!told && ident && (f.odd || f.id != ORD_AGENDA_NONE) &&
	    ident == (f.odd ? f.odd->ident : rows_ident(l->s, f.id)))
		return 0;
	return add_name(&l->todo, name, err);
}

/* Those whose turn comes with whatever changes next: what stood in their way may have gone. */
static int list_waiting(struct look *l, struct ord_err *err)
{
	const struct odd *odd;

	for (size_t i = 0; (odd = files_odd(l->s, i)); i++)
		if (!odd->ident && !json_object_get(l->named, odd->name) &&
		    add_name(&l->todo, odd->name, err) < 0)
			return -1;
	return 0;
}

static int list_named(struct look *l, struct ord_err *err)
{
	const char *name;
	json_t *any;

	json_object_foreach (l->named, name, any) {
		if (store_takes(name) && look_at(l, name, true, err) < 0)
			return -1;
	}
	return list_waiting(l, err) < 0 ? -1 : 1;
}

/* As much of the folder as there is time for: 1 at its end. */
static int list_all(struct look *l, uint64_t until_ns, struct ord_err *err)
{
	const struct dirent *e;

	for (unsigned n = 1;; n++) {
		errno = 0;
		e = readdir(l->dir);
		if (!e)
			return errno ? ord_fail_sys(err, "%s", l->s->dir) : 1;
		if (store_takes(e->d_name) && look_at(l, e->d_name, false, err) < 0)
			return -1;
		if (n % 16 == 0 && ord_now_ns() >= until_ns)
			return 0;
	}
}

static void begin_list(struct look *l)
{
	struct ord_serve *s = l->s;
	struct odd *odd;

	if (l->named)
		return;
	for (uint32_t id = 0; (id = rows_with(s, id, ROW_SEEN)) != ORD_AGENDA_NONE; id++)
		row_set(s, id, ROW_SEEN, false);
	for (size_t i = 0; (odd = files_odd(s, i)); i++)
		odd->seen = false;
}

/* ---- reading */

/* A file that cannot be read is as one that is broken: what ran goes on. */
static void read_file(const struct look *l, struct fresh *x)
{
	struct ord_err err;
	char *text = NULL;
	struct stat st;
	size_t size = 0;

	if (fstatat(dirfd(l->dir), x->name, &st, 0) == 0) {
		x->gone = !S_ISREG(st.st_mode);
		x->ident = ident_of(&st);
	} else {
		x->gone = errno == ENOENT || errno == ENOTDIR;
	}
	if (x->gone)
		return;
	x->read = calloc(1, sizeof *x->read);
	if (!x->read)
		(void)snprintf(x->why.text, sizeof x->why.text, "out of memory");
	else if (ord_file_read_at(dirfd(l->dir), x->name, ORD_SPEC_BYTES_MAX, &text, &size, &err) <
		 0)
		(void)snprintf(x->why.text, sizeof x->why.text, "%s", err.msg);
	else
		x->good = entry_read(text, size, x->name, x->read, &x->why) == 0;
	/* What was not for the text's sake is tried again. */
	if (!x->good && !text)
		x->ident = 0;
}

static int push(struct fresh **list, size_t *n, size_t *room, const struct fresh *x,
		struct ord_err *err)
{
	if (*n == *room) {
		size_t want = *room ? 2 * *room : 64;
		struct fresh *more = reallocarray(*list, want, sizeof *more);

		if (!more)
			return ord_fail_nomem(err);
		*list = more;
		*room = want;
	}
	(*list)[(*n)++] = *x;
	return 0;
}

static int read_next(struct look *l, struct ord_err *err)
{
	struct fresh x = {.name = l->todo.v + l->todo.at[l->next]};
	int r;

	read_file(l, &x);
	if (x.good && x.read->entry->pick)
		r = push(&l->picks, &l->n_picks, &l->picks_room, &x, err);
	else
		r = push(&l->fresh, &l->n_fresh, &l->fresh_room, &x, err);
	if (r < 0)
		take_done(&x);
	else
		l->next++;
	return r;
}

/* ---- a look */

static void look_free(struct look *l)
{
	if (!l)
		return;
	(void)sd_event_source_disable_unref(l->source);
	for (size_t i = 0; i < l->n_fresh; i++)
		take_done(&l->fresh[i]);
	for (size_t i = 0; i < l->n_picks; i++)
		take_done(&l->picks[i]);
	free(l->fresh);
	free(l->picks);
	free(l->todo.v);
	free(l->todo.at);
	json_decref(l->named);
	if (l->dir)
		(void)closedir(l->dir);
	free(l);
}

/* 1: all that is to be read is known. */
static int list(struct look *l, uint64_t until_ns, struct ord_err *err)
{
	int r = l->named ? list_named(l, err) : list_all(l, until_ns, err);

	if (r == 1 && l->todo.n)
		qsort_r(l->todo.at, l->todo.n, sizeof *l->todo.at, by_name, l->todo.v);
	l->listed = r == 1;
	return r;
}

static void settle(struct ord_serve *s)
{
	struct ord_err err;

	if (!s->texts)
		return;
	take_before(s);
	if (texts_settle(s->texts, &err) < 0)
		serve_say(s, "%s; what is broken at the next start has no last good version",
			  err.msg);
}

/* A folder that cannot be read to its end says nothing of what is not in it. 1: it is done. */
static int go_on(struct look *l, uint64_t until_ns, struct ord_err *err)
{
	if (!l->listed) {
		int r = list(l, until_ns, err);

		if (r <= 0)
			return r;
	}
	while (l->next < l->todo.n) {
		if (read_next(l, err) < 0)
			return -1;
		/* At first nothing runs that would change with others. */
		if (l->n_fresh >= (l->first ? FIRST_MAX : FRESH_MAX)) {
			take_over(l->s, l->fresh, l->n_fresh);
			l->n_fresh = 0;
			rows_trim(l->s);
		}
		if (ord_now_ns() >= until_ns)
			return 0;
	}
	if (!l->named)
		take_unseen(l->s);
	take_over(l->s, l->fresh, l->n_fresh);
	take_over(l->s, l->picks, l->n_picks);
	l->n_fresh = l->n_picks = 0;
	take_end(l->s);
	if (l->first)
		settle(l->s);
	rows_trim(l->s);
	return 1;
}

static int on_slice(sd_event_source *source, void *arg)
{
	struct look *l = arg;
	struct ord_serve *s = l->s;
	struct ord_err err;
	int r = go_on(l, ord_now_ns() + SLICE_NS, &err);

	if (!r)
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	look_free(l);
	s->look = NULL;
	watch_looked(s->watch, r < 0 ? &err : NULL);
	return 0;
}

/* In the next turns of the loop, after what is due. */
static int later(struct look *l, struct ord_err *err)
{
	int e = sd_event_add_defer(l->s->loop, &l->source, on_slice, l);

	if (e >= 0)
		e = sd_event_source_set_priority(l->source, SD_EVENT_PRIORITY_NORMAL + 1);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

int store_look(struct ord_serve *s, json_t *names, struct ord_err *err)
{
	struct look *l = calloc(1, sizeof *l);
	int r;

	if (!l)
		return ord_fail_nomem(err);
	/* What is read of a file for a moment would be given back and asked for again each time. */
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	*l = (struct look){.s = s, .named = json_incref(names), .dir = opendir(s->dir)};
	l->first = !ord_agenda_count(s->agenda) && !s->ready;
	if (!l->dir) {
		(void)ord_fail_sys(err, "%s", s->dir);
		look_free(l);
		return -1;
	}
	begin_list(l);
	r = go_on(l, l->first ? UINT64_MAX : ord_now_ns() + FIRST_NS, err);
	if (!r && later(l, err) == 0) {
		s->look = l;
		return 0;
	}
	look_free(l);
	return r > 0 ? 0 : -1;
}

int store_open(struct ord_serve *s, struct ord_err *err)
{
	struct ord_err why;

	if (rows_open(s, err) < 0 || files_open(s, err) < 0)
		return -1;
	if (s->state_fd >= 0 && texts_open(s->state_fd, &s->texts, &why) < 0)
		serve_say(s, "%s; all texts stay in memory", why.msg);
	return 0;
}

void store_done(struct ord_serve *s)
{
	look_free(s->look);
	s->look = NULL;
	files_done(s);
	rows_done(s);
	texts_close(s->texts);
	json_decref(s->gamedays);
}
