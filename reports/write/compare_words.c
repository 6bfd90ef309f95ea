/* Words for a comparison. Numbers go through integers, so that no locale has a say. */
#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "reports/write/compare.h"

const char *ord_compared_name(enum ord_compared v)
{
	static const char *const names[] = {[ORD_COMPARED_INCONCLUSIVE] = "inconclusive",
					    [ORD_COMPARED_BETTER] = "better",
					    [ORD_COMPARED_WORSE] = "worse"};

	return names[v];
}

const char *ord_gate_name(enum ord_gate g)
{
	static const char *const names[] = {[ORD_GATE_INCONCLUSIVE] = "inconclusive",
					    [ORD_GATE_PASS] = "pass",
					    [ORD_GATE_FAIL] = "fail",
					    [ORD_GATE_NOT_APPLICABLE] = "not applicable"};

	return names[g];
}

char *ord_words_figure(const char *figure, char out[static ORD_WORDS])
{
	static const struct {
		const char *figure, *words;
	} known[] = {{"ttr_self", "recovery by itself"},
		     {"ttr_after", "recovery after the rollback"},
		     {"ttr_full", "full recovery"},
		     {"impact", "impact"}};

	for (size_t i = 0; i < ORD_COUNT(known); i++)
		if (!strcmp(figure, known[i].figure)) {
			(void)snprintf(out, ORD_WORDS, "%s", known[i].words);
			return out;
		}
	if (!strncmp(figure, "ttd:", 4))
		(void)snprintf(out, ORD_WORDS, "detection by %s", figure + 4);
	else
		(void)snprintf(out, ORD_WORDS, "%s", figure);
	ord_text_clean(out);
	return out;
}

char *ord_words_ratio(double v, char out[static ORD_TEXT])
{
	if (isinf(v))
		(void)snprintf(out, ORD_TEXT, "no end");
	else if (v > 1e9)
		(void)snprintf(out, ORD_TEXT, "> 1e9");
	else if (v >= 100)
		(void)snprintf(out, ORD_TEXT, "%lld", llround(v));
	else if (v >= 0.1 || v <= 0)
		(void)ord_text_milli(llround(v * 1000), v < 10 ? 2 : 1, out);
	else
		(void)ord_text_milli(llround(v * 1000), 3, out);
	return out;
}

static char *seconds(double s, char out[static ORD_TEXT])
{
	if (isinf(s))
		(void)snprintf(out, ORD_TEXT, "no end");
	else
		(void)ord_text_duration(llround(s * 1e9), out);
	return out;
}

char *ord_words_effect(const struct ord_comparison *c, char out[static ORD_WORDS])
{
	char v[ORD_TEXT], lo[ORD_TEXT], hi[ORD_TEXT];

	*out = '\0';
	if (!isnan(c->shift)) {
		(void)snprintf(out, ORD_WORDS, "%s %s [%s, %s]", seconds(fabs(c->shift), v),
			       c->shift < 0 ? "shorter" : "longer", seconds(c->shift_lo, lo),
			       seconds(c->shift_hi, hi));
		return out;
	}
	if (c->too_many)
		(void)snprintf(out, ORD_WORDS, "ratio not told of so many");
	if (isnan(c->lo))
		return out;
	if (isnan(c->ratio))
		(void)snprintf(out, ORD_WORDS, "ratio not known");
	else
		(void)snprintf(out, ORD_WORDS, "%s times as long", ord_words_ratio(c->ratio, v));
	if (c->lo > 0 || !isinf(c->hi)) {
		size_t at = strlen(out);

		(void)snprintf(out + at, ORD_WORDS - at, " [%s, %s]", ord_words_ratio(c->lo, lo),
			       ord_words_ratio(c->hi, hi));
	}
	return out;
}

char *ord_words_p(double p, char out[static ORD_TEXT])
{
	if (isnan(p))
		(void)snprintf(out, ORD_TEXT, "-");
	else if (p < 0.0001)
		(void)snprintf(out, ORD_TEXT, "< 0.0001");
	else
		(void)snprintf(out, ORD_TEXT, "%lld.%04lld", llround(p * 10000) / 10000,
			       llround(p * 10000) % 10000);
	return out;
}

char *ord_words_side(const struct ord_side *s, char out[static ORD_WORDS])
{
	char median[ORD_TEXT], worst[ORD_TEXT];

	if (!s->n)
		(void)snprintf(out, ORD_WORDS, "none");
	else if (s->never)
		(void)snprintf(out, ORD_WORDS, "%s (n = %zu, %zu never)",
			       s->has_median ? ord_text_duration(s->median, median) : "not reached",
			       s->n, s->never);
	else
		(void)snprintf(out, ORD_WORDS, "%s (n = %zu, worst %s)",
			       ord_text_duration(s->median, median), s->n,
			       ord_text_duration(s->worst, worst));
	return out;
}

char *ord_words_need(const struct ord_comparison *c, char out[static ORD_WORDS])
{
	*out = '\0';
	if (!c->need_each && !c->need_beside)
		return out;
	if (c->need_each > ORD_COMPARE_NEED_MAX)
		(void)snprintf(out, ORD_WORDS,
			       "the difference is so close to the margin that more than %d "
			       "repetitions would not settle it",
			       ORD_COMPARE_NEED_MAX);
	else if (c->need_beside)
		(void)snprintf(out, ORD_WORDS,
			       "need >= %zu of the candidate beside this baseline, or >= %zu of "
			       "each",
			       c->need_beside, c->need_each);
	else
		(void)snprintf(out, ORD_WORDS,
			       "need >= %zu of each; more of the candidate alone will not do",
			       c->need_each);
	return out;
}

char *ord_words_left_out(const struct ord_figures_run *r, char out[static ORD_WORDS])
{
	const char *state;
	const json_t *n;
	size_t at = 0;

	*out = '\0';
	json_object_foreach ((json_t *)(uintptr_t)r->left_out, state, n) {
		int added = snprintf(out + at, ORD_WORDS - at, "%s%lld %s", at ? ", " : "",
				     (long long)json_integer_value(n), state);

		if (added < 0 || (size_t)added >= ORD_WORDS - at)
			break;
		at += (size_t)added;
	}
	ord_text_clean(out);
	return out;
}

char *ord_words_verdict(const struct ord_comparison *c, int64_t margin_ppm,
			char out[static ORD_WORDS])
{
	char margin[32];

	(void)snprintf(out, ORD_WORDS, "%s", ord_compared_name(c->verdict));
	if (c->verdict == ORD_COMPARED_INCONCLUSIVE && c->gate == ORD_GATE_PASS)
		(void)snprintf(out, ORD_WORDS, "inconclusive, but not worse by more than %s",
			       ord_format_percent(margin_ppm, margin));
	return out;
}

char *ord_words_all(const struct ord_comparisons *c, char out[static ORD_WORDS])
{
	if (!c->n)
		(void)snprintf(out, ORD_WORDS,
			       "inconclusive: neither side has a figure to be compared");
	else if (c->worse)
		(void)snprintf(out, ORD_WORDS,
			       "worse: %zu of %zu figures; %zu better, %zu "
			       "inconclusive",
			       c->worse, c->n, c->better, c->inconclusive);
	else if (c->better)
		(void)snprintf(out, ORD_WORDS,
			       "better: %zu of %zu figures; none worse, %zu "
			       "inconclusive",
			       c->better, c->n, c->inconclusive);
	else
		(void)snprintf(out, ORD_WORDS, "inconclusive: no figure of %zu is better or worse",
			       c->n);
	return out;
}
