/*
 * The folder: what is in it is what runs. Files are read and planned first, and taken over all at
 * once, so that what one `git pull` changes together changes together.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/serve/serve.h"

/* A file that was read, to be taken over. */
struct fresh {
	size_t file;
	bool good, draws; /* draws: of the others */
	struct read read;
	struct mistake why;
};

struct look {
	struct ord_serve *s;
	int dir;
	struct fresh *fresh; /* owned */
	size_t n, room;
};

bool store_takes(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

struct entry *store_entry(const struct ord_serve *s, uint32_t id)
{
	return id < s->n_entries ? s->entries[id] : NULL;
}

/* Where it is, or would be. */
static size_t place_of(const struct ord_serve *s, const char *name)
{
	size_t lo = 0, hi = s->n_files;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(s->files[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct file *store_file(const struct ord_serve *s, const char *name)
{
	size_t at = place_of(s, name);

	return at < s->n_files && !strcmp(s->files[at].name, name) ? &s->files[at] : NULL;
}

struct entry *store_find(const struct ord_serve *s, const char *file)
{
	const struct file *f = store_file(s, file);

	return f ? store_entry(s, f->id) : NULL;
}

static struct file *add_file(struct ord_serve *s, const char *name)
{
	struct file *more =
		s->n_files & (s->n_files - 1)
			? s->files
			: realloc(s->files, (s->n_files ? 2 * s->n_files : 1) * sizeof *more);
	char *own = strdup(name);
	size_t at;

	if (more)
		s->files = more;
	if (!more || !own) {
		free(own);
		return NULL;
	}
	at = place_of(s, name);
	memmove(&s->files[at + 1], &s->files[at], (s->n_files - at) * sizeof *s->files);
	s->files[at] = (struct file){.name = own, .id = ORD_AGENDA_NONE};
	s->n_files++;
	return &s->files[at];
}

static bool same_stat(const struct file *f, const struct stat *st)
{
	return f->dev == st->st_dev && f->ino == st->st_ino && f->size == (uint64_t)st->st_size &&
	       f->mtime_ns ==
		       (uint64_t)st->st_mtim.tv_sec * ORD_S + (uint64_t)st->st_mtim.tv_nsec &&
	       f->ctime_ns == (uint64_t)st->st_ctim.tv_sec * ORD_S + (uint64_t)st->st_ctim.tv_nsec;
}

static void take_stat(struct file *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = (uint64_t)st->st_size;
	f->mtime_ns = (uint64_t)st->st_mtim.tv_sec * ORD_S + (uint64_t)st->st_mtim.tv_nsec;
	f->ctime_ns = (uint64_t)st->st_ctim.tv_sec * ORD_S + (uint64_t)st->st_ctim.tv_nsec;
}

/* ---- reading */

/* A file that cannot be read is as one that is broken: what ran goes on. */
static void read_file(struct look *l, struct file *f)
{
	struct fresh *x;
	struct ord_err err;
	char *text = NULL;
	size_t size = 0;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct fresh *more = realloc(l->fresh, room * sizeof *more);

		if (!more)
			return;
		l->fresh = more;
		l->room = room;
	}
	x = &l->fresh[l->n++];
	*x = (struct fresh){.file = (size_t)(f - l->s->files)};
	if (ord_file_read_at(l->dir, f->name, ORD_SPEC_BYTES_MAX, &text, &size, &err) < 0)
		(void)snprintf(x->why.text, sizeof x->why.text, "%s", err.msg);
	else
		x->good = entry_read(text, size, f->name, &x->read, &x->why) == 0;
	x->draws = x->good && x->read.entry->pick;
}

/* A name that leads nowhere is no file: a link whose target is still to come. */
static void look_at(struct look *l, const char *name)
{
	struct file *f = store_file(l->s, name);
	struct stat st;

	if (fstatat(l->dir, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return;
	f = f ? f : add_file(l->s, name);
	if (f)
		f->seen = true;
}

/* Those that were added moved the others: they are read when all are known. */
static void read_changed(struct look *l, const json_t *names)
{
	for (size_t i = 0; i < l->s->n_files; i++) {
		struct file *f = &l->s->files[i];
		bool named = names && json_object_get(names, f->name);
		struct stat st;

		if ((names && !named && f->ino) || fstatat(l->dir, f->name, &st, 0) < 0 ||
		    (!named && same_stat(f, &st)))
			continue;
		take_stat(f, &st);
		read_file(l, f);
	}
}

/* ---- taking over */

static void set_message(struct ord_serve *s, struct file *f, const struct mistake *why)
{
	bool same = why && f->message && !strcmp(f->message, why->text) && f->line == why->line &&
		    f->column == why->column;

	if (same || (!why && !f->message))
		return;
	free(f->message);
	f->message = why ? strdup(why->text) : NULL;
	f->line = why ? why->line : 0;
	f->column = why ? why->column : 0;
	if (!why)
		serve_say(s, "%s: mended", f->name);
	else if (why->line)
		serve_say(s, "%s:%u:%u: %s%s", f->name, why->line, why->column, why->text,
			  f->id != ORD_AGENDA_NONE ? " (the last good version stays)" : "");
	else
		serve_say(s, "%s: %s%s", f->name, why->text,
			  f->id != ORD_AGENDA_NONE ? " (the last good version stays)" : "");
	serve_emit(s, "store",
		   json_pack("{s:s,s:s?,s:i,s:i}", "file", f->name, "message", f->message, "line",
			     (int)f->line, "column", (int)f->column));
}

static int make_room(struct ord_serve *s, uint32_t id)
{
	size_t n = s->n_entries;
	struct entry **more;

	if (id < n)
		return 0;
	n = 2 * (size_t)id + 64;
	more = realloc(s->entries, n * sizeof *more);
	if (!more)
		return -1;
	memset(more + s->n_entries, 0, (n - s->n_entries) * sizeof *more);
	s->entries = more;
	s->n_entries = n;
	return 0;
}

static void take_off(struct ord_serve *s, uint32_t id)
{
	char name[ORD_NAME_MAX];

	(void)snprintf(name, sizeof name, "%s", ord_agenda_name(s->agenda, id));
	for (struct run *r = s->first, *next; r; r = next) {
		next = r->next;
		if (r->id != id)
			continue;
		r->id = ORD_AGENDA_NONE;
		if (r->state == RUN_CLAIMED || r->state == RUN_QUEUED)
			run_skip(s, r, "removed");
	}
	ord_agenda_remove(s->agenda, id);
	entry_free(s->entries[id]);
	s->entries[id] = NULL;
	state_gone(s, name);
	serve_say(s, "%s: taken off", name);
	serve_emit(s, "removed", json_pack("{s:s}", "name", name));
}

/* From when on it counts: a new one from now; what is known of it from its last instant on. */
static void begin_at(struct ord_serve *s, const struct fresh *x, uint32_t old,
		     struct ord_agenda_item *item)
{
	ord_auto(json) json_t *known = NULL;
	struct ord_agenda_entry was;

	item->cursor_ns = (int64_t)ord_wall_ns();
	if (old != ORD_AGENDA_NONE) {
		ord_agenda_entry(s->agenda, old, &was);
		item->paused = was.paused;
		item->skip_next = was.skip_next;
		/* With another calendar what is past is past; the same goes on where it was. */
		if (was.cursor_ns > item->cursor_ns ||
		    !strcmp(s->entries[old]->schedule, x->read.entry->schedule))
			item->cursor_ns = was.cursor_ns;
		return;
	}
	known = state_take(s, x->read.name);
	if (!known)
		return;
	item->cursor_ns = json_integer_value(json_object_get(known, "cur"));
	item->paused = json_is_true(json_object_get(known, "paused"));
	item->skip_next = json_is_true(json_object_get(known, "skip"));
	x->read.entry->last = json_incref(json_object_get(known, "last"));
}

/* Returns false, and why, where it cannot be taken. */
static bool put(struct ord_serve *s, struct fresh *x, struct mistake *why)
{
	struct file *f = &s->files[x->file];
	uint32_t old = ord_agenda_find(s->agenda, x->read.name), id;
	struct entry *before = store_entry(s, old), *e = x->read.entry;
	struct ord_agenda_item item = {.name = x->read.name,
				       .file = f->name,
				       .schedule = &x->read.schedule,
				       .seed = x->read.seed};
	struct ord_err err = {.msg = "out of memory"};

	if (before && before->file[0] && strcmp(before->file, f->name) != 0) {
		(void)snprintf(why->text, sizeof why->text, "the name '%s' is that of %.200s, too",
			       x->read.name, before->file);
		return false;
	}
	if (!entry_complete(s, e, why))
		return false;
	begin_at(s, x, old, &item);
	if (ord_agenda_put(s->agenda, &item, &id, &err) < 0 || make_room(s, id) < 0) {
		(void)snprintf(why->text, sizeof why->text, "%s", err.msg);
		return false;
	}
	if (before) {
		e->last = json_incref(before->last);
		e->running = before->running;
		e->waiting = before->waiting;
		e->runs = before->runs;
		entry_free(before);
	}
	x->read.entry = NULL;
	e->version = ++s->next_version;
	e->id = id;
	s->entries[id] = e;
	f->id = id;
	state_seen(s, id);
	show_changed(s, id);
	return true;
}

static void say_taken(struct ord_serve *s, const struct file *f, const char *how)
{
	const struct entry *e = s->entries[f->id];
	struct ord_agenda_entry a;
	char next[32] = "never";

	ord_agenda_entry(s->agenda, f->id, &a);
	if (a.at_ns != ORD_NEVER)
		ord_format_utc((uint64_t)a.at_ns, next);
	serve_say(s, "%s: %s %s%s%s%s%s", f->name, ord_agenda_name(s->agenda, f->id), how,
		  *e->schedule ? ": " : ", it has no schedule", e->schedule,
		  *e->schedule ? "; next " : "", *e->schedule ? next : "");
}

static void take_one(struct ord_serve *s, struct fresh *x)
{
	struct file *f = &s->files[x->file];
	bool changed = f->id != ORD_AGENDA_NONE;
	struct mistake why = {0};

	if (!x->good || !put(s, x, &why)) {
		set_message(s, f, x->good ? &why : &x->why);
		if (f->id != ORD_AGENDA_NONE)
			show_changed(s, f->id);
		/* What stands in the way may go: it is read again with whatever changes next. */
		f->ino = x->good ? 0 : f->ino;
		return;
	}
	set_message(s, f, NULL);
	say_taken(s, f, changed ? "changed" : "taken on");
}

/* What it stood for is free for other files, and taken off when none has taken it over. */
static void let_go(struct ord_serve *s, struct file *f)
{
	struct entry *e = store_entry(s, f->id);

	if (e)
		e->file[0] = '\0';
	f->id = ORD_AGENDA_NONE;
}

static void remove_unseen(struct ord_serve *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_files; i++) {
		struct file *f = &s->files[i];

		if (f->seen) {
			s->files[kept++] = *f;
			continue;
		}
		let_go(s, f);
		free(f->name);
		free(f->message);
	}
	s->n_files = kept;
}

/* What they draw from may be gone; they are read again with whatever changes next. */
static void check_picks(struct ord_serve *s)
{
	for (size_t i = 0; i < s->n_files; i++) {
		struct file *f = &s->files[i];
		const struct entry *e = store_entry(s, f->id);
		struct mistake why;

		if (!e || entry_complete(s, e, &why))
			continue;
		set_message(s, f, &why);
		show_changed(s, f->id);
		f->ino = 0;
	}
}

/* Names may have moved from file to file: all are free before the first is taken. */
static void take_all(struct look *l)
{
	struct ord_serve *s = l->s;

	for (size_t i = 0; i < l->n; i++) {
		struct file *f = &s->files[l->fresh[i].file];
		const char *name =
			f->id == ORD_AGENDA_NONE ? NULL : ord_agenda_name(s->agenda, f->id);

		if (l->fresh[i].good && name && strcmp(name, l->fresh[i].read.name) != 0)
			let_go(s, f);
	}
	/* Those that draw others come after these. */
	for (int picks = 0; picks <= 1; picks++)
		for (size_t i = 0; i < l->n; i++)
			if (l->fresh[i].draws == (picks == 1))
				take_one(s, &l->fresh[i]);
	for (size_t i = 0; i < l->n; i++)
		entry_free(l->fresh[i].read.entry);
	for (uint32_t id = 0; id < ord_agenda_ids(s->agenda); id++)
		if (store_entry(s, id) && !s->entries[id]->file[0])
			take_off(s, id);
	check_picks(s);
}

/* Which files there are; of those that were named alone, where some were. */
static int look_through(struct look *l, DIR *d, json_t *names, struct ord_err *err)
{
	const struct dirent *e;
	const char *name;
	json_t *any;

	for (size_t i = 0; i < l->s->n_files; i++)
		l->s->files[i].seen = names && !json_object_get(names, l->s->files[i].name);
	if (names) {
		json_object_foreach (names, name, any) {
			if (store_takes(name))
				look_at(l, name);
		}
		return 0;
	}
	errno = 0;
	while ((e = readdir(d)))
		if (store_takes(e->d_name))
			look_at(l, e->d_name);
	return errno ? ord_fail_sys(err, "%s", l->s->dir) : 0;
}

int store_look(struct ord_serve *s, json_t *names, struct ord_err *err)
{
	struct look l = {.s = s};
	DIR *d = opendir(s->dir);
	int r;

	if (!d)
		return ord_fail_sys(err, "%s", s->dir);
	l.dir = dirfd(d);
	r = look_through(&l, d, names, err);
	/* A folder that cannot be read to its end says nothing of what is not in it. */
	if (!r) {
		remove_unseen(s);
		read_changed(&l, names);
		take_all(&l);
		s->freed = true;
		due_soon(s);
	}
	free(l.fresh);
	(void)closedir(d);
	return r;
}

void store_done(struct ord_serve *s)
{
	for (size_t i = 0; i < s->n_files; i++) {
		free(s->files[i].name);
		free(s->files[i].message);
	}
	for (size_t i = 0; i < s->n_entries; i++)
		entry_free(s->entries[i]);
	free(s->files);
	free(s->entries);
}
