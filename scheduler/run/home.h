/* The folder of one run. */
#ifndef ORDEAL_RUN_HOME_H
#define ORDEAL_RUN_HOME_H

#include <stdint.h>
#include <sys/types.h>

#include "ordeal/err.h"
#include "ordeal/run.h"

#define RUN_NAME_MAX 112

struct run_home {
	char name[RUN_NAME_MAX]; /* the run's id */
	char path[ORD_PATH_MAX];
	char lease[16]; /* with what the names of its leases begin */
	int fd;
};

/* Makes home/DATE-NAME-ID with that mode, and points home/latest to it. */
int run_home_make(const char *home, const char *name, mode_t mode, uint64_t wall_ns,
		  struct run_home *ret, struct ord_err *err);

#endif
