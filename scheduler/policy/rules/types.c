/* The values of a rule file that experiments do not have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/policy/rules/read.h"
#include "scheduler/spec/schema.h"

#define TEXT  (1u << SCALAR_TEXT)
#define INT   (1u << SCALAR_INT)
#define FLOAT (1u << SCALAR_FLOAT)
#define BOOL  (1u << SCALAR_BOOL)

/* What no name has that a pattern is held against; brackets would be another language. */
#define NO_PATTERN " \t\r\n[]\\"

static void *place(const struct key *key, void *base)
{
	return (char *)base + key->offset;
}

static const char *want_pattern(struct reader *r, const struct key *key, const struct node *node)
{
	const char *text = want_scalar(r, key->name, "a pattern, as in 'shop-*'", node, TEXT);
	size_t good;

	if (!text)
		return NULL;
	good = strcspn(text, NO_PATTERN);
	if (!*text || text[good] || node->size > RULES_PATTERN_MAX) {
		sink_add_within(r->sink, node, text[good] ? good : 0,
				"%s: a pattern is 1 to %d characters without blanks; '*' stands "
				"for any of them and '?' for one, and there are no brackets",
				key->name, RULES_PATTERN_MAX);
		return NULL;
	}
	return text;
}

static bool is_fault(const char *pattern)
{
	for (size_t i = 0; i < ord_n_faults; i++)
		if (pattern_takes(pattern, ord_faults[i].name))
			return true;
	return false;
}

static void unknown_fault(struct reader *r, const struct key *key, const struct node *node)
{
	const char *names[128], *near;
	size_t n = ord_n_faults < ORD_COUNT(names) ? ord_n_faults : ORD_COUNT(names);

	for (size_t i = 0; i < n; i++)
		names[i] = ord_faults[i].name;
	near = ord_nearest(node->text, names, n);
	sink_add(r->sink, node,
		 "%s: no fault is called '%.60s'%s%s%s; 'ordeal list faults' has all", key->name,
		 node->text, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void pattern_add(struct reader *r, const struct key *key, const struct node *node,
			struct patterns *p)
{
	const char *text = want_pattern(r, key, node);

	if (!text)
		return;
	if (key->type == &type_fault_patterns && !is_fault(text))
		unknown_fault(r, key, node);
	else if (p->n == RULES_PATTERNS_MAX)
		sink_add(r->sink, node, "%s: more than %d patterns", key->name, RULES_PATTERNS_MAX);
	else
		p->v[p->n++] = keep_text(r, text);
}

/* One, or a list of them. */
static void patterns_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	struct patterns *p = place(key, base);

	if (node->kind != NODE_LIST) {
		pattern_add(r, key, node, p);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "%s: an empty list; leave it out, or name something",
			 key->name);
	for (size_t i = 0; i < node->n; i++)
		pattern_add(r, key, node->items[i], p);
}

static void class_add(struct reader *r, const struct key *key, const struct node *node,
		      unsigned *bits)
{
	const char *text = want_scalar(r, key->name, "the kind of a target", node, TEXT);
	size_t i;

	if (!text)
		return;
	if (choice_find(CLASS_NAMES, text, &i))
		*bits |= 1u << i;
	else
		unknown_choice(r, node, "kind of target", text, CLASS_NAMES);
}

static void classes_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	unsigned *bits = place(key, base);

	if (node->kind != NODE_LIST) {
		class_add(r, key, node, bits);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "%s: an empty list; leave it out, or name something",
			 key->name);
	for (size_t i = 0; i < node->n; i++)
		class_add(r, key, node->items[i], bits);
}

static void environments_read(struct reader *r, const struct key *key, const struct node *node,
			      void *base)
{
	struct rules *rules = base;

	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct key name = {.name = key->name, .type = &type_name};
		const struct key body = {.name = node->keys[i]->text,
					 .type = &type_map,
					 .table = &table_environment};
		struct environment *e = &rules->environments[rules->n_environments];

		if (rules->n_environments == RULES_ENVIRONMENTS_MAX) {
			sink_add(r->sink, node->keys[i], "more than %d environments",
				 RULES_ENVIRONMENTS_MAX);
			return;
		}
		rules->n_environments++;
		type_name.read(r, &name, node->keys[i], e->name);
		body.type->read(r, &body, node->items[i], e);
	}
}

static void label_rules_read(struct reader *r, const struct key *key, const struct node *node,
			     void *base)
{
	struct rule *rule = base;

	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "labels: none is named; write 'labels: {team: \"*\"}'");
	for (size_t i = 0; i < node->n; i++) {
		const struct key label = {.name = node->keys[i]->text};
		const char *text = want_pattern(r, &label, node->items[i]);

		if (!text)
			continue;
		if (rule->n_labels == RULES_LABELS_MAX)
			sink_add(r->sink, node->keys[i], "more than %d labels", RULES_LABELS_MAX);
		else
			rule->labels[rule->n_labels++] = (struct label_rule){
				keep_text(r, node->keys[i]->text), keep_text(r, text)};
	}
}

/* "net.loss.percent": the longest fault's name before a point. */
static bool find_param(const char *text, struct bound *ret)
{
	const char *dot = strrchr(text, '.');
	char name[64];

	if (!dot || (size_t)(dot - text) >= sizeof name)
		return false;
	(void)snprintf(name, sizeof name, "%.*s", (int)(dot - text), text);
	ret->fault = ord_fault_find(name);
	for (size_t i = 0; ret->fault && i < ret->fault->n_params; i++)
		if (!strcmp(ret->fault->params[i].name, dot + 1)) {
			ret->param = &ret->fault->params[i];
			return true;
		}
	return false;
}

