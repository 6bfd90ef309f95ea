/*
 * Who owns the fields of an object, by metadata.managedFields; and giving them back. Pure.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 *
 * Who changes a field owns it from then on, and whoever owned it before does so no more. A revert
 * that only put the value back would leave the field ordeal's: the next change by
 * `kubectl apply --server-side` would meet a conflict with it. So the owners are noted before the
 * change, and given back what was theirs after it was reverted.
 */
#ifndef ORDEAL_INJECTOR_KUBE_MANAGER_H
#define ORDEAL_INJECTOR_KUBE_MANAGER_H

#include <jansson.h>
#include <stdbool.h>

#include "ordeal/err.h"

/* Those fields that are still new, and by managedFields still ours; owned. */
json_t *inj_fields_owned(const json_t *object, const json_t *fields);
/* Whether `ordeal` owns just this field by now, and no list or map as a whole for its sake. */
bool inj_field_is_apart(const json_t *object, const json_t *field);
/*
 * Who owns a field by the object's managedFields: the manager whose set holds it, or most of the
 * way to it, the latest. "" where nobody but `ordeal` does. Returns out.
 */
#define INJ_MANAGER_TEXT 128
char *inj_field_manager(const json_t *object, const json_t *field,
			char out[static INJ_MANAGER_TEXT]);

/*
 * Who but `ordeal` owns any of the fields as they are before the change: [{"manager", "operation",
 * "apiVersion", "subresource", "time": as in managedFields, "set": of its fieldsV1 what is about
 * these fields, "whole": that was all it had}...]. Owned; NULL: out of memory.
 */
json_t *inj_owners_note(const json_t *object, const json_t *fields);
int inj_owners_validate(const json_t *owners, struct ord_err *err);
/*
 * The managedFields that the object is to have after the revert, owned in *ret; NULL where they
 * are right: `ordeal` owns none of these fields, and those that are as they were are again whose
 * they were (owners; may be NULL). Not where a former owner has written to the object since, and
 * may have given the field up.
 */
int inj_owners_back(const json_t *object, const json_t *fields, const json_t *owners, json_t **ret,
		    struct ord_err *err);

#endif
