/*
 * Rolls out another image. It is in force when the controller has made something that runs it: a
 * ReplicaSet of a Deployment, a pod of the others.
 *
 * A StatefulSet waits for a broken pod for ever, also after its template was put back
 * (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback): what
 * the fault left stuck, its revert deletes.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/await.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/workload.h"
#include "base/selector.h"

#define OBSERVED_NS (5 * ORD_S)

static const struct kube_kind pod_kind = {"v1", "Pod", "pods", true};

/* --- what runs an image --------------------------------------------------------------------- */

struct search {
	const struct ord_object *owner;
	const char *container, *image;
	bool found;
	/* For the pods that are stuck: each is told of. */
	int (*each)(void *arg, const json_t *pod, struct ord_err *err);
	void *arg;
};

static int found(void *arg, const json_t *item, struct ord_err *err)
{
	struct search *s = arg;
	const json_t *spec = json_object_get(item, "spec");
	const json_t *template = workload_at(spec, "template", "spec", NULL);

	if (!workload_owned(item, s->owner->uid) ||
	    !workload_runs(template ? template : spec, s->container, s->image))
		return 0;
	s->found = true;
	return s->each ? s->each(s->arg, item, err) : 0;
}

static int search(struct kube *k, const struct kube_kind *kind, const char *selector,
		  struct search *s, struct ord_err *err)
{
	struct kube_set set = {.kind = *kind, .ns = s->owner->ns, .selector = selector};

	return kube_list(k, &set, found, s, inj_cluster_deadline(), NULL, err);
}

static int look(struct inj_step *step, const struct inj_awaited *a, const json_t *object, bool *ret,
		struct ord_err *err)
{
	static const struct kube_kind sets = {"apps/v1", "ReplicaSet", "replicasets", true};
	bool deployment = workload_kind(a->object.kind) == WORKLOAD_DEPLOYMENT;
	ord_autofree char *selector =
		ord_selector_of(workload_at(object, "spec", "selector", NULL));
	struct search s = {
		.owner = &a->object, .container = a->text, .image = a->text + strlen(a->text) + 1};
	struct kube *k = inj_cluster(err);

	(void)step;
	if (!k || !selector)
		return k ? ord_fail_nomem(err) : -1;
	if (!workload_observed(object))
		return 0;
	if (search(k, deployment ? &sets : &pod_kind, selector, &s, err) < 0)
		return -1;
	*ret = s.found;
	return 0;
}

/* --- check ---------------------------------------------------------------------------------- */

static int image_choose(const struct ord_args *args, const char *was, char ret[WORKLOAD_IMAGE],
			struct ord_err *err)
{
	bool image = ord_arg_set(args, "image"), tag = ord_arg_set(args, "tag");

	if (image == tag)
		return ord_fail(err, ORD_USAGE, "say either image or tag");
	if (tag && workload_retag(was, ord_arg_text(args, "tag"), ret, err) < 0)
		return -1;
	if (image)
		(void)snprintf(ret, WORKLOAD_IMAGE, "%s", ord_arg_text(args, "image"));
	if (strcmp(ret, was) == 0)
		return ord_fail(err, ORD_USAGE, "its image is '%.200s' already", was);
	return 0;
}

/* Nothing would ever run the image. */
static bool empty(const json_t *object, enum workload_kind kind)
{
	return (kind == WORKLOAD_STATEFULSET && workload_int(object, 1, "spec", "replicas") == 0) ||
	       (kind == WORKLOAD_DAEMONSET &&
		workload_int(object, 0, "status", "desiredNumberScheduled") == 0);
}

/* Container and image, each ended by a NUL: what `look` searches for. */
static int remember(struct inj_step *step, const struct ord_object *o, const char *container,
		    const char *image, struct ord_err *err)
{
	struct inj_awaited *a = inj_await_add(step->state, o, err);
	size_t n = strlen(container) + 1, m = strlen(image) + 1;

	if (!a)
		return -1;
	a->text = malloc(n + m);
	if (!a->text)
		return ord_fail_nomem(err);
	memcpy(a->text, container, n);
	memcpy(a->text + n, image, m);
	return 0;
}

