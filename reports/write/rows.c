#include "reports/write/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/member.h"
#include "reports/write/text.h"

static struct ord_row *add(struct ord_rows *rows, int64_t t, uint32_t line, enum ord_row_by by,
			   const char *source)
{
	struct ord_row *r = &rows->v[rows->n];

	if (rows->n == ORD_ROWS_MAX) {
		rows->left_out++;
		return NULL;
	}
	rows->n++;
	*r = (struct ord_row){.t = t, .lo = t, .hi = t, .line = line, .by = by};
	(void)snprintf(r->source, sizeof r->source, "%.70s", source);
	return r;
}

static void add_instant(struct ord_rows *rows, const struct ord_instant *in, enum ord_row_by by,
			const char *source, const char *what, const char *who)
{
	struct ord_row *r = in->known ? add(rows, in->value, in->line, by, source) : NULL;

	if (!r)
		return;
	r->lo = in->lo;
	r->hi = in->hi;
	r->line_before = in->line_before;
	r->strong = r->brief = true;
	(void)snprintf(r->text, sizeof r->text, "%s%.64s", what, who);
}

/* ---- what was told, an event each; false: it is told elsewhere, or by an instant */

static const char *text_of(const struct ord_event *e, const char *key)
{
	return ord_member_text(e->json, key, "");
}

static bool phase_row(const struct ord_event *e, struct ord_row *r)
{
	(void)snprintf(r->text, sizeof r->text, "phase: %.60s", text_of(e, "phase"));
	return true;
}

static bool fault_row(const struct ord_event *e, struct ord_row *r)
{
	static const char *const shown[] = {"checked", "failed", "lost", "reverting", "waiting"};
	const char *why = ord_member_text(e->json, "message", text_of(e, "cause"));
	bool known = false;

	for (size_t i = 0; i < ORD_COUNT(shown); i++)
		known |= !strcmp(text_of(e, "state"), shown[i]);
	r->by = ORD_ROW_INJECTOR;
	(void)snprintf(r->text, sizeof r->text, "%.64s: %.12s%s%.120s", text_of(e, "fault"),
		       text_of(e, "state"), *why ? ": " : "", why);
	return known;
}

static bool steady_row(const struct ord_event *e, struct ord_row *r)
{
	(void)snprintf(r->text, sizeof r->text, "steady state %.8s: %s", text_of(e, "when"),
		       json_is_true(json_object_get(e->json, "holds")) ? "holds" : "does not hold");
	return true;
}

static bool abort_row(const struct ord_event *e, struct ord_row *r)
{
	(void)snprintf(r->text, sizeof r->text, "abort: %.200s", text_of(e, "text"));
	r->brief = true;
	return true;
}

/* By whom: a role, as it was given. */
static bool mark_row(const struct ord_event *e, struct ord_row *r)
{
	const char *what = ord_member_text(e->json, "what", text_of(e, "channel")),
		   *by = text_of(e, "by"), *note = text_of(e, "note");

	r->by = ORD_ROW_PERSON;
	r->brief = true;
	(void)snprintf(r->source, sizeof r->source, "%.60s", *by ? by : "a person");
	(void)snprintf(r->text, sizeof r->text, "mark: %.40s%s%.150s", what, *note ? ": " : "",
		       note);
	return true;
}

static bool note_row(const struct ord_event *e, struct ord_row *r)
{
	(void)snprintf(r->text, sizeof r->text, "note: %.200s", text_of(e, "text"));
	r->brief = true;
	return true;
}

/* The steps of pods have a table of their own; here stands what says how far it can be trusted. */
static bool kube_row(const struct ord_event *e, struct ord_row *r)
{
	static const char *const shown[][2] = {
		{"cut", "the watch broke"},
		{"resumed", "the watch is whole again"},
		{"blind", "may not be watched"},
		{"events-dropped", "too many Events: some are left out"}};
	const char *kind = text_of(e, "kind"), *ns = text_of(e, "ns");

	r->by = ORD_ROW_CLUSTER;
	for (size_t i = 0; i < ORD_COUNT(shown); i++) {
		if (strcmp(text_of(e, "what"), shown[i][0]) != 0)
			continue;
		(void)snprintf(r->text, sizeof r->text, "cluster: %s%s%.60s%s%.60s", shown[i][1],
			       *kind ? ": " : "", kind, *ns ? " in " : "", ns);
		return true;
	}
	return false;
}

