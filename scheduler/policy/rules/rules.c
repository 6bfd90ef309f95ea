#include "scheduler/policy/rules/rules.h"

#include <stdlib.h>

#include "ordeal/policy.h"
#include "scheduler/policy/rules/read.h"
#include "scheduler/spec/document.h"
#include "scheduler/spec/manual.h"

static void patterns_done(struct patterns *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i]);
}

static void rule_done(struct rule *rule)
{
	patterns_done(&rule->where.environments);
	patterns_done(&rule->where.namespaces);
	patterns_done(&rule->where.faults);
	patterns_done(&rule->faults.allow);
	patterns_done(&rule->faults.deny);
	patterns_done(&rule->namespaces.allow);
	patterns_done(&rule->namespaces.deny);
	free(rule->deny);
	ord_zone_close(rule->zone);
	for (size_t i = 0; i < rule->n_labels; i++) {
		free(rule->labels[i].key);
		free(rule->labels[i].pattern);
	}
}

static void done(void *base)
{
	struct rules *rules = base;

	for (size_t i = 0; i < rules->n_environments; i++) {
		patterns_done(&rules->environments[i].clusters);
		patterns_done(&rules->environments[i].servers);
		patterns_done(&rules->environments[i].hosts);
	}
	for (size_t i = 0; i < RULES_MAX; i++)
		rule_done(&rules->rules[i]);
}

void rules_free(struct rules *rules)
{
	if (rules)
		done(rules);
	free(rules);
}

static void open_zones(struct reader *r, struct rules *rules)
{
	struct ord_err err;

	for (size_t i = 0; i < rules->n_rules; i++) {
		struct rule *rule = &rules->rules[i];

		if (rule->line_of[ASKS_HOURS] && ord_zone_open(rule->hours.zone, &rule->zone, &err))
			sink_place(r->sink, rule->line_of[ASKS_HOURS], 1, "hours: timezone: %s",
				   err.msg);
	}
}

static void read_rules(struct reader *r, const struct node *root, void *base)
{
	read_map(r, &table_rules, root, base);
	if (!r->sink->n_errors)
		open_zones(r, base);
}

static const struct document rule_file = {
	.table = &table_rules,
	.size = sizeof(struct rules),
	.read = read_rules,
	.done = done,
	.other_language = true,
	.schema = "rules",
	.title = "ordeal rule file",
};

int rules_parse(const char *yaml, size_t size, struct rules **ret, struct ord_mistakes *mistakes)
{
	void *read;

	if (document_parse(&rule_file, yaml, size, NULL, 0, &read, mistakes))
		return -1;
	*ret = read;
	return 0;
}

json_t *rules_schema(void)
{
	return document_schema(&rule_file);
}

void ord_policy_manual(FILE *out)
{
	for (size_t i = 0; i < n_rules_tables; i++)
		manual_table(out, rules_tables[i]);
}
