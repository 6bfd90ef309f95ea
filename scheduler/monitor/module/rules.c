/* The rules: read before the first fault and again with each repetition, and what they say of a
 * fault of the planned length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "ordeal/fault.h"
#include "scheduler/monitor/module/monitor.h"
#include "scheduler/monitor/read/promql.h"

#define RULES_MAX   500 /* of a line */
#define LOOKS	    20	/* at Alertmanager's clock, which shows whole seconds, */
#define LOOKS_EXACT 4	/* and at Prometheus's */
#define LOOK_NS	    (53 * ORD_MS)
#define SLACK_NS    (500 * ORD_MS)
#define QUERY_MAX   (MON_SELECTOR + 64)

/* One selector of a rule: which jobs scrape it? */
struct selecting {
	struct mon_gather *g;
	struct selecting *next;
	json_t *entry; /* owned; shared with the list */
};

/* What was gathered, before it is put together. */
struct mon_gather {
	struct ord_monitor *m;
	unsigned waits; /* answers that have not come, and one while questions are being asked */
	bool of_jobs;	/* the second round of questions */
	struct selecting *selecting;
	json_t *rules;	  /* list of entries, named ones first; NULL: Prometheus did not say */
	json_t *recorded; /* recording rules: name -> their group's interval in ns */
	json_t *jobs;	  /* job -> longest scrape interval in ns */
	struct ord_monitor_grid all; /* whoever it is */
};

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static uint64_t ns_at(const json_t *object, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(object, key));

	return v > 0 ? (uint64_t)v : 0;
}

static void set_ns(json_t *object, const char *key, uint64_t ns)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)ns));
}

/* Sets it where it is longer than what is there. */
static void lengthen(json_t *object, const char *key, uint64_t ns)
{
	if (ns > ns_at(object, key))
		set_ns(object, key, ns);
}

static void unanswered(struct mon_gather *g, const struct mon_poll *p, const char *what,
		       const struct server_answer *a)
{
	mon_note(g->m, "%s did not tell its %s: %s", p->server.name, what, a->why);
}

static void answered(struct mon_gather *g);

/* --- answers --------------------------------------------------------------------------------- */

/* Whether one that an objective or an abort means is pending or firing. */
static bool already(const struct ord_monitor *m, const json_t *rule)
{
	const json_t *alert;
	size_t i;

	json_array_foreach (json_object_get(rule, "alerts"), i, alert)
		for (size_t c = 0; c < m->n_channels; c++) {
			const struct ord_alert *a = &m->channels[c].alert;

			if (!strcmp(a->name, text_at(rule, "name")) &&
			    (a->alertmanager ||
			     mon_labels_match(a, json_object_get(alert, "labels"))))
				return true;
		}
	return false;
}

static json_t *entry_of(const struct ord_monitor *m, const json_t *group, const json_t *rule)
{
	const char *name = text_at(rule, "name"), *state = text_at(rule, "state");
	bool named = mon_named(m, name);
	json_t *e = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "alert", name, "group",
			      text_at(group, "name"), "state", state, "health",
			      text_at(rule, "health"), "query", text_at(rule, "query"),
			      "last_evaluation", text_at(rule, "lastEvaluation"), "named", named,
			      "already", named ? already(m, rule) : strcmp(state, "inactive") != 0);

	if (!e)
		return NULL;
	set_ns(e, "interval_ns",
	       mon_seconds(json_number_value(json_object_get(group, "interval"))));
	set_ns(e, "for_ns", mon_seconds(json_number_value(json_object_get(rule, "duration"))));
	set_ns(e, "keep_firing_ns",
	       mon_seconds(json_number_value(json_object_get(rule, "keepFiringFor"))));
	(void)json_object_set(e, "labels", json_object_get(rule, "labels"));
	if (*text_at(rule, "lastError")) {
		char error[SERVER_WHY];

		(void)snprintf(error, sizeof error, "%s", text_at(rule, "lastError"));
		server_scrub(&m->poll[MON_PROMETHEUS].server, error);
		(void)json_object_set_new(e, "error", json_string(error));
	}
	return e;
}

