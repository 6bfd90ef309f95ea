/* What the network benchmarks share: namespaces, spawning, order statistics. They end at the first
 * thing that fails. */
#ifndef ORDEAL_BENCH_NET_TOOL_H
#define ORDEAL_BENCH_NET_TOOL_H

#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* Goes into a network namespace by its name under /run/netns. */
static inline void enter(const char *netns)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof path, "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && setns(fd, CLONE_NEWNET) == 0, path);
	(void)close(fd);
}

/* A UDP socket that lives in that namespace; the caller stays where it is. */
static inline int udp_in(const char *netns)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	enter(netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && home >= 0 && setns(home, CLONE_NEWNET) == 0, "socket");
	(void)close(home);
	return fd;
}

static inline struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	must(inet_pton(AF_INET, text, &a.sin_addr) == 1, text);
	return a;
}

static inline int ascending(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of a sorted series; the nearest rank. */
static inline int64_t quantile(const int64_t *v, size_t n, double q)
{
	return n ? v[(size_t)((double)(n - 1) * q + 0.5)] : 0;
}

#endif
