#include "injector/kube/manager.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/edit.h"
#include "injector/kube/fields.h"
#include "injector/kube/fields_private.h"

#define OURS	   "ordeal"
#define OWNERS_MAX 64

/* --- the sets of fieldsV1 -------------------------------------------------------------------- */

/* "k:{...}" of an element that the token names. */
static bool key_names(const char *key, const json_t *token)
{
	ord_auto(json) json_t *members = NULL;
	const char *name;
	json_t *v;

	if (strncmp(key, "k:", 2) != 0)
		return false;
	members = json_loads(key + 2, JSON_DECODE_ANY, NULL);
	if (!json_is_object(members))
		return false;
	json_object_foreach (members, name, v)
		if (!json_object_get(token, name) || !json_equal(json_object_get(token, name), v))
			return false;
	return true;
}

/* "v:..." of an element that is the value. */
static bool key_equals(const char *key, const json_t *value)
{
	ord_auto(json) json_t *v =
		strncmp(key, "v:", 2) == 0 ? json_loads(key + 2, JSON_DECODE_ANY, NULL) : NULL;

	return v && value && json_equal(v, value);
}

/* The set's own key for the token, NULL where it has none. value: of an element that its value
 * names. */
static const char *key_of(const json_t *set, const json_t *token, const json_t *value)
{
	const char *key;
	json_t *v;

	json_object_foreach (inj_loose(set), key, v) {
		if (json_is_string(token)
			    ? !strncmp(key, "f:", 2) && !strcmp(key + 2, json_string_value(token))
		    : json_is_true(json_object_get(token, "=")) ? key_equals(key, value)
								: key_names(key, token))
			return key;
	}
	return NULL;
}

/*
 * What of the set is about the field, from the i-th token of its path on: owned, NULL where nothing
 * is. It may end early, where a list or map is owned as a whole (atomic), or an element without a
 * name is.
 */
static json_t *cut_out(const json_t *set, const json_t *path, size_t i, const json_t *value)
{
	json_t *inner, *out;
	const char *key;

	if (i == json_array_size(path))
		return json_deep_copy(set);
	key = key_of(set, json_array_get(path, i), value);
	if (!key)
		return i > 0 && json_object_size(set) == 0 ? json_object() : NULL;
	inner = cut_out(json_object_get(set, key), path, i + 1, value);
	out = inner ? json_object() : NULL;
	if (!out || json_object_set(out, key, inner)) {
		json_decref(out);
		out = NULL;
	}
	json_decref(inner);
	return out;
}

/* Takes the same out of the set. True: nothing is left of it, but perhaps that it is there (".").
 */
static bool cut_off(json_t *set, const json_t *path, size_t i, const json_t *value)
{
	const char *key;

	if (i == json_array_size(path))
		return true;
	key = key_of(set, json_array_get(path, i), value);
	if (!key)
		return i > 0 && json_object_size(set) == 0;
	if (!cut_off(json_object_get(set, key), path, i + 1, value))
		return false;
	(void)json_object_del(set, key);
	return json_object_size(set) == 0 ||
	       (json_object_size(set) == 1 && json_object_get(set, "."));
}

static int join(json_t *set, const json_t *more)
{
	const char *key;
	json_t *v;

	json_object_foreach (inj_loose(more), key, v) {
		json_t *there = json_object_get(set, key);

		if (there ? join(there, v) : json_object_set_new(set, key, json_deep_copy(v)))
			return -1;
	}
	return 0;
}

/* --- who owns a field ------------------------------------------------------------------------ */

