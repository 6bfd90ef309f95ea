/* Planning edits, in check: nothing is changed here. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/claim.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/edit_private.h"
#include "injector/kube/fields.h"
#include "injector/kube/manager.h"
#include "injector/kube/pointer.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int inj_edit_read(const struct ord_object *o, json_t **ret, struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	ord_auto(json) json_t *object = NULL;
	char what[INJ_OBJECT_TEXT];
	int status = 0;

	if (!k)
		return -1;
	if (kube_get(k, o, inj_cluster_deadline(), &object, &status, err) < 0)
		return status == 404
			       ? ord_fail(err, ORD_USAGE, "%s is gone", inj_object_text(o, what))
			       : -1;
	if (o->uid[0] && !inj_edit_is(object, o->uid))
		return ord_fail(err, ORD_USAGE,
				"%s was made anew since it was chosen: it is another",
				inj_object_text(o, what));
	*ret = ord_steal_ptr(object);
	return 0;
}

/* Another lease's annotation: whose, and until when. */
static int free_of_others(const struct ord_object *o, const json_t *object, struct ord_err *err)
{
	const char *text = inj_edit_annotation(object);
	ord_auto(json) json_t *other = text ? json_loads(text, 0, NULL) : NULL;
	char what[INJ_OBJECT_TEXT];

	if (!text)
		return 0;
	return ord_fail(err, ORD_GUARD,
			"%s carries a fault already: %s of %.100s until %.40s (`ordeal rescue "
			"--kube` takes away what a dead run left)",
			inj_object_text(o, what), text_of(other, "fault"), text_of(other, "owner"),
			text_of(other, "deadline"));
}

/* Identity and bookkeeping are the API server's; and our annotation is ours. */
static int allowed(const json_t *fields, struct ord_err *err)
{
	static const char *const open[] = {"labels", "annotations", "finalizers",
					   "ownerReferences"};

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *path = json_object_get(json_array_get(fields, i), "path");
		const char *first = json_string_value(json_array_get(path, 0));
		const char *second = json_string_value(json_array_get(path, 1));
		const char *third = json_string_value(json_array_get(path, 2));
		bool known = false;

		if (!strcmp(first, "apiVersion") || !strcmp(first, "kind") ||
		    !strcmp(first, "status"))
			return ord_fail(err, ORD_USAGE, "/%s cannot be patched", first);
		if (strcmp(first, "metadata") != 0)
			continue;
		for (size_t j = 0; j < ORD_COUNT(open); j++)
			known = known || (second && !strcmp(second, open[j]));
		if (!known)
			return ord_fail(err, ORD_USAGE, "/metadata/%s cannot be patched",
					second ? second : "");
		if (third && !strcmp(third, INJ_UNDO_ANNOTATION))
			return ord_fail(err, ORD_USAGE, "the annotation %s is ordeal's own", third);
	}
	return 0;
}

static int fields_of(const json_t *before, const json_t *patch, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *after = json_deep_copy(before);
	ord_auto(json) json_t *fields = NULL;

	if (!after)
		return ord_fail_nomem(err);
	if (inj_patch_apply(after, patch, err) < 0)
		return ord_wrap(err, "patch");
	if (inj_fields_diff(before, after, &fields, err) < 0 || allowed(fields, err) < 0)
		return -1;
	*ret = ord_steal_ptr(fields);
	return 0;
}

/* The server says what it would make of it: quantities normalised, unknown fields dropped. */
static int dry_run(const struct ord_object *o, const json_t *patch, json_t *fields,
		   struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	ord_auto(json) json_t *would = NULL;

	if (!k || kube_patch(k, o, NULL, KUBE_PATCH_JSON, patch, true, inj_cluster_deadline(),
			     &would, NULL, err) < 0)
		return ord_wrap(err, "dry run");
	return inj_fields_adopt(fields, would, err);
}

