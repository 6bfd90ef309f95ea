#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"
#include "ordeal/spec.h"

/* What the tables give, with its text lines broken; requests and literal lines stay as they are. */
static void put_tables(FILE *out)
{
	ord_autofree char *text = NULL;
	bool literal = false;
	size_t size = 0;
	FILE *tables = open_memstream(&text, &size);

	if (!tables)
		return;
	ord_spec_manual(tables);
	if (fclose(tables))
		return;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");

		if (!strncmp(line, ".nf", 3) || !strncmp(line, ".EX", 3))
			literal = true;
		else if (!strncmp(line, ".fi", 3) || !strncmp(line, ".EE", 3))
			literal = false;
		if (literal || *line == '.' || *line == '\'')
			(void)fprintf(out, "%.*s\n", (int)len, line);
		else
			roff_break(out, line, len);
		if (!line[len])
			break;
	}
}

void page_spec(FILE *out)
{
	roff_title(out, "ORDEAL-SPEC", "5", "the language of experiments");
	roff_section(out, "DESCRIPTION");
	roff_text(out, "An experiment is one YAML document of at most 1 MiB. Unknown keys, "
		       "duplicate keys and values out of range are "
		       "errors; ordeal validate shows all of a file at once, each with its line "
		       "and column. ordeal schema prints the same "
		       "language as a JSON Schema for editors.\n"
		       "\n"
		       "Durations are written as 200ms, 1.5s, 2m; sizes as 512MiB; shares as 25%. "
		       "Anchors and aliases work.");
	put_tables(out);
	(void)fputs(".SH SEE ALSO\n.BR ordeal (1)\n", out);
}
