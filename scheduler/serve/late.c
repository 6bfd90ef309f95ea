#include "scheduler/serve/late.h"

#include "base/auto.h"
#include "base/clock.h"

/* Below LATE_STEPS each number is a class of its own; above, the four bits after the first. */
static unsigned class_of(uint64_t ns)
{
	unsigned top;

	if (ns < LATE_STEPS)
		return (unsigned)ns;
	top = 63 - (unsigned)__builtin_clzll(ns);
	return (top - 3) * LATE_STEPS + (unsigned)(ns >> (top - 4) & (LATE_STEPS - 1));
}

/* The largest number of a class. */
static uint64_t bound_of(unsigned class)
{
	unsigned top = class / LATE_STEPS + 3;

	if (class < LATE_STEPS)
		return class;
	return ((uint64_t)(LATE_STEPS + class % LATE_STEPS + 1) << (top - 4)) - 1;
}

void late_add(struct late *l, uint64_t ns)
{
	l->n++;
	l->sum_ns += ns;
	l->max_ns = ns > l->max_ns ? ns : l->max_ns;
	l->classes[class_of(ns)]++;
}

uint64_t late_quantile(const struct late *l, uint64_t ppm)
{
	/* The rank is rounded up, so that no share is claimed that there is not. */
	uint64_t rank = (l->n * ppm + 999999) / 1000000, n = 0;

	for (unsigned i = 0; i < LATE_CLASSES && rank; i++) {
		n += l->classes[i];
		if (n >= rank)
			return bound_of(i) < l->max_ns ? bound_of(i) : l->max_ns;
	}
	return 0;
}

json_t *late_json(const struct late *l)
{
	static const uint64_t bounds[] = {100 * ORD_US, 200 * ORD_US, 500 * ORD_US,
					  ORD_MS,	2 * ORD_MS,   5 * ORD_MS,
					  10 * ORD_MS,	100 * ORD_MS, ORD_S};
	json_t *buckets = json_array();
	uint64_t n = 0;
	unsigned class = 0;

	for (size_t i = 0; i < ORD_COUNT(bounds); i++) {
		for (; class < LATE_CLASSES && bound_of(class) <= bounds[i]; class ++)
			n += l->classes[class];
		(void)json_array_append_new(
			buckets,
			json_pack("{s:I,s:I}", "le", (json_int_t)bounds[i], "n", (json_int_t)n));
	}
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "n", (json_int_t)l->n, "sum",
			 (json_int_t)l->sum_ns, "p50", (json_int_t)late_quantile(l, 500000), "p99",
			 (json_int_t)late_quantile(l, 990000), "max", (json_int_t)l->max_ns,
			 "buckets", buckets);
}
