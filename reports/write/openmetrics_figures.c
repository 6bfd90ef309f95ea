/* Durations in OpenMetrics. A file of one run has each repetition's, what is scraped for weeks only
 * what they come to. */
#include <stdlib.h>

#include "base/auto.h"
#include "reports/write/openmetrics.h"

/* The families of one duration. */
struct families {
	struct ord_family value, bound, at_least, median, worst, n, never;
};

#define DURATION(what, means, never_what, never_means)                                        \
	{                                                                                     \
		.value = {"ordeal_" what "_seconds", ORD_METRIC_GAUGE, "seconds",             \
			  means "; absent where it was not seen."},                           \
		.bound = {"ordeal_" what "_bound_seconds", ORD_METRIC_GAUGE, "seconds",       \
			  means ": the ends of its interval."},                               \
		.at_least = {"ordeal_" what "_at_least_seconds", ORD_METRIC_GAUGE, "seconds", \
			     means ", censored: it was longer than that."},                   \
		.median = {"ordeal_" what "_median_seconds", ORD_METRIC_GAUGE, "seconds",     \
			   means ", Kaplan-Meier median; absent where it was not reached."},  \
		.worst = {"ordeal_" what "_worst_seconds", ORD_METRIC_GAUGE, "seconds",       \
			  means ", the longest that is not censored."},                       \
		.n = {"ordeal_" what "_repetitions", ORD_METRIC_GAUGE, NULL,                  \
		      means ": repetitions with a figure or a censored one."},                \
		.never = {"ordeal_" never_what, ORD_METRIC_COUNTER, NULL, never_means},       \
	}

static const struct families detect =
	DURATION("time_to_detect", "From the impact to the channel's noticing it", "not_detected",
		 "Repetitions with an impact that the channel did not notice before the recovery.");
static const struct families recover =
	DURATION("time_to_recover",
		 "From the impact (mode self) or the end of the faults (mode after_rollback) to "
		 "the recovery",
		 "not_recovered", "Repetitions that did not recover while they were watched.");
static const struct families impact =
	DURATION("impact_duration", "From the impact to the recovery, whichever way",
		 "not_recovered_at_all", "Repetitions whose users were not well again at the end.");

static const struct families full =
	DURATION("time_to_full_recovery", "From the impact to full recovery", "not_fully_recovered",
		 "Repetitions whose conditions of full recovery did not hold at the end.");
static const struct families acknowledge =
	DURATION("time_to_acknowledge", "From the first detection to a person's acknowledging it",
		 "not_acknowledged", "Repetitions that nobody acknowledged.");
static const struct families mitigate =
	DURATION("time_to_mitigate", "From the impact to a person's saying that it is mitigated",
		 "not_mitigated", "Repetitions of which nobody said that they were mitigated.");

static const struct ord_family recovered = {
	"ordeal_recovered", ORD_METRIC_STATESET, NULL,
	"Whether a repetition with an impact recovered: by itself, or after the rollback."};
static const struct ord_family detected = {
	"ordeal_detected", ORD_METRIC_STATESET, NULL,
	"Whether the channel noticed the impact of a repetition."};

/* One duration under one label: its span in each repetition, and the summary. */
struct figure {
	struct ord_label label; /* NULL name: none */
	ord_span_fn *span;
	size_t which;
	const struct ord_summary *summary;
};

static const struct ord_span *from_impact(const struct ord_rep *r, size_t which)
{
	return &r->detections[which].from_impact;
}

static const struct ord_span *whole_impact(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->bad_time;
}

static const struct ord_span *to_full(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->full_span;
}

static const struct ord_span *to_acknowledge(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->acknowledge;
}

static const struct ord_span *to_mitigate(const struct ord_rep *r, size_t which)
{
	(void)which;
	return &r->mitigate;
}

/* Labels of a sample: the repetition's, the figure's, and one more, in an order without holes. */
static void labels_of(const struct figure *f, const char *rep, struct ord_label more,
		      struct ord_label out[static 4])
{
	size_t n = 0;

	if (f->label.name)
		out[n++] = f->label;
	if (rep)
		out[n++] = (struct ord_label){"repetition", rep};
	if (more.name)
		out[n++] = more;
	out[n] = (struct ord_label){0};
}

typedef void each_fn(struct ord_metrics *m, const struct families *of, const struct figure *f,
		     const char *rep, const struct ord_span *s);

static void value(struct ord_metrics *m, const struct families *of, const struct figure *f,
		  const char *rep, const struct ord_span *s)
{
	struct ord_label labels[4];

	labels_of(f, rep, (struct ord_label){0}, labels);
	if (s->state == ORD_SPAN_KNOWN)
		ord_metric_ns(m, &of->value, labels, s->value);
}

static void bounds(struct ord_metrics *m, const struct families *of, const struct figure *f,
		   const char *rep, const struct ord_span *s)
{
	struct ord_label labels[4];

	if (s->state != ORD_SPAN_KNOWN)
		return;
	labels_of(f, rep, (struct ord_label){"bound", "low"}, labels);
	ord_metric_ns(m, &of->bound, labels, s->lo);
	labels_of(f, rep, (struct ord_label){"bound", "high"}, labels);
	ord_metric_ns(m, &of->bound, labels, s->hi);
}

static void at_least(struct ord_metrics *m, const struct families *of, const struct figure *f,
		     const char *rep, const struct ord_span *s)
{
	struct ord_label labels[4];

	labels_of(f, rep, (struct ord_label){0}, labels);
	if (s->state == ORD_SPAN_CENSORED)
		ord_metric_ns(m, &of->at_least, labels, s->value);
}

