#include "scheduler/gameday/module/hold.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/halt.h"
#include "ordeal/run.h"

static const char OWNER[] = ORD_GAMEDAY_OWNER;
static const char halted[] = "all is halted: 'ordeal resume' lets it go on";

void hold_stop(struct holder *h)
{
	(void)sd_event_exit(h->loop, 0);
}

void hold_add(struct holder *h, const struct day_event *e)
{
	struct ord_err err = {0};

	if (!session_add(h->s, e, &err))
		return;
	/* What cannot be written down must not be done. */
	hold_screen_say(h, "ordeal: the session cannot go on: %s\n", err.msg);
	h->leaving = true;
	hold_stop(h);
}

/* What was hidden is told before the end. */
static void end_day(struct holder *h, const char *by, const char *text)
{
	const struct ord_gameday *day = &h->s->day->spec;

	hold_drop(h);
	for (size_t i = 0; i < day->n_steps; i++)
		if (day->steps[i].hidden && !h->s->state.steps[i].revealed)
			hold_add(h, &(struct day_event){.kind = DAY_E_REVEAL, .step = i});
	hold_publish(h);
	hold_add(h, &(struct day_event){
			    .kind = DAY_E_END, .step = day->n_steps, .by = by, .text = text});
	hold_stop(h);
}

/* While all is halted nothing begins, and what is next waits. */
static void begin_look(struct holder *h, const struct day_step *step)
{
	if (ord_halted()) {
		hold_wait(h);
		return;
	}
	if (step->state == DAY_RETURNING) {
		hold_begin_return(h);
		return;
	}
	h->interrupts = 0;
	hold_begin_checks(h);
}

void hold_next(struct holder *h)
{
	struct day_step *step = hold_step(h);

	if (h->s->state.over || h->leaving)
		return;
	if (!step) {
		end_day(h, NULL, "every step has come to its end");
		return;
	}
	if (step->state == DAY_RETURNING && *h->ending_by)
		hold_add(h, &(struct day_event){.kind = DAY_E_LEFT,
						.step = h->s->state.current,
						.text = "the day was aborted"});
	if (*h->ending_by && step->state != DAY_RUNNING) {
		end_day(h, h->ending_by, "aborted");
		return;
	}
	if ((step->state == DAY_PLANNED || step->state == DAY_RETURNING) && !h->child && !h->again)
		begin_look(h, step);
	hold_screen_banner(h);
}

static int do_abort(struct holder *h, const struct command *c, struct ord_err *err)
{
	struct day_step *step = hold_step(h);
	struct day_event e = {
		.kind = DAY_E_ABORT, .step = h->s->state.current, .by = c->by, .text = c->text};

	if (h->s->state.over)
		return ord_fail(err, ORD_GUARD, "the game day is over");
	if (c->whole_day)
		(void)snprintf(h->ending_by, sizeof h->ending_by, "%s", c->by);
	if (c->whole_day && (!step || step->state != DAY_RUNNING)) {
		hold_next(h);
		return 0;
	}
	if (session_add(h->s, &e, err))
		return -1;
	if (h->child)
		ord_child_abort(h->child);
	return 0;
}

static int do_reveal(struct holder *h, const struct command *c, struct ord_err *err)
{
	const struct day_session *state = &h->s->state;
	struct day_event e = {
		.kind = DAY_E_REVEAL, .step = c->step ? c->step - 1 : state->current, .by = c->by};

	/* Between two steps it is the one that has just ended which is meant. */
	if (!c->step && e.step && (e.step == state->n || !state->steps[e.step].went_ns))
		e.step--;
	if (e.step < state->n &&
	    (!h->s->day->spec.steps[e.step].hidden || state->steps[e.step].revealed))
		return ord_fail(err, ORD_USAGE, "step %zu is not hidden", e.step + 1);
	if (session_add(h->s, &e, err))
		return -1;
	hold_publish(h);
	return 0;
}

