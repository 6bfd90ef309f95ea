/*
 * Changing objects, and taking that back: a compare-and-swap on the fields that were changed, so
 * that what another controller or person changed meanwhile stays.
 *
 * check plans: the fields with their old and new values go into the undo record. The change itself
 * and the annotation ordeal.dev/undo, which says the same to any other machine, are one JSON patch,
 * and so are the revert and the annotation's removal.
 *
 * A fault that changes objects is a check that calls inj_cluster_check and inj_edit_patch for each
 * object, and for the rest these verbs:
 *
 *	.inject = inj_edit_inject, .wait = inj_hold_wait, .wake = inj_hold_wake, .end =
 *inj_hold_end, .revert = inj_edit_revert, .residue = inj_edit_residue, .validate =
 *inj_edit_validate
 */
#ifndef ORDEAL_INJECTOR_KUBE_EDIT_H
#define ORDEAL_INJECTOR_KUBE_EDIT_H

#include <jansson.h>

#include "injector/lease/injector.h"
#include "ordeal/err.h"
#include "ordeal/kube.h"

#define INJ_UNDO_ANNOTATION "ordeal.dev/undo"

/* GET, with the UID compared: ORD_USAGE where it is gone or another. Owned in *ret. */
int inj_edit_read(const struct ord_object *o, json_t **ret, struct ord_err *err);
/*
 * Plans a JSON patch (RFC 6902, an array; borrowed) of one object: reads it, computes which fields
 * change and how they were, lets the server try it without doing it, and adds the fields to undo
 * and a line for each to report's "objects". ORD_GUARD where the object carries another lease's
 * annotation. A patch that changes nothing is a note, and nothing is planned.
 */
int inj_edit_patch(struct inj_step *step, const struct ord_object *o, const json_t *patch,
		   json_t *undo, json_t *report, struct ord_err *err);
/*
 * Plans a new object (borrowed; apiVersion, kind and metadata.name, .namespace in it). The revert
 * deletes it if it is still the one that this lease made. ORD_GUARD where one of that name is
 * there.
 */
int inj_edit_create(struct inj_step *step, const json_t *object, json_t *undo, json_t *report,
		    struct ord_err *err);

/* The verbs. inject tells `acted` for each object, and reads back what it did. */
int inj_edit_inject(struct inj_step *step, struct ord_err *err);
int inj_edit_revert(const json_t *undo, struct ord_err *err);
int inj_edit_residue(const json_t *undo, json_t *left, struct ord_err *err);
int inj_edit_validate(const json_t *undo, struct ord_err *err);

#endif
