/* What a person is told of the cluster before anything is done there. */
#include <stdio.h>

#include "base/auto.h"
#include "ordeal/cluster.h"

struct asking {
	struct ord_plan_cluster *into;
	struct ord_err *err;
	bool failed;
};

static void not_allowed(void *arg, const struct ord_rule *r)
{
	struct asking *a = arg;
	char text[ORD_RULE_TEXT];

	if (ord_texts_add(r->optional ? &a->into->lacking : &a->into->missing,
			  ord_rule_text(r, text), a->err))
		a->failed = true;
}

static int ask_rights(struct ord_cluster *c, const struct ord_plan *plan,
		      struct ord_plan_cluster *p, struct ord_err *err)
{
	struct ord_rules rules = {0};
	struct asking a = {.into = p, .err = err};

	if (ord_cluster_rules(plan, &rules, err))
		return -1;
	p->n_rules = rules.n;
	p->asked = ord_cluster_may(c, &rules, not_allowed, &a, &p->why) >= 0;
	ord_rules_done(&rules);
	return a.failed ? -1 : 0;
}

int ord_cluster_ask(struct ord_cluster *c, const struct ord_plan *plan,
		    struct ord_plan_cluster *ret, struct ord_err *err)
{
	const char *text;

	(void)snprintf(ret->context, sizeof ret->context, "%s", ord_cluster_context(c));
	(void)snprintf(ret->name, sizeof ret->name, "%s", ord_cluster_name(c));
	(void)snprintf(ret->server, sizeof ret->server, "%s", ord_cluster_server(c));
	for (size_t i = 0; *(text = ord_cluster_warning(c, i)); i++)
		if (ord_texts_add(&ret->warnings, text, err))
			return -1;
	if (ord_cluster_version(c, ret->version, &ret->why))
		return 0;
	return ask_rights(c, plan, ret, err);
}
