#include "scheduler/serve/module/first.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* True when the daemon was among those that have ended. */
static bool take_in(pid_t daemon, int *ret_status)
{
	bool over = false;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != daemon)
			continue;
		over = true;
		*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return over;
}

static void attend(pid_t daemon, int *ret_status)
{
	sigset_t set;
	int sig;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	while (!take_in(daemon, ret_status)) {
		sig = sigwaitinfo(&set, NULL);
		/* It has not been waited for: the pid is still its own. */
		if (sig > 0 && sig != SIGCHLD)
			(void)kill(daemon, sig);
	}
}

int first_process(int *ret_status, struct ord_err *err)
{
	pid_t daemon;

	if (getpid() != 1)
		return 0;
	daemon = fork();
	if (daemon < 0)
		return ord_fail_sys(err, "fork");
	if (!daemon)
		return 0;
	attend(daemon, ret_status);
	return 1;
}
