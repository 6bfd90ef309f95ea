/* What the faults on workloads share. Pure. */
#ifndef ORDEAL_INJECTOR_KUBE_WORKLOAD_H
#define ORDEAL_INJECTOR_KUBE_WORKLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define WORKLOAD_IMAGE 512

enum workload_kind {
	WORKLOAD_DEPLOYMENT,
	WORKLOAD_STATEFULSET,
	WORKLOAD_REPLICASET,
	WORKLOAD_DAEMONSET,
	WORKLOAD_JOB,
	WORKLOAD_OTHER,
};
enum workload_kind workload_kind(const char *kind);

/* The member at a path of keys, ended by NULL; NULL where one is not there. Borrowed. */
json_t *workload_at(const json_t *object, ...) __attribute__((sentinel));
/* The same as an integer. */
int64_t workload_int(const json_t *object, int64_t absent, const char *a, const char *b);

/* Whether its controller has seen the object as it is now (status.observedGeneration). */
bool workload_observed(const json_t *object);
/* NULL where a change of its template is rolled out; else why not. */
const char *workload_no_rollout(const json_t *object);

/* The index of the container in the pod template: the named one, or ("") the only one. */
int workload_container(const json_t *object, const char *named, size_t *ret, struct ord_err *err);
/* The image with another tag: what stood behind the name (tag, digest) is left out. */
int workload_retag(const char *image, const char *tag, char ret[static WORKLOAD_IMAGE],
		   struct ord_err *err);
/* Whether a container of a pod (or of a template's spec) has that image. */
bool workload_runs(const json_t *pod_spec, const char *container, const char *image);
/* Whether the object has this one among its owners. */
bool workload_owned(const json_t *object, const char *uid);

#endif
