/*
 * The addresses of network namespaces, from the tables in /proc/PID/net, which everybody may read:
 * neither a capability nor entering the namespace is needed where a process lives in it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "ordeal/target.h"

#define GLOBAL 0x00 /* scopes of IPv6, as if_inet6 has them: IFA_GLOBAL, IFA_SITE of net/ipv6.h */
#define SITE   0x40

static void add(struct ord_addresses *a, const char *text)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->v[i], text))
			return;
	if (a->n == ORD_ADDRESSES_MAX)
		a->more = true;
	else
		(void)snprintf(a->v[a->n++], sizeof a->v[0], "%s", text);
}

static FILE *table(const char *net, const char *name, struct ord_err *err)
{
	char path[96];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", net, name);
	f = fopen(path, "re");
	if (!f)
		(void)ord_fail_sys(err, "open '%s'", path);
	return f;
}

/* The trie of routes: an address of the namespace's own is the /32 below it, of type LOCAL. */
static int read_four(const char *net, struct ord_addresses *a, struct ord_err *err)
{
	ord_autofclose FILE *f = table(net, "fib_trie", err);
	char line[256], addr[INET_ADDRSTRLEN] = "";
	const char *at;

	if (!f)
		return -1;
	while (fgets(line, sizeof line, f)) {
		at = strstr(line, "|-- ");
		if (at)
			(void)sscanf(at + 4, "%15[0-9.]", addr);
		else if (strstr(line, "/32 host LOCAL") && strncmp(addr, "127.", 4) != 0 &&
			 strncmp(addr, "169.254.", 8) != 0)
			add(a, addr);
	}
	return 0;
}

/* A kernel without IPv6 has no such file, and no such addresses. */
static void read_six(const char *net, struct ord_addresses *a)
{
	struct ord_err none;
	ord_autofclose FILE *f = table(net, "if_inet6", &none);
	char line[256], hex[33], text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	unsigned scope;

	while (f && fgets(line, sizeof line, f)) {
		bool good = sscanf(line, "%32[0-9a-f] %*x %*x %x", hex, &scope) == 2 &&
			    strlen(hex) == 32 && (scope == GLOBAL || scope == SITE);

		for (size_t i = 0; good && i < sizeof addr; i++) {
			unsigned byte;

			good = sscanf(hex + 2 * i, "%2x", &byte) == 1;
			addr.s6_addr[i] = (uint8_t)byte;
		}
		if (good && inet_ntop(AF_INET6, &addr, text, sizeof text))
			add(a, text);
	}
}

static int read_tables(const char *net, struct ord_addresses *a, struct ord_err *err)
{
	if (read_four(net, a, err))
		return -1;
	read_six(net, a);
	return 0;
}

static int read_processes(const struct ord_place *place, struct ord_addresses *a,
			  struct ord_err *err)
{
	char net[64];

	for (size_t i = 0; i < place->n_procs; i++) {
		(void)snprintf(net, sizeof net, "/proc/%d/net", (int)place->procs[i].pid);
		/* After it was read, it is still this process that was. */
		if (read_tables(net, a, err) || ord_proc_check(&place->procs[i], err))
			return -1;
	}
	return 0;
}

static int read_entered(const char *path, struct ord_addresses *a, struct ord_err *err)
{
	ord_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ord_fail_sys(err, "open '%s'", path);
	if (setns(fd, CLONE_NEWNET) < 0)
		return ord_fail_sys(err, "enter network namespace '%s'", path);
	return read_tables("/proc/thread-self/net", a, err);
}

bool ord_place_by_path(const struct ord_place *place)
{
	return !place->host && !place->n_procs && place->netns[0] &&
	       strncmp(place->netns, "/proc/", 6) != 0;
}

int ord_place_addresses(const struct ord_place *place, struct ord_addresses *ret,
			struct ord_err *err)
{
	struct ord_addresses a = {0};
	char net[sizeof place->netns];
	char *end;
	int r;

	(void)snprintf(net, sizeof net, "%s", place->netns);
	end = strstr(net, "/ns/net");
	if (place->host)
		r = read_tables("/proc/self/net", &a, err);
	else if (place->n_procs)
		r = read_processes(place, &a, err);
	else if (ord_place_by_path(place))
		r = read_entered(place->netns, &a, err);
	else if (end) {
		(void)snprintf(end, sizeof net - (size_t)(end - net), "/net");
		r = read_tables(net, &a, err);
	} else
		return ord_fail(err, ORD_USAGE,
				"its processes are in several network namespaces, or in none that "
				"can be seen: say count or all");
	if (r)
		return -1;
	if (!a.n)
		return ord_fail(err, ORD_USAGE,
				"it has no address but those of loopback and of its link");
	*ret = a;
	return 0;
}
