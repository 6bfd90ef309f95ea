/*
 * What was read is taken over: each schedule keeps what is known of it, wherever its file is now,
 * and the last good version where it is broken.
 */
#include "scheduler/serve/take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

void take_done(struct fresh *x)
{
	if (x->read)
		entry_free(x->read->entry);
	free(x->read);
	x->read = NULL;
}

static void set_message(struct ord_serve *s, const char *name, const struct mistake *why,
			uint32_t ident)
{
	struct found f = files_find(s, name);
	struct odd *odd = f.odd ? f.odd : files_add_odd(s, name);
	const char *stays = f.id != ORD_AGENDA_NONE ? " (the last good version stays)" : "";
	bool same;

	if (!odd) {
		/* It is not remembered, and read again. */
		if (f.id != ORD_AGENDA_NONE)
			rows_set_ident(s, f.id, 0);
		return;
	}
	odd->ident = ident;
	same = odd->message && !strcmp(odd->message, why->text) && odd->line == why->line &&
	       odd->column == why->column;
	if (same)
		return;
	free(odd->message);
	odd->message = strdup(why->text);
	odd->line = why->line;
	odd->column = why->column;
	if (why->line)
		serve_say(s, "%s:%u:%u: %s%s", name, why->line, why->column, why->text, stays);
	else
		serve_say(s, "%s: %s%s", name, why->text, stays);
	serve_emit(s, "store",
		   json_pack("{s:s,s:s?,s:i,s:i}", "file", name, "message", odd->message, "line",
			     (int)odd->line, "column", (int)odd->column));
}

static void set_good(struct ord_serve *s, const char *name)
{
	struct odd *odd = files_find(s, name).odd;
	bool mended = odd && odd->message;

	if (odd)
		files_drop_odd(s, odd);
	if (!mended)
		return;
	serve_say(s, "%s: mended", name);
	serve_emit(s, "store",
		   json_pack("{s:s,s:n,s:i,s:i}", "file", name, "message", "line", 0, "column", 0));
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
	rows_drop(s, id);
	ord_agenda_remove(s->agenda, id);
	state_gone(s, name);
	(void)json_object_del(s->gamedays, name);
	serve_say(s, "%s: taken off", name);
	serve_emit(s, "removed", json_pack("{s:s}", "name", name));
}

/* From when on it counts: a new one from now; what is known of it from its last instant on. */
static void begin_at(struct ord_serve *s, struct read *read, uint32_t old,
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
		    !strcmp(store_entry(s, old)->schedule, read->entry->schedule))
			item->cursor_ns = was.cursor_ns;
		return;
	}
	known = state_take(s, read->name);
	if (!known)
		return;
	item->cursor_ns = json_integer_value(json_object_get(known, "cur"));
	item->paused = json_is_true(json_object_get(known, "paused"));
	item->skip_next = json_is_true(json_object_get(known, "skip"));
	read->entry->last = json_incref(json_object_get(known, "last"));
}

/* The few among the many. */
static void note_gameday(struct ord_serve *s, const char *name, const struct entry *e)
{
	if (e->gameday_steps)
		(void)json_object_set_new(s->gamedays, name,
					  json_pack("{s:s,s:s,s:I}", "name", name, "file", e->file,
						    "steps", (json_int_t)e->gameday_steps));
	else
		(void)json_object_del(s->gamedays, name);
}

json_t *ord_serve_gamedays(struct ord_serve *s)
{
	json_t *list = json_array(), *one;
	const char *name;

	json_object_foreach (s->gamedays, name, one)
		(void)json_array_append(list, one);
	return list;
}

/* Returns false, and why, where it cannot be taken. The entry is taken where it is. */
static bool put(struct ord_serve *s, struct read *read, uint32_t ident, struct mistake *why)
{
	uint32_t old = ord_agenda_find(s->agenda, read->name), id;
	bool there = store_has(s, old) && !row_is(s, old, ROW_FREE);
	struct ord_agenda_item item = {.name = read->name,
				       .file = read->entry->file,
				       .schedule = &read->schedule,
				       .seed = read->seed};
	struct ord_err err = {.msg = "out of memory"};
	char file[512];

	if (there && ord_agenda_file(s->agenda, old, file, sizeof file) >= 0 &&
	    strcmp(file, read->entry->file) != 0) {
		(void)snprintf(why->text, sizeof why->text, "the name '%s' is that of %.200s, too",
			       read->name, file);
		return false;
	}
	if (!entry_complete(s, read->entry, why))
		return false;
	begin_at(s, read, old, &item);
	if (there)
		files_remove(s, old);
	if (ord_agenda_put(s->agenda, &item, &id, &err) < 0 ||
	    rows_put(s, id, read->entry, ident, &err) < 0 || files_add(s, id, &err) < 0) {
		(void)snprintf(why->text, sizeof why->text, "%s", err.msg);
		return false;
	}
	note_gameday(s, read->name, read->entry);
	read->entry = NULL;
	state_seen(s, id);
	show_changed(s, id);
	return true;
}

