/*
 * The instant of the injection. Servers scrape and evaluate on grids of absolute time: repetitions
 * that begin when a steady state happens to hold would meet the same phase again and again. So each
 * repetition has a phase of the longest period, from a stratum of its own, and waits for it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "scheduler/run/machine.h"

#define PERIOD_MAX (300 * ORD_S)

/* The stratum (from 0) of a repetition (from 1). Shuffled, so that a trend over the repetitions and
 * one over the phases are not the same thing. */
static uint32_t stratum(const struct run *r, uint32_t rep)
{
	uint32_t order[ORD_REPETITIONS_MAX];
	struct ord_rng rng;

	ord_rng_init(&rng, ord_rng_derive(r->plan->seed, "injection-strata"));
	ord_rng_permutation(&rng, order, r->spec->repetitions);
	return order[rep - 1];
}

static uint64_t longest_period(const struct run *r)
{
	uint64_t period = run_watch_longest_period(r), grid = run_monitor_period(r);

	period = grid > period ? grid : period;
	return period < PERIOD_MAX ? period : PERIOD_MAX;
}

uint64_t run_phase_draw(struct run *r, uint64_t now, uint64_t least, json_t **ret_line)
{
	const uint64_t period = longest_period(r);
	uint32_t n = r->placebo ? 1 : r->spec->repetitions;
	uint32_t k = r->placebo ? 0 : stratum(r, r->rep);
	uint64_t width = period / n, phase, now_phase, wait;
	struct ord_rng rng;
	char label[40];

	if (!r->spec->random_phase || !period)
		return 0;
	(void)snprintf(label, sizeof label, "injection-phase %" PRIu32, r->rep);
	ord_rng_init(&rng, ord_rng_derive(r->plan->seed, label));
	phase = period / n * k + (width ? ord_rng_below(&rng, width) : 0);
	now_phase = (uint64_t)run_timeline_t(r->tl, now) % period;
	wait = (phase + period - now_phase) % period;
	if (wait < least)
		wait += (least - wait + period - 1) / period * period;
	*ret_line =
		json_pack("{s:I, s:I, s:I, s:I, s:[I, I]}", "rep", (json_int_t)r->rep, "wait_ns",
			  (json_int_t)wait, "over_ns", (json_int_t)period, "phase_ns",
			  (json_int_t)phase, "stratum", (json_int_t)k + 1, (json_int_t)n);
	return wait;
}
