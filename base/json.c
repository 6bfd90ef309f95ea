#include "base/json.h"

#include <inttypes.h>
#include <string.h>

const struct ord_json_limits ord_json_protocol = {.size = 65536, .depth = 8, .integers = true};

/* Before the parser sees it, so that nesting costs no stack: braces and brackets outside of
 * strings. */
static bool too_deep(const char *text, size_t size, unsigned max)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth)
			depth--;
		if (depth > max)
			return true;
	}
	return false;
}

/* The depth was bounded before, so the recursion is too. */
static bool has_real(const json_t *json)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_object(json)) {
		/* The macro wants a non-const object only for its iterator; nothing is changed. */
		union {
			const json_t *in;
			json_t *out;
		} u = {.in = json};

		json_object_foreach (u.out, key, child)
			if (has_real(child))
				return true;
	} else if (json_is_array(json)) {
		json_array_foreach (json, i, child)
			if (has_real(child))
				return true;
	}
	return json_is_real(json);
}

int ord_json_parse(const char *text, size_t size, const struct ord_json_limits *limits,
		   json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *json = NULL;
	json_error_t e;

	if (size > limits->size)
		return ord_fail(err, ORD_USAGE, "JSON of %zu bytes is beyond the limit of %zu",
				size, limits->size);
	if (too_deep(text, size, limits->depth))
		return ord_fail(err, ORD_USAGE, "JSON is nested deeper than %u", limits->depth);
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
	if (!json && json_error_code(&e) == json_error_out_of_memory)
		return ord_fail_nomem(err);
	if (!json)
		return ord_fail(err, ORD_USAGE, "not JSON, line %d column %d: %.120s", e.line,
				e.column, e.text);
	if (limits->integers && has_real(json))
		return ord_fail(err, ORD_USAGE, "JSON holds a number that is not an integer");
	*ret = ord_steal_ptr(json);
	return 0;
}

char *ord_json_dump(const json_t *json)
{
	return json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

int ord_json_keys(const json_t *object, const char *const *known, size_t n, struct ord_err *err)
{
	union {
		const json_t *in;
		json_t *out;
	} u = {.in = object};
	const char *key;
	json_t *child;

	if (!json_is_object(object))
		return ord_fail(err, ORD_USAGE, "an object was expected");
	json_object_foreach (u.out, key, child) {
		size_t i = 0;

		while (i < n && strcmp(known[i], key))
			i++;
		if (i == n)
			return ord_fail(err, ORD_USAGE, "unknown key '%.64s'", key);
	}
	return 0;
}

bool ord_json_has(const json_t *object, const char *key)
{
	return json_object_get(object, key) != NULL;
}

static int get(const json_t *object, const char *key, json_t **ret, struct ord_err *err)
{
	json_t *v = json_object_get(object, key);

	if (!v)
		return ord_fail(err, ORD_USAGE, "key '%s' is missing", key);
	*ret = v;
	return 0;
}

int ord_json_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret,
		 struct ord_err *err)
{
	json_t *v;

	if (get(object, key, &v, err))
		return -1;
	if (!json_is_integer(v))
		return ord_fail(err, ORD_USAGE, "'%s' must be an integer", key);
	if (json_integer_value(v) < min || json_integer_value(v) > max)
		return ord_fail(err, ORD_USAGE, "'%s' is %lld, not within %" PRId64 " to %" PRId64,
				key, (long long)json_integer_value(v), min, max);
	*ret = json_integer_value(v);
	return 0;
}

int ord_json_uint(const json_t *object, const char *key, uint64_t max, uint64_t *ret,
		  struct ord_err *err)
{
	int64_t v;

	if (ord_json_int(object, key, 0, max > INT64_MAX ? INT64_MAX : (int64_t)max, &v, err))
		return -1;
	*ret = (uint64_t)v;
	return 0;
}

int ord_json_bool(const json_t *object, const char *key, bool *ret, struct ord_err *err)
{
	json_t *v;

	if (get(object, key, &v, err))
		return -1;
	if (!json_is_boolean(v))
		return ord_fail(err, ORD_USAGE, "'%s' must be true or false", key);
	*ret = json_is_true(v);
	return 0;
}

int ord_json_text(const json_t *object, const char *key, size_t max, const char **ret,
		  struct ord_err *err)
{
	json_t *v;

	if (get(object, key, &v, err))
		return -1;
	if (!json_is_string(v))
		return ord_fail(err, ORD_USAGE, "'%s' must be a text", key);
	if (json_string_length(v) > max)
		return ord_fail(err, ORD_USAGE, "'%s' is longer than %zu bytes", key, max);
	*ret = json_string_value(v);
	return 0;
}

int ord_json_copy(const json_t *object, const char *key, char *out, size_t size,
		  struct ord_err *err)
{
	const char *text;

	if (ord_json_text(object, key, size - 1, &text, err))
		return -1;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

int ord_json_array(const json_t *object, const char *key, size_t max, json_t **ret,
		   struct ord_err *err)
{
	json_t *v;

	if (get(object, key, &v, err))
		return -1;
	if (!json_is_array(v))
		return ord_fail(err, ORD_USAGE, "'%s' must be a list", key);
	if (json_array_size(v) > max)
		return ord_fail(err, ORD_USAGE, "'%s' has more than %zu entries", key, max);
	*ret = v;
	return 0;
}

int ord_json_object(const json_t *object, const char *key, json_t **ret, struct ord_err *err)
{
	json_t *v;

	if (get(object, key, &v, err))
		return -1;
	if (!json_is_object(v))
		return ord_fail(err, ORD_USAGE, "'%s' must be an object", key);
	*ret = v;
	return 0;
}

int ord_json_opt_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *ret,
		     struct ord_err *err)
{
	return ord_json_has(object, key) ? ord_json_int(object, key, min, max, ret, err) : 0;
}

int ord_json_opt_uint(const json_t *object, const char *key, uint64_t max, uint64_t *ret,
		      struct ord_err *err)
{
	return ord_json_has(object, key) ? ord_json_uint(object, key, max, ret, err) : 0;
}

int ord_json_opt_bool(const json_t *object, const char *key, bool *ret, struct ord_err *err)
{
	return ord_json_has(object, key) ? ord_json_bool(object, key, ret, err) : 0;
}

int ord_json_opt_text(const json_t *object, const char *key, size_t max, const char **ret,
		      struct ord_err *err)
{
	return ord_json_has(object, key) ? ord_json_text(object, key, max, ret, err) : 0;
}

int ord_json_opt_copy(const json_t *object, const char *key, char *out, size_t size,
		      struct ord_err *err)
{
	return ord_json_has(object, key) ? ord_json_copy(object, key, out, size, err) : 0;
}
