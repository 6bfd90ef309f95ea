/* What `ordeal gameday` does: a verb each. */
#ifndef ORDEAL_GAMEDAY_VERBS_H
#define ORDEAL_GAMEDAY_VERBS_H

#include "ordeal/gameday.h"

/* Exit codes, as those of `ordeal run`. */
enum {
	DAY_OK = 0,
	DAY_FAILED = 1,	  /* an objective of a step was missed */
	DAY_WRONG = 2,	  /* it could not be begun as it is written */
	DAY_ABORTED = 3,  /* a step or the day was aborted */
	DAY_UNSTEADY = 4, /* a step found no steady state */
	DAY_LEFT = 5,	  /* steps are left, or one is inconclusive */
	DAY_BROKEN = 6,
};

int day_work(const struct ord_gameday_order *order, int *ret_exit, struct ord_err *err);

#endif
