#include "scheduler/agenda/agenda.h"

#include <stdio.h>
#include <stdlib.h>

int ord_agenda_new(struct ord_agenda **ret, struct ord_err *err)
{
	struct ord_agenda *a = calloc(1, sizeof *a);

	if (!a)
		return ord_fail_nomem(err);
	a->free = NONE;
	if (ord_calendars_new(&a->rules, err)) {
		free(a);
		return -1;
	}
	*ret = a;
	return 0;
}

void ord_agenda_free(struct ord_agenda *agenda)
{
	if (!agenda)
		return;
	free(agenda->entries);
	free(agenda->heap.at);
	free(agenda->heap.id);
	texts_done(&agenda->texts);
	ord_calendars_free(agenda->rules);
	free(agenda);
}

const struct ord_calendar *entry_calendar(struct ord_agenda *a, const struct entry *e)
{
	struct text text;

	text_read(&a->texts, e->text, &text);
	return ord_calendars_get(a->rules, e->rule, text.name, text.seed);
}

/* Puts an entry where its next instant belongs; NULL: that is to be computed. */
static void file(struct ord_agenda *a, uint32_t id, const struct ord_due *next)
{
	struct entry *e = &a->entries[id];
	struct ord_due due;

	if (!next && e->rule != NONE && ord_calendar_next(entry_calendar(a, e), e->cursor_ns, &due))
		next = &due;
	e->planned_ns = next ? next->planned_ns : ORD_NEVER;
	if (next)
		heap_put(a, id, next->at_ns);
	else
		heap_remove(a, id);
}

/* Room for one more of everything, so that nothing fails half-way. */
static int reserve(struct ord_agenda *a, struct ord_err *err)
{
	struct entry *more;
	uint32_t room = a->room ? 2 * a->room : 64;

	if (heap_reserve(&a->heap, a->n + 1, err) || index_reserve(a, err))
		return -1;
	if (a->free != NONE || a->n_ids < a->room)
		return 0;
	more = reallocarray(a->entries, room, sizeof *more);
	if (!more)
		return ord_fail_nomem(err);
	a->entries = more;
	a->room = room;
	return 0;
}

static uint32_t take_id(struct ord_agenda *a)
{
	uint32_t id = a->free;

	if (id == NONE)
		id = a->n_ids++;
	else
		a->free = a->entries[id].pos;
	a->entries[id] = (struct entry){.rule = NONE, .text = NONE, .pos = NONE};
	a->n++;
	return id;
}

/* What an entry held that is gone, or has another now. */
static void let_go(struct ord_agenda *a, const struct entry *e)
{
	if (e->rule != NONE)
		ord_calendars_drop(a->rules, e->rule);
	text_drop(&a->texts, e->text);
}

int ord_agenda_put(struct ord_agenda *agenda, const struct ord_agenda_item *item, uint32_t *ret_id,
		   struct ord_err *err)
{
	const struct ord_schedule *s = item->schedule;
	uint32_t id = index_find(agenda, item->name), rule = NONE, text;
	bool scheduled = s && s->kind != ORD_SCHEDULE_NONE;
	struct entry *e;

	if (id == NONE && reserve(agenda, err))
		return -1;
	if (scheduled && ord_calendars_add(agenda->rules, s, &rule, err))
		return -1;
	if (text_add(&agenda->texts, item, &text, err)) {
		if (scheduled)
			ord_calendars_drop(agenda->rules, rule);
		return -1;
	}
	if (id == NONE) {
		id = take_id(agenda);
		agenda->entries[id].text = text;
		index_put(agenda, id);
	} else {
		let_go(agenda, &agenda->entries[id]);
	}
	e = &agenda->entries[id];
	*e = (struct entry){.cursor_ns = item->cursor_ns,
			    .rule = rule,
			    .text = text,
			    .pos = e->pos,
			    .paused = item->paused,
			    .skip_next = item->skip_next};
	if (scheduled) {
		e->catch_up = s->catch_up & 3;
		e->catch_up_max = (uint8_t)s->catch_up_max;
		e->concurrency = s->concurrency & 3;
	}
	texts_pack(agenda);
	file(agenda, id, NULL);
	*ret_id = id;
	return 0;
}

void ord_agenda_remove(struct ord_agenda *agenda, uint32_t id)
{
	struct entry *e = &agenda->entries[id];

	heap_remove(agenda, id);
	index_remove(agenda, id);
	let_go(agenda, e);
	*e = (struct entry){.rule = NONE, .text = NONE, .pos = agenda->free};
	agenda->free = id;
	agenda->n--;
	texts_pack(agenda);
}

uint32_t ord_agenda_find(const struct ord_agenda *agenda, const char *name)
{
	return index_find(agenda, name);
}

size_t ord_agenda_count(const struct ord_agenda *agenda)
{
	return agenda->n;
}

uint32_t ord_agenda_ids(const struct ord_agenda *agenda)
{
	return agenda->n_ids;
}

const char *ord_agenda_name(const struct ord_agenda *agenda, uint32_t id)
{
	if (id >= agenda->n_ids || agenda->entries[id].text == NONE)
		return NULL;
	return agenda->texts.v + agenda->entries[id].text;
}

int ord_agenda_file(const struct ord_agenda *agenda, uint32_t id, char *out, size_t size)
{
	struct text text;
	const char *folder;
	size_t n;

	text_read(&agenda->texts, agenda->entries[id].text, &text);
	folder = ord_intern_get(&agenda->texts.folders, text.folder, &n);
	return snprintf(out, size, "%.*s%s%s", (int)n, folder, text.base ? text.base : text.name,
			text.base ? "" : text.suffix);
}

const char *ord_agenda_zone(const struct ord_agenda *agenda, uint32_t id,
			    const struct ord_zone **ret_zone)
{
	uint32_t rule = agenda->entries[id].rule;

	return rule == NONE ? NULL : ord_calendars_zone(agenda->rules, rule, ret_zone);
}

void ord_agenda_entry(const struct ord_agenda *agenda, uint32_t id, struct ord_agenda_entry *ret)
{
	const struct entry *e = &agenda->entries[id];

	*ret = (struct ord_agenda_entry){
		.cursor_ns = e->cursor_ns,
		.planned_ns = e->planned_ns,
		.at_ns = e->pos == NONE ? ORD_NEVER : agenda->heap.at[e->pos],
		.scheduled = e->rule != NONE,
		.paused = e->paused,
		.skip_next = e->skip_next,
		.catch_up = (enum ord_catch_up)e->catch_up,
		.catch_up_max = e->catch_up_max,
		.concurrency = (enum ord_concurrency)e->concurrency,
	};
}

void ord_agenda_set(struct ord_agenda *agenda, uint32_t id, bool paused, bool skip_next)
{
	agenda->entries[id].paused = paused;
	agenda->entries[id].skip_next = skip_next;
}

uint32_t ord_agenda_first(const struct ord_agenda *agenda, int64_t *ret_at_ns)
{
	if (!agenda->heap.n)
		return NONE;
	*ret_at_ns = agenda->heap.at[0];
	return agenda->heap.id[0];
}

void ord_agenda_advance(struct ord_agenda *agenda, const struct ord_agenda_due *due)
{
	struct entry *e = &agenda->entries[due->id];

	e->cursor_ns = due->cursor_ns;
	e->skip_next = due->skip_next;
	file(agenda, due->id, due->next.planned_ns ? &due->next : NULL);
}
