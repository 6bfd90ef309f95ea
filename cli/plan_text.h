/* A plan as it is printed by `plan` and by `run --dry-run`: with its targets as they are now. */
#ifndef ORDEAL_CLI_PLAN_TEXT_H
#define ORDEAL_CLI_PLAN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "ordeal/plan.h"

/* json: the plan's canonical object with one more key, "resolved", and where it needs one
 * "cluster", and "policy" where one was asked. context: of --context, or NULL. policy: who is
 * asked; NULL: nobody. A refusal is shown, and no error. check: each fault is checked by its
 * injector, too, and what that says is shown ("checked"). */
struct ord_policy;
int cli_plan_print(const struct ord_plan *plan, const char *context, struct ord_policy *policy,
		   bool check, bool json, FILE *out, struct ord_err *err);

#endif
