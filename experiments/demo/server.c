#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "util.h"

#define IN_MAX	(HTTP_HEAD_MAX + HTTP_BODY_MAX + 4096)
#define OUT_MAX (256 * 1024)
#define LINGER	(200 * MS) /* for requests that are on their way when the draining begins */

static void listeners_change(struct server *server, uint32_t events)
{
	for (size_t i = 0; i < server->n_listeners; i++)
		loop_change(server->loop, &server->listeners[i].watch, events);
}

static void conn_free(struct conn *conn)
{
	struct server *server = conn->server;

	if (conn->handling)
		server->abandoned(conn);
	loop_unwatch(server->loop, &conn->watch);
	timer_stop(server->loop, &conn->timer);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		server->conns = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	server->n_conns--;
	buf_free(&conn->in);
	buf_free(&conn->out);
	free(conn);
	if (server->full) {
		server->full = false;
		listeners_change(server, EPOLLIN);
	}
	if (server->draining && server->n_conns == 0)
		server->drained(server);
}

static void put_reply(struct conn *conn, int status, const char *type, const char *headers,
		      const void *body, size_t len)
{
	conn->closing |= conn->server->draining || !conn->req.keep_alive;
	if (buf_printf(&conn->out,
		       "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n",
		       status, http_reason(status), type, len, headers,
		       conn->closing ? "Connection: close\r\n" : "") ||
	    (!conn->req.head && buf_add(&conn->out, body, len)))
		conn->closing = true;
	conn->server->replied(conn, status);
}

/* Refuses what is not a request; the stream cannot be followed any further. */
static void refuse(struct conn *conn, int status)
{
	conn->req.keep_alive = false;
	conn->route = -1;
	conn->start_ns = now_ns();
	put_reply(conn, status, "text/plain", "", http_reason(status), strlen(http_reason(status)));
	conn->in.len = 0;
}

/* Starts the next request that has arrived whole. False: there is none. */
static bool next_request(struct conn *conn)
{
	int n;

	if (conn->closing || conn->in.len == 0)
		return false;
	n = http_parse(conn->in.data, conn->in.len, &conn->req);
	if (n < 0)
		refuse(conn, -n);
	if (n <= 0)
		return false;
	conn->req_len = (size_t)n;
	conn->start_ns = now_ns();
	conn->handling = true;
	conn->in_head = false;
	timer_stop(conn->server->loop, &conn->timer);
	conn->server->handle(conn);
	return true;
}

/* A head that drips in does not move its limit. */
static void set_limit(struct conn *conn)
{
	struct server *server = conn->server;
	bool idle = conn->in.len == 0 && conn->out.len == 0;
	uint64_t idle_ns = server->draining ? LINGER : server->idle_ns;

	if (!idle && conn->in_head)
		return;
	conn->in_head = !idle;
	timer_set(server->loop, &conn->timer, now_ns() + (idle ? idle_ns : server->head_ns));
}

/* Writes, and sets what the connection waits for. -1: it is at its end. */
static int conn_wait(struct conn *conn)
{
	enum buf_io io = buf_write(&conn->out, conn->watch.fd);

	if (io == BUF_IO_ERROR || (io == BUF_IO_SOME && !conn->handling && conn->closing))
		return -1;
	/* While a reply is being made only the client's leaving is of interest. */
	loop_change(conn->server->loop, &conn->watch,
		    (io == BUF_IO_AGAIN ? EPOLLOUT : 0u) | (conn->handling ? EPOLLRDHUP : EPOLLIN));
	if (!conn->handling)
		set_limit(conn);
	return 0;
}

/* Handles what has arrived, as far as it goes without waiting. */
static void conn_go(struct conn *conn)
{
	conn->going = true;
	while (!conn->handling && next_request(conn))
		;
	conn->going = false;
	if (conn_wait(conn))
		conn_free(conn);
}

void server_reply(struct conn *conn, int status, const char *type, const char *headers,
		  const void *body, size_t len)
{
	put_reply(conn, status, type, headers, body, len);
	conn->handling = false;
	buf_drop(&conn->in, conn->req_len);
	if (!conn->going)
		conn_go(conn);
}

static void conn_ready(struct watch *watch, uint32_t events)
{
	struct conn *conn = container_of(watch, struct conn, watch);
	enum buf_io io = BUF_IO_AGAIN;

	if (conn->handling && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		conn_free(conn);
		return;
	}
	if (!conn->handling && events & EPOLLIN)
		io = buf_read(&conn->in, watch->fd);
	if (io == BUF_IO_ERROR || events & EPOLLERR) {
		conn_free(conn);
		return;
	}
	conn->closing |= io == BUF_IO_END;
	conn_go(conn);
}

static void conn_timer(struct timer *timer)
{
	struct conn *conn = container_of(timer, struct conn, timer);

	if (conn->in_head && conn->out.len == 0) {
		refuse(conn, 408);
		(void)buf_write(&conn->out, conn->watch.fd);
	}
	conn_free(conn);
}

static void conn_new(struct server *server, int fd)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn) {
		struct watch refused = {.fd = fd};

		loop_unwatch(server->loop, &refused);
		return;
	}
	conn->watch = (struct watch){.fd = fd, .ready = conn_ready};
	conn->timer.fire = conn_timer;
	conn->server = server;
	buf_init(&conn->in, IN_MAX);
	buf_init(&conn->out, OUT_MAX);
	conn->next = server->conns;
	if (server->conns)
		server->conns->prev = conn;
	server->conns = conn;
	server->n_conns++;
	set_limit(conn);
	if (loop_watch(server->loop, &conn->watch, EPOLLIN))
		conn_free(conn);
}

static void accept_all(struct server *server, int listener)
{
	int fd;

	while (server->n_conns < server->max_conns && (fd = net_accept(listener)) >= 0)
		conn_new(server, fd);
	server->full = server->n_conns >= server->max_conns;
	if (server->full)
		listeners_change(server, 0);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
	(void)events;
	accept_all(container_of(watch, struct listener, watch)->server, watch->fd);
}

int server_listen(struct server *server, const struct addresses *addresses, const char **ret_failed)
{
	for (size_t i = 0; i < addresses->n; i++) {
		struct listener *l = &server->listeners[server->n_listeners];

		*ret_failed = addresses->v[i].text;
		l->server = server;
		l->watch =
			(struct watch){.fd = net_listen(&addresses->v[i]), .ready = listener_ready};
		if (l->watch.fd < 0 || loop_watch(server->loop, &l->watch, EPOLLIN))
			return -1;
		server->n_listeners++;
	}
	return 0;
}

static void listeners_close(struct server *server)
{
	for (size_t i = 0; i < server->n_listeners; i++)
		loop_unwatch(server->loop, &server->listeners[i].watch);
	server->n_listeners = 0;
}

void server_drain(struct server *server)
{
	/* Who waits in the kernel's queue has connected in good faith. */
	for (size_t i = 0; i < server->n_listeners; i++)
		accept_all(server, server->listeners[i].watch.fd);
	listeners_close(server);
	server->full = false;
	server->draining = true;
	for (struct conn *conn = server->conns; conn; conn = conn->next)
		if (!conn->handling)
			set_limit(conn);
	if (server->n_conns == 0)
		server->drained(server);
}

void server_done(struct server *server)
{
	server->draining = false;
	listeners_close(server);
	while (server->conns)
		conn_free(server->conns);
}
