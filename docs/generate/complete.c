/* What completions are made of, and that of bash. */
#include "docs/generate/complete.h"

#include <string.h>

#include "base/auto.h"
#include "cli/catalog.h"
#include "cli/inject.h"
#include "docs/generate/pages.h"
#include "ordeal/report.h"

/* ---- what all are made of ---- */

/* Values that no table has. An empty command: of any. */
static const struct {
	const char *of, *option, *words;
} known[] = {
	{"compare", "format", "text|md|json"},
	{"postmortem", "format", "md|html"},
	{"postmortem", "style", "google-sre|pagerduty|atlassian"},
	{"", "send", "otlp=|grafana=|cloudevents="},
	{"", "phase", "Pending|Running|Succeeded|Failed|Unknown"},
	{"", "for", "10s|30s|1m"},
};

static bool is_choice(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!(*p >= 'a' && *p <= 'z') && !strchr("0123456789|-_", *p))
			return false;
	return strchr(value, '|') != NULL;
}

const char *complete_values(const char *of, const struct cli_option *o,
			    char out[static COMPLETE_WORDS])
{
	size_t n = 0;

	*out = '\0';
	if (!o->value)
		return out;
	if (is_choice(o->value))
		(void)snprintf(out, COMPLETE_WORDS, "%s", o->value);
	for (size_t i = 0; !*out && i < ORD_COUNT(known); i++)
		if (!strcmp(known[i].option, o->name) &&
		    (!*known[i].of || !strcmp(known[i].of, of)))
			(void)snprintf(out, COMPLETE_WORDS, "%s", known[i].words);
	if (*out || strcmp(o->name, "format") != 0)
		return out;
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		n += (size_t)snprintf(out + n, COMPLETE_WORDS - n, "%s%s", n ? "|" : "", f->name);
	return out;
}

const char *complete_words(const char *operands)
{
	if (!strncmp(operands, "RUN ", 4))
		operands += 4;
	return operands[0] >= 'a' && operands[0] <= 'z' ? operands : "";
}

enum complete_operands complete_operands(const char *command)
{
	static const struct {
		const char *name;
		enum complete_operands what;
	} of[] = {
		{"run", COMPLETE_EXPERIMENTS},
		{"plan", COMPLETE_EXPERIMENTS},
		{"validate", COMPLETE_EXPERIMENTS},
		{"targets", COMPLETE_EXPERIMENTS},
		{"rbac", COMPLETE_EXPERIMENTS},
		{"next", COMPLETE_EXPERIMENTS},
		{"gameday", COMPLETE_EXPERIMENTS},
		{"stats", COMPLETE_TABLES},
		{"report", COMPLETE_RUNS},
		{"compare", COMPLETE_RUNS},
		{"baseline", COMPLETE_RUNS},
		{"tag", COMPLETE_RUNS},
		{"postmortem", COMPLETE_RUNS},
		{"mark", COMPLETE_RUNS},
		{"note", COMPLETE_RUNS},
		{"help", COMPLETE_COMMANDS},
	};

	for (size_t i = 0; i < ORD_COUNT(of); i++)
		if (!strcmp(of[i].name, command))
			return of[i].what;
	return COMPLETE_NOTHING;
}

static void each_of(FILE *out, const char *of, const struct cli_option *options,
		    const struct ord_fault *fits, complete_each *each)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (!fits || cli_target_fits(fits, o->name))
			each(out, of, o);
}

void complete_command(FILE *out, const struct cli_command *c, complete_each *each)
{
	static const struct cli_option help[] = {{"help", 'h', NULL, "print help and exit"}, {0}};

	each_of(out, c->name, help, NULL, each);
	each_of(out, c->name, c->options, NULL, each);
	if (!c->takes_target)
		return;
	each_of(out, c->name, cli_target_options, NULL, each);
	each_of(out, c->name, cli_share_option, NULL, each);
	each_of(out, c->name, cli_cluster_options, NULL, each);
}

void complete_fault(FILE *out, const struct ord_fault *f, complete_each *each)
{
	static struct cli_fault_options options;

	cli_fault_options(f, &options);
	each_of(out, f->name, options.options, NULL, each);
	each_of(out, f->name, cli_target_options, f, each);
	each_of(out, f->name, cli_cluster_options, f, each);
	if (!cli_fault_has(f, "percent"))
		each_of(out, f->name, cli_share_option, NULL, each);
	each_of(out, f->name, cli_inject_options, NULL, each);
}

/* ---- bash ---- */

static void put_option(FILE *out, const char *of, const struct cli_option *o)
{
	(void)of;
	(void)fprintf(out, " --%s", o->name);
}

static void put_spaced(FILE *out, const char *words)
{
	for (; *words; words++)
		(void)fputc(*words == '|' ? ' ' : *words, out);
}

/* net.partition:--mode) words="drop reject" ;;: values that are known. */
static void put_values(FILE *out, const char *of, const struct cli_option *o)
{
	char words[COMPLETE_WORDS];

	if (!*complete_values(of, o, words))
		return;
	(void)fprintf(out, "\t%s:--%s", of, o->name);
	if (o->letter)
		(void)fprintf(out, " | %s:-%c", of, o->letter);
	(void)fputs(") words=\"", out);
	put_spaced(out, words);
	(void)fputs("\" ;;\n", out);
}

static void put_inject(FILE *out)
{
	(void)fputs("_ordeal_inject()\n{\n\tcase $1 in\n", out);
	for (size_t i = 0; i < ord_n_faults; i++) {
		(void)fprintf(out, "\t%s) words=\"", ord_faults[i].name);
		complete_fault(out, &ord_faults[i], put_option);
		(void)fputs("\" ;;\n", out);
	}
	(void)fputs("\t*) words=\"--help", out);
	for (size_t i = 0; i < ord_n_faults; i++)
		(void)fprintf(out, " %s", ord_faults[i].name);
	(void)fputs("\" ;;\n\tesac\n}\n\n_ordeal_value()\n{\n\tcase $1:$2 in\n", out);
	for (size_t i = 0; i < ord_n_faults; i++)
		complete_fault(out, &ord_faults[i], put_values);
	for (size_t i = 0; i < cli_n_commands; i++)
		complete_command(out, cli_commands[i], put_values);
	(void)fputs("\t*:--print) words=\"", out);
	for (const struct ord_report_format *f = ord_report_formats; f->name; f++)
		(void)fprintf(out, "%s%s", f == ord_report_formats ? "" : " ", f->name);
	(void)fputs("\" ;;\n"
		    "\t*:--process) words=$(ps -eo comm= 2>/dev/null | sort -u) ;;\n"
		    "\t*:--netns) words=$(ls /run/netns 2>/dev/null) ;;\n"
		    "\t*:--context) words=$(kubectl config get-contexts -o name 2>/dev/null) ;;\n"
		    "\t*) return 1 ;;\n\tesac\n}\n\n",
		    out);
}

static void put_commands(FILE *out)
{
	(void)fputs("_ordeal_command()\n{\n\tcase $1 in\n", out);
	for (size_t i = 0; i < cli_n_commands; i++) {
		const struct cli_command *c = cli_commands[i];

		(void)fprintf(out, "\t%s) words=\"", c->name);
		complete_command(out, c, put_option);
		(void)fputc(' ', out);
		put_spaced(out, complete_words(c->operands));
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
		"\trun | plan | validate | targets | rbac | next | gameday)\n"
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
