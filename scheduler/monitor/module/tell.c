/* What the monitor writes, and its instants. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/printable.h"
#include "scheduler/monitor/module/monitor.h"

int64_t mon_t(const struct ord_monitor *m, int64_t ns)
{
	int64_t t = ns - (int64_t)m->sink.mono_ns;

	return t > 0 ? t : 0;
}

struct mon_instant mon_between(uint64_t lo_ns, uint64_t hi_ns)
{
	return (struct mon_instant){.known = true,
				    .lo = (int64_t)(lo_ns < hi_ns ? lo_ns : hi_ns),
				    .hi = (int64_t)hi_ns};
}

struct mon_instant mon_instant_of(const struct mon_poll *p, const struct mon_stamp *stamp,
				  uint64_t asked_ns, uint64_t told_ns)
{
	const struct mon_clock *c = &p->server.clock;
	int64_t ours = stamp->ns - p->m->sink.anchor_ns, told = (int64_t)told_ns;
	struct mon_instant at = {.known = true,
				 .lo = ours - stamp->early_ns - c->hi_ns,
				 .hi = ours + stamp->late_ns - c->lo_ns};

	(void)snprintf(at.stamp, sizeof at.stamp, "%s", stamp->text);
	/* It was so when the answer came: a clock that says otherwise has been stepped. */
	if (!c->known || at.lo > told)
		at.lo = (int64_t)(asked_ns < told_ns ? asked_ns : told_ns);
	if (!c->known || at.hi > told)
		at.hi = told;
	return at;
}

int64_t mon_server_time(const struct mon_poll *p, uint64_t ns)
{
	const struct mon_clock *c = &p->server.clock;
	int64_t offset = c->known ? c->lo_ns / 2 + c->hi_ns / 2 : 0;

	return (int64_t)ns + p->m->sink.anchor_ns + offset;
}

static void put_instant(const struct ord_monitor *m, json_t *line, const struct mon_instant *at)
{
	(void)json_object_set_new(line, "lo_t", json_integer(mon_t(m, at->lo)));
	(void)json_object_set_new(line, "hi_t", json_integer(mon_t(m, at->hi)));
	if (*at->stamp)
		(void)json_object_set_new(line, "stamp", json_string(at->stamp));
}

static void tell(struct ord_monitor *m, const char *e, json_t *line, uint64_t now_ns)
{
	if (line && m->sink.line)
		m->sink.line(m->sink.arg, e, line, now_ns);
	else
		json_decref(line);
}

void mon_note(struct ord_monitor *m, const char *fmt, ...)
{
	char all[600], text[sizeof all];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(all, sizeof all, fmt, ap);
	va_end(ap);
	/* Names and errors of others, that may be cut in the middle of a character. */
	(void)ord_printable(all, sizeof text, text);
	if (m->sink.line)
		tell(m, "note", json_pack("{s:s}", "text", text), ord_now_ns());
	else
		(void)json_array_append_new(m->notes, json_string(text));
}

void mon_tell_never(struct ord_monitor *m, const struct mon_channel *c, const char *why)
{
	if (m->sink.never)
		m->sink.never(m->sink.arg, c->text, why);
	else
		(void)json_array_append_new(
			m->refused, json_sprintf("%s can never abort a run: %s", c->text, why));
}

void mon_tell_stage(struct ord_monitor *m, const struct mon_alert *a, const char *stage,
		    const struct mon_instant *at, json_t *detail, uint64_t now_ns)
{
	json_t *line = json_pack("{s:I, s:s, s:s, s:s}", "rep", (json_int_t)m->rep, "alert",
				 a->name, "stage", stage, "source", m->poll[a->where].server.name);

	if (!detail)
		detail = json_object();
	(void)json_object_set(detail, "labels", a->labels);
	if (line) {
		put_instant(m, line, at);
		(void)json_object_set(line, "detail", detail);
	}
	json_decref(detail);
	tell(m, "stage", line, now_ns);
}

void mon_tell_channel(struct ord_monitor *m, struct mon_channel *c, const struct mon_instant *at,
		      const char *why, json_t *detail, uint64_t now_ns)
{
	const struct mon_poll *p =
		&m->poll[c->alert.alertmanager ? MON_ALERTMANAGER : MON_PROMETHEUS];
	json_t *line = json_pack("{s:I, s:s, s:s}", "rep", (json_int_t)m->rep, "channel", c->text,
				 "source", p->server.name);

	if (line) {
		(void)json_object_set_new(line, "state", why ? json_null() : json_boolean(c->so));
		if (why)
			(void)json_object_set_new(line, "message", json_string(why));
		else
			put_instant(m, line, at);
		if (detail)
			(void)json_object_set(line, "detail", detail);
	}
	json_decref(detail);
	tell(m, "channel", line, now_ns);
}

void mon_tell_clock(struct mon_poll *p)
{
	const struct mon_clock *c = &p->server.clock;

	if (!c->known || (p->clock_told && p->clock_rep == p->m->rep))
		return;
	p->clock_told = true;
	p->clock_rep = p->m->rep;
	tell(p->m, "clock",
	     json_pack("{s:I, s:s, s:[I, I], s:I}", "rep", (json_int_t)p->m->rep, "source",
		       p->server.name, "offset_ns", (json_int_t)c->lo_ns, (json_int_t)c->hi_ns,
		       "rtt_ns", (json_int_t)c->rtt_ns),
	     ord_now_ns());
}
