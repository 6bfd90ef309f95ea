/*
 * Four times a second while a step runs: whether all was halted meanwhile, and what its run is at,
 * in live.json for those who look at the session from elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/halt.h"
#include "base/json.h"
#include "scheduler/gameday/module/hold.h"

#define PULSE_NS (250 * ORD_MS)

static json_t *faults_of(const struct ord_child_look *look)
{
	json_t *list = json_array();

	for (size_t i = 0; i < look->n_faults; i++)
		(void)json_array_append_new(
			list, json_pack("{s:s,s:s,s:s}", "name", look->faults[i].name, "fault",
					look->faults[i].fault, "state", look->faults[i].state));
	return list;
}

/* Counts since the run began: who looks now and then misses none. */
static json_t *probes_of(struct hold_pulse *pulse, const struct ord_child_look *look)
{
	json_t *list = json_array();

	for (size_t i = 0; i < look->n_probes; i++) {
		const struct ord_child_probe *p = &look->probes[i];
		uint64_t *n = pulse->counts[i];

		n[0] += p->good;
		n[1] += p->bad;
		n[2] += p->unknown;
		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:I,s:I,s:I,s:o}", "name", p->name, "role",
				  p->signal ? "signal" : "user", "good", (json_int_t)n[0], "bad",
				  (json_int_t)n[1], "unknown", (json_int_t)n[2], "latency_ms",
				  p->latency_ns < 0
					  ? json_null()
					  : json_real((double)p->latency_ns / (double)ORD_MS)));
	}
	return list;
}

/* In place, since a rename four times a second would have the disk write each; who reads a part of
 * it finds no JSON, and the next one. */
static void write_live(struct holder *h)
{
	struct hold_pulse *pulse = &h->pulse;
	struct ord_child_look look;
	ord_auto(json) json_t *live = NULL;
	ord_autofree char *text = NULL;
	size_t size;

	ord_child_look(h->child, &look);
	live = json_pack("{s:I,s:s,s:f,s:s,s:[I,I],s:o,s:o}", "step",
			 (json_int_t)h->s->state.current + 1, "run", look.run, "t",
			 (double)look.t_ns / (double)ORD_S, "phase", look.phase, "repetition",
			 (json_int_t)look.rep, (json_int_t)look.reps, "faults", faults_of(&look),
			 "probes", probes_of(pulse, &look));
	text = live ? json_dumps(live, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
	size = text ? strlen(text) : 0;
	if (pulse->fd >= 0 && size && pwrite(pulse->fd, text, size, 0) == (ssize_t)size)
		(void)!ftruncate(pulse->fd, (off_t)size);
}

/* Also before a fault is injected, when `ordeal halt` finds no lease to end. */
static void follow_halt(struct holder *h)
{
	const struct day_step *step = hold_step(h);

	if (!step || step->state != DAY_RUNNING || step->aborting || !ord_halted())
		return;
	hold_add(h, &(struct day_event){.kind = DAY_E_ABORT,
					.step = h->s->state.current,
					.text = "all was halted"});
	ord_child_abort(h->child);
}

static int on_pulse(sd_event_source *source, uint64_t usec, void *arg)
{
	struct holder *h = arg;

	(void)usec;
	if (!h->child || h->work != HOLD_RUN)
		return 0;
	follow_halt(h);
	write_live(h);
	(void)sd_event_source_set_time_relative(source, PULSE_NS / ORD_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int hold_pulse_begin(struct holder *h, struct ord_err *err)
{
	struct hold_pulse *pulse = &h->pulse;
	int e;

	hold_pulse_end(h);
	pulse->fd = openat(h->s->dir, SESSION_LIVE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	e = sd_event_add_time_relative(h->loop, &pulse->source, CLOCK_MONOTONIC, 0, 1, on_pulse, h);
	if (e >= 0)
		return 0;
	errno = -e;
	return ord_fail_sys(err, "event loop");
}

void hold_pulse_end(struct holder *h)
{
	h->pulse.source = sd_event_source_disable_unref(h->pulse.source);
	if (h->pulse.fd >= 0)
		(void)unlinkat(h->s->dir, SESSION_LIVE, 0);
	ord_close(&h->pulse.fd);
	h->pulse = (struct hold_pulse){.fd = -1};
}