static void interval_of(const struct ord_event *e, struct ord_row *r)
{
	r->lo = ord_member_int(e->json, "lo_t", r->t);
	r->hi = ord_member_int(e->json, "hi_t", r->t);
	r->t = r->hi;
}

static void source_of(const struct ord_event *e, struct ord_row *r)
{
	const char *from = text_of(e, "source"), *channel = text_of(e, "channel");
	size_t kind = strcspn(channel, ":");

	r->by = ORD_ROW_MONITORING;
	if (*from)
		(void)snprintf(r->source, sizeof r->source, "%.60s", from);
	else if (channel[kind])
		(void)snprintf(r->source, sizeof r->source, "%.*s", (int)(kind < 60 ? kind : 60),
			       channel);
	else
		(void)snprintf(r->source, sizeof r->source, "monitoring");
}

static bool channel_row(const struct ord_event *e, struct ord_row *r)
{
	const json_t *state = json_object_get(e->json, "state");

	source_of(e, r);
	if (json_is_null(state)) {
		(void)snprintf(r->text, sizeof r->text, "%.80s: cannot be asked: %.120s",
			       text_of(e, "channel"), text_of(e, "message"));
		return true;
	}
	if (!json_object_get(e->json, "hi_t"))
		return false;
	interval_of(e, r);
	(void)snprintf(r->text, sizeof r->text, "%.120s: %s", text_of(e, "channel"),
		       json_is_true(state) ? "yes" : "no longer");
	return true;
}

static bool stage_row(const struct ord_event *e, struct ord_row *r)
{
	static const char *const by_rules[] = {"scraped", "pending", "firing", "resolved"};
	const char *stage = text_of(e, "stage");
	bool rules = false;

	for (size_t i = 0; i < ORD_COUNT(by_rules); i++)
		rules |= !strcmp(stage, by_rules[i]);
	interval_of(e, r);
	r->by = ORD_ROW_MONITORING;
	(void)snprintf(r->source, sizeof r->source, rules ? "prometheus" : "alertmanager");
	(void)snprintf(r->text, sizeof r->text, "alert %.100s: %.40s", text_of(e, "alert"), stage);
	return true;
}

static bool rules_row(const struct ord_event *e, struct ord_row *r)
{
	source_of(e, r);
	(void)snprintf(r->text, sizeof r->text, "alerting rules read: %zu",
		       json_array_size(json_object_get(e->json, "rules")));
	return true;
}

static bool wait_row(const struct ord_event *e, struct ord_row *r)
{
	char wait[ORD_TEXT], over[ORD_TEXT];

	(void)snprintf(r->text, sizeof r->text, "waited at random: %s of at most %s",
		       ord_text_duration(ord_member_int(e->json, "wait_ns", 0), wait),
		       ord_text_duration(ord_member_int(e->json, "over_ns", 0), over));
	return true;
}

static bool sequential_row(const struct ord_event *e, struct ord_row *r)
{
	const char *decision = ord_member_text(e->json, "decision", NULL);

	(void)snprintf(r->text, sizeof r->text,
		       "sequential test: %" PRId64 " of %" PRId64 " missed: %.40s",
		       ord_member_int(e->json, "missed", 0), ord_member_int(e->json, "n", 0),
		       decision ? decision : "not decided yet");
	return true;
}

static bool (*const tell[])(const struct ord_event *e, struct ord_row *r) = {
	[ORD_EVENT_PHASE] = phase_row,
	[ORD_EVENT_FAULT] = fault_row,
	[ORD_EVENT_STEADY] = steady_row,
	[ORD_EVENT_ABORT] = abort_row,
	[ORD_EVENT_MARK] = mark_row,
	[ORD_EVENT_NOTE] = note_row,
	[ORD_EVENT_KUBE] = kube_row,
	[ORD_EVENT_CHANNEL] = channel_row,
	[ORD_EVENT_STAGE] = stage_row,
	[ORD_EVENT_RULES] = rules_row,
	[ORD_EVENT_INJECTION_PHASE] = wait_row,
	[ORD_EVENT_SEQUENTIAL] = sequential_row,
};

