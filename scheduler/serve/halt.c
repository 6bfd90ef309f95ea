/*
 * The halt of the machine: every lease ends, and nothing begins until it is resumed. `ordeal halt`
 * and the daemon do the same: whoever began it, the mark that it leaves is followed.
 */
#include <stdio.h>
#include <string.h>

#include "base/halt.h"
#include "scheduler/serve/serve.h"

/* It is written down that there is a mark: who takes it away resumes, also while no daemon runs. */
static void see_mark(struct ord_serve *s)
{
	if (s->marked || !s->halted || !ord_halted())
		return;
	s->marked = true;
	(void)state_put(s, state_halt_record(s));
}

static void command(struct ord_serve *s, const char *name);

static void on_command_end(struct ord_serve *s, bool ok)
{
	const char *next = s->next_command;

	see_mark(s);
	if (!ok)
		serve_say(s, "`ordeal %s` failed: see above",
			  s->halted ? "halt: what holds leases may still do so" : "resume");
	s->n_commands--;
	if (!s->n_commands && next) {
		s->next_command = NULL;
		command(s, next);
	}
	s->clearing = s->clearing && s->n_commands;
	s->freed = true;
	due_soon(s);
}

/*
 * `ordeal halt` itself: who may end which leases is its affair. What was asked for last is what the
 * last of them does: a resume waits for a halt that is on its way, and a halt, which waits for
 * nothing, is done once more behind a resume.
 */
static void command(struct ord_serve *s, const char *name)
{
	const char *const argv[] = {"ordeal", name, NULL};
	bool last = !s->n_commands;

	s->next_command = last ? NULL : name;
	if ((last || !strcmp(name, "halt")) && command_start(s, argv, on_command_end) == 0)
		s->n_commands++;
}

static void set(struct ord_serve *s, bool halted, const char *who)
{
	s->halted = halted;
	s->halted_since_ns = (int64_t)ord_wall_ns();
	(void)snprintf(s->halted_by, sizeof s->halted_by, "%s", who);
	(void)state_put(s, state_halt_record(s));
	journal_sync(s->journal);
	serve_say(s, "%s by %s", halted ? "halted" : "resumed", who);
	serve_emit(s, halted ? "halt" : "resume", json_pack("{s:s}", "who", who));
}

void halt_set(struct ord_serve *s, const char *who, bool ours)
{
	/* First what counts within the second. */
	s->clearing = false;
	if (ours)
		command(s, "halt");
	runs_abort_all(s);
	if (!s->halted)
		set(s, true, who);
	for (struct run *r = s->first, *next; r; r = next) {
		next = r->next;
		if (r->state == RUN_QUEUED || r->state == RUN_CLAIMED)
			run_skip(s, r, "halted");
	}
	see_mark(s);
}

void halt_clear(struct ord_serve *s, const char *who, bool ours)
{
	if (ours)
		command(s, "resume");
	s->marked = false;
	s->clearing = ours && s->n_commands;
	if (s->halted)
		set(s, false, who);
	s->freed = true;
	due_soon(s);
}

void halt_check(struct ord_serve *s)
{
	bool marked = ord_halted();

	/* Our own `resume` is still on its way. */
	if (s->clearing)
		return;
	if (marked && !s->halted)
		halt_set(s, "ordeal halt", false);
	else if (!marked && s->marked && s->halted)
		halt_clear(s, "ordeal resume", false);
	see_mark(s);
}

void halt_again(struct ord_serve *s, bool same_boot)
{
	if (s->halted && s->marked && same_boot && !ord_halted())
		halt_clear(s, "ordeal resume", false);
	/* A mark that a restart of the machine took away is made again. */
	if (s->halted)
		halt_set(s, s->halted_by, true);
	halt_check(s);
}
