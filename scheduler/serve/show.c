/* What it knows, as JSON: the state as a whole, schedules, the calendar. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/calendar.h"
#include "scheduler/serve/serve.h"
#include "scheduler/serve/tenure.h"

#define FLUSH_MAX 64 /* schedules that are told of in a quarter of a second */

json_t *show_time(int64_t wall_ns)
{
	char text[32];

	if (wall_ns == ORD_NEVER)
		return json_null();
	ord_format_utc((uint64_t)wall_ns, text);
	return json_string(text);
}

json_t *ord_serve_status(struct ord_serve *s)
{
	return json_pack(
		"{s:s,s:o,s:s,s:b,s:o,s:s?,s:I,s:I,s:I,s:I,s:b,s:{s:I,s:I},s:o,s:b,s:o}", "version",
		ORDEAL_VERSION, "since", show_time(s->since_ns), "dir", s->dir, "halted", s->halted,
		"halted_since", show_time(s->halted ? s->halted_since_ns : ORD_NEVER), "halted_by",
		s->halted ? s->halted_by : NULL, "schedules",
		(json_int_t)ord_agenda_count(s->agenda), "broken", (json_int_t)files_broken(s),
		"running", (json_int_t)s->n_running, "queued", (json_int_t)s->n_queued, "stopping",
		s->stopping, "clock", "steps", (json_int_t)s->n_steps, "last_step_ns",
		(json_int_t)s->last_step_ns, "lateness_ns", late_json(&s->late), "journal_failing",
		journal_failing(s->journal), "lease", tenure_json(s));
}

static json_t *message_of(const struct odd *f)
{
	if (!f || !f->message)
		return json_null();
	if (!f->line)
		return json_sprintf("%s: %s", f->name, f->message);
	return json_sprintf("%s:%u:%u: %s", f->name, f->line, f->column, f->message);
}

static json_t *running_of(const struct ord_serve *s, const struct entry *e)
{
	json_t *list = json_array();

	for (const struct run *r = s->first; r && e->runs; r = r->next) {
		const char *slash = strrchr(r->dir, '/');

		if (r->id == e->id && r->child)
			(void)json_array_append_new(list, json_string(slash ? slash + 1 : ""));
	}
	return list;
}

/* A run that is claimed is still to come. */
static json_t *next_of(const struct ord_serve *s, const struct entry *e,
		       const struct ord_agenda_entry *a)
{
	for (const struct run *r = s->first; r && e->runs; r = r->next)
		if (r->id == e->id && r->state == RUN_CLAIMED)
			return json_pack("{s:o,s:o}", "at", show_time(r->at_ns), "planned",
					 show_time(r->planned_ns));
	if (a->at_ns == ORD_NEVER)
		return json_null();
	return json_pack("{s:o,s:o}", "at", show_time(a->at_ns), "planned",
			 show_time(a->planned_ns));
}

static const char *kind_of(const struct entry *e)
{
	return e->gameday_steps ? "GameDay" : e->pick ? "Schedule" : "Experiment";
}

static json_t *entry_json(struct ord_serve *s, uint32_t id, const struct odd *f)
{
	static const char *const concurrency[] = {"forbid", "queue", "replace"};
	static const char *const catch_up[] = {"skip", "once", "all"};
	struct entry *owned;
	const struct entry *e = store_peek(s, id, &owned);
	struct ord_agenda_entry a;
	json_t *shown;

	ord_agenda_entry(s->agenda, id, &a);
	shown = json_pack("{s:s,s:s,s:s,s:s,s:O,s:s?,s:s,s:o,s:b,s:b,s:b,s:o,s:s,s:s,s:O?,s:o,s:I}",
			  "name", ord_agenda_name(s->agenda, id), "file", e->file, "sha256",
			  e->sha256, "kind", kind_of(e), "labels", e->labels, "schedule",
			  *e->schedule ? e->schedule : NULL, "state",
			  !a.scheduled		 ? "unscheduled"
			  : a.at_ns == ORD_NEVER ? "finished"
						 : "scheduled",
			  "message", message_of(f), "stale", f && f->message, "paused", a.paused,
			  "skip_next", a.skip_next, "next", next_of(s, e, &a), "concurrency",
			  concurrency[a.concurrency], "catch_up", catch_up[a.catch_up], "last",
			  e->last, "running", running_of(s, e), "queued", (json_int_t)e->waiting);
	entry_free(owned);
	return shown;
}

json_t *show_entry(struct ord_serve *s, uint32_t id)
{
	char file[512];

	if (!store_has(s, id))
		return NULL;
	(void)ord_agenda_file(s->agenda, id, file, sizeof file);
	return entry_json(s, id, files_find(s, file).odd);
}

/* Many things change one after another, and each costs whoever listens. Nobody does at the start.
 */
void show_changed(struct ord_serve *s, uint32_t id)
{
	if (store_has(s, id) && s->ready)
		row_set(s, id, ROW_CHANGED, true);
}

void show_flush(struct ord_serve *s)
{
	uint32_t id = s->flushed;

	for (uint32_t told = 0; s->event && told < FLUSH_MAX; told++) {
		id = rows_with(s, id, ROW_CHANGED);
		if (id == ORD_AGENDA_NONE) {
			s->flushed = 0;
			return;
		}
		row_set(s, id, ROW_CHANGED, false);
		serve_emit(s, "schedule", show_entry(s, id));
		s->flushed = ++id;
	}
}

/* A file that never was good: its name is all that there is. */
static json_t *broken_json(const struct odd *f)
{
	return json_pack("{s:s,s:s,s:n,s:n,s:{},s:n,s:s,s:o,s:b,s:b,s:b,s:n,s:n,s:n,s:n,s:[],s:i}",
			 "name", f->name, "file", f->name, "sha256", "kind", "labels", "schedule",
			 "state", "broken", "message", message_of(f), "stale", 0, "paused", 0,
			 "skip_next", 0, "next", "concurrency", "catch_up", "last", "running",
			 "queued", 0);
}

