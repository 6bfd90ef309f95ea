/* What edit.c, edit_plan.c, edit_undo.c, hold.c and sweep.c share. */
#ifndef ORDEAL_INJECTOR_KUBE_EDIT_PRIVATE_H
#define ORDEAL_INJECTOR_KUBE_EDIT_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>

#include "kube/kube.h"
#include "ordeal/err.h"
#include "ordeal/kube.h"

/* An entry of undo's "edits", decoded. */
struct inj_edit {
	struct ord_object object;
	json_t *fields;	   /* owned; NULL: the object was made */
	json_t *create;	   /* owned; NULL: the object was changed */
	json_t *owners;	   /* owned; whose the fields were (manager.h); NULL: not known */
	const char *fault; /* borrowed: "workload.image" */
};
/* An entry of the record's "edits" (borrowed: undo). ORD_USAGE where it is none. */
int inj_edit_parse(const json_t *undo, const json_t *entry, struct inj_edit *ret,
		   struct ord_err *err);
void inj_edit_done(struct inj_edit *e);

/* The annotation's text in an object, NULL: none. Borrowed. */
const char *inj_edit_annotation(const json_t *object);
/* Whether the annotation is this owner's. */
bool inj_edit_ours(const json_t *object, const char *owner);
bool inj_edit_is(const json_t *object, const char *uid);

#define INJ_ANNOTATION_PATH "/metadata/annotations/ordeal.dev~1undo"
/* Controllers write to busy objects all the time: each of their writes between our reading and our
 * patch is one more try. */
#define INJ_TRIES 20
/* Begins a JSON patch with that many tests: the object must be the one that was read, to the last
 * byte. */
#define INJ_OPS_BEGIN 2
int inj_ops_begin(json_t *ops, const json_t *object, struct ord_err *err);
/* Takes value; NULL: none. */
int inj_op_add(json_t *ops, const char *op, const char *path, json_t *value, struct ord_err *err);
/* Whether somebody else was faster than our patch: then there is a new version to read. */
bool inj_overtaken(struct kube *k, const struct ord_object *o, const json_t *seen);
/* A moment, a random one, before the next try. */
void inj_breathe(void);
/* The change is asked to stay: then there is nothing to take back, and nothing that says so. */
bool inj_edit_stays(const json_t *undo);

/* What became of one object. */
enum inj_reverted {
	INJ_REVERTED,	 /* its fields are as they were, but for those in kept */
	INJ_ALREADY,	 /* it was not ours any more */
	INJ_OBJECT_GONE, /* deleted, or made anew: another */
};
/*
 * Takes one edit back by compare-and-swap: first the fields, then what only their revert lets go
 * (stuck.h), and with the annotation, which comes last, the ownership of the fields. Wherever it is
 * interrupted any machine finds it again. Texts of what stays go to kept. An error that waiting
 * does not heal is ORD_GUARD.
 */
int inj_edit_undo(struct kube *k, const struct inj_edit *e, const char *owner, json_t *kept,
		  enum inj_reverted *ret, struct ord_err *err);

#endif
