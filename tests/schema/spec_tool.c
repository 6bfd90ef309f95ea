/*
 * For schema.py: `spec_tool schema` prints the JSON Schema; `spec_tool check` reads experiments
 * from standard input, each ended by a NUL, and prints a line for each: "ok", or the first mistake.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/spec.h"

static int print_schema(void)
{
	ord_auto(json) json_t *schema = ord_spec_schema();

	return !schema || json_dumpf(schema, stdout, JSON_INDENT(1)) ? 1 : 0;
}

static int check_all(void)
{
	ord_autofree char *text = NULL;
	static struct ord_spec spec;
	struct ord_mistakes m;
	size_t room = 0;
	ssize_t n;

	while ((n = getdelim(&text, &room, '\0', stdin)) > 0) {
		int rc = ord_spec_parse(text, strlen(text), NULL, 0, &spec, &m);
		size_t i = 0;

		while (i < m.n && m.v[i].warning)
			i++;
		(void)printf("%s\n", rc && i < m.n ? m.v[i].text : rc ? "refused" : "ok");
		ord_mistakes_done(&m);
		if (!rc)
			ord_spec_done(&spec);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "schema"))
		return print_schema();
	return argc == 2 && !strcmp(argv[1], "check") ? check_all() : 2;
}
