#include "injector/kube/edit.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/claim.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit_private.h"
#include "injector/kube/fields.h"
#include "injector/kube/hold.h"
#include "injector/kube/watch.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const json_t *metadata(const json_t *object)
{
	return json_object_get(object, "metadata");
}

const char *inj_edit_annotation(const json_t *object)
{
	return json_string_value(json_object_get(json_object_get(metadata(object), "annotations"),
						 INJ_UNDO_ANNOTATION));
}

bool inj_edit_ours(const json_t *object, const char *owner)
{
	const char *text = inj_edit_annotation(object);
	ord_auto(json) json_t *a = text ? json_loads(text, 0, NULL) : NULL;

	return a && *owner && !strcmp(text_of(a, "owner"), owner);
}

bool inj_edit_is(const json_t *object, const char *uid)
{
	return !strcmp(text_of(metadata(object), "uid"), uid);
}

/* What the annotation says to any machine. Owned text. */
static char *annotation(const struct inj_step *step, const json_t *undo, const struct inj_edit *e)
{
	char deadline[32], claim[ORD_KUBE_NS + ORD_KUBE_NAME];
	ord_auto(json) json_t *a = NULL;

	ord_format_utc(ord_wall_ns() + step->hold_ns, deadline);
	inj_claim_of(undo, &e->object, claim, sizeof claim);
	a = json_pack("{s:i s:s s:s s:s s:s s:s s:s}", "v", 1, "lease", step->lease, "owner",
		      text_of(undo, "owner"), "claimant", text_of(undo, "claimant"), "fault",
		      text_of(undo, "fault"), "deadline", deadline, "claim", claim);
	if (!a || (e->fields ? json_object_set(a, "fields", e->fields)
			     : json_object_set_new(a, "created", json_true())))
		return NULL;
	if (json_array_size(e->owners) > 0 && json_object_set(a, "owners", e->owners))
		return NULL;
	return json_dumps(a, JSON_COMPACT | JSON_SORT_KEYS);
}

int inj_op_add(json_t *ops, const char *op, const char *path, json_t *value, struct ord_err *err)
{
	json_t *o = json_pack("{s:s s:s}", "op", op, "path", path);

	if (!o || (value && json_object_set(o, "value", value)) || json_array_append_new(ops, o)) {
		json_decref(value);
		return ord_fail_nomem(err);
	}
	json_decref(value);
	return 0;
}

int inj_ops_begin(json_t *ops, const json_t *object, struct ord_err *err)
{
	const json_t *m = metadata(object);

	return inj_op_add(ops, "test", "/metadata/uid", json_string(text_of(m, "uid")), err) < 0 ||
			       inj_op_add(ops, "test", "/metadata/resourceVersion",
					  json_string(text_of(m, "resourceVersion")), err) < 0
		       ? -1
		       : 0;
}

bool inj_overtaken(struct kube *k, const struct ord_object *o, const json_t *seen)
{
	ord_auto(json) json_t *now = NULL;
	struct ord_err err;

	return kube_get(k, o, inj_cluster_deadline(), &now, NULL, &err) < 0 ||
	       strcmp(text_of(metadata(now), "resourceVersion"),
		      text_of(metadata(seen), "resourceVersion")) != 0;
}

void inj_breathe(void)
{
	uint8_t draw = 0;

	(void)!getrandom(&draw, sizeof draw, 0);
	inj_beat();
	(void)usleep((useconds_t)(5 + draw % 30) * 1000);
}

/* --- the change ------------------------------------------------------------------------------ */

bool inj_edit_stays(const json_t *undo)
{
	return json_is_true(json_object_get(undo, "stays"));
}

static int annotate(json_t *ops, const json_t *object, char *text, struct ord_err *err)
{
	ord_autofree char *owned = text;

	if (!text)
		return ord_fail_nomem(err);
	if (!json_is_object(json_object_get(metadata(object), "annotations")) &&
	    inj_op_add(ops, "add", "/metadata/annotations", json_object(), err) < 0)
		return -1;
	return inj_op_add(ops, "add", INJ_ANNOTATION_PATH, json_string(owned), err);
}

/* It was looked at in check: what has changed since is not overwritten. */
static int changes(const struct inj_edit *e, const json_t *object, json_t *ops, struct ord_err *err)
{
	ord_auto(json) json_t *kept = json_array();
	char what[INJ_OBJECT_TEXT];

	if (!kept || inj_ops_begin(ops, object, err) < 0 ||
	    inj_fields_swap(object, e->fields, true, ops, kept, err) < 0)
		return -1;
	if (json_array_size(kept) > 0)
		return ord_fail(err, ORD_GUARD, "%s changed since it was looked at: %.300s",
				inj_object_text(&e->object, what),
				json_string_value(json_array_get(kept, 0)));
	return 0;
}

