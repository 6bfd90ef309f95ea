/* What the injectors said: when each fault was requested, in force, taken back and gone, and what
 * it left. */
#include "reports/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

#include "reports/member.h"

#define OVER_NS (2 * (int64_t)ORD_S) /* a revert that takes longer is remarked */

static struct ord_instant instant(int64_t lo, int64_t hi, uint32_t line, uint32_t line_before)
{
	if (lo > hi)
		lo = hi;
	return (struct ord_instant){.known = true,
				    .value = hi,
				    .lo = lo,
				    .hi = hi,
				    .line = line,
				    .line_before = line_before};
}

static void on_requested(struct ord_fault_result *f, const struct ord_event *e)
{
	if (!f->requested.known)
		f->requested = instant(e->t, e->t, e->line, 0);
}

static void on_checked(struct ord_fault_result *f, const struct ord_event *e)
{
	f->objects = json_object_get(e->json, "objects");
	f->notes = json_object_get(e->json, "notes");
	f->engine = ord_member_text(e->json, "engine", f->engine);
	f->guarantee = ord_member_text(e->json, "class", f->guarantee);
	f->unfelt = ord_member_true(e->json, "unfelt");
}

static void on_injected(struct ord_fault_result *f, const struct ord_event *e)
{
	int64_t at = ord_member_time(e->json, "at_t", e->t);
	int64_t asked = ord_member_time(e->json, "requested_t",
					f->requested.known ? f->requested.value : at);

	/* The injector's own stamp before its first change is the later, and so the better, of the
	 * two. By another machine's clock it is an interval. */
	if (!f->requested.known || (asked > f->requested.value && asked <= at))
		f->requested = instant(ord_member_time(e->json, "requested_t_lo", asked), asked,
				       e->line, 0);
	f->in_force = instant(f->requested.lo, at, e->line,
			      f->requested.line == e->line ? 0 : f->requested.line);
}

static void on_reverting(struct ord_fault_result *f, const struct ord_event *e)
{
	int64_t at = ord_member_time(e->json, "at_t", e->t);

	f->cause = ord_member_text(e->json, "cause", f->cause);
	f->by = ord_member_text(e->json, "by", f->by);
	if (!f->reverting.known)
		f->reverting = instant(ord_member_time(e->json, "at_t_lo", at), at, e->line, 0);
}

/* A text (taken) on what of another's change stayed. */
static void keep(struct ord_fault_result *f, json_t *text)
{
	if (!f->kept)
		f->kept = json_array();
	if (json_is_string(text)) {
		f->no_memory |= json_array_append_new(f->kept, text) != 0;
		return;
	}
	f->no_memory |= !text;
	json_decref(text);
}

static void on_reverted(struct ord_fault_result *f, const struct ord_event *e)
{
	int64_t at = ord_member_time(e->json, "at_t", e->t);
	const json_t *matched;
	json_t *kept;
	size_t i;

	f->cleared = instant(f->reverting.known ? f->reverting.lo : at, at, e->line,
			     f->reverting.known ? f->reverting.line : 0);
	f->cause = ord_member_text(e->json, "cause", f->cause);
	f->by = ord_member_text(e->json, "by", f->by);
	f->has_residue = json_is_integer(json_object_get(e->json, "residue"));
	f->residue = ord_member_int(e->json, "residue", -1);
	f->left = json_object_get(e->json, "left");
	/* All of it at once; what `acted` told before is part of that. */
	if (json_array_size(json_object_get(e->json, "kept")) && f->kept)
		(void)json_array_clear(f->kept);
	json_array_foreach (json_object_get(e->json, "kept"), i, kept)
		keep(f, json_incref(kept));
	f->figures = json_object_get(e->json, "figures");
	matched = json_object_get(f->figures, "matched_packets");
	if (!matched)
		matched = json_object_get(f->figures, "matched_connections");
	f->no_traffic = json_is_integer(matched) && json_integer_value(matched) == 0;
}

