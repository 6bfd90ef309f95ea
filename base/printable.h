/* What strangers wrote. */
#ifndef ORDEAL_BASE_PRINTABLE_H
#define ORDEAL_BASE_PRINTABLE_H

#include <stddef.h>

/* Fit for a terminal and a report: in UTF-8, without controls, cut to size bytes with the NUL.
 * Returns out. */
char *ord_printable(const char *text, size_t size, char *out);

#endif
