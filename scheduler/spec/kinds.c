/* Kinds that can be named by a word, as kubectl's users do; others need their apiVersion. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "ordeal/fault.h"
#include "ordeal/that.h"

static const struct {
	const char *kind, *word, *plural, *shorter, *api_version;
	bool cluster_wide;
} kinds[] = {
	{"Pod", "pod", "pods", "po", "v1", false},
	{"Node", "node", "nodes", "no", "v1", true},
	{"Namespace", "namespace", "namespaces", "ns", "v1", true},
	{"Service", "service", "services", "svc", "v1", false},
	{"ConfigMap", "configmap", "configmaps", "cm", "v1", false},
	{"PersistentVolumeClaim", "persistentvolumeclaim", "persistentvolumeclaims", "pvc", "v1",
	 false},
	{"Deployment", "deployment", "deployments", "deploy", "apps/v1", false},
	{"StatefulSet", "statefulset", "statefulsets", "sts", "apps/v1", false},
	{"DaemonSet", "daemonset", "daemonsets", "ds", "apps/v1", false},
	{"ReplicaSet", "replicaset", "replicasets", "rs", "apps/v1", false},
	{"Job", "job", "jobs", "job", "batch/v1", false},
	{"CronJob", "cronjob", "cronjobs", "cj", "batch/v1", false},
	{"EndpointSlice", "endpointslice", "endpointslices", "eps", "discovery.k8s.io/v1", false},
	{"PodDisruptionBudget", "poddisruptionbudget", "poddisruptionbudgets", "pdb", "policy/v1",
	 false},
	{"HorizontalPodAutoscaler", "horizontalpodautoscaler", "horizontalpodautoscalers", "hpa",
	 "autoscaling/v2", false},
	{"NetworkPolicy", "networkpolicy", "networkpolicies", "netpol", "networking.k8s.io/v1",
	 false},
	{"Ingress", "ingress", "ingresses", "ing", "networking.k8s.io/v1", false},
	{"Lease", "lease", "leases", "lease", "coordination.k8s.io/v1", false},
};

int ord_kind_word(const char *word, char api_version[static ORD_KUBE_VERSION],
		  char kind[static ORD_KUBE_KIND], bool *ret_namespaced, const char **ret_near)
{
	const char *names[2 * ORD_COUNT(kinds)];

	for (size_t i = 0; i < ORD_COUNT(kinds); i++) {
		names[2 * i] = kinds[i].word;
		names[2 * i + 1] = kinds[i].plural;
		if (strcasecmp(word, kinds[i].word) != 0 &&
		    strcasecmp(word, kinds[i].plural) != 0 && strcmp(word, kinds[i].shorter) != 0)
			continue;
		(void)snprintf(api_version, ORD_KUBE_VERSION, "%s", kinds[i].api_version);
		(void)snprintf(kind, ORD_KUBE_KIND, "%s", kinds[i].kind);
		*ret_namespaced = !kinds[i].cluster_wide;
		return 0;
	}
	if (ret_near)
		*ret_near = ord_nearest(word, names, ORD_COUNT(names));
	return -1;
}

int ord_owner_parse(const char *text, char ret[static ORD_OWNER_TEXT], struct ord_err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*?";
	size_t n = strcspn(text, "/");
	char word[ORD_KUBE_KIND], version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND];
	bool namespaced;

	if (!n || n >= sizeof word || !text[n] || strspn(text, letters) != n)
		return ord_fail(err, ORD_USAGE, "'%.60s' is not KIND/NAME, as in Deployment/orders",
				text);
	if (ord_kube_check_name(text + n + 1, ORD_KUBE_FORM_ANY, NULL, err))
		return -1;
	(void)snprintf(word, sizeof word, "%.*s", (int)n, text);
	if (ord_kind_word(word, version, kind, &namespaced, NULL))
		(void)snprintf(kind, sizeof kind, "%s", word);
	(void)snprintf(ret, ORD_OWNER_TEXT, "%s/%s", kind, text + n + 1);
	return 0;
}
