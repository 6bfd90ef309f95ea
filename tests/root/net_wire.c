/*
 * net_wire SENDER RECEIVER ADDRESS PORT DEVICE N GAP_NS [KEY=VALUE]... JUDGE...: what arrives at
 * the receiver's network device, seen there by a packet socket, before its own stack has judged it.
 *
 * With tcp=MIB so much of one TCP stream, else N UDP packets as net_law sends them (size=,
 * together=). A frame stands for as many packets as it has in it. Judges (those of net_law.c, at
 * alpha = 0.001; "not-": must refuse):
 *
 * lost=P            of the packets of the stream, each as it was sent first, a share is lost
 * (Clopper and Pearson), each for itself: chi-square on the lengths of runs rate=R,LOW,HIGH   not a
 * test: bytes a second, Ethernet headers and all, of the last three quarters of the stream's
 * packets, lie within LOW and HIGH of R bits=P            of the UDP packets a share differs from
 * what was sent (Clopper and Pearson) by exactly one bit, which is as likely to be any of the IP
 * packet (chi-square)
 *
 * One JSON line; exit status 0: every judge said what it was to say.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net_way.h"
#include "tests/unit/fate_judge.h"
#include "tests/unit/fate_law.h"

#define SEEN	 160 /* bytes of a frame that are looked at */
#define FRAMES	 WAY_MAX
#define UDP_SIZE 8
#define PIECE	 (1 << 20)
#define LOOK	 100 /* frames */

struct seen {
	uint32_t len; /* of the frame */
	uint32_t at;  /* in the stream, from the connection's first byte */
	uint8_t bytes[SEEN];
	uint64_t ns;
};

static struct way way = {.size = 64, .together = 1, .ahead = true};
static struct seen *seen;
static atomic_size_t n_seen;
static atomic_bool over;
static int wire, family;
static uint32_t l3 = ETH_HLEN, l4, mss;
static size_t tcp_mib;
static const char *device;

/* ---- the wire ---- */

static void *watch(void *arg)
{
	char control[64];

	way_come_first();
	for (bool empty = false; n_seen < FRAMES && !(empty && atomic_load(&over));) {
		struct seen *s = &seen[n_seen];
		struct iovec v = {s->bytes, SEEN};
		struct msghdr m = {.msg_iov = &v,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof control};
		const ssize_t n = recvmsg(wire, &m, MSG_TRUNC);
		uint16_t port;

		empty = n < 0;
		if (n < (ssize_t)(l4 + UDP_SIZE))
			continue;
		memcpy(&port, s->bytes + l4 + 2, 2);
		/* A flipped bit may be one of the port: only a stream is told from others by it. */
		if (tcp_mib && ntohs(port) != way.port)
			continue;
		s->len = (uint32_t)n;
		s->ns = way_stamp(&m);
		atomic_fetch_add(&n_seen, 1);
	}
	return arg;
}

static void open_wire(void)
{
	const struct timeval patience = {.tv_usec = 50000};
	const int on = 1;
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6)};

	seen = calloc(FRAMES, sizeof *seen);
	way_must(seen != NULL, "memory");
	wire = way_socket_in(way.receiver, AF_PACKET, SOCK_RAW, 0);
	at.sll_ifindex = (int)way_device_in(way.receiver, device);
	(void)setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	way_must(setsockopt(wire, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
			 bind(wire, (struct sockaddr *)&at, sizeof at) == 0,
		 device);
}

/* What the socket had no room for was not seen. */
static void close_wire(void)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof stats;

	way_must(getsockopt(wire, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0 &&
			 stats.tp_drops == 0,
		 "the packet socket lost frames");
	(void)close(wire);
}

/* ---- a stream ---- */

static void *drain(void *arg)
{
	static char piece[PIECE];
	const int fd = accept(*(int *)arg, NULL, NULL);

	while (fd >= 0 && recv(fd, piece, sizeof piece, 0) > 0)
		;
	(void)close(fd);
	return arg;
}

