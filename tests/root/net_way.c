#include "net_way.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"

#define BATCH	  64
#define UNDER_WAY 2000
#define SEND_MAX  65000 /* bytes of one send */
#define WORDS_MAX (SEND_MAX / 4)
#define PRIORITY  60 /* above the engine's own */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

uint64_t way_sent_ns[WAY_MAX];
uint32_t way_order[2 * WAY_MAX];
uint64_t way_came_ns[2 * WAY_MAX];
atomic_size_t way_arrived;
struct sockaddr_storage way_to;

static const struct way *way;
static int from, at;
static socklen_t address_size;
static atomic_bool over;

void way_must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

/* Enters it; what it came from is returned. */
static int enter(const char *netns)
{
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char path[128];
	int ns;

	(void)snprintf(path, sizeof path, "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	way_must(home >= 0 && ns >= 0 && setns(ns, CLONE_NEWNET) == 0, path);
	(void)close(ns);
	return home;
}

static void leave(int home)
{
	way_must(setns(home, CLONE_NEWNET) == 0, "setns");
	(void)close(home);
}

int way_socket_in(const char *netns, int family, int type, int protocol)
{
	const int home = enter(netns), room = 256 << 20;
	const int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	way_must(fd >= 0, "socket");
	leave(home);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	return fd;
}

unsigned way_device_in(const char *netns, const char *device)
{
	const int home = enter(netns);
	const unsigned index = if_nametoindex(device);

	way_must(index != 0, device);
	leave(home);
	return index;
}

void way_address(const char *address, uint16_t port, socklen_t *ret_size)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&way_to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&way_to;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_size = sizeof *v4;
	} else {
		way_must(inet_pton(AF_INET6, address, &v6->sin6_addr) == 1, address);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*ret_size = sizeof *v6;
	}
}

static void open_both(void)
{
	const struct timeval patience = {.tv_usec = 50000};
	const int on = 1, size = (int)way->size;
	struct sockaddr_storage any;

	way_address(way->address, way->port, &address_size);
	from = way_socket_in(way->sender, way_to.ss_family, SOCK_DGRAM, 0);
	at = way_socket_in(way->receiver, way_to.ss_family, SOCK_DGRAM, 0);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	way_must(way->ours || setsockopt(at, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0,
		 "SO_TIMESTAMPNS");
	way_must(way->together < 2 ||
			 setsockopt(from, SOL_UDP, UDP_SEGMENT, &size, sizeof size) == 0,
		 "UDP_SEGMENT");
	way_must(bind(at, (struct sockaddr *)&way_to, address_size) == 0, "bind");
	/* The filters of an ingress say where packets come from. */
	if (strcmp(way->sender, way->receiver) != 0) {
		any = way_to;
		memset(way_to.ss_family == AF_INET
			       ? (void *)&((struct sockaddr_in *)&any)->sin_addr
			       : (void *)&((struct sockaddr_in6 *)&any)->sin6_addr,
		       0, way_to.ss_family == AF_INET ? 4 : 16);
		way_must(bind(from, (struct sockaddr *)&any, address_size) == 0, "bind");
	}
}

void way_come_first(void)
{
	const struct sched_param fifo = {.sched_priority = PRIORITY};

	(void)sched_setscheduler(0, SCHED_FIFO, &fifo);
}

/* ---- arrival ---- */

uint64_t way_stamp(struct msghdr *m)
{
	struct timespec t;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			memcpy(&t, CMSG_DATA(c), sizeof t);
			return (uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_nsec;
		}
	return ord_wall_ns();
}

static bool is_whole(const uint32_t *word, uint32_t len)
{
	if (len != way->size || *word >= way->packets)
		return false;
	for (uint32_t i = 1; i < way->size / 4; i++)
		if (word[i] != *word)
			return false;
	return true;
}

static void *receive(void *arg)
{
	static uint32_t word[BATCH][WORDS_MAX];
	static char control[BATCH][64];
	static struct mmsghdr m[BATCH];
	static struct iovec v[BATCH];

	if (way->ahead)
		way_come_first();
	while (!atomic_load(&over)) {
		int n;

		for (int i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){word[i], sizeof word[i]};
			m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i],
						       .msg_iovlen = 1,
						       .msg_control = control[i],
						       .msg_controllen = sizeof control[i]};
		}
		n = recvmmsg(at, m, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			const size_t next = atomic_load(&way_arrived);

			if (!is_whole(word[i], m[i].msg_len) || next == 2 * WAY_MAX)
				continue;
			way_order[next] = *word[i];
			way_came_ns[next] = way_stamp(&m[i].msg_hdr);
			atomic_store(&way_arrived, next + 1);
		}
	}
	return arg;
}

/* ---- departure ---- */

/* Lets no more be under way than every queue between the two ends holds: what were lost there would
 * be nobody's fate. Not for ever: a fault that loses more must not hang the test. */
static void wait_for_room(size_t expected)
{
	static bool given_up;
	const uint64_t end = ord_now_ns() + 2 * ORD_S;
	const struct timespec t = ord_timespec(100 * ORD_US);

	while (!given_up && expected > atomic_load(&way_arrived) + UNDER_WAY) {
		given_up = ord_now_ns() > end;
		(void)nanosleep(&t, NULL);
	}
}

static void wait_for_turn(uint64_t start, size_t k)
{
	const uint64_t turn = start + k * way->gap_ns;
	const struct timespec t = ord_timespec(turn);

	if (way->gap_ns && ord_now_ns() < turn)
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void send_all(void)
{
	const uint64_t start = ord_now_ns();
	const size_t together = way->together ? way->together : 1;
	static uint32_t word[WORDS_MAX];
	size_t expected = 0;

	for (size_t k = 0; k < way->packets; k += together) {
		const size_t n = k + together <= way->packets ? together : way->packets - k;
		const size_t bytes = n * way->size;

		if (way->copies)
			wait_for_room(expected);
		wait_for_turn(start, k);
		for (size_t i = 0; i < bytes / 4; i++)
			word[i] = (uint32_t)(k + i / (way->size / 4));
		way_sent_ns[k] = ord_wall_ns();
		way_must(sendto(from, word, bytes, 0, (struct sockaddr *)&way_to, address_size) ==
				 (ssize_t)bytes,
			 "sendto");
		for (size_t i = 0; i < n; i++) {
			way_sent_ns[k + i] = way_sent_ns[k];
			expected += way->copies ? way->copies(k + i) : 1;
		}
	}
}

static void wait_for_the_rest(void)
{
	const struct timespec t = ord_timespec(ORD_MS);
	const size_t most = way->most ? way->most : way->packets;
	uint64_t last = ord_now_ns();
	size_t there = 0, now;

	while ((now = atomic_load(&way_arrived)) < most &&
	       (now > there || ord_now_ns() < last + way->patience_ns)) {
		if (now > there)
			last = ord_now_ns();
		there = now;
		(void)nanosleep(&t, NULL);
	}
}

void way_run(const struct way *w)
{
	pthread_t receiver;

	way_must(w->packets <= WAY_MAX && w->size >= 4 && w->size % 4 == 0 &&
			 (size_t)w->size * (w->together ? w->together : 1) <= SEND_MAX,
		 "so many, or such packets");
	way = w;
	open_both();
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	way_must(pthread_create(&receiver, NULL, receive, NULL) == 0, "thread");
	if (way->ahead)
		way_come_first();
	send_all();
	wait_for_the_rest();
	atomic_store(&over, true);
	(void)pthread_join(receiver, NULL);
}
