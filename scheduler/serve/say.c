/* What happens is told: a line for people, which a service's log keeps, and who listens. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/serve/serve.h"

/* In a second; more than anybody reads, and less than fills a disk. */
#define LINES_MAX 50

static void say(const struct ord_serve *s, const char *line)
{
	if (s->options.say)
		s->options.say(s->options.arg, line);
}

void serve_say(struct ord_serve *s, const char *fmt, ...)
{
	uint64_t now = ord_boot_ns();
	char line[1024];
	va_list ap;

	if (now - s->said_window_ns >= ORD_S) {
		(void)snprintf(line, sizeof line, "%u further lines were left out", s->n_unsaid);
		if (s->n_unsaid)
			say(s, line);
		s->said_window_ns = now;
		s->n_said = s->n_unsaid = 0;
	}
	if (s->n_said++ >= LINES_MAX && s->ready) {
		s->n_unsaid++;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	say(s, line);
}

void serve_emit(struct ord_serve *s, const char *type, json_t *data)
{
	if (data && s->event)
		s->event(s->event_arg, type, data);
	json_decref(data);
}

void serve_skipped(struct ord_serve *s, const char *name, int64_t first_ns, int64_t last_ns,
		   uint64_t times, const char *reason)
{
	char planned[32];

	state_skipped(s, name, first_ns, last_ns, times, reason);
	past_skipped(s, name, first_ns, last_ns, times, reason);
	ord_format_utc((uint64_t)first_ns, planned);
	serve_say(s, "%s: not run (%s), planned for %s%s", name, reason, planned,
		  times > 1 ? " and after" : "");
	serve_emit(s, "skipped",
		   json_pack("{s:s,s:o,s:o,s:I,s:s}", "name", name, "planned", show_time(first_ns),
			     "last", show_time(last_ns), "times", (json_int_t)times, "reason",
			     reason));
}

void ord_serve_record(struct ord_serve *s, const char *what, const char *name, const char *who)
{
	serve_record(s, what, name, who);
}

void serve_record(struct ord_serve *s, const char *what, const char *name, const char *who)
{
	ord_auto(json) json_t *line =
		json_pack("{s:o,s:s,s:s?,s:s}", "at", show_time((int64_t)ord_wall_ns()), "order",
			  what, "name", name, "who", who);
	ord_autofree char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	ord_autoclose int fd = openat(s->state_fd, "orders.jsonl",
				      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || !text || dprintf(fd, "%s\n", text) < 0)
		serve_say(s, "who ordered '%s' could not be written down", what);
}

void ord_serve_listen(struct ord_serve *s,
		      void (*event)(void *arg, const char *type, const json_t *data), void *arg)
{
	s->event = event;
	s->event_arg = arg;
}
