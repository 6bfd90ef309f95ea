/*
 * report.om, history.om, report.prom: docs/formats/openmetrics.md. What was not reached is no
 * sample at all: a stateset says it, a counter counts it, and a family of its own holds "at least".
 */
#include "reports/write/openmetrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/trace.h"
#include "reports/write/write.h"

#define FAMILY(id, name_, type_, unit_, help_) \
	static const struct ord_family id = {  \
		.name = "ordeal_" name_, .type = ORD_METRIC_##type_, .unit = unit_, .help = help_}

FAMILY(run_info, "run", INFO, NULL, "What was run.");
FAMILY(run_verdict, "run_verdict", STATESET, NULL, "The verdict, by the exit status of the run.");
FAMILY(run_start, "run_start_time_seconds", GAUGE, "seconds", "When the run began, Unix time.");
FAMILY(run_time, "run_duration_seconds", GAUGE, "seconds", "From the first to the last line.");
FAMILY(rep_states, "repetitions", GAUGE, NULL, "Repetitions in that state, without the placebo.");
FAMILY(goal_met, "objective_met", GAUGE, NULL,
       "Whether the objective is met; absent where that could not be told.");
FAMILY(goal_result, "objective_result", STATESET, NULL, "The objective over the repetitions.");
FAMILY(goal_reps, "objective_repetitions", GAUGE, NULL,
       "Repetitions in which the objective had that result.");
FAMILY(in_force, "fault_in_force", GAUGE, NULL, "Whether the fault was in force from then on.");
FAMILY(impacted, "users_impacted", GAUGE, NULL,
       "Whether the users were impacted from then on, by the user probes.");

void ord_om_number(uint32_t n, char out[static 12])
{
	(void)snprintf(out, 12, "%" PRIu32, n);
}

bool ord_om_rep(struct ord_metrics *m, uint32_t i)
{
	const struct ord_rep *r = &m->a->reps[i];

	m->at = r->end > r->begin ? r->end : m->a->t->last_t;
	return r->begin_line;
}

static void info(struct ord_metrics *m)
{
	const struct ord_timeline *t = m->a->t;
	char seed[24];
	const struct ord_label labels[] = {
		{"version", ord_member_text(t->run, "ordeal", "")},
		{"plan_hash", ord_member_text(t->plan, "hash", "")},
		{"seed", seed},
		/* Of a file that is scraped for weeks each run would be a series of its own. */
		{m->dialect == ORD_DIALECT_TEXTFILE ? NULL : "run",
		 ord_member_text(t->run, "run", "")},
		{NULL, NULL}};

	(void)snprintf(seed, sizeof seed, "%" PRId64, ord_member_int(t->plan, "seed", 0));
	ord_metric_info(m, &run_info, labels);
}

static void run(struct ord_metrics *m)
{
	static const char *const verdicts[] = {"passed",   "failed",	   "refused", "aborted",
					       "unsteady", "inconclusive", "broken"};
	const struct ord_timeline *t = m->a->t;

	info(m);
	ord_metric_state(m, &run_verdict, NULL, verdicts, ORD_COUNT(verdicts), (size_t)m->a->exit);
	ord_metric_ns(m, &run_start, NULL, t->wall_ns);
	ord_metric_ns(m, &run_time, NULL, t->last_t);
	for (int s = ORD_REP_ABSENT; s <= ORD_REP_CUT; s++) {
		const char *state = ord_rep_state_name((enum ord_rep_state)s);
		uint64_t n = 0;

		for (uint32_t i = 1; i <= t->repetitions; i++)
			n += m->a->reps[i].state == (enum ord_rep_state)s;
		ord_metric_count(m, &rep_states, (struct ord_label[]){{"state", state}, {0}}, n);
	}
}

/* Whether an earlier one has the same text: it would be the same metric again. */
static bool goal_twin(const struct ord_timeline *t, size_t k)
{
	for (size_t i = 0; i < k; i++)
		if (!strcmp(t->objectives[i].text, t->objectives[k].text))
			return true;
	return false;
}

static const char *const results[] = {"met", "missed", "inconclusive", "not applicable",
				      "not measured"};

static void objective_counts(struct ord_metrics *m, size_t k)
{
	const struct ord_goal_summary *g = &m->a->goals[k];
	const size_t counts[] = {g->met, g->missed, g->inconclusive, g->not_applicable,
				 g->not_measured};

	for (size_t i = 0; i < ORD_COUNT(results); i++)
		ord_metric_count(m, &goal_reps,
				 (struct ord_label[]){{"objective", m->a->t->objectives[k].text},
						      {"result", results[i]},
						      {0}},
				 counts[i]);
}

static void objectives(struct ord_metrics *m)
{
	const struct ord_timeline *t = m->a->t;

	for (size_t k = 0; k < t->n_objectives; k++)
		if (!goal_twin(t, k) && m->a->goals[k].result <= ORD_RESULT_MISSED)
			ord_metric_count(
				m, &goal_met,
				(struct ord_label[]){{"objective", t->objectives[k].text}, {0}},
				m->a->goals[k].result == ORD_RESULT_MET);
	for (size_t k = 0; k < t->n_objectives; k++)
		if (!goal_twin(t, k))
			ord_metric_state(
				m, &goal_result,
				(struct ord_label[]){{"objective", t->objectives[k].text}, {0}},
				results, ORD_COUNT(results), m->a->goals[k].result);
	for (size_t k = 0; k < t->n_objectives; k++)
		if (!goal_twin(t, k))
			objective_counts(m, k);
}

/* last: of the metric's point before; Prometheus keeps milliseconds, and one value for each. */
static void change(struct ord_metrics *m, const struct ord_family *f,
		   const struct ord_label *labels, const struct ord_instant *at, bool on,
		   int64_t *last)
{
	if (!at->known)
		return;
	m->at = at->value < *last + (int64_t)ORD_MS ? *last + (int64_t)ORD_MS : at->value;
	*last = m->at;
	ord_metric_count(m, f, labels, on);
}

/* What held from when on, in history alone: points of time in their order, one metric a fault. */
static void changes(struct ord_metrics *m)
{
	const struct ord_timeline *t = m->a->t;
	int64_t last = INT64_MIN / 2;

	for (size_t k = 0; k < t->n_faults; k++, last = INT64_MIN / 2) {
		const struct ord_label labels[] = {
			{"fault", t->faults[k].name}, {"kind", t->faults[k].fault}, {0}};

		for (uint32_t i = 1; !ord_om_fault_twin(t, k) && i <= t->repetitions; i++) {
			const struct ord_fault_result *f = &m->a->reps[i].faults[k];

			change(m, &in_force, labels, &f->requested, false, &last);
			change(m, &in_force, labels, &f->in_force, true, &last);
			change(m, &in_force, labels, &f->cleared, false, &last);
		}
	}
	for (uint32_t i = 0; i <= t->repetitions; i++) {
		const struct ord_rep *r = &m->a->reps[i];

		change(m, &impacted, NULL, &r->requested, false, &last);
		change(m, &impacted, NULL, &r->impact, true, &last);
		change(m, &impacted, NULL, &r->recovered, false, &last);
	}
}

static int metrics(const struct ord_analysis *a, FILE *out, enum ord_dialect dialect,
		   struct ord_err *err)
{
	struct ord_metrics m = {.a = a, .out = out, .dialect = dialect, .at = a->t->last_t};

	run(&m);
	objectives(&m);
	if (ord_om_figures(&m, err))
		return -1;
	m.at = a->t->last_t;
	ord_om_probes(&m);
	/* One point of a histogram is no history, and would be another pass over all samples. */
	if (dialect != ORD_DIALECT_HISTORY)
		ord_om_latency(&m);
	ord_om_faults(&m);
	ord_om_losses(&m);
	if (dialect == ORD_DIALECT_HISTORY)
		changes(&m);
	ord_metrics_end(&m);
	return 0;
}

int ord_write_openmetrics(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	return metrics(a, out, ORD_DIALECT_OPENMETRICS, err);
}

int ord_write_history(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	return metrics(a, out, ORD_DIALECT_HISTORY, err);
}

int ord_write_textfile(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	return metrics(a, out, ORD_DIALECT_TEXTFILE, err);
}