static void stream(void)
{
	static char piece[PIECE];
	socklen_t size = sizeof mss, address;
	pthread_t sink;
	int to, from;

	way_address(way.address, way.port, &address);
	to = way_socket_in(way.receiver, family, SOCK_STREAM, 0);
	from = way_socket_in(way.sender, family, SOCK_STREAM, 0);
	way_must(bind(to, (struct sockaddr *)&way_to, address) == 0 && listen(to, 1) == 0,
		 "listen");
	way_must(pthread_create(&sink, NULL, drain, &to) == 0, "thread");
	way_must(connect(from, (struct sockaddr *)&way_to, address) == 0, "connect");
	way_must(getsockopt(from, IPPROTO_TCP, TCP_MAXSEG, &mss, &size) == 0, "TCP_MAXSEG");
	for (size_t i = 0; i < tcp_mib; i++)
		for (size_t sent = 0; sent < PIECE;) {
			const ssize_t n = send(from, piece + sent, PIECE - sent, 0);

			way_must(n > 0, "send");
			sent += (size_t)n;
		}
	(void)shutdown(from, SHUT_WR);
	(void)pthread_join(sink, NULL);
	(void)close(from);
	(void)close(to);
}

static uint32_t payload_at(const struct seen *s)
{
	return l4 + (s->bytes[l4 + 12] >> 4) * 4u;
}

static uint32_t packets_in(const struct seen *s)
{
	const uint32_t bytes = s->len - payload_at(s);

	return bytes ? (bytes + mss - 1) / mss : 0;
}

/* Numbers count from the SYN's, and go around. */
static void place(void)
{
	uint32_t first = 0, seq;

	for (size_t i = 0; i < n_seen; i++) {
		memcpy(&seq, seen[i].bytes + l4 + 4, 4);
		seq = ntohl(seq);
		if (seen[i].bytes[l4 + 13] & 2)
			first = seq + 1;
		seen[i].at = seq - first;
	}
}

/* A hole before what comes was lost; what comes from before it was sent again. */
static double lost(double p)
{
	const struct law_chain chain = {.step = {{1 - p, p}, {1 - p, p}}, .lost = {false, true}};
	static double law[JUDGE_RUNS];
	static struct judge_runs runs;
	size_t many = 0, gone = 0, all = 0;
	uint32_t next = 0;
	double yes, no;

	for (size_t i = 0; i < n_seen; i++) {
		const uint32_t n = packets_in(&seen[i]);
		uint32_t hole;

		if (!n || (int32_t)(seen[i].at - next) < 0)
			continue;
		hole = (seen[i].at - next + mss - 1) / mss;
		for (uint32_t k = 0; k < hole; k++)
			judge_runs_add(&runs, true);
		for (uint32_t k = 0; k < n; k++)
			judge_runs_add(&runs, false);
		many += n > 1;
		gone += hole;
		all += hole + n;
		next = seen[i].at + seen[i].len - payload_at(&seen[i]);
	}
	law_runs(&chain, true, law);
	yes = judge_chi2(runs.yes, law, JUDGE_RUNS);
	law_runs(&chain, false, law);
	no = judge_chi2(runs.no, law, JUDGE_RUNS);
	(void)printf("\"packets\":%zu,\"lost\":%zu,\"frames_of_many\":%zu,\"losses\":%.6f,"
		     "\"between\":%.6f,",
		     all, gone, many, yes, no);
	return many && judge_share(gone, all, p) ? fmin(yes, no) : 0;
}

static double rate(double asked, double low, double high)
{
	const size_t skip = n_seen / 4;
	double bytes = 0, got;

	for (size_t i = skip + 1; i < n_seen; i++) {
		const uint32_t n = packets_in(&seen[i]);

		bytes += seen[i].len + (n > 1 ? (n - 1.) * payload_at(&seen[i]) : 0);
	}
	if (n_seen < 100)
		return 0;
	got = bytes / ((double)(seen[n_seen - 1].ns - seen[skip].ns) / 1e9);
	(void)printf("\"rate\":%.0f,", got);
	return got >= asked * low && got <= asked * high;
}

