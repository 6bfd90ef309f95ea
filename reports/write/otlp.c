/*
 * trace.json: what a collector's POST /v1/traces takes, and what Jaeger's upload does. A trace for
 * each repetition; what happened is children of its root. docs/formats/otlp.md.
 */
#include "reports/write/otlp.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "reports/member.h"
#include "reports/write/json.h"
#include "reports/write/policy.h"
#include "reports/write/write.h"

#define EVENTS_MAX	 128   /* remarks of a span, and failures; what the SDKs keep, too */
#define EVENTS_OF_A_FILE 20000 /* over all its spans */

/* A trace in the making: one repetition's. */
struct trace {
	const struct ord_analysis *a;
	const struct ord_rep *r;
	FILE *out;
	size_t n; /* spans written */
	bool failed;
};

static void put(struct trace *tr, json_t *span)
{
	if (tr->n++)
		(void)fputs(",\n", tr->out);
	tr->failed |= ord_json_put(span, tr->out) != 0;
}

static json_t *child(const struct trace *tr, const char *key, const char *name, int64_t from,
		     int64_t to)
{
	return ord_otlp_span(tr->a->t, tr->r->number, key, ORD_TRACE_ROOT, name, from, to);
}

/* When the repetition was over, as far as anybody looked. */
static int64_t watched(const struct trace *tr)
{
	return tr->r->end > tr->r->begin ? tr->r->end : tr->a->t->last_t;
}

/* What people and the run itself remarked, as events of the root; how many there was no room for.
 */
static size_t remarks(const struct trace *tr, json_t *root)
{
	const struct ord_timeline *t = tr->a->t;
	size_t n = 0;
	json_t *at;

	for (size_t i = 0; i < tr->r->n_marks; i++) {
		const struct ord_mark *m = &tr->r->marks[i];

		if (n++ >= EVENTS_MAX)
			continue;
		at = ord_otlp_event(t, root, m->at.value, "mark");
		ord_otlp_text(at, "ordeal.mark", m->what);
		ord_otlp_text(at, "ordeal.by", m->by);
		ord_otlp_text(at, "ordeal.note", m->note);
	}
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];

		if (e->rep != tr->r->number || e->kind != ORD_EVENT_NOTE || n++ >= EVENTS_MAX)
			continue;
		at = ord_otlp_event(t, root, e->t, "note");
		ord_otlp_text(at, "ordeal.note", ord_member_text(e->json, "text", ""));
	}
	return n > EVENTS_MAX ? n - EVENTS_MAX : 0;
}

static bool missed(const struct trace *tr)
{
	for (size_t k = 0; tr->r->number && k < tr->a->t->n_objectives; k++)
		if (tr->r->goals[k].result == ORD_RESULT_MISSED)
			return true;
	return false;
}

static int root(struct trace *tr, size_t events, struct ord_err *err)
{
	const struct ord_rep *r = tr->r;
	json_t *span = ord_otlp_span(tr->a->t, r->number, ORD_TRACE_ROOT, NULL,
				     r->number ? "repetition" : "placebo", r->begin, watched(tr));
	json_t *at = ord_otlp_attributes(span), *request;
	ord_auto(json) json_t *requests = json_array();
	size_t i, dropped;

	ord_otlp_int(at, "ordeal.repetition", r->number);
	ord_otlp_text(at, "ordeal.state", ord_rep_state_name(r->state));
	if (r->why[0])
		ord_otlp_text(at, "ordeal.why", r->why);
	if (r->state != ORD_REP_MEASURED && r->number)
		ord_otlp_status(span, ORD_OTLP_ERROR,
				r->why[0] ? r->why : ord_rep_state_name(r->state));
	else if (missed(tr))
		ord_otlp_status(span, ORD_OTLP_ERROR, "an objective was missed");
	else
		ord_otlp_status(span, ORD_OTLP_OK, "");
	dropped = remarks(tr, span);
	if (ord_otlp_failures(tr->a, r, span, requests, events, &dropped, err)) {
		json_decref(span);
		return -1;
	}
	if (dropped)
		(void)json_object_set_new(span, "droppedEventsCount",
					  json_integer((json_int_t)dropped));
	put(tr, span);
	json_array_foreach (requests, i, request)
		put(tr, json_incref(request));
	return 0;
}

