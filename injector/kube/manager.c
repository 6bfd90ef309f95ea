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

/* How many tokens of the path the set holds. */
static size_t depth_of(json_t *set, const json_t *path)
{
	union {
		const json_t *in;
		json_t *out;
	} at = {.in = set};
	size_t n = 0;

	for (; n < json_array_size(path); n++) {
		const json_t *next = step(at.out, json_array_get(path, n));

		if (!next)
			break;
		at.in = next;
	}
	return n;
}

char *inj_field_manager(const json_t *object, const json_t *field,
			char out[static INJ_MANAGER_TEXT])
{
	const json_t *list = json_object_get(json_object_get(object, "metadata"), "managedFields");
	const json_t *path = json_object_get(field, "path");
	const char *latest = "";
	size_t best = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		const char *manager = json_string_value(json_object_get(entry, "manager"));
		const char *time = json_string_value(json_object_get(entry, "time"));
		size_t depth = depth_of(json_object_get(entry, "fieldsV1"), path);

		if (!manager || !strcmp(manager, OURS) || depth == 0 || depth < best)
			continue;
		/* RFC 3339 in UTC sorts as text. */
		if (depth == best && time && strcmp(time, latest) < 0)
			continue;
		best = depth;
		latest = time ? time : "";
		(void)snprintf(out, INJ_MANAGER_TEXT, "%.*s", INJ_MANAGER_TEXT - 1, manager);
	}
	return out;
}