/* {"what": "deleted", "object": ["v1", "Pod", "shop", "orders-1", "UID"], "detail": ""} */
static void on_acted(struct ord_fault_result *f, const struct ord_event *e)
{
	const json_t *o = json_object_get(e->json, "object");
	const char *part[5] = {"", "", "", "", ""};

	for (size_t i = 0; i < 5; i++)
		if (json_is_string(json_array_get(o, i)))
			part[i] = json_string_value(json_array_get(o, i));
	if (f->n_acts == f->room_acts) {
		size_t room = f->room_acts ? f->room_acts * 2 : 16;
		struct ord_act *v = reallocarray(f->acts, room, sizeof *v);

		if (!v) {
			f->no_memory = true;
			return;
		}
		f->acts = v;
		f->room_acts = room;
	}
	f->acts[f->n_acts++] = (struct ord_act){.what = ord_member_text(e->json, "what", ""),
						.kind = part[1],
						.ns = part[2],
						.name = part[3],
						.uid = part[4],
						.detail = ord_member_text(e->json, "detail", ""),
						.at = ord_member_time(e->json, "at_t", e->t),
						.line = e->line};
	if (!strcmp(ord_member_text(e->json, "what", ""), "kept"))
		keep(f, json_sprintf("%s %s%s%s: %s", part[1], part[2], *part[2] ? "/" : "",
				     part[3], ord_member_text(e->json, "detail", "")));
}

static void on_failed(struct ord_fault_result *f, const struct ord_event *e)
{
	f->failed = true;
	f->failed_line = e->line;
	f->message = ord_member_text(e->json, "message", "");
	f->at = ord_member_text(e->json, "at", ord_member_text(e->json, "phase", ""));
	f->code = ord_member_text(e->json, "code", "");
}

static void on_lost(struct ord_fault_result *f, const struct ord_event *e)
{
	f->lost = true;
	f->failed_line = e->line;
	f->message = ord_member_text(e->json, "message", "the injector is gone");
}

static const struct {
	const char *state;
	void (*on)(struct ord_fault_result *f, const struct ord_event *e);
} states[] = {
	{"requested", on_requested}, {"checked", on_checked},	{"injected", on_injected},
	{"reverting", on_reverting}, {"reverted", on_reverted}, {"failed", on_failed},
	{"lost", on_lost},	     {"acted", on_acted},
};

static struct ord_fault_result *fault_of(const struct ord_timeline *t, struct ord_rep *r,
					 const json_t *j)
{
	const char *name = ord_member_text(j, "fault", "");

	for (size_t i = 0; i < t->n_faults; i++)
		if (!strcmp(t->faults[i].name, name))
			return &r->faults[i];
	return NULL;
}

static void on_fault(const struct ord_timeline *t, struct ord_rep *r, const struct ord_event *e)
{
	const char *state = ord_member_text(e->json, "state", "");
	struct ord_fault_result *f = fault_of(t, r, e->json);

	for (size_t i = 0; f && i < sizeof states / sizeof *states; i++)
		if (!strcmp(state, states[i].state))
			states[i].on(f, e);
}

/* Several faults: requested with the first, in force as soon as one is, gone when the last is. */
static void unite(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t i = 0; i < t->n_faults; i++) {
		const struct ord_fault_result *f = &r->faults[i];

		if (f->requested.known &&
		    (!r->requested.known || f->requested.value < r->requested.value))
			r->requested = f->requested;
		if (f->in_force.known &&
		    (!r->in_force.known || f->in_force.value < r->in_force.value))
			r->in_force = f->in_force;
		if (!f->undoable)
			continue;
		if (f->reverting.known &&
		    (!r->rollback.known || f->reverting.value > r->rollback.value))
			r->rollback = f->reverting;
		if (f->cleared.known && (!r->cleared.known || f->cleared.value > r->cleared.value))
			r->cleared = f->cleared;
	}
	/* Gone only when all are: a fault that was requested and never reverted keeps it open. */
	for (size_t i = 0; i < t->n_faults; i++)
		if (r->faults[i].undoable && r->faults[i].in_force.known &&
		    !r->faults[i].cleared.known)
			r->cleared.known = false;
	if (r->cleared.known && !r->rollback.known)
		r->rollback = r->cleared;
}

