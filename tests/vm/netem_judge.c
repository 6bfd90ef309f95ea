/*
 * netem_judge SENDER RECEIVER ADDRESS N GAP_NS [EFFECT]...: sends N numbered UDP packets to port
 * 7001 from one network namespace to another (names of /run/netns), each followed by one to port
 * 7002, which no fault is to hit, and asks whether what became of them is what engines/fate means
 * by the effects, whoever drew: loss= (ppm), markov=, gilbert= (ppm, ...), duplicate= (ppm), delay=
 * (ns, ns of jitter, number of the distribution), rate= (bytes a second; 1,042 bytes a packet).
 *
 * Losses by the exact interval of their share and by chi-square on the lengths of runs, against a
 * million fates. Delays by the distance of the distributions, once the median's lateness is taken
 * away, which is the host's load (the numbers handed to the kernel are judged more finely by
 * tests/unit/test_netem); the time of the way is that of the packets to 7002. Exit status 0: all as
 * meant; 1: not, and what was seen.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "injector/host/engines/fate.h"
#include "tests/unit/fate_judge.h"

#define MAX    1000000
#define MODEL  1000000
#define SIZE   1000 /* bytes of a payload */
#define APART  .1   /* of two distributions, on a machine that stalls */
#define HEADER 42   /* bytes before it on the wire: Ethernet, IPv4, UDP */

struct way {
	int from, at;
	struct sockaddr_in to;
	uint64_t sent[MAX], came[MAX];
	uint32_t times[MAX];
	size_t arrived, n;
	uint64_t first_ns, last_ns;
};

static struct way hit, spared;
static struct fate_params params;
static atomic_bool over;
static double model[MODEL];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

static void effect(const char *text)
{
	struct fate_params *p = &params;
	uint32_t v[5] = {0};
	const int n = sscanf(strchr(text, '=') ? strchr(text, '=') + 1 : "", "%u,%u,%u,%u,%u",
			     &v[0], &v[1], &v[2], &v[3], &v[4]);

	must(n > 0, text);
	if (strncmp(text, "loss=", 5) == 0)
		p->loss = FATE_LOSS_RANDOM, p->random_loss.ppm = v[0];
	else if (strncmp(text, "duplicate=", 10) == 0)
		p->duplicate.ppm = v[0];
	else if (strncmp(text, "rate=", 5) == 0)
		p->rate = v[0];
	else if (strncmp(text, "delay=", 6) == 0)
		p->delay_ns = v[0], p->jitter_ns = v[1],
		p->distribution = (enum fate_distribution)v[2];
	else if (strncmp(text, "markov=", 7) == 0)
		p->loss = FATE_LOSS_MARKOV, p->p13 = v[0], p->p31 = v[1], p->p32 = v[2],
		p->p23 = v[3], p->p14 = v[4];
	else if (strncmp(text, "gilbert=", 8) == 0)
		p->loss = FATE_LOSS_GILBERT, p->p = v[0], p->r = v[1], p->one_minus_h = v[2],
		p->one_minus_k = v[3];
	else
		must(false, text);
}

/* ---- the packets ---- */

static int open_in(const char *netns)
{
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), room = 64 << 20, one = 1;
	char path[128];
	int ns, fd;

	(void)snprintf(path, sizeof path, "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	must(home >= 0 && ns >= 0 && setns(ns, CLONE_NEWNET) == 0, path);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd >= 0 && setns(home, CLONE_NEWNET) == 0, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	must(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) == 0, "SO_TIMESTAMPNS");
	(void)close(ns);
	(void)close(home);
	return fd;
}

static void way_open(struct way *w, char *const *argv, uint16_t port)
{
	const struct timeval patience = {.tv_usec = 50000};

	w->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	must(inet_pton(AF_INET, argv[3], &w->to.sin_addr) == 1, argv[3]);
	w->n = strtoull(argv[4], NULL, 10);
	must(w->n > 100 && w->n <= MAX, argv[4]);
	w->from = open_in(argv[1]);
	w->at = open_in(argv[2]);
	(void)setsockopt(w->at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	must(bind(w->at, (struct sockaddr *)&w->to, sizeof w->to) == 0, "bind");
}

static uint64_t stamp(struct msghdr *m)
{
	struct timespec t = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS)
			memcpy(&t, CMSG_DATA(c), sizeof t);
	return (uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_nsec;
}

static void *receive(void *arg)
{
	struct way *w = arg;

	while (!atomic_load(&over)) {
		union {
			char room[64];
			struct cmsghdr align;
		} control;
		uint32_t word[SIZE / 4];
		struct iovec v = {word, sizeof word};
		struct msghdr m = {.msg_iov = &v,
				   .msg_iovlen = 1,
				   .msg_control = &control,
				   .msg_controllen = sizeof control};

		if (recvmsg(w->at, &m, 0) != (ssize_t)sizeof word || word[0] >= w->n)
			continue;
		w->came[word[0]] = w->last_ns = stamp(&m);
		if (!w->arrived++)
			w->first_ns = w->last_ns;
		w->times[word[0]]++;
	}
	return NULL;
}

static void send_one(struct way *w, uint32_t k)
{
	uint32_t word[SIZE / 4] = {k};

	w->sent[k] = ord_clock_ns(CLOCK_REALTIME);
	must(sendto(w->from, word, sizeof word, 0, (struct sockaddr *)&w->to, sizeof w->to) ==
		     sizeof word,
	     "sendto");
}

/* Until nothing more comes for twice the longest delay that was seen, or a rate's pause. */
static void run(uint64_t gap_ns)
{
	const struct timespec pause = ord_timespec(400 * ORD_MS), nap = ord_timespec(20 * ORD_US);
	const uint64_t start = ord_now_ns();
	pthread_t receivers[2];
	size_t before;

	must(pthread_create(&receivers[0], NULL, receive, &hit) == 0 &&
		     pthread_create(&receivers[1], NULL, receive, &spared) == 0,
	     "pthread_create");
	for (uint32_t k = 0; k < hit.n; k++) {
		while (ord_now_ns() < start + k * gap_ns)
			(void)nanosleep(&nap, NULL);
		send_one(&hit, k);
		send_one(&spared, k);
	}
	do {
		before = hit.arrived;
		(void)nanosleep(&pause, NULL);
	} while (hit.arrived != before);
	atomic_store(&over, true);
	(void)pthread_join(receivers[0], NULL);
	(void)pthread_join(receivers[1], NULL);
}

/* ---- judgement ---- */

static double cdf(double x)
{
	size_t low = 0, high = MODEL;

	while (low < high) {
		const size_t mid = (low + high) / 2;

		if (model[mid] <= x)
			low = mid + 1;
		else
			high = mid;
	}
	return (double)low / MODEL;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, judge_ascending);
	return v[n / 2];
}

