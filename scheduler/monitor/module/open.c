/* The monitor as a whole: opened, driven by the run's phases, closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/monitor/module/monitor.h"

#define SETTLE_NS (5 * ORD_S)

/* Each channel once, however often it is named. */
static int add_channel(struct ord_monitor *m, const char *text, struct ord_err *err)
{
	struct mon_channel *c = &m->channels[m->n_channels];
	struct ord_that_mistake mistake;

	for (size_t i = 0; i < m->n_channels; i++)
		if (!strcmp(m->channels[i].text, text))
			return 0;
	if (ord_alert_parse(text, &c->alert, &mistake))
		return ord_fail(err, ORD_USAGE, "%s: %s", text, mistake.text);
	c->text = text;
	m->n_channels++;
	return 0;
}

static int add_channels(struct ord_monitor *m, struct ord_err *err)
{
	for (size_t i = 0; i < m->spec->n_objectives; i++) {
		const struct ord_objective *o = &m->spec->objectives[i];

		if (o->kind == ORD_OBJECTIVE_DETECT &&
		    (o->source == ORD_CHANNEL_PROMETHEUS ||
		     o->source == ORD_CHANNEL_ALERTMANAGER) &&
		    add_channel(m, o->channel, err))
			return -1;
	}
	for (size_t i = 0; i < m->spec->n_abort; i++)
		if (*m->spec->abort[i].channel && add_channel(m, m->spec->abort[i].channel, err))
			return -1;
	return 0;
}

static int start(struct ord_monitor *m, struct ord_err *err)
{
	const struct ord_detection_spec *d = &m->spec->detection;

	if (wire_open(m->loop, &m->wire, err))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++) {
		m->poll[i].m = m;
		m->poll[i].where = (enum mon_where)i;
	}
	server_init(&m->poll[MON_PROMETHEUS].server, "prometheus", &d->prometheus, m->wire);
	server_init(&m->poll[MON_ALERTMANAGER].server, "alertmanager", &d->alertmanager, m->wire);
	m->notes = json_array();
	m->refused = json_array();
	if (!m->notes || !m->refused)
		return ord_fail_nomem(err);
	if (add_channels(m, err))
		return -1;
	return m->loop && d->webhook ? mon_webhook_open(m, d->webhook, &m->webhook, err) : 0;
}

int ord_monitor_open(const struct ord_plan *plan, struct sd_event *loop,
		     const struct ord_monitor_sink *sink, struct ord_monitor **ret,
		     struct ord_err *err)
{
	struct ord_monitor *m = calloc(1, sizeof *m);

	if (!m)
		return ord_fail_nomem(err);
	m->plan = plan;
	m->spec = plan->spec;
	m->loop = loop;
	if (sink)
		m->sink = *sink;
	else
		m->sink.anchor_ns = (int64_t)(ord_wall_ns() - ord_now_ns());
	if (start(m, err)) {
		ord_monitor_close(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void ord_monitor_close(struct ord_monitor *m)
{
	if (!m)
		return;
	mon_webhook_close(m->webhook);
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++) {
		mon_poll_stop(&m->poll[i]);
		server_done(&m->poll[i].server);
	}
	mon_gather_free(m);
	mon_scraped_free(m);
	wire_close(m->wire);
	mon_alerts_free(m);
	mon_routes_free(m->routes);
	json_decref(m->rules);
	json_decref(m->notes);
	json_decref(m->refused);
	free(m);
}

int ord_monitor_before(struct ord_monitor *m, struct ord_err *err)
{
	return mon_gather(m, err);
}

const struct ord_monitor_grid *ord_monitor_grid(const struct ord_monitor *m)
{
	return &m->grid;
}

static void begin(struct ord_monitor *m)
{
	struct ord_err err = {0};

	m->begun = true;
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++)
		if (m->poll[i].server.spec->url && mon_poll_start(&m->poll[i], &err))
			mon_note(m, "%s", err.msg);
}

void ord_monitor_repetition(struct ord_monitor *m, uint32_t rep)
{
	struct ord_err err = {0};
	bool first = !m->begun;

	m->rep = rep;
	m->rep_ns = ord_now_ns();
	for (size_t i = 0; i < m->n_channels; i++)
		m->channels[i].in_rep = false;
	if (first) {
		begin(m);
		return;
	}
	if (mon_rules_again(m, &err))
		mon_note(m, "%s", err.msg);
	for (struct mon_alert *a = m->alerts; a; a = a->next)
		if (a->where == MON_ALERTMANAGER)
			mon_presume_notified(a);
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++) {
		struct mon_poll *p = &m->poll[i];

		mon_tell_clock(p);
		if (p->up)
			mon_judge(m, (enum mon_where)i, p->sent_ns, m->rep_ns);
		else if (p->looked)
			mon_lost(p, p->why, m->rep_ns);
	}
}

void ord_monitor_after(struct ord_monitor *m, uint64_t requested_ns)
{
	if (m->poll[MON_PROMETHEUS].server.spec->url)
		mon_scraped(m, requested_ns);
}

static bool settled(void *arg)
{
	return !mon_scraped_busy(arg);
}

void ord_monitor_settle(struct ord_monitor *m)
{
	for (size_t i = 0; i < ORD_COUNT(m->poll); i++)
		mon_poll_stop(&m->poll[i]);
	(void)wire_wait(m->wire, settled, m, ord_now_ns() + SETTLE_NS);
}

int ord_monitor_rules(const struct ord_plan *plan, struct json_t **ret, struct ord_err *err)
{
	struct ord_monitor *m = NULL;
	json_t *line;

	if (ord_monitor_open(plan, NULL, NULL, &m, err))
		return -1;
	if (mon_gather(m, err)) {
		ord_monitor_close(m);
		return -1;
	}
	line = m->rules ? json_deep_copy(m->rules) : json_object();
	(void)json_object_set(line, "notes", m->notes);
	(void)json_object_set(line, "refused", m->refused);
	ord_monitor_close(m);
	*ret = line;
	return 0;
}
