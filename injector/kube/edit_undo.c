/* Taking edits back, and looking whether anything is left of them. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/edit_private.h"
#include "injector/kube/fields.h"
#include "injector/kube/hold.h"
#include "injector/kube/manager.h"
#include "injector/kube/stuck.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const json_t *metadata(const json_t *object)
{
	return json_object_get(object, "metadata");
}

static int kept_tell(const struct inj_edit *e, const json_t *kept)
{
	for (size_t i = 0; i < json_array_size(kept); i++)
		inj_cluster_acted("kept", &e->object, json_string_value(json_array_get(kept, i)));
	return 0;
}

/* What is to be taken back of an object. */
struct way {
	struct kube *kube;
	const struct inj_edit *edit;
	json_t *object; /* owned; as read last */
	bool annotated; /* it says that it is this owner's */
	bool ours;	/* there is something of ours */
	bool done;	/* one patch was enough */
};

/* The JSON patch of the fields, begun with its tests. */
static int way_back(struct way *w, const char *owner, json_t *ops, json_t *kept,
		    struct ord_err *err)
{
	ord_auto(json) json_t *mine = NULL;

	w->annotated = inj_edit_ours(w->object, owner);
	if (!w->annotated) {
		/* Reverted already; or somebody took the annotation away alone. What the field
		 * manager `ordeal` still owns is our change. */
		mine = inj_fields_owned(w->object, w->edit->fields);
	}
	w->ours = w->annotated || json_array_size(mine) > 0;
	if (!w->ours)
		return 0;
	return inj_ops_begin(ops, w->object, err) < 0 ||
			       inj_fields_swap(w->object, w->annotated ? w->edit->fields : mine,
					       false, ops, kept, err) < 0
		       ? -1
		       : 0;
}

/* 1: another was faster. */
static int send_back(struct way *w, const json_t *ops, struct ord_err *err)
{
	json_t *after = NULL;
	int status = 0;

	if (kube_patch(w->kube, &w->edit->object, NULL, KUBE_PATCH_JSON, ops, false,
		       inj_cluster_deadline(), &after, &status, err) == 0) {
		json_decref(w->object);
		w->object = after;
		return 0;
	}
	if ((status == 409 || status == 422) && inj_overtaken(w->kube, &w->edit->object, w->object))
		return 1;
	return inj_cluster_failed(status, err);
}

/* The fields are back; the annotation goes, and with it that we own any of them. */
static int sign_off(struct way *w, struct ord_err *err)
{
	ord_auto(json) json_t *ops = json_array(), *managed = NULL;
	int r;

	if (!ops)
		return ord_fail_nomem(err);
	if (inj_owners_back(w->object, w->edit->fields, w->edit->owners, &managed, err) < 0 ||
	    inj_ops_begin(ops, w->object, err) < 0 ||
	    (w->annotated && inj_op_add(ops, "remove", INJ_ANNOTATION_PATH, NULL, err) < 0))
		return -1;
	if (managed &&
	    inj_op_add(ops, "replace", "/metadata/managedFields", json_incref(managed), err))
		return -1;
	if (json_array_size(ops) == INJ_OPS_BEGIN)
		return 0;
	r = send_back(w, ops, err);
	if (r >= 0 || err->code != ORD_GUARD || !managed || !w->annotated)
		return r;
	/* Somebody lets nobody rewrite the bookkeeping: then the fields stay ours, as they do of
	 * whoever writes one. */
	(void)json_array_remove(ops, json_array_size(ops) - 1);
	return send_back(w, ops, err);
}

/* Members that were not there before: nobody owned them, and nobody does once they are gone. */
static bool at_once(const struct way *w)
{
	for (size_t i = 0; i < json_array_size(w->edit->fields); i++) {
		const json_t *f = json_array_get(w->edit->fields, i);

		if (json_object_get(f, "old") || !inj_field_is_apart(w->object, f))
			return false;
	}
	return json_array_size(w->edit->owners) == 0;
}

/* 1: another was faster. */
static int take_back(struct way *w, const char *owner, json_t *kept, struct ord_err *err)
{
	ord_auto(json) json_t *ops = json_array();
	int r = 0;

	if (!ops)
		return ord_fail_nomem(err);
	if (way_back(w, owner, ops, kept, err) < 0)
		return -1;
	if (w->annotated && at_once(w)) {
		w->done = true;
		if (inj_op_add(ops, "remove", INJ_ANNOTATION_PATH, NULL, err) < 0)
			return -1;
	}
	if (json_array_size(ops) > INJ_OPS_BEGIN)
		r = send_back(w, ops, err);
	if (w->done)
		return r;
	if (r == 0 && w->ours)
		r = inj_stuck_clear(w->kube, w->edit, err);
	return r == 0 && w->ours ? sign_off(w, err) : r;
}

/* 1: another was faster. */
static int undo_once(struct kube *k, const struct inj_edit *e, const char *owner, json_t *kept,
		     enum inj_reverted *ret, struct ord_err *err)
{
	struct way w = {.kube = k, .edit = e};
	int status = 0, r;

	(void)json_array_clear(kept);
	*ret = INJ_OBJECT_GONE;
	if (kube_get(k, &e->object, inj_cluster_deadline(), &w.object, &status, err) < 0)
		return status == 404 ? 0 : inj_cluster_failed(status, err);
	r = 0;
	if (inj_edit_is(w.object, e->object.uid)) { /* else made anew: another */
		r = take_back(&w, owner, kept, err);
		*ret = w.ours ? INJ_REVERTED : INJ_ALREADY;
	}
	json_decref(w.object);
	return r;
}

