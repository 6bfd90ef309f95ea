/* The rules as they were judged: notes for people, and the line of the timeline where they are
 * others than before. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "ordeal/fault.h"
#include "scheduler/monitor/module/member.h"
#include "scheduler/monitor/module/monitor.h"

#define NAMES_MAX 600 /* that a name which is not there is compared with */
#define WHY_MAX	  400
#define PEER_NS	  (15 * ORD_S) /* --cluster.peer-timeout, where it is not set */

static void note_length(struct ord_monitor *m, const json_t *e, uint64_t fault_ns)
{
	const char *name = mon_text_at(e, "alert"), *can = mon_text_at(e, "can_fire");
	uint64_t wait = mon_ns_at(json_object_get(e, "route"), "group_wait_ns");
	uint64_t needs = mon_ns_at(e, "needs_ns");
	char planned[32], sure[32], never[32];

	if (!needs) {
		mon_note(m,
			 "whether %s can fire cannot be told: Prometheus has no target, and no job "
			 "in its configuration, that says how often it is scraped",
			 name);
		return;
	}
	(void)ord_format_duration((int64_t)fault_ns, planned);
	(void)ord_format_duration((int64_t)needs, sure);
	(void)ord_format_duration((int64_t)mon_ns_at(e, "impossible_below_ns"), never);
	if (!strcmp(can, "no"))
		mon_note(m,
			 "%s cannot fire: it needs a fault of at least %s, and of %s to be sure; "
			 "planned are %s",
			 name, never, sure, planned);
	else if (!strcmp(can, "perhaps"))
		mon_note(m, "%s may not fire: it needs a fault of %s to be sure; planned are %s",
			 name, sure, planned);
	else if (wait && fault_ns < needs + wait)
		mon_note(m,
			 "%s may be over before Alertmanager's group wait is: to be notified for "
			 "sure it needs a fault of %s; planned are %s",
			 name, ord_format_duration((int64_t)(needs + wait), sure), planned);
}

static void note_named(struct ord_monitor *m, const json_t *e, uint64_t fault_ns)
{
	const char *name = mon_text_at(e, "alert"), *health = mon_text_at(e, "health");

	note_length(m, e, fault_ns);
	if (mon_true_at(e, "already"))
		mon_note(m, "%s is %s already: what it does is no detection of this fault", name,
			 mon_text_at(e, "state"));
	if (strchr(mon_text_at(e, "query"), '['))
		mon_note(m,
			 "%s looks back over a window: only its `for` is judged, not how long the "
			 "window takes to show the fault",
			 name);
	if (strcmp(health, "ok") != 0)
		mon_note(m, "the rule of %s is not healthy (%s): %s", name, health,
			 mon_text_at(e, "error"));
}

/* Whether no rule makes alerts of that name, and then the words for it. */
static bool lacks_rule(const json_t *rules, const char *name, size_t size, char *ret_why)
{
	const char *names[NAMES_MAX], *near;
	const json_t *e;
	size_t i, n = 0;

	json_array_foreach (rules, i, e) {
		if (!strcmp(mon_text_at(e, "alert"), name))
			return false;
		if (n < NAMES_MAX)
			names[n++] = mon_text_at(e, "alert");
	}
	near = ord_nearest(name, names, n);
	(void)snprintf(ret_why, size, "Prometheus has no rule for the alert '%s'%s%s%s", name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return true;
}

static bool named_before(const struct ord_monitor *m, size_t c)
{
	for (size_t i = 0; i < c; i++)
		if (!strcmp(m->channels[i].alert.name, m->channels[c].alert.name))
			return true;
	return false;
}

static bool in_abort(const struct ord_monitor *m, const struct mon_channel *c)
{
	for (size_t i = 0; i < m->spec->n_abort; i++)
		if (!strcmp(m->spec->abort[i].channel, c->text))
			return true;
	return false;
}

/* Where Prometheus evaluates no alert at all, it is another that Alertmanager is told by. */
static void note_missing(struct ord_monitor *m, const json_t *rules)
{
	char why[WHY_MAX];

	for (size_t i = 0; i < m->n_channels; i++) {
		const struct mon_channel *c = &m->channels[i];

		if (!lacks_rule(rules, c->alert.name, sizeof why, why))
			continue;
		if (!named_before(m, i))
			mon_note(m, "%s", why);
		if (in_abort(m, c) && (!c->alert.alertmanager || json_array_size(rules)))
			mon_tell_never(m, c, why);
	}
}

/* Others that fire already, in one note. */
static void note_others(struct ord_monitor *m, const json_t *rules)
{
	char text[400] = "";
	size_t i, n = 0, used = 0;
	const json_t *e;

	json_array_foreach (rules, i, e) {
		if (mon_true_at(e, "named") || strcmp(mon_text_at(e, "state"), "firing") != 0)
			continue;
		if (n++ < 8 && used < sizeof text)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%.40s",
						 n > 1 ? ", " : "", mon_text_at(e, "alert"));
	}
	if (n)
		mon_note(m, "before the fault, %zu other alert%s already: %s%s", n,
			 n == 1 ? " fires" : "s fire", text, n > 8 ? ", ..." : "");
}

