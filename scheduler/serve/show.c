/* What it knows, as JSON: the state as a whole, schedules, the calendar. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/calendar.h"
#include "scheduler/serve/serve.h"

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
	size_t broken = 0;

	for (size_t i = 0; i < s->n_files; i++)
		broken += s->files[i].message != NULL;
	return json_pack("{s:s,s:o,s:s,s:b,s:o,s:s?,s:I,s:I,s:I,s:I,s:b,s:{s:I,s:I},s:o,s:b}",
			 "version", ORDEAL_VERSION, "since", show_time(s->since_ns), "dir", s->dir,
			 "halted", s->halted, "halted_since",
			 show_time(s->halted ? s->halted_since_ns : ORD_NEVER), "halted_by",
			 s->halted ? s->halted_by : NULL, "schedules",
			 (json_int_t)ord_agenda_count(s->agenda), "broken", (json_int_t)broken,
			 "running", (json_int_t)s->n_running, "queued", (json_int_t)s->n_queued,
			 "stopping", s->stopping, "clock", "steps", (json_int_t)s->n_steps,
			 "last_step_ns", (json_int_t)s->last_step_ns, "lateness_ns",
			 late_json(&s->late), "journal_failing", journal_failing(s->journal));
}

static json_t *message_of(const struct file *f)
{
	if (!f || !f->message)
		return json_null();
	if (!f->line)
		return json_sprintf("%s: %s", f->name, f->message);
	return json_sprintf("%s:%u:%u: %s", f->name, f->line, f->column, f->message);
}

static json_t *running_of(const struct ord_serve *s, uint32_t id)
{
	json_t *list = json_array();

	for (const struct run *r = s->first; r && s->entries[id]->runs; r = r->next) {
		const char *slash = strrchr(r->dir, '/');

		if (r->id == id && r->child)
			(void)json_array_append_new(list, json_string(slash ? slash + 1 : ""));
	}
	return list;
}

/* A run that is claimed is still to come. */
static json_t *next_of(const struct ord_serve *s, uint32_t id, const struct ord_agenda_entry *a)
{
	for (const struct run *r = s->first; r && s->entries[id]->runs; r = r->next)
		if (r->id == id && r->state == RUN_CLAIMED)
			return json_pack("{s:o,s:o}", "at", show_time(r->at_ns), "planned",
					 show_time(r->planned_ns));
	if (a->at_ns == ORD_NEVER)
		return json_null();
	return json_pack("{s:o,s:o}", "at", show_time(a->at_ns), "planned",
			 show_time(a->planned_ns));
}

static json_t *entry_json(struct ord_serve *s, uint32_t id, const struct file *f)
{
	static const char *const concurrency[] = {"forbid", "queue", "replace"};
	static const char *const catch_up[] = {"skip", "once", "all"};
	const struct entry *e = store_entry(s, id);
	struct ord_agenda_entry a;

	ord_agenda_entry(s->agenda, id, &a);
	return json_pack("{s:s,s:s,s:s,s:s,s:O,s:s?,s:s,s:o,s:b,s:b,s:b,s:o,s:s,s:s,s:O?,s:o,s:I}",
			 "name", ord_agenda_name(s->agenda, id), "file", e->file, "sha256",
			 e->sha256, "kind", e->pick ? "Schedule" : "Experiment", "labels",
			 e->labels, "schedule", *e->schedule ? e->schedule : NULL, "state",
			 !a.scheduled		? "unscheduled"
			 : a.at_ns == ORD_NEVER ? "finished"
						: "scheduled",
			 "message", message_of(f), "stale", f && f->message, "paused", a.paused,
			 "skip_next", a.skip_next, "next", next_of(s, id, &a), "concurrency",
			 concurrency[a.concurrency], "catch_up", catch_up[a.catch_up], "last",
			 e->last, "running", running_of(s, id), "queued", (json_int_t)e->waiting);
}

json_t *show_entry(struct ord_serve *s, uint32_t id)
{
	return store_entry(s, id) ? entry_json(s, id, store_file(s, store_entry(s, id)->file))
				  : NULL;
}

/* Many things change one after another, and each costs whoever listens. */
void show_changed(struct ord_serve *s, uint32_t id)
{
	struct entry *e = store_entry(s, id);

	if (e)
		e->changed = true;
}

void show_flush(struct ord_serve *s)
{
	uint32_t n = ord_agenda_ids(s->agenda), told = 0;

	for (uint32_t i = 0; s->event && i < n && told < FLUSH_MAX; i++) {
		uint32_t id = s->flushed++ % n;
		struct entry *e = store_entry(s, id);

		if (!e || !e->changed)
			continue;
		e->changed = false;
		serve_emit(s, "schedule", show_entry(s, id));
		told++;
	}
}

/* A file that never was good: its name is all that there is. */
static json_t *broken_json(const struct file *f)
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

	if (id != ORD_AGENDA_NONE)
		return show_entry(s, id);
	for (size_t i = 0; i < s->n_files; i++)
		if (s->files[i].message && s->files[i].id == ORD_AGENDA_NONE &&
		    !strcmp(s->files[i].name, name))
			return broken_json(&s->files[i]);
	return NULL;
}

/* ---- lists */

struct named {
	const char *name;
	const struct file *file;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return strcmp(x->name, y->name);
}

json_t *ord_serve_schedules_page(struct ord_serve *s, const char *after, const char *text,
				 size_t limit)
{
	struct named *all = calloc(s->n_files + 1, sizeof *all);
	size_t n = 0, total = 0;
	json_t *list = json_array();

	for (size_t i = 0; all && i < s->n_files; i++) {
		const struct file *f = &s->files[i];
		const char *name =
			f->id != ORD_AGENDA_NONE ? ord_agenda_name(s->agenda, f->id) : f->name;

		if (text && !strstr(name, text))
			continue;
		total++;
		if (!after || strcmp(name, after) > 0)
			all[n++] = (struct named){name, f};
	}
	if (n)
		qsort(all, n, sizeof *all, by_name);
	for (size_t i = 0; i < n && i < limit; i++)
		(void)json_array_append_new(list,
					    all[i].file->id != ORD_AGENDA_NONE
						    ? entry_json(s, all[i].file->id, all[i].file)
						    : broken_json(all[i].file));
	free(all);
	return json_pack("{s:o,s:I,s:b}", "schedules", list, "total", (json_int_t)total,
			 "truncated", n > limit);
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
	struct entry *e = store_entry(s, run->id), *drawn = entry_drawn(s, e, run->due.planned_ns);
	const struct ord_zone *zone = NULL;
	const char *name = ord_agenda_zone(s->agenda, run->id, &zone);

	return json_pack("{s:o,s:o,s:s,s:s,s:o,s:s,s:s*}", "at", show_time(run->due.at_ns),
			 "planned", show_time(run->due.planned_ns), "name",
			 ord_agenda_name(s->agenda, run->id), "file", e->file, "local",
			 local_time(zone, run->due.at_ns), "timezone", name, "chosen",
			 drawn && drawn != e ? entry_name(s, drawn) : NULL);
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
