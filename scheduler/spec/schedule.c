#include "scheduler/spec/schedule.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)
#define WORD (TEXT | 1u << SCALAR_INT) /* what is a text, whatever YAML takes it for */

static void *place(const struct key *key, void *base)
{
	return (char *)base + key->offset;
}

static void cron_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_schedule *s = base;
	struct ord_err err;
	size_t at;

	if (!text)
		return;
	if (node->size >= sizeof s->cron_text)
		sink_add(r->sink, node, "cron: at most %zu characters", sizeof s->cron_text - 1);
	else if (ord_cron_parse(text, &s->cron, &at, &err))
		sink_add_within(r->sink, node, at, "cron: %s", err.msg);
	else
		memcpy(s->cron_text, text, node->size + 1);
}

static void time_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;

	if (text && ord_time_parse(text, place(key, base), &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
}

/* One, or a list of them. */
static void times_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	struct ord_schedule *s = base;

	if (node->kind == NODE_LIST) {
		type_list.read(r, key, node, base);
		return;
	}
	time_read(r, key, node, base);
	s->n_at = 1;
}

static void zone_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text;

	/* An offset, "+01:00", would be no name in quotes either. */
	if (node->kind == NODE_SCALAR && node->scalar != SCALAR_NULL &&
	    (node->size >= ORD_ZONE_MAX || !ord_zone_named(node->text))) {
		sink_add(r->sink, node,
			 "timezone: '%.64s' is not the name of a time zone; write it as in "
			 "'Europe/Berlin'; the database of the machine has them",
			 node->text);
		return;
	}
	text = want_scalar(r, key->name, key->type->what, node, TEXT);
	if (text)
		memcpy(place(key, base), text, node->size + 1);
}

static void weekdays_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, WORD);
	struct ord_err err;

	if (text && ord_weekdays_parse(text, place(key, base), &err))
		sink_add(r->sink, node, "days: %s", err.msg);
}

static void day_time_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;

	if (text && ord_day_time_parse(text, place(key, base), &err))
		sink_add(r->sink, node, "%s: %s", key->name, err.msg);
}

static void pause_read(struct reader *r, const struct key *key, const struct node *node, void *base)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	struct ord_err err;

	if (text && ord_pause_parse(text, place(key, base), &err))
		sink_add(r->sink, node, "except: %s", err.msg);
}

#define DATE	 "(19[7-9][0-9]|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define CLOCK	 "([01][0-9]|2[0-4]):[0-5][0-9](:[0-5][0-9])?"
#define TIME	 DATE "([Tt ]" CLOCK "(Z|z|[+-][0-9]{2}:[0-9]{2})?)?"
#define YEARLY	 "(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define SPAN(of) of "(\\.\\." of ")?"
/* Its signs; what they mean together is the parser's. */
#define CRON "[0-9A-Za-z*?,/#-]+"

static struct json_t *schema_pattern(const char *pattern)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static struct json_t *schema_cron(const struct key *key)
{
	(void)key;
	return schema_pattern("^\\s*(@[A-Za-z]+|" CRON "(\\s+" CRON "){4,5}\\s*)$");
}

static struct json_t *schema_time(const struct key *key)
{
	(void)key;
	return schema_pattern("^" TIME "$");
}

static struct json_t *schema_times(const struct key *key)
{
	return json_pack("{s:[o, {s:s, s:i, s:I, s:o}]}", "anyOf", schema_time(key), "type",
			 "array", "minItems", 1, "maxItems", (json_int_t)key->max, "items",
			 schema_time(key));
}

static struct json_t *schema_zone(const struct key *key)
{
	(void)key;
	return schema_pattern("^[A-Za-z][A-Za-z0-9_+/-]{0,62}$");
}

static struct json_t *schema_weekdays(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:s}, {s:s, s:i, s:i}]}", "anyOf", "type", "string", "pattern",
			 "^" CRON "$", "type", "integer", "minimum", 0, "maximum", 7);
}

static struct json_t *schema_day_time(const struct key *key)
{
	(void)key;
	return schema_pattern("^" CLOCK "$");
}

static struct json_t *schema_pause(const struct key *key)
{
	(void)key;
	return schema_pattern("^(" SPAN(YEARLY) "|" SPAN(TIME) ")$");
}

static const struct type type_cron = {"a cron expression, as in '0 10 * * mon-fri'", cron_read,
				      schema_cron};
static const struct type type_time = {"a time, as in '2026-12-01T10:00'", time_read, schema_time};
static const struct type type_times = {"a time, as in '2026-12-01T10:00', or a list of them",
				       times_read, schema_times};
const struct type type_zone = {"the name of a time zone, as in 'Europe/Berlin'", zone_read,
			       schema_zone};
static const struct type type_weekdays = {"weekdays, as in 'mon-fri'", weekdays_read,
					  schema_weekdays};
static const struct type type_day_time = {"a time of the day, as in '09:00', in quotes",
					  day_time_read, schema_day_time};
static const struct type type_pause = {"a date or a span of dates, as in '12-24..01-02'",
				       pause_read, schema_pause};

static const struct key random_keys[] = {
	{.name = "each",
	 .type = &type_choice,
	 AT(ord_schedule, each),
	 .def = "day",
	 .choices = "hour|day|week",
	 .help = "the period in which it runs; weeks begin on Mondays"},
	{.name = "times",
	 .type = &type_count,
	 AT(ord_schedule, times),
	 .def = "1",
	 .min = 1,
	 .max = ORD_DRAWS_MAX,
	 .help = "how often in each, at random instants within the windows"},
};

