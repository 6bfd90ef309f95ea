/*
 * Exposition of metrics: one family after the other, each metric's samples together. Three
 * dialects: OpenMetrics 1.0; the same with a timestamp at each sample, for an import into history;
 * Prometheus' text format 0.0.4, which node_exporter's textfile collector reads and which knows no
 * info, no stateset, no unit and no exemplar.
 */
#ifndef ORDEAL_REPORTS_WRITE_METRICS_H
#define ORDEAL_REPORTS_WRITE_METRICS_H

#include "reports/analysis.h"

enum ord_dialect { ORD_DIALECT_OPENMETRICS, ORD_DIALECT_HISTORY, ORD_DIALECT_TEXTFILE };

enum ord_metric_type {
	ORD_METRIC_GAUGE,
	ORD_METRIC_COUNTER,
	ORD_METRIC_HISTOGRAM,
	ORD_METRIC_INFO,
	ORD_METRIC_STATESET,
};

/* Its lines of metadata are written before its first sample; without one it is not written. */
struct ord_family {
	const char *name; /* without _total, _info, _bucket */
	enum ord_metric_type type;
	const char *unit; /* the suffix of its name; NULL: none */
	const char *help;
};

#define ORD_LABELS 6

struct ord_label {
	const char *name, *value;
};

struct ord_metrics {
	const struct ord_analysis *a;
	FILE *out;
	enum ord_dialect dialect;
	int64_t at; /* history: ns on the run's clock, the timestamp of the samples to come */
	const struct ord_family *begun;
};

/* The labels of the sample besides `experiment`; a NULL name ends them. */
void ord_metric_ns(struct ord_metrics *m, const struct ord_family *f,
		   const struct ord_label *labels, int64_t ns);
void ord_metric_count(struct ord_metrics *m, const struct ord_family *f,
		      const struct ord_label *labels, uint64_t n);
/* part of whole, exactly to nine digits; nothing where the whole is 0. */
void ord_metric_ratio(struct ord_metrics *m, const struct ord_family *f,
		      const struct ord_label *labels, uint64_t part, uint64_t whole);
/* A counter, with an exemplar that names a span (NULL: none). */
void ord_metric_counter(struct ord_metrics *m, const struct ord_family *f,
			const struct ord_label *labels, uint64_t n, const struct ord_label *span);
void ord_metric_info(struct ord_metrics *m, const struct ord_family *f,
		     const struct ord_label *labels);
/* One sample for each of the n states; 1 for `is`. */
void ord_metric_state(struct ord_metrics *m, const struct ord_family *f,
		      const struct ord_label *labels, const char *const *states, size_t n,
		      size_t is);
/* counts: of each bucket, [n_bounds + 1], not cumulative; bounds in ns; sum in ns. */
void ord_metric_histogram(struct ord_metrics *m, const struct ord_family *f,
			  const struct ord_label *labels, const int64_t *bounds, size_t n_bounds,
			  const uint64_t *counts, int64_t sum);
void ord_metrics_end(struct ord_metrics *m);

/* "12.031", "1.0": ns as seconds, exactly, never with an exponent. Returns out. */
char *ord_metric_seconds(int64_t ns, char out[static 32]);

#endif
