/*
 * `ordeal rescue --kube`: from any machine, what dead runs of any machine left on a cluster's
 * objects, found by their annotations and taken back by the same compare-and-swap.
 *
 * An annotation may have been written by anybody who may annotate the object, and who sweeps may do
 * more than that: so a field is put back only where managedFields say that `ordeal` wrote it; and
 * what was taken out of an object, which leaves no owner, only where the Lease of the run is there,
 * which its author had to be allowed to make.
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/claim.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/edit_private.h"
#include "injector/kube/fields.h"
#include "injector/kube/manager.h"

#define LIST_NS (60 * ORD_S)

/* What our faults change; others by --kind. */
static const char *const kinds[] = {
	"v1/Node",
	"v1/Pod",
	"v1/Service",
	"apps/v1/Deployment",
	"apps/v1/StatefulSet",
	"apps/v1/DaemonSet",
	"batch/v1/Job",
	"networking.k8s.io/v1/NetworkPolicy",
	"networking.istio.io/v1/VirtualService",
};

struct sweep {
	const struct inj_sweep *asked;
	struct kube *kube;
	json_t *records;
	json_t *found;	/* [object, annotation] of one kind: not to change what is being listed */
	json_t *claims; /* "namespace/name": the claimant, or false: an object still needs it */
	bool forgot;	/* no memory for one that is needed: none is dropped */
	struct kube_kind kind;
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* One answer. Takes left and kept; NULL: none. */
static void tell_kept(struct sweep *s, const json_t *a, const struct ord_object *o,
		      const char *action, json_t *left, json_t *kept, const char *message)
{
	char what[INJ_OBJECT_TEXT];
	json_t *text =
		json_sprintf("%s%s%s", inj_object_text(o, what), *message ? ": " : "", message);

	(void)json_array_append_new(
		s->records,
		json_pack("{s:s s:s s:s s:i s:o s:o s:o}", "lease", text_of(a, "lease"), "fault",
			  text_of(a, "fault"), "action", action, "residue",
			  !strcmp(action, "reverted") ? 0 : -1, "left", left ? left : json_array(),
			  "kept", kept ? kept : json_array(), "message", text));
}

static void tell(struct sweep *s, const json_t *a, const struct ord_object *o, const char *action,
		 json_t *left, const char *message)
{
	tell_kept(s, a, o, action, left, NULL, message);
}

/*
 * "namespace/name" of the run's Lease: who holds it. *ret_there: it vouches for what the annotation
 * of `of` says. A run keeps its Leases beside its targets; one that stands elsewhere may have been
 * made by somebody who may write there alone.
 */
static int claim_read(struct sweep *s, const struct ord_object *of, const json_t *a,
		      char holder[256], int64_t *left, bool *ret_there, struct ord_err *err)
{
	struct ord_object o = {.api_version = "coordination.k8s.io/v1", .kind = "Lease"};
	const char *claim = text_of(a, "claim"), *slash = strchr(claim, '/');
	ord_auto(json) json_t *lease = NULL;
	int status = 0;

	holder[0] = '\0';
	*left = 0;
	*ret_there = false;
	if (!slash || (size_t)(slash - claim) >= sizeof o.ns || strlen(slash + 1) >= sizeof o.name)
		return 0;
	(void)snprintf(o.ns, sizeof o.ns, "%.*s", (int)(slash - claim), claim);
	(void)snprintf(o.name, sizeof o.name, "%s", slash + 1);
	if (strncmp(o.name, "ordeal-", 7) != 0)
		return 0;
	if (kube_get(s->kube, &o, inj_cluster_deadline(), &lease, &status, err) < 0)
		return status == 404 ? 0 : -1;
	*ret_there = !strcmp(o.ns, inj_claim_ns(of)) &&
		     !strcmp(text_of(json_object_get(lease, "spec"), "holderIdentity"),
			     text_of(a, "claimant"));
	return inj_claim_holder(s->kube, o.ns, o.name, holder, left, err);
}

/* A Lease may vouch for several objects: it goes when all have been looked at and are as before. */
static void claim_note(struct sweep *s, const json_t *a, bool needed)
{
	const char *claim = text_of(a, "claim");

	if (needed)
		s->forgot |= json_object_set_new(s->claims, claim, json_false()) < 0;
	else if (!json_object_get(s->claims, claim))
		(void)json_object_set_new(s->claims, claim, json_string(text_of(a, "claimant")));
}

static void claims_drop(struct sweep *s)
{
	const char *claim;
	json_t *claimant;

	if (s->forgot)
		return;
	json_object_foreach (s->claims, claim, claimant) {
		const char *slash = strchr(claim, '/');
		char ns[ORD_KUBE_NS];
		struct ord_err err;

		if (!json_is_string(claimant) || !slash || (size_t)(slash - claim) >= sizeof ns)
			continue;
		(void)snprintf(ns, sizeof ns, "%.*s", (int)(slash - claim), claim);
		(void)kube_lease_drop(s->kube, ns, slash + 1, json_string_value(claimant),
				      inj_cluster_deadline(), &err);
	}
}

/* Its deadline, by the API server's clock; doubts are resolved for who holds it. */
static bool over(const struct sweep *s, const json_t *a)
{
	int64_t at, lo = 0, hi = 0;

	if (s->asked->now)
		return true;
	if (ord_parse_utc(text_of(a, "deadline"), &at))
		return false;
	(void)kube_clock_offset(s->kube, &lo, &hi);
	return (int64_t)ord_wall_ns() + lo > at;
}

/* What is told of one object; both are handed over with the answer. */
struct told {
	json_t *left, *kept;
};

/* The fields that may be put back; what may not is left, and what another has by now is kept. */
static json_t *believed(const json_t *object, const json_t *fields, bool claimed, struct told *t)
{
	ord_auto(json) json_t *owned = inj_fields_owned(object, fields);
	json_t *out = json_array();

	for (size_t i = 0; out && i < json_array_size(fields); i++) {
		json_t *f = json_array_get(fields, i);
		bool back = inj_field_is_back(object, f), stands = inj_field_stands(object, f);
		/* One that is back already has only its owner to get back. */
		bool known = claimed && (back || (stands && !json_object_get(f, "new")));
		char where[INJ_FIELD_TEXT];
		struct ord_err err;

		for (size_t j = 0; j < json_array_size(owned); j++)
			known = known || json_array_get(owned, j) == f;
		if (known)
			(void)json_array_append(out, f);
		else if (stands)
			(void)json_array_append_new(t->left,
						    json_sprintf("%s: not written by ordeal",
								 inj_field_text(f, where)));
		else if (!back)
			(void)inj_field_keep(object, f, t->kept, &err);
	}
	return out;
}

static int edit_make(struct sweep *s, const struct ord_object *o, const json_t *a, bool claimed,
		     struct told *t, struct inj_edit *ret, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;
	json_t *fields = json_object_get(a, "fields"), *owners = json_object_get(a, "owners");
	struct inj_edit e = {.object = *o, .fault = text_of(a, "fault")};

	if (json_is_true(json_object_get(a, "created"))) {
		if (!claimed)
			return ord_fail(err, ORD_GUARD,
					"it says that it was made by a run whose Lease is not "
					"there: left for a person to look at");
		e.create = json_object();
		*ret = e;
		return 0;
	}
	if (inj_fields_validate(fields, err) < 0)
		return -1;
	if (kube_get(s->kube, o, inj_cluster_deadline(), &object, NULL, err) < 0)
		return -1;
	e.fields = believed(object, fields, claimed, t);
	/* Whose they were is as much of a claim. */
	if (claimed && owners && inj_owners_validate(owners, err) == 0)
		e.owners = json_incref(owners);
	*ret = e;
	return e.fields ? 0 : ord_fail_nomem(err);
}

static void fields_list(const struct inj_edit *e, json_t *left)
{
	for (size_t i = 0; i < json_array_size(e->fields); i++) {
		char where[INJ_FIELD_TEXT], old[INJ_VALUE_TEXT];
		const json_t *f = json_array_get(e->fields, i);

		(void)json_array_append_new(
			left, json_sprintf("%s -> %s", inj_field_text(f, where),
					   inj_value_text(json_object_get(f, "old"), old)));
	}
}

static void clear(struct sweep *s, const struct ord_object *o, const json_t *a, bool claimed)
{
	struct told t = {.left = json_array(), .kept = json_array()};
	ord_auto(json) json_t *kept = json_array();
	enum inj_reverted what = INJ_ALREADY;
	struct inj_edit e = {0};
	struct ord_err err = {0};
	const char *action = "reverted";

	if (edit_make(s, o, a, claimed, &t, &e, &err) < 0) {
		action = err.code == ORD_SYS ? "failed" : "refused";
	} else if (s->asked->dry_run) {
		action = "would-revert";
		fields_list(&e, t.left);
	} else if (inj_edit_undo(s->kube, &e, text_of(a, "owner"), kept, &what, &err) < 0) {
		action = "failed";
	} else {
		(void)json_array_extend(t.kept, kept);
	}
	/* What vouches for nothing is not ours to take away. */
	claim_note(s, a, !claimed || strcmp(action, "reverted") != 0);
	tell_kept(s, a, o, action, t.left, t.kept, err.msg);
	inj_edit_done(&e);
}

static void decide(struct sweep *s, const struct ord_object *o, const char *text)
{
	ord_auto(json) json_t *a = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	char holder[256], message[400];
	struct ord_err err;
	bool claimed;
	int64_t left;

	if (!json_is_object(a) || json_integer_value(json_object_get(a, "v")) != 1 ||
	    !*text_of(a, "owner")) {
		tell(s, a, o, "refused", NULL,
		     "its annotation " INJ_UNDO_ANNOTATION " cannot be read: left alone");
		return;
	}
	if (claim_read(s, o, a, holder, &left, &claimed, &err) < 0) {
		claim_note(s, a, true);
		tell(s, a, o, "failed", NULL, err.msg);
	} else if (left > 0) {
		claim_note(s, a, true);
		(void)snprintf(message, sizeof message,
			       "%.200s holds it, for another %lld s unless it renews: left alone",
			       holder, (long long)(left / (int64_t)ORD_S) + 1);
		tell(s, a, o, "held", NULL, message);
	} else if (!over(s, a)) {
		claim_note(s, a, true);
		(void)snprintf(message, sizeof message,
			       "until %.40s, and --now was not given: left alone",
			       text_of(a, "deadline"));
		tell(s, a, o, "held", NULL, message);
	} else {
		clear(s, o, a, claimed);
	}
}

static int see(void *arg, const json_t *item, struct ord_err *err)
{
	struct sweep *s = arg;
	const json_t *m = json_object_get(item, "metadata");
	const char *text = inj_edit_annotation(item);

	if (!text)
		return 0;
	if (json_array_append_new(s->found, json_pack("[[s,s,s,s,s],s]", s->kind.api_version,
						      s->kind.kind, text_of(m, "namespace"),
						      text_of(m, "name"), text_of(m, "uid"), text)))
		return ord_fail_nomem(err);
	return 0;
}

static void unseen(struct sweep *s, const char *kind, const struct ord_err *err)
{
	(void)json_array_append_new(
		s->records, json_pack("{s:s s:s s:s s:i s:[] s:[] s:o}", "lease", "", "fault", "",
				      "action", "failed", "residue", -1, "left", "kept", "message",
				      json_sprintf("%s: not looked at: %s", kind, err->msg)));
}

/* Who may not list a kind changed none of it, either. */
static bool passed_over(const struct sweep *s, bool asked, const struct ord_err *err)
{
	if (s->asked->permitted && strstr(err->msg, "(403"))
		return true;
	/* a kind that we know, and this server does not */
	return !asked && strstr(err->msg, "(404");
}

/* ns NULL: all. */
static void sweep_one(struct sweep *s, const char *text, const char *ns, bool asked)
{
	const struct kube_set set = {.kind = s->kind, .ns = ns, .metadata_only = true};
	struct ord_err err;

	s->found = json_array();
	if (kube_list(s->kube, &set, see, s, ord_now_ns() + LIST_NS, NULL, &err) < 0 &&
	    !passed_over(s, asked, &err))
		unseen(s, text, &err);
	for (size_t i = 0; i < json_array_size(s->found); i++) {
		const json_t *f = json_array_get(s->found, i);
		struct ord_object o;

		if (inj_object_from_json(&o, json_array_get(f, 0), &err) == 0)
			decide(s, &o, json_string_value(json_array_get(f, 1)));
	}
	json_decref(s->found);
	s->found = NULL;
}

/* "apps/v1/Deployment" */
static void sweep_kind(struct sweep *s, const char *text, bool asked)
{
	const struct inj_sweep *in = s->asked;
	const char *slash = strrchr(text, '/');
	char api_version[ORD_KUBE_VERSION];
	struct ord_err err;

	(void)snprintf(api_version, sizeof api_version, "%.*s", slash ? (int)(slash - text) : 0,
		       text);
	if (kube_kind_find(s->kube, api_version, slash ? slash + 1 : text, inj_cluster_deadline(),
			   &s->kind, &err) < 0) {
		if (asked || err.code != ORD_USAGE)
			unseen(s, text, &err);
		return;
	}
	for (size_t i = 0; s->kind.namespaced && i < in->n_namespaces; i++)
		sweep_one(s, text, in->namespaces[i], asked);
	if (!s->kind.namespaced || !in->n_namespaces)
		sweep_one(s, text, NULL, asked);
}

int inj_sweep(const struct inj_sweep *asked, json_t *records, struct ord_err *err)
{
	ord_auto(json) json_t *claims = json_object();
	struct sweep s = {.asked = asked, .records = records, .claims = claims};

	if (!claims)
		return ord_fail_nomem(err);
	if (inj_cluster_open(asked->context, err) < 0)
		return -1;
	s.kube = inj_cluster(err);
	if (!s.kube || kube_greet(s.kube, asked->context, err) < 0)
		return -1;
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		sweep_kind(&s, kinds[i], false);
	for (size_t i = 0; i < asked->n_kinds; i++)
		sweep_kind(&s, asked->kinds[i], true);
	claims_drop(&s);
	return 0;
}
