#include "base/halt.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

/* As injector/lease/halt.c makes them. */
#define ROOT_MARK "/run/ordeal/halted"

bool ord_halted(void)
{
	char dir[PATH_MAX], path[PATH_MAX + 8];
	struct stat st;

	if (stat(ROOT_MARK, &st) == 0)
		return true;
	if (ord_runtime_dir(dir, sizeof dir, NULL) < 0)
		return false;
	(void)snprintf(path, sizeof path, "%s/halted", dir);
	return stat(path, &st) == 0;
}
