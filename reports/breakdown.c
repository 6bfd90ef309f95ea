/*
 * The way of an alert from the impact to whoever is told, stage by stage (docs/formats/verdicts.md,
 * "The way of an alert"). Each stage is an interval, by its source's clock with that clock's error.
 */
#include "reports/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/alert_name.h"
#include "reports/member.h"
#include "reports/write/text.h"

#define OTHERS_MAX 100

static bool stage_of(const char *text, enum ord_stage *ret)
{
	for (int i = 0; i < ORD_STAGES; i++)
		if (!strcmp(text, ord_stage_name((enum ord_stage)i))) {
			*ret = (enum ord_stage)i;
			return true;
		}
	return false;
}

/* The alert that the line is of; n_alerts: one that no objective means. */
static size_t alert_of(const struct ord_analysis *a, const struct ord_event *e)
{
	const char *alert = ord_member_text(e->json, "alert", "");
	const json_t *labels = json_object_get(json_object_get(e->json, "detail"), "labels");
	size_t len = strcspn(alert, "{");

	for (size_t p = 0; p < a->t->n_probes; p++) {
		const char *name;
		size_t n;

		if (a->t->probes[p].is_channel &&
		    ord_alert_channel(a->t->probes[p].name, &name, &n) && n == len &&
		    !memcmp(name, alert, n) && ord_alert_matches(a->t->probes[p].name, labels))
			return ord_alert_index(a, alert, len);
	}
	return a->n_alerts;
}

/* --- which of several alerts of one name ----------------------------------------------------- */

/* The labels of the alert that is followed at each of the two; NULL: any. They differ by what
 * Prometheus adds when it sends. */
struct followed {
	const json_t *prometheus, *alertmanager;
};

static const json_t *labels_of(const struct ord_event *e)
{
	return json_object_get(json_object_get(e->json, "detail"), "labels");
}

static bool in_rep(const struct ord_rep *r, const struct ord_event *e)
{
	return e->kind == ORD_EVENT_STAGE && e->rep == r->number &&
	       ord_line_instant(e).hi >= r->requested.value;
}

static bool holds_all(const json_t *labels, const json_t *of)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)of, name, value)
		if (!json_equal(json_object_get(labels, name), value))
			return false;
	return true;
}

/* Of the first line of that stage; of: labels that it has to have. */
static const json_t *first_of(const struct ord_analysis *a, const struct ord_rep *r, size_t alert,
			      const char *stage, const json_t *of)
{
	for (size_t i = 0; i < a->t->n_events; i++) {
		const struct ord_event *e = &a->t->events[i];

		if (in_rep(r, e) && !strcmp(ord_member_text(e->json, "stage", ""), stage) &&
		    alert_of(a, e) == alert && holds_all(labels_of(e), of))
			return labels_of(e);
	}
	return NULL;
}

/* The one that fires first, else that is pending first, and what Alertmanager makes of it. */
static struct followed follow(const struct ord_analysis *a, const struct ord_rep *r, size_t alert)
{
	const json_t *p = first_of(a, r, alert, "firing", NULL);
	const json_t *am;

	if (!p)
		p = first_of(a, r, alert, "pending", NULL);
	am = first_of(a, r, alert, "received", p);
	if (!am)
		am = first_of(a, r, alert, "received", NULL);
	return (struct followed){.prometheus = p, .alertmanager = am};
}

static bool is_followed(const struct followed *f, const struct ord_event *e)
{
	const char *source = ord_member_text(e->json, "source", "");
	const json_t *its = labels_of(e);
	const json_t *want = !strcmp(source, "alertmanager") ? f->alertmanager
			     : !strcmp(source, "prometheus") ? f->prometheus
							     : NULL;

	return !its || !want || json_equal(its, want);
}

/* --- its stages ------------------------------------------------------------------------------ */

static struct ord_instant instant_of(const struct ord_rep *r, const struct ord_event *e)
{
	struct ord_instant at = ord_line_instant(e);

	if (at.lo < r->requested.value)
		at.lo = r->requested.value;
	return at;
}

