/* How the API server is asked for those that a target may mean: what it selects itself, and what
 * must be known of others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "kube/around.h"
#include "kube/matcher.h"

static int filter_new(const struct ord_kube_filter *of, struct kube_filter *ret,
		      struct ord_err *err)
{
	ret->of = of;
	if (of->selector && ord_selector_parse(of->selector, false, &ret->selector, err))
		return -1;
	if (of->namespace_selector &&
	    ord_selector_parse(of->namespace_selector, false, &ret->ns_selector, err))
		return ord_wrap(err, "of the namespace");
	if (of->annotations && ord_selector_parse(of->annotations, true, &ret->annotations, err))
		return ord_wrap(err, "of annotations");
	return 0;
}

static void filter_done(struct kube_filter *f)
{
	ord_selector_free(f->selector);
	ord_selector_free(f->ns_selector);
	ord_selector_free(f->annotations);
}

int kube_match_new(const struct ord_target *t, struct kube_match **ret, struct ord_err *err)
{
	struct kube_match *m;

	if (!ord_target_in_cluster(t->kind) || !t->kube)
		return ord_fail(err, ORD_USAGE, "target '%s' is not in a cluster",
				ord_target_kind_name(t->kind));
	m = calloc(1, sizeof *m);
	if (!m)
		return ord_fail_nomem(err);
	m->of = t;
	m->kind = t->kind;
	if (filter_new(&t->kube->match, &m->match, err) ||
	    (t->kube->has_exclude && filter_new(&t->kube->exclude, &m->exclude, err))) {
		kube_match_free(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void kube_match_free(struct kube_match *m)
{
	if (!m)
		return;
	filter_done(&m->match);
	filter_done(&m->exclude);
	free(m);
}

size_t kube_match_kinds(const struct kube_match *m, struct ord_object v[static KUBE_KINDS_MAX])
{
	static const char *const workloads[][2] = {{"apps/v1", "Deployment"},
						   {"apps/v1", "StatefulSet"},
						   {"apps/v1", "DaemonSet"},
						   {"batch/v1", "Job"}};
	const struct ord_kube_target *t = m->of->kube;
	bool any = m->kind == ORD_TARGET_WORKLOAD && !*t->kind;

	for (size_t i = 0; i < (any ? ORD_COUNT(workloads) : 1); i++) {
		const char *version = any ? workloads[i][0] : "v1", *kind = workloads[i][1];

		if (m->kind == ORD_TARGET_POD)
			kind = "Pod";
		else if (m->kind == ORD_TARGET_NODE)
			kind = "Node";
		else if (m->kind == ORD_TARGET_SERVICE)
			kind = "Service";
		else if (!any) {
			version = t->api_version;
			kind = t->kind;
		}
		v[i] = (struct ord_object){0};
		(void)snprintf(v[i].api_version, sizeof v[i].api_version, "%s", version);
		(void)snprintf(v[i].kind, sizeof v[i].kind, "%s", kind);
	}
	return any ? ORD_COUNT(workloads) : 1;
}

/* --- what the server selects ------------------------------------------------------------------ */

/* The one text where there is but one, and it is not wild. */
static const char *only(const struct ord_texts *t)
{
	return t->n == 1 && !ord_kube_is_wild(t->v[0]) ? t->v[0] : NULL;
}

static bool all_exact(const struct ord_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (ord_kube_is_wild(t->v[i]))
			return false;
	return t->n > 0;
}

/* Whether this filter looks beyond metadata, where the server's own field selectors do not. */
static bool looks_inside(const struct kube_match *m, const struct ord_kube_filter *f, bool excludes)
{
	bool node = f->nodes.n && (excludes || !only(&f->nodes));
	bool phase = f->phases.n && (excludes || !only(&f->phases));

	return (m->kind == ORD_TARGET_POD && (node || phase || f->zones.n)) || f->condition ||
	       f->containers.n;
}

static bool named_only(const struct ord_kube_filter *f)
{
	return all_exact(&f->names);
}

static void add_field(FILE *out, const char *key, const char *op, const char *value)
{
	(void)fprintf(out, "%s%s%s%s", ftell(out) ? "," : "", key, op, value);
}

