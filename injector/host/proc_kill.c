/* Sends a signal to processes. It cannot be undone, and says so: class none. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/host/procs.h"
#include "injector/lease/injector.h"
#include "injector/lease/pidfd.h"

#define DEAD_NS ORD_S /* within which a killed process must have ended */

static int report_fill(const struct inj_step *step, const struct inj_procs *procs, json_t *report,
		       struct ord_err *err)
{
	json_t *notes = json_array();
	char text[96];

	for (size_t i = 0; notes && i < procs->n; i++) {
		(void)snprintf(text, sizeof text, "signal %d to process %d (%s)",
			       (int)ord_arg_int(step->args, "signal"), procs->v[i].pid,
			       procs->v[i].comm);
		if (json_array_append_new(notes, json_string(text)) < 0)
			break;
	}
	if (json_object_set_new(report, "engine", json_string("")) < 0 ||
	    json_object_set_new(report, "objects", json_array()) < 0 ||
	    json_object_set_new(report, "notes", notes) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	int sig = (int)ord_arg_int(step->args, "signal");
	struct inj_procs *procs;

	if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
		return ord_fail(
			err, ORD_GUARD,
			"a stop would stay: proc.pause stops processes and lets them go on");
	if (inj_procs_open(step->place, &procs, err) < 0)
		return -1;
	step->state = procs;
	if (json_object_set_new(undo, "signalled", inj_procs_to_json(procs)) < 0)
		return ord_fail_nomem(err);
	return report_fill(step, procs, report, err);
}

/* SIGKILL is in force when all are dead; of other signals no more is known than that they were
 * delivered. */
static int dead_wait(const struct inj_procs *procs, struct ord_err *err)
{
	uint64_t limit = ord_now_ns() + DEAD_NS;

	for (size_t i = 0; i < procs->n; i++) {
		struct pollfd fd = {.fd = procs->pidfd[i], .events = POLLIN};
		uint64_t now = ord_now_ns();
		struct timespec rest = ord_timespec(limit > now ? limit - now : 0);

		if (ppoll(&fd, 1, &rest, NULL) <= 0)
			return ord_fail(
				err, ORD_SYS,
				"process %d (%s) was killed but has not ended within a second",
				procs->v[i].pid, procs->v[i].comm);
	}
	return 0;
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	const struct inj_procs *procs = step->state;
	int sig = (int)ord_arg_int(step->args, "signal");
	size_t hit = 0;

	for (size_t i = 0; i < procs->n; i++) {
		if (inj_pidfd_signal(procs->pidfd[i], sig) == 0)
			hit++;
		else if (errno != ESRCH)
			return ord_fail_sys(err, "signal process %d (%s)", procs->v[i].pid,
					    procs->v[i].comm);
	}
	if (hit == 0)
		return ord_fail(err, ORD_SYS, "all chosen processes had ended before the signal");
	return sig == SIGKILL ? dead_wait(procs, err) : 0;
}

static void figures(struct inj_step *step, json_t *figures)
{
	const struct inj_procs *procs = step->state;
	json_int_t ended = 0;

	for (size_t i = 0; i < procs->n; i++) {
		struct pollfd fd = {.fd = procs->pidfd[i], .events = POLLIN};

		ended += poll(&fd, 1, 0) > 0;
	}
	(void)json_object_set_new(figures, "processes", json_integer((json_int_t)procs->n));
	(void)json_object_set_new(figures, "ended", json_integer(ended));
}

static void done(struct inj_step *step)
{
	inj_procs_free(step->state);
	step->state = NULL;
}

const struct ord_injector inj_proc_kill = {
	.name = "proc.kill", .check = check, .inject = inject, .figures = figures, .done = done};
