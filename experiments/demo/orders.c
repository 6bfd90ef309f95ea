/*
 * demo-orders: takes and lists orders over HTTP, and keeps them in demo-store.
 *
 *   GET  /orders     the latest ten        POST /orders   a new one (text of up to 1,024 bytes)
 *   GET  /orders/17  one of them
 *   GET  /healthz    200: the process is alive
 *   GET  /readyz     200: the store answers and the breaker is closed; else 503
 *   GET  /metrics    figures for Prometheus
 *
 * Answers 503 where the store is down or the breaker open, 504 where the store does not answer in
 * time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "args.h"
#include "metrics.h"
#include "server.h"
#include "signals.h"
#include "util.h"

#define LISTED	 10
#define PING_NS	 (250 * MS) /* how often the store is asked for its health */
#define DRAIN_NS (5 * S)

static struct {
	struct addresses listen;
	struct address store;
	uint64_t timeout_ns, open_ns, backoff_ns, head_ns;
	uint32_t connections, clients, tries, failures, trials;
	bool breaker;
} options = {.breaker = true};

static struct loop loop;
static struct pool pool;
static struct asker asker;
static struct server server;
static struct metrics metrics;

/* The store's health, as of the last ping. */
static struct {
	struct ask ask;
	struct timer timer;
	bool good;
} health;

enum route {
	ROUTE_OTHER,
	ROUTE_HEALTHZ,
	ROUTE_READYZ,
	ROUTE_METRICS,
	ROUTE_LIST,
	ROUTE_ADD,
	ROUTE_GET
};

static const char *route_name(int route)
{
	static const char *const names[] = {
		[ROUTE_OTHER] = "other",    [ROUTE_HEALTHZ] = "/healthz",
		[ROUTE_READYZ] = "/readyz", [ROUTE_METRICS] = "/metrics",
		[ROUTE_LIST] = "/orders",   [ROUTE_ADD] = "/orders",
		[ROUTE_GET] = "/orders",
	};

	return route < 0 ? "refused" : names[route];
}

static void reply(struct conn *conn, int status, const char *text)
{
	server_reply(conn, status, "text/plain", status == 503 ? "Retry-After: 1\r\n" : "", text,
		     strlen(text));
}

/* The store holds no control characters, so quotes and backslashes are all there is to escape. */
static int add_json(struct buf *out, const char *text, size_t len)
{
	int rc = buf_add(out, "\"", 1);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			rc |= buf_add(out, "\\", 1);
		rc |= buf_add(out, text + i, 1);
	}
	return rc | buf_add(out, "\"", 1);
}

static int add_order(struct buf *out, const char *id, size_t id_len, const char *text, size_t len)
{
	return buf_add(out, "{\"id\":", 6) | buf_add(out, id, id_len) |
	       buf_add(out, ",\"order\":", 9) | add_json(out, text, len) | buf_add(out, "}", 1);
}

/* "17 TEXT<tab>16 TEXT" */
static int add_list(struct buf *out, const char *line, size_t len)
{
	const char *end = line + len;
	int rc = buf_add(out, "{\"orders\":[", 11);

	while (line < end && rc == 0) {
		const char *tab = memchr(line, '\t', (size_t)(end - line));
		const char *stop = tab ? tab : end;
		const char *space = memchr(line, ' ', (size_t)(stop - line));

		if (!space)
			return -1;
		rc = add_order(out, line, (size_t)(space - line), space + 1,
			       (size_t)(stop - space - 1));
		if (tab)
			rc |= buf_add(out, ",", 1);
		line = tab ? tab + 1 : end;
	}
	return rc | buf_add(out, "]}\n", 3);
}

