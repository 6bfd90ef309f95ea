/* What `ordeal inject` takes, of one fault or of all. */
#include <stdio.h>

#include "base/auto.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/inject.h"

/* Those of a table that say something of the fault's targets. */
static void help_targets(const struct ord_fault *fault, const struct cli_option *table)
{
	struct cli_option fit[48];
	size_t n = 0;

	for (const struct cli_option *o = table; o->name && n + 1 < ORD_COUNT(fit); o++)
		if (!fault || cli_target_fits(fault, o->name))
			fit[n++] = *o;
	fit[n] = (struct cli_option){0};
	cli_help_options(fit, stdout);
}

static void help_fault(const struct ord_fault *fault)
{
	static struct cli_fault_options options;
	char text_of[64];

	cli_fault_options(fault, &options);
	(void)printf(
		"usage: ordeal inject %s [--PARAMETER VALUE]... TARGET --for DURATION\n\n%s\n\n",
		fault->name, fault->summary);
	(void)printf("class %s; targets: %s\nhit: ", ord_guarantee_name(fault->guarantee),
		     cli_targets_text(fault->targets, sizeof text_of, text_of));
	cli_wrap(stdout, fault->blast, 5, 5);
	(void)fputs("makes: ", stdout);
	cli_wrap(stdout, fault->objects, 7, 7);
	if (fault->program == ORD_PROGRAM_KUBE) {
		(void)fputs("rights: ", stdout);
		cli_wrap(stdout, fault->caps, 8, 8);
	}
	if (fault->n_params)
		(void)puts("\nparameters:");
	cli_help_options(options.options, stdout);
}

void cli_inject_help(const struct ord_fault *fault)
{
	if (fault) {
		help_fault(fault);
	} else {
		cli_help_command(&cli_inject, stdout);
		(void)puts("\nfaults ('ordeal inject FAULT --help' shows the parameters of one):");
		for (size_t i = 0; i < ord_n_faults; i++)
			(void)printf("  %-16s %s\n", ord_faults[i].name, ord_faults[i].summary);
	}
	if (!fault || fault->targets & ~(unsigned)ORD_ON_CLUSTER) {
		(void)puts("\ntarget, one of:");
		help_targets(fault, cli_target_options);
	}
	if (!fault || fault->targets & ORD_ON_CLUSTER) {
		(void)puts("\ntarget in a cluster:");
		help_targets(fault, cli_cluster_options);
	}
	if (fault && !(fault->targets & ~(unsigned)ORD_ON_CLUSTER)) {
		(void)puts("\nhow many of those that match:");
		help_targets(fault, cli_target_options);
	}
	if (fault && !cli_fault_has(fault, "percent"))
		cli_help_options(cli_share_option, stdout);
	if (fault && ord_fault_takes_peer(fault))
		cli_help_options(cli_peer_option, stdout);
	(void)puts("\noptions:");
	cli_help_options(cli_inject_options, stdout);
}