static int fields_tell(const struct ord_object *o, const json_t *fields, json_t *report,
		       struct ord_err *err)
{
	char what[INJ_OBJECT_TEXT], where[INJ_FIELD_TEXT], old[INJ_VALUE_TEXT], new[INJ_VALUE_TEXT];

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *f = json_array_get(fields, i);

		if (inj_cluster_tell(report, "objects", err, "%s: %s: %s -> %s",
				     inj_object_text(o, what), inj_field_text(f, where),
				     inj_value_text(json_object_get(f, "old"), old),
				     inj_value_text(json_object_get(f, "new"), new)) < 0)
			return -1;
	}
	return 0;
}

/* Nesting and real numbers are the record's to refuse: what is an object's is kept as text. */
static int text_add(json_t *entry, const char *key, const json_t *value, struct ord_err *err)
{
	ord_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	return !text || json_object_set_new(entry, key, json_string(text)) ? ord_fail_nomem(err)
									   : 0;
}

/* owners: NULL where nobody owned any of it. */
static int entry_add(json_t *undo, const struct ord_object *o, const char *key, const json_t *value,
		     const json_t *owners, struct ord_err *err)
{
	ord_auto(json) json_t *entry = json_pack("{s:o}", "object", inj_object_to_json(o));

	if (!entry)
		return ord_fail_nomem(err);
	if (text_add(entry, key, value, err) < 0 ||
	    (json_array_size(owners) > 0 && text_add(entry, "owners", owners, err) < 0))
		return -1;
	return json_array_append(json_object_get(undo, "edits"), entry) ? ord_fail_nomem(err) : 0;
}

int inj_edit_patch(struct inj_step *step, const struct ord_object *o, const json_t *patch,
		   json_t *undo, json_t *report, struct ord_err *err)
{
	ord_auto(json) json_t *before = NULL, *fields = NULL, *owners = NULL;
	char what[INJ_OBJECT_TEXT];

	(void)step;
	if (!strcmp(o->kind, "Secret"))
		return ord_fail(err, ORD_GUARD,
				"%s: what is in a Secret would stand in records and reports",
				inj_object_text(o, what));
	if (inj_edit_read(o, &before, err) < 0 || free_of_others(o, before, err) < 0)
		return -1;
	if (fields_of(before, patch, &fields, err) < 0)
		return ord_wrap(err, "%s", inj_object_text(o, what));
	if (json_array_size(fields) == 0)
		return inj_cluster_tell(report, "notes", err, "%s: it is so already",
					inj_object_text(o, what));
	if (dry_run(o, patch, fields, err) < 0)
		return ord_wrap(err, "%s", inj_object_text(o, what));
	if (fields_tell(o, fields, report, err) < 0)
		return -1;
	owners = inj_owners_note(before, fields);
	return owners ? entry_add(undo, o, "fields", fields, owners, err) : ord_fail_nomem(err);
}

static int new_object(const json_t *object, struct ord_object *ret, struct ord_err *err)
{
	const json_t *meta = json_object_get(object, "metadata");
	struct ord_object o = {.uid = ""};

	(void)snprintf(o.api_version, sizeof o.api_version, "%s", text_of(object, "apiVersion"));
	(void)snprintf(o.kind, sizeof o.kind, "%s", text_of(object, "kind"));
	(void)snprintf(o.ns, sizeof o.ns, "%s", text_of(meta, "namespace"));
	(void)snprintf(o.name, sizeof o.name, "%s", text_of(meta, "name"));
	if (!o.api_version[0] || !o.kind[0] || !o.name[0])
		return ord_fail(err, ORD_USAGE, "a new object needs apiVersion, kind and a name");
	*ret = o;
	return 0;
}

