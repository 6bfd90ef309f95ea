/*
 * Who owns a field, by metadata.managedFields.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/fields.h"

#define OURS "ordeal"

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

static const json_t *step(json_t *set, const json_t *token)
{
	char member[512];
	const char *key;
	json_t *v;

	if (json_is_string(token)) {
		(void)snprintf(member, sizeof member, "f:%s", json_string_value(token));
		return json_object_get(set, member);
	}
	json_object_foreach (set, key, v)
		if (key_names(key, token))
			return v;
	return NULL;
}

/* Whether the set holds the path: to its end, or to where it is owned as a whole (a list or map
 * that is atomic, an element without a name). */
static bool holds(json_t *set, const json_t *path)
{
	union {
		const json_t *in;
		json_t *out;
	} at = {.in = set};

	for (size_t i = 0; i < json_array_size(path); i++) {
		const json_t *next = step(at.out, json_array_get(path, i));

		if (!next)
			return i > 0 && json_object_size(at.in) == 0;
		at.in = next;
	}
	return true;
}

char *inj_field_manager(const json_t *object, const json_t *field,
			char out[static INJ_MANAGER_TEXT])
{
	const json_t *list = json_object_get(json_object_get(object, "metadata"), "managedFields");
	const char *latest = "";

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *manager = json_string_value(json_object_get(entry, "manager"));
		const char *time = json_string_value(json_object_get(entry, "time"));

		/* RFC 3339 in UTC sorts as text. */
		if (!manager || !strcmp(manager, OURS) || (time && strcmp(time, latest) < 0) ||
		    !holds(json_object_get(entry, "fieldsV1"), json_object_get(field, "path")))
			continue;
		latest = time ? time : "";
		(void)snprintf(out, INJ_MANAGER_TEXT, "%.*s", INJ_MANAGER_TEXT - 1, manager);
	}
	return out;
}

static bool ours(const json_t *object, const json_t *field)
{
	const json_t *list = json_object_get(json_object_get(object, "metadata"), "managedFields");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *manager = json_string_value(json_object_get(entry, "manager"));

		if (manager && !strcmp(manager, OURS) &&
		    holds(json_object_get(entry, "fieldsV1"), json_object_get(field, "path")))
			return true;
	}
	return false;
}

json_t *inj_fields_owned(const json_t *object, const json_t *fields)
{
	json_t *out = json_array();

	for (size_t i = 0; out && i < json_array_size(fields); i++) {
		json_t *field = json_array_get(fields, i);

		/* Who takes a field away owns nothing after: only what is there has an owner. */
		if (json_object_get(field, "new") && inj_field_stands(object, field) &&
		    ours(object, field))
			(void)json_array_append(out, field);
	}
	return out;
}
