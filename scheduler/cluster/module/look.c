/* What `ordeal init` wants to know of one workload: all that a first experiment is written from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/selector.h"
#include "scheduler/cluster/module/cluster.h"

#define LOOK_NS (20 * ORD_S)

struct looking {
	struct kube *kube;
	uint64_t deadline_ns;
	json_t *workload; /* owned */
	struct ord_workload_look *look;
	char nodes[ORD_LOOK_NODES][ORD_KUBE_NAME];
};

static json_t *at(const json_t *object, const char *a, const char *b)
{
	return json_object_get(json_object_get(object, a), b);
}

static int64_t number(const json_t *object, const char *a, const char *b, int64_t absent)
{
	const json_t *value = at(object, a, b);

	return json_is_integer(value) ? json_integer_value(value) : absent;
}

static void copy(char *out, size_t size, const json_t *text)
{
	(void)snprintf(out, size, "%s", json_is_string(text) ? json_string_value(text) : "");
}

static bool condition_is(const json_t *object, const char *type, const char *status)
{
	const json_t *c;
	size_t i;

	json_array_foreach (at(object, "status", "conditions"), i, c) {
		const char *its = json_string_value(json_object_get(c, "type"));
		const char *now = json_string_value(json_object_get(c, "status"));

		if (its && now && !strcmp(its, type))
			return !strcmp(now, status);
	}
	return false;
}

/* --- the workload itself -----------------------------------------------------------------------
 */

static void probes_read(const json_t *pod, struct ord_workload_look *l)
{
	const json_t *container, *spec = json_object_get(pod, "spec");
	size_t i;

	l->containers = json_array_size(json_object_get(spec, "containers"));
	json_array_foreach (json_object_get(spec, "containers"), i, container) {
		l->readiness += json_object_get(container, "readinessProbe") ? 1 : 0;
		l->liveness += json_object_get(container, "livenessProbe") ? 1 : 0;
	}
	l->grace_s = number(pod, "spec", "terminationGracePeriodSeconds", 30);
}

static int workload_read(struct looking *x, const char *kind, const char *ns, const char *name,
			 struct ord_err *err)
{
	struct ord_workload_look *l = x->look;
	struct ord_object o = {.api_version = "apps/v1"};
	bool daemon = strcmp(kind, "DaemonSet") == 0;
	int status = 0;

	(void)snprintf(o.kind, sizeof o.kind, "%s", kind);
	(void)snprintf(o.ns, sizeof o.ns, "%s", ns);
	(void)snprintf(o.name, sizeof o.name, "%s", name);
	if (kube_get(x->kube, &o, x->deadline_ns, &x->workload, &status, err))
		return status == 404
			       ? ord_fail(err, ORD_USAGE, "there is no %s '%s' in namespace '%s'",
					  kind, name, ns)
			       : -1;
	copy(o.uid, sizeof o.uid, at(x->workload, "metadata", "uid"));
	l->object = o;
	l->replicas = daemon ? number(x->workload, "status", "desiredNumberScheduled", 0)
			     : number(x->workload, "spec", "replicas", 1);
	l->ready = number(x->workload, "status", daemon ? "numberReady" : "readyReplicas", 0);
	probes_read(at(x->workload, "spec", "template"), l);
	return 0;
}

/* --- what is around it -------------------------------------------------------------------------
 */

static int pod_see(void *arg, const json_t *pod, struct ord_err *err)
{
	struct looking *x = arg;
	const char *node = json_string_value(at(pod, "spec", "nodeName"));
	size_t i;

	(void)err;
	if (at(pod, "metadata", "deletionTimestamp") || !node ||
	    !condition_is(pod, "Ready", "True"))
		return 0;
	for (i = 0; i < x->look->nodes; i++)
		if (!strcmp(x->nodes[i], node))
			return 0;
	if (i < ORD_LOOK_NODES)
		copy(x->nodes[x->look->nodes++], ORD_KUBE_NAME, at(pod, "spec", "nodeName"));
	return 0;
}

/* Whether a LabelSelector (or a service's map) takes the pods of the workload, by their template's
 * labels. */
static bool takes(const struct looking *x, char *selector)
{
	ord_autofree char *text = selector;
	struct ord_selector *s;
	struct ord_err err;
	bool yes;

	if (!text || !text[0] || ord_selector_parse(text, false, &s, &err))
		return false;
	yes = ord_selector_matches(s,
				   at(at(x->workload, "spec", "template"), "metadata", "labels"));
	ord_selector_free(s);
	return yes;
}

