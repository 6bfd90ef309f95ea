/* One look at Prometheus: /api/v1/alerts, and when what fires there began to. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/monitor/module/member.h"
#include "scheduler/monitor/module/monitor.h"
#include "scheduler/monitor/read/promql.h"

#define TRIES	  3
#define QUERY_MAX 8192

static void firing_known(struct mon_alert *a, const struct mon_instant *at)
{
	struct ord_monitor *m = a->m;
	const struct mon_poll *p = &m->poll[MON_PROMETHEUS];

	a->at[ORD_ALERT_FIRING] = *at;
	mon_tell_stage(m, a, "firing", at, NULL, (uint64_t)ord_now_ns());
	mon_judge(m, MON_PROMETHEUS, p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);
}

/*
 * The first sample of ALERTS{alertstate="firing"} since it is pending: that is the evaluation. A
 * matrix of one series, values [[time, "1"], ...].
 */
static void on_samples(void *arg, const struct server_answer *answer)
{
	struct mon_alert *a = arg;
	const struct mon_poll *p = &a->m->poll[MON_PROMETHEUS];
	const json_t *series = json_array_get(json_object_get(answer->value, "result"), 0);
	const json_t *sample = json_array_get(json_object_get(series, "values"), 0);
	int64_t stamp = answer->why ? 0 : server_stamp(json_array_get(sample, 0));
	struct mon_instant at;
	char text[32];

	a->asking = false;
	if (!a->firing || a->at[ORD_ALERT_FIRING].known)
		return;
	if (stamp) {
		ord_format_utc((uint64_t)stamp, text);
		at = mon_instant_of(
			p, &(struct mon_stamp){.ns = stamp, .late_ns = ORD_MS, .text = text},
			p->sent_ns, p->done_ns);
		firing_known(a, &at);
	} else if (++a->tries >= TRIES) {
		firing_known(a, &a->looked);
	}
}

static int selector_of(const struct mon_alert *a, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "ALERTS{alertstate=\"firing\"");
	char quoted[1024];
	const char *name;
	const json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)a->labels, name, value) {
		if (!json_is_string(value) ||
		    mon_quote(json_string_value(value), sizeof quoted, quoted))
			return -1;
		n += (size_t)snprintf(out + n, size - n, ",%s=\"%s\"", name, quoted);
		if (n >= size)
			return -1;
	}
	return 0;
}

/* Behind the alert's activeAt nothing older than this occurrence is in the window. */
static void ask_when(struct mon_poll *p, struct mon_alert *a)
{
	char query[QUERY_MAX], selector[QUERY_MAX - 64];
	int64_t now = mon_server_time(p, p->done_ns), since;

	since = (int64_t)p->done_ns - a->at[ORD_ALERT_PENDING].lo;
	if (!a->at[ORD_ALERT_PENDING].known || selector_of(a, selector, sizeof selector)) {
		firing_known(a, &a->looked);
		return;
	}
	(void)snprintf(query, sizeof query, "%s}[%lldms]", selector,
		       (long long)(since / (int64_t)ORD_MS + 1));
	a->asking = true;
	server_query(&p->server, query, now, on_samples, a);
}

static void pending_seen(struct mon_poll *p, struct mon_alert *a, const json_t *entry)
{
	const char *stamp = mon_text_at(entry, "activeAt");
	struct mon_instant *at = &a->at[ORD_ALERT_PENDING];
	int64_t ns;

	if (ord_parse_utc(stamp, &ns))
		*at = mon_between(p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);
	else
		*at = mon_instant_of(p, &(struct mon_stamp){.ns = ns, .text = stamp}, p->sent_ns,
				     p->done_ns);
	a->pending = true;
	mon_tell_stage(p->m, a, "pending", at,
		       json_pack("{s:s}", "value", mon_text_at(entry, "value")), p->done_ns);
}

static void firing_seen(struct mon_poll *p, struct mon_alert *a)
{
	if (!a->firing) {
		a->firing = true;
		a->tries = 0;
		a->at[ORD_ALERT_FIRING].known = false;
		a->looked = mon_between(p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);
	}
	if (a->at[ORD_ALERT_FIRING].known || a->asking)
		return;
	if (mon_named(p->m, a->name))
		ask_when(p, a);
	else
		firing_known(a, &a->looked);
}

static void over(struct mon_poll *p, struct mon_alert *a)
{
	struct mon_instant at = mon_between(p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);

	if (a->firing)
		mon_tell_stage(p->m, a, "resolved", &at, NULL, p->done_ns);
	a->pending = a->firing = false;
	a->at[ORD_ALERT_PENDING].known = a->at[ORD_ALERT_FIRING].known = false;
}

/* One that ended and began again between two looks is another occurrence. */
static bool is_another(const struct mon_alert *a, const json_t *entry)
{
	const char *stamp = mon_text_at(entry, "activeAt");

	return a->pending && *a->at[ORD_ALERT_PENDING].stamp &&
	       strcmp(a->at[ORD_ALERT_PENDING].stamp, stamp) != 0;
}

static void read_entry(struct mon_poll *p, const json_t *entry)
{
	struct mon_alert *a = mon_alert_of(p->m, MON_PROMETHEUS, json_object_get(entry, "labels"));

	if (!a)
		return;
	a->seen = true;
	json_decref(a->detail);
	a->detail = json_pack("{s:s}", "value", mon_text_at(entry, "value"));
	if (is_another(a, entry))
		over(p, a);
	if (!a->pending)
		pending_seen(p, a, entry);
	if (!strcmp(mon_text_at(entry, "state"), "firing"))
		firing_seen(p, a);
}

void mon_look_prometheus(struct mon_poll *p, const struct server_answer *answer)
{
	const json_t *entry;
	size_t i;

	for (struct mon_alert *a = p->m->alerts; a; a = a->next)
		a->seen = a->where != MON_PROMETHEUS;
	json_array_foreach (json_object_get(answer->value, "alerts"), i, entry)
		read_entry(p, entry);
	for (struct mon_alert *a = p->m->alerts; a; a = a->next)
		if (!a->seen && a->pending)
			over(p, a);
}
