/* Modules that are opened late (docs/adr/0005-libraries-and-modules.md), and where they lie. */
#ifndef ORDEAL_BASE_MODULE_H
#define ORDEAL_BASE_MODULE_H

#include <stddef.h>

#include "ordeal/err.h"

struct ord_module {
	const char *file;   /* "ordeal-http.so" */
	const char *folder; /* where the build tree has it */
	const char *symbol; /* the one that it offers */
	const char *what;   /* cannot be had without it: "http probes", "asking Prometheus" */
	size_t size; /* what the symbol's first member, a size_t, has to be; 0: it has none */
	void *found; /* the symbol, once it was opened; the next asks for no file */
};

/*
 * Opens a module for good, once, and finds its symbol: in $ORDEAL_MODULES, in its folder of the
 * build tree, in an installation that was moved as a whole, or in the one that was configured.
 * ORD_SKIP where it is in none of them or cannot be loaded, ORD_SYS where it is another version's.
 */
int ord_module_open(struct ord_module *m, void **ret_symbol, struct ord_err *err);

#endif
