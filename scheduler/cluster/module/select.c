/* Who is behind a target in the cluster now. Lists are read page by page; what is kept of an object
 * that matches is its name and its UID. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/match.h"
#include "scheduler/cluster/module/cluster.h"
#include "scheduler/cluster/module/missing.h"
#include "scheduler/cluster/module/pool.h"

#define DEADLINE_NS (120 * ORD_S)
#define PASSES_MAX  10 /* one for each level of ownership that is not known beforehand */

struct selection {
	struct ord_cluster *c;
	const struct ord_target *t;
	struct kube_match *m;
	struct kube_around *a;
	struct ord_object kinds[KUBE_KINDS_MAX];
	size_t n_kinds;
	uint32_t kind; /* that is being listed */
	uint64_t deadline_ns;
	struct pool pool;
	size_t n_protected;
	char why[KUBE_WHY]; /* of the first that is protected */
	bool unknown;
	bool explain, telling;
	bool nobody;	  /* nothing matches, and the message does not say why yet */
	json_t *by_field; /* explain: UIDs that the field selector takes; NULL: all */
	ord_cluster_told *told;
	void *arg;
};

static void tell(const struct selection *s, const json_t *item, enum ord_told what, const char *why)
{
	struct ord_object o;

	if (!s->telling)
		return;
	kube_object_of(item, &o);
	s->told(s->arg, &o, what, why);
}

static int take(struct selection *s, const json_t *item, struct ord_err *err)
{
	char group[ORD_KUBE_NAME];
	struct ord_object o;
	int r = kube_group_of(s->m, s->a, item, group, err);

	if (r < 0)
		return -1;
	if (r == KUBE_UNKNOWN) {
		s->unknown = true;
		return 0;
	}
	kube_object_of(item, &o);
	return pool_add(&s->pool, s->kind, &o, group, err);
}

static bool field_takes(const struct selection *s, const json_t *item)
{
	const char *uid =
		json_string_value(json_object_get(json_object_get(item, "metadata"), "uid"));

	return !s->by_field || (uid && json_object_get(s->by_field, uid));
}

static int look_at(void *arg, const json_t *item, struct ord_err *err)
{
	struct selection *s = arg;
	char why[KUBE_WHY];
	int r = kube_match(s->m, s->a, item, why, err);

	if (r < 0)
		return -1;
	if (r == KUBE_UNKNOWN) {
		s->unknown = true;
		return 0;
	}
	if (r == KUBE_MATCH && !field_takes(s, item)) {
		tell(s, item, ORD_TOLD_NO_MATCH, "the field selector does not take it");
		return 0;
	}
	if (r == KUBE_MATCH)
		return take(s, item, err);
	if (r == KUBE_PROTECTED && field_takes(s, item) && !s->n_protected++)
		memcpy(s->why, why, sizeof s->why);
	tell(s, item, r == KUBE_PROTECTED ? ORD_TOLD_PROTECTED : ORD_TOLD_NO_MATCH, why);
	return 0;
}

/* The kind must have namespaces where one is named, and the other way round. */
static int check_namespaced(const struct selection *s, const struct kube_kind *kind,
			    struct ord_err *err)
{
	const struct ord_kube_filter *f = &s->t->kube->match;
	bool named = f->namespaces.n || f->namespace_selector;

	if (s->t->kind != ORD_TARGET_OBJECT || named == kind->namespaced)
		return 0;
	return kind->namespaced
		       ? ord_fail(err, ORD_USAGE,
				  "a %s is in a namespace: name it, or say '*' for all", kind->kind)
		       : ord_fail(err, ORD_USAGE, "a %s is in no namespace", kind->kind);
}

/* A 400 is of the selectors, which a person wrote. */
static int list_one(struct selection *s, const struct kube_set *set,
		    int (*each)(void *arg, const json_t *item, struct ord_err *err),
		    struct ord_err *err)
{
	if (!kube_list(s->c->kube, set, each, s, s->deadline_ns, NULL, err))
		return 0;
	if (strstr(err->msg, "(400 BadRequest)"))
		err->code = ORD_USAGE;
	return -1;
}

