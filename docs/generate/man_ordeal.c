#include <string.h>

#include "base/auto.h"
#include "cli/catalog.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/inject.h"
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"

static void put_options(FILE *out, const struct cli_option *options)
{
	char tag[64];

	for (const struct cli_option *o = options; o && o->name; o++) {
		if (o->letter)
			(void)snprintf(tag, sizeof tag, "-%c, --%s", o->letter, o->name);
		else
			(void)snprintf(tag, sizeof tag, "--%s", o->name);
		roff_item(out, tag, o->value, o->help);
	}
}

static void put_commands(FILE *out)
{
	roff_section(out, "COMMANDS");
	for (size_t i = 0; i < cli_n_commands; i++) {
		const struct cli_command *c = cli_commands[i];
		char head[128];

		(void)snprintf(head, sizeof head, "ordeal %s%s%s%s", c->name,
			       c->options ? " [OPTION]..." : "", *c->operands ? " " : "",
			       c->operands);
		roff_subsection(out, head);
		(void)fprintf(out, "%c%s.\n", c->summary[0] - 'a' + 'A', c->summary + 1);
		if (c->details) {
			if (strncmp(c->details, "  ", 2) != 0) /* lines as they stand have one */
				(void)fputs(".PP\n", out);
			roff_text(out, c->details);
		}
		put_options(out, c->options);
	}
}

static void put_far(FILE *out)
{
	roff_section(out, "TARGET ON ANOTHER MACHINE");
	roff_text(
		out,
		"With --via, and via in an experiment's target, the fault is on the machine that "
		"a command leads to, while probes stay here:\n"
		"\n"
		"    ordeal inject net.delay --delay 50ms --unit postgresql.service --for 30s \\\n"
		"        --via 'ssh -o BatchMode=yes db1 sudo ordeal-injector'\n"
		"\n"
		"The command is started without a shell and without a terminal; its standard "
		"input and output are the pipe to the injector, what it writes to standard error "
		"stands in the message "
		"where it fails. The injector must be of the same version. Its clock is taken "
		"by round trips, and instants are intervals. Network faults leave the SSH "
		"connection alone that leads there. Where the link is lost, the fault there is "
		"reverted: at once where the end of the connection is heard of there, else by "
		"the fault's own deadline, which the message names. status, halt, resume and "
		"rescue with the same --via are that machine's: its leases, and what lost its "
		"guardian too; with sudo everybody's, else those of the user there. sudo there "
		"must ask for no password: "
		"'USER ALL=(root) NOPASSWD: PATH' in its sudoers. "
		"With "
		"--via-copy the last "
		"word is the absolute path of the injector there, in a directory that only its "
		"user may write: the static injector is copied to it, by the same command, "
		"unless the one there has the same checksum.");
}

static void put_inject(FILE *out)
{
	roff_section(out, "TARGETS OF INJECT AND TARGETS");
	roff_text(out, "Exactly one of the first eight, or one in a cluster. Where several match, "
		       "nothing is done unless it was said how many to take. Of a container it is "
		       "exactly one. Network faults of a process or a container are in its network "
		       "namespace: where that is the machine's own, as with a pod's hostNetwork, "
		       "they are the machine's.");
	put_options(out, cli_target_options);
	put_options(out, cli_share_option);
	put_far(out);
	roff_section(out, "TARGET IN A CLUSTER");
	roff_text(out,
		  "One of the first five, and --context. The other options choose; all of them "
		  "must hold. IN A CLUSTER says what is protected.");
	put_options(out, cli_cluster_options);
	roff_section(out, "OPTIONS OF INJECT");
	put_options(out, cli_inject_options);
}

static void put_faults(FILE *out)
{
	static struct cli_fault_options options;
	char text[512], targets[64];

	roff_section(out, "FAULTS");
	roff_text(out, "Each takes its parameters as options of inject, and as keys of the same "
		       "names in an experiment.");
	for (size_t i = 0; i < ord_n_faults; i++) {
		const struct ord_fault *f = &ord_faults[i];

		roff_subsection(out, f->name);
		(void)snprintf(text, sizeof text, "It %s. Class %s; targets: %s. It hits %s.",
			       f->summary, ord_guarantee_name(f->guarantee),
			       cli_targets_text(f->targets, sizeof targets, targets), f->blast);
		roff_text(out, text);
		if (f->program == ORD_PROGRAM_KUBE)
			roff_text(out, "Through the Kubernetes API: see IN A CLUSTER.");
		cli_fault_options(f, &options);
		put_options(out, options.options);
	}
}

static void put_probes(FILE *out)
{
	roff_section(out, "PROBES");
	for (size_t i = 0; i < cli_n_probe_kinds; i++)
		roff_item(out, cli_probe_kinds[i].name, NULL, cli_probe_kinds[i].summary);
}

static void put_surroundings(FILE *out)
{
	char code[8];

	roff_section(out, "EXIT STATUS");
	for (size_t i = 0; i < ORD_COUNT(cli_exits); i++) {
		(void)snprintf(code, sizeof code, "%d", (int)cli_exits[i].code);
		roff_item(out, code, NULL, cli_exits[i].text);
	}
	roff_section(out, "ENVIRONMENT");
	for (size_t i = 0; cli_environment[i].name; i++)
		roff_item(out, cli_environment[i].name, NULL, cli_environment[i].text);
	roff_section(out, "FILES");
	for (size_t i = 0; cli_files[i].name; i++)
		roff_item(out, cli_files[i].name, NULL, cli_files[i].text);
}

void page_ordeal(FILE *out)
{
	roff_title(out, "ORDEAL", "1", "chaos engineering and resilience testing for Linux");
	(void)fputs(
		".SH SYNOPSIS\n.B ordeal\n.I COMMAND\n[\\fIOPTION\\fR]... [\\fIOPERAND\\fR]...\n",
		out);
	roff_section(out, "DESCRIPTION");
	roff_text(out, "An experiment is a YAML file, described in ordeal-spec(5). ordeal reads "
		       "it, plans it, injects its faults with "
		       "the least privilege that works, watches the system through probes, takes "
		       "the faults away again whatever dies "
		       "meanwhile, and says how long detection and recovery took.\n"
		       "\n"
		       "A fault is a lease. It has an owner, a deadline, and an undo record that "
		       "is written before the change. It ends "
		       "when its time is up, its owner says so, its owner's pipe closes, or its "
		       "owner dies, whichever comes first. After "
		       "each revert the system is read back; what is left is counted as residue, "
		       "and a run with residue never passes.");
	put_commands(out);
	put_inject(out);
	put_faults(out);
	put_probes(out);
	part_cluster(out);
	part_policies(out);
	part_console(out);
	put_surroundings(out);
	(void)fputs(".SH SEE ALSO\n.BR ordeal\\-spec (5),\n.BR ordeal\\-rules (5),\n.BR "
		    "ordeal\\-injector (8),\n.BR "
		    "ordeal\\-injector\\-kube (8)\n",
		    out);
}
