/* The types that only game days have, and what only the whole of one can tell. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/gameday.h"
#include "scheduler/spec/check.h"
#include "scheduler/spec/gameday.h"
#include "scheduler/spec/schema.h"

#define TEXT	  (1u << SCALAR_TEXT)
#define PATH_MOST 1024

const char *ord_gameday_check_name(enum ord_gameday_check check)
{
	static const char *const names[ORD_GAMEDAY_CHECKS] = {"steady-state", "alerts", "rollback",
							      "clock", "disk"};

	return names[check];
}

/* As JSON, which is YAML: quoted where it is a text, else as it is written. */
static void put_scalar(const struct node *node, FILE *out)
{
	ord_auto(json) json_t *text = NULL;

	if (!node->quoted && node->scalar != SCALAR_TEXT) {
		(void)fputs(node->text, out);
		return;
	}
	text = json_stringn(node->text, node->size);
	if (text)
		(void)json_dumpf(text, out, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void put_node(const struct node *node, FILE *out)
{
	bool map = node->kind == NODE_MAP;

	if (node->kind == NODE_SCALAR) {
		put_scalar(node, out);
		return;
	}
	(void)fputc(map ? '{' : '[', out);
	for (size_t i = 0; i < node->n; i++) {
		if (i)
			(void)fputs(", ", out);
		if (map) {
			put_scalar(node->keys[i], out);
			(void)fputs(": ", out);
		}
		put_node(node->items[i], out);
	}
	(void)fputc(map ? '}' : ']', out);
}

/* Its mistakes stand where they are in the game day. */
static void read_inline(struct reader *r, const struct node *node, struct ord_gameday_step *step)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	FILE *out = open_memstream(&step->text, &step->size);

	if (spec && out) {
		read_map(r, &table_root, node, spec);
		spec_check(r, node, spec);
		put_node(node, out);
	} else {
		r->no_memory = true;
	}
	if (out && fclose(out))
		r->no_memory = true;
	if (spec)
		ord_spec_done(spec);
	free(spec);
}

static void experiment_read(struct reader *r, const struct key *key, const struct node *node,
			    void *base)
{
	struct ord_gameday_step *step = base;
	const char *text;

	step->at = (struct ord_spec_place){node->line, node->column};
	if (node->kind == NODE_MAP) {
		read_inline(r, node, step);
		return;
	}
	text = want_scalar(r, key->name, key->type->what, node, TEXT);
	if (!text)
		return;
	if (!node->size || node->size > PATH_MOST)
		sink_add(r->sink, node, "experiment: a path has 1 to %d bytes; this has %zu",
			 PATH_MOST, node->size);
	else
		step->file = keep_text(r, text);
}

static json_t *experiment_schema(const struct key *key)
{
	(void)key;
	return json_pack("{s:[o, o]}", "anyOf", schema_text(PATH_MOST, NULL),
			 schema_table(&table_root));
}

static void checks_read(struct reader *r, const struct key *key, const struct node *node,
			void *base)
{
	uint32_t *checks = (uint32_t *)(void *)((char *)base + key->offset);
	char shown[NODE_SHOWN];
	const char *text;
	size_t which;

	if (node->kind != NODE_LIST) {
		sink_add(r->sink, node, "'checks' takes a list, not %s", node_show(node, shown));
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		text = want_scalar(r, key->name, "the names of checks", node->items[i], TEXT);
		if (text && choice_find(key->choices, text, &which))
			*checks |= 1u << which;
		else if (text)
			unknown_choice(r, node->items[i], "check", text, key->choices);
	}
}

static json_t *checks_schema(const struct key *key)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", schema_choices(key->choices));
}

const struct type type_experiment = {"a file, or an experiment", experiment_read,
				     experiment_schema};
const struct type type_checks = {"a list of checks", checks_read, checks_schema};

static const struct node *item(const struct node *map, const char *key, size_t i)
{
	const struct node *list = node_find(map, key);

	return list && list->kind == NODE_LIST && i < list->n ? list->items[i] : map;
}

static void check_twice(struct reader *r, const struct node *node, const char *what, const char *a,
			const char *b)
{
	if (a && b && *a && !strcmp(a, b))
		sink_add(r->sink, node, "two %s are called '%s'; each needs a name of its own",
			 what, a);
}

/* Who decides is always there; nobody else need be. */
static void check_roles(struct reader *r, const struct node *map, struct ord_gameday *day)
{
	static const char *const usual[][2] = {
		{ORD_GAMEDAY_OWNER, "decides: go, hold, abort; knows what is done"},
		{"responder", "keeps the system up, as on any other day"}};
	bool owned = false;

	for (size_t i = 0; !node_find(map, "roles") && i < ORD_COUNT(usual); i++) {
		(void)snprintf(day->roles[i].name, sizeof day->roles[i].name, "%s", usual[i][0]);
		day->roles[i].does = keep_text(r, usual[i][1]);
		day->n_roles = i + 1;
	}
	for (size_t i = 0; i < day->n_roles; i++) {
		if (!strcmp(day->roles[i].name, ORD_GAMEDAY_OWNER))
			owned = day->roles[i].knows = true;
		for (size_t j = 0; j < i; j++)
			check_twice(r, item(map, "roles", i), "roles", day->roles[i].name,
				    day->roles[j].name);
	}
	if (day->n_roles && !owned)
		sink_add(r->sink, node_find(map, "roles"),
			 "no role is called 'owner': who says go, hold and abort; write '- {name: "
			 "owner, does: decides}'");
}

void gameday_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_gameday *day = base;

	check_roles(r, map, day);
	for (size_t i = 0; i < day->n_steps; i++) {
		const struct node *step = item(map, "steps", i);

		if (step->kind == NODE_MAP && !node_find(step, "checks"))
			day->steps[i].checks = (1u << ORD_GAMEDAY_CHECKS) - 1;
		for (size_t j = 0; j < i; j++)
			check_twice(r, step, "steps", day->steps[i].name, day->steps[j].name);
	}
}