static int list_kind(struct selection *s, const struct kube_ask *ask,
		     int (*each)(void *arg, const json_t *item, struct ord_err *err),
		     struct ord_err *err)
{
	struct kube_set set = {.selector = ask->selector,
			       .field_selector = ask->field_selector,
			       .metadata_only = ask->metadata_only};
	const struct ord_object *k = &s->kinds[s->kind];

	if (kube_kind_find(s->c->kube, k->api_version, k->kind, s->deadline_ns, &set.kind, err) ||
	    check_namespaced(s, &set.kind, err))
		return -1;
	if (!set.kind.namespaced || !ask->n_namespaces)
		return list_one(s, &set, each, err);
	for (size_t i = 0; i < ask->n_namespaces; i++) {
		set.ns = ask->namespaces[i];
		if (list_one(s, &set, each, err))
			return -1;
	}
	return 0;
}

static int list_all(struct selection *s, const struct kube_ask *ask,
		    int (*each)(void *arg, const json_t *item, struct ord_err *err),
		    struct ord_err *err)
{
	for (s->kind = 0; s->kind < s->n_kinds; s->kind++)
		if (list_kind(s, ask, each, err))
			return -1;
	return 0;
}

static void begin_pass(struct selection *s)
{
	pool_clear(&s->pool);
	s->n_protected = 0;
	s->unknown = false;
}

/* Again and again until nothing had to be left open. */
static int list_until_known(struct selection *s, const struct kube_ask *ask, struct ord_err *err)
{
	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		begin_pass(s);
		if (list_all(s, ask, look_at, err))
			return -1;
		if (!s->unknown)
			return 0;
		if (kube_around_fetch(s->a, s->c->kube, s->deadline_ns, err) < 0)
			return -1;
	}
	return ord_fail(err, ORD_SYS,
			"the owners of what matches change faster than they can be read");
}

/* --- why others are not ----------------------------------------------------------------------- */

static int keep_uid(void *arg, const json_t *item, struct ord_err *err)
{
	struct selection *s = arg;
	const char *uid =
		json_string_value(json_object_get(json_object_get(item, "metadata"), "uid"));

	if (uid && json_object_set_new(s->by_field, uid, json_true()))
		return ord_fail_nomem(err);
	return 0;
}

/* Only the server can judge a field selector. */
static int ask_fields(struct selection *s, const struct kube_ask *all, struct ord_err *err)
{
	const char *fields = s->t->kube->match.field_selector;
	struct kube_ask ask = *all;
	int r;

	if (!fields)
		return 0;
	s->by_field = json_object();
	ask.field_selector = strdup(fields);
	if (!s->by_field || !ask.field_selector) {
		free(ask.field_selector);
		return ord_fail_nomem(err);
	}
	ask.metadata_only = true;
	r = list_all(s, &ask, keep_uid, err);
	free(ask.field_selector);
	return r;
}

static int list_matching(struct selection *s, struct ord_err *err)
{
	struct kube_ask ask;
	int r;

	if (kube_match_ask(s->m, s->explain, &ask, err))
		return -1;
	r = s->explain ? ask_fields(s, &ask, err) : 0;
	if (!r)
		r = list_until_known(s, &ask, err);
	if (!r && s->explain) {
		begin_pass(s);
		s->telling = true;
		r = list_all(s, &ask, look_at, err);
	}
	kube_ask_done(&ask);
	return r;
}

/* --- who is taken ----------------------------------------------------------------------------- */

static const char *what(const struct selection *s, bool many)
{
	static const char *const names[][2] = {{"pod", "pods"},
					       {"node", "nodes"},
					       {"workload", "workloads"},
					       {"service", "services"},
					       {"object", "objects"}};

	return names[s->t->kind - ORD_TARGET_POD][many];
}

