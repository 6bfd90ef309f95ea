#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/real.h"
#include "base/units.h"
#include "cli/commands.h"
#include "ordeal/table.h"

static int read_confidence(const char *text, struct ord_table_options *o, struct ord_err *err)
{
	int64_t ppm;

	if (ord_parse_percent(text, &ppm, err))
		return ord_wrap(err, "--confidence");
	if (ppm < 500000 || ppm > 999900)
		return ord_fail(err, ORD_USAGE, "--confidence: %s is not within 50%% and 99.99%%",
				text);
	o->confidence = (double)ppm / ORD_PPM;
	o->alpha = (double)(ORD_PPM - ppm) / ORD_PPM;
	return 0;
}

static int read_cusum(const char *text, struct ord_table_options *o, struct ord_err *err)
{
	double *const into[] = {&o->mean, &o->slack, &o->limit};
	const char *at = text;

	for (size_t i = 0; i < ORD_COUNT(into); i++) {
		size_t length = strcspn(at, ",");
		char part[64];

		(void)snprintf(part, sizeof part, "%.*s", (int)length, at);
		if (length >= sizeof part || !ord_parse_real(part, into[i]) ||
		    fabs(*into[i]) > ORD_TABLE_VALUE_MAX ||
		    (at[length] == ',') != (i + 1 < ORD_COUNT(into)))
			return ord_fail(err, ORD_USAGE,
					"--cusum: '%.60s' is not MEAN,K,H: three numbers, as in "
					"--cusum 10,0.5,5",
					text);
		at += length + 1;
	}
	if (o->slack < 0 || o->limit <= 0)
		return ord_fail(err, ORD_USAGE, "--cusum: K is not below 0, and H above 0");
	o->cusum = true;
	return 0;
}

static int read_options(const struct cli_args *args, struct ord_table_options *ret,
			struct ord_err *err)
{
	const char *confidence = cli_value(args, "confidence"), *tau = cli_value(args, "tau");
	const char *cusum = cli_value(args, "cusum");
	struct ord_table_options o = {
		.by = cli_value(args, "by"),
		.confidence = 0.95,
		.alpha = 0.05,
		.tau = NAN,
		.segments = cli_flag(args, "segments"),
	};

	if ((confidence && read_confidence(confidence, &o, err)) ||
	    (cusum && read_cusum(cusum, &o, err)) || cli_number(args, "seed", 1, &o.seed, err))
		return -1;
	if (tau && (!ord_parse_real(tau, &o.tau) || o.tau <= 0))
		return ord_fail(err, ORD_USAGE, "--tau: '%.40s' is no number above 0", tau);
	if (o.by && (o.cusum || o.segments))
		return ord_fail(err, ORD_USAGE,
				"--by does not go with --cusum or --segments, which read one "
				"series");
	*ret = o;
	return 0;
}

static int show(const json_t *all, bool json, struct ord_err *err)
{
	if (!json)
		ord_table_print(all, stdout);
	else if (ord_json_print(all, JSON_INDENT(2), stdout))
		return ord_fail_nomem(err);
	else
		(void)putchar('\n');
	return CLI_OK;
}

static int stats(const struct cli_args *args, struct ord_err *err)
{
	const char *path = args->operands[0];
	bool in = !strcmp(path, "-");
	ord_auto(json) json_t *all = NULL;
	ord_autofree char *text = NULL;
	struct ord_table_options o;
	size_t size;

	if (read_options(args, &o, err) ||
	    cli_read_operand(path, ORD_TABLE_BYTES_MAX, &text, &size, err) ||
	    ord_table_compute(in ? "standard input" : path, text, size, &o, &all, err))
		return -1;
	return show(all, cli_flag(args, "json"), err);
}

static const struct cli_option options[] = {
	{"by", 0, "COLUMN", "the column that says which group a row is of (default: group)"},
	{"json", 0, NULL, "print JSON with all digits (docs/formats/stats.md)"},
	{"confidence", 0, "PERCENT", "of the intervals, 50 to 99.99 (default 95)"},
	{"tau", 0, "TIME",
	 "how far the restricted mean goes (default: as far as every group was watched)"},
	{"seed", 0, "N", "of the relabellings that are drawn (default 1)"},
	{"cusum", 0, "MEAN,K,H",
	 "cumulative sums of the values about MEAN: K is half of the shift that matters, H where "
	 "an alarm is raised"},
	{"segments", 0, NULL, "where the values change, without thresholds"},
	{0},
};

const struct cli_command cli_stats = {
	.name = "stats",
	.summary = "summarise and compare times or values from a table, censored ones as such",
	.operands = "FILE.csv",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details =
		"FILE.csv has a header, and the columns time and event (1; 0 where the time is "
		"censored: at least so long), or the column value; and group, where there are "
		"groups. '-' is the standard input. Each two groups are compared, and where there "
		"are more than two the p-values are adjusted by Holm.\n"
		"\n"
		"Times: Kaplan-Meier, quantiles or 'not reached', the restricted mean with its end "
		"and the number of censored ones, the log-rank test by permutation (all "
		"relabellings up to 200,000, else as many drawn) and by chi-squared. Where nothing "
		"is censored, and of values: the exact Mann-Whitney test, the Hodges-Lehmann shift "
		"and ratio with exact intervals. What so few values do not allow is said instead "
		"of printed.\n"
		"\n"
		"Between false alarms of --cusum lie about 170 values with K = 0.5 and H = 4, 470 "
		"with H = 5, 26,000 with H = 9, 70,000 with H = 10 (in standard deviations, both "
		"sides together, by Siegmund).",
	.run = stats,
};
