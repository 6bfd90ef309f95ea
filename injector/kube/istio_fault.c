/*
 * Delays or aborts requests in Istio's mesh: routes with the fault are put before those of a
 * VirtualService, which stay. A service without one is given one of its own.
 *
 * Whether a sidecar reads it cannot be seen through the API: the fault is `unfelt`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/mesh.h"
#include "injector/kube/workload.h"

#define GROUP "networking.istio.io"

struct meshing {
	struct inj_step *step;
	json_t *undo, *report;
	struct mesh_fault fault;
	struct kube_kind kind;
	char name[32]; /* "ordeal-0a1b2c3d": of routes, and of a VirtualService that is made */
};

static int name_make(char name[static 32], struct ord_err *err)
{
	uint8_t random[4];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return ord_fail_sys(err, "getrandom");
	(void)snprintf(name, 32, "ordeal-%02x%02x%02x%02x", random[0], random[1], random[2],
		       random[3]);
	return 0;
}

/* v1 since Istio 1.22, v1beta1 before. */
static int kind_find(struct kube_kind *ret, struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	struct kube_request req = {
		.method = "GET", .path = "/apis/" GROUP, .deadline_ns = inj_cluster_deadline()};
	struct kube_kind kind = {"", "VirtualService", "virtualservices", true};
	struct kube_answer answer = {0};
	const json_t *version;
	size_t i;

	if (!k)
		return -1;
	if (kube_call(k, &req, &answer, err) < 0) {
		bool none = answer.status == 404;

		kube_answer_done(&answer);
		return none ? ord_fail(err, ORD_SKIP,
				       "this cluster has no VirtualService (" GROUP
				       "): Istio is not installed")
			    : -1;
	}
	json_array_foreach (json_object_get(answer.body, "versions"), i, version) {
		const char *name = json_string_value(json_object_get(version, "version"));

		if (name &&
		    (!strcmp(name, "v1") || (!strcmp(name, "v1beta1") && !kind.api_version[0])))
			(void)snprintf(kind.api_version, sizeof kind.api_version, GROUP "/%s",
				       name);
	}
	kube_answer_done(&answer);
	if (!kind.api_version[0])
		return ord_fail(err, ORD_SKIP, GROUP " has neither v1 nor v1beta1 here");
	*ret = kind;
	return 0;
}

/* Each route is added by an operation of its own, so that each is an element of its own in the
 * undo record, and others may be added, changed or moved meanwhile. */
static int routes_plan(struct meshing *m, const struct ord_object *o, const json_t *object,
		       struct ord_err *err)
{
	ord_auto(json) json_t *routes = NULL, *patch = json_array();
	json_t *route;
	char path[32];
	size_t i;

	if (!patch)
		return ord_fail_nomem(err);
	if (mesh_routes(json_object_get(object, "spec"), &m->fault, m->name, &routes, err) < 0)
		return -1;
	json_array_foreach (routes, i, route) {
		(void)snprintf(path, sizeof path, "/spec/http/%zu", i);
		if (json_array_append_new(patch, json_pack("{s:s s:s s:O}", "op", "add", "path",
							   path, "value", route)) < 0)
			return ord_fail_nomem(err);
	}
	return inj_edit_patch(m->step, o, patch, m->undo, m->report, err);
}

struct choice {
	const struct ord_object *service;
	json_t *found; /* owned */
	size_t n;
	char names[256];
};

static int virtual_service(void *arg, const json_t *item, struct ord_err *err)
{
	struct choice *c = arg;
	const char *name = json_string_value(workload_at(item, "metadata", "name", NULL));
	size_t used = strlen(c->names);

	if (!mesh_applies(item, c->service->name, c->service->ns))
		return 0;
	(void)snprintf(c->names + used, sizeof c->names - used, "%s%s", c->n ? ", " : "",
		       name ? name : "?");
	if (c->n++ > 0)
		return 0;
	c->found = json_deep_copy(item);
	return c->found ? 0 : ord_fail_nomem(err);
}

/* The VirtualServices of the service's own namespace: those of others may not be readable. */
static int choose(struct meshing *m, const struct ord_object *service, struct choice *ret,
		  struct ord_err *err)
{
	struct choice c = {.service = service};
	struct kube_set set = {.kind = m->kind, .ns = service->ns};
	struct kube *k = inj_cluster(err);

