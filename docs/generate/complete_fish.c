/* The completion of fish: complete(1) of its manual. */
#include <ctype.h>
#include <string.h>

#include "cli/command.h"
#include "docs/generate/complete.h"
#include "docs/generate/pages.h"
#include "ordeal/fault.h"

/* In single quotes a backslash and a quote are escaped. */
static void put_quoted(FILE *out, const char *text)
{
	(void)fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
	(void)fputc('\'', out);
}

static void put_choices(FILE *out, const char *words)
{
	(void)fputs(" -x -a '", out);
	for (; *words; words++)
		(void)fputc(*words == '|' ? ' ' : *words, out);
	(void)fputc('\'', out);
}

static const struct {
	const char *option, *words;
} computed[] = {
	{"process", "(__fish_complete_proc)"},
	{"netns", "(ls /run/netns 2>/dev/null)"},
	{"context", "(kubectl config get-contexts -o name 2>/dev/null)"},
};

static void put_argument(FILE *out, const char *of, const struct cli_option *o)
{
	char words[COMPLETE_WORDS];

	if (!o->value || *o->value == '[')
		return; /* a flag */
	if (*complete_values(of, o, words)) {
		put_choices(out, words);
		return;
	}
	for (size_t i = 0; i < sizeof computed / sizeof *computed; i++)
		if (!strcmp(computed[i].option, o->name)) {
			(void)fprintf(out, " -x -a '%s'", computed[i].words);
			return;
		}
	(void)fputs(strstr(o->value, "FILE") || strstr(o->value, "DIR") || strstr(o->value, "PATH")
			    ? " -r -F"
			    : " -x",
		    out);
}

static void put_option(FILE *out, const char *where, const char *of, const struct cli_option *o)
{
	(void)fprintf(out, "complete -c ordeal -n '%s %s' -l %s", where, of, o->name);
	if (o->letter)
		(void)fprintf(out, " -s %c", o->letter);
	put_argument(out, of, o);
	(void)fputs(" -d ", out);
	put_quoted(out, o->help);
	(void)fputc('\n', out);
}

static void of_command(FILE *out, const char *of, const struct cli_option *o)
{
	put_option(out, "__ordeal_at", of, o);
}

static void of_fault(FILE *out, const char *of, const struct cli_option *o)
{
	put_option(out, "__ordeal_fault", of, o);
}

static void put_operands(FILE *out, const struct cli_command *c)
{
	static const char *const words[] = {
		[COMPLETE_NOTHING] = "",
		[COMPLETE_EXPERIMENTS] = "(__fish_complete_suffix .yaml)",
		[COMPLETE_TABLES] = "(__fish_complete_suffix .csv)",
		[COMPLETE_RUNS] = "(__ordeal_runs)",
		[COMPLETE_COMMANDS] = "",
	};
	enum complete_operands what = complete_operands(c->name);

	if (*complete_words(c->operands)) {
		(void)fprintf(out, "complete -c ordeal -n '__ordeal_at %s'", c->name);
		put_choices(out, complete_words(c->operands));
		(void)fputc('\n', out);
	}
	if (*words[what])
		(void)fprintf(out, "complete -c ordeal -n '__ordeal_at %s' -a '%s'\n", c->name,
			      words[what]);
}

void page_fish(FILE *out)
{
	(void)fputs("# fish completion for ordeal(1). Made from the tables of the program; do not "
		    "edit.\n\n"
		    "function __ordeal_at\n"
		    "\tset -l said (commandline -opc)\n"
		    "\ttest (count $said) -gt 1; and contains -- $said[2] $argv\n"
		    "end\n\n"
		    "function __ordeal_fault\n"
		    "\tset -l said (commandline -opc)\n"
		    "\ttest (count $said) -gt 2; and test $said[2] = inject; and contains -- "
		    "$said[3] $argv\n"
		    "end\n\n"
		    "function __ordeal_first\n"
		    "\tset -l said (commandline -opc)\n"
		    "\ttest (count $said) -eq 1\n"
		    "end\n\n"
		    "function __ordeal_second\n"
		    "\tset -l said (commandline -opc)\n"
		    "\ttest (count $said) -eq 2; and contains -- $said[2] $argv\n"
		    "end\n\n"
		    "function __ordeal_runs\n"
		    "\techo latest\n"
		    "\tordeal tag --list 2>/dev/null | string replace -r ' .*' ''\n"
		    "\t__fish_complete_directories (commandline -ct)\n"
		    "end\n\n"
		    "complete -c ordeal -f\n",
		    out);
	for (size_t i = 0; i < cli_n_commands; i++) {
		const struct cli_command *c = cli_commands[i];

		(void)fprintf(out, "complete -c ordeal -n __ordeal_first -a %s -d ", c->name);
		put_quoted(out, c->summary);
		(void)fprintf(out, "\ncomplete -c ordeal -n '__ordeal_second help' -a %s -d ",
			      c->name);
		put_quoted(out, c->summary);
		(void)fputc('\n', out);
		complete_command(out, c, of_command);
		put_operands(out, c);
	}
	for (size_t i = 0; i < ord_n_faults; i++) {
		(void)fprintf(out, "complete -c ordeal -n '__ordeal_second inject' -a %s -d ",
			      ord_faults[i].name);
		put_quoted(out, ord_faults[i].summary);
		(void)fputc('\n', out);
		complete_fault(out, &ord_faults[i], of_fault);
	}
}
