/*
 * Leases of coordination.k8s.io: who holds a name, until when. Times are those of the API server's
 * clock, as far as its Date headers tell it, and doubts are resolved for who holds the lease.
 * https://kubernetes.io/docs/concepts/architecture/leases/
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/client.h"

#define TRIES 3 /* another may take or give it back between our reading and our writing */

static const struct kube_kind lease_kind = {"coordination.k8s.io/v1", "Lease", "leases", true};

static int name_it(struct ord_object *o, const char *ns, const char *name, struct ord_err *err)
{
	*o = (struct ord_object){.kind = "Lease"};
	(void)snprintf(o->api_version, sizeof o->api_version, "%s", lease_kind.api_version);
	if ((size_t)snprintf(o->ns, sizeof o->ns, "%s", ns) >= sizeof o->ns ||
	    (size_t)snprintf(o->name, sizeof o->name, "%s", name) >= sizeof o->name)
		return ord_fail(err, ORD_USAGE, "the name of a Lease is too long: %s/%s", ns, name);
	return 0;
}

/* Its clock, at the least and at the most, in ns since 1970. */
static void server_now(const struct kube *k, int64_t *ret_lo, int64_t *ret_hi)
{
	int64_t now = (int64_t)ord_wall_ns(), lo = 0, hi = 0;

	(void)kube_clock_offset(k, &lo, &hi);
	*ret_lo = now + lo;
	*ret_hi = now + hi;
}

/* ns that the lease has yet to run at most; <= 0: it has run out, or was given back. */
static int64_t left(const struct kube *k, const json_t *spec)
{
	int64_t lo, hi, renewed,
		seconds = json_integer_value(json_object_get(spec, "leaseDurationSeconds"));

	if (!*kube_text(spec, "holderIdentity") ||
	    ord_parse_utc(kube_text(spec, "renewTime"), &renewed))
		return 0;
	server_now(k, &lo, &hi);
	return renewed + seconds * (int64_t)ORD_S - lo;
}

/* The spec of one that is ours from now on. taken: it was not before. */
static json_t *spec_for(const struct kube *k, const char *holder, uint32_t seconds, bool taken,
			json_int_t transitions)
{
	int64_t lo, hi;
	char now[40];
	json_t *spec;

	server_now(k, &lo, &hi);
	ord_format_utc((uint64_t)hi, now);
	/* A MicroTime has six digits. */
	(void)snprintf(strchr(now, 'Z'), 5, "000Z");
	spec = json_pack("{s:s, s:I, s:s}", "holderIdentity", holder, "leaseDurationSeconds",
			 (json_int_t)seconds, "renewTime", now);
	if (spec && taken &&
	    (json_object_set_new(spec, "acquireTime", json_string(now)) ||
	     json_object_set_new(spec, "leaseTransitions", json_integer(transitions)))) {
		json_decref(spec);
		return NULL;
	}
	return spec;
}

static int make(struct kube *k, const struct ord_object *o, const char *holder, uint32_t seconds,
		uint64_t deadline_ns, int *ret_status, struct ord_err *err)
{
	ord_auto(json) json_t *lease = NULL;
	json_t *spec = spec_for(k, holder, seconds, true, 0);

	lease = json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:o}", "apiVersion", o->api_version,
			  "kind", "Lease", "metadata", "name", o->name, "namespace", o->ns,
			  "labels", "app.kubernetes.io/managed-by", "ordeal", "spec", spec);
	if (!lease)
		return ord_fail_nomem(err);
	return kube_create(k, &lease_kind, o->ns, lease, deadline_ns, NULL, ret_status, err);
}

/* The resourceVersion in the patch makes it a compare-and-swap: 409 where another was faster. */
static int renew(struct kube *k, const struct ord_object *o, const json_t *lease,
		 const char *holder, uint32_t seconds, uint64_t deadline_ns, int *ret_status,
		 struct ord_err *err)
{
	const json_t *spec = json_object_get(lease, "spec");
	bool ours = !strcmp(kube_text(spec, "holderIdentity"), holder);
	json_int_t n = json_integer_value(json_object_get(spec, "leaseTransitions"));
	ord_auto(json) json_t *patch = NULL;

	patch = json_pack("{s:{s:s, s:s}, s:o}", "metadata", "resourceVersion",
			  kube_text(json_object_get(lease, "metadata"), "resourceVersion"), "uid",
			  kube_text(json_object_get(lease, "metadata"), "uid"), "spec",
			  spec_for(k, holder, seconds, !ours, n + 1));
	if (!patch)
		return ord_fail_nomem(err);
	return kube_patch(k, o, NULL, KUBE_PATCH_MERGE, patch, false, deadline_ns, NULL, ret_status,
			  err);
}

static int refuse(const struct ord_object *o, const char *other, int64_t left_ns,
		  struct ord_err *err)
{
	return ord_fail(err, ORD_GUARD, "the Lease %s/%s is held by %.200s for another %lld s",
			o->ns, o->name, other,
			(long long)((left_ns + (int64_t)ORD_S - 1) / (int64_t)ORD_S));
}

/* One go. 1: another changed it meanwhile. */
static int take_once(struct kube *k, const struct ord_object *o, const char *holder,
		     uint32_t seconds, uint64_t deadline_ns, struct ord_err *err)
{
	ord_auto(json) json_t *lease = NULL;
	const json_t *spec;
	const char *other;
	int status = 0, rc;

	if (kube_get(k, o, deadline_ns, &lease, &status, err)) {
		if (status != 404)
			return -1;
		rc = make(k, o, holder, seconds, deadline_ns, &status, err);
		return rc && status == 409 ? 1 : rc;
	}
	spec = json_object_get(lease, "spec");
	other = kube_text(spec, "holderIdentity");
	if (strcmp(other, holder) != 0 && left(k, spec) > 0)
		return refuse(o, other, left(k, spec), err);
	rc = renew(k, o, lease, holder, seconds, deadline_ns, &status, err);
	return rc && (status == 409 || status == 404) ? 1 : rc;
}

int kube_lease_take(struct kube *k, const char *ns, const char *name, const char *holder,
		    uint32_t seconds, uint64_t deadline_ns, struct ord_err *err)
{
	struct ord_object o;
	int rc = 1;

	if (name_it(&o, ns, name, err))
		return -1;
	for (unsigned i = 0; i < TRIES && rc > 0; i++)
		rc = take_once(k, &o, holder, seconds, deadline_ns, err);
	return rc ? -1 : 0;
}

int kube_lease_drop(struct kube *k, const char *ns, const char *name, const char *holder,
		    uint64_t deadline_ns, struct ord_err *err)
{
	ord_auto(json) json_t *lease = NULL;
	struct ord_object o;
	const json_t *meta;
	int status = 0;

	if (name_it(&o, ns, name, err))
		return -1;
	if (kube_get(k, &o, deadline_ns, &lease, &status, err))
		return status == 404 ? 0 : -1;
	if (strcmp(kube_text(json_object_get(lease, "spec"), "holderIdentity"), holder) != 0)
		return 0; /* it ran out, and is another's now */
	meta = json_object_get(lease, "metadata");
	return kube_delete_version(k, &o, kube_text(meta, "uid"),
				   kube_text(meta, "resourceVersion"), deadline_ns, err);
}
