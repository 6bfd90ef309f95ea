#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/figures.h"
#include "ordeal/compare.h"

#define METRICS_MAX 64

ORD_AUTO(compare_report, struct ord_compare_report, ord_compare_report_free);

/* A share that is neither nothing nor all. */
static int share(const struct cli_args *args, const char *option, double def, double *ret,
		 struct ord_err *err)
{
	const char *text = cli_value(args, option);
	int64_t ppm;

	*ret = def;
	if (!text)
		return 0;
	if (ord_parse_ratio(text, &ppm, err))
		return ord_wrap(err, "--%s", option);
	if (ppm <= 0 || ppm >= ORD_PPM)
		return ord_fail(err, ORD_USAGE, "--%s: '%.20s' is not between 0 and 1", option,
				text);
	*ret = (double)ppm / ORD_PPM;
	return 0;
}

static const char *format_of(const struct cli_args *args)
{
	const char *format = cli_value(args, "format");

	return format ? format : cli_flag(args, "json") ? "json" : "text";
}

/* Cuts the list at its commas, in place. */
static int metrics_of(char *list, const char **metrics, size_t *ret_n, struct ord_err *err)
{
	for (char *at = list; at;) {
		char *comma = strchr(at, ',');

		if (comma)
			*comma = '\0';
		if (*ret_n == METRICS_MAX)
			return ord_fail(err, ORD_USAGE, "--figure: more than %d", METRICS_MAX);
		if (ord_metric_check(at, err))
			return ord_wrap(err, "--figure");
		metrics[(*ret_n)++] = at;
		at = comma ? comma + 1 : NULL;
	}
	return 0;
}

static int warm_up(const struct cli_args *args, json_t *group, struct ord_err *err)
{
	uint64_t n;

	if (cli_number(args, "warm-up", 0, &n, err))
		return -1;
	if (n > 10000)
		return ord_fail(err, ORD_USAGE, "--warm-up: at most 10000");
	return n ? ord_baseline_warm_up(group, (uint32_t)n, err) : 0;
}

/* Two plain operands are one each; else the baseline is what --against names. */
static int groups(const struct cli_args *args, json_t **ret_a, json_t **ret_b, struct ord_err *err)
{
	char *against[CLI_GIVEN_MAX];
	bool force = cli_flag(args, "force");
	size_t n = 0;

	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, "against"))
			against[n++] = (char *)(uintptr_t)args->given[i].value;
	if (!n && args->n_operands != 2)
		return ord_fail(err, ORD_USAGE,
				"which are the baseline? Give BASELINE CANDIDATE, or CANDIDATE... "
				"--against BASELINE");
	if (!n) {
		if (cli_figures_pool(args->operands, 1, force, ret_a, err) ||
		    cli_figures_pool(args->operands + 1, 1, force, ret_b, err))
			return -1;
	} else if (cli_figures_pool(against, n, force, ret_a, err) ||
		   cli_figures_pool(args->operands, args->n_operands, force, ret_b, err)) {
		return -1;
	}
	return warm_up(args, *ret_a, err) || warm_up(args, *ret_b, err) ? -1 : 0;
}

static int exit_of(enum ord_gate gate, bool gated)
{
	if (gate == ORD_GATE_FAIL)
		return CLI_FAILED;
	return gated && gate == ORD_GATE_INCONCLUSIVE ? CLI_INCONCLUSIVE : CLI_OK;
}

static int options_of(const struct cli_args *args, char *figures, const char **metrics,
		      struct ord_compare_options *ret, struct ord_err *err)
{
	const char *margin = cli_value(args, "margin");

	ret->margin_ppm = ORD_COMPARE_MARGIN_PPM;
	ret->force = cli_flag(args, "force");
	ret->metrics = metrics;
	if (margin && ord_parse_percent(margin, &ret->margin_ppm, err))
		return ord_wrap(err, "--margin");
	if (ret->margin_ppm < 0)
		return ord_fail(err, ORD_USAGE, "--margin: '%.20s' is below 0", margin);
	if (share(args, "alpha", ORD_COMPARE_ALPHA, &ret->alpha, err) ||
	    cli_number(args, "seed", ORD_COMPARE_SEED, &ret->seed, err))
		return -1;
	return metrics_of(figures, metrics, &ret->n_metrics, err);
}

static int compare_groups(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *a = NULL, *b = NULL;
	ord_auto(compare_report) struct ord_compare_report *report = NULL;
	ord_autofree char *figures =
		cli_value(args, "figure") ? strdup(cli_value(args, "figure")) : NULL;
	const char *metrics[METRICS_MAX];
	struct ord_compare_options o = {0};

	if (!figures && cli_value(args, "figure"))
		return ord_fail_nomem(err);
	if (options_of(args, figures, metrics, &o, err) || groups(args, &a, &b, err) ||
	    ord_compare_runs(a, b, &o, &report, err) ||
	    ord_compare_write(report, format_of(args), stdout, err))
		return -1;
	return exit_of(ord_compare_gate(report), cli_flag(args, "gate"));
}

