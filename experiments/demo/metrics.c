#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include "util.h"

static const struct {
	uint64_t ns;
	const char *le;
} bounds[METRICS_BUCKETS] = {
	{MS / 4, "0.00025"}, {MS / 2, "0.0005"},   {MS, "0.001"},      {5 * MS / 2, "0.0025"},
	{5 * MS, "0.005"},   {10 * MS, "0.01"},	   {25 * MS, "0.025"}, {50 * MS, "0.05"},
	{100 * MS, "0.1"},   {250 * MS, "0.25"},   {500 * MS, "0.5"},  {S, "1"},
	{5 * S / 2, "2.5"},  {UINT64_MAX, "+Inf"},
};

void metrics_request(struct metrics *m, const char *route, int status)
{
	for (size_t i = 0; i < COUNT(m->requests); i++) {
		if (!m->requests[i].route) {
			m->requests[i].route = route;
			m->requests[i].status = status;
		}
		if (strcmp(m->requests[i].route, route) == 0 && m->requests[i].status == status) {
			m->requests[i].n++;
			return;
		}
	}
}

void metrics_latency(struct metrics *m, uint64_t ns)
{
	size_t i = 0;

	while (ns > bounds[i].ns)
		i++;
	m->buckets[i]++;
	m->n++;
	m->sum_ns += ns;
}

int metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

int metrics_value(struct buf *out, const char *name, const char *type, const char *help,
		  uint64_t value)
{
	return metrics_head(out, name, type, help) ||
			       buf_printf(out, "%s %" PRIu64 "\n", name, value)
		       ? -1
		       : 0;
}

int metrics_label(struct buf *out, const char *name, const char *label, const char *value,
		  uint64_t n)
{
	return buf_printf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, n);
}

static int write_requests(const struct metrics *m, struct buf *out)
{
	int rc = metrics_head(out, "orders_requests_total", "counter", "Requests answered.");

	for (size_t i = 0; i < COUNT(m->requests) && m->requests[i].route; i++)
		rc |= buf_printf(out,
				 "orders_requests_total{route=\"%s\",status=\"%d\"} %" PRIu64 "\n",
				 m->requests[i].route, m->requests[i].status, m->requests[i].n);
	return rc;
}

static int write_latency(const struct metrics *m, struct buf *out)
{
	static const char name[] = "orders_request_duration_seconds";
	int rc = metrics_head(out, name, "histogram", "Time to answer requests for /orders.");
	uint64_t n = 0;

	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		n += m->buckets[i];
		rc |= buf_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].le, n);
	}
	rc |= buf_printf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, m->sum_ns / S,
			 m->sum_ns % S);
	return rc | buf_printf(out, "%s_count %" PRIu64 "\n", name, m->n);
}

int metrics_write(const struct metrics *m, struct buf *out)
{
	return write_requests(m, out) | write_latency(m, out) |
	       metrics_value(out, "orders_abandoned_total", "counter",
			     "Requests whose client left before the answer.", m->abandoned);
}
