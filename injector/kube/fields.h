/*
 * The fields by which two states of an object differ, and going from one state to the other by
 * compare-and-swap. Pure.
 *
 * A field is {"path":[TOKEN...],"old":VALUE,"new":VALUE}; "old" or "new" is absent where the field
 * was, or is. A TOKEN is the name of a member; or an object, which names the element of a list that
 * has these members ({"name":"app"}; {"key":"a","effect":"NoSchedule"}), so that a list may be
 * reordered and grow meanwhile; or {"=":VALUE}, the element that equals the value; or an index,
 * where nothing else names it. "at" is the place of an element that came or went; "made" the length
 * of the shortest part of the path that was not there before, which goes again when it is empty.
 */
#ifndef ORDEAL_INJECTOR_KUBE_FIELDS_H
#define ORDEAL_INJECTOR_KUBE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>

#include "ordeal/err.h"

/* Owned list in *ret, empty where they are equal. */
int inj_fields_diff(const json_t *before, const json_t *after, json_t **ret, struct ord_err *err);
int inj_fields_validate(const json_t *fields, struct ord_err *err);

/*
 * The JSON patch that takes the object from old to new (forward), or back. A field that is not as
 * it must be for that stays: its text goes to kept, unless it is as it shall become. Both lists are
 * appended to.
 */
int inj_fields_swap(const json_t *object, const json_t *fields, bool forward, json_t *ops,
		    json_t *kept, struct ord_err *err);
/* The first field that is not new: its index; -1 where all are. */
int inj_fields_broken(const json_t *object, const json_t *fields);
/* Appends to kept what of a field stays because it is another's: where, its value, by whom. */
int inj_field_keep(const json_t *object, const json_t *field, json_t *kept, struct ord_err *err);
/* Whether a field is new still: left to revert. */
bool inj_field_stands(const json_t *object, const json_t *field);
/* Whether it is as it was before. */
bool inj_field_is_back(const json_t *object, const json_t *field);
/* The values that a server made of the new ones ("1000m" -> "1") become the new ones; ORD_USAGE
 * where it did not take one. */
int inj_fields_adopt(json_t *fields, const json_t *object, struct ord_err *err);

/* The value of a field in the object, borrowed; NULL: absent. */
const json_t *inj_field_value(const json_t *object, const json_t *field);
/* "/spec/containers[name=app]/image", for people. Returns out. */
#define INJ_FIELD_TEXT 256
char *inj_field_text(const json_t *field, char out[static INJ_FIELD_TEXT]);
/* A value as JSON, cut, for people; "nothing" where absent. Returns out. */
#define INJ_VALUE_TEXT 96
char *inj_value_text(const json_t *value, char out[static INJ_VALUE_TEXT]);

#endif
