/*
 * net_fate SENDER RECEIVER ADDRESS PORT N GAP_NS [EFFECT]...: sends N numbered UDP packets from one
 * network namespace to another (names of /run/netns), and compares what became of each with what
 * engines/fate says of it, without any engine. EFFECT: seed=, delay= (ns), loss=, duplicate=,
 * corrupt=, reorder= (ppm, ppm of correlation, gap), markov=, gilbert= (ppm, ...).
 *
 * One JSON line: how many were lost, changed, came twice, overtook; how many of them differ from
 * what was said (0: exit status 0), and a hash over the whole trace, the same where the same became
 * of the same packets. "lost" and "corrupted" are judged together where the checksum drops what was
 * corrupted.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "injector/host/engines/fate.h"
#include "injector/host/engines/frame.h"
#include "reports/stats/interval.h"

#define BATCH	  64
#define WORDS	  16 /* of a payload, each the packet's number */
#define UDP_SIZE  8
#define UNDER_WAY 2000
#define MAX	  2000000

struct seen {
	uint32_t times;
	bool overtook; /* one that was sent before came after it */
};

static struct fate_params params;
static struct fate_of of[MAX];
static struct seen seen[MAX];
static uint32_t order[2 * MAX]; /* numbers as they came */
static uint64_t sent_ns[MAX];
static atomic_size_t arrived;
static size_t packets;
static int from, at;
static socklen_t address_size;
static struct sockaddr_storage to;
static atomic_bool over;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

/* ---- what is asked for ---- */

static void numbers(const char *text, uint32_t *const *into, size_t n)
{
	char *end;

	for (size_t i = 0; i < n && *text; i++) {
		*into[i] = (uint32_t)strtoul(text, &end, 10);
		text = *end == ',' ? end + 1 : end;
	}
}

static void effect(const char *text)
{
	struct fate_params *p = &params;
	const struct {
		const char *name;
		enum fate_loss loss;
		uint32_t *into[5];
	} effects[] = {
		{"loss=", FATE_LOSS_RANDOM, {&p->random_loss.ppm, &p->random_loss.correlation_ppm}},
		{"markov=", FATE_LOSS_MARKOV, {&p->p13, &p->p31, &p->p32, &p->p23, &p->p14}},
		{"gilbert=", FATE_LOSS_GILBERT, {&p->p, &p->r, &p->one_minus_h, &p->one_minus_k}},
		{"duplicate=", 0, {&p->duplicate.ppm, &p->duplicate.correlation_ppm}},
		{"corrupt=", 0, {&p->corrupt.ppm, &p->corrupt.correlation_ppm}},
		{"reorder=", 0, {&p->reorder.ppm, &p->reorder.correlation_ppm, &p->reorder_gap}},
	};
	const char *value = strchr(text, '=');

	must(value != NULL, text);
	if (strncmp(text, "seed=", 5) == 0)
		p->seed = strtoull(value + 1, NULL, 10);
	if (strncmp(text, "delay=", 6) == 0)
		p->delay_ns = strtoull(value + 1, NULL, 10);
	for (size_t i = 0; i < sizeof effects / sizeof *effects; i++) {
		size_t n = 0;

		if (strncmp(text, effects[i].name, strlen(effects[i].name)) != 0)
			continue;
		while (n < 5 && effects[i].into[n])
			n++;
		numbers(value + 1, effects[i].into, n);
		p->loss = effects[i].loss ? effects[i].loss : p->loss;
	}
}

/* ---- the packets ---- */

static int open_in(const char *netns, int family)
{
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), room = 256 << 20;
	char path[128];
	int ns, fd;

	(void)snprintf(path, sizeof path, "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	must(home >= 0 && ns >= 0 && setns(ns, CLONE_NEWNET) == 0, path);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && setns(home, CLONE_NEWNET) == 0, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	(void)close(ns);
	(void)close(home);
	return fd;
}

