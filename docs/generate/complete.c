#include <string.h>

#include "base/auto.h"
#include "cli/catalog.h"
#include "cli/command.h"
#include "cli/inject.h"
#include "docs/generate/pages.h"
#include "ordeal/report.h"

static void put_words(FILE *out, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		(void)fprintf(out, " --%s", o->name);
}

static void put_fitting(FILE *out, const struct ord_fault *f, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o->name; o++)
		if (cli_target_fits(f, o->name))
			(void)fprintf(out, " --%s", o->name);
}

/* case "$previous" in --mode) words="drop reject" ...: values that are known. */
static void put_choices(FILE *out, const struct ord_fault *f)
{
	for (size_t i = 0; i < f->n_params; i++) {
		const struct ord_param *p = &f->params[i];

		if (p->type != ORD_PARAM_CHOICE)
			continue;
		(void)fprintf(out, "\t%s:--%s) words=\"", f->name, p->name);
		for (const char *c = p->choices; *c; c++)
			(void)fputc(*c == '|' ? ' ' : *c, out);
		(void)fputs("\" ;;\n", out);
	}
}

static void put_inject(FILE *out)
{
	static struct cli_fault_options options;

	(void)fputs("_ordeal_inject()\n{\n\tcase $1 in\n", out);
	for (size_t i = 0; i < ord_n_faults; i++) {
		cli_fault_options(&ord_faults[i], &options);
		(void)fprintf(out, "\t%s) words=\"", ord_faults[i].name);
		put_words(out, options.options);
		put_fitting(out, &ord_faults[i], cli_target_options);
		put_fitting(out, &ord_faults[i], cli_cluster_options);
		if (!cli_fault_has(&ord_faults[i], "percent"))
			put_words(out, cli_share_option);
		put_words(out, cli_inject_options);
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\t*) words=\"--help", out);
	for (size_t i = 0; i < ord_n_faults; i++)
		(void)fprintf(out, " %s", ord_faults[i].name);
	(void)fputs("\" ;;\n\tesac\n}\n\n_ordeal_value()\n{\n\tcase $1:$2 in\n", out);
	for (size_t i = 0; i < ord_n_faults; i++)
		put_choices(out, &ord_faults[i]);
	(void)fputs("\tcompare:--format | compare:-f) words=\"text md json\" ;;\n"
		    "\tpostmortem:--format | postmortem:-f) words=\"md html\" ;;\n"
		    "\tpostmortem:--style) words=\"google-sre pagerduty atlassian\" ;;\n",
		    out);
	(void)fputs("\t*:--format | *:-f | *:--print) words=\"", out);
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		(void)fprintf(out, "%s%s", f == ord_report_formats ? "" : " ", f->name);
	(void)fputs("\" ;;\n"
		    "\t*:--process) words=$(ps -eo comm= 2>/dev/null | sort -u) ;;\n"
		    "\t*:--netns) words=$(ls /run/netns 2>/dev/null) ;;\n"
		    "\t*:--send) words=\"otlp= grafana= cloudevents=\" ;;\n"
		    "\t*:--spread) words=\"node zone\" ;;\n"
		    "\t*:--phase) words=\"Pending Running Succeeded Failed Unknown\" ;;\n"
		    "\t*:--context) words=$(kubectl config get-contexts -o name 2>/dev/null) ;;\n"
		    "\t*:--for) words=\"10s 30s 1m\" ;;\n"
		    "\t*) return 1 ;;\n\tesac\n}\n\n",
		    out);
}

/* "faults|probes" is a choice of words, "FILE..." is none, and of "RUN a|b" the last is one. */
static void put_alternatives(FILE *out, const char *operands)
{
	if (!strncmp(operands, "RUN ", 4))
		operands += 4;
	if (operands[0] < 'a' || operands[0] > 'z')
		return;
	(void)fputc(' ', out);
	for (; *operands; operands++)
		(void)fputc(*operands == '|' ? ' ' : *operands, out);
}