/* ---- bits ---- */

static uint16_t sum_of(const uint8_t *at, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* The number that most of the payload's words are. */
static uint32_t number_of(const uint8_t *payload)
{
	uint32_t best = 0, word, other;
	int most = 0;

	for (uint32_t i = 0; i < way.size / 4; i++) {
		int n = 0;

		memcpy(&word, payload + i * 4, 4);
		for (uint32_t j = 0; j < way.size / 4; j++) {
			memcpy(&other, payload + j * 4, 4);
			n += other == word;
		}
		if (n > most) {
			most = n;
			best = word;
		}
	}
	return best;
}

/* Packet k as it was sent, by one of which nothing else is known than that it is another: its
 * checksum complete, or that of the pseudo-header alone, as a sender leaves it to a device. */
static void build(const uint8_t *like, uint16_t id, uint32_t k, bool complete, uint8_t *ret)
{
	const uint32_t len = l4 + UDP_SIZE + way.size;
	const uint32_t addresses = family == AF_INET ? 12 : 8;
	uint8_t *ip = ret + l3, *udp = ret + l4;
	uint32_t pseudo;
	uint16_t sum;

	memcpy(ret, like, len);
	for (uint32_t i = 0; i < way.size / 4; i++)
		memcpy(udp + UDP_SIZE + i * 4, &k, 4);
	if (family == AF_INET) {
		put16(ip + 4, id);
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~sum_of(ip, 20, 0));
	}
	pseudo = sum_of(ip + addresses, family == AF_INET ? 8 : 32,
			IPPROTO_UDP + UDP_SIZE + way.size);
	put16(udp + 6, 0);
	sum = (uint16_t)~sum_of(udp, UDP_SIZE + way.size, pseudo);
	put16(udp + 6, !complete ? (uint16_t)pseudo : sum ? sum : 0xffff);
}

/* How many bits differ; the last of them in *ret_bit. */
static uint32_t differing(const uint8_t *a, const uint8_t *b, uint32_t n, uint32_t *ret_bit)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 8 * n; i++)
		if ((a[i / 8] ^ b[i / 8]) >> i % 8 & 1) {
			bits++;
			*ret_bit = i;
		}
	return bits;
}

/* Bits in which a packet differs from the one that was sent. What its identification was is known
 * from itself alone, where that is not what differs. */
static uint32_t wrong_bits(const struct seen *s, const uint8_t *like, uint32_t *ret_bit)
{
	const uint32_t k = number_of(s->bytes + l4 + UDP_SIZE), n = way.size + UDP_SIZE + l4 - l3;
	const uint16_t id = (uint16_t)(s->bytes[l3 + 4] << 8 | s->bytes[l3 + 5]);
	uint32_t least = UINT32_MAX, bit = 0;
	uint8_t want[SEEN];

	build(like, id, k, false, want);
	if (differing(s->bytes + l3, want + l3, n, &bit) == 0)
		return 0;
	for (uint32_t flip = 0; flip <= (family == AF_INET ? 1u << 15 : 0);
	     flip = flip ? 2 * flip : 1) {
		uint32_t wrong;

		build(like, (uint16_t)(id ^ flip), k, true, want);
		wrong = differing(s->bytes + l3, want + l3, n, &bit);
		if (wrong < least) {
			least = wrong;
			*ret_bit = bit;
		}
	}
	return least;
}

/* Of the first packets the one that most others differ from by one bit at most: no other is the
 * right one, since each is wrong by a bit of its own. */
static const uint8_t *template(uint32_t len)
{
	const uint8_t *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < n_seen && i < LOOK; i++) {
		size_t near = 0;

		for (size_t j = 0; seen[i].len == len && j < n_seen && j < LOOK; j++) {
			uint32_t bit;

			near += seen[j].len == len && wrong_bits(&seen[j], seen[i].bytes, &bit) < 2;
		}
		if (near > most) {
			most = near;
			best = seen[i].bytes;
		}
	}
	return best;
}

