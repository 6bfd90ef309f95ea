/*
 * Changes spec.replicas (of a Job: spec.parallelism). The object itself is patched, not its scale
 * subresource: only there can the change and the undo annotation be one write, and only there is
 * the revert a compare-and-swap.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/await.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/workload.h"

#define REPLICAS_MAX 100000

static bool job_ended(const json_t *job)
{
	const json_t *condition;
	size_t i;

	json_array_foreach (workload_at(job, "status", "conditions", NULL), i, condition) {
		const char *type = json_string_value(json_object_get(condition, "type"));
		const char *status = json_string_value(json_object_get(condition, "status"));

		if (type && status && (!strcmp(type, "Complete") || !strcmp(type, "Failed")) &&
		    !strcmp(status, "True"))
			return true;
	}
	return false;
}

/* The name of the field that says how many. */
static int field_of(const struct ord_object *o, const json_t *object, const char **ret,
		    struct ord_err *err)
{
	switch (workload_kind(o->kind)) {
	case WORKLOAD_DEPLOYMENT:
	case WORKLOAD_STATEFULSET:
	case WORKLOAD_REPLICASET:
		*ret = "replicas";
		return 0;
	case WORKLOAD_JOB:
		if (job_ended(object))
			return ord_fail(err, ORD_USAGE, "the Job has ended: it runs nothing");
		if (json_is_true(workload_at(object, "spec", "suspend", NULL)))
			return ord_fail(err, ORD_USAGE, "the Job is suspended: it runs nothing");
		*ret = "parallelism";
		return 0;
	case WORKLOAD_DAEMONSET:
		return ord_fail(err, ORD_USAGE,
				"a DaemonSet has no number of replicas: it runs on every node that "
				"fits; pod.delete ends its pods, and k8s.patch can give it a "
				"nodeSelector that no node has");
	case WORKLOAD_OTHER:
		break;
	}
	return ord_fail(err, ORD_USAGE, "it is no Deployment, StatefulSet, ReplicaSet or Job");
}

static int wanted(const struct ord_args *args, int64_t was, int64_t *ret, struct ord_err *err)
{
	bool to = ord_arg_set(args, "to"), factor = ord_arg_set(args, "factor");

	if (to == factor)
		return ord_fail(err, ORD_USAGE, "say either to or factor");
	*ret = to ? ord_arg_int(args, "to") : was * ord_arg_int(args, "factor") / 1000000;
	if (*ret > REPLICAS_MAX)
		return ord_fail(err, ORD_USAGE, "factor: %" PRId64 " are more than %d", *ret,
				REPLICAS_MAX);
	return 0;
}

struct scaler {
	const struct ord_object *object;
	int64_t to;
	json_t *report;
};

/* One HorizontalPodAutoscaler: if it is this workload's, it may take the change back. */
static int autoscaler(void *arg, const json_t *item, struct ord_err *err)
{
	const struct scaler *s = arg;
	const char *kind =
		json_string_value(workload_at(item, "spec", "scaleTargetRef", "kind", NULL));
	const char *name =
		json_string_value(workload_at(item, "spec", "scaleTargetRef", "name", NULL));
	const char *its = json_string_value(workload_at(item, "metadata", "name", NULL));
	int64_t min = workload_int(item, 1, "spec", "minReplicas");
	int64_t max = workload_int(item, 0, "spec", "maxReplicas");

	if (!kind || !name || !its || strcmp(kind, s->object->kind) != 0 ||
	    strcmp(name, s->object->name) != 0)
		return 0;
	return inj_cluster_tell(s->report, "notes", err,
				"HorizontalPodAutoscaler %s scales %s %s between %" PRId64
				" and %" PRId64 ": %s",
				its, kind, name, min, max,
				s->to == 0 ? "it rests while there are none"
				: s->to < min || s->to > max
					? "it will take the change back, and that ends the fault"
					: "where it takes the change back, that ends the fault");
}

static int autoscalers_tell(const struct ord_object *o, int64_t to, json_t *report,
			    struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	struct kube_set set = {.kind = {"autoscaling/v2", "HorizontalPodAutoscaler",
					"horizontalpodautoscalers", true},
			       .ns = o->ns};
	struct scaler s = {.object = o, .to = to, .report = report};

	if (!k)
		return -1;
	return kube_list(k, &set, autoscaler, &s, inj_cluster_deadline(), NULL, err);
}

