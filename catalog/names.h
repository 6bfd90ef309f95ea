/* Signals by name, as people and the plan write them. */
#ifndef ORDEAL_CATALOG_NAMES_H
#define ORDEAL_CATALOG_NAMES_H

#include "ordeal/err.h"

/* "TERM", "SIGTERM", "15". */
int ord_signal_parse(const char *text, int *ret, struct ord_err *err);
/* "TERM"; a number where the signal has no name. Returns out. */
char *ord_signal_format(int signal, char out[static 16]);

#endif
