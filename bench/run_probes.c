/*
 * run-probes [SECONDS] [PER_SECOND] [keep]: http probes against a loopback server, as a run makes
 * them: on the absolute schedule, judged, watched by two conditions, and written to a timeline.
 * Prints send lateness, skipped slots and the CPU time that it took. The server and the thread that
 * writes the timeline keep the first CPU, the probes the second, where there are two. There, before
 * and after, a bare loop meets the same slots by spinning and does nothing else: what it is late,
 * this machine was. Another sends and receives the same bytes and does nothing else: so much is the
 * kernel's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/probe.h"
#include "scheduler/run/timeline.h"
#include "scheduler/run/window.h"
#include "tests/support/http_server.h"

#define FLUSH_NS    (20 * ORD_MS)
#define LOOK_NS	    (10 * ORD_MS) /* as a run looks at its conditions */
#define SPIN_FROM   10000	  /* a second: as the pacer does */
#define CONNECTIONS 64

/* As an experiment has; not met here. */
static const struct ord_condition conditions[] = {
	{.metric = ORD_METRIC_OK_RATIO, .op = ORD_OP_LT, .value = 1, .window_ns = 5 * ORD_S},
	{.metric = ORD_METRIC_P99, .op = ORD_OP_GT, .value = ORD_S, .window_ns = 5 * ORD_S},
};

struct bench {
	struct run_timeline *tl;
	struct run_window window;
	struct run_tally tallies[ORD_COUNT(conditions)];
	uint64_t started, looked;
	uint64_t *late;
	size_t n, size, skipped, bad;
	uint64_t end;
	bool keep_alive;
};

static void look(struct bench *b, uint64_t now)
{
	if (now - b->looked < LOOK_NS)
		return;
	b->looked = now;
	for (size_t i = 0; i < ORD_COUNT(conditions); i++)
		(void)run_condition(&b->tallies[i], b->started, now);
}

static void on_sample(void *arg, const struct ord_sample *s)
{
	struct bench *b = arg;

	run_timeline_sample(b->tl, 1, "web", s);
	run_window_add(&b->window, s);
	look(b, s->done);
	if (s->outcome == ORD_OUTCOME_SKIPPED)
		b->skipped++;
	else if (b->n < b->size)
		b->late[b->n++] = s->sent - s->due;
	b->bad += s->outcome != ORD_OUTCOME_OK && s->outcome != ORD_OUTCOME_SKIPPED;
}

