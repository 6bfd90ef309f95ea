/* What the files of the module share: one cluster that was opened. */
#ifndef ORDEAL_CLUSTER_MODULE_H
#define ORDEAL_CLUSTER_MODULE_H

#include "kube/config.h"
#include "kube/kube.h"
#include "ordeal/cluster.h"

struct ord_cluster {
	struct kube_config *config;
	struct kube *kube;
	struct sd_event *loop;	    /* borrowed; NULL where nothing is watched */
	struct sd_event_source *io; /* of the client's descriptor; NULL: nothing is watched yet */
};

#endif