/* "minAvailable 2", "maxUnavailable 25%" */
static void budget_text(const json_t *pdb, char *out, size_t size)
{
	static const char *const keys[] = {"minAvailable", "maxUnavailable"};

	for (size_t i = 0; i < ORD_COUNT(keys); i++) {
		const json_t *v = at(pdb, "spec", keys[i]);

		if (json_is_integer(v))
			(void)snprintf(out, size, "%s %lld", keys[i],
				       (long long)json_integer_value(v));
		else if (json_is_string(v))
			(void)snprintf(out, size, "%s %.20s", keys[i], json_string_value(v));
	}
}

static int budget_see(void *arg, const json_t *pdb, struct ord_err *err)
{
	struct looking *x = arg;
	struct ord_workload_look *l = x->look;

	(void)err;
	if (!takes(x, ord_selector_of(at(pdb, "spec", "selector"))))
		return 0;
	copy(l->budget, sizeof l->budget, at(pdb, "metadata", "name"));
	budget_text(pdb, l->budget_text, sizeof l->budget_text);
	l->disruptions = number(pdb, "status", "disruptionsAllowed", 0);
	return 0;
}

static int service_see(void *arg, const json_t *service, struct ord_err *err)
{
	struct looking *x = arg;

	(void)err;
	if (!x->look->service[0] && takes(x, ord_selector_of_map(at(service, "spec", "selector"))))
		copy(x->look->service, sizeof x->look->service, at(service, "metadata", "name"));
	return 0;
}

static int autoscaler_see(void *arg, const json_t *hpa, struct ord_err *err)
{
	struct looking *x = arg;
	const json_t *ref = at(hpa, "spec", "scaleTargetRef");
	const char *kind = json_string_value(json_object_get(ref, "kind"));
	const char *name = json_string_value(json_object_get(ref, "name"));

	(void)err;
	if (!kind || !name || strcmp(kind, x->look->object.kind) != 0 ||
	    strcmp(name, x->look->object.name) != 0)
		return 0;
	copy(x->look->autoscaler, sizeof x->look->autoscaler, at(hpa, "metadata", "name"));
	x->look->scale_min = number(hpa, "spec", "minReplicas", 1);
	x->look->scale_max = number(hpa, "spec", "maxReplicas", 0);
	return 0;
}

/* What may not be listed is not known; that is told, and the rest is looked at all the same. */
static void list(struct looking *x, const char *version, const char *kind, const char *plural,
		 const char *selector,
		 int (*see)(void *arg, const json_t *item, struct ord_err *err))
{
	struct kube_set set = {
		.ns = x->look->object.ns, .selector = selector, .kind = {.namespaced = true}};
	size_t used = strlen(x->look->unseen);
	struct ord_err err;

	(void)snprintf(set.kind.api_version, sizeof set.kind.api_version, "%s", version);
	(void)snprintf(set.kind.kind, sizeof set.kind.kind, "%s", kind);
	(void)snprintf(set.kind.plural, sizeof set.kind.plural, "%s", plural);
	if (kube_list(x->kube, &set, see, x, x->deadline_ns, NULL, &err))
		(void)snprintf(x->look->unseen + used, sizeof x->look->unseen - used, "%s%s",
			       used ? ", " : "", plural);
}

int ord_cluster_look(struct ord_cluster *c, const char *kind, const char *ns, const char *name,
		     struct ord_workload_look *ret, struct ord_err *err)
{
	struct ord_workload_look look = {0};
	struct looking *x = calloc(1, sizeof *x);
	ord_autofree char *selector = NULL;

	if (!x)
		return ord_fail_nomem(err);
	x->kube = c->kube;
	x->deadline_ns = ord_now_ns() + LOOK_NS;
	x->look = &look;
	if (workload_read(x, kind, *ns ? ns : kube_config_namespace(c->config), name, err)) {
		free(x);
		return -1;
	}
	selector = ord_selector_of(at(x->workload, "spec", "selector"));
	list(x, "v1", "Pod", "pods", selector, pod_see);
	list(x, "v1", "Service", "services", NULL, service_see);
	list(x, "policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", NULL, budget_see);
	list(x, "autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", NULL,
	     autoscaler_see);
	json_decref(x->workload);
	free(x);
	*ret = look;
	return 0;
}
