/* Names of kinds and objects in a cluster, as people write them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "ordeal/target.h"

bool ord_kube_good_name(const char *text, size_t max)
{
	size_t n = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c) || strchr("/%\"'\\", *c))
			return false;
	return n && n <= max;
}

bool ord_kube_is_wild(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

bool ord_kube_good_version(const char *text)
{
	const char *slash = strchr(text, '/'), *version = slash ? slash + 1 : text;

	return strlen(text) < ORD_KUBE_VERSION && *version == 'v' && slash != text &&
	       !strchr(version, '/') && !strstr(text, "..") &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-/")];
}

bool ord_kube_good_kind(const char *text)
{
	return isupper((unsigned char)*text) && strlen(text) < ORD_KUBE_KIND &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789")];
}

bool ord_kube_workload_kind(const char *word, struct ord_kube_target *t)
{
	static const struct {
		const char *kind, *plural, *shorter, *api_version;
	} kinds[] = {
		{"Deployment", "deployments", "deploy", "apps/v1"},
		{"StatefulSet", "statefulsets", "sts", "apps/v1"},
		{"DaemonSet", "daemonsets", "ds", "apps/v1"},
		{"Job", "jobs", "job", "batch/v1"},
	};

	for (size_t i = 0; i < ORD_COUNT(kinds); i++) {
		if (strcasecmp(word, kinds[i].kind) != 0 &&
		    strcasecmp(word, kinds[i].plural) != 0 && strcmp(word, kinds[i].shorter) != 0)
			continue;
		(void)snprintf(t->kind, sizeof t->kind, "%s", kinds[i].kind);
		(void)snprintf(t->api_version, sizeof t->api_version, "%s", kinds[i].api_version);
		return true;
	}
	return false;
}

/* "apps/v1/Deployment" of n bytes -> version and kind. */
static bool cut_kind(const char *text, size_t n, struct ord_kube_target *t)
{
	const char *slash = memrchr(text, '/', n);
	size_t version = slash ? (size_t)(slash - text) : 0;

	if (!slash || version >= sizeof t->api_version || n - version - 1 >= sizeof t->kind)
		return false;
	(void)snprintf(t->api_version, sizeof t->api_version, "%.*s", (int)version, text);
	(void)snprintf(t->kind, sizeof t->kind, "%.*s", (int)(n - version - 1), slash + 1);
	return ord_kube_good_version(t->api_version) && ord_kube_good_kind(t->kind);
}

static bool cut_workload(const char *text, size_t n, struct ord_kube_target *t)
{
	char word[ORD_KUBE_KIND];

	if (n >= sizeof word)
		return false;
	(void)snprintf(word, sizeof word, "%.*s", (int)n, text);
	return ord_kube_workload_kind(word, t);
}

int ord_kube_target_parse(struct ord_kube_target *t, int kind, const char *text,
			  struct ord_err *err)
{
	const char *slash = strrchr(text, '/'), *name = slash ? slash + 1 : text;
	size_t n = slash ? (size_t)(slash - text) : 0;

	if (kind == ORD_TARGET_WORKLOAD && (!slash || !cut_workload(text, n, t)))
		return ord_fail(err, ORD_USAGE,
				"'%.60s' is not KIND/NAME, as in deployment/orders; the kinds are "
				"Deployment, StatefulSet, DaemonSet and Job",
				text);
	if (kind == ORD_TARGET_OBJECT && (!slash || !cut_kind(text, n, t)))
		return ord_fail(err, ORD_USAGE,
				"'%.60s' is not APIVERSION/KIND/NAME, as in v1/ConfigMap/settings",
				text);
	if (kind != ORD_TARGET_WORKLOAD && kind != ORD_TARGET_OBJECT)
		name = text;
	if (!ord_kube_good_name(name, ORD_KUBE_NAME - 1))
		return ord_fail(err, ORD_USAGE,
				"'%.60s' is no name; it may hold letters, digits, '-' and '.', and "
				"the wild *, ? and [...]",
				name);
	return ord_texts_add(&t->match.names, name, err);
}
