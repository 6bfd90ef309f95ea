/* The fields by which two states of an object differ. */

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/fields.h"
#include "injector/kube/fields_private.h"

struct differ {
	json_t *out;
	json_t *path;
	size_t made; /* 0: all of the path was there */
	bool failed; /* out of memory */
};

/* What names an element within its list, the first that all elements have and that is unique. */
static const char *const keys[][2] = {
	{"name"}, {"key", "effect"}, {"key"},	      {"ip"}, {"containerPort", "protocol"},
	{"type"}, {"mountPath"},     {"topologyKey"},
};

static void diff(struct differ *d, const json_t *before, const json_t *after);

static void push(struct differ *d, json_t *token)
{
	if (!token || json_array_append_new(d->path, token))
		d->failed = true;
}

static void pop(struct differ *d)
{
	(void)json_array_remove(d->path, json_array_size(d->path) - 1);
}

static void field_add(struct differ *d, const json_t *before, const json_t *after, int at)
{
	json_t *f = json_pack("{s:o}", "path", json_deep_copy(d->path));

	if (!f || (before && json_object_set_new(f, "old", json_deep_copy(before))) ||
	    (after && json_object_set_new(f, "new", json_deep_copy(after))) ||
	    (at >= 0 && json_object_set_new(f, "at", json_integer(at))) ||
	    (d->made && json_object_set_new(f, "made", json_integer((json_int_t)d->made))) ||
	    json_array_append(d->out, f))
		d->failed = true;
	json_decref(f);
}

static void diff_members(struct differ *d, const json_t *before, const json_t *after)
{
	const char *key;
	json_t *v;

	json_object_foreach (inj_loose(after), key, v) {
		push(d, json_string(key));
		diff(d, json_object_get(before, key), v);
		pop(d);
	}
	json_object_foreach (inj_loose(before), key, v) {
		if (json_object_get(after, key))
			continue;
		push(d, json_string(key));
		field_add(d, v, NULL, -1);
		pop(d);
	}
}

/* The members that name the element; owned, NULL where one is missing or no text or number. */
static json_t *name_of(const json_t *element, const char *const key[2])
{
	json_t *name = json_object();

	for (size_t i = 0; name && i < 2 && key[i]; i++) {
		json_t *v = json_object_get(element, key[i]);

		if ((!json_is_string(v) && !json_is_integer(v)) ||
		    json_object_set(name, key[i], v)) {
			json_decref(name);
			return NULL;
		}
	}
	return name;
}

static bool names_all(const json_t *list, const char *const key[2])
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		ord_auto(json) json_t *name = name_of(json_array_get(list, i), key);

		if (!name || inj_find_named(list, name) != (int)i)
			return false;
	}
	return true;
}

/* Where the element of one list is in the other: by its name where key is given, else by value. */
static int counterpart(const json_t *element, const json_t *list, const char *const key[2])
{
	ord_auto(json) json_t *name = key ? name_of(element, key) : NULL;

	return key ? inj_find_named(list, name) : inj_find_equal(list, element);
}

/* Whether those that are in both are in the same order. */
static bool ordered(const json_t *before, const json_t *after, const char *const key[2])
{
	int last = -1;

	for (size_t i = 0; i < json_array_size(before); i++) {
		int there = counterpart(json_array_get(before, i), after, key);

		if (there >= 0 && there < last)
			return false;
		last = there >= 0 ? there : last;
	}
	return true;
}

static json_t *token_of(const json_t *element, const char *const key[2])
{
	return key ? name_of(element, key) : json_pack("{s:b}", "=", 1);
}

static void diff_elements(struct differ *d, const json_t *before, const json_t *after,
			  const char *const key[2])
{
	for (size_t i = 0; i < json_array_size(before); i++) {
		const json_t *v = json_array_get(before, i);

		if (counterpart(v, after, key) >= 0)
			continue;
		push(d, token_of(v, key));
		field_add(d, v, NULL, (int)i);
		pop(d);
	}
	for (size_t i = 0; i < json_array_size(after); i++) {
		const json_t *v = json_array_get(after, i);
		int was = counterpart(v, before, key);

		push(d, token_of(v, key));
		if (was < 0)
			field_add(d, NULL, v, (int)i);
		else if (key)
			diff(d, json_array_get(before, (size_t)was), v);
		pop(d);
	}
}

static bool unique(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (inj_find_equal(list, json_array_get(list, i)) != (int)i)
			return false;
	return true;
}

/* Elements that nothing names: as many as before, each paired with the one in its place. */
static void diff_pairs(struct differ *d, const json_t *before, const json_t *after)
{
	push(d, token_of(NULL, NULL));
	for (size_t i = 0; i < json_array_size(before); i++) {
		const json_t *b = json_array_get(before, i), *a = json_array_get(after, i);

		if (!json_equal(b, a))
			field_add(d, b, a, (int)i);
	}
	pop(d);
}

/* Whether each that differs is in its own list alone: else its value does not name it. */
static bool paired(const json_t *before, const json_t *after)
{
	if (json_array_size(before) != json_array_size(after))
		return false;
	for (size_t i = 0; i < json_array_size(before); i++) {
		const json_t *b = json_array_get(before, i), *a = json_array_get(after, i);

		if (!json_equal(a, b) &&
		    (inj_find_equal(after, b) >= 0 || inj_find_equal(before, a) >= 0))
			return false;
	}
	return true;
}

static size_t missing(const json_t *list, const json_t *other)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		n += inj_find_equal(other, json_array_get(list, i)) < 0;
	return n;
}

static void diff_lists(struct differ *d, const json_t *before, const json_t *after)
{
	ord_auto(json) json_t *empty = json_array();
	const json_t *b = before ? before : empty;

	for (size_t i = 0; i < ORD_COUNT(keys); i++)
		if (names_all(b, keys[i]) && names_all(after, keys[i]) &&
		    ordered(b, after, keys[i])) {
			diff_elements(d, b, after, keys[i]);
			return;
		}
	if (!unique(b) || !unique(after))
		field_add(d, before, after, -1);
	else if ((!missing(b, after) || !missing(after, b)) && ordered(b, after, NULL))
		diff_elements(d, b, after, NULL);
	else if (paired(b, after))
		diff_pairs(d, b, after);
	else
		field_add(d, before, after, -1);
}

static void diff(struct differ *d, const json_t *before, const json_t *after)
{
	size_t made = d->made;

	if (before && after && json_equal(before, after))
		return;
	if (!before && !d->made)
		d->made = json_array_size(d->path);
	if (json_is_object(after) &&
	    (before ? json_is_object(before) : json_object_size(after) > 0))
		diff_members(d, before, after);
	else if (json_is_array(after) &&
		 (before ? json_is_array(before) : json_array_size(after) > 0))
		diff_lists(d, before, after);
	else
		field_add(d, before, after, -1);
	d->made = made;
}

int inj_fields_diff(const json_t *before, const json_t *after, json_t **ret, struct ord_err *err)
{
	struct differ d = {.out = json_array(), .path = json_array()};

	if (d.out && d.path)
		diff(&d, before, after);
	json_decref(d.path);
	if (!d.out || !d.path || d.failed) {
		json_decref(d.out);
		return ord_fail_nomem(err);
	}
	if (json_array_size(d.out) > INJ_FIELDS_MAX) {
		json_decref(d.out);
		return ord_fail(err, ORD_GUARD, "more than %d fields change", INJ_FIELDS_MAX);
	}
	*ret = d.out;
	return 0;
}
