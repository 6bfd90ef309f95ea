/*
 * The ids of the traces that probes begin. W3C Trace Context wants them unique and random; a report
 * wants to be able to tell them again. So they are drawn by the run's seed and the run's own id: a
 * replay, which is another run, gets others.
 */
#include <stdio.h>
#include <sys/random.h>

#include "base/rng.h"
#include "scheduler/probe/probe.h"

void prb_trace_from(uint64_t ret[static 2], uint64_t seed, const char *run)
{
	char label[160];

	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(label, sizeof label, "trace %zu of run %.120s", i, run);
		ret[i] = ord_rng_derive(seed, label);
	}
}

bool prb_trace_ids(const struct prb_probe *p, uint64_t slot, uint64_t ret[static 2])
{
	const uint64_t *from = p->host->trace;
	struct ord_rng rng;

	if (!from[0] && !from[1])
		return getrandom(ret, 2 * sizeof *ret, GRND_NONBLOCK) == 2 * sizeof *ret;
	ord_rng_init(&rng, ord_rng_derive(from[0], p->spec->name) + slot);
	ret[0] = ord_rng_next(&rng);
	ord_rng_init(&rng, ord_rng_derive(from[1], p->spec->name) + slot);
	ret[1] = ord_rng_next(&rng);
	return true;
}
