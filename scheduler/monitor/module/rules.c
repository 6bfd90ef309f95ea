/* The rules, and what is needed to judge them: asked for before the first fault and again with each
 * repetition. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/monitor/module/member.h"
#include "scheduler/monitor/module/monitor.h"
#include "scheduler/monitor/read/promql.h"
#include "scheduler/monitor/read/scrapes.h"

#define RULES_MAX 500 /* of a line */
#define NAMED_MAX 100 /* beside them; each is asked about */
#define PEERS_MAX 64
#define QUERY_MAX (MON_SELECTOR + 64)

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
	json_t *pools; /* the same by the job's name in the configuration, of jobs with targets */
	struct mon_scrapes configured; /* jobs; none: the configuration is not known */
	char config_why[SERVER_WHY];   /* "": it was told */
	struct ord_monitor_grid all;   /* whoever it is */
};

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

			if (!strcmp(a->name, mon_text_at(rule, "name")) &&
			    (a->alertmanager ||
			     mon_labels_match(a, json_object_get(alert, "labels"))))
				return true;
		}
	return false;
}

static json_t *entry_of(const struct ord_monitor *m, const json_t *group, const json_t *rule)
{
	const char *name = mon_text_at(rule, "name"), *state = mon_text_at(rule, "state");
	bool named = mon_named(m, name);
	json_t *e =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "alert", name, "group",
			  mon_text_at(group, "name"), "state", state, "health",
			  mon_text_at(rule, "health"), "query", mon_text_at(rule, "query"),
			  "last_evaluation", mon_text_at(rule, "lastEvaluation"), "named", named,
			  "already", named ? already(m, rule) : strcmp(state, "inactive") != 0);

	if (!e)
		return NULL;
	mon_set_ns(e, "interval_ns",
		   mon_seconds(json_number_value(json_object_get(group, "interval"))));
	mon_set_ns(e, "for_ns", mon_seconds(json_number_value(json_object_get(rule, "duration"))));
	mon_set_ns(e, "keep_firing_ns",
		   mon_seconds(json_number_value(json_object_get(rule, "keepFiringFor"))));
	(void)json_object_set(e, "labels", json_object_get(rule, "labels"));
	if (*mon_text_at(rule, "lastError")) {
		char error[SERVER_WHY];

		server_told(&m->poll[MON_PROMETHEUS].server, mon_text_at(rule, "lastError"), error);
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
		const char *name = mon_text_at(rule, "name");

		if (!strcmp(mon_text_at(rule, "type"), "recording")) {
			mon_lengthen(g->recorded, name, interval);
			continue;
		}
		if (interval > g->all.evaluation_ns)
			g->all.evaluation_ns = interval;
		if (mon_named(g->m, name) && json_array_size(g->rules) < RULES_MAX + NAMED_MAX)
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
		const char *job = mon_text_at(json_object_get(target, "labels"), "job");
		const char *pool = mon_text_at(target, "scrapePool");
		uint64_t ns;

		if (mon_duration(mon_text_at(target, "scrapeInterval"), &ns))
			continue;
		mon_lengthen(g->jobs, job, ns);
		mon_lengthen(g->pools, *pool ? pool : job, ns);
		if (ns > g->all.scrape_ns)
			g->all.scrape_ns = ns;
	}
	answered(g);
}

