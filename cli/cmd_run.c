#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/history.h"
#include "cli/plan_text.h"
#include "cli/policy.h"
#include "cli/progress.h"
#include "cli/report_file.h"
#include "cli/runs.h"
#include "cli/send.h"
#include "cli/spec_file.h"
#include "ordeal/report.h"
#include "ordeal/run.h"

struct all {
	const struct cli_args *args;
	const char *formats;
	struct cli_sends sends;
	json_t **against; /* [n_operands], owned: what no_regression is held against, or NULL */
	struct ord_policy **policies; /* [n_operands], owned: who must allow it, or NULL */
	int await_fd;		      /* what the first of them waits for; 0: nothing */
	bool quiet, json, stop;
};

static void enter(const void *arg, const char *dir, const struct ord_report *report)
{
	const struct cli_args *args = arg;

	/* Others read the history. */
	if (!cli_value(args, "as"))
		cli_history_enter(cli_value(args, "output"), dir, report);
}

/* The verdict, and where the reports are. Returns the run's exit code. */
static int conclude(const struct all *all, const char *path, const char *dir)
{
	struct ord_err err = {0};
	struct cli_verdict v;

	/* Whatever the reason, the experiment has been run: its verdict is what is missing now. */
	if (cli_report_build(dir, all->formats, enter, all->args, &v, &err)) {
		(void)cli_complain(path, &err);
		return CLI_BROKEN;
	}
	if (all->json) {
		json_t *last = json_pack("{s:s,s:s,s:i,s:s}", "e", "verdict", "verdict", v.text,
					 "exit", v.code, "dir", dir);

		(void)json_dumpf(last, stdout, JSON_COMPACT);
		(void)putchar('\n');
		json_decref(last);
	} else {
		cli_report_say(&v, dir, all->formats, all->quiet);
	}
	if (!cli_flag(all->args, "no-summary"))
		cli_step_summary(dir);
	/* Whoever did not take it has no say in the verdict. */
	(void)cli_sends_do(&all->sends, dir, all->quiet || all->json);
	return v.code;
}

static void tell(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "ordeal: %s\n", line);
}

/* The folder of the runs, which tags are beside. */
static int runs_home(const struct all *all, char home[ORD_PATH_MAX], struct ord_err *err)
{
	return cli_runs_home(cli_value(all->args, "output"), home, err);
}

/* It becomes a part of a file's name. */
static int check_as(const struct all *all, struct ord_err *err)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *as = cli_value(all->args, "as");

	if (!as || (*as && *as != '-' && !as[strspn(as, good)] && strlen(as) < ORD_NAME_MAX))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"--as takes small letters, digits and dashes, at most %d, not '%.80s'",
			ORD_NAME_MAX - 1, as);
}

/* A tag that cannot be given is told before anything is run. */
static int check_tag(const struct all *all, struct ord_err *err)
{
	const char *tag = cli_value(all->args, "tag");
	char home[ORD_PATH_MAX], path[CLI_PATH_MAX];

	if (!tag)
		return 0;
	if (all->args->n_operands > 1)
		return ord_fail(err, ORD_USAGE, "--tag names one run, and these are %zu",
				all->args->n_operands);
	if (cli_tag_check(tag, err) || runs_home(all, home, err))
		return -1;
	if (cli_tag_find(home, tag, path))
		return ord_fail(err, ORD_USAGE,
				"another run has the tag '%s'; `ordeal tag latest %s --move` gives "
				"it to this one afterwards",
				tag, tag);
	return 0;
}

static int give_tag(const struct all *all, const char *dir)
{
	const char *tag = cli_value(all->args, "tag");
	char home[ORD_PATH_MAX];
	struct ord_err err = {0};

	if (!tag)
		return CLI_OK;
	if (runs_home(all, home, &err) || cli_tag_set(home, dir, tag, false, &err))
		return cli_complain("--tag", &err);
	return CLI_OK;
}

/* What the plans are held against is read before the first of them runs, too. */
static int read_against(struct all *all, struct cli_plan *plans)
{
	int worst = CLI_OK;

	for (size_t i = 0; i < all->args->n_operands; i++)
		worst = cli_exit_worst(
			worst, cli_against_read(all->args->operands[i], &plans[i].plan,
						cli_value(all->args, "output"), &all->against[i]));
	return worst;
}

static int open_policies(struct all *all, struct cli_plan *plans)
{
	int worst = CLI_OK;

	for (size_t i = 0; i < all->args->n_operands; i++)
		worst = cli_exit_worst(worst, cli_policy_open(all->args->operands[i], all->args,
							      plans[i].spec, &all->policies[i]));
	return worst;
}

static int run_one(struct all *all, size_t which, const struct ord_plan *plan)
{
	const char *path = all->args->operands[which];
	static struct cli_progress progress;
	static char dir[ORD_PATH_MAX];
	struct ord_err err = {0};
	struct ord_run_options options = {
		.dir = cli_value(all->args, "output"),
		.as = cli_value(all->args, "as"),
		.argv = (const char *const *)all->args->argv,
		.even_if_it_cuts_me_off = cli_flag(all->args, "even-if-it-cuts-me-off"),
		.context = cli_value(all->args, "context"),
		.policy = all->policies[which],
		.baselines = all->against[which],
		.await_fd = which ? 0 : all->await_fd,
		.judge = ord_report_early,
		.on_line = cli_progress_line,
		.tell = tell,
		.arg = &progress,
	};
	int code = CLI_OK;

	cli_progress_init(&progress, all->quiet, all->json);
	dir[0] = '\0';
	if (ord_run(plan, &options, dir, &err))
		code = -1;
	cli_progress_end(&progress);
	all->stop = progress.interrupted;
	if (code < 0)
		code = cli_complain(path, &err);
	/* A run that broke off has a timeline too, and its report says so. */
	if (dir[0])
		code = cli_exit_worst(cli_exit_worst(code, conclude(all, path, dir)),
				      give_tag(all, dir));
	return code;
}

