/* The set of rules while it is made. */
#ifndef ORDEAL_CLUSTER_RULES_H
#define ORDEAL_CLUSTER_RULES_H

#include "ordeal/cluster.h"

struct rule_draft {
	char group[ORD_KUBE_VERSION], resource[ORD_KUBE_KIND + 4], subresource[32], verb[16];
	char ns[ORD_KUBE_NS], name[ORD_KUBE_NAME];
	char why[200];
	bool optional;
};

struct rule_drafts {
	size_t n, room;
	struct rule_draft *v; /* owned */
};

/* Each of the verbs ("get,list"), unless the set has it. */
int rules_need(struct rule_drafts *d, const struct rule_draft *what, const char *verbs,
	       struct ord_err *err);
int rules_pack(struct rule_drafts *d, struct ord_rules *ret, struct ord_err *err);
void rules_drop(struct rule_drafts *d);

#endif