/* How many; an error says what a person can do. */
static int decide(struct selection *s, size_t limit, size_t *ret, struct ord_err *err)
{
	bool selects = s->t->all || s->t->count || s->t->percent_ppm;
	size_t n = s->pool.n, k = kube_wanted(s->t, n);
	bool later = s->t->kube->follow && s->t->all;
	char names[200];

	if (!n && s->n_protected)
		return ord_fail(err, ORD_GUARD, "%zu %s, none of which may be hit: %s",
				s->n_protected, s->n_protected == 1 ? "matches" : "match", s->why);
	if (!n && !later) {
		s->nobody = true;
		return ord_fail(err, ORD_USAGE, "no %s matches", what(s, false));
	}
	if (!selects && n > 1)
		return ord_fail(err, ORD_USAGE,
				"%zu %s match (%s); name one, or say count, percent or all", n,
				what(s, true), pool_names(&s->pool, sizeof names, names));
	if (k > n)
		return ord_fail(err, ORD_USAGE, "%zu %s are asked for, but only %zu match", k,
				what(s, true), n);
	if (limit && k > limit)
		return ord_fail(err, ORD_GUARD,
				"it would hit %zu %s, more than the limit of %zu (limits.targets, "
				"--limit)",
				k, what(s, true), limit);
	if (k > ORD_CLUSTER_OBJECTS_MAX)
		return ord_fail(err, ORD_GUARD, "it would hit %zu %s; at most %d can be", k,
				what(s, true), ORD_CLUSTER_OBJECTS_MAX);
	*ret = k;
	return 0;
}

static int draw(const struct selection *s, size_t k, uint64_t seed, bool *taken,
		struct ord_err *err)
{
	ord_autofree uint32_t *groups = NULL;

	if (!s->t->kube->spread || !s->pool.n)
		return kube_draw(NULL, s->pool.n, k, seed, taken, err);
	groups = calloc(s->pool.n, sizeof *groups);
	if (!groups)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < s->pool.n; i++)
		groups[i] = s->pool.v[i].group;
	return kube_draw(groups, s->pool.n, k, seed, taken, err);
}

/* Of those that match: taken is NULL where none is chosen at all. */
static void tell_drawn(const struct selection *s, const bool *taken)
{
	for (size_t i = 0; s->telling && i < s->pool.n; i++) {
		bool chosen = taken && taken[i];
		struct ord_object o;

		pool_get(&s->pool, i, &o);
		s->told(s->arg, &o, chosen ? ORD_TOLD_CHOSEN : ORD_TOLD_NOT_CHOSEN,
			chosen	? ""
			: taken ? "it matches, but was not drawn"
				: "it matches, but none is chosen");
	}
}

static int fill_place(const struct selection *s, const bool *taken, size_t k, size_t limit,
		      struct ord_cluster_place *p, struct ord_err *err)
{
	const struct kube_config *config = s->c->config;

	(void)snprintf(p->context, sizeof p->context, "%s", kube_config_context(config));
	(void)snprintf(p->server, sizeof p->server, "%s", kube_config_server(config));
	p->limit = limit ? limit : k;
	p->v = calloc(k ? k : 1, sizeof *p->v);
	if (!p->v)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < s->pool.n; i++)
		if (taken[i])
			pool_get(&s->pool, i, &p->v[p->n++]);
	if (s->t->kind != ORD_TARGET_POD)
		return 0;
	p->follow = calloc(1, sizeof *p->follow);
	return p->follow ? ord_kube_target_copy(s->t->kube, p->follow, err) : ord_fail_nomem(err);
}

static int choose(struct selection *s, uint64_t seed, size_t limit, struct ord_place *ret,
		  struct ord_err *err)
{
	ord_autofree bool *taken = calloc(s->pool.n ? s->pool.n : 1, sizeof *taken);
	struct ord_cluster_place *p;
	size_t k = 0;