/* The first of each stage; of pending the last before it fired, for one may come to nothing. */
static void take_stage(struct ord_breakdown *b, enum ord_stage stage, const struct ord_instant *at)
{
	bool again = stage == ORD_STAGE_PENDING && !b->at[ORD_STAGE_FIRING].known;

	b->any = true;
	if (!b->at[stage].known || again)
		b->at[stage] = *at;
}

static const char *by_whom(const struct ord_event *e)
{
	const json_t *detail = json_object_get(e->json, "detail");
	static const char *const keys[] = {"silencedBy", "inhibitedBy"};

	for (size_t i = 0; i < ORD_COUNT(keys); i++) {
		const json_t *by = json_object_get(detail, keys[i]);

		if (json_is_array(by))
			by = json_array_get(by, 0);
		if (json_is_string(by) && *json_string_value(by))
			return json_string_value(by);
	}
	return "";
}

/* The first end; where a notification tells later when that was, its stamp is better than a look.
 */
static bool ends(const struct ord_breakdown *b, const struct ord_event *e,
		 const struct ord_instant *at)
{
	return !b->resolved.known ||
	       (*ord_member_text(e->json, "stamp", "") && at->lo <= b->resolved.hi);
}

static void take(struct ord_breakdown *b, const struct ord_rep *r, const struct ord_event *e)
{
	const char *name = ord_member_text(e->json, "stage", "");
	struct ord_instant at = instant_of(r, e);
	enum ord_stage stage;

	/* The route of that very alert knows better than the first of them. */
	b->group_wait_ns =
		ord_member_time(json_object_get(json_object_get(e->json, "detail"), "route"),
				"group_wait_ns", b->group_wait_ns);
	if (stage_of(name, &stage)) {
		take_stage(b, stage, &at);
	} else if (!strcmp(name, "suppressed") && !b->suppressed.known) {
		b->any = true;
		b->suppressed = at;
		b->suppressed_by = by_whom(e);
	} else if (!strcmp(name, "resolved") && ends(b, e, &at)) {
		b->resolved = at;
	} else if (!strcmp(name, "resolved-notified") && !b->resolved_notified.known) {
		b->resolved_notified = at;
	}
}

static int take_other(struct ord_rep *r, const struct ord_event *e, struct ord_err *err)
{
	const char *alert = ord_member_text(e->json, "alert", "");
	struct ord_instant at = instant_of(r, e);
	enum ord_stage stage;

	if (!stage_of(ord_member_text(e->json, "stage", ""), &stage) || stage < ORD_STAGE_FIRING)
		return 0;
	for (size_t i = 0; i < r->n_others; i++)
		if (!strcmp(r->others[i].alert, alert))
			return 0;
	if (!r->others) {
		r->others = calloc(OTHERS_MAX, sizeof *r->others);
		if (!r->others)
			return ord_fail_nomem(err);
	}
	if (r->n_others < OTHERS_MAX)
		r->others[r->n_others++] =
			(struct ord_other_alert){.alert = alert, .stage = stage, .at = at};
	return 0;
}

/* What is later bounds what is sooner, and the other way round. */
static void narrow(struct ord_breakdown *b)
{
	struct ord_instant *next = NULL, *before = NULL;

	for (int i = ORD_STAGES - 1; i >= 0; i--) {
		struct ord_instant *in = &b->at[i];

		if (!in->known)
			continue;
		if (next && in->hi > next->hi)
			in->hi = next->hi;
		in->value = in->value < in->hi ? in->value : in->hi;
		in->lo = in->lo < in->hi ? in->lo : in->hi;
		next = in;
	}
	for (int i = 0; i < ORD_STAGES; i++) {
		struct ord_instant *in = &b->at[i];

		if (!in->known)
			continue;
		if (before && in->lo < before->lo)
			in->lo = before->lo;
		in->value = in->value > in->lo ? in->value : in->lo;
		before = in;
	}
}

