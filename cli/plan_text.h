/* A plan as it is printed by `plan` and by `run --dry-run`: with its targets as they are now. */
#ifndef ORDEAL_CLI_PLAN_TEXT_H
#define ORDEAL_CLI_PLAN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "ordeal/plan.h"

/* json: the plan's canonical object with one more key, "resolved", and where it needs one
 * "cluster". context: of --context, or NULL. */
int cli_plan_print(const struct ord_plan *plan, const char *context, bool json, FILE *out,
		   struct ord_err *err);

#endif