	if (!taken)
		return ord_fail_nomem(err);
	if (pool_sort(&s->pool, err))
		return -1;
	if (decide(s, limit, &k, err)) {
		tell_drawn(s, NULL);
		return -1;
	}
	if (draw(s, k, seed, taken, err))
		return -1;
	tell_drawn(s, taken);
	p = calloc(1, sizeof *p);
	if (!p)
		return ord_fail_nomem(err);
	ret->cluster = p;
	return fill_place(s, taken, k, limit, p, err);
}

static int select_all(struct selection *s, uint64_t seed, size_t limit, struct ord_place *ret,
		      struct ord_err *err)
{
	if (kube_match_new(s->t, &s->m, err) || kube_around_new(&s->a, err))
		return -1;
	s->n_kinds = kube_match_kinds(s->m, s->kinds);
	s->pool.kinds = s->kinds;
	if (kube_match_prepare(s->m, s->a, s->c->kube, s->deadline_ns, err) ||
	    list_matching(s, err))
		return -1;
	return choose(s, seed, limit, ret, err);
}

/* --- why nothing is ----------------------------------------------------------------------------
 */

struct reason {
	size_t n;
	char first[ORD_KUBE_NAME], why[KUBE_WHY];
};

static void reason_keep(void *arg, const struct ord_object *o, enum ord_told what, const char *why)
{
	struct reason *r = arg;

	(void)what;
	if (r->n++)
		return;
	(void)snprintf(r->first, sizeof r->first, "%s", o->name);
	(void)snprintf(r->why, sizeof r->why, "%s", why);
}

/* A person has mistyped a name, a label or a namespace: says which, as far as that can be known. */
static void say_why_nobody(struct selection *s, struct ord_err *err)
{
	const struct missing m = {.kube = s->c->kube,
				  .f = &s->t->kube->match,
				  .kinds = s->kinds,
				  .n_kinds = s->n_kinds,
				  .what = what(s, false),
				  .deadline_ns = s->deadline_ns};
	struct reason r = {0};
	struct ord_err ignored;
	int failed;

	if (missing_tell(&m, err) || s->explain) /* then each has been told of */
		return;
	s->told = reason_keep;
	s->arg = &r;
	s->explain = true;
	failed = list_matching(s, &ignored);
	s->told = NULL;
	s->arg = NULL;
	if (failed)
		return;
	if (!r.n)
		(void)ord_fail(err, ORD_USAGE, "no %s matches: there is none", what(s, false));
	else if (r.n == 1)
		(void)ord_fail(err, ORD_USAGE, "no %s matches: there is one, %s: %s",
			       what(s, false), r.first, r.why);
	else
		(void)ord_fail(err, ORD_USAGE,
			       "no %s matches: there are %zu, the first %s: %s; `ordeal targets` "
			       "tells of all",
			       what(s, false), r.n, r.first, r.why);
}

int ord_cluster_resolve(struct ord_cluster *c, const struct ord_target *t, uint64_t seed,
			size_t limit_targets, struct ord_place *ret, ord_cluster_told *told,
			void *arg, struct ord_err *err)
{
	struct selection s = {.c = c,
			      .t = t,
			      .deadline_ns = ord_now_ns() + DEADLINE_NS,
			      .explain = told != NULL,
			      .told = told,
			      .arg = arg};
	ord_autofree struct ord_place *place = calloc(1, sizeof *place);
	int r;

	if (!place)
		return ord_fail_nomem(err);
	r = select_all(&s, seed, limit_targets, place, err);
	if (s.nobody)
		say_why_nobody(&s, err);
	if (!r)
		*ret = *place;
	else
		ord_place_done(place);
	pool_done(&s.pool);
	json_decref(s.by_field);
	kube_around_free(s.a);
	kube_match_free(s.m);
	return r;
}
