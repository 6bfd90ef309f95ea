#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/history.h"

static int check_figure(const char *figure, struct ord_err *err)
{
	static const char *const known[] = {"ttr_self", "ttr_after", "ttfr",
					    "tta",	"ttm",	     "impact"};

	if (!figure || (!strncmp(figure, "ttd:", 4) && figure[4]))
		return 0;
	for (size_t i = 0; i < ORD_COUNT(known); i++)
		if (!strcmp(figure, known[i]))
			return 0;
	return ord_fail(err, ORD_USAGE,
			"--figure: there is no figure '%.60s'; there are ttr_self, ttr_after, "
			"ttd:CHANNEL, ttfr, tta, ttm and impact",
			figure);
}

static int trend(const struct cli_args *args, struct ord_err *err)
{
	ord_auto(json) json_t *labels = json_object(), *all = NULL;
	const char *figure = cli_value(args, "figure");
	struct ord_history_filter filter;
	struct cli_history of;

	if (check_figure(figure, err) || cli_history_of(cli_value(args, "output"), &of, err) ||
	    cli_history_filter(args, labels, &filter, err))
		return -1;
	cli_history_hint(&of);
	if (ord_history_trend(&of.h, args->operands[0], &filter, figure, &all, err))
		return -1;
	if (cli_flag(args, "json"))
		return cli_history_dump(all, err) ? -1 : CLI_OK;
	ord_trend_print(all, stdout);
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"figure", 0, "FIGURE",
	 "ttr_self (recovery by itself), ttr_after (after the rollback), ttd:CHANNEL (detection), "
	 "ttfr (full recovery), tta, ttm (acknowledged, mitigated), impact"},
	CLI_HISTORY_FILTERS,
	CLI_HISTORY_OUTPUT,
	{"json", 0, NULL, "print JSON (docs/formats/history.md)"},
	{0},
};

const struct cli_command cli_trend = {
	.name = "trend",
	.summary = "show a figure of an experiment over its runs",
	.operands = "NAME",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details =
		"A line a run, oldest first: the median of its repetitions and the worst of them. "
		"'> 30.0 s': not reached, the least that it can be. Without --figure it is the "
		"recovery by itself, else the one after the rollback, else a detection.\n"
		"\n"
		"Where the plan changed a line says so: runs of different plans are different "
		"experiments, and no change is looked for across it. Within one plan a change is "
		"looked for from 10 runs on, without thresholds, and only where every median was "
		"reached.",
	.run = trend,
};
