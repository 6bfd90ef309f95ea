/* Who would be hit, and why others would not: `ordeal targets` (docs/formats/targets.md). */
#ifndef ORDEAL_CLI_LOOKED_H
#define ORDEAL_CLI_LOOKED_H

#include <stdio.h>

#include "ordeal/cluster.h"

struct json_t;

/* One target. */
struct cli_looked {
	const char *name, *effect; /* of a fault; NULL: a target by itself */
	const struct ord_target *target;
	uint64_t seed;
	bool seed_drawn; /* a run would draw another */
	struct ord_place place;
	size_t n_targets;
	struct ord_err wrong; /* why nothing would be hit */
	bool failed;

	/* What cli_looked_told() was told. */
	struct json_t *chosen, *others; /* owned lists; others: at most n_shown */
	struct json_t *reasons;		/* owned: reason -> {"n":, "state":, "some": [names]} */
	size_t n_looked_at, n_matching, n_others, n_shown;
	bool no_memory;
};

int cli_looked_init(struct cli_looked *l, bool all, struct ord_err *err);
void cli_looked_done(struct cli_looked *l);
ord_cluster_told cli_looked_told;
void cli_looked_print(const struct cli_looked *l, FILE *out);
/* Owned; NULL: out of memory. */
struct json_t *cli_looked_json(const struct cli_looked *l);

#endif
