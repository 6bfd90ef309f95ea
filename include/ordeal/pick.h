/* `kind: Schedule`: at each of its times one of several experiments is run, drawn beforehand. */
#ifndef ORDEAL_PICK_H
#define ORDEAL_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/spec.h"

#define ORD_PICK_MAX 256

/* An experiment, as it is called in the text: by its name, or by its file in the same folder. */
struct ord_pick_item {
	char *text; /* owned */
	struct ord_spec_place at;
};

struct ord_pick {
	char name[ORD_NAME_MAX];
	struct ord_schedule schedule;
	struct ord_spec_place schedule_at, zone_at;
	struct ord_pick_item one_of[ORD_PICK_MAX];
	size_t n_one_of;
	uint64_t seed;
	bool has_seed;
};

/* Frees what it owns and zeroes it; fine on a zeroed struct. */
void ord_pick_done(struct ord_pick *pick);
/* As ord_spec_parse(), of a Schedule. Whether its experiments are there is not asked. */
int ord_pick_parse(const char *yaml, size_t size, const struct ord_override *set, size_t n_set,
		   struct ord_pick *ret, struct ord_mistakes *mistakes);
/* Whether a text says `kind: Schedule`, be it right or wrong beside that. */
bool ord_pick_named(const char *yaml, size_t size);
/* Whether an item is called by its file, else it is by its name. */
bool ord_pick_is_file(const char *text);

/* Which of them it is at a planned instant: decided by seed and name, the same after a restart. */
size_t ord_pick_chosen(const struct ord_pick *pick, int64_t planned_ns);

/* The JSON Schema (2020-12) of the kind; owned. */
struct json_t *ord_pick_schema(void);
/* Its tables in ordeal-spec(5), as man(7) source. */
void ord_pick_manual(FILE *out);

#endif
