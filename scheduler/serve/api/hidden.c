/*
 * What those below operators must not see: the fault of a game day's step that is hidden. Whoever
 * makes the JSON says "hidden": true in it; here is the one place where the rest is taken out.
 */
#include "base/auto.h"
#include "base/json.h"
#include "scheduler/serve/api/api.h"

#define HIDDEN "hidden"

static bool is_hidden(const json_t *object)
{
	return json_is_true(json_object_get(object, HIDDEN));
}

/* A text becomes another where there is one. */
static int replace(json_t *object, const char *key, const char *text)
{
	return json_object_get(object, key) ? json_object_set_new(object, key, json_string(text))
					    : 0;
}

/* Names that tell which fault it is, and the folder's, which holds the experiment's. */
static int veil(json_t *run)
{
	json_t *faults = json_object_get(run, "faults"), *fault;
	int r = replace(run, "name", HIDDEN) | replace(run, "file", HIDDEN) |
		replace(run, "run", "") | replace(run, "dir", "");
	size_t i;

	json_array_foreach (faults, i, fault)
		r |= replace(fault, "name", HIDDEN) | replace(fault, "fault", HIDDEN);
	return r;
}

static int walk(json_t *json)
{
	json_t *item;
	const char *key;
	size_t i;
	int r = 0;

	if (is_hidden(json))
		return veil(json);
	json_object_foreach (json, key, item)
		r |= walk(item);
	json_array_foreach (json, i, item)
		r |= walk(item);
	return r;
}

static bool any(const json_t *json)
{
	const json_t *item;
	size_t i;

	if (is_hidden(json))
		return true;
	for (void *at = json_object_iter((json_t *)(uintptr_t)json); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)json, at))
		if (any(json_object_iter_value(at)))
			return true;
	json_array_foreach (json, i, item)
		if (any(item))
			return true;
	return false;
}

/* NULL: there is nothing to hide; else a copy without it, owned. An empty object without memory. */
json_t *api_veiled(const json_t *data)
{
	ord_auto(json) json_t *copy = any(data) ? json_deep_copy(data) : NULL;

	if (!any(data))
		return NULL;
	return copy && !walk(copy) ? ord_steal_ptr(copy) : json_object();
}
