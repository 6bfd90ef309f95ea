/*
 * After a restart: of each claim that has no end it is known how far it had come. What was not
 * begun is begun; what was begun was interrupted, told, and is never begun again.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/proc.h"
#include "scheduler/serve/serve.h"

/* What was orphaned aborts and reverts by itself; so long it is waited for before others begin. */
#define LEFT_NS (30 * ORD_S)

static const char *text(const json_t *claim, const char *key)
{
	const char *t = json_string_value(json_object_get(claim, key));

	return t ? t : "";
}

static int64_t number(const json_t *claim, const char *key)
{
	return json_integer_value(json_object_get(claim, key));
}

/* A run that its parent left behind, which a SIGTERM told to end. */
static void await_orphan(struct ord_serve *s, const json_t *claim, uint64_t until)
{
	pid_t pid = (pid_t)number(claim, "pid");
	ord_autoclose int dir = pid > 0 ? ord_proc_open(pid) : -1;
	ord_autoclose int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct ord_proc_stat st;
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	uint64_t now = ord_boot_ns();

	if (dir < 0 || pidfd < 0 || ord_proc_stat(dir, &st) < 0 ||
	    st.start != (uint64_t)number(claim, "st"))
		return;
	serve_say(s, "%s: waiting for the interrupted run to have reverted", text(claim, "n"));
	if (now >= until || poll(&p, 1, (int)((until - now) / ORD_MS) + 1) <= 0)
		serve_say(s, "%s: the interrupted run, process %d, has not ended", text(claim, "n"),
			  (int)pid);
}

static void interrupted(struct ord_serve *s, const json_t *claim)
{
	uint32_t id = ord_agenda_find(s->agenda, text(claim, "n"));
	struct entry *e = store_entry(s, id);
	const char *dir = text(claim, "dir"), *slash = strrchr(dir, '/'),
		   *run = slash ? slash + 1 : "";
	int64_t key = number(claim, "k");

	past_interrupted(s, text(claim, "n"), number(claim, "p"), dir);
	serve_say(s, "%s: interrupted (d%lld) %s", text(claim, "n"), (long long)key, dir);
	if (e) {
		json_decref(e->last);
		e->last = json_pack("{s:s,s:s,s:n,s:o}", "run", run, "verdict", "interrupted",
				    "exit", "at", show_time(number(claim, "a")));
	}
	serve_emit(s, "interrupted",
		   json_pack("{s:s,s:o,s:s,s:s,s:o,s:s}", "run", run, "key",
			     json_sprintf("d%lld", (long long)key), "name", text(claim, "n"),
			     "reason", text(claim, "r"), "planned", show_time(number(claim, "p")),
			     "dir", dir));
}

static enum run_reason reason_of(const char *name)
{
	for (enum run_reason r = RUN_SCHEDULE; r < RUN_NOW; r++)
		if (!strcmp(run_reason_name(r), name))
			return r;
	return RUN_NOW;
}

/* As if it had just been claimed; it is in the journal that is written next. */
static void again(struct ord_serve *s, const json_t *claim, uint32_t id, enum run_reason reason)
{
	struct run *r = calloc(1, sizeof *r);

	if (!r)
		return;
	*r = (struct run){.serve = s,
			  .key = (uint64_t)number(claim, "k"),
			  .id = id,
			  .reason = reason,
			  .planned_ns = number(claim, "p"),
			  .at_ns = number(claim, "a"),
			  .queued = json_object_get(claim, "queued") != NULL};
	(void)snprintf(r->name, sizeof r->name, "%s", text(claim, "n"));
	run_insert(s, r);
}

/* It was not begun. One that waited for its turn is not late; another may be too late. */
static void not_begun(struct ord_serve *s, const json_t *claim)
{
	uint32_t id = ord_agenda_find(s->agenda, text(claim, "n"));
	int64_t planned = number(claim, "p");
	enum run_reason reason = reason_of(text(claim, "r"));
	struct ord_agenda_entry a;
	const char *why = NULL;

	if (id == ORD_AGENDA_NONE) {
		why = "removed";
	} else if (!json_object_get(claim, "queued")) {
		ord_agenda_entry(s->agenda, id, &a);
		if (run_is_missed(number(claim, "a"), a.catch_up, &reason))
			why = ord_skip_name(ORD_SKIP_CATCH_UP);
	}
	if (why)
		serve_skipped(s, text(claim, "n"), planned, planned, 1, why);
	else
		again(s, claim, id, reason);
}

void claims_settle(struct ord_serve *s, const struct state_past *past)
{
	uint64_t until = ord_boot_ns() + LEFT_NS;
	const char *key;
	json_t *claim;

	json_object_foreach (past->claims, key, claim) {
		bool begun = json_object_get(claim, "begin");

		if (begun && past->same_boot)
			await_orphan(s, claim, until);
		/* The line that it began may be what is missing, whatever its instant is by a clock
		 * that a machine has just begun with. */
		if (begun || !past->whole)
			interrupted(s, claim);
		else
			not_begun(s, claim);
	}
	if (!past->same_boot || !past->whole)
		past_again(s, past->skips);
}
