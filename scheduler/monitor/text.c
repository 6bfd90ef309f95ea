/* The rules for people: `ordeal plan`, `ordeal validate --now`. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/printable.h"
#include "base/units.h"
#include "ordeal/monitor.h"

#define NAME_WIDTH 40

bool ord_monitor_wanted(const struct ord_plan *plan)
{
	const struct ord_detection_spec *d = &plan->spec->detection;

	return d->prometheus.url || d->alertmanager.url;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

/* A duration, "-" where there is none. */
static const char *span_of(const json_t *object, const char *key, char out[static 32])
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_integer(v))
		return "-";
	return ord_format_duration(json_integer_value(v), out);
}

static void row(const json_t *rule, int width, FILE *out)
{
	char for_[32], evaluated[32], scraped[32], needs[32];
	char name[NAME_WIDTH + 1], state[32], health[32];
	bool named = json_is_true(json_object_get(rule, "named"));

	(void)ord_printable(text_of(rule, "alert"), sizeof name, name);
	(void)ord_printable(text_of(rule, "state"), sizeof state, state);
	(void)ord_printable(text_of(rule, "health"), sizeof health, health);
	(void)fprintf(out, "  %c %-*s %-9s %8s %8s %8s %10s  %s", named ? '*' : ' ', width, name,
		      state, span_of(rule, "for_ns", for_), span_of(rule, "interval_ns", evaluated),
		      span_of(rule, "scrape_interval_ns", scraped),
		      span_of(rule, "needs_ns", needs), text_of(rule, "can_fire"));
	if (strcmp(health, "ok") != 0 && strcmp(health, "-") != 0)
		(void)fprintf(out, "  health: %s", health);
	(void)fputc('\n', out);
}

static int widest(const json_t *rules)
{
	const json_t *rule;
	size_t i, most = 5;

	json_array_foreach (rules, i, rule) {
		size_t n = strlen(text_of(rule, "alert"));

		most = n > most ? n : most;
	}
	return most < NAME_WIDTH ? (int)most : NAME_WIDTH;
}

static void routes(const json_t *route, FILE *out)
{
	char wait[32], interval[32], repeat[32];

	if (json_is_object(route))
		(void)fprintf(out,
			      "Alertmanager: group wait %s, group interval %s, repeated after %s\n",
			      span_of(route, "group_wait_ns", wait),
			      span_of(route, "group_interval_ns", interval),
			      span_of(route, "repeat_ns", repeat));
}

void ord_monitor_text(const json_t *rules, FILE *out)
{
	const json_t *list = json_object_get(rules, "rules"), *rule, *note;
	char fault[32];
	size_t i;
	int width = widest(list);

	if (json_array_size(list)) {
		(void)fprintf(out,
			      "Alerts, and whether a fault of %s can make them fire (* named by "
			      "the experiment)\n",
			      span_of(rules, "fault_ns", fault));
		(void)fprintf(out, "    %-*s %-9s %8s %8s %8s %10s  %s\n", width, "alert", "state",
			      "for", "evaluate", "scrape", "sure from", "fires");
	}
	json_array_foreach (list, i, rule)
		row(rule, width, out);
	routes(json_object_get(rules, "route"), out);
	json_array_foreach (json_object_get(rules, "notes"), i, note)
		(void)fprintf(out, "note: %s\n", json_string_value(note));
	json_array_foreach (json_object_get(rules, "refused"), i, note)
		(void)fprintf(out, "refused: %s\n", json_string_value(note));
}
