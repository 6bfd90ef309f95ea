/* The language of rule files: every key. */
#include <string.h>

#include "base/auto.h"
#include "scheduler/policy/rules/read.h"
#include "scheduler/spec/document.h"
#include "scheduler/spec/schedule.h"

static const struct key metadata_keys[] = {
	KEY_NAME(rules, "office", "names the rules in timelines and reports"),
	KEY_ANNOTATIONS("texts for people and other tools"),
};

static const struct table table_metadata = {.name = "metadata",
					    .path = "metadata",
					    .help = "Whose rules these are.",
					    ITEMS(metadata_keys)};

static const struct key environment_keys[] = {
	{.name = "clusters",
	 .type = &type_patterns,
	 AT(environment, clusters),
	 .help = "names of clusters, or of contexts, as the kubeconfig of who runs it has them"},
	{.name = "servers",
	 .type = &type_patterns,
	 AT(environment, servers),
	 .help = "URLs of API servers, as in 'https://10.1.*': what no kubeconfig can rename"},
	{.name = "hosts",
	 .type = &type_patterns,
	 AT(environment, hosts),
	 .help = "names of machines, as 'uname -n' gives them"},
};

const struct table table_environment = {
	.name = "an environment",
	.path = "environments.NAME",
	.help = "Where faults are done: in one of these clusters, or on one of these machines. Any "
		"of the three is enough.",
	ITEMS(environment_keys)};

static const struct key where_keys[] = {
	{.name = "environments",
	 .type = &type_patterns,
	 AT(where, environments),
	 .help = "in one of these environments"},
	{.name = "namespaces",
	 .type = &type_patterns,
	 AT(where, namespaces),
	 .help = "on targets in namespaces of these names"},
	{.name = "faults", .type = &type_fault_patterns, AT(where, faults), .help = "these faults"},
	{.name = "targets",
	 .type = &type_classes,
	 AT(where, targets),
	 .help = "on these kinds of target; process: however the processes are named"},
};

static const struct table table_where = {
	.name = "where",
	.path = "rules[].where",
	.help = "What the rule speaks of: faults for which all that is given here holds.",
	ITEMS(where_keys)};

static void names_finish(struct reader *r, const struct node *map, void *base)
{
	(void)base;
	if (!map->n)
		sink_add(r->sink, map, "it needs 'allow', 'deny' or both");
}

static const struct key fault_names_keys[] = {
	{.name = "allow",
	 .type = &type_fault_patterns,
	 AT(names, allow),
	 .help = "these alone; none given: all"},
	{.name = "deny", .type = &type_fault_patterns, AT(names, deny), .help = "but not these"},
};

static const struct table table_fault_names = {.name = "faults",
					       .path = "rules[].faults",
					       .help = "Which faults may be injected.",
					       .finish = names_finish,
					       ITEMS(fault_names_keys)};

static const struct key namespace_names_keys[] = {
	{.name = "allow",
	 .type = &type_patterns,
	 AT(names, allow),
	 .help = "these alone; none given: all"},
	{.name = "deny", .type = &type_patterns, AT(names, deny), .help = "but not these"},
};

static const struct table table_namespace_names = {
	.name = "namespaces",
	.path = "rules[].namespaces",
	.help = "In which namespaces targets may be. A target that is in none (a node, this "
		"machine) is in none that is allowed.",
	.finish = names_finish,
	ITEMS(namespace_names_keys)};

static const struct key hours_keys[] = {
	KEY_ZONE("the IANA time zone of all times here"),
	KEY_WINDOWS("as those of a schedule; none given: always"),
	KEY_EXCEPT("when changes are frozen, as the 'except' of a schedule"),
};

static const struct table table_hours = {
	.name = "hours",
	.path = "rules[].hours",
	.help = "When it may run. The whole run must fit, at its longest: with a window to 17:00, "
		"one that may take 20 minutes is refused from 16:40 on.",
	ITEMS(hours_keys)};

