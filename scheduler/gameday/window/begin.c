/* A process of its own holds a session: who began it may end before it does. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "scheduler/gameday/module/session.h"
#include "scheduler/gameday/window/seen.h"

#define ARGS_MAX 64
#define SELF	 "/proc/self/exe"
#define HELD_LOG "holder.log" /* what it says */

extern char **environ;

static int on_exit_of(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)events;
	(void)arg;
	(void)waitid(P_PIDFD, (id_t)fd, &(siginfo_t){0}, WEXITED | WNOHANG);
	/* The loop's reference is the only one. */
	return sd_event_source_set_floating(source, false);
}

/* It is a child for as long as we live; then whoever reaps orphans has it. */
static void await(struct ord_days *w, pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	sd_event_source *source = NULL;

	if (fd < 0 || sd_event_add_io(w->loop, &source, fd, EPOLLIN, on_exit_of, NULL) < 0) {
		ord_close(&fd);
		return;
	}
	(void)sd_event_source_set_io_fd_own(source, true);
	(void)sd_event_source_set_floating(source, true);
	(void)sd_event_source_unref(source);
}

static int make_argv(const struct ord_days *w, const char *id, const char *argv[static ARGS_MAX],
		     struct ord_err *err)
{
	const char *const fixed[] = {"ordeal", "gameday", "resume", id, "--remote"};
	size_t n = 0;

	for (; n < ORD_COUNT(fixed); n++)
		argv[n] = fixed[n];
	for (const char *const *more = w->options.extra; more && *more; more++) {
		if (n + 1 >= ARGS_MAX)
			return ord_fail(err, ORD_USAGE, "too many arguments for who holds it");
		argv[n++] = *more;
	}
	argv[n] = NULL;
	return 0;
}

/* A session of processes, so that no signal for ours is one for it; nothing is inherited. */
static int spawn(struct ord_days *w, const char *argv[], int log, struct ord_err *err)
{
	const char *program = w->options.program ? w->options.program : SELF;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	pid_t pid;
	int e = posix_spawn_file_actions_init(&files);

	if (e)
		return ord_fail_nomem(err);
	e = posix_spawnattr_init(&how);
	if (e) {
		(void)posix_spawn_file_actions_destroy(&files);
		return ord_fail_nomem(err);
	}
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	e = posix_spawnattr_setsigmask(&how, &none) | posix_spawnattr_setsigdefault(&how, &all) |
	    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						   POSIX_SPAWN_SETSIGDEF) |
	    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) |
	    posix_spawn_file_actions_adddup2(&files, log, 1) |
	    posix_spawn_file_actions_adddup2(&files, log, 2) |
	    posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (!e)
		e = posix_spawn(&pid, program, &files, &how, (char *const *)(uintptr_t)argv,
				environ);
	(void)posix_spawnattr_destroy(&how);
	(void)posix_spawn_file_actions_destroy(&files);
	errno = e;
	if (e)
		return ord_fail_sys(err, "start '%s'", program);
	await(w, pid);
	return 0;
}

static int hold(struct ord_days *w, const char *id, struct ord_err *err)
{
	const char *argv[ARGS_MAX];
	char path[ORD_DAYS_ID_MAX + 32];
	ord_autoclose int log = -1;

	(void)snprintf(path, sizeof path, "%s/" HELD_LOG, id);
	log = openat(w->home, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (log < 0)
		return ord_fail_sys(err, "open '%.200s'", path);
	return make_argv(w, id, argv, err) || spawn(w, argv, log, err) ? -1 : 0;
}

/* The first of the mistakes, as it was said. */
static int first_of(const char *said, struct ord_err *err)
{
	const char *text = said && !strncmp(said, "ordeal: ", 8) ? said + 8 : said;

	return ord_fail(err, ORD_GUARD, "%.*s", text ? (int)strcspn(text, "\n") : 0,
			text ? text : "");
}

static int load(const char *path, struct day **ret, struct ord_err *err)
{
	ord_autofree char *said = NULL;
	size_t size;
	FILE *say = open_memstream(&said, &size);
	int code;

	if (!say)
		return ord_fail_nomem(err);
	code = day_load(path, say, ret);
	if (fclose(say) || !code)
		return 0;
	day_free(*ret);
	return first_of(said, err);
}

int ord_days_begin(struct ord_days *w, const char *path, char ret_id[static ORD_DAYS_ID_MAX],
		   struct ord_err *err)
{
	struct session *s = NULL;
	struct day *day = NULL;

	if (load(path, &day, err) || session_create_in(w->path, day, NULL, &s, err))
		return -1;
	(void)snprintf(ret_id, ORD_DAYS_ID_MAX, "%s", s->id);
	session_close(s);
	(void)seen_take(w, ret_id);
	return hold(w, ret_id, err);
}

int ord_days_resume(struct ord_days *w, const char *id, struct ord_err *err)
{
	struct seen *s = seen_must(w, id, err);

	if (!s)
		return -1;
	seen_look(s);
	if (s->summary)
		return ord_fail(err, ORD_GUARD, "the game day is over");
	if (s->held)
		return ord_fail(err, ORD_GUARD, "the session is held already");
	return hold(w, id, err);
}
