/* A game day with its experiments, read and planned. */
#ifndef ORDEAL_GAMEDAY_DAY_H
#define ORDEAL_GAMEDAY_DAY_H

#include "ordeal/gameday.h"
#include "ordeal/plan.h"

struct day_experiment {
	struct ord_spec *spec; /* owned */
	struct ord_plan plan;  /* of it */
};

struct day {
	struct ord_gameday spec;
	struct day_experiment experiments[ORD_GAMEDAY_STEPS_MAX];
	char *text; /* owned: of the file */
	size_t size;
};

/*
 * Reads the file and the experiments beside it; every mistake goes to `say` as "ordeal:
 * FILE:LINE:COLUMN: ...". Returns 0, or an exit code. The caller frees in either case.
 */
int day_load(const char *path, FILE *say, struct day **ret);
/* The same from a session's folder, which has copies of all. */
int day_load_kept(const char *folder, FILE *say, struct day **ret);
/* Copies all of it there. */
int day_keep(const struct day *day, int folder, struct ord_err *err);
void day_free(struct day *day); /* NULL is fine */

/* Whether the role is told of hidden faults; NULL is the owner. */
bool day_knows(const struct day *day, const char *role);
/* -1 ORD_USAGE where the day has no such role. */
int day_role_check(const struct day *day, const char *role, struct ord_err *err);

/* The plan on a page, in Markdown; without hidden faults where the reader does not know them. */
void day_page(const struct day *day, bool knows, FILE *out);
/* What a step's faults are, a line each: "slow-store: net.delay on process orders, for 8s". */
void day_faults(const struct day *day, size_t step, const char *before, FILE *out);

#endif