static json_t *managed(const json_t *object)
{
	return json_object_get(json_object_get(object, "metadata"), "managedFields");
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_ours(const json_t *entry)
{
	return !strcmp(text_of(entry, "manager"), OURS);
}

static const json_t *path_of(const json_t *field)
{
	return json_object_get(field, "path");
}

/* What of an entry's set is about the field in that state ("old", "new"). */
static json_t *share(const json_t *set, const json_t *field, const char *state)
{
	return cut_out(set, path_of(field), 0, json_object_get(field, state));
}

static bool holds(const json_t *entry, const json_t *field, const char *state)
{
	ord_auto(json) json_t *s = share(json_object_get(entry, "fieldsV1"), field, state);

	return s;
}

char *inj_field_manager(const json_t *object, const json_t *field,
			char out[static INJ_MANAGER_TEXT])
{
	const json_t *list = managed(object);
	const char *latest = "";

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *time = text_of(entry, "time");

		/* RFC 3339 in UTC sorts as text. */
		if (!*text_of(entry, "manager") || is_ours(entry) ||
		    (*time && strcmp(time, latest) < 0) || !holds(entry, field, "new"))
			continue;
		latest = time;
		(void)snprintf(out, INJ_MANAGER_TEXT, "%.*s", INJ_MANAGER_TEXT - 1,
			       text_of(entry, "manager"));
	}
	return out;
}

static bool ours(const json_t *list, const json_t *field, const char *state)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_ours(json_array_get(list, i)) &&
		    holds(json_array_get(list, i), field, state))
			return true;
	return false;
}

json_t *inj_fields_owned(const json_t *object, const json_t *fields)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < json_array_size(fields); i++) {
		json_t *field = json_array_get(fields, i);

		/* Who takes a field away owns nothing after: only what is there has an owner. */
		if (json_object_get(field, "new") && inj_field_stands(object, field) &&
		    ours(managed(object), field, "new"))
			(void)json_array_append(out, field);
	}
	return out;
}

bool inj_field_is_apart(const json_t *object, const json_t *field)
{
	const json_t *list = managed(object), *path = path_of(field);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *set = json_object_get(json_array_get(list, i), "fieldsV1");
		size_t j = 0;

		while (is_ours(json_array_get(list, i)) && j < json_array_size(path)) {
			const char *key =
				key_of(set, json_array_get(path, j), json_object_get(field, "new"));

			if (!key)
				break;
			set = json_object_get(set, key);
			j++;
		}
		if (j == json_array_size(path))
			return true;
	}
	return false;
}

/* --- giving them back ------------------------------------------------------------------------ */

/* What of the entry is about any of the fields as they are now: owned, an empty set where nothing
 * is; NULL: out of memory. */
static json_t *shares(const json_t *entry, const json_t *fields)
{
	ord_auto(json) json_t *set = json_object();

	for (size_t i = 0; set && i < json_array_size(fields); i++) {
		ord_auto(json) json_t *s =
			share(json_object_get(entry, "fieldsV1"), json_array_get(fields, i), "old");

		if (s && join(set, s) < 0)
			return NULL;
	}
	return ord_steal_ptr(set);
}

json_t *inj_owners_note(const json_t *object, const json_t *fields)
{
	const json_t *list = managed(object);
	ord_auto(json) json_t *out = json_array();

	for (size_t i = 0; out && i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		ord_auto(json) json_t *set = is_ours(entry) ? json_object() : shares(entry, fields);

		if (!set)
			return NULL;
		if (json_object_size(set) > 0 &&
		    json_array_append_new(
			    out, json_pack("{s:s s:s s:s s:s s:s s:O s:b}", "manager",
					   text_of(entry, "manager"), "operation",
					   text_of(entry, "operation"), "apiVersion",
					   text_of(entry, "apiVersion"), "subresource",
					   text_of(entry, "subresource"), "time",
					   text_of(entry, "time"), "set", set, "whole",
					   json_equal(set, json_object_get(entry, "fieldsV1")))))
			return NULL;
	}
	return ord_steal_ptr(out);
}

int inj_owners_validate(const json_t *owners, struct ord_err *err)
{
	static const char *const keys[] = {"manager", "operation", "apiVersion", "subresource",
					   "time",    "set",	   "whole"};

	if (!json_is_array(owners) || json_array_size(owners) > OWNERS_MAX)
		return ord_fail(err, ORD_USAGE, "owners: not a list of at most %d", OWNERS_MAX);
	for (size_t i = 0; i < json_array_size(owners); i++) {
		const json_t *o = json_array_get(owners, i);

		if (ord_json_keys(o, keys, ORD_COUNT(keys), err) < 0)
			return ord_wrap(err, "owners");
		for (size_t j = 0; j < 5; j++)
			if (!json_is_string(json_object_get(o, keys[j])))
				return ord_fail(err, ORD_USAGE, "owners: %s: not a text", keys[j]);
		if (!json_is_object(json_object_get(o, "set")) ||
		    !json_is_boolean(json_object_get(o, "whole")))
			return ord_fail(err, ORD_USAGE, "owners: no set");
	}
	return 0;
}

