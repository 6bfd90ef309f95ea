#include "injector/kube/claim.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/sha256.h"
#include "injector/kube/cluster.h"
#include "kube/kube.h"

/* More targets than this of one kind in one namespace are claimed together. */
#define MANY  32
#define LABEL "app.kubernetes.io/managed-by=ordeal"

const char *inj_claim_ns(const struct ord_object *o)
{
	if (o->ns[0])
		return o->ns;
	return !strcmp(o->kind, "Node") ? "kube-node-lease" : "default";
}

/* "ordeal-node-0123456789abcdef"; target "" for all of a kind in a namespace. */
static void claim_name(const char *kind, const char *ns, const char *target, char out[64])
{
	char text[ORD_KUBE_KIND + ORD_KUBE_NS + ORD_KUBE_NAME + 3], hex[ORD_SHA256_HEX];
	char low[24];
	size_t i;

	(void)snprintf(text, sizeof text, "%s/%s/%s", kind, ns, target);
	for (i = 0; kind[i] && i + 1 < sizeof low; i++)
		low[i] = (char)tolower((unsigned char)kind[i]);
	low[i] = '\0';
	(void)snprintf(out, 64, "ordeal-%s-%.16s", low, ord_sha256(text, strlen(text), hex));
}

static size_t count_like(const struct ord_cluster_place *p, const struct ord_object *o)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += !strcmp(p->v[i].kind, o->kind) && !strcmp(p->v[i].ns, o->ns);
	return n;
}

static bool claimed(const json_t *claims, const char *ns, const char *name)
{
	for (size_t i = 0; i < json_array_size(claims); i++) {
		const json_t *c = json_array_get(claims, i);

		if (!strcmp(json_string_value(json_array_get(c, 0)), ns) &&
		    !strcmp(json_string_value(json_array_get(c, 1)), name))
			return true;
	}
	return false;
}

json_t *inj_claims_for(const struct ord_cluster_place *p)
{
	ord_auto(json) json_t *claims = json_array();

	for (size_t i = 0; claims && i < p->n; i++) {
		const struct ord_object *o = &p->v[i];
		bool one = count_like(p, o) <= MANY;
		char name[64];

		claim_name(o->kind, o->ns, one ? o->name : "", name);
		if (!claimed(claims, inj_claim_ns(o), name) &&
		    json_array_append_new(claims, json_pack("[s,s,s,s,b]", inj_claim_ns(o), name,
							    o->kind, o->ns, one)))
			return NULL;
	}
	return ord_steal_ptr(claims);
}

/* What a fault made beside its targets is covered by any of its claims, best by one in its own
 * namespace: who sweeps believes no other (sweep.c). */
static void beside(const json_t *claims, const struct ord_object *o, char *out, size_t size)
{
	const json_t *best = json_array_get(claims, 0);

	for (size_t i = json_array_size(claims); i > 0; i--) {
		const json_t *c = json_array_get(claims, i - 1);

		if (!strcmp(json_string_value(json_array_get(c, 0)), inj_claim_ns(o)))
			best = c;
	}
	if (best)
		(void)snprintf(out, size, "%s/%s", json_string_value(json_array_get(best, 0)),
			       json_string_value(json_array_get(best, 1)));
}

