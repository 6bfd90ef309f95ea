/*
 * Afterwards: which scrape was the first to make a rule's expression true? The expression is asked
 * for over the time from the fault's request on, in steps of a scrape; then, within the step in
 * which it became true, at each instant at which one of its series was scraped.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/monitor/module/monitor.h"
#include "scheduler/monitor/read/promql.h"

#define STEPS_MAX   5000 /* Prometheus gives 11,000 points at most */
#define SCRAPES_MAX 48	 /* that are asked about */
/* A scrape's stamp is its beginning, cut to milliseconds and moved to its grid by at most 2 ms. */
#define MOVED_NS (2 * (int64_t)ORD_MS)

struct scrape {
	struct mon_job *job;
	int64_t at_ns; /* Prometheus's time */
	bool asked, is_true;
};

struct mon_job {
	struct ord_monitor *m;
	struct mon_job *next;
	char name[ORD_ALERT_NAME];
	uint32_t rep;
	json_t *labels; /* owned; of the alert that became pending, NULL: none did */
	char *query;	/* owned */
	uint64_t scrape_ns;
	int64_t from_ns, to_ns; /* Prometheus's time */
	unsigned waits;		/* answers that have not come */
	bool of_scrapes;	/* the last round */
	bool over;
	size_t n;
	struct scrape v[SCRAPES_MAX];
};

static void answered(struct mon_job *j);

static struct mon_poll *prometheus(const struct mon_job *j)
{
	return (struct mon_poll *)(uintptr_t)&j->m->poll[MON_PROMETHEUS];
}

/* Whether a series of the answer may be the alert's: no label that both have differs. */
static bool ours(const struct mon_job *j, const json_t *series)
{
	const char *name;
	json_t *value;

	json_object_foreach (json_object_get(series, "metric"), name, value) {
		const json_t *its = json_object_get(j->labels, name);

		if (its && !json_equal(its, value))
			return false;
	}
	return true;
}

/* --- the third round: true at which scrape? -------------------------------------------------- */

static void on_instant(void *arg, const struct server_answer *a)
{
	struct scrape *s = arg;
	const json_t *series;
	size_t i;

	json_array_foreach (a->why ? NULL : json_object_get(a->value, "result"), i, series)
		s->is_true = s->is_true || ours(s->job, series);
	answered(s->job);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = ((const struct scrape *)a)->at_ns, y = ((const struct scrape *)b)->at_ns;

	return x < y ? -1 : x > y;
}

static void ask_instants(struct mon_job *j)
{
	qsort(j->v, j->n, sizeof j->v[0], by_time);
	for (size_t i = 0; i < j->n; i++) {
		j->v[i].asked = true;
		j->waits++;
		server_query(&prometheus(j)->server, j->query, j->v[i].at_ns, on_instant, &j->v[i]);
	}
}

static void tell(struct mon_job *j)
{
	const struct mon_poll *p = prometheus(j);
	const struct scrape *s = j->v, *end = j->v + j->n;
	struct mon_alert a = {.m = j->m, .name = j->name, .labels = j->labels};
	struct mon_instant at;
	uint32_t rep = j->m->rep;
	char text[32];

	while (s < end && !s->is_true)
		s++;
	if (s == end)
		return;
	ord_format_utc((uint64_t)s->at_ns, text);
	at = mon_instant_of(p,
			    &(struct mon_stamp){.ns = s->at_ns,
						.early_ns = MOVED_NS,
						.late_ns = MOVED_NS + (int64_t)ORD_MS,
						.text = text},
			    p->sent_ns, p->done_ns);
	j->m->rep = j->rep; /* the repetition may be the next by now */
	mon_tell_stage(j->m, &a, "scraped", &at, NULL, ord_now_ns());
	j->m->rep = rep;
}

/* --- the second: when was it scraped? -------------------------------------------------------- */

static void add_scrape(struct mon_job *j, int64_t at_ns)
{
	if (at_ns <= j->from_ns || at_ns > j->to_ns || j->n == SCRAPES_MAX)
		return;
	for (size_t i = 0; i < j->n; i++)
		if (j->v[i].at_ns == at_ns)
			return;
	j->v[j->n++] = (struct scrape){.job = j, .at_ns = at_ns};
}

/* A matrix of raw samples: [{"values": [[time, "value"], ...]}, ...] */
static void on_raw(void *arg, const struct server_answer *a)
{
	struct mon_job *j = arg;
	const json_t *series, *sample;
	size_t i, k;

	json_array_foreach (a->why ? NULL : json_object_get(a->value, "result"), i, series)
		json_array_foreach (json_object_get(series, "values"), k, sample)
			add_scrape(j, server_stamp(json_array_get(sample, 0)));
	answered(j);
}

static void ask_raw(struct mon_job *j)
{
	struct mon_selectors selectors;
	int64_t ms = (j->to_ns - j->from_ns) / (int64_t)ORD_MS + 1;

	if (mon_selectors_of(j->query, &selectors))
		return;
	for (size_t i = 0; i < selectors.n; i++) {
		char query[MON_SELECTOR + 40];

		(void)snprintf(query, sizeof query, "%s[%" PRId64 "ms]", selectors.v[i], ms);
		j->waits++;
		server_query(&prometheus(j)->server, query, j->to_ns, on_raw, j);
	}
}

/* --- the first: in which step? --------------------------------------------------------------- */

/* The steps at which it was true, of all series that may be the alert's, as a sorted list is not
 * needed: the window ends with the first of them that has none right before it. */
