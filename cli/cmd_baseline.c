#include "base/json.h"
#include "cli/commands.h"
#include "cli/figures.h"
#include "ordeal/compare.h"

/* A baseline of nothing would let everything pass as inconclusive, for ever. */
static int has_figures(const json_t *all, struct ord_err *err)
{
	if (json_object_size(json_object_get(all, "figures")))
		return 0;
	return ord_fail(err, ORD_USAGE,
			"no repetition was measured with an impact: there is no figure to keep");
}

static int baseline(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *all = NULL;

	if (cli_figures_pool(args->operands, args->n_operands, false, &all, err) ||
	    has_figures(all, err) || ord_baseline_write(all, stdout, err))
		return -1;
	return CLI_OK;
}

const struct cli_command cli_baseline = {
	.name = "baseline",
	.summary = "print the figures of stored runs, to be kept as a baseline",
	.operands = "RUN...",
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.details =
		"RUN is a run's folder, its id, a tag, 'latest', a report.json or another baseline "
		"file. Several must be of one plan, but for its name, labels, seed, repetitions "
		"and "
		"objectives. Put the output into a file that is kept with the experiment: it is "
		"small, "
		"it holds every repetition with what is censored, and 'ordeal compare' and "
		"'no_regression(...) against FILE' read it. With 20 repetitions in it, 2 of a "
		"candidate "
		"can show a difference.",
	.run = baseline,
};