/* The configured wait, and what is left of the way; an existing group has a tick of its own. */
static void split_notify(struct ord_breakdown *b)
{
	const struct ord_instant *received = &b->at[ORD_STAGE_RECEIVED];
	const struct ord_instant *notified = &b->at[ORD_STAGE_NOTIFIED];
	struct ord_instant waited = *received;

	if (!received->known || !notified->known)
		return;
	if (b->group_wait_ns < 0) {
		b->leg[ORD_LEG_NOTIFY] = ord_span_between(received, notified);
		return;
	}
	waited.value += b->group_wait_ns;
	waited.lo += b->group_wait_ns;
	waited.hi += b->group_wait_ns;
	if (waited.lo > notified->hi) {
		b->group_existed = true;
		b->leg[ORD_LEG_GROUP_WAIT] = ord_span_between(received, notified);
		return;
	}
	b->leg[ORD_LEG_GROUP_WAIT] = (struct ord_span){.state = ORD_SPAN_KNOWN,
						       .value = b->group_wait_ns,
						       .lo = b->group_wait_ns,
						       .hi = b->group_wait_ns};
	b->leg[ORD_LEG_NOTIFY] = ord_span_between(&waited, notified);
}

static void measure_legs(const struct ord_rep *r, struct ord_breakdown *b)
{
	const struct ord_instant *at = b->at, *from = &r->requested;

	b->reached = ORD_STAGES;
	for (int i = 0; i < ORD_STAGES; i++)
		if (at[i].known)
			b->reached = (enum ord_stage)i;
	for (int i = 0; b->reached < ORD_STAGES && i < (int)b->reached; i++)
		if (!at[i].known)
			b->untold |= 1u << i;
	/* What Prometheus felt before any user did it has from the fault, not from the impact. */
	b->from_impact = r->impact.known &&
			 (!at[ORD_STAGE_SCRAPED].known || at[ORD_STAGE_SCRAPED].hi >= r->impact.lo);
	if (b->from_impact)
		from = &r->impact;
	b->leg[ORD_LEG_SCRAPE] = ord_span_between(from, &at[ORD_STAGE_SCRAPED]);
	b->leg[ORD_LEG_EVALUATE] = ord_span_between(&at[ORD_STAGE_SCRAPED], &at[ORD_STAGE_PENDING]);
	b->leg[ORD_LEG_FOR] = ord_span_between(&at[ORD_STAGE_PENDING], &at[ORD_STAGE_FIRING]);
	b->leg[ORD_LEG_DELIVER] = ord_span_between(&at[ORD_STAGE_FIRING], &at[ORD_STAGE_RECEIVED]);
	split_notify(b);
}

/* The latest word of the rules before the request; NULL: none. */
static const json_t *rule_before(const struct ord_timeline *t, const struct ord_rep *r,
				 const char *alert)
{
	const json_t *found = NULL, *j;
	size_t k;

	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];

		if (e->kind != ORD_EVENT_RULES || e->t > r->requested.value)
			continue;
		json_array_foreach (json_object_get(e->json, "rules"), k, j)
			if (!strcmp(ord_member_text(j, "alert", ""), alert))
				found = j;
	}
	return found;
}

static struct ord_clock clock_of(const struct ord_timeline *t, const struct ord_rep *r,
				 const char *source)
{
	struct ord_clock c = {.known = false};

	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		const json_t *offset = json_object_get(e->json, "offset_ns");

		if (e->kind == ORD_EVENT_CLOCK && e->t <= r->end && json_array_size(offset) == 2 &&
		    !strcmp(ord_member_text(e->json, "source", ""), source))
			c = (struct ord_clock){
				.known = true,
				.lo = (int64_t)json_integer_value(json_array_get(offset, 0)),
				.hi = (int64_t)json_integer_value(json_array_get(offset, 1)),
				.line = e->line};
	}
	return c;
}

/* The stage that the most patient of the alert's channels waits for. */
static enum ord_stage wanted(const struct ord_analysis *a, size_t alert)
{
	enum ord_stage most = ORD_STAGE_PENDING;

	for (size_t p = 0; p < a->t->n_probes; p++) {
		const char *channel = a->t->probes[p].name, *name;
		size_t len;

		if (a->t->probes[p].is_channel && ord_alert_channel(channel, &name, &len) &&
		    ord_alert_index(a, name, len) == alert && ord_alert_wanted(channel) > most)
			most = ord_alert_wanted(channel);
	}
	return most;
}