static const struct key limits_keys[] = {
	{.name = "duration",
	 .type = &type_duration,
	 AT(limits, duration_ns),
	 .min = MS,
	 .max = DAY_NS,
	 .help = "of limits.duration of the experiment: in which a fault is in force"},
	{.name = "run",
	 .type = &type_duration,
	 AT(limits, run_ns),
	 .min = MS,
	 .max = 366 * DAY_NS,
	 .help = "of the whole run, at its longest"},
	{.name = "repetitions",
	 .type = &type_count,
	 AT(limits, repetitions),
	 .min = 1,
	 .max = ORD_REPETITIONS_MAX,
	 .help = "of the experiment, without its placebo"},
	{.name = "targets",
	 .type = &type_count,
	 AT(limits, targets),
	 .min = 1,
	 .max = ORD_CLUSTER_OBJECTS_MAX,
	 .help = "of limits.targets of the experiment, and of what is hit"},
	{.name = "percent",
	 .type = &type_most_share,
	 AT(limits, percent_ppm),
	 .help = "of a target that is given as a share, 'all' being 100%; a count is bounded by "
		 "'targets' alone"},
};

static void limits_finish(struct reader *r, const struct node *map, void *base)
{
	(void)base;
	if (!map->n)
		sink_add(r->sink, map, "limits: none is given; write 'limits: {duration: 5m}'");
}

static const struct table table_limits = {.name = "limits",
					  .path = "rules[].limits",
					  .help = "What must not be exceeded.",
					  .finish = limits_finish,
					  ITEMS(limits_keys)};

static const struct key rule_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 AT(rule, name),
	 .example = "name: office-hours",
	 .help = "names the rule where it refuses"},
	{.name = "where",
	 .type = &type_map,
	 .table = &table_where,
	 AT(rule, where),
	 .help = "what it speaks of; none given: of every fault"},
	{.name = "deny",
	 .type = &type_text,
	 AT(rule, deny),
	 .max = 300,
	 .help = "refuses what it speaks of; the text says why"},
	{.name = "faults",
	 .type = &type_map,
	 .table = &table_fault_names,
	 AT(rule, faults),
	 .help = "which faults may be injected"},
	{.name = "namespaces",
	 .type = &type_map,
	 .table = &table_namespace_names,
	 AT(rule, namespaces),
	 .help = "in which namespaces targets may be"},
	{.name = "hours",
	 .type = &type_map,
	 .table = &table_hours,
	 AT(rule, hours),
	 .help = "when it may run"},
	{.name = "labels",
	 .type = &type_label_rules,
	 .help = "labels that the experiment must have, and patterns of their values, as in "
		 "{team: '*'}; anyone can write one"},
	{.name = "limits",
	 .type = &type_map,
	 .table = &table_limits,
	 AT(rule, limits),
	 .help = "what must not be exceeded"},
	{.name = "atMost",
	 .type = &type_bounds,
	 AT(rule, at_most),
	 .example = "atMost: {cpu.burn.load: 50%}",
	 .help = "the most that a parameter of a fault may be, as in {cpu.burn.load: 50%}; the "
		 "experiment must give it, if it has no default"},
	{.name = "atLeast",
	 .type = &type_bounds,
	 AT(rule, at_least),
	 .example = "atLeast: {pod.delete.leave-ready: 2}",
	 .help = "the least, as in {pod.delete.leave-ready: 2}"},
};

/* In the order of enum asks. */
static const char *const asks[ASKS] = {"deny",	 "faults", "namespaces", "hours",
				       "labels", "limits", "atMost",	 "atLeast"};

static void rule_finish(struct reader *r, const struct node *map, void *base)
{
	struct rule *rule = base;
	size_t n = 0;

	rule->line = map->line;
	rule->column = map->column;
	for (size_t i = 0; i < map->n; i++)
		for (size_t k = 0; k < ASKS; k++)
			if (!strcmp(map->keys[i]->text, asks[k])) {
				rule->line_of[k] = map->keys[i]->line;
				n++;
			}
	if (rule->line_of[ASKS_DENY] && n > 1)
		sink_add(r->sink, map,
			 "a rule with 'deny' refuses all that it speaks of, and asks for nothing "
			 "else");
}