static int64_t first_true(const struct mon_job *j, const json_t *result, int64_t step_ns)
{
	const json_t *series, *sample;
	int64_t first = INT64_MAX;
	size_t i, k;

	json_array_foreach (result, i, series) {
		int64_t before = 0, began = INT64_MAX;

		if (!ours(j, series))
			continue;
		json_array_foreach (json_object_get(series, "values"), k, sample) {
			int64_t at = server_stamp(json_array_get(sample, 0));

			if (!at)
				continue;
			/* With an alert: the last time it became true; else the first. */
			if (at - before > step_ns + step_ns / 2 &&
			    (j->labels || began == INT64_MAX))
				began = at;
			before = at;
		}
		first = began < first ? began : first;
	}
	return first;
}

static void on_range(void *arg, const struct server_answer *a)
{
	struct mon_job *j = arg;
	int64_t step = (int64_t)j->scrape_ns, first = INT64_MAX;

	if (!a->why)
		first = first_true(j, json_object_get(a->value, "result"), step);
	if (first != INT64_MAX) {
		j->from_ns = first - step > j->from_ns ? first - step : j->from_ns;
		j->to_ns = first;
	} else if (j->labels && !a->why) {
		j->from_ns = j->to_ns - step > j->from_ns ? j->to_ns - step : j->from_ns;
	} else {
		j->over = true;
	}
	answered(j);
}

/* --- rounds ---------------------------------------------------------------------------------- */

static void answered(struct mon_job *j)
{
	if (--j->waits)
		return;
	if (!j->over && !j->n && !j->of_scrapes) {
		j->of_scrapes = true;
		j->waits = 1;
		ask_raw(j);
		answered(j);
		return;
	}
	if (!j->over && j->n && !j->v[0].asked) {
		j->waits = 1;
		ask_instants(j);
		answered(j);
		return;
	}
	if (!j->over)
		tell(j);
	j->over = true;
}

static void job_free(struct mon_job *j)
{
	json_decref(j->labels);
	free(j->query);
	free(j);
}

/* When it fired, or else when it was pending, in this time; INT64_MAX: it was neither. */
static int64_t came(const struct mon_alert *a, enum ord_alert_stage stage, uint64_t requested_ns)
{
	const struct mon_instant *at = &a->at[stage];

	return at->lo && at->hi >= (int64_t)requested_ns ? at->lo : INT64_MAX;
}

/* The alert of that name that fired first, or became pending first where none fired: a report
 * follows the same one. */
static const struct mon_alert *pending_since(const struct ord_monitor *m, const char *name,
					     uint64_t requested_ns)
{
	static const enum ord_alert_stage stages[] = {ORD_ALERT_FIRING, ORD_ALERT_PENDING};
	const struct mon_alert *first = NULL;

	for (size_t i = 0; !first && i < ORD_COUNT(stages); i++)
		for (const struct mon_alert *a = m->alerts; a; a = a->next) {
			int64_t at = came(a, stages[i], requested_ns);

			if (a->where == MON_PROMETHEUS && !strcmp(a->name, name) &&
			    at < INT64_MAX && (!first || at < came(first, stages[i], requested_ns)))
				first = a;
		}
	return first;
}

static void begin(struct ord_monitor *m, const json_t *rule, uint64_t requested_ns)
{
	const char *name = json_string_value(json_object_get(rule, "alert"));
	const char *query = json_string_value(json_object_get(rule, "query"));
	const struct mon_alert *a = pending_since(m, name, requested_ns);
	const struct mon_poll *p = &m->poll[MON_PROMETHEUS];
	struct mon_job *j = calloc(1, sizeof *j);
	uint64_t least;

	if (!j)
		return;
	*j = (struct mon_job){.m = m, .next = m->jobs, .rep = m->rep, .waits = 1};
	m->jobs = j;
	(void)snprintf(j->name, sizeof j->name, "%s", name);
	j->query = strdup(query);
	j->labels = a ? json_deep_copy(a->labels) : NULL;
	j->from_ns = mon_server_time(p, requested_ns);
	j->to_ns = mon_server_time(p, a ? (uint64_t)a->at[ORD_ALERT_PENDING].hi : ord_now_ns());
	least = (uint64_t)(j->to_ns - j->from_ns) / STEPS_MAX;
	j->scrape_ns = (uint64_t)json_integer_value(json_object_get(rule, "scrape_interval_ns"));
	j->scrape_ns = j->scrape_ns > least ? j->scrape_ns : least;
	j->scrape_ns = j->scrape_ns > ORD_MS ? j->scrape_ns : ORD_S;
	if (!j->query || j->to_ns <= j->from_ns) {
		j->over = true;
		return;
	}
	server_range(&m->poll[MON_PROMETHEUS].server, j->query, j->from_ns, j->to_ns, j->scrape_ns,
		     on_range, j);
}

void mon_scraped(struct ord_monitor *m, uint64_t requested_ns)
{
	const json_t *rule;
	size_t i;

	json_array_foreach (json_object_get(m->rules, "rules"), i, rule)
		if (json_is_true(json_object_get(rule, "named")))
			begin(m, rule, requested_ns);
}

bool mon_scraped_busy(const struct ord_monitor *m)
{
	for (const struct mon_job *j = m->jobs; j; j = j->next)
		if (!j->over)
			return true;
	return false;
}

void mon_scraped_free(struct ord_monitor *m)
{
	while (m->jobs) {
		struct mon_job *next = m->jobs->next;

		job_free(m->jobs);
		m->jobs = next;
	}
}