static void fault_span(struct trace *tr, size_t k, const char *name, const struct ord_instant *from,
		       const struct ord_instant *to, const char *unless)
{
	const struct ord_fault_result *f = &tr->r->faults[k];
	char key[64];
	json_t *span, *at;

	if (!from->known)
		return;
	(void)snprintf(key, sizeof key, "%s/%zu", name, k);
	span = child(tr, key, name, from->value, to->known ? to->value : watched(tr));
	at = ord_otlp_attributes(span);
	ord_otlp_text(at, "ordeal.fault", tr->a->t->faults[k].name);
	ord_otlp_text(at, "ordeal.fault.kind", tr->a->t->faults[k].fault);
	if (f->engine && *f->engine)
		ord_otlp_text(at, "ordeal.fault.engine", f->engine);
	if (to->known)
		ord_otlp_interval(at, to->lo - from->hi, to->hi - from->lo, to->line);
	else
		ord_otlp_status(span, ORD_OTLP_ERROR,
				f->message && *f->message ? f->message : unless);
	put(tr, span);
}

static void faults(struct trace *tr)
{
	for (size_t k = 0; tr->r->number && k < tr->a->t->n_faults; k++) {
		const struct ord_fault_result *f = &tr->r->faults[k];
		const struct ord_instant *end = f->reverting.known ? &f->reverting : &f->cleared;

		fault_span(tr, k, "inject", &f->requested, &f->in_force, "it did not get in force");
		if (f->undoable)
			fault_span(tr, k, "fault in force", &f->in_force, end,
				   "nobody took it away");
		fault_span(tr, k, "rollback", &f->reverting, &f->cleared,
			   "its end was not read back");
	}
}

/* From an instant until what the span says; a censored one lasts as long as it was watched. */
static json_t *duration(const struct trace *tr, const char *key, const char *name,
			const struct ord_instant *from, const struct ord_span *s,
			const char *unless)
{
	json_t *span, *at;

	if (!from->known || s->state == ORD_SPAN_NONE)
		return NULL;
	span = child(tr, key, name, from->value, from->value + s->value);
	at = ord_otlp_attributes(span);
	ord_otlp_bool(at, "ordeal.censored", s->state == ORD_SPAN_CENSORED);
	if (s->state == ORD_SPAN_CENSORED)
		ord_otlp_status(span, ORD_OTLP_ERROR, unless);
	else
		ord_otlp_interval(at, s->lo, s->hi, 0);
	return span;
}

static void recovery(struct trace *tr, const char *mode, const struct ord_instant *from,
		     const struct ord_span *s)
{
	json_t *span = duration(tr, mode, "recover", from, s, "not recovered while it was watched");

	if (!span)
		return;
	ord_otlp_text(ord_otlp_attributes(span), "ordeal.recovery", mode);
	put(tr, span);
}

static void put_duration(struct trace *tr, const char *name, const struct ord_span *s,
			 const char *unless)
{
	json_t *span = duration(tr, name, name, &tr->r->impact, s, unless);

	if (span)
		put(tr, span);
}

static void users(struct trace *tr)
{
	const struct ord_rep *r = tr->r;

	if (r->requested.known)
		put(tr, child(tr, "baseline", "baseline", r->begin, r->requested.value));
	put_duration(tr, "impact", &r->bad_time, "the users were not well again at the end");
	put_duration(tr, "mitigate", &r->mitigate, "nobody said that it was mitigated");
	recovery(tr, "self", &r->impact, &r->self);
	recovery(tr, "after_rollback", &r->cleared, &r->after);
	put_duration(tr, "full-recover", &r->full_span, "not fully recovered at the end");
}

static void detection(struct trace *tr, size_t p)
{
	const struct ord_detection *d = &tr->r->detections[p];
	const struct ord_instant *from = tr->r->impact.known ? &tr->r->impact : &tr->r->requested;
	const struct ord_span *s = tr->r->impact.known ? &d->from_impact : &d->from_request;
	char key[32], name[OTLP_TEXT_MAX];
	json_t *span;

	(void)snprintf(key, sizeof key, "detect/%zu", p);
	(void)snprintf(name, sizeof name, "detect:%.900s", tr->a->t->probes[p].name);
	span = duration(tr, key, name, from, s,
			d->kind == ORD_DETECTION_TOO_LATE ? "not detected before the recovery"
							  : "not detected");
	if (!span)
		return;
	if (d->by)
		ord_otlp_text(ord_otlp_attributes(span), "ordeal.by", d->by);
	put(tr, span);
}

