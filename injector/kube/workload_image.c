/*
 * Rolls out another image. It is in force when the controller has made something that runs it: a
 * ReplicaSet of a Deployment, a pod of the others. What a StatefulSet does not leave by itself its
 * revert deletes (stuck.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
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
};

static int found(void *arg, const json_t *item, struct ord_err *err)
{
	struct search *s = arg;
	const json_t *spec = json_object_get(item, "spec");
	const json_t *template = workload_at(spec, "template", "spec", NULL);

	(void)err;
	if (workload_owned(item, s->owner->uid) &&
	    workload_runs(template ? template : spec, s->container, s->image))
		s->found = true;
	return 0;
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

	if (!k || !selector)
		return k ? ord_fail_nomem(err) : -1;
	if (inj_await_unseen(step, object))
		return 0;
	if (search(k, deployment ? &sets : &pod_kind, selector, &s, err) < 0)
		return -1;
	*ret = s.found;
	if (!s.found)
		(void)snprintf(step->why, sizeof step->why,
			       "no %s of it has the image '%.100s' yet",
			       deployment ? "ReplicaSet" : "pod", s.image);
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
		       ? inj_cluster_tell(report, "notes", err,
					  "StatefulSet %s does not leave a broken pod by itself: "
					  "at the end its pods with this image that are not ready "
					  "are deleted",
					  o->name)
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

const struct ord_injector inj_workload_image = {
	.name = "workload.image",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_await_wait,
	.wake = inj_hold_wake,
	.in_force = inj_await_in_force,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
	.done = inj_await_done,
};
