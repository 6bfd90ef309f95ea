/* Targets are found, chosen and refused; the processes are the test's own, named after its pid. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/proc.h"
#include "ordeal/target.h"
#include "tests/support/target_case.h"

static struct ord_place again;

static void by_pid(void **state)
{
	char text[16], name[16], ns[64];
	pid_t pid = start(own_name(name, 'a'), NULL, NULL);
	struct ord_target t;
	struct stat st;

	(void)snprintf(text, sizeof text, "%d", (int)pid);
	t = target(ORD_TARGET_PID, text);
	resolves(&t);
	assert_int_equal(place.n_procs, 1);
	assert_int_equal(place.procs[0].pid, pid);
	assert_int_equal(place.procs[0].start, ord_proc_start(pid));
	assert_string_equal(place.procs[0].comm, name);
	(void)snprintf(ns, sizeof ns, "/proc/%d/ns/net", (int)pid);
	assert_string_equal(place.netns, ns);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(place.netns_ino, st.st_ino);
	assert_false(place.host);
	if (place.cgroup[0])
		assert_int_equal(access(place.cgroup, F_OK), 0);
}

static void what_must_not_be_hurt_is_refused(void **state)
{
	char text[16];
	struct ord_target t = target(ORD_TARGET_PID, "1");
	struct ord_proc_stat s;
	ord_autoclose int kthreadd = ord_proc_open(2);

	refused(&t, ORD_GUARD, "process 1 is refused");
	(void)snprintf(text, sizeof text, "%d", (int)getpid());
	t = target(ORD_TARGET_PID, text);
	refused(&t, ORD_GUARD, "ordeal was started from it");
	(void)snprintf(text, sizeof text, "%d", (int)getppid());
	t = target(ORD_TARGET_PID, text);
	refused(&t, ORD_GUARD, "is refused");
	(void)snprintf(text, sizeof text, "%d", (int)start("ordeal-x", NULL, NULL));
	t = target(ORD_TARGET_PID, text);
	refused(&t, ORD_GUARD, "belongs to ordeal");
	(void)snprintf(text, sizeof text, "%d", (int)start("sshd", NULL, NULL));
	t = target(ORD_TARGET_PID, text);
	refused(&t, ORD_GUARD, "the way into the machine");
	if (kthreadd >= 0 && !ord_proc_stat(kthreadd, &s) && s.kernel) {
		t = target(ORD_TARGET_PID, "2");
		refused(&t, ORD_GUARD, "a kernel thread");
	}
	t = target(ORD_TARGET_PID, "4194304");
	refused(&t, ORD_USAGE, "there is no process");
	t = target(ORD_TARGET_PID, "12x");
	refused(&t, ORD_USAGE, "whole number");
	t = target(ORD_TARGET_UNSET, "");
	refused(&t, ORD_USAGE, "no target");
}

static void by_name_and_share(void **state)
{
	struct ord_target t;
	char name[16];
	pid_t first;

	(void)own_name(name, 'b');
	t = target(ORD_TARGET_PROCESS, name);
	refused(&t, ORD_USAGE, "no process is named");
	first = start(name, NULL, NULL);
	resolves(&t);
	assert_int_equal(place.procs[0].pid, first);
	for (int i = 0; i < 4; i++)
		assert_true(start(name, NULL, NULL) > 0);
	refused(&t, ORD_USAGE, "5 processes match process");
	t.all = true;
	resolves(&t);
	assert_int_equal(place.n_procs, 5);
	t.all = false;
	t.percent_ppm = 210000; /* 21 % of 5 is 1.05: rounded up */
	resolves(&t);
	assert_int_equal(place.n_procs, 2);
	assert_true(place.procs[0].pid < place.procs[1].pid);
	again = place;
	resolves(&t);
	assert_memory_equal(&again, &place, sizeof place);
	t.percent_ppm = 0;
	t.count = 6;
	refused(&t, ORD_USAGE, "only 5 match");
	t.all = true;
	refused(&t, ORD_USAGE, "exclude each other");
}

/* With enough seeds every one of three is chosen. */
static void the_seed_chooses(void **state)
{
	bool chosen[3] = {false};
	struct ord_target t;
	pid_t pids[3];
	char name[16];

	(void)own_name(name, 'c');
	for (int i = 0; i < 3; i++)
		pids[i] = start(name, NULL, NULL);
	t = target(ORD_TARGET_PROCESS, name);
	t.count = 1;
	for (uint64_t seed = 0; seed < 40; seed++) {
		assert_int_equal(ord_target_resolve(&t, seed, &place, &err), 0);
		for (int i = 0; i < 3; i++)
			chosen[i] |= place.procs[0].pid == pids[i];
	}
	assert_true(chosen[0] && chosen[1] && chosen[2]);
}

