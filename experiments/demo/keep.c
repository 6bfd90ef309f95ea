/*
 * demo-keep: starts a program, and starts it again a second after it died. It takes the program
 * with it when it ends: what `systemd` or a container runtime does for a service, in its smallest
 * form.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "signals.h"
#include "util.h"

#define GRACE_NS (12 * S) /* from SIGTERM to SIGKILL */

static pid_t start(char **argv, const sigset_t *mask)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	/* The race with a parent that is already gone: man 2 PR_SET_PDEATHSIG. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent ||
	    sigprocmask(SIG_SETMASK, mask, NULL))
		_exit(127);
	(void)execvp(argv[0], argv);
	(void)fprintf(stderr, "demo-keep: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Waits for one of our signals; timeout_ns 0: for ever. -1: none came in time. */
static int wait_signal(const sigset_t *set, uint64_t timeout_ns)
{
	struct timespec t = {.tv_sec = (time_t)(timeout_ns / S), .tv_nsec = (long)(timeout_ns % S)};
	int got;

	do {
		got = sigtimedwait(set, NULL, timeout_ns ? &t : NULL);
	} while (got < 0 && errno == EINTR);
	return got;
}

/* A stopped program is woken, so that it can end; before the SIGTERM, since SIGCONT takes a pending
 * SIGSTOP away, and the leak check of a program that is already ending stops it by one and would
 * wait for ever (ptrace(2), PTRACE_ATTACH). */
static int end(pid_t pid)
{
	uint64_t give_up = now_ns() + GRACE_NS;
	sigset_t child;
	int status = 0;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)kill(pid, SIGCONT);
	(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		uint64_t now = now_ns();

		if (now >= give_up)
			(void)kill(pid, SIGKILL);
		(void)wait_signal(&child, now < give_up ? give_up - now : 10 * MS);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int keep(char **argv, uint64_t pause_ns)
{
	sigset_t set, before;

	signals_set(&set);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, &before))
		return 1;
	for (;;) {
		int status = 0;
		pid_t pid = start(argv, &before);

		if (pid < 0)
			return 1;
		while (waitpid(pid, &status, WNOHANG) == 0)
			if (wait_signal(&set, 0) != SIGCHLD)
				return end(pid);
		/* It ended by itself and is content, or could not even start: nothing to repeat. */
		if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 127))
			return WEXITSTATUS(status);
		(void)fprintf(stderr, "demo-keep: %s died, starting it again\n", argv[0]);
		(void)sigdelset(&set, SIGCHLD);
		if (wait_signal(&set, pause_ns) >= 0)
			return 0;
		(void)sigaddset(&set, SIGCHLD);
	}
}

/* How it was asked for; argv[at] is the program. */
struct options {
	uint64_t pause_ns;
	pid_t parent; /* 0: do not end with it */
	int at;
};

static int parse(char **argv, struct options *ret)
{
	for (ret->at = 1; argv[ret->at] && argv[ret->at][0] == '-'; ret->at += 2) {
		const char *name = argv[ret->at], *value = argv[ret->at + 1];
		char *end = NULL;

		if (!value)
			return -1;
		if (strcmp(name, "--pause") == 0) {
			if (duration_parse(value, &ret->pause_ns) || ret->pause_ns == 0)
				return -1;
		} else if (strcmp(name, "--parent") == 0) {
			ret->parent = (pid_t)strtol(value, &end, 10);
			if (*end || ret->parent <= 0)
				return -1;
		} else {
			return -1;
		}
	}
	return argv[ret->at] ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options options = {.pause_ns = S};

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || parse(argv, &options)) {
		(void)printf(
			"usage: demo-keep [--pause TIME] [--parent PID] PROGRAM [ARGUMENT]...\n\n"
			"  --pause TIME   before it is started again [1s]\n"
			"  --parent PID   end when this parent of ours does\n");
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	/* The parent may have gone before we could ask for its signal. */
	if (options.parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != options.parent)) {
		(void)fprintf(stderr, "demo-keep: %d is not our parent\n", (int)options.parent);
		return 1;
	}
	return keep(argv + options.at, options.pause_ns);
}
