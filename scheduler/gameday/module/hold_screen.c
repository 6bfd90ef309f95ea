/* What the holder shows: plain lines that any terminal takes, and on one a line of time. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/printable.h"
#include "base/units.h"
#include "scheduler/gameday/module/hold.h"

#define WIDTH 79
#define RULE  "-------------------------------------------------------------------------------"

/* Takes the line of time away, so that others can stand there. */
static void clear(struct hold_screen *screen)
{
	if (screen->shown)
		(void)fprintf(screen->out, "\r%*s\r", WIDTH, "");
	screen->shown = false;
}

/* "0:03:12" */
static const char *elapsed(uint64_t ns, char out[static 32])
{
	uint64_t s = ns / ORD_S;

	(void)snprintf(out, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60,
		       s % 60);
	return out;
}

static uint64_t since_go(const struct day_step *step)
{
	uint64_t now = ord_wall_ns();

	return step->went_ns && now > step->went_ns ? now - step->went_ns : 0;
}

static void draw(struct holder *h)
{
	struct hold_screen *screen = &h->screen;
	const struct day_step *step = hold_step(h);
	char line[2 * WIDTH], time[32], box[32];

	if (!screen->tty || !step || (step->state != DAY_RUNNING && step->state != DAY_RETURNING))
		return;
	(void)snprintf(
		line, sizeof line, "%s  %s of %s  %s%s",
		step->state == DAY_RETURNING ? "RETURNING"
		: step->aborting	     ? "ABORTING"
					     : "RUNNING",
		elapsed(since_go(step), time),
		ord_format_duration((int64_t)h->s->day->spec.steps[h->s->state.current].time_box_ns,
				    box),
		h->phase, step->state == DAY_RUNNING ? "   [Ctrl-C: abort]" : "");
	(void)fprintf(screen->out, "\r%-*.*s", WIDTH, WIDTH, line);
	(void)fflush(screen->out);
	screen->shown = true;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	draw(arg);
	(void)sd_event_source_set_time_relative(source, ORD_S / ORD_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

void hold_screen_open(struct holder *h, const struct ord_gameday_order *o)
{
	h->screen.out = o->out;
	h->screen.tty = isatty(fileno(o->out));
	h->screen.last = DAY_STATES;
	day_say(h->s->head, h->s->head, o->out);
	(void)fflush(o->out);
	if (h->screen.tty)
		(void)sd_event_add_time_relative(h->loop, &h->screen.tick, CLOCK_MONOTONIC,
						 ORD_S / ORD_US, 0, on_tick, h);
}

void hold_screen_close(struct holder *h)
{
	if (h->screen.out) {
		clear(&h->screen);
		(void)fflush(h->screen.out);
	}
	(void)sd_event_source_disable_unref(h->screen.tick);
}

void hold_screen_line(struct holder *h, const json_t *line)
{
	clear(&h->screen);
	day_say(line, h->s->head, h->screen.out);
	(void)fflush(h->screen.out);
}

void hold_screen_say(struct holder *h, const char *fmt, ...)
{
	va_list ap;

	clear(&h->screen);
	va_start(ap, fmt);
	(void)vfprintf(h->screen.out, fmt, ap);
	va_end(ap);
	(void)fflush(h->screen.out);
}

void hold_screen_board(struct holder *h)
{
	const struct day_session *s = &h->s->state;
	char title[2 * ORD_GAMEDAY_TITLE_MAX];

	for (size_t i = 0; i < s->n; i++)
		hold_screen_say(h, "%c %2zu. %-11s %s%s%s\n", i == s->current ? '>' : ' ', i + 1,
				day_state_name(s->steps[i].state),
				ord_printable(h->s->day->spec.steps[i].name, sizeof title, title),
				*s->steps[i].verdict ? ": " : "", s->steps[i].verdict);
}

static const char *keys(enum day_state state)
{
	switch (state) {
	case DAY_READY:
		return "go   hold   skip   check   abort day   note TEXT   help";
	case DAY_HELD:
		return "check (then go)   skip   abort day   note TEXT   help";
	case DAY_RUNNING:
		return "abort or Ctrl-C   note TEXT   mark detected ROLE   help";
	case DAY_RETURNING:
		return "leave   abort day   reveal   note TEXT   help";
	case DAY_PLANNED:
	case DAY_CHECKS:
	case DAY_DONE:
	case DAY_CUT:
	case DAY_SKIPPED:
	case DAY_INTERRUPTED:
	case DAY_STATES:
		break;
	}
	return NULL;
}

void hold_screen_banner(struct holder *h)
{
	const struct day_step *step = hold_step(h);
	const char *what = step ? keys(step->state) : NULL;
	size_t i = h->s->state.current;
	char title[2 * ORD_GAMEDAY_TITLE_MAX], state[16];

	if (!what || (step->state == h->screen.last && i == h->screen.last_step))
		return;
	h->screen.last = step->state;
	h->screen.last_step = i;
	(void)snprintf(state, sizeof state, "%s", day_state_name(step->state));
	for (char *p = state; *p; p++)
		*p = (char)(*p - 'a' + 'A');
	hold_screen_say(h, RULE "\n  STEP %zu of %zu   %s   %s\n  %s\n" RULE "\n", i + 1,
			h->s->state.n, state,
			ord_printable(h->s->day->spec.steps[i].name, sizeof title, title), what);
}
