/* The lines of policies as the injector reads them: texts on standard input, a NUL after each; a
 * line of JSON for each text on standard output, null where it is refused. For
 * test_policy_lines.py. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "injector/door/lines.h"

static json_t *lines_of(char *text, size_t size)
{
	static struct door_lines lines;
	struct ord_err err;
	json_t *all;

	if (door_lines_read(text, size, &lines, &err) < 0)
		return json_null();
	all = json_array();
	for (size_t i = 0; i < lines.n; i++) {
		const struct door_entry *e = &lines.v[i];

		(void)json_array_append_new(all, json_pack("[i,i,b,s?,s?]", (int)e->column,
							   (int)e->inner, (int)e->item, e->key,
							   e->value));
	}
	return all;
}

int main(void)
{
	ord_autofree char *text = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getdelim(&text, &room, '\0', stdin)) > 0) {
		json_t *all = lines_of(text, (size_t)n - (text[n - 1] == '\0'));

		(void)json_dumpf(all, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
		(void)putchar('\n');
		json_decref(all);
	}
	return 0;
}