static void put_commands(FILE *out)
{
	(void)fputs("_ordeal_command()\n{\n\tcase $1 in\n", out);
	for (size_t i = 0; i < cli_n_commands; i++) {
		const struct cli_command *c = cli_commands[i];

		(void)fprintf(out, "\t%s) words=\"--help", c->name);
		put_words(out, c->options);
		if (c->takes_target) {
			put_words(out, cli_target_options);
			put_words(out, cli_share_option);
			put_words(out, cli_cluster_options);
		}
		put_alternatives(out, c->operands);
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\t*) words=\"", out);
	for (size_t i = 0; i < cli_n_commands; i++)
		(void)fprintf(out, "%s%s", i ? " " : "", cli_commands[i]->name);
	(void)fputs("\" ;;\n\tesac\n}\n\n", out);
}

void page_completion(FILE *out)
{
	(void)fputs("# bash completion for ordeal(1). Made from the tables of the program; do not "
		    "edit.\n\n",
		    out);
	put_inject(out);
	put_commands(out);
	(void)fputs("_ordeal_runs()\n{\n"
		    "\tcompgen -W \"latest $(ordeal tag --list 2>/dev/null | cut -d' ' -f1)\" -- "
		    "\"$1\"\n"
		    "\tcompgen -d -S / -- \"$1\"\n}\n\n",
		    out);
	(void)fputs(
		"_ordeal()\n"
		"{\n"
		"\tlocal words current=${COMP_WORDS[COMP_CWORD]} "
		"previous=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal command=${COMP_WORDS[1]} fault\n"
		"\n"
		"\tCOMPREPLY=()\n"
		"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		"\t\t_ordeal_command\n"
		"\telse\n"
		"\t\tfault=$command\n"
		"\t\t[ \"$command\" = inject ] && fault=\n"
		"\t\t[ \"$command\" = inject ] && [ \"$COMP_CWORD\" -gt 2 ] && "
		"fault=${COMP_WORDS[2]}\n"
		"\t\tif ! _ordeal_value \"$fault\" \"$previous\"; then\n"
		"\t\t\tif [ \"$command\" = inject ]; then\n"
		"\t\t\t\t_ordeal_inject \"$fault\"\n"
		"\t\t\telif [ \"$command\" = help ]; then\n"
		"\t\t\t\t_ordeal_command\n"
		"\t\t\telse\n"
		"\t\t\t\t_ordeal_command \"$command\"\n"
		"\t\t\tfi\n"
		"\t\tfi\n"
		"\tfi\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		"\tcase $command in\n"
		"\trun | plan | validate | targets | rbac)\n"
		"\t\t[ \"$COMP_CWORD\" -gt 1 ] && mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY "
		"< <(compgen -f -X '!*.y*ml' -- \"$current\"; compgen -d -S / -- \"$current\") ;;\n"
		"\tstats)\n"
		"\t\tmapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY "
		"< <(compgen -f -X '!*.csv' -- \"$current\"; compgen -d -S / -- \"$current\") ;;\n"
		"\thistory)\n"
		"\t\tmapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY "
		"< <(compgen -W 'rebuild prune' -- \"$current\") ;;\n"
		"\treport | compare | baseline | tag | postmortem | mark | note)\n"
		"\t\t[ \"$COMP_CWORD\" -gt 1 ] && [[ $previous != --* ]] && "
		"mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(_ordeal_runs \"$current\") ;;\n"
		"\tesac\n"
		"}\n"
		"complete -o filenames -F _ordeal ordeal\n",
		out);
}

void page_dictionary(FILE *out)
{
	for (size_t i = 0; i < ord_n_faults; i++) {
		(void)fprintf(out, "\"%s\"\n", ord_faults[i].name);
		for (size_t k = 0; k < ord_faults[i].n_params; k++)
			(void)fprintf(out, "\"%s\"\n", ord_faults[i].params[k].name);
	}
	for (const struct cli_option *o = cli_target_options; o->name; o++)
		(void)fprintf(out, "\"%s\"\n", o->name);
	for (const struct cli_option *o = cli_cluster_options; o->name; o++)
		(void)fprintf(out, "\"%s\"\n", o->name);
}
