/* Whether the API lets us do all that a fault will do: asked before anything is changed. */
#ifndef ORDEAL_INJECTOR_KUBE_RIGHTS_H
#define ORDEAL_INJECTOR_KUBE_RIGHTS_H

#include <jansson.h>

#include "injector/lease/injector.h"
#include "ordeal/err.h"

/* The rules of the fault's entry, for the kinds and namespaces of its targets, and those of its
 * claims. ORD_SKIP with all that is missing. */
int inj_rights_check(const struct inj_step *step, const json_t *undo, struct ord_err *err);

#endif
