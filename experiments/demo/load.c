/*
 * demo-load: customers of demo-orders. Requests start on an absolute schedule whether the answers
 * come or not, and latency counts from the intended start: a service that stalls is not asked less
 * for it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "buf.h"
#include "histogram.h"
#include "loop.h"
#include "net.h"
#include "signals.h"
#include "util.h"

#define LANES_MAX   512
#define WAITING_MAX 65536

/* One connection, kept alive; one request at a time. */
struct lane {
	struct watch watch; /* fd -1: not connected */
	struct timer timer; /* of the request */
	struct buf in;
	bool connecting, busy;
	uint64_t due_ns;
	const char *request;
};

static struct {
	struct address target;
	uint32_t rate, connections;
	uint64_t for_ns, timeout_ns, p99_ns;
	double posts, errors;
} options;

static struct loop loop;
static struct lane lanes[LANES_MAX];
static struct histogram latency; /* of good answers */
static struct timer tick;
static uint64_t start_ns, n_due, n_done; /* requests that were due, that have an outcome */
static struct {
	uint64_t timeouts, broken, refused, unsent, status[600];
} failed;

/* Intended starts of requests that wait for a free lane. */
static struct {
	uint64_t due_ns[WAITING_MAX];
	uint64_t first, end;
} waiting;

static char request_get[256], request_post[256];

static void dispatch(void);

static void lane_close(struct lane *lane)
{
	loop_unwatch(&loop, &lane->watch);
	lane->in.len = 0;
	lane->connecting = false;
}

/* The request has its outcome. */
static void lane_finish(struct lane *lane, uint64_t *count)
{
	timer_stop(&loop, &lane->timer);
	lane->busy = false;
	(*count)++;
	n_done++;
}

static void lane_fail(struct lane *lane, uint64_t *count)
{
	if (lane->busy)
		lane_finish(lane, count);
	lane_close(lane);
	dispatch();
}

static void lane_send(struct lane *lane)
{
	size_t len = strlen(lane->request);

	if (send(lane->watch.fd, lane->request, len, MSG_NOSIGNAL) != (ssize_t)len)
		lane_fail(lane, &failed.broken);
}

static void lane_connected(struct lane *lane)
{
	if (net_error(lane->watch.fd)) {
		lane_fail(lane, &failed.refused);
		return;
	}
	lane->connecting = false;
	loop_change(&loop, &lane->watch, EPOLLIN);
	lane_send(lane);
}

/* Status and whole length of an answer of which the head is there; 0: not yet. */
static size_t answer_length(struct buf *in, int *ret_status, bool *ret_close)
{
	const char *end = memmem(in->data, in->len, "\r\n\r\n", 4);
	const char *length = memmem(in->data, in->len, "Content-Length: ", 16);

	if (!end || !length || length > end)
		return 0;
	*ret_status = (int)strtoul(in->data + 9, NULL, 10);
	*ret_close = memmem(in->data, (size_t)(end - in->data), "Connection: close", 17) != NULL;
	return (size_t)(end - in->data) + 4 + strtoul(length + 16, NULL, 10);
}

static void lane_answer(struct lane *lane)
{
	bool closes = false;
	int status = 0;
	size_t len = answer_length(&lane->in, &status, &closes);
	uint64_t late = now_ns() - lane->due_ns;
	uint64_t none = 0;

	if (len == 0 || lane->in.len < len)
		return;
	if (lane->in.len > len || status < 200 || status >= 600) {
		lane_fail(lane, &failed.broken);
		return;
	}
	lane->in.len = 0;
	if (status < 400)
		histogram_add(&latency, late / 1000);
	lane_finish(lane, status < 400 ? &none : &failed.status[status]);
	if (closes)
		lane_close(lane);
	dispatch();
}

static void lane_ready(struct watch *watch, uint32_t events)
{
	struct lane *lane = container_of(watch, struct lane, watch);

	(void)events;
	if (lane->connecting) {
		lane_connected(lane);
		return;
	}
	switch (buf_read(&lane->in, watch->fd)) {
	case BUF_IO_SOME:
		if (lane->busy)
			lane_answer(lane);
		else
			lane_close(lane);
		break;
	case BUF_IO_AGAIN:
		break;
	case BUF_IO_END:
	case BUF_IO_FULL:
	case BUF_IO_ERROR:
		lane_fail(lane, &failed.broken);
		break;
	}
}

static void lane_timeout(struct timer *timer)
{
	lane_fail(container_of(timer, struct lane, timer), &failed.timeouts);
}

/* A connected one, else one that is free. */
static struct lane *lane_find(void)
{
	struct lane *free_lane = NULL;

	for (uint32_t i = 0; i < options.connections; i++) {
		if (lanes[i].busy)
			continue;
		if (lanes[i].watch.fd >= 0)
			return &lanes[i];
		if (!free_lane)
			free_lane = &lanes[i];
	}
	return free_lane;
}

static void lane_start(struct lane *lane, uint64_t due_ns)
{
	static double post_share;

	post_share += options.posts / 100;
	lane->request = post_share >= 1 ? request_post : request_get;
	post_share -= post_share >= 1;
	lane->due_ns = due_ns;
	lane->busy = true;
	timer_set(&loop, &lane->timer, due_ns + options.timeout_ns);
	if (lane->watch.fd >= 0) {
		lane_send(lane);
		return;
	}
	lane->watch.fd = net_connect(&options.target);
	lane->connecting = true;
	if (lane->watch.fd < 0 || loop_watch(&loop, &lane->watch, EPOLLOUT)) {
		lane_finish(lane, &failed.refused);
		lane_close(lane);
	}
}

