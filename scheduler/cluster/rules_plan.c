/*
 * Every call that a plan makes, by the spec and the catalogue alone: what the faults' entries say,
 * the Leases of their targets, the reads that choose these, the probes, the detection channels and
 * what the run watches besides.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/that.h"
#include "scheduler/cluster/rules.h"

#define KINDS_MAX 4
/* More named targets than these are asked for as all of their kind (the injector does so too). */
#define NAMES_MAX 16
/* So many objects are watched one by one; of more, their kind. */
#define WATCHED_MAX 8
/* Of more targets of one kind in one namespace one Lease is taken for all of them, which looks for
 * those of single ones. */
#define LEASES_MAX 32

/* A kind as the rules name it. */
struct resource {
	char group[ORD_KUBE_VERSION], plural[ORD_KUBE_KIND + 4];
	bool cluster_wide;
};

/* Where a target is: in these namespaces, or wherever. */
struct scope {
	const char *const *v;
	size_t n;
	bool all; /* cannot be enumerated, or is in none */
};

struct needs {
	struct rule_drafts *d;
	const char *why;
	struct ord_err *err;
};

static bool is_glob(const char *text)
{
	return text[strcspn(text, "*?[\\")] != '\0';
}

/* As the API server's own guess (meta.UnsafeGuessKindToResource). */
static void plural_of(const char *kind, char *out, size_t size)
{
	size_t n;

	(void)snprintf(out, size, "%s", kind);
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	n = strlen(out);
	if (!strcmp(out, "endpoints") || !n)
		return;
	if (out[n - 1] == 'y')
		(void)snprintf(out + n - 1, size - n + 1, "ies");
	else
		(void)snprintf(out + n, size - n, out[n - 1] == 's' ? "es" : "s");
}

static struct resource resource_of(const char *api_version, const char *kind)
{
	struct resource r = {0};
	const char *slash = strchr(api_version, '/');
	char version[ORD_KUBE_VERSION], known[ORD_KUBE_KIND];
	bool namespaced = true;

	if (slash)
		(void)snprintf(r.group, sizeof r.group, "%.*s", (int)(slash - api_version),
			       api_version);
	plural_of(kind, r.plural, sizeof r.plural);
	if (ord_kind_word(kind, version, known, &namespaced, NULL) == 0)
		r.cluster_wide = !namespaced && !strcmp(version, api_version);
	return r;
}

static size_t kinds_of(const struct ord_target *t, struct resource v[KINDS_MAX])
{
	static const char *const workloads[KINDS_MAX][2] = {{"apps/v1", "Deployment"},
							    {"apps/v1", "StatefulSet"},
							    {"apps/v1", "DaemonSet"},
							    {"batch/v1", "Job"}};
	size_t n = 0;

	if (t->kind == ORD_TARGET_POD)
		v[n++] = resource_of("v1", "Pod");
	else if (t->kind == ORD_TARGET_NODE)
		v[n++] = resource_of("v1", "Node");
	else if (t->kind == ORD_TARGET_SERVICE)
		v[n++] = resource_of("v1", "Service");
	else if (*t->kube->kind)
		v[n++] = resource_of(t->kube->api_version, t->kube->kind);
	else
		for (size_t i = 0; i < KINDS_MAX; i++)
			v[n++] = resource_of(workloads[i][0], workloads[i][1]);
	return n;
}

/* Each stands for itself. */
static bool all_exact(const struct ord_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_glob(t->v[i]))
			return false;
	return t->n > 0;
}

static struct scope scope_of(const struct ord_target *t)
{
	const struct ord_texts *ns = &t->kube->match.namespaces;

	return (struct scope){.v = (const char *const *)ns->v,
			      .n = ns->n,
			      .all = t->kind == ORD_TARGET_NODE || !all_exact(ns)};
}

static int need(const struct needs *w, const char *group, const char *resource, const char *sub,
		const char *verbs, const char *ns, const char *name, bool optional)
{
	struct rule_draft rule = {.optional = optional};

	(void)snprintf(rule.group, sizeof rule.group, "%s", group);
	(void)snprintf(rule.resource, sizeof rule.resource, "%s", resource);
	(void)snprintf(rule.subresource, sizeof rule.subresource, "%s", sub);
	(void)snprintf(rule.ns, sizeof rule.ns, "%s", ns);
	(void)snprintf(rule.name, sizeof rule.name, "%s", name);
	(void)snprintf(rule.why, sizeof rule.why, "%s", w->why);
	return rules_need(w->d, &rule, verbs, w->err);
}