const struct table table_random = {
	.name = "random",
	.path = "spec.schedule.random",
	.help = "Instants that nobody knows, but 'ordeal next': drawn from the seed.",
	ITEMS(random_keys)};

static const struct key window_keys[] = {
	{.name = "days",
	 .type = &type_weekdays,
	 AT(ord_window, weekdays),
	 .def = "mon-sun",
	 .max = 64,
	 .help = "the weekdays on which it begins, as in 'mon-fri' or 'tue,thu'"},
	{.name = "from",
	 .type = &type_day_time,
	 AT(ord_window, from_s),
	 .max = 8,
	 .help = "when it opens; none given: at midnight"},
	{.name = "to",
	 .type = &type_day_time,
	 AT(ord_window, to_s),
	 .max = 8,
	 .help = "when it closes; not later than 'from': on the next day; none given: at midnight"},
};

static void window_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_window *w = base;

	(void)r;
	if (!node_find(map, "to"))
		w->to_s = 24 * 3600;
	else if (w->to_s <= w->from_s)
		w->to_s += 24 * 3600;
}

const struct table table_window = {.name = "windows[]",
				   .path = "spec.schedule.windows[]",
				   .help = "A part of a day in which runs may begin.",
				   .finish = window_finish,
				   ITEMS(window_keys)};

static const struct key time_item = {.name = "at", .type = &type_time, .max = 40};
const struct key window_item = {.name = "windows[]", .type = &type_map, .table = &table_window};
const struct key pause_item = {.name = "except", .type = &type_pause, .max = 40};

static const struct key schedule_keys[] = {
	{.name = "cron",
	 .type = &type_cron,
	 .max = ORD_CRON_MAX - 1,
	 .help = "minute, hour, day of the month, month and weekday, as in crontab(5); the second "
		 "before them where there are six; or @daily and its like"},
	{.name = "every",
	 .type = &type_duration,
	 AT(ord_schedule, every_ns),
	 .min = SEC,
	 .max = 366 * DAY_NS,
	 .help = "an interval, counted from 'from'"},
	{.name = "from",
	 .type = &type_time,
	 AT(ord_schedule, from),
	 .max = 40,
	 .help = "what 'every' counts from; none given: 1970-01-01T00:00:00Z"},
	{.name = "at",
	 .type = &type_times,
	 AT(ord_schedule, at),
	 .n_offset = offsetof(struct ord_schedule, n_at),
	 .item = &time_item,
	 .item_size = sizeof(struct ord_time),
	 .min = 1,
	 .max = ORD_APPOINTMENTS_MAX,
	 .help = "one time or several, once each; local where no offset from UTC stands there"},
	{.name = "random",
	 .type = &type_map,
	 .table = &table_random,
	 .flags = KEY_EMPTY_OK,
	 .help = "at random instants"},
	KEY_ZONE("the IANA time zone of all local times here"),
	{.name = "jitter",
	 .type = &type_duration,
	 AT(ord_schedule, jitter_ns),
	 .def = "0s",
	 .max = DAY_NS,
	 .help = "each run begins later by a random part of this, within its window; seeded"},
	KEY_WINDOWS("runs begin within one of them only"),
	KEY_EXCEPT("dates on which nothing runs: '2026-12-24', '2026-12-24..2027-01-02', "
		   "'12-24..01-02' of each year, '2026-12-24T18:00..2026-12-27T06:00'"),
	{.name = "catchUp",
	 .type = &type_choice,
	 AT(ord_schedule, catch_up),
	 .def = "skip",
	 .choices = "skip|once|all",
	 .help = "what becomes of times that were missed, as nothing ran that could start them: "
		 "left out, made up for by one run, or by the latest 'catchUpMax'"},
	{.name = "catchUpMax",
	 .type = &type_count,
	 AT(ord_schedule, catch_up_max),
	 .def = "10",
	 .min = 1,
	 .max = ORD_CATCH_UP_MAX,
	 .help = "how many runs 'catchUp: all' makes up for at most"},
	{.name = "concurrency",
	 .type = &type_choice,
	 AT(ord_schedule, concurrency),
	 .def = "forbid",
	 .choices = "forbid|queue|replace",
	 .help = "at a time at which it runs already: it is left out, waits, or the old run is "
		 "aborted and taken back first"},
};

static const struct node *key_of(const struct node *map, const char *name)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, name))
			return map->keys[i];
	return NULL;
}

static void schedule_finish(struct reader *r, const struct node *map, void *base)
{
	static const char *const names[] = {"cron", "every", "at", "random"};
	const struct node *from = key_of(map, "from"), *jitter = key_of(map, "jitter"),
			  *most = key_of(map, "catchUpMax");
	struct ord_schedule *s = base;

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (key_of(map, names[i]))
			s->kind = (enum ord_schedule_kind)(ORD_SCHEDULE_CRON + i);
	if (from && s->kind != ORD_SCHEDULE_EVERY)
		sink_add(r->sink, from, "'from' is what 'every' counts from, and stands beside it");
	if (jitter && s->kind == ORD_SCHEDULE_RANDOM)
		sink_add(r->sink, jitter, "'jitter' beside 'random', which is random already");
	if (most && s->catch_up != ORD_CATCH_UP_ALL)
		sink_add(r->sink, most, "'catchUpMax' is of 'catchUp: all', and stands beside it");
}

const struct table table_schedule = {
	.name = "schedule",
	.path = "spec.schedule",
	.help = "When it runs. A local time that does not exist, as clocks are put forward, is the "
		"next that does; one that comes twice, as they are put back, is the first.",
	.one_of = "cron|every|at|random",
	.finish = schedule_finish,
	ITEMS(schedule_keys)};