static void read_group(struct mon_gather *g, const json_t *group)
{
	uint64_t interval = mon_seconds(json_number_value(json_object_get(group, "interval")));
	const json_t *rule;
	size_t i;

	json_array_foreach (json_object_get(group, "rules"), i, rule) {
		const char *name = text_at(rule, "name");

		if (!strcmp(text_at(rule, "type"), "recording")) {
			lengthen(g->recorded, name, interval);
			continue;
		}
		if (interval > g->all.evaluation_ns)
			g->all.evaluation_ns = interval;
		if (mon_named(g->m, name))
			(void)json_array_insert_new(g->rules, 0, entry_of(g->m, group, rule));
		else if (json_array_size(g->rules) < RULES_MAX)
			(void)json_array_append_new(g->rules, entry_of(g->m, group, rule));
	}
}

static void on_rules(void *arg, const struct server_answer *a)
{
	struct mon_gather *g = arg;
	const json_t *group;
	size_t i;

	if (a->why) {
		unanswered(g, &g->m->poll[MON_PROMETHEUS], "rules", a);
	} else {
		g->rules = json_array();
		json_array_foreach (json_object_get(a->value, "groups"), i, group)
			read_group(g, group);
	}
	answered(g);
}

static void on_targets(void *arg, const struct server_answer *a)
{
	struct mon_gather *g = arg;
	const json_t *target;
	size_t i;

	if (a->why)
		unanswered(g, &g->m->poll[MON_PROMETHEUS], "targets", a);
	json_array_foreach (a->why ? NULL : json_object_get(a->value, "activeTargets"), i, target) {
		uint64_t ns;

		if (mon_duration(text_at(target, "scrapeInterval"), &ns))
			continue;
		lengthen(g->jobs, text_at(json_object_get(target, "labels"), "job"), ns);
		if (ns > g->all.scrape_ns)
			g->all.scrape_ns = ns;
	}
	answered(g);
}

static void on_status(void *arg, const struct server_answer *a)
{
	struct mon_gather *g = arg;
	const char *yaml = text_at(json_object_get(a->value, "config"), "original");
	struct mon_routes *routes = NULL;
	struct ord_err err = {0};

	if (a->why) {
		unanswered(g, &g->m->poll[MON_ALERTMANAGER], "configuration", a);
	} else if (mon_routes_parse(yaml, strlen(yaml), &routes, &err)) {
		mon_note(g->m, "%s", err.msg);
	} else {
		mon_routes_free(g->m->routes);
		g->m->routes = routes;
	}
	answered(g);
}

static void on_jobs(void *arg, const struct server_answer *a)
{
	struct selecting *s = arg;
	const json_t *series;
	size_t i;

	json_array_foreach (a->why ? NULL : json_object_get(a->value, "result"), i, series)
		lengthen(s->entry, "scrape_interval_ns",
			 ns_at(s->g->jobs, text_at(json_object_get(series, "metric"), "job")));
	answered(s->g);
}

/* --- questions ------------------------------------------------------------------------------- */

static void ask_jobs(struct mon_gather *g, json_t *entry)
{
	struct mon_selectors selectors;
	struct mon_poll *p = &g->m->poll[MON_PROMETHEUS];

	if (mon_selectors_of(text_at(entry, "query"), &selectors))
		return;
	for (size_t i = 0; i < selectors.n; i++) {
		char query[QUERY_MAX], metric[MON_SELECTOR];
		struct selecting *s = calloc(1, sizeof *s);

		if (!s)
			return;
		(void)snprintf(metric, sizeof metric, "%.*s", (int)strcspn(selectors.v[i], "{"),
			       selectors.v[i]);
		lengthen(entry, "recorded_ns", ns_at(g->recorded, metric));
		(void)snprintf(query, sizeof query, "count by (job) (%s)", selectors.v[i]);
		*s = (struct selecting){.g = g, .next = g->selecting, .entry = json_incref(entry)};
		g->selecting = s;
		g->waits++;
		server_query(&p->server, query, mon_server_time(p, ord_now_ns()), on_jobs, s);
	}
}

