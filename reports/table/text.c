/* For people, from the JSON: nothing is said here that is not there. */
#include <string.h>

#include "base/auto.h"
#include "reports/table/table.h"
#include "reports/stats/interval.h"

struct text {
	char s[40];
};

static const json_t *get(const json_t *o, const char *key)
{
	return json_object_get(o, key);
}

static long long whole(const json_t *o, const char *key)
{
	return (long long)json_integer_value(get(o, key));
}

/* Six digits are enough to read; JSON has all. */
static struct text show(const json_t *v, const char *otherwise)
{
	struct text t;

	if (json_is_number(v))
		(void)snprintf(t.s, sizeof t.s, "%.6g", json_number_value(v));
	else
		(void)snprintf(t.s, sizeof t.s, "%s", otherwise);
	return t;
}

static struct text number(const json_t *o, const char *key)
{
	return show(get(o, key), "not reached");
}

/* "[lo, hi]"; a side without a bound is a dash. */
static void put_interval(FILE *out, const json_t *lo, const json_t *hi)
{
	(void)fprintf(out, "[%s, %s]", show(lo, "-").s, show(hi, "-").s);
}

static void put_pair(FILE *out, const json_t *pair)
{
	put_interval(out, json_array_get(pair, 0), json_array_get(pair, 1));
}

static const char *share_name(double p, char name[static 24])
{
	if (p > 0.49 && p < 0.51)
		return "median";
	(void)snprintf(name, 24, "p%g", 100 * p);
	return name;
}

static void put_km_quantiles(const json_t *group, double confidence, FILE *out)
{
	const json_t *all = get(group, "quantiles"), *q;
	size_t i;

	json_array_foreach (all, i, q) {
		char name[24];

		(void)fprintf(out, "  %-10s %s  ", share_name(json_number_value(get(q, "p")), name),
			      number(q, "value").s);
		put_pair(out, get(q, "loglog"));
		(void)fprintf(out, " %g %%, log-log\n", 100 * confidence);
	}
}

/* What the number of values does not allow is said, not printed. */
static void put_limits(const json_t *group, double confidence, bool by_order, FILE *out)
{
	long long n = whole(group, "n");
	size_t median = ord_median_need(confidence), p90 = ord_success_run(0.9, confidence);

	if (by_order && n < (long long)median)
		(void)fprintf(out,
			      "  an interval of the median needs >= %zu values, here are %lld\n",
			      median, n);
	if (n < (long long)p90)
		(void)fprintf(out, "  a claim about p90 needs >= %zu values, here are %lld\n", p90,
			      n);
}

static void put_survival(const json_t *group, double confidence, FILE *out)
{
	const json_t *rmst = get(group, "restricted_mean"), *share = get(group, "share_of_events");

	put_km_quantiles(group, confidence, out);
	(void)fprintf(out, "  %-10s %s\n", "longest", show(get(group, "longest_event"), "none").s);
	(void)fprintf(out, "  %-10s %lld of %lld  ", "events", whole(share, "k"),
		      whole(share, "n"));
	put_pair(out, get(share, "wilson"));
	(void)fprintf(out, " Wilson\n");
	(void)fprintf(out,
		      "  mean time within the first %s: %s (standard error %s), %lld censored%s\n",
		      number(rmst, "tau").s, number(rmst, "value").s, number(rmst, "se").s,
		      whole(group, "censored"),
		      json_is_true(get(rmst, "extended"))
			      ? "; at most so much, for none was watched so long"
			      : "");
}

static void put_values(const json_t *group, FILE *out)
{
	const json_t *all = get(group, "quantiles_of_values"), *q;
	const json_t *median = get(group, "median"), *hl = get(group, "pseudomedian");
	size_t i;

	(void)fprintf(out, "  %-10s %s  ", "median", number(median, "value").s);
	put_interval(out, get(median, "lo"), get(median, "hi"));
	if (json_is_number(get(median, "lo")))
		(void)fprintf(out, " %.4g %%, order statistics",
			      100 * json_number_value(get(median, "confidence")));
	(void)fputc('\n', out);
	json_array_foreach (all, i, q) {
		char name[24];
		const char *called = share_name(json_number_value(get(q, "p")), name);

		if (!strcmp(called, "median"))
			continue;
		(void)fprintf(out, "  %-10s %s  type 8", called, number(q, "type8").s);
		if (json_is_number(get(q, "upper_bound")))
			(void)fprintf(out, "; at most %s", number(q, "upper_bound").s);
		(void)fputc('\n', out);
	}
	(void)fprintf(out, "  %-10s %s .. %s\n", "range", number(group, "least").s,
		      number(group, "largest").s);
	(void)fprintf(out, "  %-10s %s\n", "MAD", number(group, "mad").s);
	if (json_is_object(hl)) {
		(void)fprintf(out, "  %-10s %s  ", "middle", number(hl, "value").s);
		put_interval(out, get(hl, "lo"), get(hl, "hi"));
		(void)fprintf(out, " Hodges-Lehmann\n");
	}
}

static void put_groups(const json_t *all, FILE *out)
{
	double confidence = json_number_value(get(all, "confidence"));
	const json_t *groups = get(all, "groups"), *g;
	size_t i;

	json_array_foreach (groups, i, g) {
		const char *name = json_string_value(get(g, "name"));
		bool times = get(g, "curve") != NULL;

		(void)fprintf(out, "%s%s: n = %lld", i ? "\n" : "", name ? name : "all",
			      whole(g, "n"));
		if (times)
			(void)fprintf(out, ", %lld events, %lld censored", whole(g, "events"),
				      whole(g, "censored"));
		(void)fputc('\n', out);
		if (times)
			put_survival(g, confidence, out);
		else
			put_values(g, out);
		put_limits(g, confidence, !times, out);
	}
}

