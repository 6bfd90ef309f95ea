/* Lines of the terminal, or of a script: done in order, each when it belongs to the state. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/gameday/module/hold.h"

#define READ_SIZE  4096
#define TYPED_MOST (1u << 20)

/* Whether a script waits here: a person is told that it is too early instead. */
static bool waits(const struct holder *h, const struct command *c)
{
	const struct day_step *step = hold_step(h);
	enum day_state state = step ? step->state : DAY_DONE;

	if (h->s->state.over || !step)
		return c->verb == COMMAND_WAIT;
	if (c->verb == COMMAND_GO)
		return !h->input.tty && state != DAY_READY && state != DAY_HELD;
	if (c->verb != COMMAND_WAIT)
		return false;
	if (!strcmp(c->what, "ready"))
		return state != DAY_READY;
	if (!strcmp(c->what, "running"))
		return state != DAY_RUNNING || !*step->dir;
	if (!strcmp(c->what, "injected"))
		return state != DAY_RUNNING || strcmp(h->phase, "hold") != 0;
	if (!strcmp(c->what, "returning"))
		return state != DAY_RETURNING;
	return true; /* over */
}

static int on_pause(sd_event_source *source, uint64_t usec, void *arg)
{
	struct holder *h = arg;

	(void)source;
	(void)usec;
	h->input.pausing = false;
	h->input.pause = sd_event_source_disable_unref(h->input.pause);
	hold_input_pump(h);
	return 0;
}

static void do_own(struct holder *h, const struct command *c)
{
	if (c->verb == COMMAND_HELP)
		hold_screen_say(h, "%s", command_help());
	else if (c->verb == COMMAND_BOARD)
		hold_screen_board(h);
	else if (c->verb == COMMAND_PAUSE)
		h->input.pausing =
			sd_event_add_time_relative(h->loop, &h->input.pause, CLOCK_MONOTONIC,
						   c->pause_ns / ORD_US, 0, on_pause, h) >= 0;
	else if (c->verb == COMMAND_QUIT) {
		h->leaving = true;
		hold_stop(h);
	}
}

/* False: it has to wait, and stays. */
static bool do_line(struct holder *h, const char *line)
{
	struct command c;
	struct ord_err err = {0};

	if (command_parse(line, ORD_GAMEDAY_OWNER, &c, &err)) {
		hold_screen_say(h, "%s\n", err.msg);
		return true;
	}
	if (waits(h, &c))
		return false;
	if (c.verb > COMMAND_LAST_TOLD)
		do_own(h, &c);
	else if (hold_do(h, &c, &err))
		hold_screen_say(h, "%s\n", err.msg);
	return true;
}

/* The input has ended where a person would have to decide: the session is left as it is. */
static void leave_at_end(struct holder *h)
{
	const struct day_step *step = hold_step(h);

	if (!h->input.ended || h->input.used || h->s->state.over || !step ||
	    (step->state != DAY_READY && step->state != DAY_HELD))
		return;
	hold_screen_say(h, "the input has ended, and step %zu waits for go\n",
			h->s->state.current + 1);
	h->leaving = true;
	hold_stop(h);
}

void hold_input_pump(struct holder *h)
{
	struct hold_input *in = &h->input;

	while (in->used && !in->pausing && !h->leaving) {
		char *end = memchr(in->text, '\n', in->used), *line;
		size_t n = end ? (size_t)(end - in->text) : in->used;
		bool done;

		if (!end && !in->ended)
			return;
		line = strndup(in->text, n);
		done = !line || do_line(h, line);
		free(line);
		if (!done)
			return;
		n += end ? 1 : 0;
		memmove(in->text, in->text + n, in->used - n);
		in->used -= n;
	}
	if (in->fd >= 0 && !in->pausing)
		leave_at_end(h);
}

static void take_bytes(struct hold_input *in)
{
	ssize_t n;

	if (in->room - in->used < READ_SIZE) {
		char *more =
			in->room < TYPED_MOST ? realloc(in->text, in->room + 2 * READ_SIZE) : NULL;

		if (!more) {
			in->ended = true;
			return;
		}
		in->text = more;
		in->room += 2 * READ_SIZE;
	}
	n = read(in->fd, in->text + in->used, READ_SIZE);
	if (n > 0)
		in->used += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		in->ended = true;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct holder *h = arg;

	(void)fd;
	(void)events;
	take_bytes(&h->input);
	if (h->input.ended)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	hold_input_pump(h);
	return 0;
}

int hold_input_open(struct holder *h, const struct ord_gameday_order *o, struct ord_err *err)
{
	struct hold_input *in = &h->input;
	int e;

	if (o->remote)
		return 0;
	in->fd = o->in;
	in->tty = isatty(o->in);
	e = sd_event_add_io(h->loop, &in->source, in->fd, EPOLLIN, on_input, h);
	if (e >= 0)
		return 0;
	if (e != -EPERM) {
		errno = -e;
		return ord_fail_sys(err, "wait for the input");
	}
	/* A file cannot be waited for, and need not be. */
	while (!in->ended)
		take_bytes(in);
	return 0;
}

void hold_input_close(struct holder *h)
{
	(void)sd_event_source_disable_unref(h->input.source);
	(void)sd_event_source_disable_unref(h->input.pause);
	free(h->input.text);
	h->input = (struct hold_input){.fd = -1};
}
