/* What a plan promises: objectives, the service's level, and what a full recovery is. */
#include "reports/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "reports/member.h"
#include "reports/plan.h"

/* Detection channels that are no probe stand beside the probes: signals without samples. */
static size_t channel_of(struct ord_timeline *t, const char *channel)
{
	static const struct {
		const char *prefix;
		enum ord_tl_told told;
	} kinds[] = {
		{"kubernetes:", ORD_TOLD_BY_CLUSTER}, {"prometheus:", ORD_TOLD_BY_STATE},
		{"alertmanager:", ORD_TOLD_BY_STATE}, {"log:", ORD_TOLD_BY_EVENTS},
		{"mark:", ORD_TOLD_BY_PEOPLE},	      {"mark", ORD_TOLD_BY_PEOPLE},
	};
	size_t i = ord_timeline_probe(t, channel, strlen(channel));

	if (i < t->n_probes || i >= ORD_TL_LIST_MAX)
		return i;
	for (size_t k = 0; k < ORD_COUNT(kinds); k++) {
		size_t len = strlen(kinds[k].prefix);

		if (strncmp(channel, kinds[k].prefix, len) != 0 ||
		    (kinds[k].prefix[len - 1] != ':' && channel[len]))
			continue;
		t->probes[t->n_probes++] = (struct ord_tl_probe){.name = channel,
								 .kind = "channel",
								 .what = "",
								 .is_signal = true,
								 .is_channel = true,
								 .told = kinds[k].told};
		if (kinds[k].told == ORD_TOLD_BY_CLUSTER)
			t->probes[i].kind = "kubernetes";
		break;
	}
	return i;
}

static int read_slo(const json_t *j, const char *where, struct ord_slo *ret, struct ord_err *err)
{
	static const char *const methods[] = {[ORD_SLO_OCCURRENCES] = "occurrences",
					      [ORD_SLO_TIMESLICES] = "timeslices",
					      [ORD_SLO_RATIO_TIMESLICES] = "ratio-timeslices"};
	const char *method = ord_member_text(j, "method", methods[0]);
	struct ord_slo s = {
		.target_ppm = ord_member_int(j, "target_ppm", -1),
		.window = ord_member_time(j, "window_ns", -1),
		.slice_target_ppm = ord_member_int(j, "slice_target_ppm", 950000),
		.slice = ord_member_time(j, "slice_ns", 60 * (int64_t)ORD_S),
	};
	size_t m = 0;

	while (m < ORD_COUNT(methods) && strcmp(method, methods[m]) != 0)
		m++;
	if (m == ORD_COUNT(methods))
		return ord_fail(err, ORD_USAGE, "line 1: %s: unknown method '%.32s'", where,
				method);
	s.method = (enum ord_slo_method)m;
	if (s.target_ppm <= 0 || s.target_ppm >= ORD_PPM || s.window <= 0 || s.slice <= 0 ||
	    s.slice_target_ppm <= 0 || s.slice_target_ppm > ORD_PPM)
		return ord_fail(err, ORD_USAGE, "line 1: %s: a target or a window is out of range",
				where);
	*ret = s;
	return 0;
}

static int bad_goal(size_t i, const char *what, const char *text, struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE, "line 1: plan.objectives[%zu]: %s '%.64s'", i, what, text);
}

static int read_detect(struct ord_timeline *t, size_t i, const json_t *o,
		       struct ord_tl_objective *g, struct ord_err *err)
{
	const char *channel = ord_member_text(o, "channel", "");

	g->goal = ORD_GOAL_DETECT;
	g->probe = channel_of(t, channel);
	if (g->probe == t->n_probes || !t->probes[g->probe].is_signal)
		return bad_goal(i, "no signal", channel, err);
	return 0;
}

static int read_recover(struct ord_timeline *t, size_t i, const json_t *o,
			struct ord_tl_objective *g, struct ord_err *err)
{
	const char *mode = ord_member_text(o, "mode", "");

	if (!strcmp(mode, "self"))
		g->goal = ORD_GOAL_SELF;
	else if (!strcmp(mode, "after_rollback"))
		g->goal = ORD_GOAL_AFTER;
	else if (!strcmp(mode, "full") && t->n_full)
		g->goal = ORD_GOAL_FULL;
	else if (!strcmp(mode, "full"))
		return bad_goal(i, "without plan.full_recovery there is no recovery", mode, err);
	else
		return bad_goal(i, "unknown recovery", mode, err);
	return 0;
}

static int read_budget(struct ord_timeline *t, size_t i, const json_t *o,
		       struct ord_tl_objective *g, struct ord_err *err)
{
	(void)t;
	g->goal = ORD_GOAL_BUDGET;
	g->below_ppm = ord_member_int(o, "below_ppm", -1);
	g->within = 0;
	if (read_slo(o, "a budget objective", &g->slo, err))
		return -1;
	return g->below_ppm > 0 ? 0 : bad_goal(i, "no limit of the", "budget", err);
}

static int read_no_regression(struct ord_timeline *t, size_t i, const json_t *o,
			      struct ord_tl_objective *g, struct ord_err *err)
{
	(void)t;
	g->goal = ORD_GOAL_NO_REGRESSION;
	g->metric = ord_member_text(o, "metric", "");
	g->against = ord_member_text(o, "against", "");
	g->margin_ppm = ord_member_int(o, "margin_ppm", -1);
	g->within = 0;
	return *g->metric && g->margin_ppm >= 0 ? 0 : bad_goal(i, "no margin of", g->metric, err);
}

