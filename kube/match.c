/* Whether an object is what a target describes. Pure. */
#include "kube/match.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "kube/around.h"
#include "kube/matcher.h"

#define ZONE "topology.kubernetes.io/zone"

/* What one object is asked; why may be NULL (of an exclusion). */
struct asked {
	const struct kube_match *m;
	const struct kube_filter *f;
	struct kube_around *a;
	const json_t *object, *metadata;
	const char *ns, *name;
	bool partial; /* metadata alone: what the server was asked to select, it has */
	char *why;
};

/* Says why, and returns the result. */
__attribute__((format(printf, 3, 4))) static int say(const struct asked *q, int result,
						     const char *fmt, ...)
{
	va_list ap;

	if (!q->why)
		return result;
	va_start(ap, fmt);
	(void)vsnprintf(q->why, KUBE_WHY, fmt, ap);
	va_end(ap);
	return result;
}

#define no(q, ...) say(q, KUBE_NO_MATCH, __VA_ARGS__)

bool kube_any_glob(const struct ord_texts *t, const char *text)
{
	for (size_t i = 0; i < t->n; i++)
		if (!fnmatch(t->v[i], text, 0))
			return true;
	return false;
}

static bool named_exactly(const struct ord_texts *t, const char *text)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->v[i], text))
			return true;
	return false;
}

/* "a or b" */
static const char *alternatives(const struct ord_texts *t, char out[static 128])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < t->n && n < 128; i++)
		n += (size_t)snprintf(out + n, 128 - n, "%s%s", i ? " or " : "", t->v[i]);
	return out;
}

/* --- one question each: KUBE_MATCH, or why not ------------------------------------------------ */

static int match_namespace(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	const json_t *labels = NULL;
	bool is_protected;
	char all[128], why[192];
	int r;

	if (f->namespaces.n && *q->ns && !kube_any_glob(&f->namespaces, q->ns))
		return no(q, "its namespace is %s, not %s", q->ns,
			  alternatives(&f->namespaces, all));
	if (!q->f->ns_selector)
		return KUBE_MATCH;
	r = kube_around_namespace(q->a, q->ns, &labels, &is_protected);
	if (r)
		return r < 0 ? -1 : KUBE_UNKNOWN;
	if (!ord_selector_matches(q->f->ns_selector, labels))
		return no(q, "namespace %s: %s", q->ns,
			  ord_selector_why(q->f->ns_selector, "label", labels, sizeof why, why));
	return KUBE_MATCH;
}

static int match_metadata(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	char all[128], why[256];

	if (f->names.n && !kube_any_glob(&f->names, q->name))
		return no(q, "its name is not %s", alternatives(&f->names, all));
	if (q->f->selector &&
	    !ord_selector_matches(q->f->selector, json_object_get(q->metadata, "labels")))
		return no(q, "%s",
			  ord_selector_why(q->f->selector, "label",
					   json_object_get(q->metadata, "labels"), sizeof why,
					   why));
	if (q->f->annotations &&
	    !ord_selector_matches(q->f->annotations, json_object_get(q->metadata, "annotations")))
		return no(q, "%s",
			  ord_selector_why(q->f->annotations, "annotation",
					   json_object_get(q->metadata, "annotations"), sizeof why,
					   why));
	return KUBE_MATCH;
}

/* Kinds that nobody asks to be owned by another of these. */
static bool is_top(const char *kind)
{
	static const char *const tops[] = {"Deployment", "StatefulSet", "DaemonSet", "CronJob",
					   "Node"};

	for (size_t i = 0; i < ORD_COUNT(tops); i++)
		if (!strcmp(kind, tops[i]))
			return true;
	return false;
}

static bool known_kind(const char *kind)
{
	return is_top(kind) || !strcmp(kind, "ReplicaSet") || !strcmp(kind, "Job");
}

/* Whether every owner that is asked for is of a kind that owns only what is below it. */
static bool known_kinds(const struct ord_texts *owners)
{
	for (size_t i = 0; i < owners->n; i++) {
		char kind[ORD_KUBE_KIND];

		(void)snprintf(kind, sizeof kind, "%.*s", (int)strcspn(owners->v[i], "/"),
			       owners->v[i]);
		if (!known_kind(kind))
			return false;
	}
	return true;
}

static bool is_owner(void *arg, const char *kind, const char *name, bool *ret_top)
{
	const struct ord_texts *owners = arg;
	char both[ORD_KUBE_KIND + ORD_KUBE_NAME + 1];

	(void)snprintf(both, sizeof both, "%s/%s", kind, name);
	*ret_top = is_top(kind) && known_kinds(owners);
	for (size_t i = 0; i < owners->n; i++)
		if (!fnmatch(owners->v[i], both, FNM_CASEFOLD))
			return true;
	return false;
}