static void reply_json(struct conn *conn, const char *line, size_t len)
{
	static const char digits[] = "0123456789";
	struct buf body;
	char location[64] = "";
	struct span id = {line, len};
	int rc;

	buf_init(&body, 128 * 1024);
	if (conn->route == ROUTE_LIST) {
		rc = add_list(&body, line, len);
	} else if (conn->route == ROUTE_GET) {
		id = (struct span){conn->req.path.data + 8, conn->req.path.len - 8};
		rc = add_order(&body, id.data, id.len, line, len) | buf_add(&body, "\n", 1);
	} else {
		rc = len > 20 || strspn(line, digits) < len ||
		     add_order(&body, line, len, conn->req.body.data, conn->req.body.len) ||
		     buf_add(&body, "\n", 1);
		(void)snprintf(location, sizeof location, "Location: /orders/%.*s\r\n",
			       len > 20 ? 0 : (int)len, line);
	}
	if (rc)
		reply(conn, 500, "the store's answer was not understood\n");
	else
		server_reply(conn, conn->route == ROUTE_ADD ? 201 : 200, "application/json",
			     location, body.data, body.len);
	buf_free(&body);
}

static void orders_answer(struct ask *ask, enum ask_result result, const char *line, size_t len)
{
	struct conn *conn = container_of(ask, struct conn, ask);

	if (result == ASK_TIMEOUT)
		reply(conn, 504, "the store does not answer in time\n");
	else if (result == ASK_DOWN)
		reply(conn, 503, "the store cannot be reached\n");
	else if (len == 4 && memcmp(line, "NONE", 4) == 0)
		reply(conn, 404, "no such order\n");
	else if (len >= 2 && memcmp(line, "OK", 2) == 0)
		reply_json(conn, len > 3 ? line + 3 : "", len > 3 ? len - 3 : 0);
	else
		reply(conn, 500, "the store refused the request\n");
}

static void ask_store(struct conn *conn)
{
	conn->ask.done = orders_answer;
	conn->ask.idempotent = conn->route != ROUTE_ADD;
	if (asker_ask(&asker, &conn->ask))
		reply(conn, 503, "the store is not asked: the breaker is open\n");
}

static void set_line(struct ask *ask, const char *verb, struct span text)
{
	int n = snprintf(ask->call.line, sizeof ask->call.line, "%s%.*s\n", verb, (int)text.len,
			 text.data);

	ask->call.len = (size_t)n; /* fits: a text has at most HTTP_BODY_MAX bytes */
}

static bool is_order(struct span body)
{
	for (size_t i = 0; i < body.len; i++)
		if ((unsigned char)body.data[i] < ' ' || body.data[i] == 0x7f)
			return false;
	return body.len > 0;
}

static void handle_add(struct conn *conn)
{
	while (conn->req.body.len > 0 &&
	       strchr("\r\n", conn->req.body.data[conn->req.body.len - 1]))
		conn->req.body.len--;
	if (!is_order(conn->req.body)) {
		reply(conn, 400, "an order is one line of text\n");
		return;
	}
	set_line(&conn->ask, "ADD ", conn->req.body);
	ask_store(conn);
}

static void handle_get(struct conn *conn)
{
	struct span id = {conn->req.path.data + 8, conn->req.path.len - 8};
	bool number = id.len > 0 && id.len <= 19;

	for (size_t i = 0; i < id.len; i++)
		number = number && id.data[i] >= '0' && id.data[i] <= '9';
	if (!number) {
		reply(conn, 404, "no such order\n");
		return;
	}
	set_line(&conn->ask, "GET ", id);
	ask_store(conn);
}

static void handle_list(struct conn *conn)
{
	char count[8];
	int n = snprintf(count, sizeof count, "%d", LISTED);

	set_line(&conn->ask, "LIST ", (struct span){count, (size_t)n});
	ask_store(conn);
}

static void handle_readyz(struct conn *conn)
{
	if (asker.breaker.enabled && asker.breaker.state != BREAKER_CLOSED)
		reply(conn, 503, "not ready: the breaker is open\n");
	else if (!health.good)
		reply(conn, 503, "not ready: the store does not answer\n");
	else
		reply(conn, 200, "ready\n");
}

static int write_store(struct buf *out)
{
	static const char calls[] = "orders_store_calls_total";
	static const char links[] = "orders_store_connections";
	int rc = metrics_head(out, calls, "counter", "Calls to the store, each retry counted.");

	for (int i = 0; i < CALL_RESULTS; i++)
		rc |= metrics_label(out, calls, "result", call_result_name((enum call_result)i),
				    pool.results[i]);
	rc |= metrics_value(out, "orders_store_retries_total", "counter",
			    "Calls that were made again.", asker.retries);
	rc |= metrics_head(out, links, "gauge", "Connections to the store.");
	rc |= metrics_label(out, links, "state", "idle", pool.n_idle);
	rc |= metrics_label(out, links, "state", "busy", pool.n_busy);
	return rc | metrics_value(out, "orders_store_waiting", "gauge",
				  "Calls that wait for a connection.", pool.n_waiting);
}