static void add_event(struct ord_rows *rows, const struct ord_event *e)
{
	struct ord_row r = {.t = ord_member_int(e->json, "at_t", e->t), .line = e->line}, *added;
	const char *source = "run";

	if ((size_t)e->kind >= ORD_COUNT(tell) || !tell[e->kind])
		return;
	r.lo = r.hi = r.t;
	if (!tell[e->kind](e, &r))
		return;
	if (r.by == ORD_ROW_INJECTOR)
		source = "injector";
	else if (r.by == ORD_ROW_CLUSTER)
		source = "cluster";
	else if (r.source[0])
		source = r.source;
	added = add(rows, r.t, r.line, r.by, source);
	if (!added)
		return;
	added->lo = r.lo;
	added->hi = r.hi;
	added->brief = r.brief;
	memcpy(added->text, r.text, sizeof added->text);
}

static int by_t(const void *a, const void *b)
{
	const struct ord_row *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static void add_detection(const struct ord_timeline *t, const struct ord_rep *r, size_t p,
			  struct ord_rows *rows)
{
	const struct ord_detection *d = &r->detections[p];
	const struct ord_tl_probe *probe = &t->probes[p];
	enum ord_row_by by = probe->told == ORD_TOLD_BY_SAMPLES	  ? ORD_ROW_PROBE
			     : probe->told == ORD_TOLD_BY_CLUSTER ? ORD_ROW_CLUSTER
			     : probe->told == ORD_TOLD_BY_PEOPLE  ? ORD_ROW_PERSON
								  : ORD_ROW_MONITORING;
	char source[80];

	(void)snprintf(source, sizeof source, "%s%.*s", by == ORD_ROW_PROBE ? "probe " : "",
		       by == ORD_ROW_PROBE ? 60 : (int)strcspn(probe->name, ":"), probe->name);
	add_instant(rows, &d->at, by, source,
		    d->kind == ORD_DETECTION_TOO_LATE ? "noticed after recovery by "
						      : "noticed by ",
		    probe->name);
}

/* That a channel is no longer so is news only where it was. */
static bool is_no_news(const struct ord_timeline *t, const struct ord_event *e)
{
	if (e->kind != ORD_EVENT_CHANNEL || !json_is_false(json_object_get(e->json, "state")))
		return false;
	for (const struct ord_event *before = t->events; before < e; before++)
		if (before->kind == ORD_EVENT_CHANNEL && before->rep == e->rep &&
		    json_is_true(json_object_get(before->json, "state")) &&
		    !strcmp(text_of(before, "channel"), text_of(e, "channel")))
			return false;
	return true;
}

/* The instant of a detection stands on that line: it is told once. */
static bool is_a_detection(const struct ord_timeline *t, const struct ord_rep *r,
			   const struct ord_event *e)
{
	if (e->kind != ORD_EVENT_CHANNEL)
		return false;
	for (size_t p = 0; p < t->n_probes; p++)
		if (r->detections[p].at.known && r->detections[p].at.line == e->line)
			return true;
	return false;
}

void ord_rows_collect(const struct ord_analysis *a, const struct ord_rep *r, struct ord_rows *rows)
{
	const struct ord_timeline *t = a->t;
	char source[80] = "probe";

	rows->n = rows->left_out = 0;
	if (r->impact.known)
		(void)snprintf(source, sizeof source, "probe %.60s",
			       t->probes[r->impact.probe].name);
	add_instant(rows, &r->impact, ORD_ROW_PROBE, source, "impact, first seen by ",
		    r->impact.known ? t->probes[r->impact.probe].name : "");
	for (size_t p = 0; p < t->n_probes; p++)
		add_detection(t, r, p, rows);
	for (size_t k = 0; r->number && k < t->n_faults; k++) {
		const struct ord_fault_result *f = &r->faults[k];
		const char *name = t->faults[k].name;

		add_instant(rows, &f->requested, ORD_ROW_RUN, "run", "requested: ", name);
		add_instant(rows, &f->in_force, ORD_ROW_INJECTOR, "injector",
			    "in force, read back: ", name);
		add_instant(rows, &f->cleared, ORD_ROW_INJECTOR, "injector",
			    "cleared, read back: ", name);
	}
	add_instant(rows, &r->recovered, ORD_ROW_PROBE, "user probes", "recovered",
		    r->recovered_self ? ", the fault still in force" : "");
	add_instant(rows, &r->full, ORD_ROW_PROBE, "probes", "fully recovered", "");
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		bool loose = e->kind == ORD_EVENT_NOTE || e->kind == ORD_EVENT_MARK;

		if (is_a_detection(t, r, e) || is_no_news(t, e))
			continue;
		if (e->rep == r->number || (loose && e->t >= r->begin && e->t <= r->end))
			add_event(rows, e);
	}
	qsort(rows->v, rows->n, sizeof *rows->v, by_t);
}
