/*
 * net-flood SENDER RECEIVER ADDRESS SECONDS [FLOWS]: as many small UDP packets as one sender, or
 * one a flow, can send from one network namespace to another, and how many arrive. One JSON line.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "net_tool.h"

#define BATCH	  64
#define SIZE	  64
#define PORT	  7009
#define FLOWS_MAX 16

struct flow {
	struct sockaddr_in to;
	int from, at;
	uint64_t end_ns;
	size_t sent, got;
	pthread_t sender, receiver;
};

static atomic_bool over;

static void *receive(void *arg)
{
	struct flow *f = arg;
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	uint8_t bytes[BATCH][SIZE];

	for (int i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){bytes[i], SIZE};
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[i], .msg_iovlen = 1}};
	}
	while (!atomic_load(&over)) {
		const int n = recvmmsg(f->at, m, BATCH, MSG_WAITFORONE, NULL);

		f->got += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

static void *send_all(void *arg)
{
	struct flow *f = arg;
	uint8_t bytes[SIZE] = {0};
	struct iovec v = {bytes, SIZE};
	struct mmsghdr m[BATCH];

	for (int i = 0; i < BATCH; i++)
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &f->to,
						    .msg_namelen = sizeof f->to,
						    .msg_iov = &v,
						    .msg_iovlen = 1}};
	while (ord_now_ns() < f->end_ns) {
		const int n = sendmmsg(f->from, m, BATCH, 0);

		f->sent += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

/* Each to a port of its own. */
static void open_flow(struct flow *f, char **argv, unsigned i)
{
	const int room = 64 << 20;
	const struct timeval patience = {.tv_usec = 100000};

	f->to = address(argv[3], (uint16_t)(PORT + i));
	f->at = udp_in(argv[2]);
	(void)setsockopt(f->at, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	(void)setsockopt(f->at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	must(bind(f->at, (const struct sockaddr *)&f->to, sizeof f->to) == 0, "bind");
	f->from = udp_in(argv[1]);
	must(pthread_create(&f->receiver, NULL, receive, f) == 0, "thread");
}

int main(int argc, char **argv)
{
	static struct flow flows[FLOWS_MAX];
	const unsigned n = argc == 6 ? (unsigned)strtoul(argv[5], NULL, 10) : 1;
	size_t sent = 0, got = 0;
	double seconds;
	uint64_t start;

	if (argc < 5 || argc > 6 || n < 1 || n > FLOWS_MAX)
		return 2;
	seconds = strtod(argv[4], NULL);
	for (unsigned i = 0; i < n; i++)
		open_flow(&flows[i], argv, i);
	start = ord_now_ns();
	for (unsigned i = 0; i < n; i++) {
		flows[i].end_ns = start + (uint64_t)(seconds * 1e9);
		must(pthread_create(&flows[i].sender, NULL, send_all, &flows[i]) == 0, "thread");
	}
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(flows[i].sender, NULL);
	seconds = (double)(ord_now_ns() - start) / 1e9;
	(void)usleep(300000);
	atomic_store(&over, true);
	for (unsigned i = 0; i < n; i++) {
		(void)pthread_join(flows[i].receiver, NULL);
		sent += flows[i].sent;
		got += flows[i].got;
	}
	(void)printf("{\"bench\":\"net.flood\",\"flows\":%u,\"sent_per_s\":%.0f,\"arrived_per_s\":%"
		     ".0f}\n",
		     n, (double)sent / seconds, (double)got / seconds);
	return got ? 0 : 1;
}
