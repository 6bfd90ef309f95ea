/* A text becomes a schedule: read and planned as `ordeal validate` does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "base/units.h"
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
	json_decref(e->labels);
	json_decref(e->last);
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

static void describe(const struct ord_schedule *schedule, char out[static 320])
{
	static const char *const periods[] = {"hour", "day", "week"};
	const char *zone = schedule->zone;
	char every[32];

	switch (schedule->kind) {
	case ORD_SCHEDULE_NONE:
		out[0] = '\0';
		break;
	case ORD_SCHEDULE_CRON:
		(void)snprintf(out, 320, "cron %.240s, %.63s", schedule->cron_text, zone);
		break;
	case ORD_SCHEDULE_EVERY:
		(void)snprintf(out, 320, "every %s",
			       ord_human_duration((int64_t)schedule->every_ns, every));
		break;
	case ORD_SCHEDULE_AT:
		(void)snprintf(out, 320, "at %zu time%s, %.63s", schedule->n_at,
			       schedule->n_at == 1 ? "" : "s", zone);
		break;
	case ORD_SCHEDULE_RANDOM:
		(void)snprintf(out, 320, "%u at random each %s, %.63s", schedule->times,
			       periods[schedule->each], zone);
		break;
	}
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
	describe(&spec->schedule, e->schedule);
	e->patience_ns = patience(spec);
	return 0;
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

int entry_read(char *text, size_t size, const char *file, struct read *ret, struct mistake *ret_why)
{
	struct entry *e = calloc(1, sizeof *e);
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_mistakes mistakes = {0};
	int r = -1;

	*ret_why = (struct mistake){.text = "out of memory"};
	if (!e || !spec) {
		free(text);
		goto out;
	}
	e->text = text;
	e->size = size;
	(void)ord_sha256(text, size, e->sha256);
	(void)snprintf(e->file, sizeof e->file, "%s", file);
	r = ord_spec_parse(text, size, NULL, 0, spec, &mistakes);
	if (r)
		take_mistake(&mistakes, ret_why);
	else
		r = plan_it(spec, ret_why) || fill(e, spec) ? -1 : 0;
	ord_mistakes_done(&mistakes);
	if (!r) {
		(void)snprintf(ret->name, sizeof ret->name, "%s", spec->name);
		ret->schedule = spec->schedule;
		ret->seed = spec->has_seed ? spec->seed : 0;
		ret->entry = ord_steal_ptr(e);
	}
	ord_spec_done(spec);
out:
	free(spec);
	entry_free(e);
	return r;
}

int entry_claims(const struct entry *e, struct ord_claims *ret, struct ord_err *err)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_mistakes mistakes = {0};
	int r;

	if (!spec)
		return ord_fail_nomem(err);
	if (ord_spec_parse(e->text, e->size, NULL, 0, spec, &mistakes))
		r = ord_fail(err, ORD_USAGE, "%s is no experiment", e->file);
	else
		r = ord_claims_of(spec, ret, err);
	ord_mistakes_done(&mistakes);
	ord_spec_done(spec);
	free(spec);
	return r;
}
