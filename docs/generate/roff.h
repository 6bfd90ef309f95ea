/* man(7) source, escaped. */
#ifndef ORDEAL_DOCS_ROFF_H
#define ORDEAL_DOCS_ROFF_H

#include <stdio.h>

/* ORDEAL_DATE comes from the build: the same source gives the same bytes. */
void roff_title(FILE *out, const char *name, const char *section, const char *summary);
void roff_section(FILE *out, const char *name);
void roff_subsection(FILE *out, const char *name);
/* One or more paragraphs; lines that start with two spaces stand as they are. */
void roff_text(FILE *out, const char *text);
/* A tagged paragraph. The tag is printed in bold; arg, in italics, may be NULL. */
void roff_item(FILE *out, const char *tag, const char *arg, const char *text);
/* A line of source that is escaped already, broken where it is long. */
void roff_break(FILE *out, const char *line, size_t len);
/* What the tables of a language give, with its text lines broken; requests and literal lines stay
 * as they are. */
void roff_tables(FILE *out, void (*write)(FILE *out));
/* Text within a line, escaped. */
void roff_put(FILE *out, const char *text);

#endif
