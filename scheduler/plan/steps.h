/* The order in which faults are injected and taken away. */
#ifndef ORDEAL_PLAN_STEPS_H
#define ORDEAL_PLAN_STEPS_H

#include "ordeal/spec.h"

#define PLAN_STEPS_MAX (2 * ORD_FAULTS_MAX)

struct plan_step {
	uint64_t at_ns; /* from the start of the repetition's faults */
	bool inject;
	size_t fault;
};

/* In order; at one instant reverts come first, so that a fault may follow another in one place.
 * Returns how many. */
size_t plan_steps(const struct ord_spec *spec, struct plan_step ret[static PLAN_STEPS_MAX]);

#endif
