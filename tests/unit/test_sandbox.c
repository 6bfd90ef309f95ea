/* What a lease may do after its drop and its filter: each forbidden thing is tried in a child,
 * which must die of it. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

#include "base/file.h"
#include "injector/lease/sandbox.h"

static void test_caps(void **state)
{
	struct ord_err err;
	uint64_t bits;

	(void)state;
	assert_int_equal(inj_caps_parse("", &bits, &err), 0);
	assert_true(bits == 0);
	assert_int_equal(inj_caps_parse("net_admin kill", &bits, &err), 0);
	assert_true(bits == (1ull << 12 | 1ull << 5));
	assert_int_equal(inj_caps_parse("net_admi", &bits, &err), -1);
	assert_int_equal(inj_caps_parse("net_adminx", &bits, &err), -1);
	assert_int_equal(inj_caps_parse("NET_ADMIN", &bits, &err), -1);
}

/* Runs fn behind the drop and the filter; its exit status, or 256 + the signal. */
static int sandboxed(enum inj_role role, const int *calls, int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct ord_err err;

		if (inj_drop("", &err) < 0 || inj_seccomp(role, calls, NULL, &err) < 0)
			_exit(99);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static int do_socket(void)
{
	(void)socket(AF_INET, SOCK_DGRAM, 0);
	return 1;
}

#ifndef ORDEAL_SANITIZED
static int do_exec(void)
{
	char *const argv[] = {strdup("true"), NULL}, *const env[] = {NULL};

	(void)execve("/bin/true", argv, env);
	return 1;
}

static int do_write_open(void)
{
	(void)open("/tmp/ordeal-sandbox-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return 1;
}

static int do_kill(void)
{
	(void)kill(getppid(), 0);
	return 1;
}

static int do_fork(void)
{
	if (fork() == 0)
		_exit(0);
	return 1;
}

static int do_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	return 1;
}

static int do_ptrace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 1;
}

static int do_setuid(void)
{
	(void)!setuid(0);
	return 1;
}

static int do_mount_ns(void)
{
	(void)unshare(0);
	return 1;
}

static void test_forbidden(void **state)
{
	static const struct {
		const char *what;
		int (*fn)(void);
	} forbidden[] = {
		{"execve", do_exec},   {"socket", do_socket}, {"open for writing", do_write_open},
		{"kill", do_kill},     {"fork", do_fork},     {"executable memory", do_code},
		{"ptrace", do_ptrace}, {"setuid", do_setuid}, {"unshare", do_mount_ns},
	};

	(void)state;
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		if (sandboxed(INJ_HOLDER, NULL, forbidden[i].fn) != 256 + SIGSYS)
			fail_msg("a holder was not killed for: %s", forbidden[i].what);
		if (sandboxed(INJ_GUARDIAN, NULL, forbidden[i].fn) != 256 + SIGSYS)
			fail_msg("a guardian was not killed for: %s", forbidden[i].what);
	}
}
#endif

/* What the fault lists it gets. */
static void test_listed(void **state)
{
	static const int calls[] = {SCMP_SYS(socket), -1};

	(void)state;
	assert_int_equal(sandboxed(INJ_HOLDER, calls, do_socket), 1);
}

static int do_allowed(void)
{
	char text[64];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	void *p = malloc(1 << 20);

	if (fd < 0 || read(fd, text, sizeof text) <= 0 || !p)
		return 1;
	free(p);
	close(fd);
	return 7;
}

static void test_allowed(void **state)
{
	(void)state;
	assert_int_equal(sandboxed(INJ_HOLDER, NULL, do_allowed), 7);
	assert_int_equal(sandboxed(INJ_GUARDIAN, NULL, do_allowed), 7);
}

/* /proc's word for it: no uid 0, no capability but the one, none to be had again. */
static int do_look(void)
{
	char text[4096];
	uid_t r, e, s;

	if (ord_file_peek(AT_FDCWD, "/proc/self/status", text, sizeof text) <= 0)
		return 1;
	if (!strstr(text, "NoNewPrivs:\t1") || !strstr(text, "CapInh:\t0000000000000000") ||
	    !strstr(text, "CapAmb:\t0000000000000000"))
		return 2;
	if (getresuid(&r, &e, &s) < 0 || r == 0 || e == 0 || s == 0)
		return 3;
	if (!strstr(text, "CapEff:\t0000000000001000") ||
	    !strstr(text, "CapPrm:\t0000000000001000") ||
	    !strstr(text, "CapBnd:\t0000000000000000"))
		return 4;
	/* A way to /proc/sys, which uid 0 could write to without a capability. */
	if (open("/proc/sys/kernel/panic", O_WRONLY | O_CLOEXEC) >= 0)
		return 5;
	return setuid(0) == 0 || seteuid(0) == 0 ? 6 : 7;
}

static void test_drop(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct ord_err err;

		_exit(inj_drop("net_admin", &err) < 0 ? 99 : do_look());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),
#ifndef ORDEAL_SANITIZED
		cmocka_unit_test(test_forbidden),
#endif
		cmocka_unit_test(test_listed),	  cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
