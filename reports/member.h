/* Reading members that may be absent or of another type. */
#ifndef ORDEAL_REPORTS_MEMBER_H
#define ORDEAL_REPORTS_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline int64_t ord_member_int(const json_t *j, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(j, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

/* Instants and durations may be added up without a thought: those beyond some seventy years are as
 * good as absent. */
#define ORD_TIME_MAX (INT64_MAX / 4)
static inline int64_t ord_member_time(const json_t *j, const char *key, int64_t otherwise)
{
	int64_t v = ord_member_int(j, key, otherwise);

	return v < -ORD_TIME_MAX || v > ORD_TIME_MAX ? otherwise : v;
}

static inline const char *ord_member_text(const json_t *j, const char *key, const char *otherwise)
{
	const char *v = json_string_value(json_object_get(j, key));

	return v ? v : otherwise;
}

static inline bool ord_member_true(const json_t *j, const char *key)
{
	return json_is_true(json_object_get(j, key));
}

#endif
