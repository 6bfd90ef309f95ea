/* Stretches of runs of one plan, and where a figure changes within one. Pure. */
#ifndef ORDEAL_HISTORY_STRETCH_H
#define ORDEAL_HISTORY_STRETCH_H

#include <jansson.h>

#include "base/units.h"
#include "ordeal/err.h"

/* From so many runs on a change is looked for: with fewer no part has enough on both sides for
 * the test's p of 0.001. */
#define STRETCH_LEAST  10
#define STRETCH_FIGURE 40

/* points: of a trend. *ret: its `plans`, owned. */
int stretch_all(const json_t *points, json_t **ret, struct ord_err *err);

/* "1.20 s", "> 30.0 s" where it was not reached, "-" where there is none. Return out. */
char *stretch_median(const json_t *figure, char out[static STRETCH_FIGURE]);
char *stretch_worst(const json_t *figure, char out[static STRETCH_FIGURE]);
/* "2026-11-21 10:15" in UTC of ns since 1970. */
char *stretch_when(int64_t ns, char out[static 32]);

#endif
