/* The completion of zsh: _arguments and _describe of zshcompsys(1). */
#include <string.h>

#include "cli/command.h"
#include "docs/generate/complete.h"
#include "docs/generate/pages.h"
#include "ordeal/fault.h"

/* Within single quotes, and where brackets and colons have a meaning. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'') {
			(void)fputs("'\\''", out);
			continue;
		}
		if (strchr("[]:\\", *text))
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

static void put_spaced(FILE *out, const char *words)
{
	for (; *words; words++)
		(void)fputc(*words == '|' ? ' ' : *words, out);
}

/* ":VALUE:(drop reject)", ":FILE:_files", ":N: " where nothing is offered. */
static void put_argument(FILE *out, const char *of, const struct cli_option *o)
{
	char words[COMPLETE_WORDS];

	if (!o->value || *o->value == '[')
		return; /* a flag */
	(void)fputc(':', out);
	put_escaped(out, o->value);
	(void)fputc(':', out);
	if (*complete_values(of, o, words)) {
		(void)fputc('(', out);
		put_spaced(out, words);
		(void)fputc(')', out);
	} else if (!strcmp(o->name, "process")) {
		(void)fputs("{compadd -- ${(fu)\"$(ps -eo comm= 2>/dev/null)\"}}", out);
	} else if (!strcmp(o->name, "netns")) {
		(void)fputs("{compadd -- /run/netns/*(N:t)}", out);
	} else if (!strcmp(o->name, "context")) {
		(void)fputs("{compadd -- ${(f)\"$(kubectl config get-contexts -o name "
			    "2>/dev/null)\"}}",
			    out);
	} else {
		(void)fputs(strstr(o->value, "FILE") || strstr(o->value, "DIR") ||
					    strstr(o->value, "PATH")
				    ? "_files"
				    : " ",
			    out);
	}
}

static void put_one(FILE *out, const char *of, const struct cli_option *o, const char *dashes,
		    const char *name)
{
	(void)fprintf(out, " \\\n\t\t\t'*%s%s[", dashes, name);
	put_escaped(out, o->help);
	(void)fputc(']', out);
	put_argument(out, of, o);
	(void)fputc('\'', out);
}

static void put_option(FILE *out, const char *of, const struct cli_option *o)
{
	const char letter[2] = {o->letter, '\0'};

	put_one(out, of, o, "--", o->name);
	if (o->letter)
		put_one(out, of, o, "-", letter);
}

static void put_operands(FILE *out, const struct cli_command *c)
{
	static const char *const words[] = {
		[COMPLETE_NOTHING] = "",
		[COMPLETE_EXPERIMENTS] = "_files -g \"*.y(a|)ml(-.)\"",
		[COMPLETE_TABLES] = "_files -g \"*.csv(-.)\"",
		[COMPLETE_RUNS] = "_ordeal_runs",
		[COMPLETE_COMMANDS] = "_ordeal_commands",
	};
	enum complete_operands what = complete_operands(c->name);

	if (*complete_words(c->operands)) {
		(void)fputs(" \\\n\t\t\t'*:word:(", out);
		if (what == COMPLETE_RUNS)
			(void)fputs("latest ", out);
		put_spaced(out, complete_words(c->operands));
		(void)fputs(")'", out);
	} else if (*words[what]) {
		(void)fprintf(out, " \\\n\t\t\t'*:operand:%s'", words[what]);
	}
}

/* An array of "name:summary". */
static void put_item(FILE *out, const char *name, const char *summary)
{
	(void)fprintf(out, "\t\t'%s:", name);
	put_escaped(out, summary);
	(void)fputs("'\n", out);
}

void page_zsh(FILE *out)
{
	(void)fputs("#compdef ordeal\n"
		    "# zsh completion for ordeal(1). Made from the tables of the program; do not "
		    "edit.\n\n"
		    "_ordeal_commands() {\n\tlocal -a commands=(\n",
		    out);
	for (size_t i = 0; i < cli_n_commands; i++)
		put_item(out, cli_commands[i]->name, cli_commands[i]->summary);
	(void)fputs("\t)\n\t_describe command commands\n}\n\n"
		    "_ordeal_faults() {\n\tlocal -a faults=(\n",
		    out);
	for (size_t i = 0; i < ord_n_faults; i++)
		put_item(out, ord_faults[i].name, ord_faults[i].summary);
	(void)fputs("\t)\n\t_describe fault faults\n}\n\n"
		    "_ordeal_runs() {\n"
		    "\tcompadd -- latest ${${(f)\"$(ordeal tag --list 2>/dev/null)\"}%% *}\n"
		    "\t_files -/\n}\n\n"
		    "_ordeal_inject() {\n\tcase $words[1] in\n",
		    out);
	for (size_t i = 0; i < ord_n_faults; i++) {
		(void)fprintf(out, "\t%s)\n\t\t_arguments", ord_faults[i].name);
		complete_fault(out, &ord_faults[i], put_option);
		(void)fputs(" ;;\n", out);
	}
	(void)fputs("\tesac\n}\n\n_ordeal_command() {\n\tcase $words[1] in\n", out);
	for (size_t i = 0; i < cli_n_commands; i++) {
		(void)fprintf(out, "\t%s)\n\t\t_arguments", cli_commands[i]->name);
		complete_command(out, cli_commands[i], put_option);
		put_operands(out, cli_commands[i]);
		(void)fputs(" ;;\n", out);
	}
	(void)fputs("\tesac\n}\n\n"
		    "_ordeal() {\n"
		    "\tif (( CURRENT == 2 )); then\n"
		    "\t\t_ordeal_commands\n"
		    "\telif [[ $words[2] == inject ]] && (( CURRENT == 3 )); then\n"
		    "\t\t_ordeal_faults\n"
		    "\telif [[ $words[2] == inject ]]; then\n"
		    "\t\tshift 2 words\n"
		    "\t\t(( CURRENT -= 2 ))\n"
		    "\t\t_ordeal_inject\n"
		    "\telse\n"
		    "\t\tshift words\n"
		    "\t\t(( CURRENT -= 1 ))\n"
		    "\t\t_ordeal_command\n"
		    "\tfi\n"
		    "}\n\n"
		    "_ordeal \"$@\"\n",
		    out);
}
