/* What the holder has others do: the step's run, and the looks before and after it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/halt.h"
#include "base/json.h"
#include "base/units.h"
#include "scheduler/gameday/module/hold.h"

#define AGAIN_AFTER ORD_S	  /* a system that has not returned is looked at again */
#define PATIENCE    (120 * ORD_S) /* of an abort, before the run is ended at once */

static void drop_timer(sd_event_source **timer)
{
	*timer = sd_event_source_disable_unref(*timer);
}

void hold_drop(struct holder *h)
{
	drop_timer(&h->again);
	if (h->work == HOLD_RUN)
		return;
	ord_child_free(h->child);
	h->child = NULL;
	h->work = HOLD_NOTHING;
}

/* One line of what the program said. */
static void first_line(const char *text, char out[static REHEARSAL_TEXT_MAX])
{
	const char *said = !strncmp(text, "ordeal: ", 8) ? text + 8 : text;

	(void)snprintf(out, REHEARSAL_TEXT_MAX, "%.*s", (int)strcspn(said, "\n"), said);
}

static void check_is(struct holder *h, enum ord_gameday_check which, enum day_result result,
		     const char *text)
{
	const struct ord_gameday_step *step = &h->s->day->spec.steps[h->s->state.current];

	if (step->checks & 1u << which)
		hold_add(h, &(struct day_event){.kind = DAY_E_CHECK,
						.step = h->s->state.current,
						.check = which,
						.result = result,
						.text = text});
}

static void end_checks(struct holder *h, const char *said)
{
	const struct ord_spec *spec = h->s->day->experiments[h->s->state.current].spec;
	char text[REHEARSAL_TEXT_MAX];
	enum day_result r;

	r = rehearsal_steady(&h->seen, spec, said, text);
	check_is(h, ORD_GAMEDAY_STEADY, r, text);
	r = rehearsal_alerts(&h->seen, spec, text);
	check_is(h, ORD_GAMEDAY_ALERTS, r, text);
	r = rehearsal_rollback(&h->seen, said, text);
	check_is(h, ORD_GAMEDAY_ROLLBACK, r, text);
	r = rehearsal_clock(&h->seen, text);
	check_is(h, ORD_GAMEDAY_CLOCK, r, text);
	r = rehearsal_disk(h->s->path, text);
	check_is(h, ORD_GAMEDAY_DISK, r, text);
	hold_add(h, &(struct day_event){.kind = DAY_E_READY, .step = h->s->state.current});
}

static int on_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct holder *h = arg;

	(void)source;
	(void)usec;
	drop_timer(&h->again);
	hold_next(h);
	return 0;
}

void hold_wait(struct holder *h)
{
	if (!h->again)
		(void)sd_event_add_time_relative(h->loop, &h->again, CLOCK_MONOTONIC,
						 AGAIN_AFTER / ORD_US, 0, on_again, h);
}

static void end_return(struct holder *h, const char *said)
{
	const struct ord_spec *spec = h->s->day->experiments[h->s->state.current].spec;
	char text[REHEARSAL_TEXT_MAX];
	enum day_result r = rehearsal_steady(&h->seen, spec, said, text);

	/* A look that a halt cut off says nothing. */
	if (!ord_halted())
		hold_add(h, &(struct day_event){.kind = DAY_E_STEADY,
						.step = h->s->state.current,
						.result = r,
						.text = text});
	h->interrupts = 0;
	if (r == DAY_FAIL || ord_halted())
		hold_wait(h);
}

static void end_run(struct holder *h, int exit_code, const char *dir, const char *text)
{
	drop_timer(&h->box);
	hold_pulse_end(h);
	hold_add(h, &(struct day_event){.kind = DAY_E_ENDED,
					.step = h->s->state.current,
					.exit = exit_code < 0 ? DAY_BROKEN : exit_code,
					.text = text,
					.dir = dir});
	h->phase[0] = '\0';
	hold_publish(h);
	if (h->leaving)
		hold_stop(h);
}

static void on_end(void *arg, struct ord_child *c, int exit_code, const char *dir,
		   const char *verdict, const char *stderr_text)
{
	struct holder *h = arg;
	enum hold_work was = h->work;
	char said[REHEARSAL_TEXT_MAX], text[REHEARSAL_TEXT_MAX], folder[ORD_PATH_MAX];

	first_line(stderr_text, said);
	(void)snprintf(text, sizeof text, "%.499s", *verdict ? verdict : said);
	(void)snprintf(folder, sizeof folder, "%.4095s", dir);
	ord_child_free(c);
	h->child = NULL;
	h->work = HOLD_NOTHING;
	if (was == HOLD_CHECK)
		end_checks(h, said);
	else if (was == HOLD_RETURN)
		end_return(h, said);
	else
		end_run(h, exit_code, folder, text);
	hold_next(h);
	hold_input_pump(h);
}

/* "phase" of a line of that type; false: it is another. */
static bool phase_of(const char *text, size_t size, char out[static 32])
{
	ord_auto(json) json_t *line = NULL;
	const char *phase;

	if (!memmem(text, size, "\"e\":\"phase\"", 11))
		return false;
	line = json_loadb(text, size, 0, NULL);
	phase = json_string_value(json_object_get(line, "phase"));
	(void)snprintf(out, 32, "%.31s", phase ? phase : "");
	return phase != NULL;
}

