/* pidfd_open(2) and pidfd_send_signal(2): glibc has had functions for them since 2.36 only. */
#ifndef ORDEAL_LEASE_PIDFD_H
#define ORDEAL_LEASE_PIDFD_H

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int inj_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int inj_pidfd_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

#endif