static int on_flush(sd_event_source *source, uint64_t usec, void *arg)
{
	struct bench *b = arg;
	uint64_t now = ord_now_ns();

	(void)usec;
	run_timeline_flush(b->tl);
	if (now >= b->end)
		return sd_event_exit(sd_event_source_get_event(source), 0);
	(void)sd_event_source_set_time(source, (now + FLUSH_NS) / ORD_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double us(const struct bench *b, double q)
{
	size_t i = (size_t)(q * (double)b->n);

	return (double)b->late[i < b->n ? i : b->n - 1] / 1e3;
}

/* The yardstick: how late a loop is for the same slots that only looks at the clock. */
static void spin(struct bench *b, double seconds, double rate)
{
	uint64_t every = (uint64_t)(1e9 / rate), due = ord_now_ns() + ORD_MS, now;

	for (b->n = 0; b->n < b->size && (double)b->n < seconds * rate; b->n++, due += every) {
		while ((now = ord_now_ns()) < due)
			;
		b->late[b->n] = now - due;
	}
	qsort(b->late, b->n, sizeof *b->late, by_size);
	printf("{\"bench\":\"spin\",\"per_second\":%.0f,\"slots\":%zu,"
	       "\"late_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}}\n",
	       rate, b->n, us(b, 0.5), us(b, 0.99), us(b, 0.999), us(b, 1));
	b->n = 0;
}

/* One kept connection of the bare loop. */
static int call(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int one = 1;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* The floor: the time within send and those recv that bring an answer, for the same slots. */
static void send_and_receive(uint16_t port, double seconds, double rate)
{
	static const char request[] = "GET /ok HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nUser-Agent: "
				      "ordeal/0.1.0\r\nAccept: */*\r\n\r\n";
	uint64_t every = (uint64_t)(1e9 / rate), due, in_send = 0, in_recv = 0, now;
	size_t sent = 0, answered = 0, all = (size_t)(seconds * rate);
	int fd[CONNECTIONS];
	char answer[512];

	for (size_t i = 0; i < CONNECTIONS; i++)
		fd[i] = call(port);
	due = ord_now_ns() + ORD_MS;
	while (answered < all) {
		now = ord_now_ns();
		if (sent < all && now >= due && sent - answered < CONNECTIONS) {
			if (send(fd[sent++ % CONNECTIONS], request, sizeof request - 1,
				 MSG_NOSIGNAL) < 0)
				break;
			in_send += ord_now_ns() - now;
			due += every;
			now = ord_now_ns();
		}
		if (sent == answered)
			continue;
		if (recv(fd[answered % CONNECTIONS], answer, sizeof answer, MSG_DONTWAIT) > 0) {
			in_recv += ord_now_ns() - now;
			answered++;
		} else if (errno != EAGAIN) {
			break;
		}
	}
	for (size_t i = 0; i < CONNECTIONS; i++)
		(void)close(fd[i]);
	printf("{\"bench\":\"bare\",\"per_second\":%.0f,\"answered\":%zu,\"send_us\":%.2f,"
	       "\"recv_us\":%.2f}\n",
	       rate, answered, (double)in_send / 1e3 / (double)(sent ? sent : 1),
	       (double)in_recv / 1e3 / (double)(answered ? answered : 1));
}

static void use_cpu(pid_t pid, size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		(void)sched_setaffinity(pid, sizeof set, &set);
}

static void print(struct bench *b, double rate, double cpu, double seconds)
{
	qsort(b->late, b->n, sizeof *b->late, by_size);
	printf("{\"bench\":\"probes\",\"connections\":\"%s\",\"per_second\":%.0f,\"probes_sent\":%"
	       "zu,\"skipped\":%zu,"
	       "\"not_ok\":%zu,"
	       "\"late_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f},"
	       "\"cpu_percent_of_one_core\":%.2f,\"cpu_us_per_probe\":%.1f}\n",
	       b->keep_alive ? "keep" : "fresh", rate, b->n, b->skipped, b->bad, us(b, 0.5),
	       us(b, 0.99), us(b, 0.999), us(b, 1), cpu / seconds * 100,
	       b->n ? cpu / (double)b->n * 1e6 : 0.0);
}

static int measure(struct bench *b, const struct ord_probe_spec *spec, double seconds,
		   struct ord_err *err)
{
	struct ord_probes *probes = NULL;
	sd_event *loop = NULL;
	uint64_t t0;
	double cpu;

	if (sd_event_new(&loop) < 0)
		return ord_fail(err, ORD_SYS, "event loop");
	if (run_window_init(&b->window, spec, 5 * ORD_S, err) < 0 ||
	    ord_probes_open(spec, 1, loop, NULL, on_sample, b, &probes, err) < 0)
		return -1;
	cpu = cpu_seconds();
	t0 = ord_now_ns() + ORD_MS;
	b->started = t0;
	for (size_t i = 0; i < ORD_COUNT(conditions); i++)
		run_window_follow(&b->window, &conditions[i], &b->tallies[i]);
	b->end = t0 + (uint64_t)(seconds * 1e9);
	if (sd_event_add_time(loop, NULL, CLOCK_MONOTONIC, 0, 1000, on_flush, b) < 0 ||
	    ord_probes_start(probes, t0, err) < 0 || sd_event_loop(loop) < 0)
		return -1;
	cpu = cpu_seconds() - cpu;
	ord_probes_free(probes);
	(void)sd_event_unref(loop);
	run_window_done(&b->window);
	print(b, 1e9 / (double)spec->every_ns, cpu, seconds);
	return 0;
}

/* For the tools beside: the same server, whose URL is printed. */
static int serve(double seconds)
{
	struct http_server server;

	if (http_server_start(&server) < 0)
		return 1;
	use_cpu(server.pid, 0);
	printf("http://127.0.0.1:%u/ok\n", server.port);
	(void)fflush(stdout);
	(void)sleep((unsigned)seconds + 15);
	http_server_stop(&server);
	return 0;
}

static int bench(struct bench *b, const struct ord_probe_spec *spec, double seconds, uint16_t port,
		 struct ord_err *err)
{
	double rate = 1e9 / (double)spec->every_ns;
	char dir[] = "/tmp/ordeal-run-probes-XXXXXX";
	int fd, r;

	if (!mkdtemp(dir))
		return ord_fail_sys(err, "make a directory");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	use_cpu(0, 0); /* for the thread that writes */
	r = run_timeline_open(fd, ord_now_ns(), NULL, NULL, &b->tl, err);
	use_cpu(0, 1);
	if (rate >= SPIN_FROM) {
		spin(b, seconds / 4, rate);
		send_and_receive(port, seconds / 8, rate);
	}
	if (r == 0)
		r = measure(b, spec, seconds, err);
	if (b->tl && run_timeline_close(b->tl, r == 0 ? err : NULL) < 0)
		r = -1;
	if (rate >= SPIN_FROM)
		spin(b, seconds / 4, rate);
	(void)unlinkat(fd, "run.jsonl", 0);
	(void)rmdir(dir);
	(void)close(fd);
	return r;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 30;
	double rate = argc > 2 ? strtod(argv[2], NULL) : 1000;
	struct ord_probe_spec spec = {
		.name = "web",
		.kind = ORD_PROBE_HTTP,
		.timeout_ns = ORD_S,
		.every_ns = (uint64_t)(1e9 / rate),
		.keep_alive = argc > 3 && !strcmp(argv[3], "keep"),
		.expect = {.status_lo = 200, .status_hi = 200, .within_ns = 500 * ORD_MS}};
	struct bench b = {.size = (size_t)(seconds * rate) + 1000, .keep_alive = spec.keep_alive};
	struct http_server server;
	struct ord_err err = {0};
	char url[64];
	int r;

	if (argc > 1 && !strcmp(argv[1], "serve"))
		return serve(rate);
	b.late = calloc(b.size, sizeof *b.late);
	if (!b.late || http_server_start(&server) < 0)
		return 1;
	use_cpu(server.pid, 0);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/ok", server.port);
	spec.url = url;
	r = bench(&b, &spec, seconds, server.port, &err);
	if (r < 0)
		(void)fprintf(stderr, "run-probes: %s\n", err.msg);
	http_server_stop(&server);
	free(b.late);
	return r < 0;
}