static void each(struct ord_metrics *m, const struct families *of, const struct figure *f, size_t n,
		 each_fn *fn)
{
	char rep[12];

	for (size_t k = 0; k < n; k++)
		for (uint32_t i = 0; i <= m->a->t->repetitions; i++)
			if (ord_om_rep(m, i)) {
				ord_om_number(i, rep);
				fn(m, of, &f[k], rep, f[k].span(&m->a->reps[i], f[k].which));
			}
}

static void summaries(struct ord_metrics *m, const struct families *of, const struct figure *f,
		      size_t n)
{
	struct ord_label labels[4];

	m->at = m->a->t->last_t;
	for (unsigned family = 0; family < 4; family++)
		for (size_t k = 0; k < n; k++) {
			const struct ord_summary *s = f[k].summary;

			labels_of(&f[k], NULL, (struct ord_label){0}, labels);
			if (family == 0 && s->has_median)
				ord_metric_ns(m, &of->median, labels, s->median);
			else if (family == 1 && s->has_worst)
				ord_metric_ns(m, &of->worst, labels, s->worst);
			else if (family == 2)
				ord_metric_count(m, &of->n, labels, s->n);
			else if (family == 3)
				ord_metric_counter(m, &of->never, labels, s->never, NULL);
		}
}

static void duration(struct ord_metrics *m, const struct families *of, const struct figure *f,
		     size_t n)
{
	if (m->dialect != ORD_DIALECT_TEXTFILE) {
		each(m, of, f, n, value);
		each(m, of, f, n, bounds);
		each(m, of, f, n, at_least);
	}
	summaries(m, of, f, n);
}

/* Nothing where there was nothing to recover from, or it was well before the rollback. */
static void recoveries(struct ord_metrics *m, const struct figure *f, size_t n)
{
	static const char *const states[] = {"yes", "no", "unknown"};
	struct ord_label labels[4];
	char rep[12];

	for (size_t k = 0; k < n; k++)
		for (uint32_t i = 0; i <= m->a->t->repetitions; i++) {
			const struct ord_rep *r = &m->a->reps[i];
			const struct ord_span *s = f[k].span(r, f[k].which);

			if (!ord_om_rep(m, i) || !r->impact.known ||
			    (s->state == ORD_SPAN_NONE && r->recovered_self))
				continue;
			ord_om_number(i, rep);
			labels_of(&f[k], rep, (struct ord_label){0}, labels);
			ord_metric_state(m, &recovered, labels, states, ORD_COUNT(states),
					 s->state == ORD_SPAN_KNOWN	 ? 0
					 : s->state == ORD_SPAN_CENSORED ? 1
									 : 2);
		}
}

static void detections(struct ord_metrics *m, const struct figure *f, size_t n)
{
	static const char *const states[] = {"not-noticed", "noticed", "already-noticing",
					     "after-recovery", "unknown"};
	struct ord_label labels[4];
	char rep[12];

	for (size_t k = 0; k < n; k++)
		for (uint32_t i = 0; i <= m->a->t->repetitions; i++) {
			if (!ord_om_rep(m, i))
				continue;
			ord_om_number(i, rep);
			labels_of(&f[k], rep, (struct ord_label){0}, labels);
			ord_metric_state(m, &detected, labels, states, ORD_COUNT(states),
					 m->a->reps[i].detections[f[k].which].kind);
		}
}

static int detect_figures(struct ord_metrics *m, struct ord_err *err)
{
	const struct ord_timeline *t = m->a->t;
	ord_autofree struct figure *f = calloc(t->n_probes + 1, sizeof *f);
	size_t n = 0;

	if (!f)
		return ord_fail_nomem(err);
	for (size_t p = 0; p < t->n_probes; p++)
		if (t->probes[p].is_signal && !ord_om_probe_twin(t, p))
			f[n++] = (struct figure){
				{"channel", t->probes[p].name}, from_impact, p, &m->a->detect[p]};
	duration(m, &detect, f, n);
	if (m->dialect != ORD_DIALECT_TEXTFILE)
		detections(m, f, n);
	return 0;
}

int ord_om_figures(struct ord_metrics *m, struct ord_err *err)
{
	const struct figure recovery[] = {
		{{"mode", "self"}, ord_rep_self, 0, &m->a->self},
		{{"mode", "after_rollback"}, ord_rep_after, 0, &m->a->after}};
	/* What only those have who ask for it. */
	const struct {
		const struct families *of;
		struct figure figure;
	} asked[] = {{&full, {{0}, to_full, 0, &m->a->full}},
		     {&acknowledge, {{0}, to_acknowledge, 0, &m->a->acknowledge}},
		     {&mitigate, {{0}, to_mitigate, 0, &m->a->mitigate}}};
	const struct figure lasted = {{0}, whole_impact, 0, &m->a->bad_time};

	if (detect_figures(m, err))
		return -1;
	duration(m, &recover, recovery, ORD_COUNT(recovery));
	if (m->dialect != ORD_DIALECT_TEXTFILE)
		recoveries(m, recovery, ORD_COUNT(recovery));
	duration(m, &impact, &lasted, 1);
	for (size_t i = 0; i < ORD_COUNT(asked); i++)
		if (asked[i].figure.summary->n)
			duration(m, asked[i].of, &asked[i].figure, 1);
	return 0;
}