static int stuck_plan(const struct ord_object *o, const json_t *object, const char *container,
		      const char *image, json_t *undo, json_t *report, struct ord_err *err)
{
	ord_autofree char *selector =
		ord_selector_of(workload_at(object, "spec", "selector", NULL));
	json_t *stuck = json_object_get(undo, "stuck");

	if (!stuck) {
		stuck = json_array();
		if (json_object_set_new(undo, "stuck", stuck) < 0)
			return ord_fail_nomem(err);
	}
	if (!selector || json_array_append_new(stuck, json_pack("[o s s s]", inj_object_to_json(o),
								selector, container, image)) < 0)
		return ord_fail_nomem(err);
	return inj_cluster_tell(report, "notes", err,
				"StatefulSet %s does not leave a broken pod by itself: at the end "
				"its pods with this image that are not ready are deleted",
				o->name);
}

static int patch_plan(struct inj_step *step, const struct ord_object *o, const json_t *object,
		      json_t *undo, json_t *report, struct ord_err *err)
{
	ord_auto(json) json_t *patch = NULL;
	const json_t *container;
	const char *name, *was;
	char image[WORKLOAD_IMAGE], path[96];
	size_t i;

	if (workload_container(object,
			       ord_arg_set(step->args, "container")
				       ? ord_arg_text(step->args, "container")
				       : "",
			       &i, err) < 0)
		return -1;
	container = json_array_get(
		workload_at(object, "spec", "template", "spec", "containers", NULL), i);
	name = json_string_value(json_object_get(container, "name"));
	was = json_string_value(json_object_get(container, "image"));
	if (!name || !was)
		return ord_fail(err, ORD_USAGE, "the container has no image");
	if (image_choose(step->args, was, image, err) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "/spec/template/spec/containers/%zu/image", i);
	patch = json_pack("[{s:s s:s s:s}]", "op", "replace", "path", path, "value", image);
	if (!patch)
		return ord_fail_nomem(err);
	if (inj_edit_patch(step, o, patch, undo, report, err) < 0 ||
	    remember(step, o, name, image, err) < 0)
		return -1;
	return workload_kind(o->kind) == WORKLOAD_STATEFULSET
		       ? stuck_plan(o, object, name, image, undo, report, err)
		       : 0;
}

static int one_check(struct inj_step *step, const struct ord_object *o, json_t *undo,
		     json_t *report, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;
	const char *why;

	if (inj_edit_read(o, &object, err) < 0)
		return -1;
	why = workload_no_rollout(object);
	if (!why && empty(object, workload_kind(o->kind)))
		why = "it has no pods: nothing would ever run the image";
	if (why)
		return ord_fail(err, ORD_USAGE, "%s", why);
	return patch_plan(step, o, object, undo, report, err);
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
	return 0;
}

/* --- the pods that a StatefulSet does not leave ------------------------------------------------
 */

struct stuck {
	struct ord_object owner;
	const char *selector, *container, *image;
};

static int stuck_read(const json_t *entry, struct stuck *ret, struct ord_err *err)
{
	struct stuck s = {.selector = json_string_value(json_array_get(entry, 1)),
			  .container = json_string_value(json_array_get(entry, 2)),
			  .image = json_string_value(json_array_get(entry, 3))};

	if (json_array_size(entry) != 4 || !s.selector || !s.container || !s.image)
		return ord_fail(err, ORD_USAGE, "stuck: not [object, selector, container, image]");
	if (inj_object_from_json(&s.owner, json_array_get(entry, 0), err) < 0)
		return ord_wrap(err, "stuck");
	*ret = s;
	return 0;
}

static bool pod_ready(const json_t *pod)
{
	const json_t *condition;
	size_t i;

	json_array_foreach (workload_at(pod, "status", "conditions", NULL), i, condition) {
		const char *type = json_string_value(json_object_get(condition, "type"));
		const char *status = json_string_value(json_object_get(condition, "status"));

		if (type && status && !strcmp(type, "Ready"))
			return !strcmp(status, "True");
	}
	return false;
}

static bool pod_ending(const json_t *pod)
{
	return workload_at(pod, "metadata", "deletionTimestamp", NULL);
}

