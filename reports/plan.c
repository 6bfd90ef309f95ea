/* The plan of a timeline's first line, read into plain arrays; whatever it holds, it is checked
 * first. */
#include "reports/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "reports/member.h"
#include "reports/plan.h"

#define REPETITIONS_MAX 10000

int ord_timeline_list(const json_t *plan, const char *key, json_t **ret, struct ord_err *err)
{
	json_t *list = json_object_get(plan, key);

	if (list && !json_is_array(list))
		return ord_fail(err, ORD_USAGE, "line 1: plan.%s is not a list", key);
	if (json_array_size(list) > ORD_TL_LIST_MAX)
		return ord_fail(err, ORD_USAGE, "line 1: plan.%s is longer than %d", key,
				ORD_TL_LIST_MAX);
	*ret = list;
	return 0;
}

static int read_probes(struct ord_timeline *t, struct ord_err *err)
{
	json_t *list, *p;
	size_t i;

	if (ord_timeline_list(t->plan, "probes", &list, err))
		return -1;
	t->probes = calloc(ORD_TL_LIST_MAX + 1, sizeof *t->probes);
	if (!t->probes)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, p) {
		const char *name = ord_member_text(p, "name", NULL);
		int64_t every = ord_member_time(p, "every_ns", 0);

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
			.has_values = !strcmp(ord_member_text(p, "kind", ""), "prom"),
			.every = every,
			.timeout = ord_member_time(p, "timeout_ns", 0),
			.within = ord_member_time(json_object_get(p, "expect"), "within_ns", 0),
		};
	}
	return 0;
}

static int read_faults(struct ord_timeline *t, struct ord_err *err)
{
	json_t *list, *f;
	size_t i;

	if (ord_timeline_list(t->plan, "faults", &list, err))
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
			.at = ord_member_time(f, "at_ns", 0),
			.hold = ord_member_time(f, "for_ns", 0),
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
	t->repetitions = t->planned = (uint32_t)reps;
	t->name = ord_member_text(t->plan, "name", "experiment");
	t->placebo = ord_member_true(t->plan, "placebo");
	t->expect_impact = ord_member_true(t->plan, "expect_impact");
	t->recovery = ord_member_time(t->plan, "recovery_ns", 30 * (int64_t)ORD_S);
	t->wall_ns = ord_member_int(t->run, "wall_ns", 0);
	t->mono_ns = ord_member_int(t->run, "mono_ns", 0);
	if (t->wall_ns < 0 || t->wall_ns > INT64_MAX / 2)
		return ord_fail(err, ORD_USAGE, "line 1: wall_ns is out of range");
	if (read_probes(t, err) || ord_timeline_goals(t, err) || read_faults(t, err))
		return -1;
	t->series = calloc((size_t)(t->repetitions + 1) * (t->n_probes + 1), sizeof *t->series);
	return t->series ? 0 : ord_fail_nomem(err);
}
