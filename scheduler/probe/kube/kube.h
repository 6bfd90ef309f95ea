/* The kind `kube`: lives in the cluster's module, and asks its client. The host's cluster is a
 * struct kube. */
#ifndef ORDEAL_PROBE_KUBE_H
#define ORDEAL_PROBE_KUBE_H

#include "kube/kube.h"
#include "scheduler/probe/probe.h"

extern const struct prb_kind prb_kube;

#endif