/* In each namespace of the scope, or in all. */
static int need_in(const struct needs *w, const struct scope *s, const struct resource *r,
		   const char *sub, const char *verbs)
{
	if (s->all || r->cluster_wide)
		return need(w, r->group, r->plural, sub, verbs, "", "", false);
	for (size_t i = 0; i < s->n; i++)
		if (need(w, r->group, r->plural, sub, verbs, s->v[i], "", false))
			return -1;
	return 0;
}

/* --- what the fault's entry says ------------------------------------------------------------ */

/* What stands by its name alone, so that no other of its kind need be allowed. */
static bool by_name(const struct ord_target *t)
{
	const struct ord_texts *names = &t->kube->match.names;

	return all_exact(names) && names->n <= NAMES_MAX && !t->kube->follow;
}

static bool of_one(const char *verb, size_t n, size_t names)
{
	if ((n == 4 && !strncmp(verb, "list", 4)) || (n == 5 && !strncmp(verb, "watch", 5)))
		return names <= WATCHED_MAX;
	return (n == 3 && !strncmp(verb, "get", 3)) || (n == 5 && !strncmp(verb, "patch", 5)) ||
	       (n == 6 && !strncmp(verb, "delete", 6)) || (n == 6 && !strncmp(verb, "update", 6));
}

static int need_named(const struct needs *w, const struct ord_target *t, const struct scope *s,
		      const struct resource *r, const char *sub, const char *verb)
{
	const struct ord_texts *names = &t->kube->match.names;

	for (size_t i = 0; i < names->n; i++) {
		if (s->all || r->cluster_wide) {
			if (need(w, r->group, r->plural, sub, verb, "", names->v[i], false))
				return -1;
			continue;
		}
		for (size_t k = 0; k < s->n; k++)
			if (need(w, r->group, r->plural, sub, verb, s->v[k], names->v[i], false))
				return -1;
	}
	return 0;
}

static int need_target(const struct needs *w, const struct ord_target *t, const char *sub,
		       const char *verbs)
{
	struct resource kinds[KINDS_MAX];
	struct scope s = scope_of(t);
	size_t n = kinds_of(t, kinds);

	for (size_t i = 0; i < n; i++) {
		/* Neither has it: a Job is scaled by its parallelism, a DaemonSet not at all. */
		if (!strcmp(sub, "scale") &&
		    (!strcmp(kinds[i].plural, "jobs") || !strcmp(kinds[i].plural, "daemonsets")))
			continue;
		for (const char *v = verbs; *v;) {
			size_t len = strcspn(v, ",");
			char verb[16];
			int rc;

			(void)snprintf(verb, sizeof verb, "%.*s", (int)len, v);
			rc = by_name(t) && of_one(v, len, t->kube->match.names.n)
				     ? need_named(w, t, &s, &kinds[i], sub, verb)
				     : need_in(w, &s, &kinds[i], sub, verb);
			if (rc)
				return -1;
			v += len + (v[len] == ',');
		}
	}
	return 0;
}

/* Whether targets of this kind may be among them. */
static bool may_be(const struct ord_target *t, const char *kind)
{
	struct resource kinds[KINDS_MAX];
	char plural[ORD_KUBE_KIND + 4];
	size_t n = kinds_of(t, kinds);

	plural_of(kind, plural, sizeof plural);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(kinds[i].plural, plural))
			return true;
	return false;
}

/* "core/pods/eviction:create", "TARGET/scale:get,patch" */
static int need_rule(const struct needs *w, const struct ord_target *t, char *rule)
{
	char *verbs = strchr(rule, ':'), *sub, *plural = strchr(rule, '/');
	struct scope s = scope_of(t);
	struct resource r = {0};

	if (!verbs || (plural && plural > verbs && strncmp(rule, "TARGET", 6) != 0))
		return ord_fail(w->err, ORD_SYS, "'%s' is no rule of the catalogue", rule);
	*verbs++ = '\0';
	plural = strchr(rule, '/');
	if (plural)
		*plural++ = '\0';
	if (!strcmp(rule, "TARGET"))
		return need_target(w, t, plural ? plural : "", verbs);
	sub = plural ? strchr(plural, '/') : NULL;
	if (sub)
		*sub++ = '\0';
	(void)snprintf(r.group, sizeof r.group, "%.100s", strcmp(rule, "core") != 0 ? rule : "");
	(void)snprintf(r.plural, sizeof r.plural, "%.60s", plural ? plural : "");
	r.cluster_wide = !strcmp(r.plural, "nodes");
	return need_in(w, &s, &r, sub ? sub : "", verbs);
}

