/*
 * net-owd SENDER RECEIVER ADDRESS PER_SECOND SECONDS ASKED_US: one-way delay of small UDP packets
 * between two network namespaces of this machine, as one JSON line. The sender stamps just before
 * sendto(), the kernel stamps the arrival, so that the receiver's wake-up does not count. A sender
 * that was held up shifts its schedule: it sends no bursts.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <time.h>

#include "net_tool.h"

#define BATCH 64

struct probe {
	uint64_t number, sent_ns;
	uint8_t pad[48];
};

static int from, at;
static int64_t *delay_ns;
static size_t total, got;
static atomic_bool over;

static uint64_t wall(void)
{
	return ord_clock_ns(CLOCK_REALTIME);
}

static void take(const struct msghdr *m, const struct probe *p)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct timespec t;

	if (!c || c->cmsg_type != SO_TIMESTAMPNS || got == total)
		return;
	memcpy(&t, CMSG_DATA(c), sizeof t);
	delay_ns[got++] = (int64_t)((uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_nsec - p->sent_ns);
}

static void *receive(void *arg)
{
	static struct mmsghdr m[BATCH];
	static struct iovec v[BATCH];
	static struct probe p[BATCH];
	static uint8_t control[BATCH][64];

	while (!atomic_load(&over)) {
		int n;

		for (int i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){&p[i], sizeof p[i]};
			m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i],
						       .msg_iovlen = 1,
						       .msg_control = control[i],
						       .msg_controllen = sizeof control[i]};
		}
		n = recvmmsg(at, m, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++)
			take(&m[i].msg_hdr, &p[i]);
	}
	return arg;
}

static void send_all(const struct sockaddr_in *to, double per_second)
{
	uint64_t start = ord_now_ns();

	for (size_t i = 0; i < total; i++) {
		uint64_t due = start + (uint64_t)((double)i * 1e9 / per_second), now;
		struct probe p = {.number = i};

		while ((now = ord_now_ns()) < due) {
			const struct timespec t =
				ord_timespec(due - now > 20000 ? due - now - 20000 : 0);

			if (due - now > 30000)
				(void)nanosleep(&t, NULL);
		}
		if (now > due + 5000)
			start += now - due;
		p.sent_ns = wall();
		(void)sendto(from, &p, sizeof p, 0, (const struct sockaddr *)to, sizeof *to);
	}
}

int main(int argc, char **argv)
{
	const int one = 1, room = 16 << 20;
	const struct timeval patience = {.tv_usec = 100000};
	struct sockaddr_in to;
	double per_second, asked_us;
	pthread_t receiver;

	if (argc != 7)
		return 2;
	to = address(argv[3], 7007);
	per_second = strtod(argv[4], NULL);
	total = (size_t)(per_second * strtod(argv[5], NULL));
	asked_us = strtod(argv[6], NULL);
	delay_ns = calloc(total + 1, sizeof *delay_ns);
	must(delay_ns != NULL, "memory");
	at = udp_in(argv[2]);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	(void)setsockopt(at, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	must(bind(at, (const struct sockaddr *)&to, sizeof to) == 0, "bind");
	from = udp_in(argv[1]);
	(void)setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	must(pthread_create(&receiver, NULL, receive, NULL) == 0, "thread");
	send_all(&to, per_second);
	(void)usleep(300000 + (useconds_t)asked_us);
	atomic_store(&over, true);
	(void)pthread_join(receiver, NULL);
	qsort(delay_ns, got, sizeof *delay_ns, ascending);
#define ERROR_US(q) ((double)quantile(delay_ns, got, q) / 1e3 - asked_us)
	(void)printf("{\"bench\":\"net.delay\",\"per_second\":%.0f,\"asked_us\":%.0f,\"sent\":%zu,"
		     "\"lost\":%zu,"
		     "\"error_us\":{\"min\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%."
		     "1f}}\n",
		     per_second, asked_us, total, total - got, ERROR_US(0), ERROR_US(.5),
		     ERROR_US(.99), ERROR_US(.999), ERROR_US(1));
	return got ? 0 : 1;
}
