/* The alerts that are known, and the channels that are judged by them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/monitor/module/monitor.h"

/* Those that are over are forgotten, so that a server that makes new labels all the time does no
 * harm. */
static bool idle(const struct mon_alert *a)
{
	return !a->pending && !a->received && !a->notified && !a->asking;
}

static void alert_free(struct mon_alert *a)
{
	json_decref(a->labels);
	json_decref(a->detail);
	free(a->key);
	free(a);
}

static void forget_idle(struct ord_monitor *m)
{
	struct mon_alert **at = &m->alerts;

	while (*at) {
		struct mon_alert *a = *at;

		if (!idle(a) || a->seen) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		alert_free(a);
		m->n_alerts--;
	}
}

void mon_alerts_free(struct ord_monitor *m)
{
	while (m->alerts) {
		struct mon_alert *next = m->alerts->next;

		alert_free(m->alerts);
		m->alerts = next;
	}
	m->n_alerts = 0;
}

static struct mon_alert *find(struct ord_monitor *m, enum mon_where where, const char *key)
{
	for (struct mon_alert *a = m->alerts; a; a = a->next)
		if (a->where == where && !strcmp(a->key, key))
			return a;
	return NULL;
}

static bool room(struct ord_monitor *m)
{
	if (m->n_alerts < MON_ALERTS_MAX)
		return true;
	forget_idle(m);
	if (m->n_alerts < MON_ALERTS_MAX)
		return true;
	if (!m->full)
		mon_note(m, "more than %d alerts at once: those beyond are not followed",
			 MON_ALERTS_MAX);
	m->full = true;
	return false;
}

struct mon_alert *mon_alert_of(struct ord_monitor *m, enum mon_where where, const json_t *labels)
{
	const char *name = json_string_value(json_object_get(labels, "alertname"));
	ord_autofree char *key = json_is_object(labels) ? ord_json_dump(labels) : NULL;
	struct mon_alert *a;

	if (!name || !key)
		return NULL;
	a = find(m, where, key);
	if (a || !room(m))
		return a;
	a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	*a = (struct mon_alert){.m = m, .where = where, .next = m->alerts};
	a->labels = json_deep_copy(labels);
	if (!a->labels) {
		free(a);
		return NULL;
	}
	a->name = json_string_value(json_object_get(a->labels, "alertname"));
	a->key = ord_steal_ptr(key);
	m->alerts = a;
	m->n_alerts++;
	return a;
}

/* --- channels -------------------------------------------------------------------------------- */

bool mon_labels_match(const struct ord_alert *c, const json_t *labels)
{
	for (size_t i = 0; i < c->n_labels; i++) {
		const char *v = json_string_value(json_object_get(labels, c->labels[i].name));

		if (strcmp(v ? v : "", c->labels[i].value) != 0)
			return false;
	}
	return true;
}

bool mon_alert_matches(const struct ord_alert *c, const struct mon_alert *a)
{
	return c->alertmanager == (a->where == MON_ALERTMANAGER) && !strcmp(c->name, a->name) &&
	       mon_labels_match(c, a->labels);
}

bool mon_named(const struct ord_monitor *m, const char *alert)
{
	for (size_t i = 0; i < m->n_channels; i++)
		if (!strcmp(m->channels[i].alert.name, alert))
			return true;
	return false;
}

static bool holds(const struct mon_alert *a, enum ord_alert_stage stage)
{
	switch (stage) {
	case ORD_ALERT_PENDING:
		return a->pending;
	case ORD_ALERT_FIRING:
		return a->firing;
	case ORD_ALERT_RECEIVED:
		return a->received;
	case ORD_ALERT_ACTIVE:
		return a->received && !a->suppressed;
	case ORD_ALERT_NOTIFIED:
		return a->notified;
	}
	return false;
}

/* Whether a channel has told of that alert in this repetition, be it over by now. */
static bool told_of(const struct ord_monitor *m, const struct mon_channel *c,
		    const struct mon_alert *a)
{
	return a->told_rep == m->rep && (a->told & 1ull << (c - m->channels));
}

/* Of those that make it so and were not told of yet, or of all of them, the one that did first;
 * NULL: none, or its instant is still being asked for. */
