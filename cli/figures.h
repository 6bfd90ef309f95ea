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
 * `dir`, too (NULL: none). A file that is not there, or is none, and a tag that nobody has yet are
 * told on standard error with their place in the experiment's file; the tag alone is no mistake:
 * its line says so. Returns an exit code; ret may be NULL.
 */
int cli_against_read(const char *path, const struct ord_plan *plan, const char *dir, json_t **ret);

#endif
