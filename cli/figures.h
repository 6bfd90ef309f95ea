/* The figures that commands compare, from wherever they are kept. */
#ifndef ORDEAL_CLI_FIGURES_H
#define ORDEAL_CLI_FIGURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"
#include "ordeal/plan.h"

/* Of a run (as cli_run_find does), a report.json or a baseline file. Owned. */
int cli_figures_load(const char *what, json_t **ret, struct ord_err *err);
/* Of n of them, as one group; force: also of different plans. n >= 1. */
int cli_figures_pool(char *const *what, size_t n, bool force, json_t **ret, struct ord_err *err);

/*
 * What the plan's no_regression objectives are held against, a line of the timeline each
 * (docs/formats/timeline.md), owned; NULL where there is none of them. Runs are looked for in
 * `dir`, too (NULL: none). ORD_USAGE where a file is not there or is none; a tag that nobody has
 * yet, and a baseline of another plan, are told to `tell` and become part of the line.
 */
int cli_against_read(const struct ord_plan *plan, const char *dir, void (*tell)(const char *line),
		     json_t **ret, struct ord_err *err);

#endif