/* What was made goes, if it is still the one that was made for this owner. */
static int unmake(struct kube *k, const struct inj_edit *e, const char *owner,
		  enum inj_reverted *ret, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;
	struct ord_object o = e->object;
	int status = 0;

	*ret = INJ_OBJECT_GONE;
	if (kube_get(k, &o, inj_cluster_deadline(), &object, &status, err) < 0)
		return status == 404 ? 0 : inj_cluster_failed(status, err);
	*ret = INJ_ALREADY;
	if (!inj_edit_ours(object, owner))
		return 0;
	*ret = INJ_REVERTED;
	if (json_object_get(metadata(object), "deletionTimestamp"))
		return 0;
	(void)snprintf(o.uid, sizeof o.uid, "%s", text_of(metadata(object), "uid"));
	if (kube_delete(k, &o, -1, inj_cluster_deadline(), &status, err) < 0 && status != 404 &&
	    status != 409)
		return inj_cluster_failed(status, err);
	return 0;
}

int inj_edit_undo(struct kube *k, const struct inj_edit *e, const char *owner, json_t *kept,
		  enum inj_reverted *ret, struct ord_err *err)
{
	int r = 1;

	if (e->create)
		return unmake(k, e, owner, ret, err);
	for (int i = 0; r == 1 && i < INJ_TRIES; i++) {
		if (i > 0)
			inj_breathe();
		r = undo_once(k, e, owner, kept, ret, err);
	}
	return r == 1 ? ord_fail(err, ORD_SYS, "others change %s too often", e->object.name) : r;
}

static int undo_one(struct kube *k, const json_t *undo, const json_t *entry, struct ord_err *err)
{
	ord_auto(json) json_t *kept = json_array();
	enum inj_reverted what = INJ_ALREADY;
	char name[INJ_OBJECT_TEXT];
	struct inj_edit e;
	int r;

	if (!kept)
		return ord_fail_nomem(err);
	if (inj_edit_parse(undo, entry, &e, err) < 0)
		return -1;
	r = inj_edit_undo(k, &e, text_of(undo, "owner"), kept, &what, err);
	if (r < 0)
		(void)ord_wrap(err, "%s", inj_object_text(&e.object, name));
	else if (what == INJ_REVERTED)
		inj_cluster_acted("reverted", &e.object, "");
	else if (what == INJ_OBJECT_GONE && !e.create)
		inj_cluster_acted("gone", &e.object, "deleted or made anew meanwhile: left alone");
	if (r == 0)
		r = kept_tell(&e, kept);
	inj_edit_done(&e);
	return r;
}

/* All are tried, whatever becomes of one; the worst error is told: that which waiting may heal. */
int inj_edit_revert(const json_t *undo, struct ord_err *err)
{
	const json_t *edits = json_object_get(undo, "edits");
	struct kube *k = inj_cluster_of(undo, err);
	struct ord_err why;
	int r = 0;

	if (!k)
		return -1;
	for (size_t i = inj_edit_stays(undo) ? 0 : json_array_size(edits); i > 0; i--) {
		inj_beat();
		if (undo_one(k, undo, json_array_get(edits, i - 1), &why) == 0)
			continue;
		if (r == 0 || why.code == ORD_SYS)
			*err = why;
		r = -1;
		/* Who does not answer for one does not answer for the next. */
		if (why.code == ORD_SYS)
			break;
	}
	if (r == 0)
		return inj_hold_release(undo, err);
	return r;
}

static int left_one(struct kube *k, const struct inj_edit *e, const char *owner, json_t *left,
		    struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL, *mine = NULL;
	char what[INJ_OBJECT_TEXT];
	int status = 0;

	if (kube_get(k, &e->object, inj_cluster_deadline(), &object, &status, err) < 0)
		return status == 404 ? 0 : inj_cluster_failed(status, err);
	if (e->fields && !inj_edit_is(object, e->object.uid))
		return 0;
	(void)inj_object_text(&e->object, what);
	if (inj_edit_ours(object, owner) &&
	    json_array_append_new(left,
				  e->create ? json_sprintf("%s", what)
					    : json_sprintf("%s: %s", what, INJ_UNDO_ANNOTATION)))
		return ord_fail_nomem(err);
	if (inj_stuck_left(k, e, left, err) < 0)
		return -1;
	mine = e->fields ? inj_fields_owned(object, e->fields) : NULL;
	for (size_t i = 0; i < json_array_size(mine); i++) {
		char where[INJ_FIELD_TEXT];

		if (json_array_append_new(
			    left, json_sprintf("%s: %s", what,
					       inj_field_text(json_array_get(mine, i), where))))
			return ord_fail_nomem(err);
	}
	return 0;
}

int inj_edit_residue(const json_t *undo, json_t *left, struct ord_err *err)
{
	const json_t *edits = json_object_get(undo, "edits");
	struct kube *k = inj_cluster_of(undo, err);

	if (!k)
		return -1;
	for (size_t i = 0; !inj_edit_stays(undo) && i < json_array_size(edits); i++) {
		struct inj_edit e;
		int r;

		inj_beat();
		if (inj_edit_parse(undo, json_array_get(edits, i), &e, err) < 0)
			return -1;
		r = left_one(k, &e, text_of(undo, "owner"), left, err);
		inj_edit_done(&e);
		if (r < 0)
			return -1;
	}
	return 0;
}