static int run_all(struct all *all, struct cli_plan *plans)
{
	size_t n = all->args->n_operands;
	int worst = CLI_OK;

	for (size_t i = 0; i < n; i++) {
		worst = cli_exit_worst(worst, run_one(all, i, &plans[i].plan));
		if (all->stop && i + 1 < n) {
			(void)fprintf(stderr,
				      "ordeal: interrupted: %zu of %zu experiments were not run\n",
				      n - i - 1, n);
			break;
		}
	}
	return worst;
}

static int show_all(const struct all *all, struct cli_plan *plans, struct ord_err *err)
{
	for (size_t i = 0; i < all->args->n_operands; i++)
		if (cli_plan_print(&plans[i].plan, cli_value(all->args, "context"),
				   all->policies[i], false, all->json, stdout, err))
			return -1;
	return CLI_OK;
}

static int read_await(struct all *all, struct ord_err *err)
{
	uint64_t fd;

	if (!cli_flag(all->args, "await"))
		return 0;
	if (cli_number(all->args, "await", 0, &fd, err))
		return -1;
	all->await_fd = fd > INT_MAX ? -1 : (int)fd;
	if (!fd || fcntl(all->await_fd, F_SETFD, FD_CLOEXEC) < 0)
		return ord_fail(err, ORD_USAGE, "--await: %s is no open descriptor",
				cli_value(all->args, "await"));
	return 0;
}

static int run(const struct cli_args *args, struct ord_err *err)
{
	struct all all = {
		.args = args, .quiet = cli_flag(args, "quiet"), .json = cli_flag(args, "json")};
	struct cli_plan *plans = calloc(args->n_operands, sizeof *plans);
	int worst = CLI_OK;

	all.against = calloc(args->n_operands, sizeof(json_t *));
	all.policies = calloc(args->n_operands, sizeof(struct ord_policy *));
	if (!plans || !all.against || !all.policies) {
		free(plans);
		free(all.against);
		free(all.policies);
		return ord_fail_nomem(err);
	}
	all.formats = cli_value(args, "format");
	if (check_as(&all, err) || (all.formats && ord_report_formats_check(all.formats, err)) ||
	    check_tag(&all, err) || read_await(&all, err) || cli_sends_read(args, &all.sends, err))
		worst = -1;
	/* All are read before the first runs: a mistake in the last must not cost the time of the
	 * others. */
	for (size_t i = 0; i < args->n_operands && worst >= 0; i++)
		worst = cli_exit_worst(worst, cli_plan_read(args->operands[i], args, &plans[i]));
	if (worst == CLI_OK)
		worst = read_against(&all, plans);
	if (worst == CLI_OK)
		worst = open_policies(&all, plans);
	if (worst == CLI_OK)
		worst = cli_flag(args, "dry-run") ? show_all(&all, plans, err)
						  : run_all(&all, plans);
	for (size_t i = 0; i < args->n_operands; i++) {
		cli_plan_done(&plans[i]);
		json_decref(all.against[i]);
		ord_policy_close(all.policies[i]);
	}
	free(all.against);
	free(all.policies);
	free(plans);
	cli_sends_done(&all.sends);
	return worst;
}

static const struct cli_option options[] = {
	{"output", 'o', "DIR",
	 "where the run's folder is made; else $XDG_STATE_HOME/ordeal/runs or "
	 "/var/lib/ordeal/runs"},
	CLI_SET_OPTION,
	CLI_SEED_OPTION,
	CLI_CONTEXT_OPTION,
	CLI_POLICY_OPTIONS,
	{"folder", 0, "DIR",
	 "where an experiment that is read from '-' lies: the files that its 'policy' names are "
	 "beside it"},
	CLI_FORMAT_OPTION,
	CLI_SEND_OPTIONS,
	CLI_SUMMARY_OPTION,
	{"tag", 't', "TAG", "give the run a name, as 'ordeal tag' does"},
	{"as", 0, "NAME",
	 "keep the run to yourself: its folder is called NAME and yours alone, and it is not in "
	 "the history; 'ordeal report RUN' enters it"},
	{"dispatch", 0, "KEY",
	 "what asked for the run: kept in the timeline as part of its command line"},
	{"await", 0, "FD",
	 "plan, look at the targets, then wait: a byte from this descriptor begins the run, its "
	 "end "
	 "takes it back"},
	{"dry-run", 'n', NULL, "show the plan and its targets, and change nothing"},
	{"quiet", 'q', NULL, "print the verdict alone"},
	{"json", 0, NULL, "print the timeline as it is written, and the verdict as its last line"},
	{"even-if-it-cuts-me-off", 0, NULL,
	 "do not exempt the SSH connection of the caller from network faults"},
	{0},
};

const struct cli_command cli_run = {
	.name = "run",
	.summary = "run experiments and report on them",
	.operands = "FILE...",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.details = "Each experiment is run in the order given, after all were checked. Ctrl-C once "
		   "aborts the run and reverts its "
		   "faults; what was measured is kept and reported. The exit status of several is "
		   "the worst, in the order 6, 3, "
		   "1, 4, 5, 2, 0.",
	.run = run,
};
