/* What a session's holder is told, and what it answers: it may be slow, and is waited for by
 * nobody but who asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/gameday/module/control.h"
#include "scheduler/gameday/window/seen.h"

#define PATIENCE_US 10000000
#define ENDING	    "the daemon is ending"

struct tell {
	struct tell *next, **at;
	struct ord_days *w;
	char id[ORD_DAYS_ID_MAX];
	int fd;
	sd_event_source *io, *timer;
	ord_days_told *told;
	void *arg;
};

static void end(struct tell *t, const struct ord_err *err)
{
	ord_days_told *told = t->told;
	void *arg = t->arg;

	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	(void)sd_event_source_disable_unref(t->io);
	(void)sd_event_source_disable_unref(t->timer);
	ord_close(&t->fd);
	free(t);
	told(arg, err);
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct tell *t = arg;
	struct seen *s = seen_find(t->w, t->id);
	struct ord_err err = {0};

	(void)source;
	(void)events;
	/* It was written down before it was answered: who asks next sees it. */
	if (s)
		seen_read(s);
	end(t, control_answer(fd, &err) ? &err : NULL);
	return 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *arg)
{
	struct ord_err err = {0};

	(void)source;
	(void)usec;
	(void)ord_fail(&err, ORD_SYS, "who holds the session does not answer");
	end(arg, &err);
	return 0;
}

static int read_command(const struct ord_days_command *from, struct command *ret,
			struct ord_err *err)
{
	struct command c = {.overrule = from->overrule, .whole_day = from->day};

	if (from->step > ORD_GAMEDAY_STEPS_MAX)
		return ord_fail(err, ORD_USAGE, "there is no such step");
	c.step = (size_t)from->step;
	if (command_verb_find(from->verb, &c.verb, err))
		return -1;
	if (command_say(&c, from->by ? from->by : "", from->what ? from->what : "",
			from->text ? from->text : "", err))
		return -1;
	if (command_check(&c, err))
		return -1;
	*ret = c;
	return 0;
}

static int wait_for(struct tell *t, struct ord_err *err)
{
	struct ord_days *w = t->w;

	if (sd_event_add_io(w->loop, &t->io, t->fd, EPOLLIN, on_answer, t) < 0 ||
	    sd_event_add_time_relative(w->loop, &t->timer, CLOCK_MONOTONIC, PATIENCE_US, 0, on_late,
				       t) < 0) {
		(void)sd_event_source_disable_unref(t->io);
		ord_close(&t->fd);
		return ord_fail(err, ORD_SYS, "event loop");
	}
	t->at = &w->tells;
	t->next = w->tells;
	if (t->next)
		t->next->at = &t->next;
	w->tells = t;
	return 0;
}

int ord_days_tell(struct ord_days *w, const char *id, const struct ord_days_command *command,
		  ord_days_told *told, void *arg, struct ord_err *err)
{
	char path[ORD_PATH_MAX + ORD_DAYS_ID_MAX];
	struct command c;
	struct tell *t;

	if (!seen_must(w, id, err) || read_command(command, &c, err))
		return -1;
	if (w->hushed)
		return ord_fail(err, ORD_SKIP, ENDING);
	t = calloc(1, sizeof *t);
	if (!t)
		return ord_fail_nomem(err);
	*t = (struct tell){.w = w, .fd = -1, .told = told, .arg = arg};
	(void)snprintf(t->id, sizeof t->id, "%s", id);
	(void)snprintf(path, sizeof path, "%s/%s", w->path, id);
	if (control_ask(path, &c, 0, &t->fd, err) || wait_for(t, err)) {
		free(t);
		return -1;
	}
	return 0;
}

void ord_days_hush(struct ord_days *w)
{
	struct ord_err err = {0};

	if (!w)
		return;
	w->hushed = true;
	(void)ord_fail(&err, ORD_SKIP, ENDING);
	while (w->tells)
		end(w->tells, &err);
}
