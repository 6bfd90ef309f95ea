/*
 * Whether an object is one that a target describes, and who is drawn of those that are. Shared by
 * who selects (scheduler/cluster) and who selects again while a fault lasts (injector/kube).
 * Matching is pure: what must be known of other objects - a namespace's labels, a node's zone, an
 * owner's owner - is kept in a struct kube_around, which remembers what it was asked for in vain.
 */
#ifndef ORDEAL_KUBE_MATCH_H
#define ORDEAL_KUBE_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/kube.h"
#include "ordeal/target.h"

#define KUBE_PROTECT "ordeal.dev/protect" /* label or annotation, "true" */

/* --- what is around an object ---------------------------------------------------------------- */

struct kube_around;

int kube_around_new(struct kube_around **ret, struct ord_err *err);
void kube_around_free(struct kube_around *a); /* NULL is fine */
/*
 * Asks the API server for all that matching missed (kube_match() was 2), so that the same object
 * can be matched again: up to once for each level of ownership. Not from a callback of the client.
 * Returns how many were asked for, or -1.
 */
int kube_around_fetch(struct kube_around *a, struct kube *k, uint64_t deadline_ns,
		      struct ord_err *err);
/* Keeps what is needed of a Namespace, a Node (metadata is enough for both), or of anything that
 * owns and is owned, a ReplicaSet or a Job. -1: out of memory. */
int kube_around_tell(struct kube_around *a, const json_t *object);
/* The wall clock by which ages are counted; not told: the API server's, as far as it is known. */
void kube_around_now(struct kube_around *a, int64_t wall_ns);
/* The pod that this process runs in; not told: by $POD_NAME or the host name, and the service
 * account's namespace. */
int kube_around_self(struct kube_around *a, const char *ns, const char *pod);

/* --- matching -------------------------------------------------------------------------------- */

struct kube_match;

/* t is borrowed, with its t->kube; one in a cluster. ORD_USAGE says which selector is wrong. */
int kube_match_new(const struct ord_target *t, struct kube_match **ret, struct ord_err *err);
void kube_match_free(struct kube_match *m); /* NULL is fine */

#define KUBE_WHY 320
enum kube_matched {
	KUBE_NO_MATCH,
	KUBE_MATCH,
	KUBE_PROTECTED, /* it would be one, but must not be hit */
	KUBE_UNKNOWN,	/* kube_around_fetch, and ask again */
};
/*
 * why: the first thing against it ("label app is api, not orders", "protected: namespace
 * kube-system"), "" where it is one. The object may be partial where kube_match_ask said so. -1:
 * out of memory.
 */
int kube_match(const struct kube_match *m, struct kube_around *a, const json_t *object,
	       char why[static KUBE_WHY], struct ord_err *err);
/*
 * How the API server is asked for those that may match: once for each namespace. Selects there
 * what it can, and asks for metadata alone where no more is needed. explain: everything in those
 * namespaces, for who wants to hear why each is not one.
 */
struct kube_ask {
	size_t n_namespaces;		 /* 0: all of them, or a kind without */
	const char *const *namespaces;	 /* borrowed from m */
	char *selector, *field_selector; /* owned; NULL: any */
	bool metadata_only;
};
int kube_match_ask(const struct kube_match *m, bool explain, struct kube_ask *ret,
		   struct ord_err *err);
void kube_ask_done(struct kube_ask *ask);
/* Reads in bulk what matching will want to know of others, and who we are. */
int kube_match_prepare(const struct kube_match *m, struct kube_around *a, struct kube *k,
		       uint64_t deadline_ns, struct ord_err *err);

/* The kinds of the target: one, of a workload without a kind four. Returns how many. */
#define KUBE_KINDS_MAX 4
size_t kube_match_kinds(const struct kube_match *m, struct ord_object v[static KUBE_KINDS_MAX]);

/* What reading a target's objects asks of the API: "GROUP/RESOURCE:VERBS", the core group as
 * "core", the namespace apart. Pure. */
struct kube_read {
	const char *group, *resource, *verb;
	char ns[ORD_KUBE_NS]; /* "": in all, or cluster-wide */
};
#define KUBE_READS_MAX 640
/* At most max; returns how many. Of objects of other kinds (ORD_TARGET_OBJECT) only what is read
 * besides them. */
size_t kube_match_reads(const struct kube_match *m, struct kube_read *v, size_t max);

/* "Pod", "v1", ns, name, uid of an object. */
void kube_object_of(const json_t *object, struct ord_object *ret);
/* The node that a pod runs on, or the zone of it (or of a node): the group to spread over; "":
 * none. As kube_match(), KUBE_MATCH or KUBE_UNKNOWN. */
int kube_group_of(const struct kube_match *m, struct kube_around *a, const json_t *object,
		  char out[static ORD_KUBE_NAME], struct ord_err *err);

/* --- drawing --------------------------------------------------------------------------------- */

/* How many of n a target asks for: its count, its share rounded up, all; 1 where it says nothing.
 */
size_t kube_wanted(const struct ord_target *t, size_t n);
/*
 * Takes k of n by the seed: taken[i] becomes true for k of them. The same seed and the same order
 * of candidates take the same ones. groups: NULL, or the group of each: then as many from each as
 * can be (they differ by one at most, unless a group has no more).
 */
int kube_draw(const uint32_t *groups, size_t n, size_t k, uint64_t seed, bool *taken,
	      struct ord_err *err);

#endif