struct listener {
	int family, type;
	bool unshare, fork;
	int port; /* out, through shared memory of a pipe */
	int out;
};

static int listens(void *arg)
{
	struct listener *l = arg;
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET};
	const struct sockaddr *a = l->family == AF_INET ? (const void *)&four : (const void *)&six;
	socklen_t size = l->family == AF_INET ? sizeof four : sizeof six;
	struct sockaddr_storage got = {0};
	socklen_t got_size = sizeof got;
	int fd;

	if (l->unshare && unshare(CLONE_NEWNET))
		return 1;
	fd = socket(l->family, l->type, 0);
	if (fd < 0 || bind(fd, a, size) || (l->type == SOCK_STREAM && listen(fd, 1)) ||
	    getsockname(fd, (void *)&got, &got_size))
		return 1;
	/* The port stands at the same place for both families. */
	l->port = ntohs(((struct sockaddr_in *)(void *)&got)->sin_port);
	if (l->fork && !fork()) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return write(l->out, &l->port, sizeof l->port) != sizeof l->port;
}

static pid_t start_listener(struct listener *l)
{
	int pipes[2];
	char name[16];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	l->out = pipes[1];
	pid = start(own_name(name, 'l'), listens, l);
	(void)close(pipes[1]);
	if (pid > 0)
		assert_int_equal(read(pipes[0], &l->port, sizeof l->port), sizeof l->port);
	(void)close(pipes[0]);
	return pid;
}

static void by_listening_port(void **state)
{
	struct listener all[] = {{.family = AF_INET, .type = SOCK_STREAM},
				 {.family = AF_INET6, .type = SOCK_STREAM},
				 {.family = AF_INET, .type = SOCK_DGRAM},
				 {.family = AF_INET, .type = SOCK_STREAM, .fork = true}};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		pid_t pid = start_listener(&all[i]);
		struct ord_target t;
		char text[16];

		if (pid < 0 && all[i].family == AF_INET6)
			continue; /* a kernel without IPv6 */
		assert_true(pid > 0);
		(void)snprintf(text, sizeof text, "%d%s", all[i].port,
			       all[i].type == SOCK_DGRAM ? "/udp" : "");
		t = target(ORD_TARGET_LISTENING, text);
		resolves(&t);
		assert_int_equal(place.n_procs, 1);
		assert_int_equal(place.procs[0].pid, pid);
		if (!all[i].fork)
			continue;
		t.all = true;
		resolves(&t);
		assert_int_equal(place.n_procs, 2); /* the worker as well */
	}
}

static void by_port_in_another_namespace(void **state)
{
	struct listener l = {.family = AF_INET, .type = SOCK_STREAM, .unshare = true};
	pid_t pid = start_listener(&l);
	struct ord_target t;
	char text[80];
	struct stat st;

	if (pid < 0)
		skip(); /* not allowed to make a network namespace */
	(void)snprintf(text, sizeof text, "%d", l.port);
	t = target(ORD_TARGET_LISTENING, text);
	resolves(&t);
	assert_int_equal(place.procs[0].pid, pid);
	(void)snprintf(text, sizeof text, "/proc/%d/ns/net", (int)pid);
	assert_int_equal(stat(text, &st), 0);
	assert_int_equal(place.netns_ino, st.st_ino);

	t = target(ORD_TARGET_NETNS, text);
	resolves(&t);
	assert_int_equal(place.n_procs, 0);
	assert_string_equal(place.netns, text);
	assert_int_equal(place.netns_ino, st.st_ino);
}

static void ports_and_namespaces_that_are_not(void **state)
{
	struct ord_target t = target(ORD_TARGET_LISTENING, "1");

	refused(&t, ORD_USAGE, "nothing listens on TCP port 1");
	t = target(ORD_TARGET_LISTENING, "0");
	refused(&t, ORD_USAGE, "not within 1 to 65535");
	t = target(ORD_TARGET_LISTENING, "80/sctp");
	refused(&t, ORD_USAGE, "as '5432' or '53/udp'");
	t = target(ORD_TARGET_NETNS, "no-such-namespace");
	refused(&t, ORD_USAGE, "no network namespace '/run/netns/no-such-namespace'");
	t = target(ORD_TARGET_NETNS, "/etc/passwd");
	refused(&t, ORD_USAGE, "is not a network namespace");
	t = target(ORD_TARGET_NETNS, "../x");
	refused(&t, ORD_USAGE, "path or name");
	t = target(ORD_TARGET_HOST, "");
	t.all = true;
	refused(&t, ORD_USAGE, "make no sense");
}

