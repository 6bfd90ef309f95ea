/* The plan of a timeline's first line, read into plain arrays; whatever it holds, it is checked
 * first. */
#include "reports/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"

#define REPETITIONS_MAX 10000
#define LIST_MAX	64

static int list_of(const json_t *plan, const char *key, json_t **ret, struct ord_err *err)
{
	json_t *list = json_object_get(plan, key);

	if (list && !json_is_array(list))
		return ord_fail(err, ORD_USAGE, "line 1: plan.%s is not a list", key);
	if (json_array_size(list) > LIST_MAX)
		return ord_fail(err, ORD_USAGE, "line 1: plan.%s is longer than %d", key, LIST_MAX);
	*ret = list;
	return 0;
}

static int read_probes(struct ord_timeline *t, struct ord_err *err)
{
	json_t *list, *p;
	size_t i;

	if (list_of(t->plan, "probes", &list, err))
		return -1;
	t->probes = calloc(LIST_MAX + 1, sizeof *t->probes);
	if (!t->probes)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, p) {
		const char *name = ord_member_text(p, "name", NULL);
		int64_t every = ord_member_int(p, "every_ns", 0);

		if (!name || !*name || every <= 0 ||
		    ord_timeline_probe(t, name, strlen(name)) < t->n_probes)
			return ord_fail(
				err, ORD_USAGE,
				"line 1: plan.probes[%zu] has no name of its own or no period", i);
		t->probes[t->n_probes++] = (struct ord_tl_probe){
			.name = name,
			.kind = ord_member_text(p, "kind", ""),
			.what = ord_member_text(p, "what", ""),
			.is_signal = !strcmp(ord_member_text(p, "role", "user"), "signal"),
			.asks_nobody = !strcmp(ord_member_text(p, "kind", ""), "kube"),
			.every = every,
			.timeout = ord_member_int(p, "timeout_ns", 0),
			.within = ord_member_int(json_object_get(p, "expect"), "within_ns", 0),
		};
	}
	return 0;
}

/* "kubernetes:event/BackOff" beside the probes: a signal without samples. */
static size_t channel_of(struct ord_timeline *t, const char *channel)
{
	size_t i = ord_timeline_probe(t, channel, strlen(channel));

	if (i < t->n_probes || strncmp(channel, "kubernetes:", 11) != 0 || i >= LIST_MAX)
		return i;
	t->probes[t->n_probes++] = (struct ord_tl_probe){.name = channel,
							 .kind = "kubernetes",
							 .what = "",
							 .is_signal = true,
							 .is_channel = true};
	return i;
}

static int read_objective(struct ord_timeline *t, size_t i, const json_t *o, struct ord_err *err)
{
	const char *kind = ord_member_text(o, "kind", ""), *mode = ord_member_text(o, "mode", "");
	const char *channel = ord_member_text(o, "channel", "");
	struct ord_tl_objective g = {
		.text = ord_member_text(o, "text", ""),
		.within = ord_member_int(o, "within_ns", -1),
		.hold = ord_member_int(o, "hold_ns", 0),
	};

	if (!strcmp(kind, "detect"))
		g.goal = ORD_GOAL_DETECT;
	else if (!strcmp(kind, "recover") && !strcmp(mode, "self"))
		g.goal = ORD_GOAL_SELF;
	else if (!strcmp(kind, "recover") && !strcmp(mode, "after_rollback"))
		g.goal = ORD_GOAL_AFTER;
	else
		return ord_fail(err, ORD_USAGE,
				"line 1: plan.objectives[%zu]: unknown kind '%.32s'", i, kind);
	g.probe = channel_of(t, channel);
	if (g.goal == ORD_GOAL_DETECT && (g.probe == t->n_probes || !t->probes[g.probe].is_signal))
		return ord_fail(err, ORD_USAGE, "line 1: plan.objectives[%zu]: no signal '%.64s'",
				i, channel);
	if (g.within < 0 || g.hold < 0)
		return ord_fail(err, ORD_USAGE, "line 1: plan.objectives[%zu]: no `within_ns`", i);
	t->objectives[t->n_objectives++] = g;
	return 0;
}

static int read_objectives(struct ord_timeline *t, struct ord_err *err)
{
	json_t *list, *o;
	size_t i;

	if (list_of(t->plan, "objectives", &list, err))
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

static int read_faults(struct ord_timeline *t, struct ord_err *err)
{
	json_t *list, *f;
	size_t i;

	if (list_of(t->plan, "faults", &list, err))
		return -1;
	t->faults = calloc(json_array_size(list) + 1, sizeof *t->faults);
	if (!t->faults)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, f) {
		const char *name = ord_member_text(f, "name", NULL);

		if (!name)
			return ord_fail(err, ORD_USAGE, "line 1: plan.faults[%zu] has no name", i);
		t->faults[t->n_faults++] = (struct ord_tl_fault){
			.name = name,
			.fault = ord_member_text(f, "fault", ""),
			.guarantee = ord_member_text(f, "class", ""),
			.json = f,
			.at = ord_member_int(f, "at_ns", 0),
			.hold = ord_member_int(f, "for_ns", 0),
		};
	}
	return 0;
}

int ord_timeline_plan(struct ord_timeline *t, struct ord_err *err)
{
	int64_t reps;

	t->plan = json_object_get(t->run, "plan");
	if (!json_is_object(t->plan))
		return ord_fail(err, ORD_USAGE, "line 1: no plan");
	reps = ord_member_int(t->plan, "repetitions", 1);
	if (reps < 1 || reps > REPETITIONS_MAX)
		return ord_fail(err, ORD_USAGE, "line 1: plan.repetitions is not within 1 to %d",
				REPETITIONS_MAX);
	t->repetitions = (uint32_t)reps;
	t->name = ord_member_text(t->plan, "name", "experiment");
	t->placebo = ord_member_true(t->plan, "placebo");
	t->expect_impact = ord_member_true(t->plan, "expect_impact");
	t->recovery = ord_member_int(t->plan, "recovery_ns", 30 * (int64_t)ORD_S);
	t->wall_ns = ord_member_int(t->run, "wall_ns", 0);
	t->mono_ns = ord_member_int(t->run, "mono_ns", 0);
	if (t->wall_ns < 0 || t->wall_ns > INT64_MAX / 2)
		return ord_fail(err, ORD_USAGE, "line 1: wall_ns is out of range");
	if (read_probes(t, err) || read_objectives(t, err) || read_faults(t, err))
		return -1;
	t->series = calloc((size_t)(t->repetitions + 1) * (t->n_probes + 1), sizeof *t->series);
	return t->series ? 0 : ord_fail_nomem(err);
}
