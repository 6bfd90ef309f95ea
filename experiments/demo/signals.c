#include "signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

void signals_set(sigset_t *set)
{
	struct sigaction was;

	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	if (sigaction(SIGINT, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
		(void)sigaddset(set, SIGINT);
}

int signals_watch(struct loop *loop, struct watch *watch)
{
	sigset_t set;

	signals_set(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	watch->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return watch->fd < 0 ? -1 : loop_watch(loop, watch, EPOLLIN);
}

void signals_take(const struct watch *watch)
{
	struct signalfd_siginfo info;

	(void)!read(watch->fd, &info, sizeof info);
}
