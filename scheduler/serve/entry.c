/* A text becomes a schedule: read and planned as `ordeal validate` does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/units.h"
#include "ordeal/gameday.h"
#include "ordeal/plan.h"
#include "scheduler/serve/serve.h"

/* What a run takes besides what its experiment says: looking for targets, drawing a phase, reports.
 */
#define PHASE_NS   (300 * ORD_S)
#define REPORTS_NS (300 * ORD_S)

void entry_free(struct entry *e)
{
	if (!e)
		return;
	free(e->text);
	free(e->file);
	free(e->schedule);
	if (e->pick)
		ord_pick_done(e->pick);
	free(e->pick);
	json_decref(e->labels);
	json_decref(e->last);
	json_decref(e->noted);
	free(e);
}

static void take_mistake(const struct ord_mistakes *m, struct mistake *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct ord_mistake *k = &m->v[i];

		if (k->warning)
			continue;
		ret->line = k->line;
		ret->column = k->column;
		(void)snprintf(ret->text, sizeof ret->text, "%s", k->text);
		return;
	}
	(void)snprintf(ret->text, sizeof ret->text, "it is no experiment");
}

/* Owned. */
static char *describe(const struct ord_schedule *schedule)
{
	static const char *const periods[] = {"hour", "day", "week"};
	const char *zone = schedule->zone;
	char every[32], out[320] = "";

	switch (schedule->kind) {
	case ORD_SCHEDULE_NONE:
		break;
	case ORD_SCHEDULE_CRON:
		(void)snprintf(out, sizeof out, "cron %.240s, %.63s", schedule->cron_text, zone);
		break;
	case ORD_SCHEDULE_EVERY:
		(void)snprintf(out, sizeof out, "every %s",
			       ord_human_duration((int64_t)schedule->every_ns, every));
		break;
	case ORD_SCHEDULE_AT:
		(void)snprintf(out, sizeof out, "at %zu time%s, %.63s", schedule->n_at,
			       schedule->n_at == 1 ? "" : "s", zone);
		break;
	case ORD_SCHEDULE_RANDOM:
		(void)snprintf(out, sizeof out, "%u at random each %s, %.63s", schedule->times,
			       periods[schedule->each], zone);
		break;
	}
	return strdup(out);
}

/* No run of it takes longer, unless something hangs. */
static uint64_t patience(const struct ord_spec *spec)
{
	uint64_t window = 0, timeout = 0, each;

	for (size_t i = 0; i < spec->n_steady; i++)
		window = spec->steady[i].window_ns > window ? spec->steady[i].window_ns : window;
	for (size_t i = 0; i < spec->n_probes; i++)
		timeout =
			spec->probes[i].timeout_ns > timeout ? spec->probes[i].timeout_ns : timeout;
	each = 2 * (2 * window + timeout + 5 * ORD_S) + PHASE_NS + spec->limit_duration_ns +
	       2 * spec->recovery_ns + spec->cooldown_ns;
	return (spec->repetitions + 1ull) * each + REPORTS_NS;
}

static int fill(struct entry *e, const struct ord_spec *spec)
{
	e->labels = json_object();
	for (size_t i = 0; i < spec->n_labels; i++)
		(void)json_object_set_new(e->labels, spec->labels[i].key,
					  json_string(spec->labels[i].value));
	if (!e->labels || json_object_size(e->labels) != spec->n_labels)
		return -1;
	e->schedule = describe(&spec->schedule);
	e->patience_ns = patience(spec);
	return e->schedule ? 0 : -1;
}

/* Whether it could be run: a plan is made of it, and thrown away. */
static int plan_it(const struct ord_spec *spec, struct mistake *ret_why)
{
	struct ord_calendar *calendar = NULL;
	struct ord_plan plan = {0};
	struct ord_err err;
	int r = ord_plan_build(spec, 1, &plan, &err);

	if (!r) {
		ord_plan_done(&plan);
		if (spec->schedule.kind != ORD_SCHEDULE_NONE)
			r = ord_calendar_open(&spec->schedule, spec->name, 0, &calendar, &err);
		ord_calendar_close(calendar);
		ret_why->line = r ? spec->schedule_at.line : 0;
		ret_why->column = r ? spec->schedule_at.column : 0;
	}
	if (r)
		(void)snprintf(ret_why->text, sizeof ret_why->text, "%s", err.msg);
	return r;
}

static int read_experiment(struct entry *e, struct read *ret, struct mistake *ret_why)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_mistakes mistakes = {0};
	int r;

	if (!spec)
		return -1;
	r = ord_spec_parse(e->text, e->size, NULL, 0, spec, &mistakes);
	if (r)
		take_mistake(&mistakes, ret_why);
	else
		r = plan_it(spec, ret_why) || fill(e, spec) ? -1 : 0;
	ord_mistakes_done(&mistakes);
	if (!r) {
		(void)snprintf(ret->name, sizeof ret->name, "%s", spec->name);
		ret->schedule = spec->schedule;
		ret->seed = spec->has_seed ? spec->seed : 0;
	}
	ord_spec_done(spec);
	free(spec);
	return r;
}

