/* From a selector as objects hold it to the text that a query wants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/selector.h"

static bool expression_write(FILE *out, const json_t *e)
{
	const char *key = json_string_value(json_object_get(e, "key"));
	const char *operator= json_string_value(json_object_get(e, "operator"));
	const json_t *value;
	size_t i;

	if (!key || !operator)
		return false;
	if (strcmp(operator, "Exists") == 0)
		return fprintf(out, "%s", key) > 0;
	if (strcmp(operator, "DoesNotExist") == 0)
		return fprintf(out, "!%s", key) > 0;
	if (strcmp(operator, "In") != 0 && strcmp(operator, "NotIn") != 0)
		return false;
	(void)fprintf(out, "%s %s (", key, strcmp(operator, "In") == 0 ? "in" : "notin");
	json_array_foreach (json_object_get(e, "values"), i, value)
		(void)fprintf(out, "%s%s", i ? "," : "",
			      json_is_string(value) ? json_string_value(value) : "");
	return fprintf(out, ")") > 0;
}

static bool map_write(FILE *out, const json_t *map, const char **comma)
{
	const char *key;
	json_t *value;
	/* jansson's iterator wants it so; nothing is changed. */
	union {
		const json_t *in;
		json_t *out;
	} u = {.in = map};

	json_object_foreach (u.out, key, value) {
		if (!json_is_string(value))
			return false;
		(void)fprintf(out, "%s%s=%s", *comma, key, json_string_value(value));
		*comma = ",";
	}
	return true;
}

static char *selector_write(const json_t *labels, const json_t *expressions)
{
	ord_autofree char *text = NULL;
	const char *comma = "";
	const json_t *e;
	size_t size, i;
	bool fine;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fine = map_write(out, labels, &comma);
	json_array_foreach (expressions, i, e) {
		(void)fputs(comma, out);
		comma = ",";
		fine = fine && expression_write(out, e);
	}
	return fclose(out) == 0 && fine ? ord_steal_ptr(text) : NULL;
}

char *ord_selector_of(const json_t *selector)
{
	return selector_write(json_object_get(selector, "matchLabels"),
			      json_object_get(selector, "matchExpressions"));
}

char *ord_selector_of_map(const json_t *map)
{
	return selector_write(map, NULL);
}
