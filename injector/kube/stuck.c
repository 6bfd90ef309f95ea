#include "injector/kube/stuck.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/selector.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/fields.h"
#include "injector/kube/workload.h"

#define OBSERVED_NS (5 * ORD_S)

/* The pods of one set, and the image that one container of theirs must not run any more. */
struct search {
	const struct ord_object *owner;
	const char *container, *image;
	json_t *pods; /* [name, UID]: nothing may be deleted while the list is read */
};

/* "/spec/template/spec/containers[name=main]/image": main; NULL where the field is no image. */
static const char *container_of(const json_t *field)
{
	static const char *const way[] = {"spec", "template", "spec", "containers"};
	const json_t *path = json_object_get(field, "path");
	const char *last = json_string_value(json_array_get(path, 5));

	if (json_array_size(path) != 6 || !last || strcmp(last, "image") != 0)
		return NULL;
	for (size_t i = 0; i < ORD_COUNT(way); i++) {
		const char *token = json_string_value(json_array_get(path, i));

		if (!token || strcmp(token, way[i]) != 0)
			return NULL;
	}
	return json_string_value(json_object_get(json_array_get(path, 4), "name"));
}

static bool may(const struct inj_edit *e)
{
	return e->fields && !strcmp(e->fault, "workload.image") &&
	       workload_kind(e->object.kind) == WORKLOAD_STATEFULSET;
}

static bool ready(const json_t *pod)
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

static int note(void *arg, const json_t *pod, struct ord_err *err)
{
	struct search *s = arg;

	if (!workload_owned(pod, s->owner->uid) ||
	    !workload_runs(json_object_get(pod, "spec"), s->container, s->image) || ready(pod) ||
	    workload_at(pod, "metadata", "deletionTimestamp", NULL))
		return 0;
	if (json_array_append_new(s->pods,
				  json_pack("[O O]", workload_at(pod, "metadata", "name", NULL),
					    workload_at(pod, "metadata", "uid", NULL))) < 0)
		return ord_fail_nomem(err);
	return 0;
}

/* All that are stuck; owned list in *ret. */
static int stuck_find(struct kube *k, const struct inj_edit *e, const json_t *object, json_t **ret,
		      struct ord_err *err)
{
	static const struct kube_kind kind = {"v1", "Pod", "pods", true};
	ord_autofree char *selector =
		ord_selector_of(workload_at(object, "spec", "selector", NULL));
	struct kube_set set = {.kind = kind, .ns = e->object.ns, .selector = selector};
	ord_auto(json) json_t *pods = json_array();

	if (!selector || !pods)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < json_array_size(e->fields); i++) {
		const json_t *f = json_array_get(e->fields, i);
		struct search s = {.owner = &e->object,
				   .container = container_of(f),
				   .image = json_string_value(json_object_get(f, "new")),
				   .pods = pods};

		/* While the template asks for the image its pods are no remains. */
		if (!s.container || !s.image || inj_field_stands(object, f))
			continue;
		if (kube_list(k, &set, note, &s, inj_cluster_deadline(), NULL, err) < 0)
			return -1;
	}
	*ret = ord_steal_ptr(pods);
	return 0;
}

/*
 * Before the controller has seen the template that was put back it would make the pod again as it
 * was. *ret: the set as it is then, NULL where it is gone, and its pods with it.
 */
static int observed(const struct inj_edit *e, json_t **ret, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + OBSERVED_NS;

	for (;;) {
		ord_auto(json) json_t *object = NULL;

		if (inj_edit_read(&e->object, &object, err) < 0) {
			*ret = NULL;
			return err->code == ORD_USAGE ? 0 : -1;
		}
		if (workload_observed(object) || ord_now_ns() > limit) {
			*ret = ord_steal_ptr(object);
			return 0;
		}
		inj_beat();
		(void)poll(NULL, 0, 20);
	}
}

static int pod_delete(struct kube *k, const struct inj_edit *e, const json_t *entry,
		      struct ord_err *err)
{
	struct ord_object pod = {.api_version = "v1", .kind = "Pod"};
	int status = 0;

	(void)snprintf(pod.ns, sizeof pod.ns, "%s", e->object.ns);
	(void)snprintf(pod.name, sizeof pod.name, "%s",
		       json_string_value(json_array_get(entry, 0)));
	(void)snprintf(pod.uid, sizeof pod.uid, "%s", json_string_value(json_array_get(entry, 1)));
	if (kube_delete(k, &pod, -1, inj_cluster_deadline(), &status, err) < 0 && status != 404 &&
	    status != 409)
		return inj_cluster_failed(status, err);
	return 0;
}

int inj_stuck_clear(struct kube *k, const struct inj_edit *e, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL, *pods = NULL;

	if (!may(e))
		return 0;
	if (observed(e, &object, err) < 0)
		return -1;
	if (!object)
		return 0;
	if (stuck_find(k, e, object, &pods, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(pods); i++)
		if (pod_delete(k, e, json_array_get(pods, i), err) < 0)
			return -1;
	return 0;
}

int inj_stuck_left(struct kube *k, const struct inj_edit *e, json_t *left, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL, *pods = NULL;

	if (!may(e))
		return 0;
	if (inj_edit_read(&e->object, &object, err) < 0)
		return err->code == ORD_USAGE ? 0 : -1;
	if (stuck_find(k, e, object, &pods, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(pods); i++)
		if (json_array_append_new(left, json_sprintf("Pod %s/%s runs the image still",
							     e->object.ns,
							     json_string_value(json_array_get(
								     json_array_get(pods, i), 0)))))
			return ord_fail_nomem(err);
	return 0;
}