static void note_all(struct ord_monitor *m, const json_t *rules, uint64_t fault_ns)
{
	const json_t *e;
	size_t i;

	json_array_foreach (rules, i, e)
		if (mon_true_at(e, "named"))
			note_named(m, e, fault_ns);
	note_missing(m, rules);
	note_others(m, rules);
}

/* A copy of the rules without these keys; owned. */
static json_t *rules_without(const json_t *line, const char *const *keys, size_t n)
{
	json_t *rules = json_deep_copy(json_object_get(line, "rules")), *e;
	size_t i;

	json_array_foreach (rules, i, e)
		for (size_t k = 0; k < n; k++)
			(void)json_object_del(e, keys[k]);
	return rules;
}

static bool same_without(const json_t *a, const json_t *b, const char *const *keys, size_t n)
{
	ord_auto(json) json_t *x = rules_without(a, keys, n), *y = rules_without(b, keys, n);

	return json_equal(x, y);
}

/* What changes from look to look is no change of the rules. What is made of them comes last: it may
 * change as Prometheus gets targets. */
static const char *const moving[] = {"state",	 "last_evaluation",	"already",     "health",
				     "error",	 "scrape_interval_ns",	"recorded_ns", "needs_ns",
				     "can_fire", "impossible_below_ns", "route"};
#define MOVING_OF_ITSELF 5

void mon_rules_tell(struct ord_monitor *m, json_t *line)
{
	bool first = !m->rules;
	json_t *told;

	if (!first && same_without(line, m->rules, moving, MOVING_OF_ITSELF) &&
	    json_equal(json_object_get(line, "route"), json_object_get(m->rules, "route")) &&
	    json_equal(json_object_get(line, "cluster"), json_object_get(m->rules, "cluster")))
		return;
	if (!first && !same_without(line, m->rules, moving, ORD_COUNT(moving)))
		mon_note(m, "the rules of Prometheus are not those that they were");
	json_decref(m->rules);
	m->rules = json_incref(line);
	note_all(m, json_object_get(line, "rules"), mon_fault_length(m->plan));
	if (!m->sink.line)
		return;
	told = json_deep_copy(line);
	(void)json_object_set_new(told, "rep", json_integer((json_int_t)m->rep));
	m->sink.line(m->sink.arg, "rules", told, ord_now_ns());
}

/* Which of them notifies is theirs to settle, and their timeout is told nowhere. */
void mon_cluster_tell(struct ord_monitor *m)
{
	char late[32];

	if (m->n_peers == m->told_peers)
		return;
	m->told_peers = m->n_peers;
	if (m->n_peers < 2)
		return;
	(void)ord_format_duration((int64_t)((m->n_peers - 1) * PEER_NS), late);
	mon_note(
		m,
		"Alertmanager is a cluster of %zu, of which %zu notify before the one that is "
		"asked: each waits a --cluster.peer-timeout for every one before it, so that where "
		"those fail a notification is up to %s later (by the timeout's default of 15s)",
		m->n_peers, m->n_before, late);
}