static void open_both(const char *sender, const char *receiver, const char *address, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;
	const struct timeval patience = {.tv_usec = 50000};
	struct sockaddr_storage any;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		address_size = sizeof *v4;
	} else {
		must(inet_pton(AF_INET6, address, &v6->sin6_addr) == 1, address);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		address_size = sizeof *v6;
	}
	from = open_in(sender, to.ss_family);
	at = open_in(receiver, to.ss_family);
	(void)setsockopt(at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	must(bind(at, (struct sockaddr *)&to, address_size) == 0, "bind");
	/* The filters of an ingress say where packets come from. */
	if (strcmp(sender, receiver) != 0) {
		any = to;
		memset(to.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&any)->sin_addr
					       : (void *)&((struct sockaddr_in6 *)&any)->sin6_addr,
		       0, to.ss_family == AF_INET ? 4 : 16);
		must(bind(from, (struct sockaddr *)&any, address_size) == 0, "bind");
	}
}

static void *receive(void *arg)
{
	static uint32_t word[BATCH][WORDS + 1];
	static struct mmsghdr m[BATCH];
	static struct iovec v[BATCH];

	for (int i = 0; i < BATCH; i++) {
		v[i] = (struct iovec){word[i], sizeof word[i]};
		m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
	}
	while (!atomic_load(&over)) {
		const int n = recvmmsg(at, m, BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < n; i++) {
			bool whole = m[i].msg_len == WORDS * sizeof(uint32_t) && *word[i] < packets;

			for (int k = 1; k < WORDS; k++)
				whole = whole && word[i][k] == word[i][0];
			if (whole && arrived < 2 * MAX)
				order[atomic_fetch_add(&arrived, 1)] = word[i][0];
		}
	}
	return arg;
}

/* How often packet k is to arrive. */
static uint32_t copies(size_t k)
{
	return of[k].lost || of[k].corrupted ? 0 : 1u + of[k].duplicated;
}

/* Lets no more be under way than every queue between the two ends holds: what were lost there would
 * be nobody's fate. Not for ever: a fault that loses more must not hang the test. */
static void wait_for_room(size_t expected)
{
	static bool given_up;
	const uint64_t end = ord_now_ns() + 2 * ORD_S;
	const struct timespec t = ord_timespec(100 * ORD_US);

	while (!given_up && expected > atomic_load(&arrived) + UNDER_WAY) {
		given_up = ord_now_ns() > end;
		(void)nanosleep(&t, NULL);
	}
}

static void send_all(uint64_t gap_ns)
{
	const uint64_t start = ord_now_ns();
	uint32_t word[WORDS];
	size_t expected = 0;

	for (uint32_t k = 0; k < packets; k++) {
		wait_for_room(expected);
		expected += copies(k);
		while (ord_now_ns() < start + k * gap_ns) {
			const struct timespec t = ord_timespec(gap_ns / 2);

			if (gap_ns > 50000)
				(void)nanosleep(&t, NULL);
		}
		for (int i = 0; i < WORDS; i++)
			word[i] = k;
		sent_ns[k] = ord_now_ns();
		must(sendto(from, word, sizeof word, 0, (struct sockaddr *)&to, address_size) ==
			     sizeof word,
		     "sendto");
	}
}

/* ---- judgement ---- */

/* The bit that is flipped lies before the UDP header: whether the receiver's kernel drops such a
 * packet depends on which one it is. */
static bool in_ip_header(uint32_t draw)
{
	const uint32_t ip = to.ss_family == AF_INET ? 20 : 40;
	uint8_t bytes[40 + UDP_SIZE + WORDS * 4] = {0}, before[sizeof bytes];
	struct frame f = {.data = bytes, .len = ip + UDP_SIZE + WORDS * 4};
	uint32_t i = 0;

	bytes[0] = to.ss_family == AF_INET ? 0x45 : 0x60;
	bytes[to.ss_family == AF_INET ? 3 : 5] =
		(uint8_t)(to.ss_family == AF_INET ? f.len : f.len - ip);
	memcpy(before, bytes, sizeof before);
	frame_corrupt(&f, draw);
	while (i < f.len && bytes[i] == before[i])
		i++;
	return i < ip;
}

