/*
 * net-flood SENDER RECEIVER ADDRESS SECONDS: as many small UDP packets as one sender can send from
 * one network namespace to another, and how many arrive. One JSON line.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "net_tool.h"

#define BATCH 64
#define SIZE  64

static int from, at;
static atomic_bool over;
static size_t got;

static void *receive(void *arg)
{
	static struct mmsghdr m[BATCH];
	static struct iovec v[BATCH];
	static uint8_t bytes[BATCH][SIZE];

	for (int i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){bytes[i], SIZE};
		m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
	}
	while (!atomic_load(&over)) {
		const int n = recvmmsg(at, m, BATCH, MSG_WAITFORONE, NULL);

		got += n > 0 ? (size_t)n : 0;
	}
	return arg;
}

static size_t send_until(struct sockaddr_in to, uint64_t end_ns)
{
	static uint8_t bytes[SIZE];
	static struct mmsghdr m[BATCH];
	struct iovec v = {bytes, SIZE};
	size_t sent = 0;

	for (int i = 0; i < BATCH; i++)
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &v, .msg_iovlen = 1};
	while (ord_now_ns() < end_ns) {
		const int n = sendmmsg(from, m, BATCH, 0);

		sent += n > 0 ? (size_t)n : 0;
	}
	return sent;
}

int main(int argc, char **argv)
{
	const int room = 64 << 20;
	const struct timeval patience = {.tv_usec = 100000};
	struct sockaddr_in to;
	pthread_t receiver;
	double seconds;
	uint64_t start;
	size_t sent;

	if (argc != 5)
		return 2;
	to = address(argv[3], 7009);
	seconds = strtod(argv[4], NULL);
	at = udp_in(argv[2]);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	must(bind(at, (const struct sockaddr *)&to, sizeof to) == 0, "bind");
	from = udp_in(argv[1]);
	must(pthread_create(&receiver, NULL, receive, NULL) == 0, "thread");
	start = ord_now_ns();
	sent = send_until(to, start + (uint64_t)(seconds * 1e9));
	seconds = (double)(ord_now_ns() - start) / 1e9;
	(void)usleep(300000);
	atomic_store(&over, true);
	(void)pthread_join(receiver, NULL);
	(void)printf("{\"bench\":\"net.flood\",\"sent_per_s\":%.0f,\"arrived_per_s\":%.0f}\n",
		     (double)sent / seconds, (double)got / seconds);
	return got ? 0 : 1;
}
