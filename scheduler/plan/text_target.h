/* The part of the plan's text that is about a cluster. */
#ifndef ORDEAL_PLAN_TEXT_TARGET_H
#define ORDEAL_PLAN_TEXT_TARGET_H

#include <stdio.h>

#include "ordeal/plan.h"

/* "target" or "peer"; t->kube must be there. */
void print_cluster_target(const char *label, const struct ord_target *t, FILE *out);
/* r->place.cluster must be there. */
void print_cluster_place(const struct ord_resolved *r, FILE *out);

#endif