static void the_host(void **state)
{
	struct ord_target t = target(ORD_TARGET_HOST, "");

	resolves(&t);
	assert_true(place.host);
	assert_int_equal(place.n_procs, 0);
	assert_string_equal(place.netns, "");
}

static void a_process_is_known_by_its_start(void **state)
{
	char name[16];
	pid_t pid = start(own_name(name, 'd'), NULL, NULL);
	struct ord_proc p = {.pid = pid, .start = ord_proc_start(pid), .comm = "x"};
	ord_autoclose int fd = ord_proc_pidfd(&p, &err);

	assert_true(fd >= 0);
	assert_int_equal(ord_proc_check(&p, &err), 0);
	p.start++;
	assert_int_equal(ord_proc_check(&p, &err), -1);
	assert_non_null(strstr(err.msg, "another one"));
	assert_int_equal(ord_proc_pidfd(&p, &err), -1);
	p.start--;
	(void)kill(pid, SIGKILL);
	for (int i = 0; i < 1000 && !ord_proc_check(&p, &err); i++)
		(void)usleep(2000);
	assert_int_equal(ord_proc_check(&p, &err), -1); /* a zombie by now */
	assert_non_null(strstr(err.msg, "has ended"));
	(void)stop_all(NULL);
	assert_int_equal(ord_proc_check(&p, &err), -1);
	assert_int_equal(ord_proc_start(pid), 0);
}

static void places_survive_json(void **state)
{
	ord_auto(json) json_t *json = NULL;

	memset(&place, 0, sizeof place);
	memset(&again, 0, sizeof again);
	place.n_procs = ORD_PROCS_MAX;
	for (size_t i = 0; i < ORD_PROCS_MAX; i++)
		place.procs[i] =
			(struct ord_proc){.pid = 4194304 - (pid_t)i, .start = i, .comm = "orders"};
	(void)snprintf(place.netns, sizeof place.netns, "/proc/4711/ns/net");
	place.netns_ino = 4026532180;
	(void)snprintf(place.cgroup, sizeof place.cgroup, "/sys/fs/cgroup/memory/x");
	json = ord_place_to_json(&place);
	assert_int_equal(ord_place_from_json(&again, json, &err), 0);
	assert_memory_equal(&again, &place, sizeof place);
}

static void bad_places_are_refused(void **state)
{
	static const struct {
		const char *json, *why;
	} bad[] = {
		{"{}", "empty"},
		{"[]", "object"},
		{"{\"host\":true,\"netns\":\"/x\"}", "stands alone"},
		{"{\"host\":1}", "true or false"},
		{"{\"host\":false}", "empty"},
		{"{\"procs\":[[1]]}", "[pid, start time, name]"},
		{"{\"procs\":[[0,1,\"a\"]]}", "a pid is within"},
		{"{\"procs\":[[4194305,1,\"a\"]]}", "a pid is within"},
		{"{\"procs\":[[7,-1,\"a\"]]}", "not negative"},
		{"{\"procs\":[[7,1,\"0123456789abcdef\"]]}", "at most 15"},
		{"{\"procs\":[[7,1,\"a\\n\"]]}", "printable"},
		{"{\"procs\":[[7,1,\"a\"],[7,2,\"b\"]]}", "twice"},
		{"{\"procs\":{}}", "must be a list"},
		{"{\"netns\":\"proc/1\"}", "absolute"},
		{"{\"netns\":\"/proc/../x\"}", "absolute"},
		{"{\"cgroup\":\"/x/..\"}", "absolute"},
		{"{\"netns\":\"/x\",\"netns_ino\":-1}", "not within"},
		{"{\"pid\":4}", "unknown key 'pid'"},
	};

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		ord_auto(json) json_t *json = json_loads(bad[i].json, 0, NULL);

		assert_int_equal(ord_place_from_json(&place, json, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		if (!strstr(err.msg, bad[i].why))
			fail_msg("%s: '%s' does not say '%s'", bad[i].json, err.msg, bad[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(by_pid, stop_all),
		cmocka_unit_test_teardown(what_must_not_be_hurt_is_refused, stop_all),
		cmocka_unit_test_teardown(by_name_and_share, stop_all),
		cmocka_unit_test_teardown(the_seed_chooses, stop_all),
		cmocka_unit_test_teardown(by_listening_port, stop_all),
		cmocka_unit_test_teardown(by_port_in_another_namespace, stop_all),
		cmocka_unit_test(ports_and_namespaces_that_are_not),
		cmocka_unit_test(the_host),
		cmocka_unit_test_teardown(a_process_is_known_by_its_start, stop_all),
		cmocka_unit_test(places_survive_json),
		cmocka_unit_test(bad_places_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