/* Whether its experiments are there is asked when all files of the folder are known. */
static int read_pick(struct entry *e, struct read *ret, struct mistake *ret_why)
{
	struct ord_mistakes mistakes = {0};
	struct ord_calendar *calendar = NULL;
	struct ord_err err;
	int r;

	e->labels = json_object();
	e->pick = calloc(1, sizeof *e->pick);
	if (!e->labels || !e->pick)
		return -1;
	r = ord_pick_parse(e->text, e->size, NULL, 0, e->pick, &mistakes);
	if (r)
		take_mistake(&mistakes, ret_why);
	ord_mistakes_done(&mistakes);
	if (r)
		return -1;
	if (ord_calendar_open(&e->pick->schedule, e->pick->name, e->pick->seed, &calendar, &err)) {
		ret_why->line = e->pick->schedule_at.line;
		ret_why->column = e->pick->schedule_at.column;
		(void)snprintf(ret_why->text, sizeof ret_why->text, "%s", err.msg);
		return -1;
	}
	ord_calendar_close(calendar);
	e->schedule = describe(&e->pick->schedule);
	if (!e->schedule)
		return -1;
	(void)snprintf(ret->name, sizeof ret->name, "%s", e->pick->name);
	ret->schedule = e->pick->schedule;
	ret->seed = e->pick->seed;
	return 0;
}

/* Its experiments are read when people begin it. */
static int read_gameday(struct entry *e, struct read *ret, struct mistake *ret_why)
{
	struct ord_mistakes mistakes = {0};
	struct ord_gameday day;
	int r = ord_gameday_parse(e->text, e->size, &day, &mistakes);

	if (r) {
		take_mistake(&mistakes, ret_why);
	} else {
		e->labels = json_object();
		e->schedule = strdup("");
		e->gameday_steps = (uint32_t)day.n_steps;
		(void)snprintf(ret->name, sizeof ret->name, "%s", day.name);
		r = e->labels && e->schedule ? 0 : -1;
	}
	ord_mistakes_done(&mistakes);
	ord_gameday_done(&day);
	return r;
}

int entry_read(char *text, size_t size, const char *file, struct read *ret, struct mistake *ret_why)
{
	struct entry *e = calloc(1, sizeof *e);
	int r;

	*ret_why = (struct mistake){.text = "out of memory"};
	if (!e) {
		free(text);
		return -1;
	}
	e->text = text;
	e->size = size;
	(void)ord_sha256(text, size, e->sha256);
	e->file = strdup(file);
	if (!e->file)
		r = -1;
	else if (ord_gameday_named(text, size))
		r = read_gameday(e, ret, ret_why);
	else
		r = ord_pick_named(text, size) ? read_pick(e, ret, ret_why)
					       : read_experiment(e, ret, ret_why);
	if (!r)
		ret->entry = ord_steal_ptr(e);
	entry_free(e);
	return r;
}

struct entry *entry_meant(const struct ord_serve *s, const struct ord_pick_item *item)
{
	struct entry *e = ord_pick_is_file(item->text)
				  ? store_find(s, item->text)
				  : store_entry(s, ord_agenda_find(s->agenda, item->text));

	return e && !e->pick && !e->gameday_steps ? e : NULL;
}

struct entry *entry_drawn(const struct ord_serve *s, struct entry *e, int64_t planned_ns)
{
	if (!e || !e->pick)
		return e;
	return entry_meant(s, &e->pick->one_of[ord_pick_chosen(e->pick, planned_ns)]);
}

const char *entry_name(const struct ord_serve *s, const struct entry *e)
{
	return ord_agenda_name(s->agenda, e->id);
}

bool entry_complete(const struct ord_serve *s, const struct entry *e, struct mistake *ret_why)
{
	for (size_t i = 0; e->pick && i < e->pick->n_one_of; i++) {
		const struct ord_pick_item *item = &e->pick->one_of[i];

		if (entry_meant(s, item))
			continue;
		ret_why->line = item->at.line;
		ret_why->column = item->at.column;
		(void)snprintf(ret_why->text, sizeof ret_why->text,
			       "oneOf: there is no %s '%.255s' in this folder",
			       ord_pick_is_file(item->text) ? "file of an experiment"
							    : "experiment",
			       item->text);
		return false;
	}
	return true;
}

int entry_claims(const struct entry *e, struct ord_claims *ret, struct ord_err *err)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_mistakes mistakes = {0};
	int r;

	if (!spec)
		return ord_fail_nomem(err);
	if (!e->text || ord_spec_parse(e->text, e->size, NULL, 0, spec, &mistakes))
		r = ord_fail(err, ORD_USAGE, "%s is no experiment", e->file);
	else
		r = ord_claims_of(spec, ret, err);
	ord_mistakes_done(&mistakes);
	ord_spec_done(spec);
	free(spec);
	return r;
}
