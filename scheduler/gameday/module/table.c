/* What the module offers to the loader. */
#include "scheduler/gameday/table.h"

#include "scheduler/gameday/module/verbs.h"

__attribute__((visibility("default"))) const struct gameday_calls ordeal_gameday_calls = {
	.size = sizeof ordeal_gameday_calls,
	.work = day_work,
};