/* The manager's entry in the list. */
static json_t *entry_of(const json_t *list, const json_t *owner)
{
	static const char *const same[] = {"manager", "operation", "apiVersion", "subresource"};

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *entry = json_array_get(list, i);
		size_t j = 0;

		while (j < ORD_COUNT(same) &&
		       !strcmp(text_of(entry, same[j]), text_of(owner, same[j])))
			j++;
		if (j == ORD_COUNT(same))
			return entry;
	}
	return NULL;
}

static int entry_make(json_t *list, const json_t *owner, const json_t *set)
{
	json_t *entry =
		json_pack("{s:O s:O s:O s:s s:o}", "manager", json_object_get(owner, "manager"),
			  "operation", json_object_get(owner, "operation"), "apiVersion",
			  json_object_get(owner, "apiVersion"), "fieldsType", "FieldsV1",
			  "fieldsV1", json_deep_copy(set));

	if (*text_of(owner, "subresource"))
		(void)json_object_set(entry, "subresource", json_object_get(owner, "subresource"));
	if (*text_of(owner, "time"))
		(void)json_object_set(entry, "time", json_object_get(owner, "time"));
	return json_array_append_new(list, entry);
}

/* The time of an entry changes when its manager writes, and not when another takes a field over:
 * where it is the same, the field was taken and not given up. */
static int field_back(json_t *list, const json_t *field, const json_t *owner)
{
	ord_auto(json) json_t *s = share(json_object_get(owner, "set"), field, "old");
	json_t *entry = entry_of(list, owner);

	if (!s)
		return 0;
	if (!entry)
		return json_is_true(json_object_get(owner, "whole")) ? entry_make(list, owner, s)
								     : 0;
	return strcmp(text_of(entry, "time"), text_of(owner, "time")) == 0
		       ? join(json_object_get(entry, "fieldsV1"), s)
		       : 0;
}

/* Nothing is left of the field in our sets; an empty one goes. */
static void field_leave(json_t *list, const json_t *field, const char *state)
{
	for (size_t i = json_array_size(list); i > 0; i--) {
		json_t *entry = json_array_get(list, i - 1);

		if (is_ours(entry) && cut_off(json_object_get(entry, "fieldsV1"), path_of(field), 0,
					      json_object_get(field, state)))
			(void)json_array_remove(list, i - 1);
	}
}

int inj_owners_back(const json_t *object, const json_t *fields, const json_t *owners, json_t **ret,
		    struct ord_err *err)
{
	ord_auto(json) json_t *list = json_deep_copy(managed(object));
	ord_auto(json) json_t *note =
		json_pack("{s:[s,s,s]}", "path", "metadata", "annotations", INJ_UNDO_ANNOTATION);
	/* It goes in the same patch; what held it was ours too. */
	bool changed = ours(managed(object), note, "new");

	if (changed)
		field_leave(list, note, "new");
	for (size_t i = 0; list && i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);

		/* What another has by now is theirs. */
		if (!inj_field_is_back(object, field) || !ours(managed(object), field, "old"))
			continue;
		changed = true;
		field_leave(list, field, "old");
		for (size_t j = 0; j < json_array_size(owners); j++)
			if (field_back(list, field, json_array_get(owners, j)) < 0)
				return ord_fail_nomem(err);
	}
	if (changed && !list)
		return ord_fail_nomem(err);
	/* An empty list would be taken for none at all; this is how nobody owns anything. */
	if (changed && json_array_size(list) == 0 && json_array_append_new(list, json_object()))
		return ord_fail_nomem(err);
	*ret = changed ? ord_steal_ptr(list) : NULL;
	return 0;
}
