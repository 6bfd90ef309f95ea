/* What this machine can do is found by doing it, where nobody is hurt: a child in a network
 * namespace of its own. */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int net_capable(struct ord_err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		return ord_fail_sys(err, "capget");
	if (data[0].effective & 1u << CAP_NET_ADMIN)
		return 0;
	return ord_fail(err, ORD_SKIP, "needs CAP_NET_ADMIN: run it as root, or with sudo");
}

static int loopback_up(struct ord_err *err)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	ord_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		return ord_fail_sys(err, "loopback of a new network namespace");
	return 0;
}

static _Noreturn void child(int (*trial)(struct ord_err *err), int out)
{
	struct ord_err err = {0};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Without CAP_SYS_ADMIN a user namespace of one's own may give one. */
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		(void)ord_fail(&err, ORD_GUARD, "not tried: that takes CAP_SYS_ADMIN");
	else if (loopback_up(&err) == 0 && trial(&err) == 0)
		err.code = ORD_OK;
	err.where = NULL; /* an address of this process */
	(void)!write(out, &err, sizeof err);
	_exit(0);
}

int net_trial(int (*trial)(struct ord_err *err), struct ord_err *err)
{
	struct ord_err heard;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ord_fail_sys(err, "pipe");
	pid = fork();
	if (pid == 0)
		child(trial, ends[1]);
	ord_close(&ends[1]);
	n = pid < 0 ? -1 : read(ends[0], &heard, sizeof heard);
	ord_close(&ends[0]);
	if (pid < 0)
		return ord_fail_sys(err, "fork");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof heard)
		return ord_fail(err, ORD_SYS, "the trial in a network namespace of its own died");
	if (heard.code == ORD_OK)
		return 0;
	return ord_fail(err, heard.code, "%s", heard.msg);
}