/* The stages of an alert, each from the one before it that was told. */
static void alert(struct trace *tr, size_t k)
{
	const struct ord_breakdown *b = &tr->r->breakdowns[k];
	const struct ord_instant *from = b->from_impact ? &tr->r->impact : &tr->r->requested;
	char key[32], parent[32], name[OTLP_TEXT_MAX];
	int64_t at = from->value;

	if (!b->any || !from->known || b->reached == ORD_STAGES)
		return;
	(void)snprintf(parent, sizeof parent, "alert/%zu", k);
	(void)snprintf(name, sizeof name, "alert:%.900s", b->alert);
	put(tr, child(tr, parent, name, at, b->at[b->reached].value));
	for (unsigned s = 0; s < ORD_STAGES; s++) {
		json_t *span;

		if (!b->at[s].known)
			continue;
		(void)snprintf(key, sizeof key, "alert/%zu/%u", k, s);
		span = ord_otlp_span(tr->a->t, tr->r->number, key, parent,
				     ord_stage_name((enum ord_stage)s), at, b->at[s].value);
		ord_otlp_interval(ord_otlp_attributes(span), b->at[s].lo - from->hi,
				  b->at[s].hi - from->lo, b->at[s].line);
		put(tr, span);
		at = b->at[s].value;
	}
}

static int repetition(struct trace *tr, size_t events, struct ord_err *err)
{
	if (root(tr, events, err))
		return -1;
	users(tr);
	faults(tr);
	for (size_t p = 0; p < tr->a->t->n_probes; p++)
		if (tr->a->t->probes[p].is_signal)
			detection(tr, p);
	for (size_t k = 0; tr->r->breakdowns && k < tr->a->n_alerts; k++)
		alert(tr, k);
	return 0;
}

/* As one text: an attribute's name stands once. */
static void policies(const struct ord_analysis *a, json_t *at)
{
	char words[ORD_POLICY_WORDS], all[4 * ORD_POLICY_WORDS] = "";
	const struct ord_event *e;
	size_t i = 0, n = 0;

	while ((e = ord_policy_next(a->t, &i)) && n < sizeof all)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? "; " : "",
				      ord_policy_words(e, words));
	if (n)
		ord_otlp_text(at, "ordeal.policy", all);
}

/* {"resource":{...},"scopeSpans":[{"scope":{...},"spans":[ */
static void head(struct trace *tr)
{
	const struct ord_analysis *a = tr->a;
	const struct ord_timeline *t = a->t;
	const char *version = ord_member_text(t->run, "ordeal", "");
	json_t *at = json_array();

	ord_otlp_text(at, "service.name", "ordeal");
	ord_otlp_text(at, "service.version", version);
	ord_otlp_text(at, "service.instance.id", ord_member_text(t->run, "run", ""));
	ord_otlp_text(at, "host.name",
		      ord_member_text(json_object_get(t->run, "host"), "name", "-"));
	ord_otlp_text(at, "ordeal.experiment", t->name);
	ord_otlp_text(at, "ordeal.plan_hash", ord_member_text(t->plan, "hash", ""));
	ord_otlp_int(at, "ordeal.seed", ord_member_int(t->plan, "seed", 0));
	ord_otlp_int(at, "ordeal.exit", a->exit);
	ord_otlp_text(at, "ordeal.verdict", a->verdict);
	policies(a, at);
	(void)fputs("{\"resourceSpans\":[{\"resource\":", tr->out);
	tr->failed |= ord_json_put(json_pack("{s:o}", "attributes", at), tr->out) != 0;
	(void)fputs(",\"scopeSpans\":[{\"scope\":", tr->out);
	tr->failed |= ord_json_put(json_pack("{s:s,s:s}", "name", "ordeal", "version", version),
				   tr->out) != 0;
	(void)fputs(",\"spans\":[\n", tr->out);
}

int ord_write_otlp(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	struct trace tr = {.a = a, .out = out};
	size_t events = EVENTS_OF_A_FILE / ((size_t)a->t->repetitions + 1);

	head(&tr);
	for (uint32_t i = 0; i <= a->t->repetitions; i++) {
		tr.r = &a->reps[i];
		if (tr.r->begin_line &&
		    repetition(&tr, events < EVENTS_MAX ? events : EVENTS_MAX, err))
			return -1;
	}
	/* An empty envelope is not to be sent: of a run that never got to a repetition, itself. */
	if (!tr.n) {
		json_t *span = ord_otlp_span(a->t, 0, ORD_TRACE_ROOT, NULL, "run", 0, a->t->last_t);

		ord_otlp_status(span, ORD_OTLP_ERROR, a->verdict);
		put(&tr, span);
	}
	(void)fputs("\n]}]}]}\n", out);
	return tr.failed ? ord_fail_sys(err, "write the traces") : 0;
}