static int sequential(const struct cli_args *args, struct ord_err *err)
{
	struct ord_sequence_options o = {.objective = cli_value(args, "objective")};
	ord_auto(json) json_t *runs = NULL;
	enum ord_gate gate;

	if (share(args, "p1", ORD_SEQUENCE_GOOD, &o.good, err) ||
	    share(args, "p2", ORD_SEQUENCE_BAD, &o.bad, err) ||
	    share(args, "alpha", ORD_SEQUENCE_ALPHA, &o.alpha, err) ||
	    share(args, "beta", ORD_SEQUENCE_BETA, &o.beta, err) ||
	    cli_figures_pool(args->operands, args->n_operands, cli_flag(args, "force"), &runs,
			     err) ||
	    warm_up(args, runs, err) ||
	    ord_sequence_write(runs, &o, format_of(args), stdout, &gate, err))
		return -1;
	return exit_of(gate, cli_flag(args, "gate"));
}

/* What has no say in this comparison must not look as if it had. */
static int check_options(const struct cli_args *args, bool is_sequential, struct ord_err *err)
{
	static const char *const of_sequential[] = {"objective", "p1", "p2", "beta"};
	static const char *const of_groups[] = {"against", "margin", "figure", "seed"};

	for (size_t i = 0; i < ORD_COUNT(of_groups); i++) {
		const char *other = is_sequential ? of_groups[i] : of_sequential[i];

		if (cli_value(args, other))
			return ord_fail(
				err, ORD_USAGE,
				is_sequential
					? "--sequential judges runs by themselves: it takes no --%s"
					: "--%s is of --sequential",
				other);
	}
	return 0;
}

static int compare(const struct cli_args *args, struct ord_err *err)
{
	if (check_options(args, cli_flag(args, "sequential"), err))
		return -1;
	return cli_flag(args, "sequential") ? sequential(args, err) : compare_groups(args, err);
}

static const struct cli_option options[] = {
	{"against", 'a', "RUN", "of the baseline; may be given several times"},
	{"margin", 'm', "SHARE", "how much longer is still as good; 10% where not given"},
	{"figure", 0, "LIST",
	 "only these: ttr (ttr_self and ttr_after), ttr_full, impact, ttd (every channel), "
	 "ttd:CHANNEL"},
	{"gate", 'g', NULL, "exit with 5 where it is not shown that no figure became worse"},
	{"force", 0, NULL,
	 "compare runs of different plans, which the report says, or a run with itself"},
	{"warm-up", 0, "N", "leave the first N repetitions of each run out"},
	{"alpha", 0, "SHARE", "how often chance alone may be taken for a difference; 0.05"},
	{"seed", 0, "N", "where relabellings are drawn, because they are too many to be counted"},
	{"sequential", 's', NULL,
	 "Wald's sequential test of the objectives over the runs' repetitions, in their order"},
	{"objective", 0, "TEXT", "of --sequential: only this one, as in the experiment"},
	{"p1", 0, "SHARE", "of --sequential: a share of misses that is good; 0.01"},
	{"p2", 0, "SHARE", "of --sequential: one that is bad; 0.10"},
	{"beta", 0, "SHARE", "of --sequential: how often a bad one may be accepted; 0.10"},
	{"format", 'f', "FORMAT", "text, md or json"},
	{"json", 0, NULL, "the same as --format json"},
	{0},
};

const struct cli_command cli_compare = {
	.name = "compare",
	.summary = "compare stored runs: better, worse, or inconclusive",
	.operands = "BASELINE CANDIDATE | CANDIDATE... --against BASELINE",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.details = "BASELINE and CANDIDATE are runs' folders, ids, tags, 'latest', report.json or "
		   "baseline "
		   "files ('ordeal baseline'). Two operands are one each; several candidates are "
		   "one group, "
		   "and so are several --against. Each figure is compared by itself: how long "
		   "recovery took, "
		   "by itself and after the rollback, how long the impact lasted, how long each "
		   "channel "
		   "took to notice. Runs whose plans differ in more than name, labels, seed, "
		   "repetitions and "
		   "objectives are refused. Repetitions that were not measured are left out and "
		   "counted.\n"
		   "\n"
		   "Exit status: 0 nothing is worse, 1 something is worse by more than the margin "
		   "(or an "
		   "objective is rejected by --sequential), 2 they cannot be compared; with --gate "
		   "5 where "
		   "it is inconclusive whether something is.",
	.run = compare,
};
