#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void die_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%s:%d: ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(1);
}

void die_sys_at(const char *file, int line, const char *what)
{
	die_at(file, line, "%s: %s", what, strerror(errno));
}

void skip(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("skipped: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(getenv("ORDEAL_MUST_RUN") ? 1 : 77);
}

uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t now_ms(void)
{
	return now_us() / 1000;
}

void nap_ms(unsigned ms)
{
	(void)poll(NULL, 0, (int)ms);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The first process of the pid namespace: reaps orphans, ends with the test. */
static _Noreturn void first(pid_t test)
{
	int status;

	for (;;) {
		pid_t pid = wait(&status);

		if (pid == test)
			_exit(status_of(status));
		if (pid < 0 && errno != EINTR)
			_exit(1);
	}
}

static void mounts_make(void)
{
	must_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must_sys(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	must_sys(mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
}

static void lo_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	must_sys(fd);
	must_sys(ioctl(fd, SIOCSIFFLAGS, &r));
	(void)close(fd);
}

void world_enter(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip("needs root: namespaces, and processes of another uid");
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC) < 0)
		skip("no namespaces of our own: %s", strerror(errno));
	pid = fork();
	must_sys(pid);
	if (pid > 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		_exit(status_of(status)); /* a leak checker could not start its thread here */
	}
	must_sys(prctl(PR_SET_PDEATHSIG, SIGKILL));
	mounts_make();
	pid = fork();
	must_sys(pid);
	if (pid > 0)
		first(pid);
	must_sys(prctl(PR_SET_PDEATHSIG, SIGKILL));
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(077); /* as on a hardened host: nobody may rely on the caller's */
	lo_up();
}

static void run(const char *command)
{
	pid_t pid = fork();
	int status;

	must_sys(pid);
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	must_sys(waitpid(pid, &status, 0));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("failed: %s", command);
}

static pid_t sleeper(bool own_net)
{
	int ready[2];
	char c;
	pid_t pid;

	must_sys(pipe2(ready, O_CLOEXEC));
	pid = fork();
	must_sys(pid);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, "target");
		if (own_net && unshare(CLONE_NEWNET) < 0)
			_exit(1);
		(void)!write(ready[1], "r", 1);
		(void)close_range(0, ~0u, 0); /* holds nothing of the test's open */
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	must(read(ready[0], &c, 1) == 1);
	(void)close(ready[0]);
	return pid;
}

void target_plain(struct target *ret)
{
	*ret = (struct target){.pid = sleeper(false), .netns = -1};
}

void target_net(struct target *ret)
{
	struct target t = {.netns = -1};
	char path[64], command[2048];

	/* The pair of an earlier one goes a moment after its namespace. */
	for (int i = 0; i < 300 && if_nametoindex("vT"); i++)
		nap_ms(10);
	t.pid = sleeper(true);
	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", t.pid);
	t.netns = open(path, O_RDONLY | O_CLOEXEC);
	must_sys(t.netns);
	/* No address that the kernel makes up, no duplicate detection: the state must not change by
	 * itself. */
	(void)snprintf(
		command, sizeof command,
		/* The last target's device goes with its namespace, which takes the kernel a
		   moment. */
		"for i in $(seq 300); do ip link show vT >/dev/null 2>&1 || break; sleep 0.01; "
		"done;"
		"ip link add vT type veth peer name eth0 netns %d; ip link set vT addrgenmode none;"
		"ip addr add 10.77.0.1/24 dev vT; ip addr add fd77::1/64 dev vT nodad; ip link set "
		"vT up;"
		"nsenter --net=/proc/%d/ns/net sh -ec 'ip link set lo up; ip link set eth0 "
		"addrgenmode none;"
		"ip addr add 10.77.0.2/24 dev eth0; ip addr add fd77::2/64 dev eth0 nodad; ip link "
		"set eth0 up;"
		/* The kernel tells of the carrier up to a second later; the state must have
		   settled. */
		"for i in $(seq 300); do ip link show eth0 | grep -q state.UP && exit 0; sleep "
		"0.01; done; exit 1';"
		"for i in $(seq 300); do ip link show vT | grep -q state.UP && exit 0; sleep 0.01; "
		"done; exit 1",
		t.pid, t.pid);
	run(command);
	*ret = t;
}

