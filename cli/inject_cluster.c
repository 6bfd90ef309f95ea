/* The options of a target in a cluster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/selector.h"
#include "base/units.h"
#include "cli/inject.h"
#include "ordeal/fault.h"
#include "ordeal/that.h"

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

enum form { NAMES, PHASES, OWNERS, LABELS, ANNOTATIONS, FIELDS, CONDITION, AGE };

/* Where the value of an option goes. */
static const struct {
	const char *option;
	enum form form;
	bool excludes;
	size_t offset;
	unsigned kinds; /* ORD_ON_... of the targets that have it */
	enum ord_kube_form made_of;
} fields[] = {
#define F(field) offsetof(struct ord_kube_filter, field)
#define IN_NS	 (ORD_ON_CLUSTER & ~(unsigned)ORD_ON_NODE)
#define LABEL	 ORD_KUBE_FORM_LABEL
#define ANY	 ORD_KUBE_FORM_ANY
	{"namespace", NAMES, false, F(namespaces), IN_NS, LABEL},
	{"namespace-selector", LABELS, false, F(namespace_selector), IN_NS, ANY},
	{"selector", LABELS, false, F(selector), ORD_ON_CLUSTER, ANY},
	{"field-selector", FIELDS, false, F(field_selector), ORD_ON_CLUSTER, ANY},
	{"annotations", ANNOTATIONS, false, F(annotations), ORD_ON_CLUSTER, ANY},
	{"owner", OWNERS, false, F(owners), IN_NS, ANY},
	{"on-node", NAMES, false, F(nodes), ORD_ON_POD, ORD_KUBE_FORM_SUBDOMAIN},
	{"zone", NAMES, false, F(zones), ORD_ON_POD | ORD_ON_NODE, ORD_KUBE_FORM_VALUE},
	{"phase", PHASES, false, F(phases), ORD_ON_POD, ANY},
	{"condition", CONDITION, false, F(condition),
	 ORD_ON_POD | ORD_ON_NODE | ORD_ON_WORKLOAD | ORD_ON_OBJECT, ANY},
	{"with-container", NAMES, false, F(containers), ORD_ON_POD | ORD_ON_WORKLOAD, LABEL},
	{"older-than", AGE, false, F(older_ns), ORD_ON_CLUSTER, ANY},
	{"younger-than", AGE, false, F(younger_ns), ORD_ON_CLUSTER, ANY},
	{"exclude-name", NAMES, true, F(names), ORD_ON_CLUSTER, ANY},
	{"exclude-namespace", NAMES, true, F(namespaces), IN_NS, LABEL},
	{"exclude-selector", LABELS, true, F(selector), ORD_ON_CLUSTER, ANY},
	{"exclude-on-node", NAMES, true, F(nodes), ORD_ON_POD, ORD_KUBE_FORM_SUBDOMAIN},
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

static int check_phase(const char *text, struct ord_err *err)
{
	static const char *const phases[] = {"Pending", "Running", "Succeeded", "Failed",
					     "Unknown"};
	const char *near;

	for (size_t i = 0; i < ORD_COUNT(phases); i++)
		if (!strcmp(text, phases[i]))
			return 0;
	near = ord_nearest(text, phases, ORD_COUNT(phases));
	return near ? ord_fail(err, ORD_USAGE, "unknown phase '%.40s'; did you mean '%s'?", text,
			       near)
		    : ord_fail(
			      err, ORD_USAGE,
			      "unknown phase '%.40s'; a pod is Pending, Running, Succeeded, Failed "
			      "or Unknown",
			      text);
}

static int read_one(size_t field, const char *text, struct ord_texts *ret, struct ord_err *err)
{
	char owner[ORD_OWNER_TEXT];

	if (fields[field].form == OWNERS) {
		if (ord_owner_parse(text, owner, err))
			return -1;
		text = owner;
	} else if (fields[field].form == PHASES
			   ? check_phase(text, err)
			   : ord_kube_check_name(text, fields[field].made_of, NULL, err)) {
		return -1;
	}
	return ord_texts_add(ret, text, err);
}

/* "a,b": one after the other. */
static int read_list(size_t field, const char *text, struct ord_texts *ret, struct ord_err *err)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		ord_autofree char *one = strndup(text, n);

		if (!one)
			return ord_fail_nomem(err);
		if (read_one(field, one, ret, err))
			return -1;
		text += n + (text[n] == ',');
	}
	return ret->n ? 0 : ord_fail(err, ORD_USAGE, "it is empty");
}

static int read_age(const char *text, uint64_t *ret, struct ord_err *err)
{
	int64_t ns;

	if (ord_parse_duration(text, &ns, err))
		return -1;
	if (ns <= 0)
		return ord_fail(err, ORD_USAGE, "it must be above 0");
	*ret = (uint64_t)ns;
	return 0;
}

static int check_selector(const char *text, bool annotations, struct ord_err *err)
{
	struct ord_selector *s = NULL;
	int r = ord_selector_parse(text, annotations, &s, err);

	ord_selector_free(s);
	return r;
}

static int check_fields(const char *text, struct ord_err *err)
{
	size_t at;

	return ord_fields_check(text, NULL, NULL, &at, err)
		       ? ord_wrap(err, "'%.120s', column %zu", text, at + 1)
		       : 0;
}

static int check_condition(const char *text, struct ord_err *err)
{
	static const char *const states[] = {"True", "False", "Unknown"};
	const char *is = strchr(text, '=');

	for (size_t i = 0; is && i < ORD_COUNT(states); i++)
		if (is != text && !strcmp(is + 1, states[i]))
			return 0;
	return is ? ord_fail(err, ORD_USAGE,
			     "'%.60s' is not TYPE or TYPE=STATUS, as in Ready=False; a status is "
			     "True, False or Unknown",
			     text)
		  : 0;
}

static int check_word(enum form form, const char *text, struct ord_err *err)
{
	if (!*text || strlen(text) > 4096)
		return ord_fail(err, ORD_USAGE, "it takes a text of 1 to 4096 bytes");
	return form == FIELDS	   ? check_fields(text, err)
	       : form == CONDITION ? check_condition(text, err)
				   : check_selector(text, form == ANNOTATIONS, err);
}

/* "Ready" is "Ready=True". */
static int read_word(enum form form, const char *text, char **ret, struct ord_err *err)
{
	bool bare = form == CONDITION && !strchr(text, '=');

	if (check_word(form, text, err))
		return -1;
	if (asprintf(ret, "%s%s", text, bare ? "=True" : "") >= 0)
		return 0;
	*ret = NULL;
	return ord_fail_nomem(err);
}

static int read_field(size_t i, const char *text, struct ord_kube_target *k, struct ord_err *err)
{
	struct ord_kube_filter *f = fields[i].excludes ? &k->exclude : &k->match;
	void *at = (char *)f + fields[i].offset;
	int r;

	k->has_exclude = k->has_exclude || fields[i].excludes;
	switch (fields[i].form) {
	case NAMES:
	case PHASES:
	case OWNERS:
		r = read_list(i, text, at, err);
		break;
	case LABELS:
	case ANNOTATIONS:
	case FIELDS:
	case CONDITION:
		r = read_word(fields[i].form, text, at, err);
		break;
	case AGE:
	default:
		r = read_age(text, at, err);
		break;
	}
	return r ? ord_wrap(err, "--%s", fields[i].option) : 0;
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
