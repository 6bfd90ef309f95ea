#include "stand_in.h"

#include <stdio.h>
#include <string.h>

#define NAME "orders"

void stand_in_tell(struct ord_serve *s, const char *type, json_t *data)
{
	if (s->event)
		s->event(s->arg, type, data);
	json_decref(data);
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

void ord_serve_listen(struct ord_serve *s,
		      void (*event)(void *arg, const char *type, const json_t *data), void *arg)
{
	s->event = event;
	s->arg = arg;
}