/* Into the timeline of the step's run where there is one, and into the session in any case. */
static int do_words(struct holder *h, const struct command *c, struct ord_err *err)
{
	bool mark = c->verb == COMMAND_MARK;
	struct day_step *step = hold_step(h);
	struct day_event e = {.kind = mark ? DAY_E_MARK : DAY_E_NOTE,
			      .step = h->s->state.current,
			      .by = c->by,
			      .what = mark ? c->what : NULL,
			      .text = c->text};
	struct ord_err ignored = {0};

	e.untold = !step || step->state != DAY_RUNNING || !*step->dir ||
		   ord_mark(step->dir, e.what, c->by, *c->text ? c->text : NULL, &ignored);
	return session_add(h->s, &e, err);
}

static int do_check(struct holder *h, const struct command *c, struct ord_err *err)
{
	struct day_event e = {.kind = DAY_E_CHECKS, .step = h->s->state.current, .by = c->by};
	const char *why = day_refuses(&h->s->state, &e);

	if (!why && ord_halted())
		why = halted;
	if (why)
		return ord_fail(err, ORD_GUARD, "%s", why);
	hold_begin_checks(h);
	return 0;
}

/* What is written down and ends a look that goes on. */
static int do_decide(struct holder *h, const struct command *c, enum day_kind kind,
		     struct ord_err *err)
{
	struct day_event e = {.kind = kind,
			      .step = h->s->state.current,
			      .by = c->by,
			      .text = c->text,
			      .overrule = c->overrule};

	if (kind == DAY_E_GO && ord_halted())
		return ord_fail(err, ORD_GUARD, "%s", halted);
	if (session_add(h->s, &e, err))
		return -1;
	hold_drop(h);
	if (kind == DAY_E_GO)
		hold_begin_run(h);
	return 0;
}

static int work(struct holder *h, const struct command *c, struct ord_err *err)
{
	switch (c->verb) {
	case COMMAND_GO:
		return do_decide(h, c, DAY_E_GO, err);
	case COMMAND_HOLD:
		return do_decide(h, c, DAY_E_HOLD, err);
	case COMMAND_SKIP:
		return do_decide(h, c, DAY_E_SKIP, err);
	case COMMAND_LEAVE:
		return do_decide(h, c, DAY_E_LEFT, err);
	case COMMAND_CHECK:
		return do_check(h, c, err);
	case COMMAND_ABORT:
		return do_abort(h, c, err);
	case COMMAND_REVEAL:
		return do_reveal(h, c, err);
	case COMMAND_NOTE:
	case COMMAND_MARK:
		return do_words(h, c, err);
	case COMMAND_WAIT:
	case COMMAND_PAUSE:
	case COMMAND_BOARD:
	case COMMAND_HELP:
	case COMMAND_QUIT:
	case COMMAND_NOTHING:
		break;
	}
	return 0;
}

/* What follows from it comes in a turn of its own: the answer goes out first. */
static int on_later(sd_event_source *source, void *arg)
{
	struct holder *h = arg;

	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	hold_next(h);
	hold_input_pump(h);
	return 0;
}

int hold_do(struct holder *h, const struct command *c, struct ord_err *err)
{
	int r = work(h, c, err);

	if (h->s->failed) {
		h->leaving = true;
		hold_stop(h);
	}
	(void)sd_event_source_set_enabled(h->later, SD_EVENT_ONESHOT);
	return r;
}

static int on_told(void *arg, const struct command *c, struct ord_err *err)
{
	return hold_do(arg, c, err);
}