static int match_owner(const struct asked *q)
{
	struct ord_texts owners = q->f->of->owners;
	bool owned = false;
	char all[128];
	int r;

	if (!owners.n)
		return KUBE_MATCH;
	r = kube_around_owned(q->a, q->metadata, is_owner, &owners, &owned);
	if (r)
		return r < 0 ? -1 : KUBE_UNKNOWN;
	return owned ? KUBE_MATCH : no(q, "%s does not own it", alternatives(&owners, all));
}

static const char *node_of(const struct asked *q)
{
	if (q->m->kind == ORD_TARGET_NODE)
		return q->name;
	return kube_text(json_object_get(q->object, "spec"), "nodeName");
}

static int zone_of(const struct kube_match *m, struct kube_around *a, const json_t *object,
		   const char **ret)
{
	if (m->kind == ORD_TARGET_NODE) {
		*ret = kube_text(json_object_get(json_object_get(object, "metadata"), "labels"),
				 ZONE);
		return 0;
	}
	return kube_around_zone(a, kube_text(json_object_get(object, "spec"), "nodeName"), ret);
}

static int match_where(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	const char *node = node_of(q), *zone = "";
	char all[128];
	int r;

	if (f->nodes.n && !q->partial && !kube_any_glob(&f->nodes, node))
		return no(q, "it runs on %s, not on %s", *node ? node : "no node",
			  alternatives(&f->nodes, all));
	if (!f->zones.n)
		return KUBE_MATCH;
	r = zone_of(q->m, q->a, q->object, &zone);
	if (r)
		return r < 0 ? -1 : KUBE_UNKNOWN;
	if (!*zone || !kube_any_glob(&f->zones, zone))
		return no(q, "it is in zone %s, not in %s", *zone ? zone : "(none)",
			  alternatives(&f->zones, all));
	return KUBE_MATCH;
}

