/* Numbers with decimals, read as doubles. */
#ifndef ORDEAL_BASE_REAL_H
#define ORDEAL_BASE_REAL_H

#include <stdbool.h>

/* A finite decimal number with a point, whatever the locale, and nothing else in the text. False:
 * it is none, and *ret stays. */
bool ord_parse_real(const char *text, double *ret);

#define ORD_REAL 32
/* A text of as few digits, from 15 on, as read back the same finite double, the way JSON writes a
 * real number: "2.4", "2.0", "1e-7"; with a point whatever the locale. Returns out. */
char *ord_format_real(double v, char out[static ORD_REAL]);

#endif
