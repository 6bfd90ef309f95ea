/*
 * Takes a service away from its pods: an entry is added to its selector that no pod has. It is in
 * force when no slice of endpoints holds a ready one.
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

#define CONTROLLER "endpointslice-controller.k8s.io"

struct endpoints {
	size_t ready;
	size_t strange;		   /* ready ones in slices that the selector does not make */
	char maker[ORD_KUBE_NAME]; /* of those */
};

/* An endpoint without a condition `ready` counts as ready: the API says so. */
static int slice_count(void *arg, const json_t *slice, struct ord_err *err)
{
	struct endpoints *e = arg;
	const char *by = json_string_value(workload_at(
		slice, "metadata", "labels", "endpointslice.kubernetes.io/managed-by", NULL));
	const json_t *endpoint;
	size_t i, ready = 0;

	(void)err;
	json_array_foreach (json_object_get(slice, "endpoints"), i, endpoint)
		if (!json_is_false(workload_at(endpoint, "conditions", "ready", NULL)))
			ready++;
	e->ready += ready;
	if (ready && (!by || strcmp(by, CONTROLLER) != 0)) {
		e->strange += ready;
		(void)snprintf(e->maker, sizeof e->maker, "%s", by ? by : "nobody that it names");
	}
	return 0;
}

static int endpoints_count(const struct ord_object *service, struct endpoints *ret,
			   struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	char selector[ORD_KUBE_NAME + 32];
	struct kube_set set = {
		.kind = {"discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true},
		.ns = service->ns,
		.selector = selector};

	*ret = (struct endpoints){0};
	if (!k)
		return -1;
	(void)snprintf(selector, sizeof selector, "kubernetes.io/service-name=%s", service->name);
	return kube_list(k, &set, slice_count, ret, inj_cluster_deadline(), NULL, err);
}

static int look(struct inj_step *step, const struct inj_awaited *a, const json_t *object, bool *ret,
		struct ord_err *err)
{
	struct endpoints e;

	(void)object;
	if (endpoints_count(&a->object, &e, err) < 0)
		return -1;
	*ret = e.ready == 0;
	if (!*ret)
		(void)snprintf(step->why, sizeof step->why,
			       "%zu of its endpoints are ready still, in slices of %.100s", e.ready,
			       e.strange ? e.maker : CONTROLLER);
	return 0;
}

static int can_detach(const struct ord_object *o, const json_t *service, json_t *report,
		      int64_t *ret_ready, struct ord_err *err)
{
	const char *type = json_string_value(workload_at(service, "spec", "type", NULL));
	const char *ip = json_string_value(workload_at(service, "spec", "clusterIP", NULL));
	struct endpoints e;

	if (type && strcmp(type, "ExternalName") == 0)
		return ord_fail(err, ORD_USAGE,
				"it is an ExternalName: a name in DNS, without endpoints");
	if (json_object_size(workload_at(service, "spec", "selector", NULL)) == 0)
		return ord_fail(err, ORD_USAGE,
				"it has no selector: whoever writes its endpoints must take them "
				"away");
	if (endpoints_count(o, &e, err) < 0)
		return -1;
	if (e.strange)
		return ord_fail(err, ORD_USAGE,
				"%zu of its endpoints are written by %.100s, not by its selector: "
				"they would stay",
				e.strange, e.maker);
	if (e.ready == 0)
		return ord_fail(err, ORD_USAGE, "it has no ready endpoint already");
	*ret_ready = (int64_t)e.ready;
	if (ip && strcmp(ip, "None") == 0)
		return inj_cluster_tell(report, "notes", err,
					"service %s is headless: its name resolves to nothing, but "
					"who has the addresses goes on using them",
					o->name);
	return 0;
}

static int one_check(struct inj_step *step, const struct ord_object *o, json_t *undo,
		     json_t *report, struct ord_err *err)
{
	ord_auto(json) json_t *service = NULL;
	ord_auto(json) json_t *patch =
		json_pack("[{s:s s:s s:s}]", "op", "add", "path",
			  "/spec/selector/ordeal.dev~1detached", "value", "true");
	struct inj_awaited *a;
	int64_t ready;

	if (!patch)
		return ord_fail_nomem(err);
	if (inj_edit_read(o, &service, err) < 0 ||
	    can_detach(o, service, report, &ready, err) < 0 ||
	    inj_edit_patch(step, o, patch, undo, report, err) < 0)
		return -1;
	a = inj_await_add(step->state, o, err);
	if (!a)
		return -1;
	a->was = ready;
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
	return 0;
}

static void figures(struct inj_step *step, json_t *figures)
{
	const struct inj_await *w = step->state;
	json_int_t detached = 0;

	for (size_t i = 0; i < w->n; i++)
		detached += w->v[i].was;
	(void)json_object_set_new(figures, "endpoints", json_integer(detached));
}

const struct ord_injector inj_service_detach = {
	.name = "service.detach",
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
