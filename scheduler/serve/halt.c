/*
 * The halt of the machine: every lease ends, and nothing begins until it is resumed. `ordeal halt`
 * and the daemon do the same: whoever began it, the mark that it leaves is followed.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "scheduler/serve/serve.h"

#define ROOT_MARK "/run/ordeal/halted"

/* As injector/lease/halt.c makes it. */
bool halt_is_marked(void)
{
	char dir[SERVE_PATH_MAX - 16], path[SERVE_PATH_MAX];
	struct stat st;

	if (stat(ROOT_MARK, &st) == 0)
		return true;
	if (ord_runtime_dir(dir, sizeof dir, NULL) < 0)
		return false;
	(void)snprintf(path, sizeof path, "%s/halted", dir);
	return stat(path, &st) == 0;
}

static void on_command_end(struct ord_serve *s, bool ok)
{
	if (!ok)
		serve_say(s, "`ordeal %s` failed: see above",
			  s->halted ? "halt: what holds leases may still do so" : "resume");
	s->n_commands--;
	s->clearing = s->clearing && s->n_commands;
	s->freed = true;
	due_soon(s);
}

/* `ordeal halt` itself: who may end which leases is its affair. */
static void command(struct ord_serve *s, const char *name)
{
	const char *const argv[] = {"ordeal", name, NULL};

	if (command_start(s, argv, on_command_end) == 0)
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
	s->marked = s->marked || halt_is_marked();
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
	bool marked = halt_is_marked();

	/* Our own `resume` is still on its way. */
	if (s->clearing)
		return;
	if (marked && !s->halted)
		halt_set(s, "ordeal halt", false);
	else if (!marked && s->marked && s->halted)
		halt_clear(s, "ordeal resume", false);
	s->marked = marked;
}
