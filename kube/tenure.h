/*
 * The rules by which one of several holds a Lease, those of client-go's leader election; pure.
 *
 * Another's record counts as held until it has not changed for as long as it says, by our own clock
 * and since we first saw it so: clocks of other machines are believed in nothing. Ours counts from
 * before the request that wrote it was sent, and is given up some time before others may take it.
 *
 * https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
 */
#ifndef ORDEAL_KUBE_TENURE_H
#define ORDEAL_KUBE_TENURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ordeal/tenure.h"

struct kube_tenure {
	char me[ORD_TENURE_HOLDER], name[256], ns[256];
	uint64_t lease_ns, renew_ns, retry_ns;

	json_t *lease; /* owned; as last read or written, NULL: there is none, or it is not known */
	bool absent;   /* there is none */
	json_t *spec;  /* owned; the record that was seen last, whoever wrote it */
	uint64_t seen_ns;  /* CLOCK_BOOTTIME: since when it has been so */
	uint64_t until_ns; /* CLOCK_BOOTTIME: ours before; 0: it is not */
	uint64_t term;
	int64_t other_ns; /* CLOCK_REALTIME: when another last renewed */
};

enum kube_tenure_step {
	KUBE_TENURE_READ, /* what is there is not known */
	KUBE_TENURE_MAKE, /* there is none */
	KUBE_TENURE_WRITE,
	KUBE_TENURE_WAIT, /* it is another's */
};

void kube_tenure_done(struct kube_tenure *t);
/* lease: borrowed, NULL where there is none. */
void kube_tenure_saw(struct kube_tenure *t, const json_t *lease, uint64_t now_ns);
/* What was known may not be so any more. */
void kube_tenure_forget(struct kube_tenure *t);
enum kube_tenure_step kube_tenure_next(const struct kube_tenure *t, uint64_t now_ns);
/* What makes it ours: an object to create, or a merge patch that tests the version. Owned; NULL:
 * out of memory. */
json_t *kube_tenure_take(const struct kube_tenure *t, int64_t wall_ns);
/* The patch that leaves it to nobody. */
json_t *kube_tenure_release(const struct kube_tenure *t, int64_t wall_ns);
/* The server took what was sent at that time. */
void kube_tenure_written(struct kube_tenure *t, const json_t *lease, uint64_t sent_ns,
			 uint64_t now_ns);
bool kube_tenure_ours(const struct kube_tenure *t); /* as far as the record says */
const char *kube_tenure_holder(const struct kube_tenure *t);
/* Until the next try; `random` is uniform over all of its values. */
uint64_t kube_tenure_pause(const struct kube_tenure *t, uint64_t now_ns, uint32_t random);

#endif
