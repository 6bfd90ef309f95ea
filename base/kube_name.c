/* Names of kinds and objects in a cluster, as people write them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "ordeal/target.h"

static bool good_part(const char *text, size_t max)
{
	size_t n = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c) || strchr("/%\"'\\", *c))
			return false;
	return n && n <= max;
}

static const struct {
	size_t max;
	bool capitals;
	const char *signs, *what;
} forms[] = {
	[ORD_KUBE_FORM_ANY] = {ORD_KUBE_NAME - 1, true, "", "letters, digits, '-' and '.'"},
	[ORD_KUBE_FORM_SUBDOMAIN] = {ORD_KUBE_NAME - 1, false, "-.", "a-z, 0-9, '-' and '.'"},
	[ORD_KUBE_FORM_LABEL] = {ORD_KUBE_NS - 1, false, "-", "a-z, 0-9 and '-'"},
	[ORD_KUBE_FORM_VALUE] = {63, true, "-_.", "letters, digits, '-', '_' and '.'"},
};

/* The ']' of a '[', by fnmatch(3): the first sign within may be one itself. */
static const char *bracket_end(const char *p)
{
	p += 1 + (p[1] == '!' || p[1] == '^');
	return *p ? strchr(p + 1, ']') : NULL;
}

/* The first byte that no such name has, or NULL. */
static const char *wrong_sign(const char *text, enum ord_kube_form form)
{
	for (const char *p = text; *p; p++) {
		bool edge = p == text || !p[1];

		if (*p == '[') {
			const char *end = bracket_end(p);

			if (!end)
				return p;
			p = end;
		} else if (*p != '*' && *p != '?' && !islower((unsigned char)*p) &&
			   !isdigit((unsigned char)*p) &&
			   !(forms[form].capitals && isupper((unsigned char)*p)) &&
			   (edge || !strchr(forms[form].signs, *p))) {
			return p;
		}
	}
	return NULL;
}

int ord_kube_check_name(const char *text, enum ord_kube_form form, size_t *ret_at,
			struct ord_err *err)
{
	size_t n = strlen(text), max = forms[form].max;
	const char *wrong;

	if (form == ORD_KUBE_FORM_ANY)
		wrong = good_part(text, max) ? NULL : text;
	else
		wrong = n && n <= max ? wrong_sign(text, form) : text;
	if (ret_at)
		*ret_at = wrong ? (size_t)(wrong - text) : 0;
	if (!wrong)
		return 0;
	if (form != ORD_KUBE_FORM_ANY && n && n <= max && *wrong == '[')
		return ord_fail(err, ORD_USAGE, "the '[' in '%.60s' is not closed by a ']'", text);
	return ord_fail(err, ORD_USAGE,
			"'%.60s' is no name: %s%s, at most %zu; *, ? and [...] are wild", text,
			forms[form].what,
			form == ORD_KUBE_FORM_ANY ? "" : ", a letter or digit at both ends", max);
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

enum ord_kube_form ord_kube_form_of(int kind)
{
	return kind == ORD_TARGET_OBJECT    ? ORD_KUBE_FORM_ANY
	       : kind == ORD_TARGET_SERVICE ? ORD_KUBE_FORM_LABEL
					    : ORD_KUBE_FORM_SUBDOMAIN;
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
	if (ord_kube_check_name(name, ord_kube_form_of(kind), NULL, err))
		return -1;
	return ord_texts_add(&t->match.names, name, err);
}
