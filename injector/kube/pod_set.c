#include "injector/kube/pod_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/workload.h"
#include "base/selector.h"

int inj_pod_selector(const struct ord_object *o, const json_t *object, char **ret,
		     struct ord_err *err)
{
	bool service = strcmp(o->kind, "Service") == 0;
	const json_t *selector = workload_at(object, "spec", "selector", NULL);
	char *text;

	if (json_object_size(selector) == 0)
		return ord_fail(err, ORD_USAGE,
				service ? "the service has no selector: nothing says which pods "
					  "are behind it"
					: "it has no selector: it is no workload");
	text = service ? ord_selector_of_map(selector) : ord_selector_of(selector);
	if (!text)
		return ord_fail_nomem(err);
	if (!text[0]) {
		free(text);
		return ord_fail(err, ORD_USAGE, "its selector selects every pod");
	}
	*ret = text;
	return 0;
}

struct living {
	int (*each)(void *arg, const json_t *pod, struct ord_err *err);
	void *arg;
};

static int living(void *arg, const json_t *pod, struct ord_err *err)
{
	const struct living *l = arg;
	const char *phase = json_string_value(workload_at(pod, "status", "phase", NULL));

	if (workload_at(pod, "metadata", "deletionTimestamp", NULL) ||
	    (phase && (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"))))
		return 0;
	return l->each(l->arg, pod, err);
}

int inj_pod_set(struct kube *k, const struct ord_object *o, const json_t *object,
		int (*each)(void *arg, const json_t *pod, struct ord_err *err), void *arg,
		struct ord_err *err)
{
	struct living l = {.each = each, .arg = arg};
	struct kube_set set = {.kind = {"v1", "Pod", "pods", true}, .ns = o->ns};
	ord_autofree char *selector = NULL;

	if (strcmp(o->kind, "Pod") == 0)
		return living(&l, object, err);
	if (inj_pod_selector(o, object, &selector, err) < 0)
		return -1;
	set.selector = selector;
	return kube_list(k, &set, living, &l, inj_cluster_deadline(), NULL, err);
}

static void copy(char *out, size_t size, const json_t *pod, const char *key)
{
	const char *text = json_string_value(workload_at(pod, "metadata", key, NULL));

	(void)snprintf(out, size, "%s", text ? text : "");
}

void inj_pod_object(const json_t *pod, struct ord_object *ret)
{
	*ret = (struct ord_object){.api_version = "v1", .kind = "Pod"};
	copy(ret->ns, sizeof ret->ns, pod, "namespace");
	copy(ret->name, sizeof ret->name, pod, "name");
	copy(ret->uid, sizeof ret->uid, pod, "uid");
}
