/* Probes and faults in OpenMetrics. */
#include <string.h>

#include "base/auto.h"
#include "reports/write/openmetrics.h"
#include "reports/write/trace.h"

static const struct ord_family samples = {
	"ordeal_probe_samples", ORD_METRIC_COUNTER, NULL,
	"Samples of the probe before, during and after the fault; an unknown one is neither good "
	"nor bad."};
static const struct ord_family outcomes = {"ordeal_probe_outcomes", ORD_METRIC_COUNTER, NULL,
					   "Samples of the probe by what came of them."};
static const struct ord_family good_ratio = {"ordeal_probe_good_ratio", ORD_METRIC_GAUGE, "ratio",
					     "Good ones of the samples that are good or bad."};
static const struct ord_family slowest = {
	"ordeal_probe_latency_max_seconds", ORD_METRIC_GAUGE, "seconds",
	"The longest latency, from the intended start; no later than the probe's timeout."};
static const struct ord_family held = {"ordeal_fault_in_force_seconds", ORD_METRIC_GAUGE, "seconds",
				       "From the effect's being read back to its being gone."};
static const struct ord_family residue = {"ordeal_fault_residue", ORD_METRIC_GAUGE, NULL,
					  "What was left behind; absent where there is nothing "
					  "to take away."};

static const char *const parts[] = {"before", "during", "after"};

bool ord_om_probe_twin(const struct ord_timeline *t, size_t p)
{
	for (size_t i = 0; i < p; i++)
		if (!strcmp(t->probes[i].name, t->probes[p].name))
			return true;
	return false;
}

bool ord_om_fault_twin(const struct ord_timeline *t, size_t k)
{
	for (size_t i = 0; i < k; i++)
		if (!strcmp(t->faults[i].name, t->faults[k].name))
			return true;
	return false;
}

/* One part of one probe in one repetition, or in all of them. */
struct place {
	size_t probe;
	unsigned part;
	const struct ord_rep *rep; /* NULL: all */
	struct ord_part sum;
};

typedef void part_fn(struct ord_metrics *m, const struct place *at, struct ord_label *labels,
		     size_t n);

static void samples_of(struct ord_metrics *m, const struct place *at, struct ord_label *labels,
		       size_t n)
{
	const struct ord_part *p = &at->sum;
	const struct {
		const char *name;
		size_t n;
	} states[] = {{"good", p->good}, {"bad", p->bad}, {"unknown", p->unknown}};
	char trace[ORD_TRACE_ID], span[ORD_SPAN_ID];
	const struct ord_label exemplar[] = {{"trace_id", trace}, {"span_id", span}};

	for (size_t i = 0; i < ORD_COUNT(states); i++) {
		labels[n] = (struct ord_label){"state", states[i].name};
		if (at->rep) {
			ord_trace_id(m->a->t, at->rep->number, trace);
			ord_span_id(m->a->t, at->rep->number, ORD_TRACE_ROOT, span);
		}
		/* The trace of the repetition in which it went wrong. */
		ord_metric_counter(m, &samples, labels, states[i].n,
				   at->rep && i == 1 ? exemplar : NULL);
	}
}

static void outcomes_of(struct ord_metrics *m, const struct place *at, struct ord_label *labels,
			size_t n)
{
	for (unsigned i = 0; i < ORD_TL_OUTCOMES; i++) {
		labels[n] =
			(struct ord_label){"outcome", ord_tl_outcome_name((enum ord_tl_outcome)i)};
		if (at->sum.by_outcome[i])
			ord_metric_counter(m, &outcomes, labels, at->sum.by_outcome[i], NULL);
	}
}

static void ratio_of(struct ord_metrics *m, const struct place *at, struct ord_label *labels,
		     size_t n)
{
	(void)n;
	ord_metric_ratio(m, &good_ratio, labels, at->sum.good, at->sum.good + at->sum.bad);
}

static void slowest_of(struct ord_metrics *m, const struct place *at, struct ord_label *labels,
		       size_t n)
{
	(void)n;
	if (at->sum.max >= 0)
		ord_metric_ns(m, &slowest, labels, at->sum.max);
}

static void add(struct ord_part *sum, const struct ord_part *p)
{
	sum->good += p->good;
	sum->bad += p->bad;
	sum->unknown += p->unknown;
	sum->max = p->max > sum->max ? p->max : sum->max;
	for (unsigned i = 0; i < ORD_TL_OUTCOMES; i++)
		sum->by_outcome[i] += p->by_outcome[i];
}

static void tell(struct ord_metrics *m, const struct place *at, part_fn *fn)
{
	const struct ord_tl_probe *probe = &m->a->t->probes[at->probe];
	struct ord_label labels[ORD_LABELS] = {{"probe", probe->name},
					       {"role", probe->is_signal ? "signal" : "user"},
					       {"part", parts[at->part]}};
	char rep[12];
	size_t n = 3;

	if (at->rep) {
		ord_om_number(at->rep->number, rep);
		labels[n++] = (struct ord_label){"repetition", rep};
	}
	fn(m, at, labels, n);
}

/* One family: each repetition's, or in what is scraped their sum, without the placebo. */
static void family(struct ord_metrics *m, size_t probe, part_fn *fn)
{
	for (unsigned k = 0; k < ORD_PARTS; k++) {
		struct place at = {.probe = probe, .part = k, .sum.max = -1};

		for (uint32_t i = 0; i <= m->a->t->repetitions; i++) {
			const struct ord_part *p = &m->a->reps[i].parts[probe * ORD_PARTS + k];

			if (m->dialect == ORD_DIALECT_TEXTFILE && i) {
				add(&at.sum, p);
			} else if (m->dialect != ORD_DIALECT_TEXTFILE && ord_om_rep(m, i)) {
				at.rep = &m->a->reps[i];
				at.sum = *p;
				tell(m, &at, fn);
			}
		}
		if (m->dialect == ORD_DIALECT_TEXTFILE)
			tell(m, &at, fn);
	}
}

void ord_om_probes(struct ord_metrics *m)
{
	static part_fn *const families[] = {samples_of, outcomes_of, ratio_of, slowest_of};
	const struct ord_timeline *t = m->a->t;

	for (size_t f = 0; f < ORD_COUNT(families); f++)
		for (size_t p = 0; p < t->n_probes && !t->probes[p].is_channel; p++)
			if (!ord_om_probe_twin(t, p))
				family(m, p, families[f]);
}

static void fault_of(struct ord_metrics *m, size_t k, uint32_t i, bool is_residue)
{
	const struct ord_fault_result *f = &m->a->reps[i].faults[k];
	char rep[12];
	const struct ord_label labels[] = {{"fault", m->a->t->faults[k].name},
					   {"kind", m->a->t->faults[k].fault},
					   {"repetition", rep},
					   {0}};

	ord_om_number(i, rep);
	if (is_residue && f->has_residue && f->residue >= 0)
		ord_metric_count(m, &residue, labels, (uint64_t)f->residue);
	else if (!is_residue && f->in_force.known && f->cleared.known)
		ord_metric_ns(m, &held, labels, f->cleared.value - f->in_force.value);
}

void ord_om_faults(struct ord_metrics *m)
{
	const struct ord_timeline *t = m->a->t;

	for (unsigned family = 0; family < 2 && m->dialect != ORD_DIALECT_TEXTFILE; family++)
		for (size_t k = 0; k < t->n_faults; k++)
			for (uint32_t i = 1; i <= t->repetitions; i++)
				if (!ord_om_fault_twin(t, k) && ord_om_rep(m, i))
					fault_of(m, k, i, family == 1);
}
