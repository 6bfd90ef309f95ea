/* The types of a rule file's values (types.c), and its tables (tables.c). */
#ifndef ORDEAL_POLICY_READ_H
#define ORDEAL_POLICY_READ_H

#include "scheduler/policy/rules/rules.h"
#include "scheduler/spec/table.h"

/* types.c */
extern const struct type type_patterns, type_fault_patterns, type_classes, type_environments,
	type_label_rules, type_bounds, type_most_share;

/* tables.c */
extern const struct table table_rules, table_environment;
extern const struct table *const rules_tables[];
extern const size_t n_rules_tables;

#endif
