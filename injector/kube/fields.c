#include "injector/kube/fields.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/fields_private.h"
#include "injector/kube/manager.h"
#include "injector/kube/pointer.h"

#define TOKENS_MAX 64

json_t *inj_loose(const json_t *v)
{
	union {
		const json_t *in;
		json_t *out;
	} u = {.in = v};

	return u.out;
}

static bool named(const json_t *element, const json_t *name)
{
	const char *key;
	json_t *v;

	json_object_foreach (inj_loose(name), key, v)
		if (!json_is_object(element) || !json_object_get(element, key) ||
		    !json_equal(json_object_get(element, key), v))
			return false;
	return true;
}

int inj_find_named(const json_t *list, const json_t *name)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (named(json_array_get(list, i), name))
			return (int)i;
	return -1;
}

int inj_find_equal(const json_t *list, const json_t *value)
{
	for (size_t i = 0; value && i < json_array_size(list); i++)
		if (json_equal(json_array_get(list, i), value))
			return (int)i;
	return -1;
}

/* --- where a field is ------------------------------------------------------------------------ */

static bool is_equal_token(const json_t *token)
{
	return json_is_true(json_object_get(token, "="));
}

/* The element's index, or -1. value: which one the token "=" means. */
static int element_of(const json_t *list, const json_t *token, const json_t *value)
{
	if (is_equal_token(token))
		return inj_find_equal(list, value);
	return inj_find_named(list, token);
}

/*
 * Walks n tokens of the path. *ret: what is there, NULL where there is nothing; the pointer then
 * leads as far as there is something, and *ret_depth says how far. -1 where it does not fit.
 */
static int walk(const json_t *object, const json_t *path, size_t n, const json_t *value,
		char pointer[static INJ_POINTER_MAX], const json_t **ret, size_t *ret_depth)
{
	const json_t *at = object;

	pointer[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const json_t *token = json_array_get(path, i), *next = NULL;
		const char *member = json_string_value(token);
		int index = -1;

		if (member && json_is_object(at)) {
			next = json_object_get(at, member);
		} else if (!member && json_is_array(at)) {
			index = element_of(at, token, value);
			next = index < 0 ? NULL : json_array_get(at, (size_t)index);
		}
		if (!next) {
			*ret = NULL;
			*ret_depth = i;
			return 0;
		}
		if (member ? inj_pointer_add(pointer, member, NULL) < 0
			   : inj_pointer_add_index(pointer, (size_t)index, NULL) < 0)
			return -1;
		at = next;
	}
	*ret = at;
	*ret_depth = n;
	return 0;
}

static const json_t *seek(const json_t *object, const json_t *field, const json_t *value)
{
	const json_t *path = json_object_get(field, "path"), *found = NULL;
	char pointer[INJ_POINTER_MAX];
	size_t depth;

	return walk(object, path, json_array_size(path), value, pointer, &found, &depth) < 0
		       ? NULL
		       : found;
}

const json_t *inj_field_value(const json_t *object, const json_t *field)
{
	const json_t *new = json_object_get(field, "new"), *old = json_object_get(field, "old");
	const json_t *found = seek(object, field, new);

	return found ? found : seek(object, field, old);
}

static bool same(const json_t *a, const json_t *b)
{
	return (!a && !b) || (a && b && json_equal(a, b));
}

/* Whether the field is as it is in that state ("old" or "new"). */
static bool is_state(const json_t *object, const json_t *field, const char *state)
{
	const json_t *want = json_object_get(field, state);
	const json_t *other = json_object_get(field, !strcmp(state, "new") ? "old" : "new");

	return same(seek(object, field, want ? want : other), want);
}

int inj_fields_broken(const json_t *object, const json_t *fields)
{
	for (size_t i = 0; i < json_array_size(fields); i++)
		if (!is_state(object, json_array_get(fields, i), "new"))
			return (int)i;
	return -1;
}

