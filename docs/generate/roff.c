#include "docs/generate/roff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

void roff_put(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\\')
			(void)fputs("\\e", out);
		else if (*text == '-')
			(void)fputs("\\-", out);
		else
			(void)fputc(*text, out);
}

enum { COLUMNS = 78 };

static void put_word(FILE *out, const char *word, size_t len)
{
	char buf[256];

	(void)snprintf(buf, sizeof buf, "%.*s", (int)len, word);
	roff_put(out, buf);
}

/* Broken into source lines of a length that people can edit, none of which may look like a request.
 */
static void break_line(FILE *out, const char *line, size_t len,
		       void (*word)(FILE *, const char *, size_t))
{
	const char *end = line + len;
	size_t at = 0;

	while (line < end) {
		size_t n = strcspn(line, " \n");

		n = n > (size_t)(end - line) ? (size_t)(end - line) : n;
		if (at && at + 1 + n > COLUMNS) {
			(void)fputc('\n', out);
			at = 0;
		}
		if (at)
			(void)fputc(' ', out);
		else if (line[0] == '.' || line[0] == '\'')
			(void)fputs("\\&", out);
		word(out, line, n);
		at += n + (at > 0);
		line += n;
		line += strspn(line, " ");
	}
	(void)fputc('\n', out);
}

static void raw_word(FILE *out, const char *word, size_t len)
{
	(void)fwrite(word, 1, len, out);
}

void roff_break(FILE *out, const char *line, size_t len)
{
	break_line(out, line, len, raw_word);
}

static void put_line(FILE *out, const char *line, size_t len)
{
	break_line(out, line, len, put_word);
}

static void put_literal(FILE *out, const char *line, size_t len)
{
	put_word(out, line, len);
	(void)fputc('\n', out);
}

void roff_title(FILE *out, const char *name, const char *section, const char *summary)
{
	(void)fprintf(out,
		      ".\\\" Made from the tables of the program; do not edit.\n.TH %s %s %s "
		      "\"ordeal %s\"\n.SH NAME\n",
		      name, section, ORDEAL_DATE, ORDEAL_VERSION);
	for (; *name; name++)
		(void)fputc(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name, out);
	(void)fprintf(out, " \\- %s\n", summary);
}

void roff_section(FILE *out, const char *name)
{
	(void)fprintf(out, ".SH %s\n", name);
}

void roff_subsection(FILE *out, const char *name)
{
	(void)fprintf(out, ".SS ");
	roff_put(out, name);
	(void)fputc('\n', out);
}

void roff_text(FILE *out, const char *text)
{
	bool literal = false;

	while (*text) {
		size_t len = strcspn(text, "\n");
		bool now = len > 1 && text[0] == ' ' && text[1] == ' ';

		if (now && !literal)
			(void)fputs(".PP\n.nf\n", out);
		if (!now && literal)
			(void)fputs(".fi\n", out);
		literal = now;
		if (now)
			put_literal(out, text, len);
		else if (len)
			put_line(out, text, len);
		else if (text[1] && text[1] != ' ')
			(void)fputs(".PP\n", out);
		text += len + (text[len] == '\n');
	}
	if (literal)
		(void)fputs(".fi\n", out);
}

void roff_item(FILE *out, const char *tag, const char *arg, const char *text)
{
	(void)fputs(".TP\n\\fB", out);
	roff_put(out, tag);
	(void)fputs("\\fR", out);
	if (arg) {
		(void)fprintf(out, "%s\\fI", arg[0] == '[' ? "" : " ");
		roff_put(out, arg);
		(void)fputs("\\fR", out);
	}
	(void)fputc('\n', out);
	put_line(out, text, strlen(text));
}

void roff_tables(FILE *out, void (*write)(FILE *out))
{
	ord_autofree char *text = NULL;
	bool literal = false;
	size_t size = 0;
	FILE *tables = open_memstream(&text, &size);

	if (!tables)
		return;
	write(tables);
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
