/* Runs one program to its end, within a deadline: its standard output is a secret, of its standard
 * error the end is kept for a message. Nothing of ours is inherited. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "kube/config_private.h"

#define OUT_MAX	 (256u << 10)
#define SAID_MAX 200
#define BEAT_MS	 100

struct run {
	pid_t pid;
	int pidfd, out, said_fd;
	struct kube_secret *answer;
	char *said; /* the last bytes that it wrote to standard error */
	size_t n_said;
};

/* In the child, between fork and exec: nothing but system calls. */
static void become(const struct cfg_command *cmd, const int fds[3], pid_t parent)
{
	sigset_t none;

	(void)setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fds[0], 0) < 0 || dup2(fds[1], 1) < 0 || dup2(fds[2], 2) < 0)
		_exit(127);
	(void)close_range(3, ~0u, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	(void)execve(cmd->path, cmd->argv, cmd->env);
	_exit(126);
}

/* Descriptors of 3 and more, so that dup2 onto 0 to 2 overwrites none of them. */
static int above(int *fd)
{
	int up = fcntl(*fd, F_DUPFD_CLOEXEC, 3);

	if (up < 0)
		return -1;
	ord_close(fd);
	*fd = up;
	return 0;
}

static int start(struct run *r, const struct cfg_command *cmd, struct ord_err *err)
{
	int out[2] = {-1, -1}, said[2] = {-1, -1}, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t parent = getpid();
	int rc = -1;

	if (null < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0 ||
	    above(&null) < 0 || above(&out[1]) < 0 || above(&said[1]) < 0) {
		(void)ord_fail_sys(err, "pipes for the plugin");
		goto done;
	}
	r->pid = fork();
	if (r->pid == 0)
		become(cmd, (const int[]){null, out[1], said[1]}, parent);
	if (r->pid < 0) {
		(void)ord_fail_sys(err, "fork");
		goto done;
	}
	(void)setpgid(r->pid, r->pid); /* whoever is first: kill() below means the group */
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	r->out = ord_steal_fd(&out[0]);
	r->said_fd = ord_steal_fd(&said[0]);
	(void)fcntl(r->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(r->said_fd, F_SETFL, O_NONBLOCK);
	rc = 0;
done:
	ord_close(&null);
	for (int i = 0; i < 2; i++) {
		ord_close(&out[i]);
		ord_close(&said[i]);
	}
	return rc;
}

static void keep_end(struct run *r, const char *data, size_t n)
{
	if (n > SAID_MAX) {
		data += n - SAID_MAX;
		n = SAID_MAX;
	}
	if (r->n_said + n > SAID_MAX) {
		size_t drop = r->n_said + n - SAID_MAX;

		memmove(r->said, r->said + drop, r->n_said - drop);
		r->n_said -= drop;
	}
	memcpy(r->said + r->n_said, data, n);
	r->n_said += n;
}

static int read_said(struct run *r)
{
	char buf[1024];
	ssize_t n;

	while ((n = read(r->said_fd, buf, sizeof buf)) > 0)
		keep_end(r, buf, (size_t)n);
	if (n == 0)
		ord_close(&r->said_fd);
	return 0;
}

static int read_out(struct run *r, struct ord_err *err)
{
	struct kube_secret *a = r->answer;

	while (a->size < OUT_MAX) {
		ssize_t n = read(r->out, a->text + a->size, OUT_MAX - a->size);

		if (n == 0)
			ord_close(&r->out);
		if (n <= 0)
			return 0;
		a->size += (size_t)n;
	}
	return ord_fail(err, ORD_USAGE, "it prints more than %u KiB", OUT_MAX >> 10);
}

/* Until it has ended, or time is up. What it left running may hold the pipes open: not waited for.
 */
static int attend(struct run *r, void (*beat)(void), uint64_t limit_ns, struct ord_err *err)
{
	uint64_t deadline = ord_now_ns() + limit_ns;
	bool over = false;
	char limit[32];

	while (!over) {
		struct pollfd fds[] = {{.fd = r->pidfd, .events = POLLIN},
				       {.fd = r->out, .events = POLLIN},
				       {.fd = r->said_fd, .events = POLLIN}};

		if (poll(fds, ORD_COUNT(fds), BEAT_MS) < 0 && errno != EINTR)
			return ord_fail_sys(err, "poll");
		if (beat)
			beat();
		/* Asked before the pipes are read: what it wrote is in them by then. */
		over = r->pidfd >= 0 ? fds[0].revents != 0 : r->out < 0;
		if (read_out(r, err) || read_said(r))
			return -1;
		if (!over && ord_now_ns() >= deadline)
			return ord_fail(err, ORD_SYS, "it did not end within %s",
					ord_human_duration((int64_t)limit_ns, limit));
	}
	return 0;
}

/* 0..255, or minus the signal. Where SIGCHLD is ignored nobody can tell: then its answer decides.
 */
static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* One line of plain ASCII. */
static void tidy(const struct run *r, char out[static 256])
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_said; i++) {
		char c = r->said[i];

		c = c > ' ' && c <= '~' ? c : ' ';
		if (c != ' ' || (n && out[n - 1] != ' '))
			out[n++] = c;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

int cfg_exec(const struct cfg_command *cmd, struct kube_secret *ret, int *ret_status,
	     char ret_said[static 256], struct ord_err *err)
{
	char said[SAID_MAX];
	struct run r = {.pidfd = -1, .out = -1, .said_fd = -1, .answer = ret, .said = said};
	int rc;

	if (kube_secret_room(ret, OUT_MAX, err) || start(&r, cmd, err))
		return -1;
	rc = attend(&r, cmd->beat, cmd->limit_ns, err);
	/* Ours until it is reaped, and its group's name with it. */
	if (rc)
		(void)kill(-r.pid, SIGKILL);
	*ret_status = reap(r.pid);
	ord_close(&r.pidfd);
	ord_close(&r.out);
	ord_close(&r.said_fd);
	tidy(&r, ret_said);
	if (rc && r.n_said)
		return ord_wrap(err, "%.100s", ret_said);
	return rc;
}