/* lane_start may come back here through a lane that fails: the inner call then finds less, or
 * nothing, to do. */
static void dispatch(void)
{
	while (waiting.first < waiting.end) {
		uint64_t due_ns = waiting.due_ns[waiting.first % WAITING_MAX];
		struct lane *lane;

		if (now_ns() - due_ns >= options.timeout_ns) {
			waiting.first++;
			failed.unsent++;
			n_done++;
			continue;
		}
		lane = lane_find();
		if (!lane)
			return;
		waiting.first++;
		lane_start(lane, due_ns);
	}
}

static uint64_t due(uint64_t n)
{
	return start_ns + n * S / options.rate;
}

static void tick_fire(struct timer *timer)
{
	uint64_t now = now_ns();
	uint64_t end_ns = options.for_ns ? start_ns + options.for_ns : UINT64_MAX;

	for (; due(n_due) <= now && due(n_due) < end_ns; n_due++) {
		if (waiting.end - waiting.first == WAITING_MAX) {
			failed.unsent++;
			n_done++;
			continue;
		}
		waiting.due_ns[waiting.end++ % WAITING_MAX] = due(n_due);
	}
	dispatch();
	if (due(n_due) < end_ns)
		timer_set(&loop, timer, due(n_due));
	else if (n_done == n_due)
		loop.stop = true;
	else
		timer_set(&loop, timer, now + 5 * MS);
}

static void signal_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	signals_take(watch);
	loop.stop = true;
}

/* 0, or 1 where a bound that was asked for does not hold. */
static int report(void)
{
	uint64_t errors = n_done - latency.n;
	double percent = n_done ? 100 * (double)errors / (double)n_done : 0;
	uint64_t p99 = histogram_quantile(&latency, 0.99);

	(void)printf("requests %" PRIu64 "\nerrors %" PRIu64 " (%.3f%%)\n", n_done, errors,
		     percent);
	(void)printf("p50 %.3f ms\np90 %.3f ms\np99 %.3f ms\nmax %.3f ms\n",
		     (double)histogram_quantile(&latency, 0.5) / 1e3,
		     (double)histogram_quantile(&latency, 0.9) / 1e3, (double)p99 / 1e3,
		     (double)latency.max_us / 1e3);
	for (size_t i = 0; i < COUNT(failed.status); i++)
		if (failed.status[i])
			(void)printf("status_%zu %" PRIu64 "\n", i, failed.status[i]);
	(void)printf("timeouts %" PRIu64 "\nbroken %" PRIu64 "\nrefused %" PRIu64
		     "\nunsent %" PRIu64 "\n",
		     failed.timeouts, failed.broken, failed.refused, failed.unsent);
	if (percent > options.errors || (options.p99_ns && p99 * 1000 > options.p99_ns)) {
		(void)fprintf(stderr, "demo-load: out of bounds\n");
		return 1;
	}
	return 0;
}

static void set_up(void)
{
	static const char order[] = "{\"item\":\"tea\",\"count\":2}";
	const char *host = options.target.text;

	(void)snprintf(request_get, sizeof request_get, "GET /orders HTTP/1.1\r\nHost: %s\r\n\r\n",
		       host);
	(void)snprintf(request_post, sizeof request_post,
		       "POST /orders HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n%s", host,
		       sizeof order - 1, order);
	if (options.connections > LANES_MAX)
		options.connections = LANES_MAX;
	for (uint32_t i = 0; i < options.connections; i++) {
		lanes[i].watch = (struct watch){.fd = -1, .ready = lane_ready};
		lanes[i].timer.fire = lane_timeout;
		buf_init(&lanes[i].in, 256 * 1024);
	}
}

static int run(void)
{
	struct watch signals = {.fd = -1, .ready = signal_ready};

	set_up();
	if (loop_open(&loop) || signals_watch(&loop, &signals)) {
		perror("demo-load");
		return 1;
	}
	start_ns = now_ns();
	tick.fire = tick_fire;
	timer_set(&loop, &tick, start_ns);
	if (loop_run(&loop)) {
		perror("demo-load");
		return 1;
	}
	for (uint32_t i = 0; i < options.connections; i++)
		buf_free(&lanes[i].in);
	return report();
}

int main(int argc, char **argv)
{
	const struct arg args[] = {
		{"--target", ARG_ADDRESS, &options.target, "127.0.0.1:8080",
		 "where demo-orders is"},
		{"--rate", ARG_COUNT, &options.rate, "50", "requests per second"},
		{"--for", ARG_DURATION, &options.for_ns, "0s", "how long; 0s: until SIGTERM"},
		{"--connections", ARG_COUNT, &options.connections, "64", "connections at most"},
		{"--timeout", ARG_DURATION, &options.timeout_ns, "5s",
		 "of a request, from its intended start"},
		{"--posts", ARG_PERCENT, &options.posts, "10%", "share of new orders"},
		{"--p99", ARG_DURATION, &options.p99_ns, "0s",
		 "exit 1 where the 99th percentile is above; 0s: any will do"},
		{"--errors", ARG_PERCENT, &options.errors, "100%",
		 "exit 1 where the share of errors is above"},
	};
	int rc = args_parse("demo-load: customers of demo-orders, on an absolute schedule.", args,
			    COUNT(args), argv);

	(void)argc;
	return rc ? rc - 1 : run();
}