void inj_claim_of(const json_t *undo, const struct ord_object *o, char *out, size_t size)
{
	const json_t *claims = json_object_get(undo, "claims");
	const char *const targets[] = {o->name, ""};
	char name[64];

	out[0] = '\0';
	for (size_t i = 0; i < ORD_COUNT(targets) && !out[0]; i++) {
		claim_name(o->kind, o->ns, targets[i], name);
		if (claimed(claims, inj_claim_ns(o), name))
			(void)snprintf(out, size, "%s/%s", inj_claim_ns(o), name);
	}
	if (!out[0])
		beside(claims, o, out, size);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Doubts are resolved for who holds it. */
static int64_t left_ns(const struct kube *k, const json_t *spec)
{
	int64_t lo = 0, hi = 0, renewed;

	if (!*text_of(spec, "holderIdentity") ||
	    ord_parse_utc(text_of(spec, "renewTime"), &renewed))
		return 0;
	(void)kube_clock_offset(k, &lo, &hi);
	return renewed +
	       json_integer_value(json_object_get(spec, "leaseDurationSeconds")) * (int64_t)ORD_S -
	       ((int64_t)ord_wall_ns() + lo);
}

int inj_claim_holder(struct kube *k, const char *ns, const char *name, char ret[256],
		     int64_t *ret_left_ns, struct ord_err *err)
{
	struct ord_object o = {.api_version = "coordination.k8s.io/v1", .kind = "Lease"};
	ord_auto(json) json_t *lease = NULL;
	const json_t *spec;
	int status = 0;

	(void)snprintf(o.ns, sizeof o.ns, "%s", ns);
	(void)snprintf(o.name, sizeof o.name, "%s", name);
	ret[0] = '\0';
	*ret_left_ns = 0;
	if (kube_get(k, &o, inj_cluster_deadline(), &lease, &status, err) < 0)
		return status == 404 ? 0 : -1;
	spec = json_object_get(lease, "spec");
	*ret_left_ns = left_ns(k, spec);
	if (*ret_left_ns > 0)
		(void)snprintf(ret, 256, "%s", text_of(spec, "holderIdentity"));
	return 0;
}

/* The Lease is named: it is what a person can look at. */
static int held(const json_t *claim, const char *lease, const char *holder, int64_t left,
		struct ord_err *err)
{
	const char *ns = json_string_value(json_array_get(claim, 3));

	return ord_fail(
		err, ORD_GUARD,
		"another run holds this target (%s%s%s; Lease %s/%s): %.200s, for another %lld s "
		"unless it renews",
		json_string_value(json_array_get(claim, 2)), ns[0] ? " in " : "", ns,
		json_string_value(json_array_get(claim, 0)), lease, holder,
		(long long)((left + (int64_t)ORD_S - 1) / (int64_t)ORD_S));
}

static int look_one(struct kube *k, const json_t *undo, const json_t *claim, const char *name,
		    struct ord_err *err)
{
	const char *owner = text_of(undo, "claimant");
	char holder[256];
	int64_t left;

	if (inj_claim_holder(k, json_string_value(json_array_get(claim, 0)), name, holder, &left,
			     err) < 0)
		return -1;
	if (left > 0 && strcmp(holder, owner) != 0)
		return held(claim, name, holder, left, err);
	return 0;
}

struct rival {
	const struct kube *kube;
	const char *prefix, *owner;
	char holder[256], lease[64];
	int64_t left;
};

static int rival_see(void *arg, const json_t *item, struct ord_err *err)
{
	struct rival *r = arg;
	const json_t *spec = json_object_get(item, "spec");
	int64_t left = left_ns(r->kube, spec);

	(void)err;
	if (strncmp(text_of(json_object_get(item, "metadata"), "name"), r->prefix,
		    strlen(r->prefix)) != 0 ||
	    left <= 0 || !strcmp(text_of(spec, "holderIdentity"), r->owner))
		return 0;
	(void)snprintf(r->holder, sizeof r->holder, "%s", text_of(spec, "holderIdentity"));
	(void)snprintf(r->lease, sizeof r->lease, "%.63s",
		       text_of(json_object_get(item, "metadata"), "name"));
	r->left = left;
	return 0;
}

/* Of all of a kind in a namespace: whoever holds one of them, by the names that all begin alike. */
static int look_all(struct kube *k, const json_t *undo, const json_t *claim, struct ord_err *err)
{
	const char *name = json_string_value(json_array_get(claim, 1));
	char prefix[64];
	struct rival r = {.kube = k, .prefix = prefix, .owner = text_of(undo, "claimant")};
	struct kube_set set = {.ns = json_string_value(json_array_get(claim, 0)),
			       .selector = LABEL};

	(void)snprintf(prefix, sizeof prefix, "%.*s", (int)(strrchr(name, '-') + 1 - name), name);
	if (kube_kind_find(k, "coordination.k8s.io/v1", "Lease", inj_cluster_deadline(), &set.kind,
			   err) < 0 ||
	    kube_list(k, &set, rival_see, &r, inj_cluster_deadline(), NULL, err) < 0)
		return -1;
	if (r.left > 0)
		return held(claim, r.lease, r.holder, r.left, err);
	return 0;
}

/* The other sort: who claims one looks for who claims all, and the other way round. */
static int look_other(struct kube *k, const json_t *undo, const json_t *claim, struct ord_err *err)
{
	char all[64];

	if (json_is_false(json_array_get(claim, 4)))
		return look_all(k, undo, claim, err);
	claim_name(json_string_value(json_array_get(claim, 2)),
		   json_string_value(json_array_get(claim, 3)), "", all);
	return look_one(k, undo, claim, all, err);
}

static int each(const json_t *undo,
		int (*fn)(struct kube *k, const json_t *undo, const json_t *claim,
			  struct ord_err *err),
		struct ord_err *err)
{
	const json_t *claims = json_object_get(undo, "claims");
	struct kube *k = inj_cluster_of(undo, err);

	if (!k)
		return -1;
	for (size_t i = 0; i < json_array_size(claims); i++)
		if (fn(k, undo, json_array_get(claims, i), err) < 0)
			return -1;
	return 0;
}

static int look(struct kube *k, const json_t *undo, const json_t *claim, struct ord_err *err)
{
	if (look_one(k, undo, claim, json_string_value(json_array_get(claim, 1)), err) < 0)
		return -1;
	return look_other(k, undo, claim, err);
}

static int take_by(struct kube *k, const json_t *undo, const json_t *claim, uint64_t deadline_ns,
		   struct ord_err *err)
{
	return kube_lease_take(k, json_string_value(json_array_get(claim, 0)),
			       json_string_value(json_array_get(claim, 1)),
			       text_of(undo, "claimant"), INJ_CLAIM_SECONDS, deadline_ns, err);
}

static int take(struct kube *k, const json_t *undo, const json_t *claim, struct ord_err *err)
{
	return take_by(k, undo, claim, inj_cluster_deadline(), err);
}

int inj_claims_look(const json_t *undo, struct ord_err *err)
{
	return each(undo, look, err);
}

int inj_claims_take(const json_t *undo, struct ord_err *err)
{
	/* Ours first, then a look for others': of two that come at once one sees the other. */
	return each(undo, take, err) < 0 || each(undo, look_other, err) < 0 ? -1 : 0;
}

int inj_claims_renew(const json_t *undo, struct ord_err *err)
{
	const json_t *claims = json_object_get(undo, "claims");
	struct kube *k = inj_cluster_of(undo, err);
	uint64_t limit = ord_now_ns() + ORD_S;

	if (!k)
		return -1;
	for (size_t i = 0; i < json_array_size(claims); i++)
		if (take_by(k, undo, json_array_get(claims, i), limit, err) < 0)
			return -1;
	return 0;
}

void inj_claims_drop(const json_t *undo)
{
	const json_t *claims = json_object_get(undo, "claims");
	struct ord_err err;
	struct kube *k = inj_cluster_of(undo, &err);

	for (size_t i = 0; k && i < json_array_size(claims); i++) {
		const json_t *c = json_array_get(claims, i);

		if (kube_lease_drop(k, json_string_value(json_array_get(c, 0)),
				    json_string_value(json_array_get(c, 1)),
				    text_of(undo, "claimant"), ord_now_ns() + 2 * ORD_S, &err) < 0)
			return;
	}
}
