/* How long a run may take. */
#include "base/clock.h"
#include "ordeal/plan.h"

/* The instant of an injection is drawn over the longest period that watches it, and no more than
 * this. */
#define PHASE_MOST_NS (5 * 60 * ORD_S)
/* An API server that has much to do takes so long over a fault beyond its time. */
#define SLACK_NS (5 * ORD_S)

uint64_t ord_plan_patience_ns(const struct ord_spec *spec)
{
	uint64_t window = 0, timeout = 0;

	for (size_t i = 0; i < spec->n_steady; i++)
		if (spec->steady[i].window_ns > window)
			window = spec->steady[i].window_ns;
	for (size_t i = 0; i < spec->n_probes; i++)
		if (spec->probes[i].timeout_ns > timeout)
			timeout = spec->probes[i].timeout_ns;
	return 2 * window + timeout + 5 * ORD_S;
}

static bool asks_servers(const struct ord_spec *spec)
{
	return spec->detection.prometheus.url || spec->detection.alertmanager.url;
}

/* The wait for the drawn instant. Servers tell their own periods when they are asked. */
static uint64_t phase_ns(const struct ord_spec *spec)
{
	uint64_t longest = 0;

	if (!spec->random_phase)
		return 0;
	for (size_t i = 0; i < spec->n_probes; i++)
		if (spec->probes[i].every_ns > longest)
			longest = spec->probes[i].every_ns;
	return asks_servers(spec) || longest > PHASE_MOST_NS ? PHASE_MOST_NS : longest;
}

uint64_t ord_plan_repetition_ns(const struct ord_spec *spec)
{
	uint64_t faults = 0;

	for (size_t i = 0; i < spec->n_faults; i++) {
		uint64_t end = spec->faults[i].at_ns + spec->faults[i].for_ns;

		faults = end > faults ? end : faults;
	}
	return 2 * ord_plan_patience_ns(spec) + phase_ns(spec) + faults + SLACK_NS +
	       spec->recovery_ns;
}

uint64_t ord_plan_longest_ns(const struct ord_spec *spec)
{
	uint64_t n = (uint64_t)spec->repetitions + spec->placebo;

	return n ? n * (ord_plan_repetition_ns(spec) + spec->cooldown_ns) - spec->cooldown_ns : 0;
}