static void note_arrivals(void)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = arrived; i-- > 0;) {
		struct seen *s = &seen[order[i]];

		s->times++;
		/* The last copy counts: the first may have come before it. */
		s->overtook = s->overtook || (s->times == 1 && least < order[i]);
		least = order[i] < least ? order[i] : least;
	}
}

/* Packets before it that are not reordered were under way when it was sent, so that it can
 * overtake: a sender that was held up for longer than the delay sends to an empty way. */
static bool can_overtake(size_t k)
{
	for (size_t j = k; j-- > 0 && sent_ns[k] - sent_ns[j] < params.delay_ns / 2;)
		if (copies(j) && !of[j].reordered)
			return true;
	return false;
}

/* Whether it came as often, and as early, as was said. */
static bool as_said(size_t k)
{
	if (seen[k].times != copies(k))
		return false;
	if (!copies(k) || seen[k].overtook == of[k].reordered)
		return true;
	return of[k].reordered && !can_overtake(k);
}

static int judge(void)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t lost = 0, twice = 0, overtook = 0, wrong = 0, undecided = 0;
	struct ord_share missing, doubled;

	for (size_t k = 0; k < packets; k++) {
		const struct seen *s = &seen[k];
		bool reordered;
		if (of[k].corrupted && in_ip_header(of[k].corrupt_draw)) {
			undecided++;
			continue;
		}
		lost += s->times == 0;
		twice += s->times == 2;
		overtook += s->overtook;
		if (!as_said(k) && wrong++ < 5)
			(void)fprintf(stderr, "packet %zu: came %u times%s; it should be %u%s\n", k,
				      s->times, s->overtook ? ", overtook" : "", copies(k),
				      of[k].reordered ? ", overtaking" : "");
		if (of[k].corrupted)
			continue;
		/* Who could not overtake counts as if it had: the next trace may let it. */
		reordered = s->overtook || (of[k].reordered && !can_overtake(k));
		hash = (hash ^ (s->times * 2u + reordered)) * 0x100000001b3ull;
	}
	missing = ord_clopper_pearson(lost, packets, .999);
	doubled = ord_clopper_pearson(twice, packets, .999);
	(void)printf("{\"sent\":%zu,\"missing\":%zu,\"missing_low\":%.6f,\"missing_high\":%.6f,"
		     "\"twice\":%zu,\"twice_low\":%.6f,\"twice_high\":%.6f,\"overtook\":%zu,"
		     "\"undecided\":%zu,\"wrong\":%zu,\"trace\":\"%016llx\"}\n",
		     packets, lost, missing.lo, missing.hi, twice, doubled.lo, doubled.hi, overtook,
		     undecided, wrong, (unsigned long long)hash);
	return wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct ord_err err;
	struct fate fate;
	pthread_t receiver;

	if (argc < 7)
		return 2;
	for (int i = 7; i < argc; i++)
		effect(argv[i]);
	packets = strtoull(argv[5], NULL, 10);
	if (packets > MAX || fate_init(&fate, &params, 0, &err) < 0)
		return 2;
	for (size_t k = 0; k < packets; k++)
		fate_draw(&fate, false, &of[k]);
	open_both(argv[1], argv[2], argv[3], (uint16_t)strtoul(argv[4], NULL, 10));
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	must(pthread_create(&receiver, NULL, receive, NULL) == 0, "thread");
	send_all(strtoull(argv[6], NULL, 10));
	(void)usleep((useconds_t)(params.delay_ns / 1000) + 300000);
	atomic_store(&over, true);
	(void)pthread_join(receiver, NULL);
	note_arrivals();
	return judge();
}