/* S/2 + E/2 + ceil(F/E) E + GW on average, S + E + ceil(F/E) E + GW at worst. */
static void expect(const struct ord_analysis *a, size_t alert, struct ord_breakdown *b)
{
	int64_t fixed = 0;

	if (b->for_ns >= 0 && b->interval_ns > 0)
		b->for_rounded_ns =
			(b->for_ns + b->interval_ns - 1) / b->interval_ns * b->interval_ns;
	if (b->scrape_ns <= 0 || b->interval_ns <= 0)
		return;
	if (wanted(a, alert) >= ORD_STAGE_FIRING) {
		if (b->for_rounded_ns < 0)
			return;
		fixed += b->for_rounded_ns;
	}
	if (wanted(a, alert) == ORD_STAGE_NOTIFIED) {
		if (b->group_wait_ns < 0)
			return;
		fixed += b->group_wait_ns;
	}
	b->mean_ns = (b->scrape_ns + b->interval_ns) / 2 + fixed;
	b->worst_ns = b->scrape_ns + b->interval_ns + fixed;
}

static void configure(const struct ord_analysis *a, const struct ord_rep *r, size_t alert,
		      struct ord_breakdown *b)
{
	const json_t *rule = rule_before(a->t, r, a->alerts[alert]);

	*b = (struct ord_breakdown){.alert = a->alerts[alert],
				    .suppressed_by = "",
				    .reached = ORD_STAGES,
				    .scrape_ns = ord_member_time(rule, "scrape_interval_ns", -1),
				    .interval_ns = ord_member_time(rule, "interval_ns", -1),
				    .for_ns = ord_member_time(rule, "for_ns", -1),
				    .group_wait_ns = ord_member_int(json_object_get(rule, "route"),
								    "group_wait_ns", a->group_wait),
				    .for_rounded_ns = -1,
				    .mean_ns = -1,
				    .worst_ns = -1,
				    .prometheus = clock_of(a->t, r, "prometheus"),
				    .alertmanager = clock_of(a->t, r, "alertmanager")};
}

static void finish(struct ord_analysis *a, struct ord_rep *r, size_t alert)
{
	struct ord_breakdown *b = &r->breakdowns[alert];

	/* Without a `for` it fires in the evaluation that finds it true. */
	if (!b->at[ORD_STAGE_PENDING].known && b->at[ORD_STAGE_FIRING].known && !b->for_ns)
		b->at[ORD_STAGE_PENDING] = b->at[ORD_STAGE_FIRING];
	expect(a, alert, b);
	narrow(b);
	measure_legs(r, b);
	if (b->suppressed.known)
		ord_warn(a, r->number, b->suppressed.line,
			 "alert %.80s was suppressed%s%.60s: nobody was told", b->alert,
			 *b->suppressed_by ? " by " : "", b->suppressed_by);
}

int ord_analyse_breakdown(struct ord_analysis *a, struct ord_rep *r, struct ord_err *err)
{
	const struct ord_timeline *t = a->t;
	ord_autofree struct followed *followed = calloc(a->n_alerts + 1, sizeof *followed);

	r->breakdowns = calloc(a->n_alerts + 1, sizeof *r->breakdowns);
	if (!r->breakdowns || !followed)
		return ord_fail_nomem(err);
	for (size_t k = 0; k < a->n_alerts; k++) {
		configure(a, r, k, &r->breakdowns[k]);
		if (r->requested.known)
			followed[k] = follow(a, r, k);
	}
	for (size_t i = 0; r->requested.known && i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		size_t k;

		if (!in_rep(r, e))
			continue;
		k = alert_of(a, e);
		if (k < a->n_alerts && is_followed(&followed[k], e))
			take(&r->breakdowns[k], r, e);
		else if (k == a->n_alerts && take_other(r, e, err))
			return -1;
	}
	for (size_t k = 0; k < a->n_alerts; k++)
		finish(a, r, k);
	return 0;
}