/* The placebo does everything but the fault: its would-be instants are those of its phases. */
static void on_phase(struct ord_rep *r, const struct ord_event *e)
{
	const char *phase = ord_member_text(e->json, "phase", "");
	struct ord_instant at = instant(e->t, e->t, e->line, 0);

	if (r->number)
		return;
	if (!strcmp(phase, "inject") || (!strcmp(phase, "hold") && !r->requested.known))
		r->requested = r->in_force = at;
	else if (!strcmp(phase, "revert"))
		r->rollback = r->cleared = at;
	else if (!strcmp(phase, "recovery") && !r->cleared.known)
		r->rollback = r->cleared = at;
}

static void on_steady(struct ord_rep *r, const struct ord_event *e)
{
	const json_t *holds = json_object_get(e->json, "holds");
	enum ord_tri v = json_is_true(holds)	? ORD_YES
			 : json_is_false(holds) ? ORD_NO
						: ORD_UNKNOWN;
	bool after = !strcmp(ord_member_text(e->json, "when", ""), "after");
	const json_t *list = json_object_get(e->json, "conditions"), *c;
	size_t i;

	/* "Does not hold" for want of samples is not known rather than broken. */
	if (v == ORD_NO) {
		bool broken = false, unknown = false;

		json_array_foreach (list, i, c) {
			broken |= json_is_false(json_object_get(c, "met"));
			unknown |= json_is_null(json_object_get(c, "met"));
		}
		if (!broken && unknown)
			v = ORD_UNKNOWN;
	}
	*(after ? &r->steady_after : &r->steady_before) = v;
	*(after ? &r->steady_after_line : &r->steady_before_line) = e->line;
	*(after ? &r->steady_after_json : &r->steady_before_json) = e->json;
}

/* Lines that are no part of what a repetition did. */
static bool tells_of_others(enum ord_event_kind kind)
{
	return kind == ORD_EVENT_NOTE || kind == ORD_EVENT_MARK || kind == ORD_EVENT_CHANNEL ||
	       kind == ORD_EVENT_STAGE || kind == ORD_EVENT_RULES || kind == ORD_EVENT_CLOCK ||
	       kind == ORD_EVENT_SEQUENTIAL || kind == ORD_EVENT_POLICY;
}

static void on_phase_wait(struct ord_rep *r, const struct ord_event *e)
{
	r->phase = instant(e->t, e->t, e->line, 0);
	r->phase_wait = ord_member_time(e->json, "wait_ns", 0);
	r->phase_over = ord_member_time(e->json, "over_ns", 0);
}

/* A limit of time ends a watch whatever is seen; a condition, and a person, because of it. */
static void on_abort(struct ord_analysis *a, struct ord_rep *r, const struct ord_event *e)
{
	const char *cause = ord_member_text(e->json, "cause", "");

	a->abort_line = e->line;
	a->abort_text = ord_member_text(e->json, "text", "");
	r->state = ORD_REP_ABORTED;
	if (!strcmp(cause, "signal") || !strcmp(cause, "halted"))
		r->informative = "ended by a person";
	else if (!strcmp(cause, "condition"))
		r->informative = "ended by a condition of the abort";
}