static int match_phase(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	const char *phase = kube_text(json_object_get(q->object, "status"), "phase");
	char all[128];

	if (q->partial)
		return KUBE_MATCH;
	if (f->phases.n && !named_exactly(&f->phases, phase))
		return no(q, "its phase is %s, not %s", *phase ? phase : "unknown",
			  alternatives(&f->phases, all));
	/* A pod that has ended is nobody's target, unless that is asked for. */
	if (!f->phases.n && q->f == &q->m->match && q->m->kind == ORD_TARGET_POD &&
	    (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed")))
		return no(q, "it has ended (phase %s)", phase);
	return KUBE_MATCH;
}

static int match_condition(const struct asked *q)
{
	const json_t *all = json_object_get(json_object_get(q->object, "status"), "conditions"), *c;
	const char *wanted = q->f->of->condition, *is = wanted ? strchr(wanted, '=') : NULL;
	size_t i, n = is ? (size_t)(is - wanted) : 0;
	const char *status = NULL;

	if (!is)
		return KUBE_MATCH;
	json_array_foreach (all, i, c) {
		const char *type = kube_text(c, "type");

		if (strlen(type) == n && !memcmp(type, wanted, n))
			status = kube_text(c, "status");
	}
	if (status && !strcmp(status, is + 1))
		return KUBE_MATCH;
	if (!status)
		return no(q, "it has no condition %.*s", (int)n, wanted);
	return no(q, "condition %.*s is %s, not %s", (int)n, wanted, status, is + 1);
}

static int match_container(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	const json_t *spec = json_object_get(q->object, "spec"), *c;
	char all[128];
	size_t i;

	if (!f->containers.n)
		return KUBE_MATCH;
	if (q->m->kind == ORD_TARGET_WORKLOAD)
		spec = json_object_get(json_object_get(spec, "template"), "spec");
	json_array_foreach (json_object_get(spec, "containers"), i, c)
		if (kube_any_glob(&f->containers, kube_text(c, "name")))
			return KUBE_MATCH;
	return no(q, "it has no container %s", alternatives(&f->containers, all));
}

static int match_age(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	int64_t made, age;
	char is[32], wanted[32];

	if (!f->older_ns && !f->younger_ns)
		return KUBE_MATCH;
	if (ord_parse_utc(kube_text(q->metadata, "creationTimestamp"), &made))
		return no(q, "it does not say when it was made");
	age = kube_around_wall(q->a) - made;
	age = age < 0 ? 0 : age - age % (int64_t)ORD_S;
	if (f->older_ns && (uint64_t)age < f->older_ns)
		return no(q, "it is %s old, not %s", ord_format_duration(age, is),
			  ord_format_duration((int64_t)f->older_ns, wanted));
	if (f->younger_ns && (uint64_t)age > f->younger_ns)
		return no(q, "it is %s old, more than %s", ord_format_duration(age, is),
			  ord_format_duration((int64_t)f->younger_ns, wanted));
	return KUBE_MATCH;
}

static int match_filter(const struct asked *q)
{
	static int (*const questions[])(const struct asked *) = {
		match_namespace, match_metadata,  match_where,	   match_phase,
		match_age,	 match_condition, match_container, match_owner,
	};

	for (size_t i = 0; i < ORD_COUNT(questions); i++) {
		int r = questions[i](q);

		if (r != KUBE_MATCH)
			return r;
	}
	return KUBE_MATCH;
}

/* --- who is protected ------------------------------------------------------------------------- */

static bool system_namespace(const char *ns)
{
	static const char *const names[] = {"kube-system", "kube-public", "kube-node-lease"};

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (!strcmp(ns, names[i]))
			return true;
	return false;
}

/* KUBE_MATCH: it may be hit. */
static int match_protection(const struct asked *q)
{
	const struct ord_kube_filter *f = q->f->of;
	const json_t *labels;
	bool is_protected = false;
	int r = 0;

	/* Who names it, means it. */
	if (named_exactly(&f->names, q->name))
		return KUBE_MATCH;
	if (system_namespace(q->ns) && !named_exactly(&f->namespaces, q->ns))
		return say(q, KUBE_PROTECTED, "protected: namespace %s", q->ns);
	if (kube_is_protected(q->metadata))
		return say(q, KUBE_PROTECTED, "protected: " KUBE_PROTECT " is true");
	if (q->m->kind == ORD_TARGET_POD && kube_around_is_self(q->a, q->ns, q->name))
		return say(q, KUBE_PROTECTED, "protected: ordeal itself runs in it");
	if (q->m->kind == ORD_TARGET_NODE && kube_around_serves(q->a, q->object))
		return say(q, KUBE_PROTECTED, "protected: the API server runs on it");
	if (*q->ns)
		r = kube_around_namespace(q->a, q->ns, &labels, &is_protected);
	if (r)
		return r < 0 ? -1 : KUBE_UNKNOWN;
	if (is_protected)
		return say(q, KUBE_PROTECTED, "protected: " KUBE_PROTECT " is true of namespace %s",
			   q->ns);
	return KUBE_MATCH;
}

static int match(const struct kube_match *m, struct kube_around *a, const json_t *object, char *why)
{
	const json_t *metadata = json_object_get(object, "metadata");
	struct asked q = {.m = m,
			  .f = &m->match,
			  .a = a,
			  .object = object,
			  .metadata = metadata,
			  .ns = kube_text(metadata, "namespace"),
			  .name = kube_text(metadata, "name"),
			  .partial = !json_object_get(object, "spec") &&
				     !json_object_get(object, "status"),
			  .why = why};
	struct asked out = q;
	int r = match_filter(&q);

	if (r != KUBE_MATCH)
		return r;
	if (json_object_get(metadata, "deletionTimestamp"))
		return no(&q, "it is being deleted already");
	out.f = &m->exclude;
	out.why = NULL;
	r = m->exclude.of ? match_filter(&out) : KUBE_NO_MATCH;
	if (r == KUBE_MATCH)
		return no(&q, "excluded");
	return r == KUBE_NO_MATCH ? match_protection(&q) : r;
}

int kube_match(const struct kube_match *m, struct kube_around *a, const json_t *object,
	       char why[static KUBE_WHY], struct ord_err *err)
{
	int r;

	why[0] = '\0';
	r = match(m, a, object, why);
	return r < 0 ? ord_fail_nomem(err) : r;
}

int kube_group_of(const struct kube_match *m, struct kube_around *a, const json_t *object,
		  char out[static ORD_KUBE_NAME], struct ord_err *err)
{
	const char *group = "";
	int r = 0;

	if (m->of->kube->spread == ORD_SPREAD_NODE)
		group = kube_text(json_object_get(object, "spec"), "nodeName");
	else if (m->of->kube->spread == ORD_SPREAD_ZONE)
		r = zone_of(m, a, object, &group);
	if (r)
		return r < 0 ? ord_fail_nomem(err) : (int)KUBE_UNKNOWN;
	(void)snprintf(out, ORD_KUBE_NAME, "%s", group);
	return KUBE_MATCH;
}

void kube_object_of(const json_t *object, struct ord_object *ret)
{
	const json_t *metadata = json_object_get(object, "metadata");

	*ret = (struct ord_object){0};
	(void)snprintf(ret->api_version, sizeof ret->api_version, "%s",
		       kube_text(object, "apiVersion"));
	(void)snprintf(ret->kind, sizeof ret->kind, "%s", kube_text(object, "kind"));
	(void)snprintf(ret->ns, sizeof ret->ns, "%s", kube_text(metadata, "namespace"));
	(void)snprintf(ret->name, sizeof ret->name, "%s", kube_text(metadata, "name"));
	(void)snprintf(ret->uid, sizeof ret->uid, "%s", kube_text(metadata, "uid"));
}
