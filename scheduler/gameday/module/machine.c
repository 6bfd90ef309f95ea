#include "scheduler/gameday/module/machine.h"

#include <string.h>

#include "base/auto.h"
#include "scheduler/gameday/module/verbs.h"

static const char *const states[DAY_STATES] = {
	"planned",   "checks", "ready",	  "held",    "running",
	"returning", "done",   "aborted", "skipped", "interrupted",
};
static const char *const results[] = {"unknown", "pass", "fail", "cannot"};
static const char *const kinds[DAY_KINDS] = {
	"session", "checks", "check", "ready", "go",	 "hold", "skip",
	"run",	   "phase",  "abort", "ended", "steady", "left", "interrupted",
	"resumed", "reveal", "note",  "mark",  "end",
};

const char *day_state_name(enum day_state state)
{
	return states[state];
}

const char *day_result_name(enum day_result result)
{
	return results[result];
}

const char *day_kind_name(enum day_kind kind)
{
	return kinds[kind];
}

enum day_kind day_kind_find(const char *name)
{
	int i = 0;

	while (i < DAY_KINDS && (!name || strcmp(kinds[i], name) != 0))
		i++;
	return (enum day_kind)i;
}

bool day_is_end(enum day_state state)
{
	return state >= DAY_DONE;
}

void day_session_init(struct day_session *s, size_t n_steps)
{
	*s = (struct day_session){.n = n_steps};
}

bool day_failed(const struct day_step *step)
{
	for (int i = 0; i < ORD_GAMEDAY_CHECKS; i++)
		if (step->checks[i] == DAY_FAIL)
			return true;
	return false;
}

/* The states of the current step in which it may happen, as bits; 0: it is of no step. */
static unsigned when(enum day_kind kind)
{
	static const unsigned waits = 1u << DAY_PLANNED | 1u << DAY_READY | 1u << DAY_HELD;
	static const unsigned in[DAY_KINDS] = {
		[DAY_E_CHECKS] = waits,
		[DAY_E_CHECK] = 1u << DAY_CHECKS,
		[DAY_E_READY] = 1u << DAY_CHECKS,
		[DAY_E_GO] = 1u << DAY_READY,
		[DAY_E_HOLD] = 1u << DAY_PLANNED | 1u << DAY_CHECKS | 1u << DAY_READY,
		[DAY_E_SKIP] = waits | 1u << DAY_CHECKS,
		[DAY_E_RUN] = 1u << DAY_RUNNING,
		[DAY_E_PHASE] = 1u << DAY_RUNNING,
		[DAY_E_ABORT] = 1u << DAY_RUNNING,
		[DAY_E_ENDED] = 1u << DAY_RUNNING,
		[DAY_E_STEADY] = 1u << DAY_RETURNING,
		[DAY_E_LEFT] = 1u << DAY_RETURNING,
		[DAY_E_INTERRUPTED] = 1u << DAY_CHECKS | 1u << DAY_RUNNING | 1u << DAY_RETURNING,
	};

	return in[kind];
}

/* Any role may stop it; the owner alone lets it go on. */
static bool owners(enum day_kind kind)
{
	return kind == DAY_E_GO || kind == DAY_E_SKIP || kind == DAY_E_LEFT ||
	       kind == DAY_E_REVEAL || kind == DAY_E_CHECKS;
}

/* Why what does not belong to the step's state does not. */
static const char *not_now(enum day_kind kind, enum day_state state)
{
	if (kind == DAY_E_GO && state == DAY_HELD)
		return "the step is held: look again first ('check')";
	if (kind == DAY_E_GO && (state == DAY_PLANNED || state == DAY_CHECKS))
		return "the checks have not ended yet";
	if (kind == DAY_E_GO && state == DAY_RETURNING)
		return "the steady state is waited for; 'leave' goes on without it";
	if (state == DAY_RUNNING)
		return "the step runs: it can be aborted";
	if (kind == DAY_E_ABORT)
		return "no step runs";
	if (kind == DAY_E_LEFT)
		return "no steady state is waited for";
	return "that does not belong to the step's state";
}

const char *day_refuses(const struct day_session *s, const struct day_event *e)
{
	const struct day_step *step = e->step < s->n ? &s->steps[e->step] : NULL;
	unsigned states_of = when(e->kind);

	if (s->over && e->kind != DAY_E_RESUMED)
		return "the game day is over";
	if (e->by && owners(e->kind) && strcmp(e->by, ORD_GAMEDAY_OWNER) != 0)
		return "the owner alone decides that; anybody may say hold or abort";
	if (e->kind == DAY_E_REVEAL)
		return !step ? "there is no such step" : NULL;
	if (e->kind == DAY_E_END)
		return s->current < s->n && s->steps[s->current].state == DAY_RUNNING
			       ? "a step runs: it is aborted first"
			       : NULL;
	if (!states_of)
		return NULL;
	if (!step || s->current >= s->n)
		return "no step is left";
	if (e->step != s->current)
		return "another step is the next";
	if (!(states_of & 1u << step->state))
		return not_now(e->kind, step->state);
	if (e->kind == DAY_E_GO && day_failed(step) && !e->overrule)
		return "a check failed: 'go overrule' goes on all the same, and is written down";
	return NULL;
}