static void say_taken(struct ord_serve *s, uint32_t id, const char *how)
{
	const struct entry *e = store_entry(s, id);
	struct ord_agenda_entry a;
	char next[32] = "never";

	ord_agenda_entry(s->agenda, id, &a);
	if (a.at_ns != ORD_NEVER)
		ord_format_utc((uint64_t)a.at_ns, next);
	serve_say(s, "%s: %s %s%s%s%s%s", e->file, ord_agenda_name(s->agenda, id), how,
		  *e->schedule ? ": " : ", it has no schedule", e->schedule,
		  *e->schedule ? "; next " : "", *e->schedule ? next : "");
}

static void take_one(struct ord_serve *s, struct fresh *x)
{
	uint32_t id = files_find(s, x->name).id;
	struct mistake why = {0};

	if (!x->good || !put(s, x->read, x->ident, &why)) {
		/* What stands in the way of a good one may go. */
		set_message(s, x->name, x->good ? &why : &x->why, x->good ? 0 : x->ident);
		show_changed(s, id);
		return;
	}
	set_good(s, x->name);
	say_taken(s, files_find(s, x->name).id, id != ORD_AGENDA_NONE ? "changed" : "taken on");
}

/* What it stood for is free for other files, and taken off when none has taken it over. */
static void let_go(struct ord_serve *s, uint32_t id)
{
	files_remove(s, id);
	row_set(s, id, ROW_FREE, true);
}

static void file_gone(struct ord_serve *s, const char *name)
{
	struct found f = files_find(s, name);

	if (f.id != ORD_AGENDA_NONE)
		let_go(s, f.id);
	if (f.odd)
		files_drop_odd(s, f.odd);
}

void take_unseen(struct ord_serve *s)
{
	const struct odd *odd;

	for (uint32_t id = 0; (id = rows_with(s, id, ROW_THERE)) != ORD_AGENDA_NONE; id++)
		if (!row_is(s, id, ROW_SEEN | ROW_FREE))
			let_go(s, id);
	for (size_t i = 0; (odd = files_odd(s, i));) {
		if (odd->seen)
			i++;
		else
			files_drop_odd(s, files_odd(s, i));
	}
}

/* What they draw from may be gone; they are read again with whatever changes next. */
static void check_picks(struct ord_serve *s)
{
	struct mistake why;

	for (struct entry *e = rows_first(s), *next; e; e = next) {
		next = e->next;
		if (!e->pick || entry_complete(s, e, &why))
			continue;
		set_message(s, e->file, &why, 0);
		show_changed(s, e->id);
	}
}

static void free_names(struct ord_serve *s, const struct fresh *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t id = files_find(s, list[i].name).id;

		if (list[i].gone)
			file_gone(s, list[i].name);
		else if (list[i].good && id != ORD_AGENDA_NONE &&
			 strcmp(ord_agenda_name(s->agenda, id), list[i].read->name) != 0)
			let_go(s, id);
	}
}

void take_over(struct ord_serve *s, struct fresh *list, size_t n)
{
	/* Names may have moved from file to file: all are free before the first is taken. */
	free_names(s, list, n);
	for (size_t i = 0; i < n; i++) {
		if (!list[i].gone)
			take_one(s, &list[i]);
		take_done(&list[i]);
	}
}

void take_end(struct ord_serve *s)
{
	for (uint32_t id = 0; (id = rows_with(s, id, ROW_FREE)) != ORD_AGENDA_NONE; id++)
		take_off(s, id);
	check_picks(s);
	s->freed = true;
	due_soon(s);
}

/* ---- what was good before a restart */

static void remember(void *arg, const char *file, uint32_t at)
{
	struct odd *odd = files_find(arg, file).odd;

	if (odd)
		odd->before = at;
}

/* Of a file that is broken since before the daemon began. */
static void take_its_before(struct ord_serve *s, const struct odd *odd)
{
	struct read *read = calloc(1, sizeof *read);
	struct mistake why;
	struct ord_err err;
	char *text;
	size_t size;

	if (read && texts_get_before(s->texts, odd->before, &text, &size, &err) == 0 &&
	    entry_read(text, size, odd->name, read, &why) == 0 && put(s, read, odd->ident, &why))
		serve_say(s, "%s: its last good version stays", odd->name);
	if (read)
		entry_free(read->entry);
	free(read);
}

void take_before(struct ord_serve *s)
{
	const struct odd *odd;

	if (!files_odd(s, 0))
		return;
	texts_before(s->texts, remember, s);
	for (size_t i = 0; (odd = files_odd(s, i)); i++)
		if (odd->ident && odd->before != TEXTS_NONE &&
		    files_find(s, odd->name).id == ORD_AGENDA_NONE)
			take_its_before(s, odd);
}