static struct mon_alert *first_of(const struct ord_monitor *m, const struct mon_channel *c,
				  bool untold, bool *ret_so)
{
	enum ord_alert_stage s = c->alert.stage;
	struct mon_alert *first = NULL;
	bool waits = false;

	*ret_so = false;
	for (struct mon_alert *a = m->alerts; a; a = a->next) {
		if (!mon_alert_matches(&c->alert, a) || !holds(a, s))
			continue;
		*ret_so = true;
		if (untold && told_of(m, c, a))
			continue;
		waits = waits || !a->at[s].known;
		if (a->at[s].known && (!first || a->at[s].lo < first->at[s].lo))
			first = a;
	}
	return waits ? NULL : first;
}

/* All that make it so now: what one of them does again is no news. */
static void told_now(const struct ord_monitor *m, const struct mon_channel *c)
{
	for (struct mon_alert *a = m->alerts; a; a = a->next) {
		if (!mon_alert_matches(&c->alert, a) || !holds(a, c->alert.stage))
			continue;
		if (a->told_rep != m->rep)
			a->told = 0;
		a->told_rep = m->rep;
		a->told |= 1ull << (c - m->channels);
	}
}

static void tell_so(struct ord_monitor *m, struct mon_channel *c, const struct mon_alert *a,
		    bool another, uint64_t now_ns)
{
	json_t *detail = a->detail ? json_deep_copy(a->detail) : json_object();

	(void)json_object_set(detail, "labels", a->labels);
	if (another)
		(void)json_object_set_new(detail, "another", json_true());
	mon_tell_channel(m, c, &a->at[c->alert.stage], NULL, detail, now_ns);
	if (!c->in_rep)
		mon_note(m, "%s is so already: that is no detection of this repetition's fault",
			 c->text);
	told_now(m, c);
}

static void judge(struct ord_monitor *m, struct mon_channel *c, const struct mon_poll *p,
		  uint64_t lo_ns, uint64_t hi_ns)
{
	bool so, news;
	const struct mon_alert *a = first_of(m, c, false, &so);
	struct mon_instant between;

	if (so != c->so) {
		c->so = so;
		if (m->sink.changed)
			m->sink.changed(m->sink.arg, c->text, so);
	}
	/* What has reached our own receiver is so, whatever the server says of itself. */
	if (!p->up && !(so && c->alert.stage == ORD_ALERT_NOTIFIED))
		return;
	news = !c->in_rep || c->told != (so ? MON_TOLD_TRUE : MON_TOLD_FALSE);
	/* It is so already, by another alert of the same name. */
	if (so && !news)
		a = first_of(m, c, true, &so);
	if (so ? !a : !news)
		return; /* nothing new, or its instant is still being asked for */
	if (so) {
		tell_so(m, c, a, !news, hi_ns);
	} else {
		between = mon_between(lo_ns, hi_ns);
		mon_tell_channel(m, c, &between, NULL, NULL, hi_ns);
	}
	c->told = so ? MON_TOLD_TRUE : MON_TOLD_FALSE;
	c->in_rep = true;
}

void mon_judge(struct ord_monitor *m, enum mon_where where, uint64_t lo_ns, uint64_t hi_ns)
{
	const struct mon_poll *p = &m->poll[where];

	for (size_t i = 0; m->begun && i < m->n_channels; i++)
		if (m->channels[i].alert.alertmanager == (where == MON_ALERTMANAGER))
			judge(m, &m->channels[i], p, lo_ns, hi_ns);
}

void mon_lost(struct mon_poll *p, const char *why, uint64_t now_ns)
{
	struct ord_monitor *m = p->m;

	for (size_t i = 0; i < m->n_channels; i++) {
		struct mon_channel *c = &m->channels[i];

		if (c->alert.alertmanager != (p->where == MON_ALERTMANAGER) ||
		    (c->in_rep && c->told == MON_TOLD_NULL))
			continue;
		mon_tell_channel(m, c, NULL, why, NULL, now_ns);
		c->told = MON_TOLD_NULL;
		c->in_rep = true;
	}
}