static int write_breaker(struct buf *out)
{
	const struct breaker *b = &asker.breaker;
	int rc;

	/* Half open counts as open: only trials pass. */
	rc = metrics_value(out, "orders_breaker_open", "gauge",
			   "Whether the breaker is open (1), half open (1) or closed (0).",
			   b->enabled && b->state != BREAKER_CLOSED);
	rc |= metrics_head(out, "orders_breaker_state", "gauge", "The breaker's state.");
	rc |= metrics_label(out, "orders_breaker_state", "state", breaker_name(b), 1);
	rc |= metrics_value(out, "orders_breaker_opened_total", "counter",
			    "How often the breaker has opened.", b->opened);
	return rc | metrics_value(out, "orders_breaker_refused_total", "counter",
				  "Calls that the breaker refused.", asker.refused);
}

static void handle_metrics(struct conn *conn)
{
	struct buf out;

	buf_init(&out, 64 * 1024);
	if (metrics_write(&metrics, &out) | write_store(&out) | write_breaker(&out) |
	    metrics_value(&out, "orders_connections", "gauge", "Connections of clients.",
			  server.n_conns))
		reply(conn, 500, "no room\n");
	else
		server_reply(conn, 200, "text/plain; version=0.0.4", "", out.data, out.len);
	buf_free(&out);
}

static void handle_healthz(struct conn *conn)
{
	reply(conn, 200, "alive\n");
}

static const struct {
	const char *path;
	bool prefix, post;
	enum route route;
	void (*handle)(struct conn *conn);
} routes[] = {
	{"/healthz", false, false, ROUTE_HEALTHZ, handle_healthz},
	{"/readyz", false, false, ROUTE_READYZ, handle_readyz},
	{"/metrics", false, false, ROUTE_METRICS, handle_metrics},
	{"/orders", false, false, ROUTE_LIST, handle_list},
	{"/orders", false, true, ROUTE_ADD, handle_add},
	{"/orders/", true, false, ROUTE_GET, handle_get},
};

static bool path_fits(const struct conn *conn, size_t i)
{
	size_t len = strlen(routes[i].path);

	return routes[i].prefix ? conn->req.path.len > len &&
					  memcmp(conn->req.path.data, routes[i].path, len) == 0
				: span_is(conn->req.path, routes[i].path);
}

static void handle(struct conn *conn)
{
	bool post = span_is(conn->req.method, "POST");
	bool known = post || span_is(conn->req.method, "GET") || conn->req.head;
	bool other_method = false;

	conn->route = ROUTE_OTHER;
	for (size_t i = 0; i < COUNT(routes); i++) {
		if (!path_fits(conn, i))
			continue;
		if (known && routes[i].post == post) {
			conn->route = (int)routes[i].route;
			routes[i].handle(conn);
			return;
		}
		other_method = true;
	}
	reply(conn, other_method ? 405 : 404,
	      other_method ? "not with this method\n" : "not found\n");
}

static void replied(struct conn *conn, int status)
{
	metrics_request(&metrics, route_name(conn->route), status);
	if (conn->route >= ROUTE_LIST)
		metrics_latency(&metrics, now_ns() - conn->start_ns);
}

static void abandoned(struct conn *conn)
{
	metrics.abandoned++;
	asker_cancel(&conn->ask);
}

static void ping_next(void)
{
	timer_set(&loop, &health.timer, now_ns() + PING_NS);
}

static void ping_answer(struct ask *ask, enum ask_result result, const char *line, size_t len)
{
	(void)ask;
	health.good = result == ASK_OK && len == 2 && memcmp(line, "OK", 2) == 0;
	ping_next();
}

/* Goes through the breaker like every call, and so it is also the trial that closes it when nobody
 * else asks. */
