#include "stand_in.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#define NAME "orders"

void stand_in_tell(struct ord_serve *s, const char *type, json_t *data)
{
	if (s->event)
		s->event(s->arg, type, data);
	json_decref(data);
}

bool ord_serve_is_ready(const struct ord_serve *s)
{
	(void)s;
	return true;
}

const char *ord_serve_state(const struct ord_serve *s)
{
	return s->state;
}

json_t *ord_serve_status(struct ord_serve *s)
{
	return json_pack("{s:s,s:s,s:s,s:b,s:n,s:i,s:i,s:i,s:i,s:{s:i,s:I},"
			 "s:{s:i,s:I,s:I,s:I,s:I,s:[{s:I,s:i}]}}",
			 "version", "0.1.0", "since", "2026-11-21T06:13:50.123Z", "dir", "/tmp",
			 "halted", s->halted, "halted_since", "schedules", 1, "broken", 0,
			 "running", s->running, "queued", 0, "clock", "steps", 2, "last_step_ns",
			 (json_int_t)-3600000000000, "lateness_ns", "n", 3, "sum",
			 (json_int_t)900000, "p50", (json_int_t)250000, "p99", (json_int_t)400000,
			 "max", (json_int_t)400000, "buckets", "le", (json_int_t)200000, "n", 1);
}

json_t *ord_serve_schedule(struct ord_serve *s, const char *name)
{
	if (strcmp(name, NAME) != 0)
		return NULL;
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:{s:s},s:s,s:s,s:n,s:b,s:b,s:{s:s,s:s},s:s,s:s,s:n,s:[],"
		"s:i}",
		"name", NAME, "file", "orders.yaml", "sha256", "00", "kind", "Experiment", "labels",
		"team", "payments", "schedule", "every 1h, UTC", "state", "scheduled", "message",
		"paused", s->paused, "skip_next", 0, "next", "at", "2026-11-21T07:00:00.000Z",
		"planned", "2026-11-21T07:00:00.000Z", "concurrency", "forbid", "catch_up", "skip",
		"last", "running", "queued", 0);
}

json_t *ord_serve_schedules_page(struct ord_serve *s, const char *after, const char *text,
				 size_t limit)
{
	json_t *all = json_array();

	if (limit && (!after || strcmp(NAME, after) > 0) && (!text || strstr(NAME, text)))
		(void)json_array_append_new(all, ord_serve_schedule(s, NAME));
	return json_pack("{s:o,s:i,s:b}", "schedules", all, "total", 1, "truncated", 0);
}

json_t *ord_serve_calendar(struct ord_serve *s, int64_t from_ns, int64_t to_ns, size_t max)
{
	(void)s;
	(void)from_ns;
	(void)to_ns;
	return json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s}],s:b}", "runs", "at",
			 "2026-11-21T07:00:00.000Z", "planned", "2026-11-21T07:00:00.000Z", "name",
			 NAME, "file", "orders.yaml", "local", "2026-11-21T07:00:00+00:00",
			 "timezone", "UTC", "truncated", max < 1);
}

/* The fault of the run is one that only operators may see. */
static json_t *run(void)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:n,s:s,s:[ii],s:[{s:s,s:s,s:s}],"
			 "s:[{s:s,s:s}],s:s,s:b}",
			 "run", "20261121T061350-orders", "key", "d42", "name", NAME, "reason",
			 "run-now", "planned", "2026-11-21T07:00:00.000Z", "at",
			 "2026-11-21T07:00:00.000Z", "state", "running", "waits_for", "phase",
			 "hold", "repetition", 1, 3, "faults", "name", "slow-database", "fault",
			 "net.delay", "state", "injected", "probes", "name", "page", "role", "user",
			 "dir", "/tmp/run", "hidden", 1);
}

json_t *ord_serve_runs(struct ord_serve *s)
{
	return s->running ? json_pack("{s:[o]}", "runs", run()) : json_pack("{s:[]}", "runs");
}

json_t *ord_serve_gamedays(struct ord_serve *s)
{
	(void)s;
	return json_array();
}

void ord_serve_record(struct ord_serve *s, const char *what, const char *name, const char *who)
{
	(void)what;
	(void)name;
	(void)snprintf(s->who, sizeof s->who, "%s", who);
}

int ord_serve_do(struct ord_serve *s, const struct ord_serve_order *order, json_t **ret,
		 struct ord_err *err)
{
	(void)snprintf(s->who, sizeof s->who, "%s", order->who);
	if (order->verb == ORD_SERVE_PAUSE && s->paused)
		return ord_fail(err, ORD_USAGE, "'%s' is paused already", order->name);
	if (order->verb == ORD_SERVE_RUN_NOW && s->halted)
		return ord_fail(err, ORD_GUARD, "all is halted");
	if (order->verb == ORD_SERVE_HALT || order->verb == ORD_SERVE_UNHALT) {
		s->halted = order->verb == ORD_SERVE_HALT;
		s->running = s->running && !s->halted;
		stand_in_tell(s, s->halted ? "halt" : "resume", json_pack("{s:s}", "who", s->who));
		*ret = ord_serve_status(s);
		return 0;
	}
	if (order->verb == ORD_SERVE_PAUSE || order->verb == ORD_SERVE_RESUME)
		s->paused = order->verb == ORD_SERVE_PAUSE;
	if (order->verb == ORD_SERVE_RUN_NOW) {
		s->running = true;
		stand_in_tell(s, "dispatched", run());
		*ret = run();
		return 0;
	}
	if (order->verb == ORD_SERVE_ABORT) {
		json_t *ended = run();

		s->running = false;
		(void)json_object_set_new(ended, "verdict", json_string("aborted"));
		(void)json_object_set_new(ended, "exit", json_integer(3));
		stand_in_tell(s, "ended", ended);
	}
	*ret = order->name ? ord_serve_schedule(s, NAME) : ord_serve_status(s);
	return 0;
}

static int on_said(sd_event_source *source, void *arg)
{
	struct ord_serve *s = arg;
	ord_serve_said *said = s->said;
	json_t *told = json_pack("{s:s}", "run", "20261121T061350-orders");

	(void)source;
	s->said = NULL;
	if (said)
		said(s->said_arg, told, NULL);
	json_decref(told);
	return 0;
}

/* One at a time: it answers in the next turn of the loop. */
int ord_serve_say(struct ord_serve *s, const struct ord_serve_order *order, ord_serve_said *said,
		  void *arg, struct ord_err *err)
{
	sd_event_source *source = NULL;

	(void)order;
	if (s->said || sd_event_add_defer(s->loop, &source, on_said, s) < 0 ||
	    sd_event_source_set_floating(source, true) < 0)
		return ord_fail(err, ORD_SYS, "the run is busy");
	(void)sd_event_source_unref(source);
	s->said = said;
	s->said_arg = arg;
	return 0;
}

void ord_serve_hush(struct ord_serve *s)
{
	(void)on_said(NULL, s);
}

void ord_serve_listen(struct ord_serve *s,
		      void (*event)(void *arg, const char *type, const json_t *data), void *arg)
{
	s->event = event;
	s->arg = arg;
}