int inj_edit_create(struct inj_step *step, const json_t *object, json_t *undo, json_t *report,
		    struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	ord_auto(json) json_t *there = NULL;
	char path[KUBE_PATH], what[INJ_OBJECT_TEXT];
	struct kube_request req = {.method = "POST", .path = path, .body = object};
	struct ord_object o;
	struct kube_kind kind;
	int status = 0;

	(void)step;
	if (!k || new_object(object, &o, err) < 0 ||
	    kube_kind_find(k, o.api_version, o.kind, inj_cluster_deadline(), &kind, err) < 0)
		return -1;
	if (kube_get(k, &o, inj_cluster_deadline(), &there, &status, err) == 0)
		return ord_fail(err, ORD_GUARD, "%s is there already", inj_object_text(&o, what));
	if (status != 404)
		return -1;
	(void)kube_path(&kind, o.ns, NULL, NULL, path);
	(void)strncat(path, "?dryRun=All&fieldManager=ordeal&fieldValidation=Strict",
		      sizeof path - strlen(path) - 1);
	req.deadline_ns = inj_cluster_deadline();
	if (kube_call(k, &req, NULL, err) < 0)
		return ord_wrap(err, "%s: dry run", inj_object_text(&o, what));
	if (inj_cluster_tell(report, "objects", err, "%s: new", inj_object_text(&o, what)) < 0)
		return -1;
	return entry_add(undo, &o, "create", object, NULL, err);
}

/* --- reading the record back ----------------------------------------------------------------- */

void inj_edit_done(struct inj_edit *e)
{
	json_decref(e->fields);
	json_decref(e->create);
	json_decref(e->owners);
	*e = (struct inj_edit){0};
}

static int text_parse(const json_t *entry, const char *key, json_t **ret, struct ord_err *err)
{
	const char *text = json_string_value(json_object_get(entry, key));

	if (!json_object_get(entry, key))
		return 0;
	*ret = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	return *ret ? 0 : ord_fail(err, ORD_USAGE, "%s: not JSON", key);
}

int inj_edit_parse(const json_t *undo, const json_t *entry, struct inj_edit *ret,
		   struct ord_err *err)
{
	static const char *const keys[] = {"object", "fields", "create", "owners"};
	struct inj_edit e = {.fault = text_of(undo, "fault")};

	if (ord_json_keys(entry, keys, ORD_COUNT(keys), err) < 0 ||
	    inj_object_from_json(&e.object, json_object_get(entry, "object"), err) < 0)
		return -1;
	if (text_parse(entry, "fields", &e.fields, err) < 0 ||
	    text_parse(entry, "create", &e.create, err) < 0 ||
	    text_parse(entry, "owners", &e.owners, err) < 0 ||
	    (e.fields && inj_fields_validate(e.fields, err) < 0) ||
	    (e.owners && inj_owners_validate(e.owners, err) < 0)) {
		inj_edit_done(&e);
		return -1;
	}
	if (!e.fields == !e.create) {
		inj_edit_done(&e);
		return ord_fail(err, ORD_USAGE, "an edit is either of fields, or a new object");
	}
	*ret = e;
	return 0;
}

static int claims_validate(const json_t *undo, struct ord_err *err)
{
	json_t *claims;

	if (ord_json_array(undo, "claims", 4096, &claims, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(claims); i++) {
		const json_t *c = json_array_get(claims, i);

		if (json_array_size(c) != 5 || !json_is_boolean(json_array_get(c, 4)))
			return ord_fail(err, ORD_USAGE, "claims: not [namespace, name, ...]");
		for (size_t j = 0; j < 4; j++)
			if (!json_is_string(json_array_get(c, j)))
				return ord_fail(err, ORD_USAGE, "claims: not texts");
	}
	return 0;
}

int inj_edit_validate(const json_t *undo, struct ord_err *err)
{
	const char *text;
	json_t *edits, *cluster;

	if (ord_json_object(undo, "cluster", &cluster, err) < 0 ||
	    ord_json_text(undo, "owner", 256, &text, err) < 0 ||
	    ord_json_text(undo, "claimant", 256, &text, err) < 0 ||
	    ord_json_array(undo, "edits", 4096, &edits, err) < 0 || claims_validate(undo, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(edits); i++) {
		struct inj_edit e;

		if (inj_edit_parse(undo, json_array_get(edits, i), &e, err) < 0)
			return ord_wrap(err, "edit %zu", i + 1);
		inj_edit_done(&e);
	}
	return 0;
}
