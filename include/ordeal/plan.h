/* A plan: a spec made complete. Same spec, seed and catalogue: byte-identical JSON, and so the same hash. */
#ifndef ORDEAL_PLAN_H
#define ORDEAL_PLAN_H

#include "ordeal/spec.h"

#define ORD_HASH_HEX 65

struct json_t;

struct ord_plan {
	const struct ord_spec *spec; /* borrowed */
	uint64_t seed;
	char hash[ORD_HASH_HEX]; /* SHA-256 of the canonical JSON without the hash itself */
	struct json_t *json;     /* owned; docs/formats/timeline.md, "plan" */
};

/* Pure. ORD_GUARD where a limit or a safety rule of the spec is broken. */
int ord_plan_build(const struct ord_spec *spec, uint64_t seed, struct ord_plan *ret, struct ord_err *err);
void ord_plan_done(struct ord_plan *plan);

#endif
