#include "base/module.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"

static bool there(char out[PATH_MAX], const char *dir, const char *below, const char *file)
{
	int n = snprintf(out, PATH_MAX, "%s/%s%s%s", dir, below, *below ? "/" : "", file);

	return n > 0 && n < PATH_MAX && access(out, R_OK) == 0;
}

/* Beside the executable, which is in cli/ or tests/unit/ of the build tree, or in bin/. */
static bool beside(char out[PATH_MAX], const char *folder, const char *file)
{
	char self[PATH_MAX - 64], below[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return false;
	self[n] = '\0';
	(void)dirname(self);
	(void)snprintf(below, sizeof below, "../../%s", folder);
	return there(out, self, below + 3, file) || there(out, self, below, file) ||
	       there(out, self, "../lib/ordeal", file);
}

int ord_module_find(const char *file, const char *folder, const char *installed,
		    char out[static PATH_MAX])
{
	const char *env = secure_getenv("ORDEAL_MODULES");

	if ((env && *env == '/' && there(out, env, "", file)) || beside(out, folder, file) ||
	    there(out, installed, "", file))
		return 0;
	return -1;
}
