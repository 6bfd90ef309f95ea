/* Alerts while a run lasts: what is asked of Prometheus and Alertmanager, and when it stops a run.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ordeal/monitor.h"
#include "scheduler/run/machine.h"

#define BLIND_NS (5 * ORD_S)

/* What abort conditions are judged by. */
static struct run_alert *alert_of(struct run *r, size_t i, const char *channel)
{
	const char *own = r->spec->abort[i].channel;

	return *own && !strcmp(own, channel) ? &r->alerts[i] : NULL;
}

static void on_changed(void *arg, const char *channel, bool so)
{
	struct run *r = arg;

	for (size_t i = 0; i < r->spec->n_abort; i++) {
		struct run_alert *a = alert_of(r, i, channel);

		if (!a)
			continue;
		a->told = true;
		a->so = so;
		a->blind_ns = 0;
	}
}

static void on_never(void *arg, const char *channel, const char *why)
{
	struct run *r = arg;

	for (size_t i = 0; i < r->spec->n_abort; i++) {
		struct run_alert *a = alert_of(r, i, channel);

		if (a)
			(void)snprintf(a->never, sizeof a->never, "%s", why);
	}
}

static void on_unknown(struct run *r, const char *channel, uint64_t at_ns)
{
	for (size_t i = 0; i < r->spec->n_abort; i++) {
		struct run_alert *a = alert_of(r, i, channel);

		if (a && !a->blind_ns)
			a->blind_ns = at_ns;
	}
}

static void on_line(void *arg, const char *e, json_t *line, uint64_t at_ns)
{
	struct run *r = arg;
	const char *channel = json_string_value(json_object_get(line, "channel"));
	const json_t *state = json_object_get(line, "state");

	if (channel && !strcmp(e, "channel") && json_is_null(state))
		on_unknown(r, channel, at_ns);
	else if (channel && !strcmp(e, "channel"))
		on_changed(r, channel, json_is_true(state));
	if (line && !json_object_get(line, "rep"))
		(void)json_object_set_new(line, "rep", json_integer((json_int_t)r->rep));
	run_timeline_line(r->tl, e, line);
}

int run_monitor_open(struct run *r, uint64_t mono_ns, struct ord_err *err)
{
	const struct ord_monitor_sink sink = {.line = on_line,
					      .changed = on_changed,
					      .never = on_never,
					      .arg = r,
					      .mono_ns = mono_ns,
					      .anchor_ns = r->anchor_ns};

	if (!ord_monitor_wanted(r->plan))
		return 0;
	if (ord_monitor_open(r->plan, r->loop, &sink, &r->monitor, err) < 0)
		return -1;
	return ord_monitor_before(r->monitor, err);
}

void run_monitor_repetition(struct run *r)
{
	r->inject_ns = 0;
	if (r->monitor)
		ord_monitor_repetition(r->monitor, r->rep);
}

void run_monitor_after(struct run *r)
{
	if (r->monitor && r->inject_ns)
		ord_monitor_after(r->monitor, r->inject_ns);
	r->inject_ns = 0;
}

void run_monitor_settle(struct run *r)
{
	run_monitor_after(r); /* where it was stopped before the recovery was over */
	if (r->monitor)
		ord_monitor_settle(r->monitor);
}

void run_monitor_close(struct run *r)
{
	ord_monitor_close(r->monitor);
	r->monitor = NULL;
}

uint64_t run_monitor_period(const struct run *r)
{
	const struct ord_monitor_grid *grid = r->monitor ? ord_monitor_grid(r->monitor) : NULL;

	if (!grid)
		return 0;
	return grid->scrape_ns > grid->evaluation_ns ? grid->scrape_ns : grid->evaluation_ns;
}

/* How long it may go unasked: three looks and an answer's time. */
static uint64_t patience(const struct run *r, const struct ord_condition *c)
{
	const struct ord_detection_spec *d = &r->spec->detection;
	const struct ord_source_spec *s = *c->channel == 'a' ? &d->alertmanager : &d->prometheus;
	uint64_t ns = 3 * s->every_ns + s->timeout_ns;

	return ns > BLIND_NS ? ns : BLIND_NS;
}

void run_monitor_guard(struct run *r, size_t abort, uint64_t now)
{
	const struct ord_condition *c = &r->spec->abort[abort];
	const struct run_alert *a = &r->alerts[abort];
	uint64_t blind_ns = a->told ? a->blind_ns : r->started_ns;
	char text[ORD_SENTENCE_MAX + sizeof a->never];

	if (a->told && a->so) {
		run_abort(r, "condition", now, c->text);
	} else if (*a->never) {
		(void)snprintf(text, sizeof text, "%s: it never can be: %s", c->text, a->never);
		run_abort(r, "condition", now, text);
	} else if (blind_ns && now - blind_ns > patience(r, c)) {
		(void)snprintf(text, sizeof text, "%s: it could not be asked%s", c->text,
			       a->told ? " any more" : "");
		run_abort(r, "condition", now, text);
	}
}

static bool can_act(const struct run_alert *a)
{
	return a->told && !a->blind_ns && !*a->never;
}

bool run_monitor_guarded(const struct run *r)
{
	for (size_t i = 0; i < r->spec->n_abort; i++)
		if (*r->spec->abort[i].channel && !can_act(&r->alerts[i]))
			return false;
	return true;
}
