/* JSON in C strings, for cmocka programs: a single quote stands for a double one. */
#ifndef ORDEAL_TESTS_JSON_TEXT_H
#define ORDEAL_TESTS_JSON_TEXT_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Owned by the caller. */
static inline json_t *json_of(const char *text)
{
	char *copy = strdup(text);
	json_error_t why;
	json_t *json;

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	json = json_loads(copy, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
	if (!json)
		fail_msg("%s: %s", why.text, copy);
	free(copy);
	return json;
}

static inline void assert_json(const json_t *is, const json_t *want)
{
	char *a, *b;

	if (json_equal(is, want))
		return;
	a = json_dumps(is, JSON_SORT_KEYS | JSON_ENCODE_ANY);
	b = json_dumps(want, JSON_SORT_KEYS | JSON_ENCODE_ANY);
	fail_msg("\n  is   %s\n  want %s", a, b);
}

#endif
