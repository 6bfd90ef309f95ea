/* The schedule of looks: absolute, one at a time, and less often where nobody answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/monitor/module/monitor.h"

#define BACK_OFF_MAX (30 * ORD_S)
#define CLOCK_EVERY  (15 * ORD_S)
#define DATE_MAX_S   9000000000 /* 64 bits of ns since 1970 hold little more */

static void arm(struct mon_poll *p)
{
	(void)sd_event_source_set_time(p->timer, (p->due_ns + ORD_US - 1) / ORD_US);
	(void)sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

/* --- clocks ---------------------------------------------------------------------------------- */

static void clock_seen(struct mon_poll *p, int64_t lo, int64_t hi, const struct server_answer *a)
{
	if (mon_clock_seen(&p->server.clock, lo, hi, a->sent_ns, a->done_ns,
			   p->m->sink.anchor_ns) &&
	    p->m->begun) {
		mon_note(p->m, "the clock of %s was stepped, or ours was", p->server.name);
		p->clock_told = false;
		mon_tell_clock(p);
	}
}

/* {"resultType": "scalar", "result": [now, "now"]}, in milliseconds that were cut. */
static void on_time(void *arg, const struct server_answer *a)
{
	struct mon_poll *p = arg;
	int64_t now;

	if (a->why)
		return;
	now = server_stamp(json_array_get(json_object_get(a->value, "result"), 0));
	if (now)
		clock_seen(p, now, now + (int64_t)ORD_MS, a);
}

/* Alertmanager tells the time in a header only, in whole seconds. */
static void date_seen(struct mon_poll *p, const struct server_answer *a)
{
	if (a->date_s > 0 && a->date_s < DATE_MAX_S)
		clock_seen(p, a->date_s * (int64_t)ORD_S, (a->date_s + 1) * (int64_t)ORD_S, a);
}

static void on_date(void *arg, const struct server_answer *a)
{
	date_seen(arg, a);
}

void mon_ask_clock(struct mon_poll *p)
{
	static const struct server_param time_[] = {{"query", "time()"}, {NULL, NULL}};

	p->clock_ns = ord_now_ns();
	if (p->where == MON_PROMETHEUS)
		server_ask(&p->server, SERVER_PROMETHEUS, "/api/v1/query", time_, on_time, p);
	else
		server_ask(&p->server, SERVER_ANY, "/-/ready", NULL, on_date, p);
}

/* --- looks ----------------------------------------------------------------------------------- */

static void failed(struct mon_poll *p, const struct server_answer *a)
{
	uint64_t wait = p->server.spec->every_ns, most = BACK_OFF_MAX > wait ? BACK_OFF_MAX : wait;
	char text[SERVER_WHY + 64];

	for (unsigned i = 0; i < p->failures && wait < most; i++)
		wait *= 2;
	wait = wait < most ? wait : most;
	p->failures++;
	p->not_before_ns = a->done_ns + (a->retry_ns > wait ? a->retry_ns : wait);
	if (p->up || !p->looked)
		mon_note(p->m, "%s cannot be asked: %s", p->server.name, a->why);
	p->up = false;
	p->looked = true;
	(void)snprintf(p->why, sizeof p->why, "%s", a->why);
	(void)snprintf(text, sizeof text, "%s: %s", p->server.name, a->why);
	mon_lost(p, text, a->done_ns);
}

static void on_look(void *arg, const struct server_answer *a)
{
	struct mon_poll *p = arg;

	p->flying = false;
	if (a->why) {
		failed(p, a);
		return;
	}
	if (!p->up && p->looked)
		mon_note(p->m, "%s answers again", p->server.name);
	p->up = p->looked = true;
	p->failures = 0;
	p->not_before_ns = 0;
	p->prev_ns = p->sent_ns;
	p->sent_ns = a->sent_ns;
	p->done_ns = a->done_ns;
	if (p->where == MON_ALERTMANAGER)
		date_seen(p, a);
	mon_tell_clock(p);
	if (p->where == MON_PROMETHEUS)
		mon_look_prometheus(p, a);
	else
		mon_look_alertmanager(p, a);
	mon_judge(p->m, p->where, p->prev_ns ? p->prev_ns : p->sent_ns, p->done_ns);
}

static int on_due(sd_event_source *source, uint64_t usec, void *arg)
{
	struct mon_poll *p = arg;
	uint64_t now = ord_now_ns(), every = p->server.spec->every_ns;

	(void)source;
	(void)usec;
	/* Slots that were missed are not made up for. */
	while (p->due_ns <= now)
		p->due_ns += every * ((now - p->due_ns) / every + 1);
	arm(p);
	if (p->flying || now < p->not_before_ns)
		return 0;
	p->flying = true;
	if (now - p->clock_ns >= CLOCK_EVERY)
		mon_ask_clock(p);
	if (p->where == MON_PROMETHEUS)
		server_ask(&p->server, SERVER_PROMETHEUS, "/api/v1/alerts", NULL, on_look, p);
	else
		server_ask(&p->server, SERVER_PLAIN, "/api/v2/alerts", NULL, on_look, p);
	return 0;
}

int mon_poll_start(struct mon_poll *p, struct ord_err *err)
{
	int e;

	p->due_ns = ord_now_ns();
	e = sd_event_add_time(p->m->loop, &p->timer, CLOCK_MONOTONIC, 0, ORD_MS / ORD_US, on_due,
			      p);
	if (e < 0) {
		errno = -e;
		return ord_fail_sys(err, "timer of %s", p->server.name);
	}
	arm(p);
	return 0;
}

void mon_poll_stop(struct mon_poll *p)
{
	p->timer = sd_event_source_disable_unref(p->timer);
}