static void on_config(void *arg, const struct server_answer *a)
{
	struct mon_gather *g = arg;
	const char *yaml = mon_text_at(a->value, "yaml");
	struct ord_err err = {0};

	if (a->why)
		(void)snprintf(g->config_why, sizeof g->config_why, "%s", a->why);
	else if (mon_scrapes_parse(yaml, strlen(yaml), &g->configured, &err))
		(void)snprintf(g->config_why, sizeof g->config_why, "%.200s", err.msg);
	answered(g);
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The peers notify in the order of their names: how many are before this one? */
static void read_cluster(struct ord_monitor *m, const json_t *cluster)
{
	const char *names[PEERS_MAX], *own = mon_text_at(cluster, "name");
	const json_t *peer;
	size_t i, n = 0;

	json_array_foreach (json_object_get(cluster, "peers"), i, peer)
		if (n < PEERS_MAX)
			names[n++] = mon_text_at(peer, "name");
	qsort(names, n, sizeof *names, by_name);
	m->n_peers = n;
	m->n_before = 0;
	for (i = 0; i < n; i++)
		if (!strcmp(names[i], own))
			m->n_before = i;
}

static void on_status(void *arg, const struct server_answer *a)
{
	struct mon_gather *g = arg;
	const char *yaml = mon_text_at(json_object_get(a->value, "config"), "original");
	struct mon_routes *routes = NULL;
	struct ord_err err = {0};

	if (!a->why)
		read_cluster(g->m, json_object_get(a->value, "cluster"));
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
		mon_lengthen(s->entry, "scrape_interval_ns",
			     mon_ns_at(s->g->jobs,
				       mon_text_at(json_object_get(series, "metric"), "job")));
	answered(s->g);
}

/* --- questions ------------------------------------------------------------------------------- */

static void ask_jobs(struct mon_gather *g, json_t *entry)
{
	struct mon_selectors selectors;
	struct mon_poll *p = &g->m->poll[MON_PROMETHEUS];

	if (mon_selectors_of(mon_text_at(entry, "query"), &selectors))
		return;
	for (size_t i = 0; i < selectors.n; i++) {
		char query[QUERY_MAX], metric[MON_SELECTOR];
		struct selecting *s = calloc(1, sizeof *s);

		if (!s)
			return;
		(void)snprintf(metric, sizeof metric, "%.*s", (int)strcspn(selectors.v[i], "{"),
			       selectors.v[i]);
		mon_lengthen(entry, "recorded_ns", mon_ns_at(g->recorded, metric));
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
		if (mon_true_at(entry, "named"))
			ask_jobs(g, entry);
}

static void ask_rules(struct mon_gather *g)
{
	struct ord_monitor *m = g->m;

	if (m->poll[MON_PROMETHEUS].server.spec->url) {
		static const struct server_param active[] = {{"state", "active"}, {NULL, NULL}};
		struct server *s = &m->poll[MON_PROMETHEUS].server;

		g->waits += 3;
		server_ask(s, SERVER_PROMETHEUS, "/api/v1/rules", NULL, on_rules, g);
		server_ask(s, SERVER_PROMETHEUS, "/api/v1/targets", active, on_targets, g);
		server_ask(s, SERVER_PROMETHEUS, "/api/v1/status/config", NULL, on_config, g);
	}
	if (m->poll[MON_ALERTMANAGER].server.spec->url) {
		g->waits++;
		server_ask(&m->poll[MON_ALERTMANAGER].server, SERVER_PLAIN, "/api/v2/status", NULL,
			   on_status, g);
	}
}

/* --- rounds --------------------------------------------------------------------------------- */

/*
 * Jobs without a target yet, and targets of a Prometheus that is too old to tell their intervals.
 * Where there are jobs whose configuration is not told, the longest interval is not known either.
 */
static void take_configured(struct mon_gather *g)
{
	for (size_t i = 0; i < g->configured.n; i++) {
		const struct mon_scrape *s = &g->configured.v[i];

		if (mon_ns_at(g->pools, s->job))
			continue;
		mon_lengthen(g->jobs, s->job, s->interval_ns);
		if (!g->configured.more && s->interval_ns > g->all.scrape_ns)
			g->all.scrape_ns = s->interval_ns;
	}
	if (!g->all.scrape_ns && *g->config_why)
		mon_note(g->m, "%s did not tell its configuration: %s",
			 g->m->poll[MON_PROMETHEUS].server.name, g->config_why);
}

static void tell(struct mon_gather *g)
{
	ord_auto(json) json_t *line = g->rules ? mon_rules_judge(g->m, g->rules, &g->all) : NULL;

	mon_cluster_tell(g->m);
	if (line)
		mon_rules_tell(g->m, line);
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
		take_configured(g);
		ask_named_jobs(g);
		answered(g);
		return;
	}
	tell(g);
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
	json_decref(g->pools);
	mon_scrapes_done(&g->configured);
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
	*g = (struct mon_gather){.m = m,
				 .waits = 1,
				 .recorded = json_object(),
				 .jobs = json_object(),
				 .pools = json_object()};
	if (!g->recorded || !g->jobs || !g->pools) {
		mon_gather_free(m);
		return ord_fail_nomem(err);
	}
	ask_rules(g);
	answered(g);
	return 0;
}
