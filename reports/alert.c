/* The alerts that objectives name, and the rules as they were read. */
#include "reports/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/alert_name.h"
#include "reports/member.h"
#include "reports/write/text.h"

#define RULES_MAX 2000

size_t ord_alert_index(const struct ord_analysis *a, const char *name, size_t len)
{
	size_t i = 0;

	for (; i < a->n_alerts; i++) {
		const char *is = a->alerts[i];

		if (is && strlen(is) == len && !memcmp(is, name, len))
			break;
	}
	return i;
}

static int name_alerts(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err)
{
	a->alerts = calloc(t->n_probes + 1, sizeof *a->alerts);
	if (!a->alerts)
		return ord_fail_nomem(err);
	for (size_t p = 0; p < t->n_probes; p++) {
		const char *name;
		size_t len;

		if (!t->probes[p].is_channel ||
		    !ord_alert_channel(t->probes[p].name, &name, &len) ||
		    ord_alert_index(a, name, len) < a->n_alerts)
			continue;
		a->alerts[a->n_alerts] = strndup(name, len);
		if (!a->alerts[a->n_alerts])
			return ord_fail_nomem(err);
		a->n_alerts++;
	}
	return 0;
}

static struct ord_rule rule_of(const struct ord_analysis *a, const json_t *j, uint32_t line)
{
	const char *alert = ord_member_text(j, "alert", "");
	const char *state = ord_member_text(j, "state", "");

	return (struct ord_rule){
		.alert = alert,
		.group = ord_member_text(j, "group", ""),
		.state = state,
		.health = ord_member_text(j, "health", ""),
		.can_fire = ord_member_text(j, "can_fire", ""),
		.interval_ns = ord_member_time(j, "interval_ns", -1),
		.for_ns = ord_member_time(j, "for_ns", -1),
		.keep_firing_ns = ord_member_time(j, "keep_firing_ns", -1),
		.scrape_ns = ord_member_time(j, "scrape_interval_ns", -1),
		.needs_ns = ord_member_time(j, "needs_ns", -1),
		.impossible_below_ns = ord_member_time(j, "impossible_below_ns", -1),
		.already = ord_member_true(j, "already") || !strcmp(state, "firing"),
		.watched = ord_alert_index(a, alert, strlen(alert)) < a->n_alerts,
		.line = line,
	};
}

/* The rules as they stood first. */
static int read_rules(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err)
{
	const struct ord_event *e = NULL;
	const json_t *list, *j;
	size_t i;

	for (i = 0; i < t->n_events && !e; i++)
		if (t->events[i].kind == ORD_EVENT_RULES)
			e = &t->events[i];
	list = e ? json_object_get(e->json, "rules") : NULL;
	if (!json_is_array(list))
		return 0;
	a->rules = calloc(json_array_size(list) + 1, sizeof *a->rules);
	if (!a->rules)
		return ord_fail_nomem(err);
	json_array_foreach (list, i, j)
		if (a->n_rules < RULES_MAX)
			a->rules[a->n_rules++] = rule_of(a, j, e->line);
	return 0;
}

/* The Alertmanager's, of the first line that tells of one; else that of the first rule that an
 * objective names. */
static void read_route(const struct ord_timeline *t, struct ord_analysis *a)
{
	const json_t *route = NULL, *j;
	size_t k;

	for (size_t i = 0; i < t->n_events && !route; i++) {
		const json_t *line = t->events[i].json;

		if (t->events[i].kind != ORD_EVENT_RULES)
			continue;
		route = json_object_get(line, "route");
		json_array_foreach (json_object_get(line, "rules"), k, j) {
			const char *alert = ord_member_text(j, "alert", "");

			if (!route && ord_alert_index(a, alert, strlen(alert)) < a->n_alerts)
				route = json_object_get(j, "route");
		}
	}
	a->group_wait = ord_member_time(route, "group_wait_ns", -1);
	a->group_interval = ord_member_time(route, "group_interval_ns", -1);
	a->repeat_interval = ord_member_time(route, "repeat_ns", -1);
}

static int64_t planned(const struct ord_timeline *t)
{
	int64_t most = 0;

	for (size_t i = 0; i < t->n_faults; i++)
		most = t->faults[i].hold > most ? t->faults[i].hold : most;
	return most;
}

static void warn_of_rule(struct ord_analysis *a, const struct ord_rule *r)
{
	char needs[ORD_TEXT], hold[ORD_TEXT];

	ord_text_duration(r->needs_ns, needs);
	ord_text_duration(planned(a->t), hold);
	if (!strcmp(r->can_fire, "no"))
		ord_warn(a, 0, r->line,
			 "alert %.80s cannot fire: it needs a fault of %s, planned are %s",
			 r->alert, r->needs_ns >= 0 ? needs : "more", hold);
	else if (!strcmp(r->can_fire, "perhaps"))
		ord_warn(a, 0, r->line,
			 "alert %.80s fires for sure from %s on, planned are %s: it depends on the "
			 "phase",
			 r->alert, r->needs_ns >= 0 ? needs : "more", hold);
	if (r->already)
		ord_warn(a, 0, r->line, "alert %.80s was %s before the fault", r->alert,
			 *r->state ? r->state : "firing");
	if (*r->health && strcmp(r->health, "ok") != 0 && strcmp(r->health, "unknown") != 0)
		ord_warn(a, 0, r->line, "the rule of alert %.80s is not well: %.60s", r->alert,
			 r->health);
}

static bool has_rule(const struct ord_analysis *a, size_t alert)
{
	for (size_t i = 0; i < a->n_rules; i++) {
		const char *name = a->rules[i].alert;

		if (ord_alert_index(a, name, strlen(name)) == alert)
			return true;
	}
	return false;
}

static void warn(struct ord_analysis *a)
{
	for (size_t i = 0; i < a->n_rules; i++)
		if (a->rules[i].watched)
			warn_of_rule(a, &a->rules[i]);
	for (size_t k = 0; a->n_rules && k < a->n_alerts; k++)
		if (!has_rule(a, k))
			ord_warn(a, 0, a->rules[0].line, "no rule is named %.120s", a->alerts[k]);
}

int ord_analyse_alerts(const struct ord_timeline *t, struct ord_analysis *a, struct ord_err *err)
{
	if (name_alerts(t, a, err) || read_rules(t, a, err))
		return -1;
	read_route(t, a);
	warn(a);
	return 0;
}