static bool has_amount(enum ord_param_type type)
{
	return type == ORD_PARAM_DURATION || type == ORD_PARAM_PERCENT || type == ORD_PARAM_SIZE ||
	       type == ORD_PARAM_RATE || type == ORD_PARAM_COUNT;
}

/* As the fault itself would read it. */
static int parse_value(const struct bound *b, const char *text, int64_t *ret, struct ord_err *err)
{
	ord_autofree struct ord_args *args = NULL;

	if (!has_amount(b->param->type))
		return ord_fail(err, ORD_USAGE,
				"it has no more and less; durations, percentages, sizes, rates "
				"and counts have");
	args = calloc(1, sizeof *args);
	if (!args)
		return ord_fail_nomem(err);
	ord_args_init(args, b->fault);
	if (ord_args_set(args, b->param->name, text, err))
		return -1;
	*ret = ord_arg_int(args, b->param->name);
	return 0;
}

static void bound_read(struct reader *r, const struct key *key, const struct node *name,
		       const struct node *node, struct bounds *bounds)
{
	const char *text;
	struct bound b = {0};
	struct ord_err err;

	if (!find_param(name->text, &b)) {
		sink_add(r->sink, name,
			 "%s: '%.60s' is no parameter of a fault; write FAULT.PARAMETER, as in "
			 "'cpu.burn.load' ('ordeal list faults' has all)",
			 key->name, name->text);
		return;
	}
	text = want_scalar(r, name->text, "an amount, as the fault takes it", node,
			   TEXT | INT | FLOAT);
	if (!text)
		return;
	if (parse_value(&b, text, &b.value, &err))
		sink_add(r->sink, node, "%s: %s", name->text, err.msg);
	else if (bounds->n == RULES_BOUNDS_MAX)
		sink_add(r->sink, name, "%s: more than %d parameters", key->name, RULES_BOUNDS_MAX);
	else
		bounds->v[bounds->n++] = b;
}

static void bounds_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	if (node->kind != NODE_MAP) {
		want_map(r, key->name, node);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "%s: no parameter is named; write '%s'", key->name,
			 key->example);
	for (size_t i = 0; i < node->n; i++)
		bound_read(r, key, node->keys[i], node->items[i], place(key, base));
}

static void share_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT | INT | FLOAT);
	struct ord_err err;
	int64_t ppm;

	if (!text)
		return;
	if (ord_parse_percent(text, &ppm, &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
	else if (ppm < 1 || ppm > ORD_PPM)
		sink_add(r->sink, node, "%s: '%s' is not within 0.0001%% to 100%%", key->name,
			 text);
	else
		*(uint32_t *)place(key, base) = (uint32_t)ppm;
}

static json_t *one_or_list(json_t *one, json_int_t most)
{
	return json_pack("{s:[O, {s:s, s:i, s:I, s:o}]}", "anyOf", one, "type", "array", "minItems",
			 1, "maxItems", most, "items", one);
}

static json_t *schema_pattern(void)
{
	return schema_text(RULES_PATTERN_MAX, "^[^\\s\\[\\]\\\\]+$");
}

static json_t *schema_patterns(const struct key *key)
{
	(void)key;
	return one_or_list(schema_pattern(), RULES_PATTERNS_MAX);
}

static json_t *schema_classes(const struct key *key)
{
	(void)key;
	return one_or_list(schema_choices(CLASS_NAMES), 64);
}

static json_t *schema_environments(const struct key *key)
{
	return json_pack("{s:s, s:i, s:{s:o}, s:o}", "type", "object", "maxProperties",
			 RULES_ENVIRONMENTS_MAX, "propertyNames", "allOf",
			 json_pack("[o]", schema_type_name(key)), "additionalProperties",
			 schema_table(&table_environment));
}

static json_t *schema_label_rules(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:i, s:o}", "type", "object", "minProperties", 1,
			 "maxProperties", RULES_LABELS_MAX, "additionalProperties",
			 schema_pattern());
}

static json_t *schema_bounds(const struct key *key)
{
	json_t *known = json_object();
	char name[128];

	(void)key;
	for (size_t i = 0; known && i < ord_n_faults; i++)
		for (size_t k = 0; k < ord_faults[i].n_params; k++) {
			const struct ord_param *p = &ord_faults[i].params[k];

			(void)snprintf(name, sizeof name, "%s.%s", ord_faults[i].name, p->name);
			if (has_amount(p->type))
				(void)json_object_set_new(known, name,
							  json_pack("{s:[s, s], s:s}", "type",
								    "string", "number",
								    "description", p->help));
		}
	return json_pack("{s:s, s:i, s:i, s:b, s:o}", "type", "object", "minProperties", 1,
			 "maxProperties", RULES_BOUNDS_MAX, "additionalProperties", 0, "properties",
			 known);
}

static json_t *schema_share(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "number",
			 "exclusiveMinimum", 0, "maximum", 100, "type", "string", "pattern",
			 SCHEMA_PERCENT);
}

const struct type type_patterns = {"a pattern, or a list of them", patterns_read, schema_patterns};
const struct type type_fault_patterns = {"a fault's name or a pattern of names, or a list of them",
					 patterns_read, schema_patterns};
const struct type type_classes = {
	"host, process, netns, pod, node, workload, service or object, or a list of them",
	classes_read, schema_classes};
const struct type type_environments = {"a map of names to environments", environments_read,
				       schema_environments};
const struct type type_label_rules = {"a map of labels to patterns", label_rules_read,
				      schema_label_rules};
const struct type type_bounds = {"a map of FAULT.PARAMETER to amounts", bounds_read, schema_bounds};
const struct type type_most_share = {"a percentage", share_read, schema_share};