bool inj_field_stands(const json_t *object, const json_t *field)
{
	return is_state(object, field, "new");
}

bool inj_field_is_back(const json_t *object, const json_t *field)
{
	return is_state(object, field, "old");
}

/* --- going from one state to the other ------------------------------------------------------- */

struct swap {
	json_t *work; /* the object as it is after the operations so far */
	json_t *ops;
	struct ord_err *err;
};

/* Takes value; NULL: none. */
static int op(struct swap *s, const char *name, const char *pointer, json_t *value)
{
	json_t *o = json_pack("{s:s s:s}", "op", name, "path", pointer);
	ord_auto(json) json_t *one = json_array();

	if (!o || !one || (value && json_object_set(o, "value", value)) ||
	    json_array_append_new(one, o) || json_array_extend(s->ops, one)) {
		json_decref(value);
		return ord_fail_nomem(s->err);
	}
	json_decref(value);
	return inj_patch_apply(s->work, one, s->err);
}

/* A list or an object, as the token after it wants. */
static json_t *container_for(const json_t *token)
{
	return json_is_string(token) ? json_object() : json_array();
}

static int add_last(struct swap *s, const json_t *field, const json_t *list, char *pointer,
		    const json_t *value)
{
	const json_t *path = json_object_get(field, "path");
	const json_t *last = json_array_get(path, json_array_size(path) - 1);
	json_int_t at = json_integer_value(json_object_get(field, "at"));
	size_t n = json_array_size(list);

	if (json_is_string(last)
		    ? inj_pointer_add(pointer, json_string_value(last), s->err) < 0
		    : inj_pointer_add_index(pointer, at >= 0 && (size_t)at < n ? (size_t)at : n,
					    s->err) < 0)
		return -1;
	return op(s, "add", pointer, json_deep_copy(value));
}

/* Makes the containers that are missing on the way, then the value. 1: the way is blocked. */
static int add(struct swap *s, const json_t *field, const json_t *value)
{
	const json_t *path = json_object_get(field, "path"), *at = NULL;
	size_t n = json_array_size(path), depth;
	char pointer[INJ_POINTER_MAX];

	for (;;) {
		const json_t *token;

		if (walk(s->work, path, n - 1, NULL, pointer, &at, &depth) < 0)
			return 1;
		if (at)
			break;
		token = json_array_get(path, depth);
		if (!json_is_string(token) || !json_is_object(inj_pointer_get(s->work, pointer)))
			return 1; /* an element that is gone, or another thing in its place */
		if (inj_pointer_add(pointer, json_string_value(token), s->err) < 0 ||
		    op(s, "add", pointer, container_for(json_array_get(path, depth + 1))) < 0)
			return -1;
	}
	if (json_is_string(json_array_get(path, n - 1)) ? !json_is_object(at) : !json_is_array(at))
		return 1;
	return add_last(s, field, at, pointer, value);
}

/* What was made for the field goes when nothing else is in it. */
static int prune(struct swap *s, const json_t *field)
{
	const json_t *path = json_object_get(field, "path"), *at;
	json_int_t made = json_integer_value(json_object_get(field, "made"));
	char pointer[INJ_POINTER_MAX];
	size_t depth;

	for (size_t n = json_array_size(path) - 1; made > 0 && n >= (size_t)made; n--) {
		if (walk(s->work, path, n, NULL, pointer, &at, &depth) < 0 || !at ||
		    json_object_size(at) + json_array_size(at) > 0 ||
		    (!json_is_object(at) && !json_is_array(at)))
			return 0;
		if (op(s, "remove", pointer, NULL) < 0)
			return -1;
	}
	return 0;
}

