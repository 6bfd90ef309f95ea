/* What the users lost, as ordeal's probes saw it: availability, area, error budget, and whether
 * burn rates would have paged. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "reports/write/html.h"
#include "reports/write/text.h"

#define HOUR (INT64_C(3600) * (int64_t)ORD_S)

/* 990000 -> "99.00 %"; more digits where the first two would be nought. */
static char *percent(int64_t ppm, char out[static ORD_TEXT])
{
	if (ppm < 0)
		(void)snprintf(out, ORD_TEXT, "–");
	else if (ppm % 100)
		(void)snprintf(out, ORD_TEXT, "%" PRId64 ".%04" PRId64 " %%", ppm / 10000,
			       ppm % 10000);
	else
		(void)snprintf(out, ORD_TEXT, "%" PRId64 ".%02" PRId64 " %%", ppm / 10000,
			       ppm % 10000 / 100);
	return out;
}

/* "12.00 %", or "12.00 to 14.00 %" where some was not known. */
static void range(FILE *out, const char *label, int64_t lo, int64_t hi,
		  char *(*as_text)(int64_t v, char out[static ORD_TEXT]))
{
	char a[ORD_TEXT], b[ORD_TEXT], both[2 * ORD_TEXT + 8];

	(void)snprintf(both, sizeof both, "%s%s%s", as_text(lo, a), hi > lo ? " to " : "",
		       hi > lo ? as_text(hi, b) : "");
	ord_html_cell(out, label, "num", both);
}

static char *duration(int64_t ns, char out[static ORD_TEXT])
{
	if (ns < 0)
		(void)snprintf(out, ORD_TEXT, "–");
	else
		(void)ord_text_duration(ns, out);
	return out;
}

static void pages(const struct ord_rep *r, FILE *out)
{
	char text[ORD_TEXT], all[ORD_PAGES * 80 + 32] = "";
	size_t n = 0;

	for (size_t i = 0; i < ORD_PAGES; i++) {
		const struct ord_page *p = &r->budget.pages[i];

		if (p->at.known && n < sizeof all - 80)
			n += (size_t)snprintf(all + n, sizeof all - n, "%s%s by %.30s at %s",
					      n ? "; " : "", p->ticket ? "ticket" : "page", p->name,
					      ord_text_relative(p->at.value, r->zero, text));
	}
	ord_html_cell(out, "would have paged", "", n ? all : r->budget.known ? "no" : "–");
}

static void row(const struct ord_analysis *a, const struct ord_rep *r, FILE *out)
{
	const struct ord_loss *l = &r->loss;
	char text[ORD_TEXT];

	(void)a;
	(void)snprintf(text, sizeof text, "%u", r->number);
	(void)fputs("<tr role=\"row\">", out);
	ord_html_cell(out, "#", "lead", r->number ? text : "placebo");
	ord_html_cell(out, "available", "num", percent(l->ok_ppm, text));
	(void)snprintf(text, sizeof text, "%zu of %zu", l->bad, l->good + l->bad);
	ord_html_cell(out, "failed", "num", text);
	ord_html_cell(out, "outside its limits for", "num", duration(l->bad_time_ns, text));
	range(out, "outage of equal weight", l->area_ns, l->area_hi_ns, duration);
	if (r->budget.known)
		range(out, "budget burnt", r->budget.burnt_ppm, r->budget.burnt_hi_ppm, percent);
	else
		ord_html_cell(out, "budget burnt", "num dim", "–");
	pages(r, out);
	(void)fputs("</tr>\n", out);
}

static const struct ord_budget *some_budget(const struct ord_analysis *a)
{
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		if (a->reps[i].budget.known)
			return &a->reps[i].budget;
	return NULL;
}

static void explain(const struct ord_analysis *a, FILE *out)
{
	const struct ord_budget *b = some_budget(a);
	char x[ORD_TEXT];

	(void)fputs(
		"<p class=\"small dim\">As seen by ordeal's probes, from the fault's request to "
		"the end of the repetition; what the users themselves met is not known here. An "
		"outage of equal weight is the area lost: half of the requests failing for 10 s "
		"weighs as much as all of them for 5 s. A range: slots that are unknown counted "
		"as good, and as bad.",
		out);
	if (b)
		(void)fprintf(out,
			      " Budget: %s over %" PRId64
			      " h, by %s. It would have paged where both windows of a "
			      "pair burn that fast.",
			      percent(b->slo.target_ppm, x), b->slo.window / HOUR,
			      ord_slo_method_name(b->slo.method));
	(void)fputs("</p>\n", out);
}

bool ord_html_has_loss(const struct ord_analysis *a)
{
	for (uint32_t i = 0; i <= a->t->repetitions; i++)
		if (a->reps[i].loss.known)
			return true;
	return false;
}

void ord_html_loss(const struct ord_analysis *a, FILE *out)
{
	static const char *const heads[] = {"#",
					    "#Available",
					    "#Failed",
					    "#Outside its limits for",
					    "#Outage of equal weight",
					    "#Budget burnt",
					    "Would have paged",
					    NULL};
	unsigned rows = 0;

	ord_html_table(out, "stack", "What the users lost in each repetition", heads);
	for (uint32_t i = 0; i <= a->t->repetitions && rows < ORD_HTML_REPS_MAX; i++)
		if (a->reps[i].loss.known) {
			row(a, &a->reps[i], out);
			rows++;
		}
	ord_html_table_end(out);
	explain(a, out);
}
