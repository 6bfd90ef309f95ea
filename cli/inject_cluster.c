/* The options of a target in a cluster. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "cli/inject.h"

const struct cli_option cli_cluster_options[] = {
	{"pod", 0, "NAME", "the pod of this name; '*' is any, and the options below choose"},
	{"node", 0, "NAME", "the node of this name"},
	{"workload", 0, "KIND/NAME", "the Deployment, StatefulSet, DaemonSet or Job"},
	{"service", 0, "NAME", "the service of this name"},
	{"object", 0, "APIVERSION/KIND/NAME", "the object, as in v1/ConfigMap/settings"},
	{"context", 0, "NAME",
	 "the cluster: a context of the kubeconfig, or the name of its cluster (required; the "
	 "current context is never assumed)"},
	{"namespace", 'n', "LIST", "its namespace, or one of these; '*' is all"},
	{"namespace-selector", 0, "SELECTOR", "labels of its namespace"},
	{"selector", 'l', "SELECTOR", "its labels, as in 'app=orders,tier in (web,api)'"},
	{"field-selector", 0, "FIELDS", "its fields, as in spec.nodeName=worker-1"},
	{"annotations", 0, "SELECTOR", "its annotations, in the same language"},
	{"owner", 0, "LIST", "what owns it, at any level, as in Deployment/orders"},
	{"on-node", 0, "LIST", "the node that the pod runs on"},
	{"zone", 0, "LIST", "the zone of its node"},
	{"phase", 0, "LIST", "phase of the pod: Pending, Running, Succeeded, Failed, Unknown"},
	{"condition", 0, "TYPE[=STATUS]", "a condition of its status, as in Ready=False"},
	{"with-container", 0, "LIST", "has a container of this name"},
	{"older-than", 0, "DURATION", "at least so old"},
	{"younger-than", 0, "DURATION", "at most so old"},
	{"exclude-name", 0, "LIST", "but none of these names"},
	{"exclude-namespace", 0, "LIST", "but none in these namespaces"},
	{"exclude-selector", 0, "SELECTOR", "but none with these labels"},
	{"exclude-on-node", 0, "LIST", "but none on these nodes"},
	{"spread", 0, "node|zone", "choose from as many nodes, or zones, as there are"},
	{"follow", 0, NULL, "pods that come to match meanwhile are hit too, up to --limit"},
	{"limit", 0, "N", "hit at most so many in all, those that come later included"},
	{0},
};

enum { NAMES, OWNERS, WORD, AGE };

/* Where the value of an option goes. */
static const struct {
	const char *option;
	int form;
	bool excludes;
	size_t offset;
	size_t max;
	unsigned kinds; /* ORD_ON_... of the targets that have it */
} fields[] = {
#define F(field) offsetof(struct ord_kube_filter, field)
#define IN_NS	 (ORD_ON_CLUSTER & ~(unsigned)ORD_ON_NODE)
	{"namespace", NAMES, false, F(namespaces), ORD_KUBE_NS - 1, IN_NS},
	{"namespace-selector", WORD, false, F(namespace_selector), 0, IN_NS},
	{"selector", WORD, false, F(selector), 0, ORD_ON_CLUSTER},
	{"field-selector", WORD, false, F(field_selector), 0, ORD_ON_CLUSTER},
	{"annotations", WORD, false, F(annotations), 0, ORD_ON_CLUSTER},
	{"owner", OWNERS, false, F(owners), 0, IN_NS},
	{"on-node", NAMES, false, F(nodes), ORD_KUBE_NAME - 1, ORD_ON_POD},
	{"zone", NAMES, false, F(zones), ORD_KUBE_NAME - 1, ORD_ON_POD | ORD_ON_NODE},
	{"phase", NAMES, false, F(phases), 16, ORD_ON_POD},
	{"condition", WORD, false, F(condition), 0,
	 ORD_ON_POD | ORD_ON_NODE | ORD_ON_WORKLOAD | ORD_ON_OBJECT},
	{"with-container", NAMES, false, F(containers), ORD_KUBE_NAME - 1,
	 ORD_ON_POD | ORD_ON_WORKLOAD},
	{"older-than", AGE, false, F(older_ns), 0, ORD_ON_CLUSTER},
	{"younger-than", AGE, false, F(younger_ns), 0, ORD_ON_CLUSTER},
	{"exclude-name", NAMES, true, F(names), ORD_KUBE_NAME - 1, ORD_ON_CLUSTER},
	{"exclude-namespace", NAMES, true, F(namespaces), ORD_KUBE_NS - 1, IN_NS},
	{"exclude-selector", WORD, true, F(selector), 0, ORD_ON_CLUSTER},
	{"exclude-on-node", NAMES, true, F(nodes), ORD_KUBE_NAME - 1, ORD_ON_POD},
};

unsigned cli_cluster_kinds(const char *option)
{
	for (size_t i = 0; i < ORD_COUNT(fields); i++)
		if (!strcmp(fields[i].option, option))
			return fields[i].kinds;
	if (!strcmp(option, "spread"))
		return ORD_ON_POD | ORD_ON_NODE;
	return !strcmp(option, "follow") ? ORD_ON_POD : ~0u;
}

static unsigned bit_of(enum ord_target_kind kind)
{
	return ORD_ON_POD << (kind - ORD_TARGET_POD);
}

