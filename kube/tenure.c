#include "kube/tenure.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "kube/kube.h"

#define SECONDS_MAX 1000000 /* of a record; more is waited for no longer */

void kube_tenure_done(struct kube_tenure *t)
{
	json_decref(t->lease);
	json_decref(t->spec);
	t->lease = t->spec = NULL;
}

const char *kube_tenure_holder(const struct kube_tenure *t)
{
	return kube_text(t->spec, "holderIdentity");
}

bool kube_tenure_ours(const struct kube_tenure *t)
{
	return t->spec && !strcmp(kube_tenure_holder(t), t->me);
}

static void keep(struct kube_tenure *t, const json_t *lease)
{
	json_decref(t->lease);
	t->lease = lease ? json_deep_copy(lease) : NULL;
	t->absent = !lease;
}

void kube_tenure_saw(struct kube_tenure *t, const json_t *lease, uint64_t now_ns)
{
	const json_t *spec = json_object_get(lease, "spec");
	int64_t renewed;

	/* By the record alone: who writes an annotation renews nothing. */
	if (!t->spec || !json_equal(t->spec, spec)) {
		json_decref(t->spec);
		t->spec = spec ? json_deep_copy(spec) : NULL;
		t->seen_ns = now_ns;
	}
	keep(t, lease);
	if (kube_tenure_ours(t))
		return;
	t->until_ns = 0;
	if (!ord_parse_utc(kube_text(spec, "renewTime"), &renewed) && renewed > t->other_ns)
		t->other_ns = renewed;
}

void kube_tenure_forget(struct kube_tenure *t)
{
	keep(t, NULL);
	t->absent = false;
}

static uint64_t said_ns(const struct kube_tenure *t)
{
	json_int_t s = json_integer_value(json_object_get(t->spec, "leaseDurationSeconds"));

	if (s <= 0)
		return t->lease_ns;
	return (uint64_t)(s < SECONDS_MAX ? s : SECONDS_MAX) * ORD_S;
}

enum kube_tenure_step kube_tenure_next(const struct kube_tenure *t, uint64_t now_ns)
{
	if (t->absent)
		return KUBE_TENURE_MAKE;
	if (!t->lease)
		return KUBE_TENURE_READ;
	if (kube_tenure_ours(t) || !*kube_tenure_holder(t) || now_ns >= t->seen_ns + said_ns(t))
		return KUBE_TENURE_WRITE;
	return KUBE_TENURE_WAIT;
}

/* A MicroTime has six digits. */
static void micro_time(int64_t wall_ns, char out[static 40])
{
	size_t n;

	ord_format_utc((uint64_t)wall_ns, out);
	n = strcspn(out, "Z");
	(void)snprintf(out + n, 40 - n, "000Z");
}

static json_t *spec_of(const struct kube_tenure *t, const char *holder, uint64_t seconds,
		       int64_t wall_ns)
{
	json_int_t n = json_integer_value(json_object_get(t->spec, "leaseTransitions"));
	bool same = t->lease && !strcmp(kube_tenure_holder(t), holder);
	char now[40];
	json_t *spec;

	micro_time(wall_ns, now);
	spec = json_pack("{s:s,s:I,s:s}", "holderIdentity", holder, "leaseDurationSeconds",
			 (json_int_t)seconds, "renewTime", now);
	if (!spec || same || !*holder)
		return spec;
	if (!json_object_set_new(spec, "acquireTime", json_string(now)) &&
	    !json_object_set_new(spec, "leaseTransitions", json_integer(t->lease ? n + 1 : 0)))
		return spec;
	json_decref(spec);
	return NULL;
}

static json_t *patch(const struct kube_tenure *t, json_t *spec)
{
	const json_t *meta = json_object_get(t->lease, "metadata");

	return json_pack("{s:{s:s,s:s},s:o}", "metadata", "resourceVersion",
			 kube_text(meta, "resourceVersion"), "uid", kube_text(meta, "uid"), "spec",
			 spec);
}

json_t *kube_tenure_take(const struct kube_tenure *t, int64_t wall_ns)
{
	json_t *spec = spec_of(t, t->me, t->lease_ns / ORD_S, wall_ns);

	if (t->lease)
		return patch(t, spec);
	return json_pack("{s:s,s:s,s:{s:s,s:s,s:{s:s}},s:o}", "apiVersion",
			 "coordination.k8s.io/v1", "kind", "Lease", "metadata", "name", t->name,
			 "namespace", t->ns, "labels", "app.kubernetes.io/managed-by", "ordeal",
			 "spec", spec);
}

json_t *kube_tenure_release(const struct kube_tenure *t, int64_t wall_ns)
{
	return patch(t, spec_of(t, "", 1, wall_ns));
}

void kube_tenure_written(struct kube_tenure *t, const json_t *lease, uint64_t sent_ns,
			 uint64_t now_ns)
{
	bool held = t->until_ns > now_ns;

	kube_tenure_saw(t, lease, now_ns);
	if (!kube_tenure_ours(t))
		return;
	/* After a gap others may have done what they like. */
	if (!held)
		t->term++;
	t->until_ns = sent_ns + t->renew_ns;
}

uint64_t kube_tenure_pause(const struct kube_tenure *t, uint64_t now_ns, uint32_t random)
{
	/* Those that wait do not all ask at the same instant. */
	if (t->until_ns <= now_ns)
		return t->retry_ns + t->retry_ns / 10 * 12 / 1000 * (random % 1001);
	return t->retry_ns;
}