static void ping(struct timer *timer)
{
	(void)timer;
	set_line(&health.ask, "PING", (struct span){"", 0});
	health.ask.done = ping_answer;
	health.ask.idempotent = true;
	if (asker_ask(&asker, &health.ask)) {
		health.good = false;
		ping_next();
	}
}

static void stop(struct timer *timer)
{
	(void)timer;
	loop.stop = true;
}

static void drained(struct server *s)
{
	(void)s;
	loop.stop = true;
}

static void signal_ready(struct watch *watch, uint32_t events)
{
	static struct timer limit = {.fire = stop};

	(void)events;
	signals_take(watch);
	if (server.draining) {
		loop.stop = true; /* asked twice */
		return;
	}
	timer_set(&loop, &limit, now_ns() + DRAIN_NS);
	server_drain(&server);
}

static void set_up(void)
{
	pool.loop = &loop;
	pool.store = &options.store;
	pool.size = options.connections < POOL_LINKS_MAX ? options.connections : POOL_LINKS_MAX;
	pool.timeout_ns = options.timeout_ns;
	pool_init(&pool);
	asker.pool = &pool;
	asker.tries = options.tries;
	asker.backoff_ns = options.backoff_ns;
	asker.breaker = (struct breaker){
		.enabled = options.breaker,
		.failures = options.failures < BREAKER_WINDOW ? options.failures : BREAKER_WINDOW,
		.trials = options.trials,
		.open_ns = options.open_ns,
	};
	if (getrandom(&asker.random, sizeof asker.random, 0) < 0 || asker.random == 0)
		asker.random = now_ns();
	server = (struct server){
		.loop = &loop,
		.max_conns = options.clients,
		.head_ns = options.head_ns,
		.idle_ns = 30 * S,
		.handle = handle,
		.replied = replied,
		.abandoned = abandoned,
		.drained = drained,
	};
}

static int serve(void)
{
	struct watch signals = {.fd = -1, .ready = signal_ready};
	const char *failed = "";
	int rc;

	if (loop_open(&loop) || signals_watch(&loop, &signals)) {
		perror("demo-orders");
		return 1;
	}
	set_up();
	if (server_listen(&server, &options.listen, &failed)) {
		(void)fprintf(stderr, "demo-orders: listen on %s: %s\n", failed, strerror(errno));
		return 1;
	}
	health.timer.fire = ping;
	timer_set(&loop, &health.timer, now_ns());
	rc = loop_run(&loop);
	if (rc)
		perror("demo-orders");
	asker_cancel(&health.ask);
	server_done(&server);
	pool_done(&pool);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct arg args[] = {
		{"--listen", ARG_ADDRESSES, &options.listen, "127.0.0.1:8080",
		 "where to listen; may be given again, IPv6 as [::1]:8080"},
		{"--store", ARG_ADDRESS, &options.store, "127.0.0.1:7070", "where demo-store is"},
		{"--timeout", ARG_DURATION, &options.timeout_ns, "150ms",
		 "of one call to the store"},
		{"--tries", ARG_COUNT, &options.tries, "2", "calls for one question at most"},
		{"--backoff", ARG_DURATION, &options.backoff_ns, "20ms",
		 "longest pause before the second try, doubled for each next"},
		{"--store-connections", ARG_COUNT, &options.connections, "32",
		 "connections to the store at most"},
		{"--clients", ARG_COUNT, &options.clients, "512", "connections of clients at most"},
		{"--head-time", ARG_DURATION, &options.head_ns, "5s",
		 "in which a request must have arrived"},
		{"--no-breaker", ARG_UNFLAG, &options.breaker, NULL,
		 "ask a store that fails all the same"},
		{"--breaker-failures", ARG_COUNT, &options.failures, "5",
		 "failed calls among the last 10 that open it"},
		{"--breaker-open", ARG_DURATION, &options.open_ns, "1s",
		 "pause before an open breaker tries the store again"},
		{"--breaker-trials", ARG_COUNT, &options.trials, "2",
		 "good trials in a row that close it"},
	};
	int rc = args_parse(
		"demo-orders: takes and lists orders over HTTP, and keeps them in demo-store.",
		args, COUNT(args), argv);

	(void)argc;
	return rc ? rc - 1 : serve();
}
