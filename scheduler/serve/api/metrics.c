#include "scheduler/serve/api/metrics.h"

#include <inttypes.h>
#include <string.h>

/* The place of a word, made where there is room for it. */
static size_t place_of(struct api_counts *c, const char *word)
{
	size_t i = 0;

	while (i < c->n && strcmp(c->v[i].word, word) != 0)
		i++;
	if (i < c->n)
		return i;
	/* The last place is for all that are too many. */
	if (c->n >= API_COUNTED_MAX - 1 || strlen(word) >= sizeof c->v[i].word) {
		i = API_COUNTED_MAX - 1;
		word = "other";
		c->n = API_COUNTED_MAX;
	} else {
		c->n++;
	}
	memcpy(c->v[i].word, word, strlen(word) + 1);
	return i;
}

void api_count(struct api_counts *c, const char *word, uint64_t by)
{
	c->v[place_of(c, word)].n += by;
}

void api_metrics_answered(struct api_metrics *m, unsigned status)
{
	char class[] = "0xx";

	class[0] = (char)('0' + status / 100 % 10);
	api_count(&m->answers, class, 1);
}

/* By exit code, as the history has them; who was killed has none. */
static const char *const verdicts[7] = {"passed",   "failed",	    "refused", "aborted",
					"unsteady", "inconclusive", "error"};

void api_metrics_event(struct api_metrics *m, const char *type, const json_t *data)
{
	json_int_t exit = json_integer_value(json_object_get(data, "exit"));
	const char *reason = json_string_value(json_object_get(data, "reason"));
	json_int_t times = json_integer_value(json_object_get(data, "times"));

	api_count(&m->events, type, 1);
	if (!strcmp(type, "dispatched"))
		m->dispatched++;
	else if (!strcmp(type, "interrupted"))
		m->interrupted++;
	else if (!strcmp(type, "ended"))
		api_count(&m->ended, verdicts[exit >= 0 && exit < 7 ? exit : 6], 1);
	else if (!strcmp(type, "skipped"))
		api_count(&m->skipped, reason ? reason : "unknown",
			  times > 1 ? (uint64_t)times : 1);
}

/* --- OpenMetrics ------------------------------------------------------------------------------ */

/* Label values are words of ours; a version may hold anything. */
static void put_value(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			(void)fputc('\\', out);
		(void)fputc(*text == '\n' ? ' ' : *text, out);
	}
}

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t n)
{
	head(out, name, "counter", help);
	(void)fprintf(out, "%s_total %" PRIu64 "\n", name, n);
}

static void counts(FILE *out, const char *name, const char *label, const char *help,
		   const struct api_counts *c)
{
	head(out, name, "counter", help);
	for (size_t i = 0; i < c->n; i++) {
		if (!*c->v[i].word)
			continue;
		(void)fprintf(out, "%s_total{%s=\"", name, label);
		put_value(c->v[i].word, out);
		(void)fprintf(out, "\"} %" PRIu64 "\n", c->v[i].n);
	}
}

static void gauge(FILE *out, const char *name, const char *help, uint64_t n)
{
	head(out, name, "gauge", help);
	(void)fprintf(out, "%s %" PRIu64 "\n", name, n);
}

static uint64_t count_at(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static void put_seconds(uint64_t ns, FILE *out)
{
	(void)fprintf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

/* How late runs were started, as the daemon counts it. */
static void lateness(const json_t *late, FILE *out)
{
	const char *name = "ordeal_dispatch_lateness_seconds";
	json_t *bucket;
	size_t i;

	head(out, name, "histogram", "How late runs were started.");
	(void)fprintf(out, "# UNIT %s seconds\n", name);
	json_array_foreach (json_object_get(late, "buckets"), i, bucket) {
		(void)fprintf(out, "%s_bucket{le=\"", name);
		put_seconds(count_at(bucket, "le"), out);
		(void)fprintf(out, "\"} %" PRIu64 "\n", count_at(bucket, "n"));
	}
	(void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count_at(late, "n"));
	(void)fprintf(out, "%s_count %" PRIu64 "\n%s_sum ", name, count_at(late, "n"), name);
	put_seconds(count_at(late, "sum"), out);
	(void)fputc('\n', out);
}

static void build(const json_t *status, FILE *out)
{
	const char *version = json_string_value(json_object_get(status, "version"));

	head(out, "ordeal_build", "info", "What runs.");
	(void)fputs("ordeal_build_info{version=\"", out);
	put_value(version ? version : "", out);
	(void)fputs("\"} 1\n", out);
}

void api_metrics_print(const struct api_metrics *m, const struct api_gauges *now, FILE *out)
{
	const json_t *status = now->status;
	const json_t *clock = json_object_get(status, "clock");

	build(status, out);
	gauge(out, "ordeal_schedules", "Files of the folder.", count_at(status, "schedules"));
	gauge(out, "ordeal_schedules_broken", "Those that are wrong.", count_at(status, "broken"));
	gauge(out, "ordeal_runs_running", "Runs in progress.", count_at(status, "running"));
	gauge(out, "ordeal_runs_queued", "Runs that wait.", count_at(status, "queued"));
	gauge(out, "ordeal_halted", "1: nothing starts.",
	      json_is_true(json_object_get(status, "halted")));
	gauge(out, "ordeal_ready", "1: runs begin; 0: the Lease is another's.", now->ready ? 1 : 0);
	counter(out, "ordeal_runs_dispatched", "Runs that were started.", m->dispatched);
	counts(out, "ordeal_runs_ended", "verdict", "Runs that ended.", &m->ended);
	counts(out, "ordeal_runs_skipped", "reason", "Planned runs that were not started.",
	       &m->skipped);
	counter(out, "ordeal_runs_interrupted", "Runs that a restart of the daemon cut off.",
		m->interrupted);
	lateness(json_object_get(status, "lateness_ns"), out);
	counter(out, "ordeal_clock_steps", "Times that the machine's clock was set.",
		count_at(clock, "steps"));
	counts(out, "ordeal_events", "type", "What happened.", &m->events);
	head(out, "ordeal_settings_read_timestamp_seconds", "gauge",
	     "When settings, tokens and certificate were read.");
	(void)fputs("# UNIT ordeal_settings_read_timestamp_seconds seconds\n", out);
	(void)fputs("ordeal_settings_read_timestamp_seconds ", out);
	put_seconds((uint64_t)now->read_ns, out);
	(void)fputc('\n', out);
	counter(out, "ordeal_reloads_refused", "Times that newer settings were not taken.",
		m->reloads_refused);
	gauge(out, "ordeal_watchers", "Who reads events.", now->watchers);
	counter(out, "ordeal_watchers_dropped", "Watchers who read too slowly.",
		m->watchers_dropped);
	gauge(out, "ordeal_http_connections", "Connections.", now->connections);
	counts(out, "ordeal_http_answers", "class", "Answers by status.", &m->answers);
	counter(out, "ordeal_webhooks_delivered", "Events that were posted.", m->hooks_delivered);
	counter(out, "ordeal_webhooks_failed", "Events that were given up.", m->hooks_failed);
	counter(out, "ordeal_webhooks_dropped", "Events for which a queue had no room.",
		m->hooks_dropped);
	gauge(out, "ordeal_webhooks_waiting", "Events that are to be posted.", now->hooks_waiting);
	(void)fputs("# EOF\n", out);
}