static int change(struct swap *s, const json_t *field, const json_t *from, const json_t *to)
{
	const json_t *path = json_object_get(field, "path"), *at;
	char pointer[INJ_POINTER_MAX];
	size_t depth;

	if (walk(s->work, path, json_array_size(path), from, pointer, &at, &depth) < 0 ||
	    op(s, "test", pointer, json_deep_copy(from)) < 0)
		return -1;
	if (to)
		return op(s, "replace", pointer, json_deep_copy(to));
	return op(s, "remove", pointer, NULL) < 0 ? -1 : prune(s, field);
}

int inj_field_keep(const json_t *object, const json_t *field, json_t *kept, struct ord_err *err)
{
	char where[INJ_FIELD_TEXT], value[INJ_VALUE_TEXT], manager[INJ_MANAGER_TEXT];

	(void)inj_field_manager(object, field, manager);
	if (json_array_append_new(
		    kept, json_sprintf("%s is %s%s%s", inj_field_text(field, where),
				       inj_value_text(inj_field_value(object, field), value),
				       manager[0] ? ", by " : "", manager)))
		return ord_fail_nomem(err);
	return 0;
}

static int swap_one(struct swap *s, const json_t *field, bool forward, json_t *kept)
{
	const char *from = forward ? "old" : "new", *to = forward ? "new" : "old";
	const json_t *target = json_object_get(field, to);
	int r = 1;

	if (is_state(s->work, field, to))
		return 0;
	if (is_state(s->work, field, from))
		r = json_object_get(field, from)
			    ? change(s, field, json_object_get(field, from), target)
			    : add(s, field, target);
	return r > 0 ? inj_field_keep(s->work, field, kept, s->err) : r;
}

int inj_fields_swap(const json_t *object, const json_t *fields, bool forward, json_t *ops,
		    json_t *kept, struct ord_err *err)
{
	ord_auto(json) json_t *work = json_deep_copy(object);
	struct swap s = {.work = work, .ops = ops, .err = err};
	size_t n = json_array_size(fields);

	if (!work)
		return ord_fail_nomem(err);
	/*
	 * What goes goes first, from the end; what comes back comes back from the start: so that
	 * the places of elements are those that they had.
	 */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			const json_t *f = json_array_get(fields, pass ? i : n - 1 - i);
			bool comes = !json_object_get(f, forward ? "old" : "new");

			if (comes == (pass == 1) && swap_one(&s, f, forward, kept) < 0)
				return -1;
		}
	return 0;
}

/* The value that stands where the new one was put: by its token, or in its place of the list. */
static const json_t *landed(const json_t *object, const json_t *field)
{
	const json_t *path = json_object_get(field, "path"), *list, *found;
	size_t n = json_array_size(path), depth;
	char pointer[INJ_POINTER_MAX];

	found = seek(object, field, json_object_get(field, "new"));
	if (found || !is_equal_token(json_array_get(path, n - 1)) ||
	    !json_object_get(field, "at") ||
	    walk(object, path, n - 1, NULL, pointer, &list, &depth) < 0)
		return found;
	return json_array_get(list, (size_t)json_integer_value(json_object_get(field, "at")));
}

int inj_fields_adopt(json_t *fields, const json_t *object, struct ord_err *err)
{
	json_t *field;
	size_t i;

	json_array_foreach (fields, i, field) {
		const json_t *new = json_object_get(field, "new");
		const json_t *now = new ? landed(object, field)
					: seek(object, field, json_object_get(field, "old"));
		char where[INJ_FIELD_TEXT];

		if (same(now, new))
			continue;
		if (!now)
			return ord_fail(err, ORD_USAGE, "the API server does not keep %s",
					inj_field_text(field, where));
		if (same(now, json_object_get(field, "old")))
			return ord_fail(err, ORD_USAGE, "the API server leaves %s as it is",
					inj_field_text(field, where));
		if (json_object_set_new(field, "new", json_deep_copy(now)))
			return ord_fail_nomem(err);
	}
	return 0;
}

/* --- reading them back ----------------------------------------------------------------------- */