static void ask_named_jobs(struct mon_gather *g)
{
	json_t *entry;
	size_t i;

	json_array_foreach (g->rules, i, entry)
		if (json_is_true(json_object_get(entry, "named")))
			ask_jobs(g, entry);
}

static void ask_rules(struct mon_gather *g)
{
	struct ord_monitor *m = g->m;

	if (m->poll[MON_PROMETHEUS].server.spec->url) {
		static const struct server_param active[] = {{"state", "active"}, {NULL, NULL}};
		struct server *s = &m->poll[MON_PROMETHEUS].server;

		g->waits += 2;
		server_ask(s, SERVER_PROMETHEUS, "/api/v1/rules", NULL, on_rules, g);
		server_ask(s, SERVER_PROMETHEUS, "/api/v1/targets", active, on_targets, g);
	}
	if (m->poll[MON_ALERTMANAGER].server.spec->url) {
		g->waits++;
		server_ask(&m->poll[MON_ALERTMANAGER].server, SERVER_PLAIN, "/api/v2/status", NULL,
			   on_status, g);
	}
}

/* --- what they say --------------------------------------------------------------------------- */

/* Without an interval of the scrapes nothing is sure, and nothing impossible. */
static void judge_length(json_t *e, uint64_t scrape_ns, uint64_t fault_ns)
{
	struct mon_needs needs;

	if (!scrape_ns) {
		(void)json_object_set_new(e, "can_fire",
					  json_string(mon_can_name(MON_CAN_PERHAPS)));
		return;
	}
	set_ns(e, "scrape_interval_ns", scrape_ns);
	/* What a recording rule makes of a sample comes one more evaluation later. */
	needs = mon_needs_of(scrape_ns + ns_at(e, "recorded_ns"), ns_at(e, "interval_ns"),
			     ns_at(e, "for_ns"));
	set_ns(e, "needs_ns", needs.guaranteed_ns);
	set_ns(e, "impossible_below_ns", needs.impossible_ns);
	(void)json_object_set_new(e, "can_fire",
				  json_string(mon_can_name(mon_can_fire(&needs, fault_ns))));
}

static void judge_entry(const struct mon_gather *g, json_t *e, uint64_t fault_ns)
{
	uint64_t scrape_ns = ns_at(e, "scrape_interval_ns");

	judge_length(e, scrape_ns ? scrape_ns : g->all.scrape_ns, fault_ns);
	if (g->m->routes) {
		ord_auto(json) json_t *labels = json_copy(json_object_get(e, "labels"));
		struct mon_route route;

		if (!labels)
			labels = json_object();
		(void)json_object_set(labels, "alertname", json_object_get(e, "alert"));
		route = mon_routes_find(g->m->routes, labels, false);
		(void)json_object_set_new(e, "route", mon_route_json(&route));
	}
}

static void note_length(struct ord_monitor *m, const json_t *e, uint64_t fault_ns)
{
	const char *name = text_at(e, "alert"), *can = text_at(e, "can_fire");
	uint64_t wait = ns_at(json_object_get(e, "route"), "group_wait_ns");
	uint64_t needs = ns_at(e, "needs_ns");
	char planned[32], sure[32], never[32];

	if (!needs) {
		mon_note(m,
			 "whether %s can fire cannot be told: Prometheus has no target yet that "
			 "says how often it is scraped",
			 name);
		return;
	}
	(void)ord_format_duration((int64_t)fault_ns, planned);
	(void)ord_format_duration((int64_t)needs, sure);
	(void)ord_format_duration((int64_t)ns_at(e, "impossible_below_ns"), never);
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
	const char *name = text_at(e, "alert"), *health = text_at(e, "health");

	note_length(m, e, fault_ns);
	if (json_is_true(json_object_get(e, "already")))
		mon_note(m, "%s is %s already: what it does is no detection of this fault", name,
			 text_at(e, "state"));
	if (strchr(text_at(e, "query"), '['))
		mon_note(m,
			 "%s looks back over a window: only its `for` is judged, not how long the "
			 "window takes to show the fault",
			 name);
	if (strcmp(health, "ok") != 0)
		mon_note(m, "the rule of %s is not healthy (%s): %s", name, health,
			 text_at(e, "error"));
}