static int in_force(const struct inj_edit *e, const json_t *object, struct ord_err *err)
{
	int broken = inj_fields_broken(object, e->fields);
	char what[INJ_OBJECT_TEXT], where[INJ_FIELD_TEXT], value[INJ_VALUE_TEXT];
	const json_t *f;

	if (broken < 0)
		return 0;
	f = json_array_get(e->fields, (size_t)broken);
	return ord_fail(err, ORD_SYS, "%s: not in force: %s is %s",
			inj_object_text(&e->object, what), inj_field_text(f, where),
			inj_value_text(inj_field_value(object, f), value));
}

/* 1: another was faster. */
static int patch_once(struct inj_step *step, struct kube *k, const json_t *undo,
		      const struct inj_edit *e, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL, *after = NULL, *ops = json_array();
	int status = 0;

	if (inj_edit_read(&e->object, &object, err) < 0)
		return -1;
	if (inj_edit_ours(object, text_of(undo, "owner")))
		return in_force(e, object, err); /* the answer to our patch was lost */
	if (inj_edit_annotation(object))
		return ord_fail(err, ORD_GUARD, "another fault was faster");
	if (changes(e, object, ops, err) < 0 ||
	    (!inj_edit_stays(undo) && annotate(ops, object, annotation(step, undo, e), err) < 0))
		return -1;
	if (kube_patch(k, &e->object, NULL, KUBE_PATCH_JSON, ops, false, inj_cluster_deadline(),
		       &after, &status, err) == 0)
		return in_force(e, after, err);
	if ((status == 409 || status == 422 || status == 0) && inj_overtaken(k, &e->object, object))
		return 1;
	return inj_cluster_failed(status, err);
}

static int create_once(struct inj_step *step, struct kube *k, const json_t *undo,
		       struct inj_edit *e, struct ord_err *err)
{
	ord_auto(json) json_t *object = json_deep_copy(e->create), *made = NULL;
	ord_autofree char *text = annotation(step, undo, e);
	struct kube_kind kind;
	json_t *meta = json_object_get(object, "metadata");
	int status = 0;

	if (!object || !text)
		return ord_fail_nomem(err);
	if (!json_is_object(json_object_get(meta, "annotations")))
		(void)json_object_set_new(meta, "annotations", json_object());
	if (json_object_set_new(json_object_get(meta, "annotations"), INJ_UNDO_ANNOTATION,
				json_string(text)))
		return ord_fail_nomem(err);
	if (kube_kind_find(k, e->object.api_version, e->object.kind, inj_cluster_deadline(), &kind,
			   err) < 0)
		return -1;
	if (kube_create(k, &kind, e->object.ns, object, inj_cluster_deadline(), &made, &status,
			err) < 0) {
		/* The answer to our own may have been lost. */
		if (status != 409 ||
		    kube_get(k, &e->object, inj_cluster_deadline(), &made, NULL, err) < 0 ||
		    !inj_edit_ours(made, text_of(undo, "owner")))
			return inj_cluster_failed(status, err);
	}
	(void)snprintf(e->object.uid, sizeof e->object.uid, "%s", text_of(metadata(made), "uid"));
	return 0;
}

static int edit_do(struct inj_step *step, struct kube *k, const json_t *undo, struct inj_edit *e,
		   struct ord_err *err)
{
	int r = 1;

	for (int i = 0; r == 1 && i < INJ_TRIES; i++) {
		if (i > 0)
			inj_breathe();
		r = e->create ? create_once(step, k, undo, e, err)
			      : patch_once(step, k, undo, e, err);
	}
	if (r == 1)
		return ord_fail(err, ORD_SYS, "others change %s too often", e->object.name);
	if (r == 0)
		inj_acted(step, e->create ? "created" : "patched", &e->object, "");
	return r;
}

int inj_edit_inject(struct inj_step *step, struct ord_err *err)
{
	const json_t *undo = inj_cluster_undo();
	const json_t *edits = json_object_get(undo, "edits");
	struct kube *k = inj_cluster(err);

	if (!k || inj_hold_begin(step, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(edits); i++) {
		struct inj_edit e;
		int r;

		if (inj_edit_parse(undo, json_array_get(edits, i), &e, err) < 0)
			return -1;
		r = edit_do(step, k, undo, &e, err);
		if (r == 0)
			r = inj_watch_add(&e, err); /* takes what it needs */
		inj_edit_done(&e);
		if (r < 0)
			return -1;
	}
	return inj_watch_start(k, err);
}