/* Names and UIDs, since nothing may be deleted while the list is read. */
static int stuck_note(void *arg, const json_t *pod, struct ord_err *err)
{
	json_t *pods = arg;

	if (pod_ready(pod) || pod_ending(pod))
		return 0;
	if (json_array_append_new(pods,
				  json_pack("[O O]", workload_at(pod, "metadata", "name", NULL),
					    workload_at(pod, "metadata", "uid", NULL))) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int stuck_pods(struct kube *k, const struct stuck *s, json_t *pods, struct ord_err *err)
{
	struct search find = {.owner = &s->owner,
			      .container = s->container,
			      .image = s->image,
			      .each = stuck_note,
			      .arg = pods};

	return search(k, &pod_kind, s->selector, &find, err);
}

/*
 * Before the controller has seen the template that was put back it would make the pod again as it
 * was.
 */
static int observed_wait(const struct stuck *s, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + OBSERVED_NS;

	for (;;) {
		ord_auto(json) json_t *object = NULL;

		if (inj_edit_read(&s->owner, &object, err) < 0)
			return err->code == ORD_USAGE ? 0 : -1; /* gone, and its pods with it */
		if (workload_observed(object) || ord_now_ns() > limit)
			return 0;
		inj_beat();
		(void)poll(NULL, 0, 20);
	}
}

static int stuck_delete(struct kube *k, const struct stuck *s, struct ord_err *err)
{
	ord_auto(json) json_t *pods = json_array();
	const json_t *entry;
	size_t i;

	if (!pods)
		return ord_fail_nomem(err);
	if (stuck_pods(k, s, pods, err) < 0)
		return -1;
	json_array_foreach (pods, i, entry) {
		struct ord_object pod = {.api_version = "v1", .kind = "Pod"};
		int status = 0;

		(void)snprintf(pod.ns, sizeof pod.ns, "%s", s->owner.ns);
		(void)snprintf(pod.name, sizeof pod.name, "%s",
			       json_string_value(json_array_get(entry, 0)));
		(void)snprintf(pod.uid, sizeof pod.uid, "%s",
			       json_string_value(json_array_get(entry, 1)));
		if (kube_delete(k, &pod, -1, inj_cluster_deadline(), &status, err) < 0 &&
		    status != 404 && status != 409)
			return inj_cluster_failed(status, err);
	}
	return 0;
}

static int revert(const json_t *undo, struct ord_err *err)
{
	const json_t *entry;
	struct kube *k;
	size_t i;

	if (inj_edit_revert(undo, err) < 0)
		return -1;
	if (!json_object_get(undo, "stuck"))
		return 0;
	k = inj_cluster_of(undo, err);
	if (!k)
		return -1;
	json_array_foreach (json_object_get(undo, "stuck"), i, entry) {
		struct stuck s;

		if (stuck_read(entry, &s, err) < 0 || observed_wait(&s, err) < 0 ||
		    stuck_delete(k, &s, err) < 0)
			return -1;
	}
	return 0;
}

static int residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	const json_t *entry, *pod;
	size_t i, j;

	if (inj_edit_residue(undo, left, err) < 0)
		return -1;
	json_array_foreach (json_object_get(undo, "stuck"), i, entry) {
		ord_auto(json) json_t *pods = json_array();
		struct kube *k = inj_cluster_of(undo, err);
		struct stuck s;
		char text[ORD_KUBE_NAME + 64];

		if (!k || stuck_read(entry, &s, err) < 0 || stuck_pods(k, &s, pods, err) < 0)
			return -1;
		json_array_foreach (pods, j, pod) {
			(void)snprintf(text, sizeof text, "Pod %s/%s runs the image still",
				       s.owner.ns, json_string_value(json_array_get(pod, 0)));
			if (json_array_append_new(left, json_string(text)) < 0)
				return ord_fail_nomem(err);
		}
	}
	return 0;
}

static int validate(const json_t *undo, struct ord_err *err)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(undo, "stuck"), i, entry) {
		struct stuck s;

		if (stuck_read(entry, &s, err) < 0)
			return -1;
	}
	return inj_edit_validate(undo, err);
}

const struct ord_injector inj_workload_image = {
	.name = "workload.image",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_await_wait,
	.wake = inj_hold_wake,
	.in_force = inj_await_in_force,
	.end = inj_hold_end,
	.revert = revert,
	.residue = residue,
	.validate = validate,
	.done = inj_await_done,
};
