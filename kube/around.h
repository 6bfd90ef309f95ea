/* What matching asks of a struct kube_around. Of kube/ alone. */
#ifndef ORDEAL_KUBE_AROUND_H
#define ORDEAL_KUBE_AROUND_H

#include "kube/match.h"

/* These: 0, or 1 where it is not known: kube_around_fetch will ask for it. -1: out of memory. */
int kube_around_namespace(struct kube_around *a, const char *ns, const json_t **ret_labels,
			  bool *ret_protected);
int kube_around_zone(struct kube_around *a, const char *node, const char **ret);
/* Calls each() with every owner, through all levels, until it says true; *ret_top: nothing that is
 * asked for owns this one. */
int kube_around_owned(struct kube_around *a, const json_t *metadata,
		      bool (*each)(void *arg, const char *kind, const char *name, bool *ret_top),
		      void *arg, bool *ret);
/* Whether an API server listens on one of the node's addresses, or runs on it as a pod. */
bool kube_around_serves(const struct kube_around *a, const json_t *node);
bool kube_around_is_self(const struct kube_around *a, const char *ns, const char *pod);
int64_t kube_around_wall(const struct kube_around *a);

/* Where the API server runs; who we are, and its clock. */
int kube_around_learn_servers(struct kube_around *a, struct kube *k, uint64_t deadline_ns,
			      struct ord_err *err);
void kube_around_learn_self(struct kube_around *a, const struct kube *k);

/* "true" as a label or an annotation. */
bool kube_is_protected(const json_t *metadata);

#endif