static int fields_of(const struct kube_match *m, char **ret, struct ord_err *err)
{
	const struct ord_kube_filter *f = &m->of->kube->match;
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return ord_fail_nomem(err);
	if (f->field_selector)
		(void)fputs(f->field_selector, out);
	(void)fflush(out);
	if (only(&f->names))
		add_field(out, "metadata.name", "=", only(&f->names));
	if (m->kind == ORD_TARGET_POD) {
		if (only(&f->nodes))
			add_field(out, "spec.nodeName", "=", only(&f->nodes));
		if (only(&f->phases))
			add_field(out, "status.phase", "=", only(&f->phases));
		else if (!f->phases.n) {
			add_field(out, "status.phase", "!=", "Succeeded");
			add_field(out, "status.phase", "!=", "Failed");
		}
	}
	if (fclose(out)) {
		free(text);
		return ord_fail_nomem(err);
	}
	if (!size) {
		free(text);
		text = NULL;
	}
	*ret = text;
	return 0;
}

int kube_match_ask(const struct kube_match *m, bool explain, struct kube_ask *ret,
		   struct ord_err *err)
{
	const struct ord_kube_target *t = m->of->kube;
	const struct ord_kube_filter *f = &t->match;
	struct kube_ask ask = {0};
	bool inside = looks_inside(m, f, false) || looks_inside(m, &t->exclude, true);

	if (all_exact(&f->namespaces)) {
		ask.n_namespaces = f->namespaces.n;
		ask.namespaces = (const char *const *)f->namespaces.v;
	}
	/* Who is spread over must be known, and a node's addresses, unless it is named. */
	inside = inside || (m->kind == ORD_TARGET_POD && t->spread) ||
		 (m->kind == ORD_TARGET_NODE && !named_only(f));
	ask.metadata_only = !inside && !explain;
	if (explain) {
		*ret = ask;
		return 0;
	}
	if (f->selector && !(ask.selector = strdup(f->selector)))
		return ord_fail_nomem(err);
	if (fields_of(m, &ask.field_selector, err)) {
		kube_ask_done(&ask);
		return -1;
	}
	*ret = ask;
	return 0;
}

void kube_ask_done(struct kube_ask *ask)
{
	free(ask->selector);
	free(ask->field_selector);
	*ask = (struct kube_ask){0};
}

/* --- what is read besides --------------------------------------------------------------------- */

struct besides {
	bool namespaces, nodes, owners, servers;
};

static struct besides besides(const struct kube_match *m)
{
	const struct ord_kube_target *t = m->of->kube;
	bool selected = t->match.namespace_selector || t->exclude.namespace_selector;
	bool named = named_only(&t->match);

	return (struct besides){
		.namespaces = m->kind != ORD_TARGET_NODE && (selected || !named),
		.nodes = m->kind == ORD_TARGET_POD &&
			 (t->match.zones.n || t->exclude.zones.n || t->spread == ORD_SPREAD_ZONE),
		.owners = t->match.owners.n || t->exclude.owners.n,
		.servers = m->kind == ORD_TARGET_NODE && !named,
	};
}

static int tell(void *arg, const json_t *item, struct ord_err *err)
{
	return kube_around_tell(arg, item) ? ord_fail_nomem(err) : 0;
}

static int tell_all(struct kube_around *a, struct kube *k, const char *version, const char *kind,
		    const char *ns, uint64_t deadline_ns, struct ord_err *err)
{
	struct kube_set set = {.ns = ns, .metadata_only = true};

	if (kube_kind_find(k, version, kind, deadline_ns, &set.kind, err))
		return -1;
	return kube_list(k, &set, tell, a, deadline_ns, NULL, err);
}

/* One by one where they are named: who may read one namespace need not be allowed to list them. */
static int prepare_namespaces(const struct ord_texts *exact, struct kube_around *a, struct kube *k,
			      uint64_t deadline_ns, struct ord_err *err)
{
	const json_t *labels;
	bool is_protected;

	if (!all_exact(exact))
		return tell_all(a, k, "v1", "Namespace", NULL, deadline_ns, err);
	for (size_t i = 0; i < exact->n; i++)
		if (kube_around_namespace(a, exact->v[i], &labels, &is_protected) < 0)
			return ord_fail_nomem(err);
	return kube_around_fetch(a, k, deadline_ns, err) < 0 ? -1 : 0;
}

