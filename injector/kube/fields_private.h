/* What fields.c and fields_diff.c share. */
#ifndef ORDEAL_INJECTOR_KUBE_FIELDS_PRIVATE_H
#define ORDEAL_INJECTOR_KUBE_FIELDS_PRIVATE_H

#include <jansson.h>

#define INJ_FIELDS_MAX 512

/* jansson's getters are const, its iteration is not; nothing is changed through this. */
json_t *inj_loose(const json_t *v);
/* The index of the first element that has the members of name, or that equals the value; -1. */
int inj_find_named(const json_t *list, const json_t *name);
int inj_find_equal(const json_t *list, const json_t *value);

#endif
