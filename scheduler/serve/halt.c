/*
 * The halt of the machine: every lease ends, and nothing begins until it is resumed. `ordeal halt`
 * and the daemon do the same: whoever began it, the mark that it leaves is followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/child/spawn.h"
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

static int on_command_end(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct ord_serve *s = arg;

	if (info->si_code != CLD_EXITED || info->si_status)
		serve_say(s, "`ordeal %s` failed: see above",
			  s->halted ? "halt: what holds leases may still do so" : "resume");
	s->n_commands--;
	s->clearing = s->clearing && s->n_commands;
	s->freed = true;
	due_soon(s);
	/* The loop's reference is the only one. */
	return sd_event_source_set_floating(source, false);
}

static void spawn(struct ord_serve *s, const char *name, int null)
{
	const char *const argv[] = {"ordeal", name, NULL};
	sd_event_source *source = NULL;
	struct ord_err err;
	int pidfd = -1;
	pid_t pid;

	if (spawn_program(s->options.program ? s->options.program : "/proc/self/exe", argv,
			  (const int[]){null, null, 2}, &pid, &pidfd, &err) < 0) {
		serve_say(s, "ordeal %s: %s", name, err.msg);
		return;
	}
	if (sd_event_add_child_pidfd(s->loop, &source, pidfd, WEXITED, on_command_end, s) < 0) {
		(void)waitpid(pid, NULL, 0);
		ord_close(&pidfd);
		return;
	}
	(void)sd_event_source_set_child_pidfd_own(source, true);
	(void)sd_event_source_set_floating(source, true);
	(void)sd_event_source_unref(source);
	s->n_commands++;
}

/* `ordeal halt` itself: who may end which leases is its affair. */
static void command(struct ord_serve *s, const char *name)
{
	ord_autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		spawn(s, name, null);
	else
		serve_say(s, "ordeal %s: /dev/null: %s", name, strerrordesc_np(errno));
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