static void on_line(void *arg, struct ord_child *c, const char *line, size_t size)
{
	struct holder *h = arg;
	struct day_step *step = hold_step(h);

	if (h->work != HOLD_RUN) {
		rehearsal_line(&h->seen, line, size);
		return;
	}
	if (step && !*step->dir && *ord_child_dir(c))
		hold_add(h, &(struct day_event){.kind = DAY_E_RUN,
						.step = h->s->state.current,
						.run = ord_child_run(c),
						.dir = ord_child_dir(c)});
	if (!phase_of(line, size, h->phase))
		return;
	hold_add(h, &(struct day_event){
			    .kind = DAY_E_PHASE, .step = h->s->state.current, .text = h->phase});
	hold_input_pump(h);
}

static int start(struct holder *h, enum hold_work work, struct rehearsal_args *args,
		 struct ord_err *err)
{
	static const struct ord_child_calls calls = {.on_line = on_line, .on_end = on_end};
	size_t i = h->s->state.current;
	const struct ord_gameday_step *step = &h->s->day->spec.steps[i];
	char dispatch[160];
	struct ord_child_options options = {.text = step->text,
					    .size = step->size,
					    .name = step->file ? step->file : step->name,
					    .output = work == HOLD_RUN ? h->output : h->looks,
					    .dispatch = dispatch,
					    .extra = args->argv};

	if (rehearsal_args_add(args, h->run_args, err))
		return -1;
	(void)snprintf(dispatch, sizeof dispatch, "gameday/%s/%zu", h->s->id, i + 1);
	h->work = work;
	rehearsal_begin(&h->seen);
	return ord_child_start(h->loop, &options, &calls, h, &h->child, err);
}

static void begin_look(struct holder *h, enum hold_work work, uint64_t hold_ns)
{
	const struct ord_spec *spec = h->s->day->experiments[h->s->state.current].spec;
	struct ord_err err = {0};
	struct rehearsal_args args = {0};
	int r = rehearsal_args_make(spec, hold_ns, &args, &err);

	r = r ? r : start(h, work, &args, &err);
	rehearsal_args_done(&args);
	if (!r)
		return;
	h->work = HOLD_NOTHING;
	if (work == HOLD_CHECK)
		end_checks(h, err.msg);
	else
		end_return(h, err.msg);
}

void hold_begin_checks(struct holder *h)
{
	size_t i = h->s->state.current;
	const uint32_t looked_at =
		1u << ORD_GAMEDAY_STEADY | 1u << ORD_GAMEDAY_ALERTS | 1u << ORD_GAMEDAY_ROLLBACK;

	hold_add(h, &(struct day_event){.kind = DAY_E_CHECKS, .step = i});
	rehearsal_begin(&h->seen);
	if (h->s->day->spec.steps[i].checks & looked_at)
		begin_look(h, HOLD_CHECK, 0);
	else
		end_checks(h, NULL);
}

void hold_begin_return(struct holder *h)
{
	begin_look(h, HOLD_RETURN, h->s->day->spec.cooldown_ns);
}

/* Its time is over: it is aborted, and ended at once where that takes too long. */
static int on_box(sd_event_source *source, uint64_t usec, void *arg)
{
	struct holder *h = arg;
	struct day_step *step = hold_step(h);
	char box[32], text[80];

	(void)usec;
	if (!h->child || !step || step->state != DAY_RUNNING)
		return 0;
	if (step->aborting) {
		ord_child_kill(h->child);
		return 0;
	}
	(void)snprintf(
		text, sizeof text, "its time box of %s is over",
		ord_format_duration((int64_t)h->s->day->spec.steps[h->s->state.current].time_box_ns,
				    box));
	hold_add(h, &(struct day_event){
			    .kind = DAY_E_ABORT, .step = h->s->state.current, .text = text});
	ord_child_abort(h->child);
	(void)sd_event_source_set_time_relative(source, PATIENCE / ORD_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static bool is_hidden(const struct holder *h)
{
	size_t i = h->s->state.current;

	return h->s->day->spec.steps[i].hidden && !h->s->state.steps[i].revealed;
}

void hold_begin_run(struct holder *h)
{
	uint64_t box = h->s->day->spec.steps[h->s->state.current].time_box_ns;
	struct rehearsal_args args = {0};
	struct ord_err err = {0};
	int r = run_args_make(h->s->id, h->s->state.current, is_hidden(h), &args, &err);

	h->interrupts = 0;
	r = r ? r : hold_pulse_begin(h, &err);
	r = r ? r : start(h, HOLD_RUN, &args, &err);
	rehearsal_args_done(&args);
	if (!r && sd_event_add_time_relative(h->loop, &h->box, CLOCK_MONOTONIC, box / ORD_US, 0,
					     on_box, h) < 0) {
		/* Nothing runs without its time box. */
		ord_child_free(h->child);
		h->child = NULL;
		r = ord_fail(&err, ORD_SYS, "no timer could be had for the time box");
	}
	if (!r)
		return;
	h->work = HOLD_NOTHING;
	end_run(h, DAY_BROKEN, "", err.msg);
}
