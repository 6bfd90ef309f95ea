#include "injector/lease/halt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

#define MARK	  "halted"
#define ROOT_MARK "/run/ordeal/" MARK

/* stat, since the filter of a holder allows it: a SIGTERM is asked for its reason there. */
static bool marked(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

int inj_halt_refuses(const struct inj_dirs *dirs, struct ord_err *err)
{
	char own[sizeof dirs->base + sizeof MARK];

	(void)snprintf(own, sizeof own, "%s/" MARK, dirs->base);
	if (marked(own) || marked(ROOT_MARK))
		return ord_fail(err, ORD_GUARD,
				"this host is halted: `ordeal resume` allows faults again");
	return 0;
}