static void finish(struct day_session *s, struct day_step *step, enum day_state state)
{
	step->state = state;
	while (s->current < s->n && day_is_end(s->steps[s->current].state))
		s->current++;
}

static void put(char *out, size_t size, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	n = n < size ? n : size - 1;
	if (n)
		memcpy(out, text, n);
	out[n] = '\0';
}

static void apply_ended(struct day_step *step, const struct day_event *e)
{
	bool whole = e->exit == DAY_OK || e->exit == DAY_FAILED || e->exit == DAY_LEFT;

	step->exit = e->exit;
	step->ended_ns = e->at_ns;
	step->state = DAY_RETURNING;
	step->outcome = whole && !step->aborting ? DAY_DONE : DAY_CUT;
	if (e->dir && *e->dir)
		put(step->dir, sizeof step->dir, e->dir);
	put(step->verdict, sizeof step->verdict, e->text);
}

static void apply_interrupted(struct day_step *step)
{
	if (step->state == DAY_CHECKS)
		step->state = DAY_PLANNED;
	if (step->state != DAY_RUNNING)
		return;
	step->state = DAY_RETURNING;
	step->outcome = DAY_INTERRUPTED;
}

static void apply_step(struct day_session *s, struct day_step *step, const struct day_event *e)
{
	switch (e->kind) {
	case DAY_E_CHECKS:
		memset(step->checks, 0, sizeof step->checks);
		step->state = DAY_CHECKS;
		break;
	case DAY_E_CHECK:
		step->checks[e->check] = e->result;
		break;
	case DAY_E_READY:
		step->state = DAY_READY;
		break;
	case DAY_E_GO:
		step->state = DAY_RUNNING;
		step->went_ns = e->at_ns;
		break;
	case DAY_E_HOLD:
		step->state = DAY_HELD;
		break;
	case DAY_E_SKIP:
		finish(s, step, DAY_SKIPPED);
		break;
	case DAY_E_RUN:
		put(step->dir, sizeof step->dir, e->dir);
		break;
	case DAY_E_ABORT:
		step->aborting = true;
		break;
	case DAY_E_ENDED:
		apply_ended(step, e);
		break;
	case DAY_E_STEADY:
		if (e->result != DAY_FAIL)
			finish(s, step, step->outcome);
		break;
	case DAY_E_LEFT:
		finish(s, step, step->outcome);
		break;
	case DAY_E_INTERRUPTED:
		apply_interrupted(step);
		break;
	case DAY_E_REVEAL:
		step->revealed = true;
		break;
	case DAY_E_SESSION:
	case DAY_E_PHASE:
	case DAY_E_RESUMED:
	case DAY_E_NOTE:
	case DAY_E_MARK:
	case DAY_E_END:
	case DAY_KINDS:
		break;
	}
}

void day_apply(struct day_session *s, const struct day_event *e)
{
	if (e->step < s->n)
		apply_step(s, &s->steps[e->step], e);
	if (e->kind != DAY_E_END)
		return;
	s->over = true;
	for (size_t i = 0; i < s->n; i++)
		s->steps[i].revealed = true;
}

int day_exit(const struct day_session *s)
{
	/* In the order in which one counts more than another. */
	static const int order[] = {DAY_BROKEN, DAY_ABORTED, DAY_FAILED, DAY_UNSTEADY, DAY_LEFT};
	bool seen[DAY_BROKEN + 1] = {false};

	for (size_t i = 0; i < s->n; i++) {
		const struct day_step *step = &s->steps[i];

		if (step->state == DAY_DONE && step->exit >= 0 && step->exit <= DAY_BROKEN)
			seen[step->exit] = true;
		else if (step->state == DAY_CUT && step->exit == DAY_UNSTEADY && !step->aborting)
			seen[DAY_UNSTEADY] = true;
		else if (step->state == DAY_CUT && step->exit != DAY_ABORTED && !step->aborting)
			seen[DAY_BROKEN] = true;
		else if (step->state == DAY_CUT)
			seen[DAY_ABORTED] = true;
		else if (step->state != DAY_DONE)
			seen[DAY_LEFT] = true;
	}
	for (size_t i = 0; i < ORD_COUNT(order); i++)
		if (seen[order[i]])
			return order[i];
	return DAY_OK;
}
