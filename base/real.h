/* Numbers with decimals, read as doubles. */
#ifndef ORDEAL_BASE_REAL_H
#define ORDEAL_BASE_REAL_H

#include <stdbool.h>

/* A finite decimal number with a point, whatever the locale, and nothing else in the text. False:
 * it is none, and *ret stays. */
bool ord_parse_real(const char *text, double *ret);

#endif