/* What is changed for a while is watched, so that the hold ends when somebody takes it back. */
static bool is_watched(const struct ord_fault *fault, const char *rule)
{
	const char *verbs = strchr(rule, ':'), *slash = strchr(rule, '/');
	bool sub =
		slash && (strncmp(rule, "TARGET", 6) != 0 ? strchr(slash + 1, '/') != NULL : true);

	return fault->guarantee == ORD_GUARANTEE_JOURNAL && verbs && !sub && strstr(verbs, "patch");
}

static int need_caps(const struct needs *w, const struct ord_fault *fault,
		     const struct ord_target *t)
{
	for (const char *at = fault->caps; *at;) {
		size_t n = strcspn(at, " "), of = strcspn(at, "? ");
		char rule[160], watched[160], kind[ORD_KUBE_KIND] = "";

		if (of < n)
			(void)snprintf(kind, sizeof kind, "%.*s", (int)of++, at);
		else
			of = 0;
		(void)snprintf(rule, sizeof rule, "%.*s", (int)(n - of), at + of);
		at += n + (at[n] == ' ');
		if (*kind && !may_be(t, kind))
			continue;
		(void)snprintf(watched, sizeof watched, "%.*s:list,watch", (int)strcspn(rule, ":"),
			       rule);
		if ((is_watched(fault, rule) && need_rule(w, t, watched)) || need_rule(w, t, rule))
			return -1;
	}
	return 0;
}

/* --- its Leases, and how its targets are chosen --------------------------------------------- */

/* In the target's namespace; a node's in kube-node-lease, of what else has none in default. */
static int need_leases(const struct needs *w, const struct ord_target *t, size_t limit)
{
	const char *verbs = "get,create,patch,delete";
	static const struct resource leases = {"coordination.k8s.io", "leases", false};
	struct resource kinds[KINDS_MAX];
	struct scope s = scope_of(t);

	(void)kinds_of(t, kinds);
	if (t->count && t->count < limit)
		limit = t->count;
	if (limit > LEASES_MAX && !(by_name(t) && t->kube->match.names.n <= LEASES_MAX))
		verbs = "get,list,create,patch,delete";
	if (t->kind == ORD_TARGET_NODE)
		return need(w, leases.group, leases.plural, "", verbs, "kube-node-lease", "",
			    false);
	if (kinds[0].cluster_wide)
		return need(w, leases.group, leases.plural, "", verbs, "default", "", false);
	return need_in(w, &s, &leases, "", verbs);
}

/* As kube_match_prepare() reads, which a test compares with this. */
static int need_besides(const struct needs *w, const struct ord_target *t, const struct scope *s)
{
	static const struct resource namespaces = {"", "namespaces", false},
				     replicasets = {"apps", "replicasets", false},
				     jobs = {"batch", "jobs", false};
	const struct ord_kube_target *k = t->kube;
	bool selected = k->match.namespace_selector || k->exclude.namespace_selector;
	bool named = all_exact(&k->match.names);
	bool zones = k->match.zones.n || k->exclude.zones.n || k->spread == ORD_SPREAD_ZONE;

	/* Of a namespace: what may be read within it. */
	if (t->kind != ORD_TARGET_NODE && (selected || !named) &&
	    need_in(w, s, &namespaces, "", s->all ? "list" : "get"))
		return -1;
	if (t->kind == ORD_TARGET_POD && zones && need(w, "", "nodes", "", "list", "", "", false))
		return -1;
	if (t->kind == ORD_TARGET_POD && (k->match.owners.n || k->exclude.owners.n) &&
	    (need_in(w, s, &replicasets, "", "list") || need_in(w, s, &jobs, "", "list")))
		return -1;
	/* Where the API server runs. */
	if (t->kind == ORD_TARGET_NODE && !named)
		return need(w, "discovery.k8s.io", "endpointslices", "", "get", "default",
			    "kubernetes", false) ||
				       need(w, "", "pods", "", "list", "kube-system", "", false)
			       ? -1
			       : 0;
	return 0;
}

static int need_choice(const struct needs *w, const struct ord_target *t)
{
	struct resource kinds[KINDS_MAX];
	struct scope s = scope_of(t);
	size_t n = kinds_of(t, kinds);

	for (size_t i = 0; i < n; i++)
		if (need_in(w, &s, &kinds[i], "", "list"))
			return -1;
	return need_besides(w, t, &s);
}

/* --- what is watched ------------------------------------------------------------------------ */