static double delays(struct fate *f)
{
	static double v[MAX];
	double way, late, worst = 0;
	size_t n = 0;

	for (size_t k = 0; k < spared.n; k++)
		if (spared.times[k])
			v[n++] = (double)(spared.came[k] - spared.sent[k]);
	must(n > 0, "nothing came to port 7002");
	way = median(v, n);
	n = 0;
	for (size_t k = 0; k < hit.n; k++)
		if (hit.times[k])
			v[n++] = (double)(hit.came[k] - hit.sent[k]) - way;
	for (size_t k = 0; k < MODEL; k++) {
		struct fate_of of;

		fate_next(f, 0, SIZE, false, &of);
		model[k] = (double)of.due_ns;
	}
	qsort(model, MODEL, sizeof *model, judge_ascending);
	late = n ? median(v, n) - model[MODEL / 2] : 0;
	printf("way %.0f us, %.1f ms late, delays of %zu (ms; meant):", way / 1e3, late / 1e6, n);
	for (size_t i = 1; i < 20 && n; i += 3)
		printf(" %.1f (%.1f)", v[n * i / 20] / 1e6, model[MODEL * i / 20] / 1e6);
	printf(": ");
	if (n < hit.n / 2 || fabs(late) > (double)params.jitter_ns / 5)
		return 0;
	for (size_t i = 0; i < n; i++)
		worst = fmax(worst, fabs(cdf(v[i] - late) - ((double)i + .5) / (double)n));
	printf("%.3f apart: ", worst);
	return worst < APART ? 1 : 0;
}

static double lengths(const uint64_t *seen, const uint64_t *meant, uint64_t n)
{
	static double chance[JUDGE_RUNS];

	for (size_t i = 0; i < JUDGE_RUNS; i++)
		chance[i] = (double)meant[i] / (double)n;
	return judge_chi2(seen, chance, JUDGE_RUNS);
}

static double losses(struct fate *f)
{
	static struct judge_runs seen, meant;
	size_t lost = 0, of_model = 0;
	double yes, no;

	for (size_t k = 0; k < hit.n; k++) {
		judge_runs_add(&seen, !hit.times[k]);
		lost += !hit.times[k];
	}
	for (size_t k = 0; k < MODEL; k++) {
		struct fate_of of;

		fate_draw(f, false, &of);
		judge_runs_add(&meant, of.lost);
		of_model += of.lost;
	}
	yes = lengths(seen.yes, meant.yes, meant.n_yes);
	no = lengths(seen.no, meant.no, meant.n_no);
	printf("lost %zu of %zu, by the model %.1f; runs %.4f, between them %.4f: ", lost, hit.n,
	       (double)of_model * (double)hit.n / MODEL, yes, no);
	/* Where each is for itself the share has an exact law of its own. */
	if (f->p.loss == FATE_LOSS_RANDOM && !judge_share(lost, hit.n, f->p.random_loss.ppm / 1e6))
		return 0;
	return yes < no ? yes : no;
}

static double copies(void)
{
	size_t twice = 0, missing = 0;

	for (size_t k = 0; k < hit.n; k++) {
		twice += hit.times[k] == 2;
		missing += hit.times[k] != 1 && hit.times[k] != 2;
	}
	printf("twice %zu of %zu, not at all %zu: ", twice, hit.n, missing);
	return !missing && judge_share(twice, hit.n, params.duplicate.ppm / 1e6) ? 1 : 0;
}

/* All but the first take their time; a packet more or less is what a bucket may hold. */
static double rate(void)
{
	const double seconds = (double)(hit.last_ns - hit.first_ns) / 1e9,
		     bytes = (double)(hit.arrived - 1) * (SIZE + HEADER), got = bytes / seconds;

	printf("%.0f bytes a second in %.2f s: ", got, seconds);
	return hit.arrived == hit.n && fabs(got / (double)params.rate - 1) < .02 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct ord_err err;
	struct fate fate;
	double chance;

	if (argc < 7)
		return 2;
	for (int i = 6; i < argc; i++)
		effect(argv[i]);
	params.seed = 1;
	must(fate_init(&fate, &params, 0, &err) == 0, "the effects contradict each other");
	way_open(&hit, argv, 7001);
	way_open(&spared, argv, 7002);
	run(strtoull(argv[5], NULL, 10));
	chance = params.rate		? rate()
		 : params.duplicate.ppm ? copies()
		 : params.loss		? losses(&fate)
					: delays(&fate);
	printf("%s (%.4f)\n", chance > JUDGE_ALPHA ? "as meant" : "NOT as meant", chance);
	return chance > JUDGE_ALPHA ? 0 : 1;
}