/* "a,b": one after the other. */
static int read_list(const char *option, const char *text, size_t max, bool owner,
		     struct ord_texts *ret, struct ord_err *err)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		char one[ORD_KUBE_KIND + ORD_KUBE_NAME + 1];
		const char *slash, *name = one;

		(void)snprintf(one, sizeof one, "%.*s", (int)n, text);
		slash = strchr(one, '/');
		if (owner && slash && slash != one)
			name = slash + 1;
		if (n >= sizeof one || (owner && name == one) ||
		    !ord_kube_good_name(name, owner ? ORD_KUBE_NAME - 1 : max))
			return ord_fail(err, ORD_USAGE, "--%s: '%.60s' is not %s", option, one,
					owner ? "KIND/NAME, as in Deployment/orders" : "a name");
		if (ord_texts_add(ret, one, err))
			return -1;
		text += n + (text[n] == ',');
	}
	return ret->n ? 0 : ord_fail(err, ORD_USAGE, "--%s is empty", option);
}

static int read_age(const char *option, const char *text, uint64_t *ret, struct ord_err *err)
{
	int64_t ns;

	if (ord_parse_duration(text, &ns, err))
		return ord_wrap(err, "--%s", option);
	if (ns <= 0)
		return ord_fail(err, ORD_USAGE, "--%s: must be above 0", option);
	*ret = (uint64_t)ns;
	return 0;
}

/* "Ready" is "Ready=True". */
static int read_word(const char *option, const char *text, char **ret, struct ord_err *err)
{
	bool bare = !strcmp(option, "condition") && !strchr(text, '=');
	size_t size = strlen(text) + sizeof "=True";

	if (!*text || strlen(text) > 4096)
		return ord_fail(err, ORD_USAGE, "--%s takes a text of 1 to 4096 bytes", option);
	*ret = malloc(size);
	if (!*ret)
		return ord_fail_nomem(err);
	(void)snprintf(*ret, size, "%s%s", text, bare ? "=True" : "");
	return 0;
}

static int read_field(size_t i, const char *text, struct ord_kube_target *k, struct ord_err *err)
{
	struct ord_kube_filter *f = fields[i].excludes ? &k->exclude : &k->match;
	void *at = (char *)f + fields[i].offset;

	k->has_exclude = k->has_exclude || fields[i].excludes;
	switch (fields[i].form) {
	case NAMES:
	case OWNERS:
		return read_list(fields[i].option, text, fields[i].max, fields[i].form == OWNERS,
				 at, err);
	case WORD:
		return read_word(fields[i].option, text, at, err);
	default:
		return read_age(fields[i].option, text, at, err);
	}
}

static int read_spread(const struct cli_args *given, const struct ord_target *t,
		       enum ord_spread *ret, struct ord_err *err)
{
	const char *text = cli_value(given, "spread");

	if (!text)
		return 0;
	if (strcmp(text, "node") != 0 && strcmp(text, "zone") != 0)
		return ord_fail(err, ORD_USAGE, "--spread: node or zone, not '%.40s'", text);
	*ret = *text == 'z' ? ORD_SPREAD_ZONE : ORD_SPREAD_NODE;
	if (t->kind != ORD_TARGET_POD && !(t->kind == ORD_TARGET_NODE && *text == 'z'))
		return ord_fail(err, ORD_USAGE,
				"--spread: pods are spread over nodes or zones, and nodes over "
				"zones; nothing else is");
	return 0;
}

/* Options that say nothing of a target on this machine. */
static int refuse_all(const struct cli_args *given, const struct ord_target *t, struct ord_err *err)
{
	for (const struct cli_option *o = cli_cluster_options; o->name; o++)
		if (cli_value(given, o->name) || cli_flag(given, o->name))
			return ord_fail(err, ORD_USAGE,
					"--%s says nothing of a target on this machine (--%s)",
					o->name, ord_target_kind_name(t->kind));
	return 0;
}

static int read_fields(const struct cli_args *given, struct ord_target *t, struct ord_err *err)
{
	for (size_t i = 0; i < ORD_COUNT(fields); i++) {
		const char *text = cli_value(given, fields[i].option);

		if (!text)
			continue;
		if (!(fields[i].kinds & bit_of(t->kind)))
			return ord_fail(err, ORD_USAGE, "--%s says nothing of a %s",
					fields[i].option, ord_target_kind_name(t->kind));
		if (read_field(i, text, t->kube, err))
			return -1;
	}
	return 0;
}

int cli_cluster_target(const struct cli_args *given, struct ord_target *t, size_t *ret_limit,
		       struct ord_err *err)
{
	struct ord_kube_target *k;
	uint64_t limit = 0;

	if (!ord_target_in_cluster(t->kind))
		return refuse_all(given, t, err);
	k = t->kube = calloc(1, sizeof *k);
	if (!k)
		return ord_fail_nomem(err);
	if (ord_kube_target_parse(k, (int)t->kind, t->text, err))
		return ord_wrap(err, "--%s", ord_target_kind_name(t->kind));
	t->text[0] = '\0';
	if (read_fields(given, t, err) || read_spread(given, t, &k->spread, err) ||
	    cli_number(given, "limit", 0, &limit, err))
		return -1;
	k->follow = cli_flag(given, "follow");
	if (limit > ORD_CLUSTER_OBJECTS_MAX || (cli_value(given, "limit") && !limit))
		return ord_fail(err, ORD_USAGE, "--limit: within 1 to %d", ORD_CLUSTER_OBJECTS_MAX);
	if (k->follow && t->kind != ORD_TARGET_POD)
		return ord_fail(err, ORD_USAGE, "--follow: pods are followed, a %s is not",
				ord_target_kind_name(t->kind));
	if (k->follow && !limit)
		return ord_fail(err, ORD_USAGE,
				"--follow needs --limit: how many may be hit in all");
	if (t->kind != ORD_TARGET_NODE && t->kind != ORD_TARGET_OBJECT && !k->match.namespaces.n &&
	    !k->match.namespace_selector)
		return ord_fail(err, ORD_USAGE,
				"--namespace is missing, and none is assumed: name it, or say '*' "
				"for all");
	*ret_limit = (size_t)limit;
	return 0;
}
