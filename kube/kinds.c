/* Kinds, and the paths of their objects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "kube/client.h"

#define KINDS_MAX 4096 /* of one server, learnt */

/* What is asked for often. A kind that stands in two groups is found by its first entry where no
 * group is given. */
static const struct kube_kind known[] = {
	{"v1", "Pod", "pods", true},
	{"v1", "Node", "nodes", false},
	{"v1", "Service", "services", true},
	{"v1", "Namespace", "namespaces", false},
	{"v1", "ConfigMap", "configmaps", true},
	{"v1", "Secret", "secrets", true},
	{"v1", "Event", "events", true},
	{"v1", "Endpoints", "endpoints", true},
	{"v1", "ServiceAccount", "serviceaccounts", true},
	{"v1", "PersistentVolume", "persistentvolumes", false},
	{"v1", "PersistentVolumeClaim", "persistentvolumeclaims", true},
	{"v1", "ReplicationController", "replicationcontrollers", true},
	{"v1", "ResourceQuota", "resourcequotas", true},
	{"v1", "LimitRange", "limitranges", true},
	{"apps/v1", "Deployment", "deployments", true},
	{"apps/v1", "StatefulSet", "statefulsets", true},
	{"apps/v1", "DaemonSet", "daemonsets", true},
	{"apps/v1", "ReplicaSet", "replicasets", true},
	{"batch/v1", "Job", "jobs", true},
	{"batch/v1", "CronJob", "cronjobs", true},
	{"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true},
	{"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true},
	{"networking.k8s.io/v1", "Ingress", "ingresses", true},
	{"discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true},
	{"coordination.k8s.io/v1", "Lease", "leases", true},
	{"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true},
	{"events.k8s.io/v1", "Event", "events", true},
	{"storage.k8s.io/v1", "StorageClass", "storageclasses", false},
	{"scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", false},
	{"rbac.authorization.k8s.io/v1", "Role", "roles", true},
	{"rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true},
	{"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false},
	{"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false},
	{"networking.istio.io/v1", "VirtualService", "virtualservices", true},
	{"networking.istio.io/v1", "DestinationRule", "destinationrules", true},
};

static const struct kube_kind *find(const struct kube_kind *v, size_t n, const char *api_version,
				    const char *kind)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].kind, kind) &&
		    (!*api_version || !strcmp(v[i].api_version, api_version)))
			return &v[i];
	return NULL;
}

static int learn(struct kube *k, const struct kube_kind *kind, struct ord_err *err)
{
	struct kube_kind *grown = NULL;

	if (k->n_kinds < KINDS_MAX)
		grown = realloc(k->kinds, (k->n_kinds + 1) * sizeof *grown);
	if (!grown)
		return ord_fail_nomem(err);
	k->kinds = grown;
	k->kinds[k->n_kinds++] = *kind;
	return 0;
}

/* The list's subresources ("pods/eviction") have a kind too, often another's. */
static int read_resources(struct kube *k, const char *api_version, const json_t *list,
			  struct ord_err *err)
{
	const json_t *all = json_object_get(list, "resources"), *r;
	size_t i;

	json_array_foreach (all, i, r) {
		struct kube_kind kind = {.namespaced =
						 json_is_true(json_object_get(r, "namespaced"))};
		const char *name = json_string_value(json_object_get(r, "name"));

		if (!name || strchr(name, '/') || find(k->kinds, k->n_kinds, api_version, name))
			continue;
		(void)snprintf(kind.api_version, sizeof kind.api_version, "%s", api_version);
		if (ord_json_copy(r, "kind", kind.kind, sizeof kind.kind, err) ||
		    ord_json_copy(r, "name", kind.plural, sizeof kind.plural, err) ||
		    learn(k, &kind, err))
			return ord_wrap(err, "what the API server has of %s", api_version);
	}
	return 0;
}

static int discover(struct kube *k, const char *api_version, uint64_t deadline_ns,
		    struct ord_err *err)
{
	struct kube_answer a = {.status = 0};
	char path[KUBE_PATH] = "", part[ORD_KUBE_VERSION * 3];
	const char *slash = strchr(api_version, '/');
	struct kube_request req = {.method = "GET", .path = path, .deadline_ns = deadline_ns};
	int rc;

	if (slash) {
		char group[ORD_KUBE_VERSION];

		(void)snprintf(group, sizeof group, "%.*s", (int)(slash - api_version),
			       api_version);
		(void)kube_escape(part, sizeof part, group);
		(void)snprintf(path, sizeof path, "/apis/%s/", part);
		(void)kube_escape(part, sizeof part, slash + 1);
	} else {
		(void)snprintf(path, sizeof path, "/api/");
		(void)kube_escape(part, sizeof part, api_version);
	}
	(void)snprintf(path + strlen(path), sizeof path - strlen(path), "%s", part);
	rc = kube_call(k, &req, &a, err);
	if (rc && a.status == 404)
		(void)ord_fail(err, ORD_USAGE, "the API server has no %s", api_version);
	if (!rc)
		rc = read_resources(k, api_version, a.body, err);
	kube_answer_done(&a);
	return rc;
}

int kube_kind_find(struct kube *k, const char *api_version, const char *kind, uint64_t deadline_ns,
		   struct kube_kind *ret, struct ord_err *err)
{
	const struct kube_kind *found = find(known, ORD_COUNT(known), api_version, kind);

	if (!found)
		found = find(k->kinds, k->n_kinds, api_version, kind);
	if (!found && !*api_version)
		return ord_fail(err, ORD_USAGE,
				"kind %s is not known by its name alone: say the apiVersion too",
				kind);
	if (!found) {
		if (discover(k, api_version, deadline_ns, err))
			return -1;
		found = find(k->kinds, k->n_kinds, api_version, kind);
	}
	if (!found)
		return ord_fail(err, ORD_USAGE, "the API server has no kind %s in %s", kind,
				api_version);
	*ret = *found;
	return 0;
}

/* --- paths ----------------------------------------------------------------------------------- */

/* All but the unreserved characters of RFC 3986 as %XX. */
bool kube_escape(char *out, size_t size, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t used = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("-._~", c);

		if (used + (plain ? 2 : 4) > size)
			break;
		if (plain) {
			out[used++] = (char)c;
			continue;
		}
		out[used++] = '%';
		out[used++] = hex[c >> 4];
		out[used++] = hex[c & 15];
	}
	if (size)
		out[used] = '\0';
	return !*text;
}

bool kube_query(char *path, size_t size, const char *key, const char *value)
{
	size_t used = strlen(path);
	int n = snprintf(path + used, size - used, "%c%s=", strchr(path, '?') ? '&' : '?', key);

	if (n < 0 || (size_t)n >= size - used ||
	    !kube_escape(path + used + n, size - used - (size_t)n, value)) {
		path[used] = '\0';
		return false;
	}
	return true;
}

/* A part that is "." or ".." would leave the path; no object has such a name. */
static void add_part(char *out, const char *part)
{
	size_t used = strlen(out);

	if (!strcmp(part, ".") || !strcmp(part, ".."))
		part = "-";
	if (used + 1 < KUBE_PATH) {
		out[used++] = '/';
		(void)kube_escape(out + used, KUBE_PATH - used, part);
	}
}

char *kube_path(const struct kube_kind *kind, const char *ns, const char *name, const char *sub,
		char out[static KUBE_PATH])
{
	const char *slash = strchr(kind->api_version, '/');
	char group[ORD_KUBE_VERSION];

	out[0] = '\0';
	if (slash) {
		(void)snprintf(group, sizeof group, "%.*s", (int)(slash - kind->api_version),
			       kind->api_version);
		add_part(out, "apis");
		add_part(out, group);
		add_part(out, slash + 1);
	} else {
		add_part(out, "api");
		add_part(out, kind->api_version);
	}
	if (kind->namespaced && ns && *ns) {
		add_part(out, "namespaces");
		add_part(out, ns);
	}
	add_part(out, kind->plural);
	if (name && *name)
		add_part(out, name);
	if (sub && *sub)
		add_part(out, sub);
	return out;
}
