#include "injector/kube/pointer.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

#define OPS_MAX 256

int inj_pointer_add(char pointer[static INJ_POINTER_MAX], const char *key, struct ord_err *err)
{
	size_t at = strlen(pointer);

	if (at + 2 * strlen(key) + 2 > INJ_POINTER_MAX)
		return ord_fail(err, ORD_USAGE, "a path is longer than %d bytes", INJ_POINTER_MAX);
	pointer[at++] = '/';
	for (; *key; key++) {
		if (*key == '~' || *key == '/') {
			pointer[at++] = '~';
			pointer[at++] = *key == '~' ? '0' : '1';
		} else {
			pointer[at++] = *key;
		}
	}
	pointer[at] = '\0';
	return 0;
}

int inj_pointer_add_index(char pointer[static INJ_POINTER_MAX], size_t index, struct ord_err *err)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%zu", index);
	return inj_pointer_add(pointer, text, err);
}

/* The next token, unescaped; returns where the one after it begins, NULL where it is malformed. */
static const char *token_next(const char *at, char out[static INJ_POINTER_MAX])
{
	size_t n = 0;

	if (*at++ != '/')
		return NULL;
	while (*at && *at != '/') {
		char c = *at++;

		if (c == '~') {
			if (*at != '0' && *at != '1')
				return NULL;
			c = *at++ == '0' ? '~' : '/';
		}
		if (n + 1 >= INJ_POINTER_MAX)
			return NULL;
		out[n++] = c;
	}
	out[n] = '\0';
	return at;
}

/* An index of an array of n; -1 where it is none. "-" is n. */
static int index_of(const char *token, size_t n, size_t *ret)
{
	size_t v = 0;

	if (!strcmp(token, "-")) {
		*ret = n;
		return 0;
	}
	if (!*token || (token[0] == '0' && token[1]) || strlen(token) > 6)
		return -1;
	for (; *token; token++) {
		if (*token < '0' || *token > '9')
			return -1;
		v = v * 10 + (size_t)(*token - '0');
	}
	*ret = v;
	return v <= n ? 0 : -1;
}

static json_t *child(const json_t *value, const char *token)
{
	size_t i;

	if (json_is_object(value))
		return json_object_get(value, token);
	if (json_is_array(value) && index_of(token, json_array_size(value), &i) == 0)
		return json_array_get(value, i);
	return NULL;
}

json_t *inj_pointer_get(const json_t *document, const char *pointer)
{
	/* Only read here; who may change the document may change what is in it. */
	union {
		const json_t *in;
		json_t *out;
	} u = {.in = document};
	char token[INJ_POINTER_MAX];

	while (u.in && *pointer) {
		pointer = token_next(pointer, token);
		if (!pointer)
			return NULL;
		u.out = child(u.in, token);
	}
	return u.out;
}

/* The container that the last token is in. */
static json_t *parent_of(json_t *document, const char *pointer, char last[static INJ_POINTER_MAX],
			 struct ord_err *err)
{
	const char *slash = strrchr(pointer, '/');
	char above[INJ_POINTER_MAX];
	json_t *parent;

	if (!slash || strlen(pointer) >= sizeof above) {
		(void)ord_fail(err, ORD_USAGE, "'%.100s' names no part of the object", pointer);
		return NULL;
	}
	(void)snprintf(above, sizeof above, "%.*s", (int)(slash - pointer), pointer);
	parent = inj_pointer_get(document, above);
	if (!token_next(slash, last) || (!json_is_object(parent) && !json_is_array(parent))) {
		(void)ord_fail(err, ORD_USAGE, "there is nothing at '%.200s' for '%.200s'", above,
			       slash);
		return NULL;
	}
	return parent;
}

static int add(json_t *document, const char *pointer, const json_t *value, struct ord_err *err)
{
	char last[INJ_POINTER_MAX];
	json_t *parent = parent_of(document, pointer, last, err), *copy;
	size_t i = 0;

	if (!parent)
		return -1;
	if (json_is_array(parent) && index_of(last, json_array_size(parent), &i) < 0)
		return ord_fail(err, ORD_USAGE, "'%.200s' is no place in that list", pointer);
	copy = json_deep_copy(value);
	if (json_is_object(parent) ? json_object_set_new(parent, last, copy)
				   : json_array_insert_new(parent, i, copy))
		return ord_fail_nomem(err);
	return 0;
}

static int take(json_t *document, const char *pointer, struct ord_err *err)
{
	char last[INJ_POINTER_MAX];
	json_t *parent = parent_of(document, pointer, last, err);
	size_t i = 0;

	if (!parent)
		return -1;
	if (!child(parent, last))
		return ord_fail(err, ORD_USAGE, "there is no '%.200s'", pointer);
	if (json_is_object(parent))
		(void)json_object_del(parent, last);
	else if (index_of(last, json_array_size(parent), &i) == 0)
		(void)json_array_remove(parent, i);
	return 0;
}

