#include "cli/command.h"
#include "cli/inject.h"

#include <string.h>

enum { COLUMNS = 79, OPTION_COLUMN = 26 };

/* One line of words; returns where the next paragraph line starts. */
static unsigned put_words(FILE *out, const char *text, size_t len, unsigned indent, unsigned at)
{
	const char *end = text + len;

	while (text < end) {
		size_t word = 0;

		text += strspn(text, " ");
		while (text + word < end && text[word] != ' ')
			word++;
		if (!word)
			break;
		if (at > indent && at + 1 + word > COLUMNS) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			(void)fputc(' ', out);
			at++;
		}
		(void)fwrite(text, 1, word, out);
		at += (unsigned)word;
		text += word;
	}
	return at;
}

void cli_wrap(FILE *out, const char *text, unsigned indent, unsigned at)
{
	if (at < indent || !at)
		(void)fprintf(out, "%*s", (int)(indent - at), "");
	at = at > indent ? at : indent;
	while (*text) {
		size_t line = strcspn(text, "\n");
		bool literal = line > 1 && text[0] == ' ' && text[1] == ' ';

		if (literal)
			(void)fwrite(text, 1, line, out);
		else
			(void)put_words(out, text, line, indent, at);
		text += line;
		if (*text == '\n')
			text++;
		(void)fputc('\n', out);
		if (*text)
			(void)fprintf(out, "%*s", *text == '\n' ? 0 : (int)indent, "");
		at = indent;
	}
}

void cli_help_options(const struct cli_option *options, FILE *out)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		int n = o->letter ? fprintf(out, "  -%c, --%s", o->letter, o->name)
				  : fprintf(out, "      --%s", o->name);
		unsigned at = n > 0 ? (unsigned)n : 0;

		if (o->value)
			at += (unsigned)fprintf(out, "%s%s", o->value[0] == '[' ? "" : " ",
						o->value);
		if (at + 2 > OPTION_COLUMN) {
			(void)fputc('\n', out);
			at = 0;
		}
		cli_wrap(out, o->help, OPTION_COLUMN, at);
	}
}

void cli_help_command(const struct cli_command *c, FILE *out)
{
	(void)fprintf(out, "usage: ordeal %s%s%s%s\n\n", c->name, c->options ? " [OPTION]..." : "",
		      *c->operands ? " " : "", c->operands);
	cli_wrap(out, c->summary, 0, 0);
	if (c->details) {
		(void)fputc('\n', out);
		cli_wrap(out, c->details, 0, 0);
	}
	if (c->options) {
		(void)fputs("\noptions:\n", out);
		cli_help_options(c->options, out);
	}
	if (c->takes_target) {
		(void)fputs("\ntarget, one of:\n", out);
		cli_help_options(cli_target_options, out);
		cli_help_options(cli_share_option, out);
		(void)fputs("\ntarget in a cluster:\n", out);
		cli_help_options(cli_cluster_options, out);
	}
}

void cli_help_program(FILE *out)
{
	(void)fputs("usage: ordeal COMMAND [OPTION]... [OPERAND]...\n\n"
		    "Chaos engineering and resilience testing: an experiment is a YAML file, a "
		    "fault is a lease.\n",
		    out);
	for (size_t i = 0, g = 0; i < cli_n_commands; i++) {
		if (g < cli_n_groups && cli_groups[g].first == cli_commands[i])
			(void)fprintf(out, "\n%s:\n", cli_groups[g++].title);
		(void)fprintf(out, "  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
	}
	(void)fputs("\n'ordeal COMMAND --help' says more of one; 'man ordeal' says all.\n\nexit "
		    "status:\n",
		    out);
	for (size_t i = 0; i < sizeof cli_exits / sizeof *cli_exits; i++) {
		(void)fprintf(out, "  %d  ", (int)cli_exits[i].code);
		cli_wrap(out, cli_exits[i].text, 5, 5);
	}
}
