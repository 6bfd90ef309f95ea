/* How late runs are started: a histogram of fixed size. */
#ifndef ORDEAL_SERVE_LATE_H
#define ORDEAL_SERVE_LATE_H

#include <jansson.h>
#include <stdint.h>

/* Sixteen steps each time it doubles: figures are at most 7 % too large. */
#define LATE_STEPS   16
#define LATE_CLASSES (64 * LATE_STEPS)

struct late {
	uint64_t n, sum_ns, max_ns;
	uint64_t classes[LATE_CLASSES];
};

void late_add(struct late *l, uint64_t ns);
/* The least bound that this share of them, in millionths, is not above; 0 of none. */
uint64_t late_quantile(const struct late *l, uint64_t ppm);
/* {"n", "sum", "p50", "p99", "max", "buckets"}, docs/formats/serve.md. */
json_t *late_json(const struct late *l);

#endif