static const struct table table_rule = {
	.name = "rules[]",
	.path = "rules[]",
	.help = "What holds for the faults that it speaks of. All rules that speak of a fault must "
		"hold; what none speaks of is decided by the default.",
	.finish = rule_finish,
	ITEMS(rule_keys)};

static const struct key rule_item = {.name = "rules", .type = &type_map, .table = &table_rule};

static void unknown_environment(struct reader *r, const struct rules *rules,
				const struct node *node)
{
	const char *names[RULES_ENVIRONMENTS_MAX];

	for (size_t i = 0; i < rules->n_environments; i++) {
		names[i] = rules->environments[i].name;
		if (!strcmp(names[i], node->text))
			return;
	}
	unknown_word(r, node, 0, "environment", node->text, "", names, rules->n_environments);
}

/* Names in rules[].where.environments are those of `environments`, which may come after. */
static void check_environments(struct reader *r, const struct rules *rules, const struct node *rule)
{
	const struct node *where = rule->kind == NODE_MAP ? node_find(rule, "where") : NULL,
			  *named = where && where->kind == NODE_MAP
					   ? node_find(where, "environments")
					   : NULL;

	if (!named)
		return;
	if (named->kind == NODE_SCALAR)
		unknown_environment(r, rules, named);
	for (size_t i = 0; named->kind == NODE_LIST && i < named->n; i++)
		if (named->items[i]->kind == NODE_SCALAR)
			unknown_environment(r, rules, named->items[i]);
}

static void root_finish(struct reader *r, const struct node *map, void *base)
{
	const struct node *list = node_find(map, "rules");
	struct rules *rules = base;

	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, "default"))
			rules->default_line = map->keys[i]->line;
	for (size_t i = 0; list && list->kind == NODE_LIST && i < list->n; i++)
		check_environments(r, rules, list->items[i]);
	for (size_t i = 0; i < rules->n_rules; i++)
		for (size_t k = 0; k < i; k++)
			if (*rules->rules[i].name &&
			    !strcmp(rules->rules[i].name, rules->rules[k].name))
				sink_place(r->sink, rules->rules[i].line, rules->rules[i].column,
					   "the rule '%s' is there already, at line %u",
					   rules->rules[i].name, rules->rules[k].line);
}

static const struct key root_keys[] = {
	KEY_API_VERSION,
	KEY_KIND("Rules"),
	KEY_METADATA(&table_metadata, "office", "whose rules these are"),
	{.name = "default",
	 .type = &type_choice_flag,
	 .choices = "deny|allow",
	 .flags = KEY_REQUIRED,
	 AT(rules, allow),
	 .example = "default: deny",
	 .help = "what becomes of a fault that no rule speaks of"},
	{.name = "environments",
	 .type = &type_environments,
	 .help = "names for clusters and machines, by which rules speak of them"},
	{.name = "rules",
	 .type = &type_list,
	 AT(rules, rules),
	 .n_offset = offsetof(struct rules, n_rules),
	 .item = &rule_item,
	 .item_size = sizeof(struct rule),
	 .max = RULES_MAX,
	 .help = "what is allowed, and what is not"},
};

const struct table table_rules = {.name = "a rule file",
				  .path = "",
				  .help = "The whole file.",
				  .finish = root_finish,
				  ITEMS(root_keys)};

const struct table *const rules_tables[] = {
	&table_rules,  &table_metadata,	   &table_environment,	   &table_rule,
	&table_where,  &table_fault_names, &table_namespace_names, &table_hours,
	&table_window, &table_limits};
const size_t n_rules_tables = ORD_COUNT(rules_tables);