static int token_validate(const json_t *token, bool last, struct ord_err *err)
{
	const char *key;
	json_t *v;

	if (json_is_string(token))
		return 0;
	if (is_equal_token(token) && json_object_size(token) == 1 && last)
		return 0;
	if (!json_is_object(token) || json_object_size(token) == 0)
		return ord_fail(err, ORD_USAGE, "path: a token is a name or names an element");
	json_object_foreach (inj_loose(token), key, v)
		if (!json_is_string(v) && !json_is_integer(v))
			return ord_fail(err, ORD_USAGE, "path: '%.40s' names no element", key);
	return 0;
}

static int field_validate(const json_t *field, struct ord_err *err)
{
	static const char *const known[] = {"path", "old", "new", "at", "made"};
	uint64_t at = 0, made = 0;
	json_t *path;

	if (ord_json_keys(field, known, ORD_COUNT(known), err) < 0 ||
	    ord_json_array(field, "path", TOKENS_MAX, &path, err) < 0 ||
	    ord_json_opt_uint(field, "at", 100000, &at, err) < 0 ||
	    ord_json_opt_uint(field, "made", json_array_size(path), &made, err) < 0)
		return -1;
	if (json_array_size(path) == 0 || !json_is_string(json_array_get(path, 0)))
		return ord_fail(err, ORD_USAGE, "path: empty, or not below the object");
	for (size_t i = 0; i < json_array_size(path); i++)
		if (token_validate(json_array_get(path, i), i + 1 == json_array_size(path), err) <
		    0)
			return -1;
	if (!json_object_get(field, "old") && !json_object_get(field, "new"))
		return ord_fail(err, ORD_USAGE, "neither old nor new");
	return 0;
}

int inj_fields_validate(const json_t *fields, struct ord_err *err)
{
	if (!json_is_array(fields) || json_array_size(fields) > INJ_FIELDS_MAX)
		return ord_fail(err, ORD_USAGE, "fields: not a list of at most %d", INJ_FIELDS_MAX);
	for (size_t i = 0; i < json_array_size(fields); i++)
		if (field_validate(json_array_get(fields, i), err) < 0)
			return ord_wrap(err, "field %zu", i + 1);
	return 0;
}

static size_t text_add(char *out, size_t size, size_t at, const char *a, const char *b)
{
	int n = at < size ? snprintf(out + at, size - at, "%s%s", a, b) : 0;

	return at + (n > 0 ? (size_t)n : 0);
}

char *inj_field_text(const json_t *field, char out[static INJ_FIELD_TEXT])
{
	const json_t *path = json_object_get(field, "path");
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(path); i++) {
		const json_t *token = json_array_get(path, i);
		const char *key;
		json_t *v;

		if (json_is_string(token)) {
			at = text_add(out, INJ_FIELD_TEXT, at, "/", json_string_value(token));
			continue;
		}
		if (is_equal_token(token)) {
			at = text_add(out, INJ_FIELD_TEXT, at, "[]", "");
			continue;
		}
		json_object_foreach (inj_loose(token), key, v) {
			char value[INJ_VALUE_TEXT];

			at = text_add(out, INJ_FIELD_TEXT, at, "[", key);
			at = text_add(out, INJ_FIELD_TEXT, at, "=",
				      json_is_string(v) ? json_string_value(v)
							: inj_value_text(v, value));
			at = text_add(out, INJ_FIELD_TEXT, at, "]", "");
		}
	}
	return out;
}

char *inj_value_text(const json_t *value, char out[static INJ_VALUE_TEXT])
{
	ord_autofree char *text =
		value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

	if (!value)
		(void)snprintf(out, INJ_VALUE_TEXT, "nothing");
	else if (!text || strlen(text) < INJ_VALUE_TEXT)
		(void)snprintf(out, INJ_VALUE_TEXT, "%s", text ? text : "?");
	else
		(void)snprintf(out, INJ_VALUE_TEXT, "%.*s...", INJ_VALUE_TEXT - 4, text);
	return out;
}
