/* JSON pointers (RFC 6901) and JSON patches (RFC 6902) on jansson's values. Pure. */
#ifndef ORDEAL_INJECTOR_KUBE_POINTER_H
#define ORDEAL_INJECTOR_KUBE_POINTER_H

#include <jansson.h>
#include <stddef.h>

#include "ordeal/err.h"

#define INJ_POINTER_MAX 2048

/* Appends "/KEY", escaped; ORD_USAGE where it does not fit. */
int inj_pointer_add(char pointer[static INJ_POINTER_MAX], const char *key, struct ord_err *err);
int inj_pointer_add_index(char pointer[static INJ_POINTER_MAX], size_t index, struct ord_err *err);
/* Borrowed; NULL where there is nothing. */
json_t *inj_pointer_get(const json_t *document, const char *pointer);

/* An array of operations with the right members and types; ORD_USAGE names the operation. */
int inj_patch_validate(const json_t *patch, struct ord_err *err);
/* Changes the document in place; on failure it may be half done. ORD_USAGE names the operation. The
 * document is an object and stays one. */
int inj_patch_apply(json_t *document, const json_t *patch, struct ord_err *err);

#endif
