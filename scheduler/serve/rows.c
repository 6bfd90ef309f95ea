/*
 * The schedules that there are. A few bytes each, since there may be a million; what is read from
 * a text stays in memory for those that were used lately, have runs, or draw others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/serve/serve.h"

#define CACHED_MAX 1024 /* that nothing else keeps; a few kilobytes each */

struct row {
	uint32_t at;	/* of its text; TEXTS_NONE: it could not be written, and is in memory */
	uint32_t ident; /* of its file when it was read */
};

struct rows {
	struct row *v; /* by the agenda's ids */
	uint8_t *flags;
	size_t room;
	struct entry **slots; /* those in memory, by id; a power of two, at most half of it used */
	size_t n_slots, n;
	struct entry *first, *last;
	uint64_t next_version;	 /* of texts that are in memory alone */
	struct entry unreadable; /* instead of one whose text cannot be read */
};

int rows_open(struct ord_serve *s, struct ord_err *err)
{
	struct rows *rows = calloc(1, sizeof *rows);

	if (!rows)
		return ord_fail_nomem(err);
	s->rows = rows;
	rows->n_slots = 64;
	rows->slots = calloc(rows->n_slots, sizeof *rows->slots);
	rows->unreadable = (struct entry){
		.file = (char[]){""}, .schedule = (char[]){""}, .id = ORD_AGENDA_NONE};
	return rows->slots ? 0 : ord_fail_nomem(err);
}

void rows_done(struct ord_serve *s)
{
	struct rows *rows = s->rows;

	if (!rows)
		return;
	for (struct entry *e = rows->first, *next; e; e = next) {
		next = e->next;
		entry_free(e);
	}
	json_decref(rows->unreadable.labels);
	json_decref(rows->unreadable.last);
	free(rows->v);
	free(rows->flags);
	free(rows->slots);
	free(rows);
	s->rows = NULL;
}

/* ---- those in memory */

/* Where it is, or would be. */
static size_t slot_of(const struct rows *rows, uint32_t id)
{
	size_t i = id * 0x9e3779b9u & (rows->n_slots - 1);

	while (rows->slots[i] && rows->slots[i]->id != id)
		i = (i + 1) & (rows->n_slots - 1);
	return i;
}

/* Twice as many; as they are, and slower, where there is no memory for that. */
static bool spread(struct rows *rows)
{
	struct entry **more = calloc(2 * rows->n_slots, sizeof *more);

	if (!more)
		return rows->n + 1 < rows->n_slots;
	free(rows->slots);
	rows->slots = more;
	rows->n_slots *= 2;
	for (struct entry *e = rows->first; e; e = e->next)
		rows->slots[slot_of(rows, e->id)] = e;
	return true;
}

static bool keep(struct rows *rows, struct entry *e)
{
	if (2 * (rows->n + 1) > rows->n_slots && !spread(rows))
		return false;
	rows->slots[slot_of(rows, e->id)] = e;
	e->next = rows->first;
	if (e->next)
		e->next->before = e;
	else
		rows->last = e;
	rows->first = e;
	rows->n++;
	return true;
}

static void forget(struct rows *rows, struct entry *e)
{
	size_t hole = slot_of(rows, e->id), mask = rows->n_slots - 1;

	/* Those behind it move up, as far as that brings them nearer to where they belong. */
	rows->slots[hole] = NULL;
	for (size_t i = (hole + 1) & mask; rows->slots[i]; i = (i + 1) & mask) {
		struct entry *other = rows->slots[i];

		rows->slots[i] = NULL;
		rows->slots[slot_of(rows, other->id)] = other;
	}
	if (e->before)
		e->before->next = e->next;
	else
		rows->first = e->next;
	if (e->next)
		e->next->before = e->before;
	else
		rows->last = e->before;
	rows->n--;
	entry_free(e);
}

/* Its last run, beside its text. What does not fit, or cannot be written, stays in memory. */
static bool note_last(const struct ord_serve *s, struct entry *e)
{
	uint32_t at = s->rows->v[e->id].at;
	char note[TEXTS_NOTE];
	size_t n;

	if (e->last == e->noted)
		return true;
	n = json_dumpb(e->last, note, sizeof note, JSON_COMPACT);
	if (!n || n > sizeof note || texts_note(s->texts, at, note, n) < 0)
		return false;
	json_decref(e->noted);
	e->noted = json_incref(e->last);
	return true;
}

static bool may_go(const struct ord_serve *s, struct entry *e)
{
	return !e->running && !e->waiting && !e->runs && !e->pick &&
	       s->rows->v[e->id].at != TEXTS_NONE && note_last(s, e);
}

void rows_trim(struct ord_serve *s)
{
	struct rows *rows = s->rows;

	for (struct entry *e = rows->last, *before; e && rows->n > CACHED_MAX; e = before) {
		before = e->before;
		if (!e->used && may_go(s, e))
			forget(rows, e);
		else
			e->used = false;
	}
}

/* ---- those on the disk */

static json_t *noted(const struct ord_serve *s, uint32_t id)
{
	uint32_t at = s->rows->v[id].at;
	char note[TEXTS_NOTE];
	size_t n = at == TEXTS_NONE ? 0 : texts_noted(s->texts, at, note);

	return n ? json_loadb(note, n, 0, NULL) : NULL;
}

