/* Parts of the plan's JSON; owned, NULL: out of memory. */
#ifndef ORDEAL_PLAN_PARTS_H
#define ORDEAL_PLAN_PARTS_H

#include "ordeal/spec.h"

struct json_t;

/* probes.c */
struct json_t *plan_probes(const struct ord_spec *spec);
/* The digest of the headers and the body that are sent; NULL as well where there is neither. */
struct json_t *plan_request_digest(const char *const *headers, size_t n, const char *body);

/* sentences.c */
struct json_t *plan_conditions(const struct ord_spec *spec, const struct ord_condition *v,
			       size_t n);
struct json_t *plan_objectives(const struct ord_spec *spec);

/* detection.c: adds `detection`, `full_recovery`, `slo`, `sequential` and `random_phase` where the
 * spec has them. -1: out of memory. */
int plan_detection(const struct ord_spec *spec, struct json_t *plan);

#endif
