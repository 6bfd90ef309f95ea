/* What is seen: windows, guards, the steady state, and whether recovery has been watched for long
 * enough. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "scheduler/run/machine.h"

#define LOOK_NS	    (10 * ORD_MS)
#define GRACE_NS    (250 * ORD_MS)
#define HOLD_NS	    ORD_S /* where no objective says for how long recovery must hold */
#define BASELINE_NS (5 * ORD_S)

static uint64_t longest_window(const struct ord_spec *spec, size_t probe)
{
	uint64_t longest = ORD_S;

	for (size_t i = 0; i < spec->n_steady; i++)
		if (spec->steady[i].probe == probe && spec->steady[i].window_ns > longest)
			longest = spec->steady[i].window_ns;
	for (size_t i = 0; i < spec->n_abort; i++)
		if (spec->abort[i].probe == probe && spec->abort[i].window_ns > longest)
			longest = spec->abort[i].window_ns;
	for (size_t i = 0; i < spec->n_full; i++)
		if (spec->full[i].probe == probe && spec->full[i].window_ns > longest)
			longest = spec->full[i].window_ns;
	return longest;
}

static void follow(struct run *r, const struct ord_condition *c, size_t n, struct run_tally *ret)
{
	for (size_t i = 0; i < n; i++)
		if (!*c[i].channel)
			run_window_follow(&r->track[c[i].probe].window, &c[i], &ret[i]);
}

int run_watch_init(struct run *r, struct ord_err *err)
{
	for (size_t i = 0; i < r->spec->n_probes; i++)
		if (run_window_init(&r->track[i].window, &r->spec->probes[i],
				    longest_window(r->spec, i), err) < 0)
			return -1;
	follow(r, r->spec->steady, r->spec->n_steady, r->steady_of);
	follow(r, r->spec->abort, r->spec->n_abort, r->abort_of);
	follow(r, r->spec->full, r->spec->n_full, r->full_of);
	return 0;
}

void run_watch_done(struct run *r)
{
	for (size_t i = 0; i < r->spec->n_probes; i++)
		run_window_done(&r->track[i].window);
}

uint32_t run_watch_rep(const struct run *r, const struct ord_sample *s)
{
	const struct run_track *t = &r->track[s->probe];

	return s->due >= t->rep_from ? t->rep : t->rep_before;
}

void run_watch_sample(struct run *r, const struct ord_sample *s)
{
	struct run_track *t = &r->track[s->probe];

	run_window_add(&t->window, s);
	t->told++;
	if (s->n > t->last_slot)
		t->last_slot = s->n;
	if (!ord_sample_known(s))
		return;
	if (ord_sample_good(s)) {
		if (s->due > t->last_due)
			t->last_due = s->due;
	} else if (s->due > t->bad_due) {
		t->bad_due = s->due;
	}
}

/* "orders.ok_ratio < 0.2 over 5s: 0.12" */
static void say_value(const struct run_tally *t, size_t size, char *out)
{
	const struct ord_condition *c = t->condition;
	int64_t value = run_condition_figure(t);
	char text[32];

	if (c->metric == ORD_METRIC_VALUE)
		(void)snprintf(out, size, "%s: it is %s", c->text, ord_format_decimal(value, text));
	else if (c->metric == ORD_METRIC_OK_RATIO)
		(void)snprintf(out, size, "%s: it is %s", c->text, ord_format_percent(value, text));
	else
		(void)snprintf(out, size, "%s: it is %s", c->text, ord_human_duration(value, text));
}

/*
 * A guard is not asked before its first window has passed since the probes began: until then there
 * is nothing that it could be judged by, and nothing is in force while a steady state is still
 * waited for. From then on, a window in which nothing was decided leaves us blind, and aborts.
 */
