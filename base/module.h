/* Modules that are opened late (docs/adr/0005-libraries-and-modules.md), and where they lie. */
#ifndef ORDEAL_BASE_MODULE_H
#define ORDEAL_BASE_MODULE_H

#include <limits.h>

/*
 * Finds a module: in $ORDEAL_MODULES, in that folder of the build tree, in an installation that was
 * moved as a whole, or in `installed`. -1: in none of them.
 */
int ord_module_find(const char *file, const char *folder, const char *installed,
		    char out[static PATH_MAX]);

#endif