static void put_estimate(const json_t *comparison, const char *key, const char *what,
			 const char *mark, FILE *out)
{
	const json_t *e = get(comparison, key);

	if (!json_is_object(e))
		return;
	(void)fprintf(out, "  %-16s %s%s  ", what, mark, number(e, "value").s);
	put_interval(out, get(e, "lo"), get(e, "hi"));
	if (json_number_value(get(e, "confidence")) > 0)
		(void)fprintf(out, " %.4g %%\n", 100 * json_number_value(get(e, "confidence")));
	else
		(void)fprintf(out, " no interval with so few\n");
}

static void put_tests(const json_t *c, const char *n, FILE *out)
{
	const json_t *x = get(c, "log_rank_exact"), *m = get(c, "mann_whitney");
	const json_t *chi2 = get(c, "log_rank");

	if (json_is_object(x))
		(void)fprintf(
			out, "  %-16s p = %s (%s; %s %lld relabellings%s%s)\n", "log-rank, exact",
			number(x, "p").s, n,
			json_is_true(get(x, "exact")) ? "all" : "drawn:", whole(x, "relabellings"),
			json_is_integer(get(x, "seed")) ? ", seed " : "",
			json_is_integer(get(x, "seed")) ? show(get(x, "seed"), "").s : "");
	if (json_is_object(chi2))
		(void)fprintf(out, "  %-16s p = %s (%s; chi-squared %s: approximate)\n", "log-rank",
			      show(get(chi2, "p"), "not defined").s, n,
			      show(get(chi2, "chi2"), "not defined").s);
	if (json_is_object(m))
		(void)fprintf(out, "  %-16s p = %s (%s; %s%s)\n", "Mann-Whitney", number(m, "p").s,
			      n, json_string_value(get(m, "method")),
			      json_is_true(get(m, "all_equal")) ? "; all are equal" : "");
}

static void put_comparison(const json_t *c, size_t n_comparisons, FILE *out)
{
	const json_t *need = get(c, "need"), *plan = get(c, "detectable");
	const char *first = json_string_value(get(c, "first"));
	const char *second = json_string_value(get(c, "second"));
	long long a = (long long)json_integer_value(json_array_get(get(c, "n"), 0));
	long long b = (long long)json_integer_value(json_array_get(get(c, "n"), 1));
	char n[64];

	(void)snprintf(n, sizeof n, "n = %lld + %lld", a, b);
	(void)fprintf(out, "\n%s against %s (%s)\n", second, first, n);
	put_tests(c, n, out);
	if (n_comparisons > 1)
		(void)fprintf(out, "  %-16s p = %s (%s; over %zu comparisons)\n", "Holm",
			      number(c, "p_holm").s, n, n_comparisons);
	put_estimate(c, "ratio", "ratio", "x", out);
	put_estimate(c, "shift", "shift", "", out);
	if (b < whole(need, "of_second"))
		(void)fprintf(out,
			      "  need >= %lld of each, or of %s alone, to show any difference at "
			      "%s: %lld of it beside %lld\n",
			      whole(need, "of_each"), second, number(need, "alpha").s,
			      whole(need, "of_second"), a);
	if (json_is_object(plan))
		(void)fprintf(out,
			      "  so many show a ratio of x%s or more 8 times in 10 (spread %s of "
			      "the logarithms of %s)\n",
			      number(plan, "ratio").s, number(plan, "sigma").s, first);
}

static void put_alarm(const json_t *cusum, const char *key, const char *what, FILE *out)
{
	const json_t *a = get(cusum, key);

	if (!json_is_object(a)) {
		(void)fprintf(out, "  no shift %s\n", what);
		return;
	}
	(void)fprintf(out,
		      "  a shift %s: alarm at value %lld (line %lld, sum %s), begun at value %lld "
		      "(line %lld)\n",
		      what, whole(a, "row"), whole(a, "line"), number(a, "sum").s,
		      whole(a, "onset_row"), whole(a, "onset_line"));
}

static void put_cusum(const json_t *c, FILE *out)
{
	(void)fprintf(out, "cumulative sums of %lld values about %s, k = %s, alarm above h = %s\n",
		      whole(c, "n"), number(c, "mean").s, number(c, "k").s, number(c, "h").s);
	put_alarm(c, "alarm_up", "up", out);
	put_alarm(c, "alarm_down", "down", out);
}

static void put_segments(const json_t *s, FILE *out)
{
	const json_t *parts = get(s, "parts"), *changes = get(s, "changes"), *p;
	size_t i;

	(void)fprintf(out, "%zu change%s in %lld values\n", json_array_size(changes),
		      json_array_size(changes) == 1 ? "" : "s", whole(s, "n"));
	json_array_foreach (parts, i, p)
		(void)fprintf(out, "  from value %lld (line %lld): n = %lld, median %s, MAD %s\n",
			      whole(p, "row"), whole(p, "line"), whole(p, "n"),
			      number(p, "median").s, number(p, "mad").s);
}

void ord_table_print(const json_t *all, FILE *out)
{
	const json_t *comparisons = get(all, "comparisons"), *c;
	size_t i;

	if (get(all, "cusum"))
		put_cusum(get(all, "cusum"), out);
	if (get(all, "segments"))
		put_segments(get(all, "segments"), out);
	put_groups(all, out);
	json_array_foreach (comparisons, i, c)
		put_comparison(c, json_array_size(comparisons), out);
}