static void watch_guard(struct run *r, struct run_tally *t, uint64_t now)
{
	const struct ord_condition *c = t->condition;
	const struct ord_probe_spec *p = &r->spec->probes[c->probe];
	uint64_t blind_from = r->started_ns + c->window_ns + p->timeout_ns + p->every_ns + GRACE_NS;
	char text[ORD_SENTENCE_MAX + 128];

	switch (run_condition(t, r->started_ns, now)) {
	case RUN_TRUE:
		/* A quantile's figure is sorted out of a whole window: no lease waits for it. */
		run_faults_end(r);
		say_value(t, sizeof text, text);
		run_abort(r, "condition", now, text);
		break;
	case RUN_UNKNOWN:
		if (now < blind_from)
			break;
		(void)snprintf(text, sizeof text,
			       "%s: it could not be evaluated, no sample was decided in its window",
			       c->text);
		run_abort(r, "condition", now, text);
		break;
	case RUN_NOT_YET:
	case RUN_NO_FIGURE: /* seen, and not slow: a guard for refusals is ok_ratio */
	case RUN_FALSE:
		break;
	}
}

void run_watch_guards(struct run *r, uint64_t now)
{

	if (r->phase == RUN_STOPPING || now - r->looked_ns < LOOK_NS)
		return;
	r->looked_ns = now;
	for (size_t i = 0; i < r->spec->n_abort && r->phase != RUN_STOPPING; i++) {
		if (*r->spec->abort[i].channel)
			run_monitor_guard(r, i, now);
		else
			watch_guard(r, &r->abort_of[i], now);
	}
}

bool run_watch_steady(struct run *r, uint64_t now, json_t **ret_conditions)
{
	json_t *list = ret_conditions ? json_array() : NULL;
	bool holds = true;

	for (size_t i = 0; i < r->spec->n_steady; i++) {
		struct run_tally *t = &r->steady_of[i];
		enum run_truth truth = run_condition(t, r->steady_since, now);
		bool known = truth == RUN_FALSE || truth == RUN_TRUE;

		holds = holds && truth == RUN_TRUE;
		if (list)
			(void)json_array_append_new(
				list,
				json_pack("{s:s, s:o, s:o}", "text", t->condition->text, "value",
					  known ? json_integer(run_condition_figure(t))
						: json_null(),
					  "met",
					  known ? json_boolean(truth == RUN_TRUE) : json_null()));
	}
	if (ret_conditions)
		*ret_conditions = list;
	return holds;
}

uint64_t run_watch_patience(const struct run *r)
{
	return ord_plan_patience_ns(r->spec);
}

uint64_t run_watch_longest_period(const struct run *r)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < r->spec->n_probes; i++)
		if (r->spec->probes[i].every_ns > longest)
			longest = r->spec->probes[i].every_ns;
	return longest;
}

uint64_t run_watch_baseline(const struct run *r)
{
	uint64_t three = 3 * run_watch_longest_period(r);

	return three < BASELINE_NS ? three : BASELINE_NS;
}

static uint64_t longest_hold(const struct ord_spec *spec)
{
	uint64_t hold = 0;

	for (size_t i = 0; i < spec->n_objectives; i++)
		if (spec->objectives[i].hold_ns > hold)
			hold = spec->objectives[i].hold_ns;
	return hold ? hold : HOLD_NS;
}

bool run_watch_full(struct run *r, uint64_t now)
{
	uint64_t slowest = 0;

	for (size_t i = 0; i < r->spec->n_full; i++) {
		const struct ord_probe_spec *p = &r->spec->probes[r->spec->full[i].probe];

		if (run_condition(&r->full_of[i], r->started_ns, now) != RUN_TRUE) {
			r->full_since = 0;
			return false;
		}
		slowest = p->every_ns > slowest ? p->every_ns : slowest;
	}
	if (!r->full_since)
		r->full_since = now;
	/* One slot more than the hold, as with the recovery of the users. */
	return !r->spec->n_full || now - r->full_since >= longest_hold(r->spec) + slowest;
}

bool run_watch_recovered(const struct run *r)
{
	uint64_t hold = longest_hold(r->spec);

	for (size_t i = 0; i < r->spec->n_probes; i++) {
		const struct run_track *t = &r->track[i];
		uint64_t from = t->bad_due > r->cleared_ns ? t->bad_due : r->cleared_ns;

		if (r->spec->probes[i].role != ORD_ROLE_USER)
			continue;
		/* One slot more than the hold; and no slot before it may still be open. */
		if (t->last_due < from + hold + r->spec->probes[i].every_ns ||
		    t->told != t->last_slot + 1)
			return false;
	}
	return true;
}
