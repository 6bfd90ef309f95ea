/* What the users lost, by what alerts came and how long each leg of their way took, in OpenMetrics.
 */
#include "base/auto.h"
#include "base/units.h"
#include "reports/write/openmetrics.h"

static const struct ord_family area = {
	"ordeal_degradation_seconds", ORD_METRIC_GAUGE, "seconds",
	"Degradation area from the request to the end: time of full outage that loses as much."};
static const struct ord_family available = {
	"ordeal_availability_ratio", ORD_METRIC_GAUGE, "ratio",
	"Good ones of the user probes' decided samples from the request to the end."};
static const struct ord_family burnt = {
	"ordeal_budget_consumed_ratio", ORD_METRIC_GAUGE, "ratio",
	"Of the error budget of the SLO's whole window; samples that are unknown count as good."};
static const struct ord_family paged = {
	"ordeal_would_have_paged", ORD_METRIC_GAUGE, NULL,
	"Whether that pair of burn rates' windows would have alerted, 1 or 0."};
static const struct ord_family leg = {
	"ordeal_alert_leg_seconds", ORD_METRIC_GAUGE, "seconds",
	"One leg of an alert's way; absent where one of its ends was not told."};
static const struct ord_family warnings = {"ordeal_report_warnings", ORD_METRIC_GAUGE, NULL,
					   "Warnings of the report."};

typedef void rep_fn(struct ord_metrics *m, const struct ord_rep *r, const char *number);

static void area_of(struct ord_metrics *m, const struct ord_rep *r, const char *number)
{
	if (r->loss.known)
		ord_metric_ns(m, &area, (struct ord_label[]){{"repetition", number}, {0}},
			      r->loss.area_ns);
}

static void available_of(struct ord_metrics *m, const struct ord_rep *r, const char *number)
{
	if (r->loss.known && r->loss.ok_ppm >= 0)
		ord_metric_ratio(m, &available, (struct ord_label[]){{"repetition", number}, {0}},
				 r->loss.good, r->loss.good + r->loss.bad);
}

static void burnt_of(struct ord_metrics *m, const struct ord_rep *r, const char *number)
{
	if (r->budget.known)
		ord_metric_ratio(m, &burnt, (struct ord_label[]){{"repetition", number}, {0}},
				 (uint64_t)r->budget.burnt_ppm, ORD_PPM);
}

static void paged_of(struct ord_metrics *m, const struct ord_rep *r, const char *number)
{
	for (size_t i = 0; r->budget.known && i < ORD_PAGES; i++) {
		const struct ord_page *p = &r->budget.pages[i];

		ord_metric_count(m, &paged,
				 (struct ord_label[]){{"repetition", number},
						      {"windows", p->name},
						      {"severity", p->ticket ? "ticket" : "page"},
						      {0}},
				 p->at.known);
	}
}

static void legs_of(struct ord_metrics *m, const struct ord_rep *r, const char *number)
{
	for (size_t k = 0; r->breakdowns && k < m->a->n_alerts; k++)
		for (int i = 0; i < ORD_LEGS; i++)
			if (r->breakdowns[k].leg[i].state == ORD_SPAN_KNOWN)
				ord_metric_ns(
					m, &leg,
					(struct ord_label[]){{"repetition", number},
							     {"alert", r->breakdowns[k].alert},
							     {"leg", ord_leg_name((enum ord_leg)i)},
							     {0}},
					r->breakdowns[k].leg[i].value);
}

/* What is scraped gets the worst of the repetitions. */
static void worst(struct ord_metrics *m)
{
	const struct ord_rep *most = NULL, *spent = NULL;

	for (uint32_t i = 1; i <= m->a->t->repetitions; i++) {
		const struct ord_rep *r = &m->a->reps[i];

		if (r->loss.known && (!most || r->loss.area_ns > most->loss.area_ns))
			most = r;
		if (r->budget.known && (!spent || r->budget.burnt_ppm > spent->budget.burnt_ppm))
			spent = r;
	}
	if (most)
		ord_metric_ns(m, &area, NULL, most->loss.area_ns);
	if (spent)
		ord_metric_ratio(m, &burnt, NULL, (uint64_t)spent->budget.burnt_ppm, ORD_PPM);
}

void ord_om_losses(struct ord_metrics *m)
{
	static rep_fn *const families[] = {area_of, available_of, burnt_of, paged_of, legs_of};
	char number[12];

	if (m->dialect == ORD_DIALECT_TEXTFILE)
		worst(m);
	for (size_t f = 0; f < ORD_COUNT(families) && m->dialect != ORD_DIALECT_TEXTFILE; f++)
		for (uint32_t i = 0; i <= m->a->t->repetitions; i++)
			if (ord_om_rep(m, i)) {
				ord_om_number(i, number);
				families[f](m, &m->a->reps[i], number);
			}
	m->at = m->a->t->last_t;
	ord_metric_count(m, &warnings, NULL, m->a->n_warnings);
}