/* A named alert that no rule makes. */
static void note_missing(struct ord_monitor *m, const json_t *rules, const char *name)
{
	const char *names[RULES_MAX], *near;
	const json_t *e;
	size_t i, n = 0;

	json_array_foreach (rules, i, e) {
		if (!strcmp(text_at(e, "alert"), name))
			return;
		if (n < RULES_MAX)
			names[n++] = text_at(e, "alert");
	}
	near = ord_nearest(name, names, n);
	mon_note(m, "Prometheus has no rule for the alert '%s'%s%s%s", name,
		 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* Others that fire already, in one note. */
static void note_others(struct ord_monitor *m, const json_t *rules)
{
	char text[400] = "";
	size_t i, n = 0, used = 0;
	const json_t *e;

	json_array_foreach (rules, i, e) {
		if (json_is_true(json_object_get(e, "named")) ||
		    strcmp(text_at(e, "state"), "firing") != 0)
			continue;
		if (n++ < 8 && used < sizeof text)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%.40s",
						 n > 1 ? ", " : "", text_at(e, "alert"));
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
		if (json_is_true(json_object_get(e, "named")))
			note_named(m, e, fault_ns);
	for (size_t c = 0; c < m->n_channels; c++) {
		size_t before = 0;

		while (strcmp(m->channels[before].alert.name, m->channels[c].alert.name) != 0)
			before++;
		if (before == c)
			note_missing(m, rules, m->channels[c].alert.name);
	}
	note_others(m, rules);
}

/* The grid of those that matter: the named ones, or all. */
static void set_grid(struct mon_gather *g)
{
	struct ord_monitor_grid grid = {0};
	const json_t *e;
	size_t i;

	json_array_foreach (g->rules, i, e) {
		uint64_t scrape = ns_at(e, "scrape_interval_ns"), every = ns_at(e, "interval_ns");

		if (!json_is_true(json_object_get(e, "named")))
			continue;
		grid.scrape_ns = scrape > grid.scrape_ns ? scrape : grid.scrape_ns;
		grid.evaluation_ns = every > grid.evaluation_ns ? every : grid.evaluation_ns;
	}
	g->m->grid = grid.evaluation_ns ? grid : g->all;
}

/* The line, without its beginning; owned. */
static json_t *assemble(struct mon_gather *g)
{
	uint64_t fault_ns = mon_fault_length(g->m->plan);
	json_t *line = json_pack("{s:s, s:O, s:I}", "source", "prometheus", "rules", g->rules,
				 "fault_ns", (json_int_t)fault_ns);
	json_t *e;
	size_t i;

	json_array_foreach (g->rules, i, e)
		judge_entry(g, e, fault_ns);
	set_grid(g);
	if (line && g->m->routes) {
		struct mon_route root = mon_routes_find(g->m->routes, NULL, false);

		(void)json_object_set_new(line, "route", mon_route_json(&root));
	}
	return line;
}

/* What changes from look to look is no change of the rules. */
static bool same_rules(const json_t *a, const json_t *b)
{
	static const char *const moving[] = {"state", "last_evaluation", "already", "health",
					     "error"};
	ord_auto(json) json_t *x = json_deep_copy(a), *y = json_deep_copy(b);
	json_t *e;
	size_t i;

	json_array_foreach (json_object_get(x, "rules"), i, e)
		for (size_t k = 0; k < ORD_COUNT(moving); k++)
			(void)json_object_del(e, moving[k]);
	json_array_foreach (json_object_get(y, "rules"), i, e)
		for (size_t k = 0; k < ORD_COUNT(moving); k++)
			(void)json_object_del(e, moving[k]);
	return json_equal(x, y);
}

static void tell_rules(struct mon_gather *g)
{
	struct ord_monitor *m = g->m;
	ord_auto(json) json_t *line = NULL;
	bool first = !m->rules;

	if (!g->rules || !(line = assemble(g)) || (!first && same_rules(line, m->rules)))
		return;
	if (!first)
		mon_note(m, "the rules of Prometheus are not those that they were");
	json_decref(m->rules);
	m->rules = json_incref(line);
	note_all(m, g->rules, mon_fault_length(m->plan));
	if (m->sink.line) {
		json_t *told = json_deep_copy(line);

		(void)json_object_set_new(told, "rep", json_integer((json_int_t)m->rep));
		m->sink.line(m->sink.arg, "rules", told, ord_now_ns());
	}
}

/* The last answer of a round: what is there is asked about, or told. */
static void answered(struct mon_gather *g)
{
	struct ord_monitor *m = g->m;

	if (--g->waits)
		return;
	if (!g->of_jobs) {
		g->of_jobs = true;
		g->waits = 1;
		ask_named_jobs(g);
		answered(g);
		return;
	}
	tell_rules(g);
	mon_gather_free(m);
}

void mon_gather_free(struct ord_monitor *m)
{
	struct mon_gather *g = ord_steal_ptr(m->gather);

	if (!g)
		return;
	while (g->selecting) {
		struct selecting *next = g->selecting->next;

		json_decref(g->selecting->entry);
		free(g->selecting);
		g->selecting = next;
	}
	json_decref(g->rules);
	json_decref(g->recorded);
	json_decref(g->jobs);
	free(g);
}

int mon_rules_again(struct ord_monitor *m, struct ord_err *err)
{
	struct mon_gather *g;

	if (m->gather)
		return 0;
	g = m->gather = calloc(1, sizeof *g);
	if (!g)
		return ord_fail_nomem(err);
	*g = (struct mon_gather){
		.m = m, .waits = 1, .recorded = json_object(), .jobs = json_object()};
	if (!g->recorded || !g->jobs) {
		mon_gather_free(m);
		return ord_fail_nomem(err);
	}
	ask_rules(g);
	answered(g);
	return 0;
}

/* --- waiting for it -------------------------------------------------------------------------- */

static bool idle(void *arg)
{
	return !wire_busy(((struct ord_monitor *)arg)->wire);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* When so many questions, one after the other, must have had their answers. */
static uint64_t patience(const struct ord_monitor *m, unsigned rounds)
{
	uint64_t a = m->poll[0].server.spec->timeout_ns, b = m->poll[1].server.spec->timeout_ns;

	return ord_now_ns() + rounds * ((a > b ? a : b) + SLACK_NS);
}

/* Alertmanager's clock shows whole seconds: looks all over one of them narrow it down. */
static void read_clocks(struct ord_monitor *m)
{
	struct mon_poll *prometheus = &m->poll[MON_PROMETHEUS], *am = &m->poll[MON_ALERTMANAGER];
	uint64_t from = ord_now_ns(), deadline = patience(m, 1);

	for (unsigned i = 0; i < LOOKS && ord_now_ns() < deadline; i++) {
		bool exact = prometheus->server.spec->url && i < LOOKS_EXACT &&
			     (!i || prometheus->server.clock.known);
		bool whole = am->server.spec->url && (!i || am->server.clock.known);

		if (!exact && !whole)
			break;
		if (exact)
			mon_ask_clock(prometheus);
		if (whole)
			mon_ask_clock(am);
		(void)wire_wait(m->wire, idle, m, patience(m, 1));
		if (whole)
			(void)wire_wait(m->wire, never, m, from + (i + 1) * LOOK_NS);
	}
}

static bool gathered(void *arg)
{
	return !((struct ord_monitor *)arg)->gather;
}

int mon_gather(struct ord_monitor *m, struct ord_err *err)
{
	read_clocks(m);
	if (mon_rules_again(m, err))
		return -1;
	if (!wire_wait(m->wire, gathered, m, patience(m, 2))) {
		for (size_t i = 0; i < ORD_COUNT(m->poll); i++)
			server_drop(&m->poll[i].server);
		mon_gather_free(m);
	}
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++)
		mon_tell_clock(&m->poll[i]);
	return 0;
}