static void on_event(const struct ord_timeline *t, struct ord_analysis *a,
		     const struct ord_event *e)
{
	struct ord_rep *r = &a->reps[e->rep];
	struct ord_fault_result *f;

	if (e->kind == ORD_EVENT_END) {
		a->end_line = e->line;
		a->end_cause = ord_member_text(e->json, "cause", "");
		a->end_text = ord_member_text(e->json, "text", "");
		return;
	}
	if (tells_of_others(e->kind))
		return;
	if (e->kind == ORD_EVENT_KUBE &&
	    !strcmp(ord_member_text(e->json, "what", ""), "events-dropped"))
		a->events_dropped = ord_member_int(e->json, "n", 0);
	if (!r->begin_line) {
		r->begin = e->t;
		r->begin_line = e->line;
	}
	if (e->t > r->end)
		r->end = e->t;
	if (e->kind == ORD_EVENT_FAULT && e->rep)
		on_fault(t, r, e);
	else if (e->kind == ORD_EVENT_PHASE)
		on_phase(r, e);
	else if (e->kind == ORD_EVENT_STEADY)
		on_steady(r, e);
	else if (e->kind == ORD_EVENT_INJECTION_PHASE)
		on_phase_wait(r, e);
	else if (e->kind == ORD_EVENT_ABORT) {
		on_abort(a, r, e);
	} else if (e->kind == ORD_EVENT_RESOLVED && (f = fault_of(t, r, e->json)))
		f->place = json_object_get(e->json, "place");
}

/* An API server that is away keeps a fault standing: until it is back, and longer than was asked.
 */
static void stood_over(struct ord_fault_result *f, int64_t hold)
{
	struct ord_instant end = f->reverting;

	if (!f->undoable || !f->cleared.known || !f->in_force.known)
		return;
	if (!end.known || end.value > f->in_force.value + hold)
		end = (struct ord_instant){.known = true,
					   .value = f->in_force.value + hold,
					   .lo = f->in_force.lo + hold,
					   .hi = f->in_force.hi + hold};
	if (f->cleared.value - end.value > OVER_NS)
		f->over = ord_span_between(&end, &f->cleared);
}

/* What an emulator adds by its own lateness is part of what the packets met. */
static void engine_late(struct ord_analysis *a, uint32_t rep, const char *name,
			const struct ord_fault_result *f)
{
	const int64_t late = ord_member_int(f->figures, "late_p99_ns", 0);
	const int64_t most = ord_member_int(f->figures, "late_tolerance_ns", INT64_MAX);
	char a_text[32], b_text[32];

	if (late > most)
		ord_warn(
			a, rep, f->cleared.line,
			"%.40s: one packet of a hundred left more than %s after it was due, beyond "
			"the tolerance of %s: the machine was busy, and the fault is not all that "
			"was met",
			name, ord_human_duration(late, a_text), ord_human_duration(most, b_text));
}

int ord_analyse_faults(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err)
{
	a->residue = -1;
	for (uint32_t i = 0; i <= t->repetitions; i++)
		for (size_t k = 0; k < t->n_faults; k++) {
			struct ord_fault_result *f = &a->reps[i].faults[k];

			f->message = f->at = f->code = f->cause = f->engine = f->by = "";
			f->guarantee = t->faults[k].guarantee;
			f->residue = -1;
		}
	for (size_t i = 0; i < t->n_events; i++)
		on_event(t, a, &t->events[i]);
	for (uint32_t i = 0; i <= t->repetitions; i++) {
		struct ord_rep *r = &a->reps[i];

		for (size_t k = 0; k < t->n_faults; k++) {
			struct ord_fault_result *f = &r->faults[k];

			if (f->no_memory)
				return ord_fail_nomem(err);
			f->undoable = strcmp(f->guarantee, "none") != 0;
			stood_over(f, t->faults[k].hold);
			engine_late(a, i, t->faults[k].name, f);
			r->undoable |= f->undoable;
			if (f->has_residue && f->residue >= 0) {
				a->residue = (a->residue > 0 ? a->residue : 0) + f->residue;
				if (f->residue && !a->residue_line)
					a->residue_line = f->cleared.line;
			}
		}
		unite(t, r);
	}
	return 0;
}
