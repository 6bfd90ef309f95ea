/* What edit.c, hold.c and sweep.c share. */
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
	json_t *fields; /* owned; NULL: the object was made */
	json_t *create; /* owned; NULL: the object was changed */
};
int inj_edit_parse(const json_t *entry, struct inj_edit *ret, struct ord_err *err);
void inj_edit_done(struct inj_edit *e);

/* The annotation's text in an object, NULL: none. Borrowed. */
const char *inj_edit_annotation(const json_t *object);
/* Whether the annotation is this owner's. */
bool inj_edit_ours(const json_t *object, const char *owner);
bool inj_edit_is(const json_t *object, const char *uid);

/* What became of one object. */
enum inj_reverted {
	INJ_REVERTED,	 /* its fields are as they were, but for those in kept */
	INJ_ALREADY,	 /* it was not ours any more */
	INJ_OBJECT_GONE, /* deleted, or made anew: another */
};
/*
 * Takes one edit back by compare-and-swap, with the annotation; texts of what stays go to kept. An
 * error that waiting does not heal is ORD_GUARD.
 */
int inj_edit_undo(struct kube *k, const struct inj_edit *e, const char *owner, json_t *kept,
		  enum inj_reverted *ret, struct ord_err *err);

#endif