/* Ctrl-C aborts what runs; once more, or where nothing runs, it leaves. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct holder *h = arg;
	struct day_step *step = hold_step(h);
	struct command c = {.verb = COMMAND_ABORT};
	struct ord_err err = {0};

	(void)source;
	memcpy(c.by, OWNER, sizeof OWNER);
	(void)snprintf(c.text, sizeof c.text, "%s",
		       info->ssi_signo == SIGINT ? "Ctrl-C" : "told to end");
	if (info->ssi_signo != SIGINT)
		h->leaving = true;
	if (step && step->state == DAY_RUNNING && !h->interrupts++) {
		if (!step->aborting && hold_do(h, &c, &err))
			hold_screen_say(h, "%s\n", err.msg);
		return 0;
	}
	h->leaving = true;
	hold_stop(h);
	return 0;
}

static int open_loop(struct holder *h, struct ord_err *err)
{
	static const int numbers[] = {SIGINT, SIGTERM};
	sigset_t mask;
	int e;

	(void)sigemptyset(&mask);
	for (size_t i = 0; i < ORD_COUNT(numbers); i++)
		(void)sigaddset(&mask, numbers[i]);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	e = sd_event_new(&h->loop);
	for (size_t i = 0; e >= 0 && i < ORD_COUNT(numbers); i++)
		e = sd_event_add_signal(h->loop, &h->signals[i], numbers[i], on_signal, h);
	if (e >= 0)
		e = sd_event_add_defer(h->loop, &h->later, on_later, h);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

/* Where a session goes on that somebody else began. */
static void resume(struct holder *h)
{
	struct day_step *step = hold_step(h);
	struct day_event e = {.kind = DAY_E_RESUMED, .step = h->s->state.n};

	hold_add(h, &e);
	hold_publish(h);
	/* What was looked at then need not be so any more. */
	if (step && step->state == DAY_READY && !ord_halted()) {
		hold_begin_checks(h);
		return;
	}
	if (!step || step->state < DAY_CHECKS || day_is_end(step->state) ||
	    step->state == DAY_READY || step->state == DAY_HELD)
		return;
	e.kind = DAY_E_INTERRUPTED;
	e.step = h->s->state.current;
	hold_add(h, &e);
}

static void on_line(void *arg, const json_t *line)
{
	hold_screen_line(arg, line);
}

static void close_all(struct holder *h)
{
	hold_pulse_end(h);
	hold_input_close(h);
	hold_screen_close(h);
	control_close(h->control);
	ord_child_free(h->child);
	(void)sd_event_source_disable_unref(h->box);
	(void)sd_event_source_disable_unref(h->again);
	(void)sd_event_source_disable_unref(h->later);
	for (size_t i = 0; i < ORD_COUNT(h->signals); i++)
		(void)sd_event_source_disable_unref(h->signals[i]);
	(void)sd_event_unref(h->loop);
}

int hold_session(struct session *s, const struct ord_gameday_order *o, int *ret_exit,
		 struct ord_err *err)
{
	struct holder *h = calloc(1, sizeof *h);
	bool begun = s->state.steps[0].state != DAY_PLANNED || s->state.current;
	int r = -1;

	if (!h)
		return ord_fail_nomem(err);
	*h = (struct holder){.s = s,
			     .run_args = o->run_args,
			     .output = o->output,
			     .pulse = {.fd = -1},
			     .input = {.fd = -1}};
	/* Of one who died. */
	(void)unlinkat(s->dir, SESSION_LIVE, 0);
	s->on_line = on_line;
	s->arg = h;
	(void)snprintf(h->looks, sizeof h->looks, "%.4000s/looks", s->path);
	if (open_loop(h, err) || ord_mkdirs(h->looks, 0700, err) ||
	    control_open(s->dir, h->loop, on_told, h, &h->control, err))
		goto out;
	hold_screen_open(h, o);
	if (hold_input_open(h, o, err))
		goto out;
	if (begun && !s->state.over)
		resume(h);
	hold_next(h);
	hold_input_pump(h);
	if (!s->state.over && !h->leaving && sd_event_loop(h->loop) < 0) {
		(void)ord_fail(err, ORD_SYS, "the event loop failed");
		goto out;
	}
	*ret_exit = day_exit(&s->state);
	r = 0;
out:
	s->on_line = NULL;
	close_all(h);
	free(h);
	return r;
}