static struct entry *load(const struct ord_serve *s, uint32_t id)
{
	struct read *read = calloc(1, sizeof *read);
	uint32_t at = s->rows->v[id].at;
	struct entry *e = NULL;
	struct mistake why;
	char file[256], *text;
	size_t size;

	(void)ord_agenda_file(s->agenda, id, file, sizeof file);
	if (read && texts_get(s->texts, at, &text, &size, NULL) == 0 &&
	    entry_read(text, size, file, read, &why) == 0) {
		e = read->entry;
		e->id = id;
		e->version = at + 1ull;
		e->last = noted(s, id);
		e->noted = json_incref(e->last);
	}
	free(read);
	return e;
}

/* A disk that fails costs the run of it, which says so; nothing that asks after it must fail. */
static struct entry *unreadable(const struct ord_serve *s)
{
	struct entry *e = &s->rows->unreadable;

	if (!e->labels)
		e->labels = json_object();
	return e;
}

struct entry *rows_cached(const struct ord_serve *s, uint32_t id)
{
	struct entry *e = s->rows->slots[slot_of(s->rows, id)];

	if (e)
		e->used = true;
	return e;
}

struct entry *store_peek(const struct ord_serve *s, uint32_t id, struct entry **ret_owned)
{
	struct entry *e = store_has(s, id) ? rows_cached(s, id) : NULL;

	*ret_owned = NULL;
	if (e || !store_has(s, id))
		return e;
	*ret_owned = load(s, id);
	return *ret_owned ? *ret_owned : unreadable(s);
}

struct entry *store_entry(const struct ord_serve *s, uint32_t id)
{
	struct entry *owned, *e = store_peek(s, id, &owned);

	if (!owned || keep(s->rows, owned))
		return e;
	entry_free(owned);
	return unreadable(s);
}

json_t *store_last(const struct ord_serve *s, uint32_t id)
{
	struct entry *e = s->rows->slots[slot_of(s->rows, id)];

	return e ? json_incref(e->last) : store_has(s, id) ? noted(s, id) : NULL;
}

struct entry *rows_first(const struct ord_serve *s)
{
	return s->rows->first;
}

/* ---- all */

static int make_room(struct rows *rows, uint32_t id, struct ord_err *err)
{
	size_t room = rows->room ? rows->room : 64;
	uint8_t *flags;
	struct row *v;

	if (id < rows->room)
		return 0;
	while (room <= id)
		room *= 2;
	v = reallocarray(rows->v, room, sizeof *v);
	if (!v)
		return ord_fail_nomem(err);
	rows->v = v;
	flags = realloc(rows->flags, room);
	if (!flags)
		return ord_fail_nomem(err);
	rows->flags = flags;
	memset(flags + rows->room, 0, room - rows->room);
	rows->room = room;
	return 0;
}

/* What goes over from the one in whose place it comes. */
static void inherit(const struct ord_serve *s, struct entry *e, struct entry *before)
{
	if (!e->last)
		e->last = store_last(s, e->id);
	if (!before)
		return;
	e->running = before->running;
	e->waiting = before->waiting;
	e->runs = before->runs;
	forget(s->rows, before);
}

int rows_put(struct ord_serve *s, uint32_t id, struct entry *e, uint32_t ident, struct ord_err *err)
{
	struct rows *rows = s->rows;
	uint32_t at = TEXTS_NONE;
	struct ord_err why;

	if (make_room(rows, id, err) < 0)
		return -1;
	e->id = id;
	if (rows->flags[id] & ROW_THERE)
		inherit(s, e, rows->slots[slot_of(rows, id)]);
	/* Kept in memory where the disk is full. */
	if (s->texts && texts_put(s->texts, e->file, e->text, e->size, &at, &why) < 0)
		serve_say(s, "%s; that of %s stays in memory", why.msg, e->file);
	e->version = at == TEXTS_NONE ? ++rows->next_version << 40 : at + 1ull;
	rows->v[id] = (struct row){.at = at, .ident = ident};
	rows->flags[id] = (uint8_t)((rows->flags[id] & ~ROW_FREE) | ROW_THERE | ROW_SEEN);
	if (keep(rows, e))
		return 0;
	rows->flags[id] = 0;
	return ord_fail_nomem(err);
}

void rows_drop(struct ord_serve *s, uint32_t id)
{
	struct entry *e = s->rows->slots[slot_of(s->rows, id)];

	if (e)
		forget(s->rows, e);
	s->rows->flags[id] = 0;
}

uint32_t rows_ident(const struct ord_serve *s, uint32_t id)
{
	return s->rows->v[id].ident;
}

void rows_set_ident(struct ord_serve *s, uint32_t id, uint32_t ident)
{
	s->rows->v[id].ident = ident;
}

bool row_is(const struct ord_serve *s, uint32_t id, unsigned flag)
{
	return id < s->rows->room && s->rows->flags[id] & flag;
}

bool store_has(const struct ord_serve *s, uint32_t id)
{
	return row_is(s, id, ROW_THERE);
}

void row_set(struct ord_serve *s, uint32_t id, unsigned flag, bool on)
{
	uint8_t *flags = &s->rows->flags[id];

	*flags = (uint8_t)(on ? *flags | flag : *flags & ~flag);
}

uint32_t rows_with(const struct ord_serve *s, uint32_t from, unsigned flag)
{
	for (size_t id = from; id < s->rows->room; id++)
		if (s->rows->flags[id] & flag)
			return (uint32_t)id;
	return ORD_AGENDA_NONE;
}
