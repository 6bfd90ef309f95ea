/* `kind: GameDay`: its keys, and how it is read. */
#include "ordeal/gameday.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/spec/document.h"
#include "scheduler/spec/gameday.h"

#define HOUR (3600 * SEC)

static const struct key metadata_keys[] = {
	KEY_NAME(ord_gameday, "orders-without-a-store",
		 "names the game day in its session and its reports"),
	KEY_ANNOTATIONS("texts for people and other tools"),
};

static const struct table table_day_metadata = {
	.name = "metadata", .path = "metadata", .help = "Who this is.", ITEMS(metadata_keys)};

static const struct key role_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 AT(ord_gameday_role, name),
	 .example = "name: on-call",
	 .help = "the role; the one called 'owner' decides, and knows everything"},
	{.name = "does",
	 .type = &type_text,
	 .flags = KEY_REQUIRED,
	 AT(ord_gameday_role, does),
	 .max = 1024,
	 .example = "does: answers the pager",
	 .help = "what they do"},
	{.name = "knows",
	 .type = &type_bool,
	 AT(ord_gameday_role, knows),
	 .def = "false",
	 .help = "is told of hidden faults before they are revealed"},
};

static const struct table table_role = {.name = "roles[]",
					.path = "spec.roles[]",
					.help = "A part that somebody has: never a person's name.",
					ITEMS(role_keys)};

static const struct key expect_keys[] = {
	{.name = "impact",
	 .type = &type_text,
	 AT(ord_gameday_expect, impact),
	 .max = 1024,
	 .help = "what users are expected to feel"},
	{.name = "response",
	 .type = &type_text,
	 AT(ord_gameday_expect, response),
	 .max = 1024,
	 .help = "what people and machines are expected to do"},
	{.name = "detectWithin",
	 .type = &type_duration,
	 AT(ord_gameday_expect, detect_ns),
	 .min = 1000000,
	 .max = DAY_NS,
	 .help = "the longest time from the first impact to its first detection that is expected"},
	{.name = "recoverWithin",
	 .type = &type_duration,
	 AT(ord_gameday_expect, recover_ns),
	 .min = 1000000,
	 .max = DAY_NS,
	 .help = "the longest time from the first impact to the recovery that is expected"},
};

static const struct table table_expected = {
	.name = "expect",
	.path = "spec.steps[].expect",
	.help = "What is believed beforehand; it stands beside what came.",
	ITEMS(expect_keys)};

static const struct key step_keys[] = {
	{.name = "name",
	 .type = &type_text,
	 .flags = KEY_REQUIRED,
	 AT(ord_gameday_step, name),
	 .max = ORD_GAMEDAY_TITLE_MAX,
	 .example = "name: The first hour",
	 .help = "its title, which everybody reads: of a hidden step it should tell nothing"},
	{.name = "experiment",
	 .type = &type_experiment,
	 .flags = KEY_REQUIRED,
	 .example = "experiment: store-down.yaml",
	 .help = "a file, seen from the folder of this one, or an experiment as it would stand in "
		 "a file of its own"},
	{.name = "expect",
	 .type = &type_map,
	 .table = &table_expected,
	 AT(ord_gameday_step, expect),
	 .help = "what is expected to happen"},
	{.name = "checks",
	 .type = &type_checks,
	 AT(ord_gameday_step, checks),
	 .choices = GAMEDAY_CHECKS,
	 .help = "what is looked at before somebody says go; all of them where it is not given"},
	{.name = "timeBox",
	 .type = &type_duration,
	 AT(ord_gameday_step, time_box_ns),
	 .def = "15m",
	 .min = SEC,
	 .max = DAY_NS,
	 .help = "the longest time from go to its end; then it is aborted and taken back"},
	{.name = "hidden",
	 .type = &type_bool,
	 AT(ord_gameday_step, hidden),
	 .def = "false",
	 .help = "roles that do not know are told its title alone until it is revealed"},
	{.name = "rollback",
	 .type = &type_text,
	 AT(ord_gameday_step, rollback),
	 .max = 2048,
	 .help = "how it is taken back by hand, should ordeal not do it"},
};

static const struct table table_step = {
	.name = "steps[]", .path = "spec.steps[]", .help = "One experiment.", ITEMS(step_keys)};

