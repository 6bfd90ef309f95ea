/* The values of filters over objects of a cluster, and the tables that hold them. */
#ifndef ORDEAL_SPEC_CLUSTER_H
#define ORDEAL_SPEC_CLUSTER_H

#include "scheduler/spec/table.h"

/* cluster_values.c; key->min of names is their enum ord_kube_form. */
extern const struct type type_names, type_owners, type_selector, type_annotations, type_label_map,
	type_fields, type_object_condition;
/* Printable, 1 to 4096 bytes. */
bool one_line(const struct node *node);
/* A selector of labels: false, and the mistake is in the sink. */
bool selector_check(struct reader *r, const char *name, const struct node *node);
bool fields_check(struct reader *r, const char *name, const struct node *node);
/* Fields by which objects of a kind (a target's, or "") are not known to be selectable: a warning.
 */
void fields_warn(struct reader *r, const struct node *node, const char *kind);

/* cluster.c */
const struct table *cluster_table(enum ord_target_kind kind);
const struct key *table_key(const struct table *table, const char *name);

#endif