static double bits(double p)
{
	const uint32_t len = l4 + UDP_SIZE + way.size, ip = len - l3;
	static uint64_t where[SEEN];
	static double even[SEEN];
	size_t one = 0, more = 0, all = 0;
	const uint8_t *like = template(len);
	double odd;

	if (!like)
		return 0;
	for (size_t i = 0; i < n_seen; i++) {
		uint32_t bit = 0, wrong;

		if (seen[i].len != len) { /* of many: those are as they were */
			if (seen[i].bytes[l3 + (family == AF_INET ? 9 : 6)] == IPPROTO_UDP)
				all += (seen[i].len - l4 - UDP_SIZE) / way.size;
			continue;
		}
		all++;
		wrong = wrong_bits(&seen[i], like, &bit);
		one += wrong == 1;
		more += wrong > 1;
		where[bit / 8] += wrong == 1;
	}
	for (uint32_t i = 0; i < ip; i++)
		even[i] = 1. / ip;
	/* A bit of the identification makes as much of a difference as one of the checksum. */
	for (uint32_t i = 5; family == AF_INET && i < 12; i = i == 5 ? 10 : i + 1) {
		where[4] += where[i];
		even[4] += even[i];
		where[i] = 0;
		even[i] = 0;
	}
	odd = judge_chi2(where, even, ip);
	(void)printf("\"packets\":%zu,\"one_bit\":%zu,\"more_bits\":%zu,\"even\":%.6f,", all, one,
		     more, odd);
	return all == way.packets && !more && judge_share(one, all, p) ? odd : 0;
}

/* ---- ---- */

static bool says(const char *text)
{
	const bool refuse = strncmp(text, "not-", 4) == 0;
	const char *name = refuse ? text + 4 : text;
	double a = 0, low = 0, high = 0, odd = 0;
	bool accepts;

	(void)printf("\"%s\":{", text);
	if (sscanf(name, "lost=%lf", &a) == 1)
		odd = lost(a / 1e6);
	else if (sscanf(name, "rate=%lf,%lf,%lf", &a, &low, &high) == 3)
		odd = rate(a, low, high);
	else if (sscanf(name, "bits=%lf", &a) == 1)
		odd = bits(a / 1e6);
	else
		way_must(false, text);
	accepts = odd > JUDGE_ALPHA;
	(void)printf("\"right\":%s},", accepts != refuse ? "true" : "false");
	return accepts != refuse;
}

static bool is_key(const char *text)
{
	return sscanf(text, "size=%u", &way.size) == 1 ||
	       sscanf(text, "together=%u", &way.together) == 1 ||
	       sscanf(text, "tcp=%zu", &tcp_mib) == 1;
}

int main(int argc, char **argv)
{
	pthread_t watcher;
	bool right = true;
	int judges = 8;

	if (argc < 9)
		return 2;
	way.sender = argv[1];
	way.receiver = argv[2];
	way.address = argv[3];
	way.port = (uint16_t)strtoul(argv[4], NULL, 10);
	device = argv[5];
	way.packets = strtoull(argv[6], NULL, 10);
	way.gap_ns = strtoull(argv[7], NULL, 10);
	way.patience_ns = 300 * ORD_MS;
	while (judges < argc && is_key(argv[judges]))
		judges++;
	family = strchr(way.address, ':') ? AF_INET6 : AF_INET;
	l4 = l3 + (family == AF_INET ? 20 : 40);
	way_must(l4 + UDP_SIZE + way.size <= SEEN, "size: so much is looked at");
	open_wire();
	way_must(pthread_create(&watcher, NULL, watch, NULL) == 0, "thread");
	if (tcp_mib)
		stream();
	else
		way_run(&way);
	(void)usleep(50000);
	atomic_store(&over, true);
	(void)pthread_join(watcher, NULL);
	close_wire();
	if (tcp_mib)
		place();
	(void)printf("{\"frames\":%zu,", (size_t)n_seen);
	for (int i = judges; i < argc; i++)
		right = says(argv[i]) && right;
	(void)printf("\"right\":%s}\n", right ? "true" : "false");
	return right ? 0 : 1;
}