void target_end(struct target *t)
{
	if (t->pid > 0) {
		(void)kill(t->pid, SIGKILL);
		(void)waitpid(t->pid, NULL, 0);
	}
	if (t->netns >= 0)
		(void)close(t->netns);
	*t = (struct target){.netns = -1};
}

bool target_stopped(const struct target *t)
{
	char path[64], text[256] = "";
	const char *state;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", t->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		text[0] = '\0';
	if (fd >= 0)
		(void)close(fd);
	state = strrchr(text, ')');
	return state && state[2] == 'T';
}

/* A socket made in that namespace stays there, whoever uses it. */
static int socket_in(int netns, int family)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	must_sys(home);
	must_sys(setns(netns, CLONE_NEWNET));
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must_sys(setns(home, CLONE_NEWNET));
	(void)close(home);
	must_sys(fd);
	return fd;
}

unsigned target_copies_us(const struct target *t, int family, unsigned n, unsigned within_ms)
{
	static uint64_t serial;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(7700)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(7700)};
	const struct sockaddr *to = family == AF_INET ? (const void *)&v4 : (const void *)&v6;
	socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
	int from = socket_in(t->netns, family);
	int at = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = at, .events = POLLIN};
	uint64_t sent = ++serial, got = 0;
	unsigned came = 0;

	must(inet_pton(AF_INET, "10.77.0.1", &v4.sin_addr) == 1 &&
	     inet_pton(AF_INET6, "fd77::1", &v6.sin6_addr) == 1);
	must_sys(at);
	must_sys(bind(at, to, size));
	if (sendto(from, &sent, sizeof sent, 0, to, size) == (ssize_t)sizeof sent)
		while (came < n && poll(&p, 1, (int)within_ms) > 0 &&
		       read(at, &got, sizeof got) == (ssize_t)sizeof got && got == sent)
			came++;
	(void)close(at);
	(void)close(from);
	return came;
}

bool target_reaches_us(const struct target *t, int family, unsigned within_ms)
{
	return target_copies_us(t, family, 1, within_ms) == 1;
}

/* An address of ours or of the target's, both families in one size. */
static socklen_t end_of_link(int family, bool ours, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof *ret);
	if (family == AF_INET) {
		*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		must(inet_pton(AF_INET, ours ? "10.77.0.1" : "10.77.0.2", &v4->sin_addr) == 1);
		return sizeof *v4;
	}
	*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	must(inet_pton(AF_INET6, ours ? "fd77::1" : "fd77::2", &v6->sin6_addr) == 1);
	return sizeof *v6;
}

bool target_hears_dns(const struct target *t, int family, const char *name, unsigned within_ms)
{
	static uint16_t serial;
	/* An answer without records: RFC 1035 4.1. */
	unsigned char message[64] = {0, 0, 0x80, 0, 0, 1}, got[64];
	const char *dot = strchr(name, '.');
	size_t size = 12;
	struct sockaddr_storage from, to;
	socklen_t from_size = end_of_link(family, true, 53, &from);
	socklen_t to_size = end_of_link(family, false, 7753, &to);
	int at = socket_in(t->netns, family), us = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = at, .events = POLLIN};
	bool came;

	must(dot && strlen(name) < 40);
	message[0] = (unsigned char)(++serial >> 8);
	message[1] = (unsigned char)serial;
	message[size++] = (unsigned char)(dot - name);
	memcpy(message + size, name, (size_t)(dot - name));
	size += (size_t)(dot - name);
	message[size++] = (unsigned char)strlen(dot + 1);
	memcpy(message + size, dot + 1, strlen(dot));
	size += strlen(dot);
	message[size + 1] = message[size + 3] = 1; /* A, IN */
	size += 4;
	must_sys(us);
	must_sys(bind(us, (struct sockaddr *)&from, from_size));
	must_sys(bind(at, (struct sockaddr *)&to, to_size));
	came = sendto(us, message, size, 0, (struct sockaddr *)&to, to_size) == (ssize_t)size &&
	       poll(&p, 1, (int)within_ms) > 0 && read(at, got, sizeof got) == (ssize_t)size &&
	       memcmp(got, message, size) == 0;
	(void)close(at);
	(void)close(us);
	return came;
}
