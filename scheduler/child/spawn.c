#include "scheduler/child/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"

/* Of the child until it has become the program; the guard page is the mapping's end. */
#define STACK_SIZE ((size_t)64 << 10)

/* ThreadSanitizer takes the child for a fork with a memory of its own, and would ignore all that
 * our thread does from there on: it sees neither the call nor the child. */
#ifdef __SANITIZE_THREAD__
int __clone(int (*fn)(void *arg), void *stack, int flags, void *arg, ...);
#define clone  __clone
#define UNSEEN __attribute__((no_sanitize_thread))
#else
#define UNSEEN
#endif

struct start {
	const char *program;
	const char *const *argv;
	const int *files;
	int n_files;
	pid_t parent;
	int error; /* errno of what failed in the child, whose memory is ours */
};

/*
 * In the child, which has our memory while we are stopped: bare system calls alone, so that neither
 * the C library nor a sanitizer keeps account of what was not done here. Files are moved out of the
 * way of 0, 1 and 2 by the caller.
 */
UNSEEN static int begin(void *arg)
{
	struct start *s = arg;
	uint64_t none = 0;
	bool failed = syscall(SYS_setpgid, 0, 0) < 0 ||
		      syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0;

	for (int i = 0; !failed && i < s->n_files; i++)
		failed = syscall(SYS_dup3, s->files[i], i, 0) < 0;
	failed = failed || syscall(SYS_close_range, s->n_files, ~0u, 0) < 0 ||
		 syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none) < 0;
	/* Nothing is sent for a parent that had gone before it was asked for. */
	if (!failed && syscall(SYS_getppid) == s->parent)
		(void)syscall(SYS_execve, s->program, s->argv, environ);
	s->error = errno;
	(void)syscall(SYS_exit, 127);
	return 0;
}

static int clone_it(struct start *s, pid_t *ret_pid, int *ret_pidfd)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all, before;
	int pidfd = -1, saved;
	pid_t pid;

	if (stack == MAP_FAILED)
		return -1;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(begin, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, s,
		    &pidfd);
	saved = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)munmap(stack, STACK_SIZE);
	errno = saved;
	if (pid < 0)
		return -1;
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

static int start(struct start *s, pid_t *ret_pid, int *ret_pidfd, struct ord_err *err)
{
	int pidfd = -1;
	pid_t pid = -1;

	if (clone_it(s, &pid, &pidfd) < 0)
		return ord_fail_sys(err, "start '%s'", s->program);
	if (s->error) {
		(void)waitpid(pid, NULL, 0);
		ord_close(&pidfd);
		errno = s->error;
		return ord_fail_sys(err, "start '%s'", s->program);
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

int spawn_program(const char *program, const char *const argv[], const int files[], size_t n_files,
		  pid_t *ret_pid, int *ret_pidfd, struct ord_err *err)
{
	int moved[SPAWN_FILES_MAX], n = 0, r;
	struct start s = {.program = program,
			  .argv = argv,
			  .files = moved,
			  .n_files = (int)n_files,
			  .parent = getpid()};

	assert(n_files <= SPAWN_FILES_MAX);
	while (n < s.n_files && (moved[n] = fcntl(files[n], F_DUPFD_CLOEXEC, s.n_files)) >= 0)
		n++;
	if (n == s.n_files)
		r = start(&s, ret_pid, ret_pidfd, err);
	else
		r = ord_fail_sys(err, "start '%s'", program);
	while (n)
		ord_close(&moved[--n]);
	return r;
}