static const struct key role_item = {.name = "roles", .type = &type_map, .table = &table_role};
static const struct key step_item = {.name = "steps", .type = &type_map, .table = &table_step};

static const struct key day_keys[] = {
	{.name = "briefing",
	 .type = &type_text,
	 AT(ord_gameday, briefing),
	 .min = 1,
	 .max = ORD_GAMEDAY_TEXT_MAX,
	 .help = "what everybody is told before it begins: why, which system, who may stop it"},
	{.name = "roles",
	 .type = &type_list,
	 AT(ord_gameday, roles),
	 .item = &role_item,
	 .item_size = sizeof(struct ord_gameday_role),
	 .n_offset = offsetof(struct ord_gameday, n_roles),
	 .min = 1,
	 .max = ORD_GAMEDAY_ROLES_MAX,
	 .help = "who takes part; 'owner' and 'responder' where it is not given"},
	{.name = "steps",
	 .type = &type_list,
	 .flags = KEY_REQUIRED,
	 AT(ord_gameday, steps),
	 .item = &step_item,
	 .item_size = sizeof(struct ord_gameday_step),
	 .n_offset = offsetof(struct ord_gameday, n_steps),
	 .min = 1,
	 .max = ORD_GAMEDAY_STEPS_MAX,
	 .example = "steps: [{name: The store, experiment: store-down.yaml}]",
	 .help = "the experiments, in order"},
	{.name = "coolDown",
	 .type = &type_duration,
	 AT(ord_gameday, cooldown_ns),
	 .def = "10s",
	 .max = HOUR,
	 .help = "how long a step's steady state must hold after it, before the next"},
};

/* A key of an experiment: it belongs in the file of one. */
static bool other_key(struct reader *r, const struct node *map, size_t i, void *base)
{
	static const char words[] = "probes|steadyState|faults|abort|objectives|detection|limits|"
				    "repetitions|schedule|hypothesis|slo|fullRecovery";

	(void)base;
	if (!choice_find(words, map->keys[i]->text, NULL))
		return false;
	sink_add(r->sink, map->keys[i],
		 "'%s' belongs in an experiment, which a step of the game day names",
		 map->keys[i]->text);
	return true;
}

static const struct table table_day = {.name = "spec",
				       .path = "spec",
				       .help = "The game day.",
				       .other = other_key,
				       .finish = gameday_finish,
				       ITEMS(day_keys)};

static const struct key root_keys[] = {
	KEY_API_VERSION,
	KEY_KIND("GameDay"),
	KEY_METADATA(&table_day_metadata, "orders-without-a-store", "who this is"),
	KEY_SPEC(&table_day, "the game day"),
};

const struct table table_gameday = {
	.name = "a game day", .path = "", .help = "The whole file.", ITEMS(root_keys)};

const struct table *const gameday_tables[] = {&table_gameday, &table_day_metadata, &table_day,
					      &table_role,    &table_step,	   &table_expected};
const size_t n_gameday_tables = ORD_COUNT(gameday_tables);

void ord_gameday_done(struct ord_gameday *day)
{
	free(day->briefing);
	for (size_t i = 0; i < ORD_GAMEDAY_ROLES_MAX; i++)
		free(day->roles[i].does);
	for (size_t i = 0; i < ORD_GAMEDAY_STEPS_MAX; i++) {
		struct ord_gameday_step *s = &day->steps[i];

		free(s->name);
		free(s->file);
		free(s->text);
		free(s->expect.impact);
		free(s->expect.response);
		free(s->rollback);
	}
	*day = (struct ord_gameday){0};
}

static void done(void *base)
{
	ord_gameday_done(base);
}

static const struct document gameday = {
	.table = &table_gameday,
	.size = sizeof(struct ord_gameday),
	.done = done,
	.schema = "gameday",
	.title = "ordeal game day",
};

int ord_gameday_parse(const char *yaml, size_t size, struct ord_gameday *ret,
		      struct ord_mistakes *mistakes)
{
	ord_autofree struct ord_gameday *day = NULL;
	void *read;

	if (document_parse(&gameday, yaml, size, NULL, 0, &read, mistakes))
		return -1;
	day = read;
	*ret = *day;
	return 0;
}

bool ord_gameday_named(const char *yaml, size_t size)
{
	return document_is(yaml, size, "GameDay");
}

struct json_t *ord_gameday_schema(void)
{
	return document_schema(&gameday);
}