/* Nodes are seen beside everything; without them the report says nothing of them, no more. */
static int need_view(const struct needs *w, const struct ord_target *t)
{
	static const struct resource sets[] = {
		{"", "pods", false},
		{"discovery.k8s.io", "endpointslices", false},
		{"", "events", false},
		{"apps", "deployments", false},
		{"apps", "statefulsets", false},
		{"apps", "daemonsets", false},
	};
	struct scope s = scope_of(t);

	for (size_t i = 0; i < ORD_COUNT(sets); i++)
		if (need_in(w, &s, &sets[i], "", "list,watch"))
			return -1;
	return need(w, "", "nodes", "", "list,watch", "", "", t->kind != ORD_TARGET_NODE);
}

static int need_probe(struct rule_drafts *d, const struct ord_probe_spec *p, struct ord_err *err)
{
	char why[96];
	struct needs w = {.d = d, .why = why, .err = err};
	struct resource r;

	if (p->kind != ORD_PROBE_KUBE || !p->kube)
		return 0;
	(void)snprintf(why, sizeof why, "probe '%s'", p->name);
	r = resource_of(p->kube->api_version, p->kube->kind);
	return need(&w, r.group, r.plural, "", "list,watch", r.cluster_wide ? "" : p->kube->ns, "",
		    false);
}

/* A channel without a namespace is wherever the targets are. */
static int need_channel(const struct ord_spec *spec, const struct ord_objective *o,
			struct rule_drafts *d, struct ord_err *err)
{
	struct needs w = {.d = d, .why = "detection channel", .err = err};
	const struct ord_kube_channel *c = &o->kube;
	struct resource r;

	if (o->source != ORD_CHANNEL_KUBERNETES)
		return 0;
	r = c->is_event ? (struct resource){"", "events", false}
			: resource_of(c->api_version, c->kind);
	if (*c->ns || r.cluster_wide)
		return need(&w, r.group, r.plural, "", "list,watch",
			    r.cluster_wide || is_glob(c->ns) ? "" : c->ns, "", false);
	for (size_t i = 0; i < spec->n_faults; i++) {
		struct scope s;

		if (!ord_target_in_cluster(spec->faults[i].target.kind))
			continue;
		s = scope_of(&spec->faults[i].target);
		if (need_in(&w, &s, &r, "", "list,watch"))
			return -1;
	}
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int need_fault(struct rule_drafts *d, const struct ord_fault_spec *f, size_t limit,
		      struct ord_err *err)
{
	char why[96];
	struct needs w = {.d = d, .why = why, .err = err};

	if (!ord_target_in_cluster(f->target.kind) || !f->target.kube)
		return 0;
	(void)snprintf(why, sizeof why, "fault '%s'", f->name);
	if (need_caps(&w, f->args->fault, &f->target))
		return -1;
	(void)snprintf(why, sizeof why, "lease of '%s'", f->name);
	if (need_leases(&w, &f->target, limit))
		return -1;
	(void)snprintf(why, sizeof why, "targets of '%s'", f->name);
	if (need_choice(&w, &f->target))
		return -1;
	w.why = "what the report shows";
	return need_view(&w, &f->target);
}

/* It is chosen, and its addresses are read. */
static int need_peer(struct rule_drafts *d, const struct ord_fault_spec *f, struct ord_err *err)
{
	char why[96];
	struct needs w = {.d = d, .why = why, .err = err};

	if (!ord_target_in_cluster(f->peer.kind) || !f->peer.kube)
		return 0;
	(void)snprintf(why, sizeof why, "peer of '%s'", f->name);
	return need_choice(&w, &f->peer) || need_target(&w, &f->peer, "", "get") ? -1 : 0;
}

int ord_cluster_rules(const struct ord_plan *plan, struct ord_rules *ret, struct ord_err *err)
{
	const struct ord_spec *spec = plan->spec;
	struct rule_drafts d = {0};
	int rc = 0;

	for (size_t i = 0; !rc && i < spec->n_faults; i++)
		rc = need_fault(&d, &spec->faults[i], spec->limit_targets, err) ||
				     need_peer(&d, &spec->faults[i], err)
			     ? -1
			     : 0;
	for (size_t i = 0; !rc && i < spec->n_probes; i++)
		rc = need_probe(&d, &spec->probes[i], err);
	for (size_t i = 0; !rc && i < spec->n_objectives; i++)
		rc = need_channel(spec, &spec->objectives[i], &d, err);
	if (!rc)
		rc = rules_pack(&d, ret, err);
	rules_drop(&d);
	return rc;
}