	if (!k || kube_list(k, &set, virtual_service, &c, inj_cluster_deadline(), NULL, err) < 0) {
		json_decref(c.found);
		return -1;
	}
	if (c.n > 1) {
		json_decref(c.found);
		return ord_fail(err, ORD_USAGE,
				"several VirtualServices are about it (%s): name one as the target",
				c.names);
	}
	*ret = c;
	return 0;
}

static int create_plan(struct meshing *m, const struct ord_object *service, struct ord_err *err)
{
	ord_auto(json) json_t *routes = NULL, *object = NULL;

	if (mesh_routes_of_host(service->name, &m->fault, m->name, &routes, err) < 0)
		return -1;
	object = json_pack("{s:s s:s s:{s:s s:s} s:{s:[s] s:O}}", "apiVersion", m->kind.api_version,
			   "kind", "VirtualService", "metadata", "name", m->name, "namespace",
			   service->ns, "spec", "hosts", service->name, "http", routes);
	if (!object)
		return ord_fail_nomem(err);
	return inj_edit_create(m->step, object, m->undo, m->report, err);
}

static int service_plan(struct meshing *m, const struct ord_object *o, const json_t *service,
			struct ord_err *err)
{
	struct ord_object found = {.kind = "VirtualService"};
	const char *name, *uid;
	struct choice c;
	int r;

	if (!mesh_service_http(service))
		return ord_fail(err, ORD_USAGE,
				"none of its ports carries http, by their names: in the mesh a "
				"fault is a matter of http requests");
	if (choose(m, o, &c, err) < 0)
		return -1;
	if (!c.found)
		return create_plan(m, o, err);
	name = json_string_value(workload_at(c.found, "metadata", "name", NULL));
	uid = json_string_value(workload_at(c.found, "metadata", "uid", NULL));
	(void)snprintf(found.api_version, sizeof found.api_version, "%s", m->kind.api_version);
	(void)snprintf(found.ns, sizeof found.ns, "%s", o->ns);
	(void)snprintf(found.name, sizeof found.name, "%s", name ? name : "");
	(void)snprintf(found.uid, sizeof found.uid, "%s", uid ? uid : "");
	r = routes_plan(m, &found, c.found, err);
	json_decref(c.found);
	return r < 0 ? ord_wrap(err, "VirtualService %s", found.name) : 0;
}

static int one_check(struct meshing *m, const struct ord_object *o, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;

	if (strcmp(o->kind, "Service") != 0 &&
	    (strcmp(o->kind, "VirtualService") != 0 ||
	     strncmp(o->api_version, GROUP "/", sizeof GROUP) != 0))
		return ord_fail(err, ORD_USAGE, "it is neither a Service nor a VirtualService");
	if (inj_edit_read(o, &object, err) < 0)
		return -1;
	return strcmp(o->kind, "Service") == 0 ? service_plan(m, o, object, err)
					       : routes_plan(m, o, object, err);
}

static int targets_check(struct meshing *m, struct ord_err *err)
{
	const struct ord_cluster_place *place = m->step->place->cluster;
	char text[INJ_OBJECT_TEXT];

	for (size_t i = 0; i < place->n; i++)
		if (one_check(m, &place->v[i], err) < 0)
			return ord_wrap(err, "%s", inj_object_text(&place->v[i], text));
	if (json_object_set_new(m->report, "unfelt", json_true()) < 0)
		return ord_fail_nomem(err);
	if (inj_cluster_tell(m->report, "notes", err,
			     "the API accepts it; whether a sidecar carries it out cannot be seen "
			     "there") < 0)
		return -1;
	return inj_cluster_tell(m->report, "notes", err,
				"where a request meets the fault, Istio tries it no second time "
				"and keeps no timeout of the route");
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct meshing m = {.step = step, .undo = undo, .report = report};
	int r = -1;

	if (mesh_fault_read(step->args, &m.fault, err) < 0)
		return -1;
	if (name_make(m.name, err) == 0 && inj_cluster_check(step, undo, report, err) == 0 &&
	    kind_find(&m.kind, err) == 0)
		r = targets_check(&m, err);
	mesh_fault_done(&m.fault);
	return r;
}

const struct ord_injector inj_istio_fault = {
	.name = "istio.fault",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_hold_wait,
	.wake = inj_hold_wake,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
};
