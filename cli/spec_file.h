/* Experiments as files: read, with every mistake printed where it stands. */
#ifndef ORDEAL_CLI_SPEC_FILE_H
#define ORDEAL_CLI_SPEC_FILE_H

#include "cli/command.h"
#include "ordeal/cluster.h"
#include "ordeal/plan.h"
#include "ordeal/spec.h"

/* The options that every command with an experiment takes. */
#define CLI_SET_OPTION                                                                           \
	{                                                                                        \
		"set", 's', "PATH=VALUE",                                                        \
			"override a value, as in spec.repetitions=1; may be given several times" \
	}
#define CLI_SEED_OPTION                                                                           \
	{                                                                                         \
		"seed", 0, "N",                                                                   \
			"of what is chosen at random; the experiment's own, or drawn, where not " \
			"given"                                                                   \
	}

#define CLI_CONTEXT_OPTION                                                                       \
	{                                                                                        \
		"context", 0, "NAME",                                                            \
			"the cluster: a context of the kubeconfig, or the name of its cluster; " \
			"limits.cluster says the same in the file, and both must agree"          \
	}

/* Where the kubeconfig says what a person must know ("insecure-skip-tls-verify"): on standard
 * error. c may be NULL. */
void cli_cluster_warn(const struct ord_cluster *c);

/* Of --seed, or drawn. */
int cli_seed_read(const struct cli_args *args, uint64_t *ret, struct ord_err *err);

/*
 * The experiment in the file ("-": standard input). Mistakes, and warnings where they are wanted,
 * go to standard error at once as "ordeal: FILE:LINE:COLUMN: ...". Returns 0 and fills *ret (owned:
 * cli_spec_free), or an exit code where it was refused and said why.
 */
int cli_spec_read(const char *path, const struct cli_args *args, bool warn, struct ord_spec **ret);
void cli_spec_free(struct ord_spec *spec); /* NULL is fine */

/* Any text with `--set`: `parse` fills *ret, as ord_spec_parse() does. Returns as above. */
struct cli_sets {
	const struct ord_override *v;
	size_t n;
};
typedef int cli_text_parse(const char *yaml, size_t size, const struct cli_sets *sets, void *ret,
			   struct ord_mistakes *mistakes);
int cli_text_read(const char *path, const struct cli_args *args, bool warn, cli_text_parse *parse,
		  void *ret);

/* What has a schedule; all of it is borrowed. */
struct cli_scheduled {
	const char *name;
	const struct ord_schedule *schedule;
	uint64_t seed;
	const struct ord_spec_place *schedule_at, *zone_at;
};
struct cli_scheduled cli_scheduled_of(const struct ord_spec *spec);
/*
 * Its calendar, which borrows the schedule. Returns 0, or an exit code where it has none and said
 * why: a time zone that is not there, or a time outside of the windows.
 */
struct ord_calendar;
int cli_calendar_open(const char *path, const struct cli_scheduled *s, struct ord_calendar **ret);

struct cli_plan {
	struct ord_spec *spec; /* owned */
	struct ord_plan plan;
};

/*
 * The same, planned, with warnings. Returns 0, or an exit code where it was refused and said why;
 * cli_plan_done() in either case.
 */
int cli_plan_read(const char *path, const struct cli_args *args, struct cli_plan *ret);
void cli_plan_done(struct cli_plan *plan);

/* Begins a line of standard error that says where in the file: "ordeal: FILE:LINE:COLUMN: ". */
void cli_at(const char *path, const struct ord_spec_place *at);
/* As it would be printed in main(), for commands that go on with the next file. Returns the exit
 * code. */
int cli_complain(const char *path, const struct ord_err *err);

#endif