static int one_check(struct inj_step *step, const struct ord_object *o, json_t *undo,
		     json_t *report, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL, *patch = NULL;
	struct inj_awaited *a;
	const char *field;
	char path[32];
	int64_t was, to;

	if (inj_edit_read(o, &object, err) < 0 || field_of(o, object, &field, err) < 0)
		return -1;
	was = workload_int(object, 1, "spec", field);
	if (wanted(step->args, was, &to, err) < 0)
		return -1;
	if (to == was)
		return inj_cluster_tell(report, "notes", err,
					"%s %s has %" PRId64 " already: it is left alone", o->kind,
					o->name, was);
	(void)snprintf(path, sizeof path, "/spec/%s", field);
	patch = json_pack("[{s:s s:s s:I}]", "op", "add", "path", path, "value", (json_int_t)to);
	if (!patch)
		return ord_fail_nomem(err);
	if (inj_edit_patch(step, o, patch, undo, report, err) < 0 ||
	    autoscalers_tell(o, to, report, err) < 0)
		return -1;
	a = inj_await_add(step->state, o, err);
	if (!a)
		return -1;
	a->was = was;
	a->to = to;
	return 0;
}

/* Of a Job no more can run than are still to be completed. */
static bool job_there(const struct inj_awaited *a, const json_t *job)
{
	int64_t active = workload_int(job, 0, "status", "active"), most = a->to;
	int64_t rest = workload_int(job, INT64_MAX, "spec", "completions") -
		       workload_int(job, 0, "status", "succeeded");

	if (a->to < a->was)
		return active <= a->to;
	if (rest < most)
		most = rest;
	return active >= most;
}

/* A StatefulSet makes its pods one after the other, each when the one before is ready: the first
 * new one is the effect. */
static int look(struct inj_step *step, const struct inj_awaited *a, const json_t *object, bool *ret,
		struct ord_err *err)
{
	int64_t replicas = workload_int(object, 0, "status", "replicas");
	enum workload_kind kind = workload_kind(a->object.kind);

	if (kind == WORKLOAD_JOB) {
		if (job_ended(object))
			return ord_fail(err, ORD_SYS, "Job %s ended before it was scaled",
					a->object.name);
		*ret = job_there(a, object);
		replicas = workload_int(object, 0, "status", "active");
	} else if (inj_await_unseen(step, object)) {
		return 0;
	} else {
		*ret = a->to < a->was		      ? replicas <= a->to
		       : kind == WORKLOAD_STATEFULSET ? replicas > a->was
						      : replicas >= a->to;
	}
	if (!*ret)
		(void)snprintf(step->why, sizeof step->why,
			       "it has %lld pods, and %lld are asked for", (long long)replicas,
			       (long long)a->to);
	return 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *place = step->place->cluster;
	struct inj_await *w = calloc(1, sizeof *w);
	char text[INJ_OBJECT_TEXT];

	step->state = w;
	if (!w)
		return ord_fail_nomem(err);
	w->look = look;
	if (inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	for (size_t i = 0; i < place->n; i++)
		if (one_check(step, &place->v[i], undo, report, err) < 0)
			return ord_wrap(err, "%s", inj_object_text(&place->v[i], text));
	return w->n ? 0
		    : ord_fail(err, ORD_USAGE,
			       "every chosen workload has that number already: nothing would "
			       "change");
}

static void figures(struct inj_step *step, json_t *figures)
{
	const struct inj_await *w = step->state;
	json_int_t was = 0, to = 0;

	for (size_t i = 0; i < w->n; i++) {
		was += w->v[i].was;
		to += w->v[i].to;
	}
	(void)json_object_set_new(figures, "replicas_was", json_integer(was));
	(void)json_object_set_new(figures, "replicas_to", json_integer(to));
}

const struct ord_injector inj_workload_scale = {
	.name = "workload.scale",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_await_wait,
	.wake = inj_hold_wake,
	.in_force = inj_await_in_force,
	.figures = figures,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
	.done = inj_await_done,
};
