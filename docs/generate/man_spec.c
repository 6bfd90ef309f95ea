#include "docs/generate/pages.h"
#include "docs/generate/roff.h"
#include "ordeal/spec.h"

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
	ord_spec_manual(out);
	(void)fputs(".SH SEE ALSO\n.BR ordeal (1)\n", out);
}
