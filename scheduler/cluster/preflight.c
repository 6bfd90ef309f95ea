/* Before anything is started: may we do all that the plan will do? */
#include <stdio.h>

#include "base/auto.h"
#include "ordeal/cluster.h"

struct telling {
	void (*tell)(void *arg, const char *line);
	void *arg;
};

static void missing(void *arg, const struct ord_rule *r)
{
	const struct telling *t = arg;
	char text[ORD_RULE_TEXT], line[ORD_RULE_TEXT + 96];

	if (!t->tell)
		return;
	(void)snprintf(line, sizeof line,
		       r->optional ? "the report will lack a part: not allowed: %s"
				   : "not allowed: %s",
		       ord_rule_text(r, text));
	t->tell(t->arg, line);
}

int ord_cluster_preflight(struct ord_cluster *c, const struct ord_plan *plan,
			  void (*tell)(void *arg, const char *line), void *arg, struct ord_err *err)
{
	struct telling t = {tell, arg};
	struct ord_rules rules = {0};
	int n;

	if (ord_cluster_rules(plan, &rules, err))
		return -1;
	n = ord_cluster_may(c, &rules, missing, &t, err);
	ord_rules_done(&rules);
	if (n <= 0)
		return n;
	return ord_fail(err, ORD_GUARD,
			"the cluster '%.100s' does not allow what this experiment does: %d "
			"permission%s missing; nothing was started. `ordeal rbac FILE` prints a "
			"role that has them",
			ord_cluster_context(c), n, n == 1 ? " is" : "s are");
}