static int replace(json_t *document, const char *pointer, const json_t *value, struct ord_err *err)
{
	char last[INJ_POINTER_MAX];
	json_t *parent = parent_of(document, pointer, last, err), *copy;
	size_t i = 0;

	if (!parent)
		return -1;
	if (!child(parent, last))
		return ord_fail(err, ORD_USAGE, "there is no '%.200s' to replace", pointer);
	copy = json_deep_copy(value);
	if (json_is_array(parent))
		(void)index_of(last, json_array_size(parent), &i);
	if (json_is_object(parent) ? json_object_set_new(parent, last, copy)
				   : json_array_set_new(parent, i, copy))
		return ord_fail_nomem(err);
	return 0;
}

static int from(json_t *document, const json_t *op, bool move, struct ord_err *err)
{
	const char *source = json_string_value(json_object_get(op, "from"));
	const char *path = json_string_value(json_object_get(op, "path"));
	ord_auto(json) json_t *value = json_deep_copy(inj_pointer_get(document, source));

	if (!value)
		return ord_fail(err, ORD_USAGE, "there is no '%.200s'", source);
	if (move && !strncmp(path, source, strlen(source)) && path[strlen(source)] == '/')
		return ord_fail(err, ORD_USAGE, "'%.200s' cannot move into itself", source);
	if (move && take(document, source, err) < 0)
		return -1;
	return add(document, path, value, err);
}

static int op_apply(json_t *document, const json_t *op, struct ord_err *err)
{
	const char *name = json_string_value(json_object_get(op, "op"));
	const char *path = json_string_value(json_object_get(op, "path"));
	const json_t *value = json_object_get(op, "value"), *there;

	if (!strcmp(name, "add"))
		return add(document, path, value, err);
	if (!strcmp(name, "remove"))
		return take(document, path, err);
	if (!strcmp(name, "replace"))
		return replace(document, path, value, err);
	if (!strcmp(name, "move") || !strcmp(name, "copy"))
		return from(document, op, *name == 'm', err);
	there = inj_pointer_get(document, path);
	if (!there || !json_equal(there, value))
		return ord_fail(err, ORD_USAGE, "the test of '%.200s' fails", path);
	return 0;
}

static bool is_pointer(const json_t *v)
{
	const char *text = json_string_value(v);

	return text && text[0] == '/' && strlen(text) < INJ_POINTER_MAX &&
	       strlen(text) == json_string_length(v);
}

static int op_validate(const json_t *op, struct ord_err *err)
{
	static const char *const keys[] = {"op", "path", "value", "from"};
	static const char *const names[] = {"add", "remove", "replace", "move", "copy", "test"};
	const char *name = json_string_value(json_object_get(op, "op"));
	size_t i;

	if (ord_json_keys(op, keys, ORD_COUNT(keys), err) < 0)
		return -1;
	for (i = 0; i < ORD_COUNT(names); i++)
		if (name && !strcmp(name, names[i]))
			break;
	if (i == ORD_COUNT(names))
		return ord_fail(err, ORD_USAGE,
				"op is none of add, remove, replace, move, copy, test");
	if (!is_pointer(json_object_get(op, "path")))
		return ord_fail(err, ORD_USAGE, "path is no JSON pointer (\"/spec/replicas\")");
	if ((i == 3 || i == 4) && !is_pointer(json_object_get(op, "from")))
		return ord_fail(err, ORD_USAGE, "from is no JSON pointer (\"/spec/replicas\")");
	if ((i == 0 || i == 2 || i == 5) && !json_object_get(op, "value"))
		return ord_fail(err, ORD_USAGE, "%s needs a value", names[i]);
	return 0;
}

int inj_patch_validate(const json_t *patch, struct ord_err *err)
{
	size_t n = json_array_size(patch);

	if (!json_is_array(patch) || n == 0 || n > OPS_MAX)
		return ord_fail(err, ORD_USAGE, "a JSON patch is a list of 1 to %d operations",
				OPS_MAX);
	for (size_t i = 0; i < n; i++)
		if (op_validate(json_array_get(patch, i), err) < 0)
			return ord_wrap(err, "operation %zu", i + 1);
	return 0;
}

int inj_patch_apply(json_t *document, const json_t *patch, struct ord_err *err)
{
	if (inj_patch_validate(patch, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(patch); i++)
		if (op_apply(document, json_array_get(patch, i), err) < 0)
			return ord_wrap(err, "operation %zu", i + 1);
	return 0;
}
