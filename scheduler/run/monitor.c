/* Alerts while a run lasts: what is asked of Prometheus and Alertmanager, and when they stop it. */
#include "scheduler/run/machine.h"

uint64_t run_monitor_period(const struct run *r)
{
	(void)r;
	return 0;
}

void run_monitor_guard(struct run *r, size_t abort, uint64_t now)
{
	(void)r, (void)abort, (void)now;
}
