/* The service's figures, in the Prometheus text format. */
#ifndef DEMO_METRICS_H
#define DEMO_METRICS_H

#include <stdint.h>

#include "buf.h"

#define METRICS_STATUSES 16
#define METRICS_BUCKETS	 14

struct metrics {
	struct {
		const char *route;
		int status;
		uint64_t n;
	} requests[METRICS_STATUSES * 4];
	uint64_t buckets[METRICS_BUCKETS]; /* of the orders route; not cumulative */
	uint64_t n, sum_ns;
	uint64_t abandoned;
};

void metrics_request(struct metrics *m, const char *route, int status);
void metrics_latency(struct metrics *m, uint64_t ns);
/* One family of one sample. -1: no room. */
int metrics_value(struct buf *out, const char *name, const char *type, const char *help,
		  uint64_t value);
int metrics_head(struct buf *out, const char *name, const char *type, const char *help);
int metrics_label(struct buf *out, const char *name, const char *label, const char *value,
		  uint64_t n);
int metrics_write(const struct metrics *m, struct buf *out);

#endif