static const struct {
	const char *kind;
	int (*read)(struct ord_timeline *t, size_t i, const json_t *o, struct ord_tl_objective *g,
		    struct ord_err *err);
} kinds[] = {
	{"detect", read_detect},
	{"recover", read_recover},
	{"budget", read_budget},
	{"no_regression", read_no_regression},
};

static int read_objective(struct ord_timeline *t, size_t i, const json_t *o, struct ord_err *err)
{
	const char *kind = ord_member_text(o, "kind", "");
	struct ord_tl_objective g = {
		.text = ord_member_text(o, "text", ""),
		.within = ord_member_time(o, "within_ns", -1),
		.hold = ord_member_time(o, "hold_ns", 0),
		.metric = "",
		.against = "",
	};
	size_t k = 0;

	while (k < ORD_COUNT(kinds) && strcmp(kind, kinds[k].kind) != 0)
		k++;
	if (k == ORD_COUNT(kinds))
		return bad_goal(i, "unknown kind", kind, err);
	if (kinds[k].read(t, i, o, &g, err))
		return -1;
	if (g.within < 0 || g.hold < 0)
		return ord_fail(err, ORD_USAGE, "line 1: plan.objectives[%zu]: no `within_ns`", i);
	t->objectives[t->n_objectives++] = g;
	return 0;
}

static bool read_metric(const char *text, struct ord_tl_condition *c)
{
	static const struct {
		const char *name;
		unsigned percent;
	} latencies[] = {{"latency.p50", 50},
			 {"latency.p90", 90},
			 {"latency.p95", 95},
			 {"latency.p99", 99},
			 {"latency.max", 100}};

	c->metric = ORD_TL_LATENCY;
	for (size_t i = 0; i < ORD_COUNT(latencies); i++)
		if (!strcmp(text, latencies[i].name)) {
			c->percent = latencies[i].percent;
			return true;
		}
	c->metric = !strcmp(text, "value") ? ORD_TL_VALUE : ORD_TL_OK_RATIO;
	return c->metric == ORD_TL_VALUE || !strcmp(text, "ok_ratio");
}

static int read_condition(struct ord_timeline *t, size_t i, const json_t *j, struct ord_err *err)
{
	static const char *const ops[] = {
		[ORD_TL_LT] = "<",  [ORD_TL_LE] = "<=", [ORD_TL_GT] = ">",
		[ORD_TL_GE] = ">=", [ORD_TL_EQ] = "==", [ORD_TL_NE] = "!="};
	const char *probe = ord_member_text(j, "probe", ""), *op = ord_member_text(j, "op", "");
	struct ord_tl_condition c = {
		.text = ord_member_text(j, "text", ""),
		.probe = ord_timeline_probe(t, probe, strlen(probe)),
		.value = ord_member_int(j, "value", -1),
		.window = ord_member_time(j, "window_ns", 0),
	};
	size_t k = 0;

	while (k < ORD_COUNT(ops) && strcmp(op, ops[k]) != 0)
		k++;
	c.op = (enum ord_tl_op)k;
	if (!read_metric(ord_member_text(j, "metric", ""), &c) || k == ORD_COUNT(ops) ||
	    c.probe == t->n_probes || t->probes[c.probe].is_channel || c.window <= 0)
		return ord_fail(err, ORD_USAGE,
				"line 1: plan.full_recovery[%zu] is no condition on a probe", i);
	if (c.metric == ORD_TL_OK_RATIO && (c.value < 0 || c.value > ORD_PPM))
		return ord_fail(err, ORD_USAGE, "line 1: plan.full_recovery[%zu]: no ratio", i);
	/* Of a quantile only the samples below it are counted, which tells no more than an order.
	 */
	if (c.metric == ORD_TL_LATENCY && (c.op == ORD_TL_EQ || c.op == ORD_TL_NE))
		return ord_fail(err, ORD_USAGE,
				"line 1: plan.full_recovery[%zu]: a latency is below or above, "
				"never '%s'",
				i, op);
	t->full[t->n_full++] = c;
	return 0;
}

static int read_full(struct ord_timeline *t, struct ord_err *err)
{
	json_t *list, *j;
	size_t i;

	if (ord_timeline_list(t->plan, "full_recovery", &list, err))
		return -1;
	t->full = calloc(json_array_size(list) + 1, sizeof *t->full);
	if (!t->full)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, j) {
		if (read_condition(t, i, j, err))
			return -1;
	}
	return 0;
}

int ord_timeline_goals(struct ord_timeline *t, struct ord_err *err)
{
	const json_t *slo = json_object_get(t->plan, "slo");
	json_t *list, *o;
	size_t i;

	t->has_slo = json_is_object(slo);
	if ((t->has_slo && read_slo(slo, "plan.slo", &t->slo, err)) || read_full(t, err) ||
	    ord_timeline_list(t->plan, "objectives", &list, err))
		return -1;
	t->objectives = calloc(json_array_size(list) + 1, sizeof *t->objectives);
	if (!t->objectives)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, o) {
		if (read_objective(t, i, o, err))
			return -1;
	}
	return 0;
}