/* What stands between a pod and what a person knows it by. */
static int prepare_owners(const struct ord_texts *namespaces, struct kube_around *a, struct kube *k,
			  uint64_t deadline_ns, struct ord_err *err)
{
	size_t n = all_exact(namespaces) ? namespaces->n : 1;

	for (size_t i = 0; i < n; i++) {
		const char *ns = all_exact(namespaces) ? namespaces->v[i] : NULL;

		if (tell_all(a, k, "apps/v1", "ReplicaSet", ns, deadline_ns, err) ||
		    tell_all(a, k, "batch/v1", "Job", ns, deadline_ns, err))
			return -1;
	}
	return 0;
}

int kube_match_prepare(const struct kube_match *m, struct kube_around *a, struct kube *k,
		       uint64_t deadline_ns, struct ord_err *err)
{
	const struct ord_texts *namespaces = &m->of->kube->match.namespaces;
	struct besides b = besides(m);

	if ((b.namespaces && prepare_namespaces(namespaces, a, k, deadline_ns, err)) ||
	    (b.nodes && tell_all(a, k, "v1", "Node", NULL, deadline_ns, err)) ||
	    (b.owners && m->kind == ORD_TARGET_POD &&
	     prepare_owners(namespaces, a, k, deadline_ns, err)) ||
	    (b.servers && kube_around_learn_servers(a, k, deadline_ns, err)))
		return -1;
	kube_around_learn_self(a, k);
	return 0;
}

/* --- the same as permissions ------------------------------------------------------------------ */

struct reads {
	struct kube_read *v;
	size_t n, max;
};

static void add_read(struct reads *r, const char *group, const char *resource, const char *verb,
		     const char *ns)
{
	if (r->n == r->max)
		return;
	r->v[r->n] = (struct kube_read){.group = group, .resource = resource, .verb = verb};
	(void)snprintf(r->v[r->n++].ns, ORD_KUBE_NS, "%s", ns);
}

/* In each namespace that is named, or in all. */
static void add_reads(struct reads *r, const struct ord_texts *namespaces, const char *group,
		      const char *resource, const char *verb)
{
	if (!all_exact(namespaces))
		add_read(r, group, resource, verb, "");
	for (size_t i = 0; all_exact(namespaces) && i < namespaces->n; i++)
		add_read(r, group, resource, verb, namespaces->v[i]);
}

size_t kube_match_reads(const struct kube_match *m, struct kube_read *v, size_t max)
{
	static const struct {
		const char *kind, *group, *resource;
	} known[] = {
		{"Pod", "", "pods"},
		{"Node", "", "nodes"},
		{"Service", "", "services"},
		{"Deployment", "apps", "deployments"},
		{"StatefulSet", "apps", "statefulsets"},
		{"DaemonSet", "apps", "daemonsets"},
		{"Job", "batch", "jobs"},
	};
	static const struct ord_texts all = {0};
	const struct ord_texts *ns = &m->of->kube->match.namespaces;
	struct reads r = {.v = v, .max = max};
	struct ord_object kinds[KUBE_KINDS_MAX];
	size_t n = m->kind == ORD_TARGET_OBJECT ? 0 : kube_match_kinds(m, kinds);
	struct besides b = besides(m);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < ORD_COUNT(known); j++)
			if (!strcmp(kinds[i].kind, known[j].kind))
				add_reads(&r, m->kind == ORD_TARGET_NODE ? &all : ns,
					  known[j].group, known[j].resource, "list");
	if (b.namespaces)
		add_reads(&r, ns, "", "namespaces", all_exact(ns) ? "get" : "list");
	if (b.nodes)
		add_read(&r, "", "nodes", "list", "");
	if (b.owners && m->kind == ORD_TARGET_POD) {
		add_reads(&r, ns, "apps", "replicasets", "list");
		add_reads(&r, ns, "batch", "jobs", "list");
	}
	if (b.servers) {
		add_read(&r, "discovery.k8s.io", "endpointslices", "get", "default");
		add_read(&r, "", "pods", "list", "kube-system");
	}
	return r.n;
}
