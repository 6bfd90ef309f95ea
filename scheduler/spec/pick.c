/* `kind: Schedule`: its keys, and how it is read. */
#include "ordeal/pick.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rng.h"
#include "scheduler/spec/override.h"
#include "scheduler/spec/pick.h"
#include "scheduler/spec/schedule.h"
#include "scheduler/spec/schema.h"

#define ITEMS(a)     .keys = (a), .n = ORD_COUNT(a)
#define AT(s, field) .offset = offsetof(struct s, field)
#define TEXT	     (1u << SCALAR_TEXT)
#define LETTERS	     "abcdefghijklmnopqrstuvwxyz0123456789-"
#define FILE_MAX     255

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
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 AT(ord_pick, name),
	 .example = "name: weekday-monkey",
	 .help = "names the schedule; with the seed it decides what is drawn"},
	{.name = "annotations",
	 .type = &type_ignored_labels,
	 .help = "texts for people and other tools"},
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
	{.name = "kind",
	 .type = &type_const,
	 .flags = KEY_REQUIRED,
	 .choices = "Schedule",
	 .example = "kind: Schedule",
	 .help = "what this is"},
	{.name = "metadata",
	 .type = &type_map,
	 .table = &table_metadata,
	 .flags = KEY_REQUIRED,
	 .example = "metadata: {name: weekday-monkey}",
	 .help = "who this is"},
	{.name = "spec",
	 .type = &type_map,
	 .table = &table_pick_spec,
	 .flags = KEY_REQUIRED,
	 .example = "spec: {...}",
	 .help = "the schedule"},
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

static void read_root(struct reader *r, const struct node *root, struct ord_pick *pick)
{
	const struct node *schedule = NULL, *zone;
	char shown[NODE_SHOWN];

	if (root->kind != NODE_MAP) {
		sink_add(r->sink, root,
			 "a schedule is a map that starts with 'apiVersion: ordeal.dev/v1', not %s",
			 node_show(root, shown));
		return;
	}
	read_map(r, &table_pick, root, pick);
	schedule = node_find(node_find(root, "spec"), "schedule");
	zone = node_find(schedule, "timezone");
	if (schedule)
		pick->schedule_at = place_within(schedule, 0);
	pick->zone_at = zone ? place_within(zone, 0) : pick->schedule_at;
}

int ord_pick_parse(const char *yaml, size_t size, const struct ord_override *set, size_t n_set,
		   struct ord_pick *ret, struct ord_mistakes *mistakes)
{
	struct sink sink = {0};
	struct tree tree = {0};
	struct reader r = {.tree = &tree, .sink = &sink};
	struct ord_pick *pick = calloc(1, sizeof *pick);
	bool good;

	tree.root = tree_read(&tree, yaml, size, NULL, &sink);
	for (size_t i = 0; tree.root && i < n_set; i++)
		tree.root = override_apply(&r, tree.root, &set[i]);
	if (tree.root && pick)
		read_root(&r, tree.root, pick);
	if (!pick || tree.no_memory || r.no_memory)
		sink_place(&sink, 0, 0, "out of memory");
	good = pick && tree.root && !sink.n_errors && !tree.no_memory && !r.no_memory;
	if (good)
		*ret = *pick;
	else if (pick)
		ord_pick_done(pick);
	free(pick);
	tree_done(&tree);
	sink_hand_out(&sink, mistakes);
	return good ? 0 : -1;
}

bool ord_pick_named(const char *yaml, size_t size)
{
	static const char word[] = "Schedule";
	struct sink sink = {0};
	struct tree tree = {0};
	const struct node *root, *kind;
	bool named;

	if (!memmem(yaml, size, word, strlen(word)))
		return false;
	root = tree_read(&tree, yaml, size, NULL, &sink);
	kind = node_find(root, "kind");
	named = kind && kind->kind == NODE_SCALAR && !strcmp(kind->text, word);
	tree_done(&tree);
	sink_done(&sink);
	return named;
}

size_t ord_pick_chosen(const struct ord_pick *pick, int64_t planned_ns)
{
	struct ord_rng rng;
	char label[48];

	(void)snprintf(label, sizeof label, "one of %lld", (long long)planned_ns);
	ord_rng_init(&rng, ord_rng_derive(ord_rng_derive(pick->seed, pick->name), label));
	return (size_t)ord_rng_below(&rng, pick->n_one_of);
}

struct json_t *ord_pick_schema(void)
{
	json_t *s = schema_table(&table_pick);

	if (s &&
	    (json_object_set_new(s, "$schema",
				 json_string("https://json-schema.org/draft/2020-12/schema")) ||
	     json_object_set_new(s, "$id",
				 json_string("https://ordeal.dev/schema/v1/schedule.json")) ||
	     json_object_set_new(s, "title", json_string("ordeal schedule")))) {
		json_decref(s);
		return NULL;
	}
	return s;
}
