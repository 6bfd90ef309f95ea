/* What /metrics counts by itself; the rest is asked of the daemon when it is scraped. */
#ifndef ORDEAL_SERVE_API_METRICS_H
#define ORDEAL_SERVE_API_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define API_COUNTED_MAX 16

/* Counts by a word; what is beyond the table counts as "other". */
struct api_counts {
	struct {
		char word[24];
		uint64_t n;
	} v[API_COUNTED_MAX];
	size_t n;
};

struct api_metrics {
	struct api_counts answers; /* by class: "2xx" */
	struct api_counts ended;   /* by verdict */
	struct api_counts skipped; /* by reason */
	struct api_counts events;  /* by type */
	uint64_t dispatched, interrupted, watchers_dropped, connections;
	uint64_t hooks_delivered, hooks_failed, hooks_dropped, reloads_refused;
};

void api_count(struct api_counts *c, const char *word, uint64_t by);
void api_metrics_answered(struct api_metrics *m, unsigned status);
void api_metrics_event(struct api_metrics *m, const char *type, const json_t *data);

/* What is so now. */
struct api_gauges {
	const json_t *status; /* ord_serve_status() */
	bool ready;
	uint64_t connections, watchers, hooks_waiting;
	int64_t read_ns; /* when the settings were; since 1970 */
};

/* OpenMetrics 1.0, as a whole. */
void api_metrics_print(const struct api_metrics *m, const struct api_gauges *now, FILE *out);

#endif
