/* Members of the history's own JSON, which may be absent. */
#ifndef ORDEAL_HISTORY_GET_H
#define ORDEAL_HISTORY_GET_H

#include <jansson.h>
#include <stdbool.h>

/* "" where it is none. */
static inline const char *get_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* 0 where it is none. */
static inline json_int_t get_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static inline bool get_is_int(const json_t *object, const char *key)
{
	return json_is_integer(json_object_get(object, key));
}

static inline bool get_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

#endif