json_t *ord_serve_schedule(struct ord_serve *s, const char *name)
{
	uint32_t id = ord_agenda_find(s->agenda, name);
	struct found f;

	if (id != ORD_AGENDA_NONE)
		return show_entry(s, id);
	f = files_find(s, name);
	return f.odd && f.odd->message && f.id == ORD_AGENDA_NONE ? broken_json(f.odd) : NULL;
}

const char *ord_serve_state(const struct ord_serve *s)
{
	return s->state;
}

/* ---- lists */

struct named {
	const char *name;
	uint32_t id;
	const struct odd *odd; /* of those that stand for none */
};

/* The first by name, and how many there are: of a million a page is shown. */
struct page {
	const char *after, *text;
	struct named *v; /* a heap of two children a node, the last by name at its top */
	size_t n, max, total, matching;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void sift_down(struct named *v, size_t n, size_t i)
{
	struct named one = v[i];
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && by_name(&v[child + 1], &v[child]) > 0)
			child++;
		if (by_name(&v[child], &one) <= 0)
			break;
		v[i] = v[child];
		i = child;
	}
	v[i] = one;
}

static void page_take(struct page *p, struct named one)
{
	if (p->text && !strstr(one.name, p->text))
		return;
	p->total++;
	if (p->after && strcmp(one.name, p->after) <= 0)
		return;
	p->matching++;
	if (p->n < p->max) {
		p->v[p->n++] = one;
		for (size_t i = p->n / 2; p->n == p->max && i-- > 0;)
			sift_down(p->v, p->n, i);
	} else if (p->max && by_name(&one, p->v) < 0) {
		p->v[0] = one;
		sift_down(p->v, p->n, 0);
	}
}

json_t *ord_serve_schedules_page(struct ord_serve *s, const char *after, const char *text,
				 size_t limit)
{
	size_t all = ord_agenda_count(s->agenda) + files_broken(s);
	struct page p = {.after = after, .text = text, .max = limit < all ? limit : all};
	json_t *list = json_array();
	const struct odd *odd;

	p.v = calloc(p.max + 1, sizeof *p.v);
	if (!p.v)
		p.max = 0;
	for (uint32_t id = 0; (id = rows_with(s, id, ROW_THERE)) != ORD_AGENDA_NONE; id++)
		page_take(&p, (struct named){ord_agenda_name(s->agenda, id), id, NULL});
	for (size_t i = 0; (odd = files_odd(s, i)); i++)
		if (odd->message && files_find(s, odd->name).id == ORD_AGENDA_NONE)
			page_take(&p, (struct named){odd->name, ORD_AGENDA_NONE, odd});
	if (p.n)
		qsort(p.v, p.n, sizeof *p.v, by_name);
	for (size_t i = 0; i < p.n; i++)
		(void)json_array_append_new(list, p.v[i].odd ? broken_json(p.v[i].odd)
							     : show_entry(s, p.v[i].id));
	free(p.v);
	return json_pack("{s:o,s:I,s:b}", "schedules", list, "total", (json_int_t)p.total,
			 "truncated", p.matching > p.n);
}

json_t *ord_serve_schedules(struct ord_serve *s)
{
	return ord_serve_schedules_page(s, NULL, NULL, SIZE_MAX);
}

/* As clocks there show it, "2026-11-23T10:00:00+01:00". */
static json_t *local_time(const struct ord_zone *zone, int64_t wall_ns)
{
	int64_t utc_s = wall_ns / (int64_t)ORD_S, local_s = utc_s + ord_zone_offset(zone, utc_s);
	int minutes = abs(ord_zone_offset(zone, utc_s)) / 60;
	char text[32];

	ord_format_utc((uint64_t)(local_s * (int64_t)ORD_S), text);
	return json_sprintf("%.19s%c%02d:%02d", text, local_s < utc_s ? '-' : '+', minutes / 60,
			    minutes % 60);
}

static json_t *calendar_run(const struct ord_serve *s, const struct ord_agenda_run *run)
{
	/* Those that draw are in memory; of the others no more is shown than the agenda knows. */
	struct entry *e = rows_cached(s, run->id),
		     *drawn = e && e->pick ? entry_drawn(s, e, run->due.planned_ns) : NULL;
	const struct ord_zone *zone = NULL;
	const char *name = ord_agenda_zone(s->agenda, run->id, &zone);
	char file[512];

	(void)ord_agenda_file(s->agenda, run->id, file, sizeof file);
	return json_pack("{s:o,s:o,s:s,s:s,s:o,s:s,s:s*}", "at", show_time(run->due.at_ns),
			 "planned", show_time(run->due.planned_ns), "name",
			 ord_agenda_name(s->agenda, run->id), "file", file, "local",
			 local_time(zone, run->due.at_ns), "timezone", name, "chosen",
			 drawn ? entry_name(s, drawn) : NULL);
}

json_t *ord_serve_calendar(struct ord_serve *s, int64_t from_ns, int64_t to_ns, size_t max)
{
	struct ord_agenda_run *runs = calloc(max ? max : 1, sizeof *runs);
	json_t *list = json_array();
	bool more = false;
	size_t n = runs ? ord_agenda_calendar(s->agenda, from_ns, to_ns, runs, max, &more) : 0;

	for (size_t i = 0; i < n; i++) {
		(void)json_array_append_new(list, calendar_run(s, &runs[i]));
	}
	free(runs);
	return json_pack("{s:o,s:b}", "runs", list, "truncated", more);
}
