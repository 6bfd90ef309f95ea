/* The caller's SSH connection is found, in the environment or in an ancestor's, and left alone by
 * network faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caller.h"
#include "ordeal/fault.h"

static struct ord_args args;

/* The caller's connection, left alone from now on? */
static bool exempt(char text[static ORD_CALLER_TEXT])
{
	struct ord_err err = {0};
	bool added = false;

	return ord_caller_ssh(text) && ord_args_spare(&args, text, &added, &err) == 0 && added;
}

static struct ord_endpoints *make(const char *fault)
{
	struct ord_err err = {0};

	ord_args_init(&args, ord_fault_find(fault));
	if (!strcmp(fault, "net.loss"))
		assert_int_equal(ord_args_set(&args, "percent", "10", &err), 0);
	if (ord_args_finish(&args, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < args.fault->n_params; i++)
		if (!strcmp(args.fault->params[i].name, "exclude"))
			return &args.v[i].eps;
	return NULL;
}

static void from_the_environment(void **state)
{
	char text[ORD_CALLER_TEXT];
	struct ord_endpoints *eps = make("net.loss");

	assert_int_equal(setenv("SSH_CONNECTION", "192.0.2.7 51234 192.0.2.1 22", 1), 0);
	assert_true(exempt(text));
	assert_string_equal(text, "192.0.2.7:51234/tcp");
	assert_int_equal(eps->n, 1);
	assert_int_equal(eps->v[0].family, AF_INET);
	assert_int_equal(eps->v[0].proto, IPPROTO_TCP);
	assert_int_equal(eps->v[0].port_lo, 51234);
	assert_true(ord_arg_set(&args, "exclude"));
	assert_int_equal(setenv("SSH_CONNECTION", "2001:db8::7 51234 2001:db8::1 22", 1), 0);
	assert_true(exempt(text));
	assert_string_equal(text, "[2001:db8::7]:51234/tcp");
	assert_int_equal(eps->n, 2);
	assert_int_equal(eps->v[1].family, AF_INET6);
	/* Once is enough; and the device of a link-local address is no part of it. */
	assert_false(exempt(text));
	assert_int_equal(eps->n, 2);
	assert_int_equal(setenv("SSH_CONNECTION", "fe80::7%eth0 51234 fe80::1%eth0 22", 1), 0);
	assert_true(exempt(text));
	assert_string_equal(text, "[fe80::7]:51234/tcp");
	assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
}

/* A list that is full is refused: the connection would be cut; other faults have no peers to leave
 * alone. */
static void not_here(void **state)
{
	char text[ORD_CALLER_TEXT];
	struct ord_endpoints *eps = make("net.loss");
	struct ord_err err = {0};
	bool added;

	assert_int_equal(setenv("SSH_CONNECTION", "192.0.2.7 51234 192.0.2.1 22", 1), 0);
	eps->n = ORD_ENDPOINTS_MAX;
	assert_int_equal(ord_args_spare(&args, "192.0.2.7:51234/tcp", &added, &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	assert_int_equal(eps->n, ORD_ENDPOINTS_MAX);
	assert_null(make("noop"));
	assert_false(exempt(text));
	(void)make("net.loss");
	assert_int_equal(setenv("SSH_CONNECTION", "not an address at all", 1), 0);
	assert_false(exempt(text));
	assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
}

/* sudo empties the environment: then it is the parent's that tells. */
static void from_an_ancestor(void **state)
{
	char *const argv[] = {(char[]){"outer"}, NULL};
	char *const env[] = {(char[]){"SSH_CONNECTION=198.51.100.9 40000 192.0.2.1 22"}, NULL};
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		(void)execve("/proc/self/exe", argv, env);
		_exit(9);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The outer program has the variable; its child has not, and asks. */
static int outer(void)
{
	char text[ORD_CALLER_TEXT];
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		(void)unsetenv("SSH_CONNECTION");
		(void)make("net.loss");
		_exit(exempt(text) && !strcmp(text, "198.51.100.9:40000/tcp") ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_environment),
		cmocka_unit_test(not_here),
		cmocka_unit_test(from_an_ancestor),
	};

	if (argc > 0 && !strcmp(argv[0], "outer"))
		return outer();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
