/* The faults of one repetition together: resolved, started, ended. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/caller.h"
#include "base/clock.h"
#include "base/json.h"
#include "ordeal/far.h"
#include "scheduler/run/fault.h"

#define SPENT_NS (200 * ORD_MS) /* for a holder to exit by itself once its lease is over */

/* On another machine the caller is the one that leads there, which the injector sees. */
static int spare_caller(struct run_fault *f, char peer[static ORD_CALLER_TEXT], bool *ret_spared,
			struct ord_err *err)
{
	*ret_spared = false;
	if (f->run->options->even_if_it_cuts_me_off || f->spec->target.via || !ord_caller_ssh(peer))
		return 0;
	return ord_args_spare(f->args, peer, ret_spared, err);
}

int run_fault_args(struct run_fault *f, struct ord_err *err)
{
	char peer[ORD_CALLER_TEXT];
	bool spared;

	*f->args = *f->named;
	return spare_caller(f, peer, &spared, err);
}

static int prepare_args(struct run_fault *f, struct ord_err *err)
{
	const struct run *r = f->run;
	char peer[ORD_CALLER_TEXT];
	bool spared;

	f->stale = false;
	if (!f->args)
		f->args = malloc(sizeof *f->args);
	if (!f->args)
		return ord_fail_nomem(err);
	if (r->placebo) {
		ord_args_init(f->args, ord_fault_find("noop"));
		return ord_args_finish(f->args, err);
	}
	*f->args = *f->named;
	if (spare_caller(f, peer, &spared, err))
		return -1;
	if (spared)
		run_note(f->run, "fault '%s' leaves the SSH connection of the caller alone: %s",
			 f->spec->name, peer);
	return 0;
}

static void tell_resolved(const struct run_fault *f)
{
	json_t *line = json_pack("{s:I, s:s, s:s, s:o, s:s}", "rep", (json_int_t)f->run->rep,
				 "fault", f->spec->name, "lease", f->lease, "place",
				 ord_place_to_json(&f->resolved.place), "hash", f->resolved.hash);
	char via[512];

	if (line && f->holder) {
		(void)ord_via_text(f->spec->target.via, sizeof via, via);
		(void)json_object_set_new(line, "via", json_string(via));
		(void)json_object_set_new(line, "clock_ns",
					  json_integer((json_int_t)ord_far_error_ns(f->holder)));
	}
	run_timeline_line(f->run->tl, "resolved", line);
}

static int prepare(struct run *r, size_t i, struct ord_err *err)
{
	struct run_fault *f = &r->faults[i];
	int e = 0;

	f->run = r;
	f->index = i;
	f->spec = &r->spec->faults[i];
	f->failed = false;
	f->waiting = false;
	f->state = FAULT_OVER;
	(void)snprintf(f->lease, sizeof f->lease, "%s-%" PRIu32 "-%zu", r->home.lease, r->rep, i);
	ord_place_done(&f->resolved.place);
	if (run_cluster_target(r, i, &f->resolved, err) < 0 || prepare_args(f, err) < 0 ||
	    (f->holder && run_fault_watch(f, err) < 0))
		return -1;
	if (!f->timer)
		e = sd_event_add_time(r->loop, &f->timer, CLOCK_MONOTONIC, 0, 1, run_fault_on_timer,
				      f);
	if (e < 0) {
		errno = -e;
		return ord_fail_sys(err, "timer");
	}
	run_fault_disarm(f);
	tell_resolved(f);
	return 0;
}

int run_faults_begin(struct run *r, struct ord_err *err)
{
	uint64_t now;

	run_faults_tidy(r, true);
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (prepare(r, i, err) < 0)
			return ord_wrap(err, "fault '%s'", r->spec->faults[i].name);
	if (run_cluster_targets(r, err) < 0)
		return -1;
	now = ord_now_ns();
	for (size_t i = 0; i < r->spec->n_faults; i++) {
		r->faults[i].state = FAULT_PENDING;
		if (r->faults[i].spec->at_ns)
			run_fault_arm(&r->faults[i], now + r->faults[i].spec->at_ns);
	}
	/* Those of the first instant without a turn of the loop; one that fails stops the rest. */
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->faults[i].state == FAULT_PENDING && !r->faults[i].spec->at_ns)
			run_fault_start(&r->faults[i]);
	return 0;
}

void run_faults_end(struct run *r)
{
	for (size_t i = 0; i < r->spec->n_faults; i++) {
		struct run_fault *f = &r->faults[i];

		if (!f->run)
			continue;
		if (f->state == FAULT_PENDING)
			run_fault_over(f);
		else if (f->state == FAULT_REQUESTED || f->state == FAULT_INJECTED)
			run_fault_ask_end(f);
	}
}

void run_faults_hear(struct run *r)
{
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->faults[i].holder)
			run_fault_hear(&r->faults[i]);
}

bool run_faults_over(const struct run *r)
{
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->faults[i].run && r->faults[i].state != FAULT_OVER)
			return false;
	return true;
}

bool run_faults_in_force(const struct run *r)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->spec->faults[i].at_ns < first)
			first = r->spec->faults[i].at_ns;
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->spec->faults[i].at_ns == first && r->faults[i].state < FAULT_INJECTED)
			return false;
	return true;
}

bool run_faults_ending(const struct run *r)
{
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->faults[i].state < FAULT_ENDING)
			return false;
	return true;
}

void run_faults_beat(struct run *r)
{
	for (size_t i = 0; i < r->spec->n_faults; i++)
		if (r->faults[i].holder)
			run_fault_beat(&r->faults[i]);
}

void run_faults_tidy(struct run *r, bool all)
{
	uint64_t now = ord_now_ns();

	for (size_t i = 0; i < r->spec->n_faults; i++) {
		struct run_fault *f = &r->faults[i];

		if (f->spent && (all || now - f->spent_ns > SPENT_NS))
			ord_holder_free(ord_steal_ptr(f->spent));
	}
}
