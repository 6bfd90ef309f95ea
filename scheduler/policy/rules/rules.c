#include "scheduler/policy/rules/rules.h"

#include <stdlib.h>

#include "ordeal/policy.h"
#include "scheduler/policy/rules/read.h"
#include "scheduler/spec/manual.h"
#include "scheduler/spec/schema.h"

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

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->n_environments; i++) {
		patterns_done(&rules->environments[i].clusters);
		patterns_done(&rules->environments[i].servers);
		patterns_done(&rules->environments[i].hosts);
	}
	for (size_t i = 0; i < RULES_MAX; i++)
		rule_done(&rules->rules[i]);
	free(rules);
}

static void read_root(struct reader *r, const struct node *root, struct rules *rules)
{
	char shown[NODE_SHOWN];

	if (root->kind == NODE_MAP)
		read_map(r, &table_rules, root, rules);
	else
		sink_add(r->sink, root,
			 "a rule file is a map that starts with 'apiVersion: ordeal.dev/v1', not "
			 "%s",
			 node_show(root, shown));
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

int rules_parse(const char *yaml, size_t size, struct rules **ret, struct ord_mistakes *mistakes)
{
	struct sink sink = {0};
	struct tree tree = {0};
	struct reader r = {.tree = &tree, .sink = &sink, .other_language = true};
	struct rules *rules = calloc(1, sizeof *rules);
	bool good;

	tree.root = tree_read(&tree, yaml, size, NULL, &sink);
	if (tree.root && rules)
		read_root(&r, tree.root, rules);
	if (!rules || tree.no_memory || r.no_memory)
		sink_place(&sink, 0, 0, "out of memory");
	else if (!sink.n_errors)
		open_zones(&r, rules);
	good = tree.root && !sink.n_errors;
	if (good)
		*ret = rules;
	else
		rules_free(rules);
	tree_done(&tree);
	sink_hand_out(&sink, mistakes);
	return good ? 0 : -1;
}

json_t *rules_schema(void)
{
	json_t *s = schema_table(&table_rules);

	if (!s)
		return NULL;
	if (json_object_set_new(s, "$schema",
				json_string("https://json-schema.org/draft/2020-12/schema")) ||
	    json_object_set_new(s, "$id", json_string("https://ordeal.dev/schema/v1/rules.json")) ||
	    json_object_set_new(s, "title", json_string("ordeal rule file"))) {
		json_decref(s);
		return NULL;
	}
	return s;
}

void ord_policy_manual(FILE *out)
{
	for (size_t i = 0; i < n_rules_tables; i++)
		manual_table(out, rules_tables[i]);
}
