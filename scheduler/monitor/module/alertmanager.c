/* One look at Alertmanager: /api/v2/alerts. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/monitor/module/member.h"
#include "scheduler/monitor/module/monitor.h"

/* It has the alert since updatedAt, unless Prometheus has sent it again since: but the look before
 * did not show it. */
static void received_seen(struct mon_poll *p, struct mon_alert *a, const json_t *entry)
{
	const char *stamp = mon_text_at(entry, "updatedAt");
	struct mon_instant at = mon_between(p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);
	int64_t ns;

	if (!ord_parse_utc(stamp, &ns)) {
		const struct mon_stamp updated = {.ns = ns, .late_ns = ORD_MS, .text = stamp};
		struct mon_instant said = mon_instant_of(p, &updated, p->sent_ns, p->done_ns);

		if (p->prev_ns && said.lo < at.lo && said.hi >= at.lo)
			said.lo = at.lo;
		at = said;
	}
	a->received = true;
	a->at[ORD_ALERT_RECEIVED] = at;
	mon_tell_stage(p->m, a, "received", &at, json_deep_copy(a->detail), p->done_ns);
}

static void suppressed_seen(struct mon_poll *p, struct mon_alert *a, bool suppressed, bool is_new)
{
	struct mon_instant between = mon_between(p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);
	struct mon_instant at = is_new ? a->at[ORD_ALERT_RECEIVED] : between;

	if (suppressed && !a->suppressed)
		mon_tell_stage(p->m, a, "suppressed", &at, json_deep_copy(a->detail), p->done_ns);
	if (!suppressed && (is_new || a->suppressed))
		a->at[ORD_ALERT_ACTIVE] = at;
	a->suppressed = suppressed;
}

/* What is told of it beside the stage: who suppresses it, and the route that it takes. */
static json_t *detail_of(const struct ord_monitor *m, const struct mon_alert *a,
			 const json_t *entry)
{
	const json_t *status = json_object_get(entry, "status");
	json_t *detail = json_pack(
		"{s:s, s:s, s:s}", "fingerprint", mon_text_at(entry, "fingerprint"), "startsAt",
		mon_text_at(entry, "startsAt"), "state", mon_text_at(status, "state"));

	(void)json_object_set(detail, "silencedBy", json_object_get(status, "silencedBy"));
	(void)json_object_set(detail, "inhibitedBy", json_object_get(status, "inhibitedBy"));
	if (m->routes) {
		struct mon_route route = mon_routes_find(m->routes, a->labels, true);

		(void)json_object_set_new(detail, "route", mon_route_json(&route));
	}
	return detail;
}

void mon_presume_notified(struct mon_alert *a)
{
	if (!a->m->webhook || a->notified || a->suppressed || !a->received)
		return;
	a->notified = true;
	a->at[ORD_ALERT_NOTIFIED] = a->at[ORD_ALERT_RECEIVED];
}

static void read_entry(struct mon_poll *p, const json_t *entry)
{
	struct mon_alert *a =
		mon_alert_of(p->m, MON_ALERTMANAGER, json_object_get(entry, "labels"));
	const json_t *status = json_object_get(entry, "status");
	bool is_new = a && !a->received;

	if (!a)
		return;
	a->seen = true;
	json_decref(a->detail);
	a->detail = detail_of(p->m, a, entry);
	if (is_new)
		received_seen(p, a, entry);
	suppressed_seen(p, a, !strcmp(mon_text_at(status, "state"), "suppressed"), is_new);
	if (!p->prev_ns)
		mon_presume_notified(a);
}

static void over(struct mon_poll *p, struct mon_alert *a)
{
	struct mon_instant at = mon_between(p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);

	mon_tell_stage(p->m, a, "resolved", &at, NULL, p->done_ns);
	/* Its notification of the end may be late or never come: a new one is a new occurrence. */
	a->received = a->suppressed = a->notified = false;
	a->at[ORD_ALERT_RECEIVED].known = a->at[ORD_ALERT_ACTIVE].known = false;
}

void mon_look_alertmanager(struct mon_poll *p, const struct server_answer *answer)
{
	const json_t *entry;
	size_t i;

	for (struct mon_alert *a = p->m->alerts; a; a = a->next)
		a->seen = a->where != MON_ALERTMANAGER;
	json_array_foreach (answer->value, i, entry)
		read_entry(p, entry);
	for (struct mon_alert *a = p->m->alerts; a; a = a->next)
		if (!a->seen && a->received)
			over(p, a);
}
