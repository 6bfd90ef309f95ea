/* `kind: Schedule`: its keys, and how it is read. */
#include "ordeal/pick.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rng.h"
#include "scheduler/spec/document.h"
#include "scheduler/spec/pick.h"
#include "scheduler/spec/schedule.h"
#include "scheduler/spec/schema.h"

#define TEXT	 (1u << SCALAR_TEXT)
#define LETTERS	 "abcdefghijklmnopqrstuvwxyz0123456789-"
#define FILE_MAX 255

bool ord_pick_is_file(const char *text)
{
	const char *dot = strrchr(text, '.');

	return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static void item_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_pick_item *item = base;
	bool good;

	if (!text)
		return;
	if (ord_pick_is_file(text))
		good = node->size <= FILE_MAX && !strchr(text, '/');
	else
		good = *text && node->size < ORD_NAME_MAX && !text[strspn(text, LETTERS)];
	if (!good) {
		sink_add(r->sink, node,
			 "oneOf: '%.64s' is neither the name of an experiment nor a file in the "
			 "same folder, as in 'slow-store' or 'slow-store.yaml'",
			 text);
		return;
	}
	item->text = keep_text(r, text);
	item->at = place_within(node, 0);
}

static struct json_t *schema_item(const struct key *key)
{
	(void)key;
	return schema_text(FILE_MAX, "^([a-z0-9-]{1,63}|[^/]*\\.ya?ml)$");
}

static const struct type type_item = {"the name of an experiment, or its file", item_read,
				      schema_item};

static const struct key metadata_keys[] = {
	KEY_NAME(ord_pick, "weekday-monkey",
		 "names the schedule; with the seed it decides what is drawn"),
	KEY_ANNOTATIONS("texts for people and other tools"),
};

static const struct table table_metadata = {
	.name = "metadata", .path = "metadata", .help = "Who this is.", ITEMS(metadata_keys)};

static const struct key one_of_item = {.name = "oneOf", .type = &type_item};

static const struct key pick_keys[] = {
	{.name = "schedule",
	 .type = &type_map,
	 .table = &table_schedule,
	 .flags = KEY_REQUIRED,
	 AT(ord_pick, schedule),
	 .example = "schedule: {random: {each: day}}",
	 .help = "when one of them is run; as spec.schedule of an experiment"},
	{.name = "oneOf",
	 .type = &type_list,
	 .flags = KEY_REQUIRED,
	 AT(ord_pick, one_of),
	 .item = &one_of_item,
	 .item_size = sizeof(struct ord_pick_item),
	 .n_offset = offsetof(struct ord_pick, n_one_of),
	 .min = 1,
	 .max = ORD_PICK_MAX,
	 .example = "oneOf: [slow-store, lost-pod]",
	 .help = "experiments in the same folder, by name or by file; one that stands here twice "
		 "is drawn twice as often. When they are due by a schedule of their own makes no "
		 "difference"},
	{.name = "seed",
	 .type = &type_seed,
	 AT(ord_pick, seed),
	 .n_offset = offsetof(struct ord_pick, has_seed),
	 .max = ORD_SEED_MAX,
	 .help = "decides what is drawn, and when; none given: 0"},
};

static const struct table table_pick_spec = {
	.name = "spec", .path = "spec", .help = "The schedule.", ITEMS(pick_keys)};

static const struct key root_keys[] = {
	KEY_API_VERSION,
	KEY_KIND("Schedule"),
	KEY_METADATA(&table_metadata, "weekday-monkey", "who this is"),
	KEY_SPEC(&table_pick_spec, "the schedule"),
};

static const struct table table_pick = {
	.name = "a schedule", .path = "", .help = "The whole file.", ITEMS(root_keys)};

const struct table *const pick_tables[] = {&table_pick, &table_metadata, &table_pick_spec};
const size_t n_pick_tables = ORD_COUNT(pick_tables);

void ord_pick_done(struct ord_pick *pick)
{
	for (size_t i = 0; i < ORD_PICK_MAX; i++)
		free(pick->one_of[i].text);
	*pick = (struct ord_pick){0};
}

static void read_pick(struct reader *r, const struct node *root, void *base)
{
	const struct node *schedule = node_find(node_find(root, "spec"), "schedule");
	const struct node *zone = node_find(schedule, "timezone");
	struct ord_pick *pick = base;

	read_map(r, &table_pick, root, pick);
	if (schedule)
		pick->schedule_at = place_within(schedule, 0);
	pick->zone_at = zone ? place_within(zone, 0) : pick->schedule_at;
}

static void done(void *base)
{
	ord_pick_done(base);
}

static const struct document schedule = {
	.table = &table_pick,
	.size = sizeof(struct ord_pick),
	.read = read_pick,
	.done = done,
	.schema = "schedule",
	.title = "ordeal schedule",
};

int ord_pick_parse(const char *yaml, size_t size, const struct ord_override *set, size_t n_set,
		   struct ord_pick *ret, struct ord_mistakes *mistakes)
{
	ord_autofree struct ord_pick *pick = NULL;
	void *read;

	if (document_parse(&schedule, yaml, size, set, n_set, &read, mistakes))
		return -1;
	pick = read;
	*ret = *pick;
	return 0;
}

bool ord_pick_named(const char *yaml, size_t size)
{
	return document_is(yaml, size, "Schedule");
}

struct json_t *ord_pick_schema(void)
{
	return document_schema(&schedule);
}

size_t ord_pick_chosen(const struct ord_pick *pick, int64_t planned_ns)
{
	struct ord_rng rng;
	char label[48];

	(void)snprintf(label, sizeof label, "one of %lld", (long long)planned_ns);
	ord_rng_init(&rng, ord_rng_derive(ord_rng_derive(pick->seed, pick->name), label));
	return (size_t)ord_rng_below(&rng, pick->n_one_of);
}
