#include "scheduler/probe/http/lean.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/probe/answer.h"
#include "scheduler/probe/http/http.h"
#include "scheduler/probe/http/lean_request.h"

#define EVENTS	     64
#define HEAD_MAX     4096
#define BODY_BUF     65536
#define WARM_NS	     (5 * ORD_MS) /* as many connections as slots fit into it */
#define WARM_WAIT_NS (200 * ORD_MS)

enum conn_state { CONN_CONNECTING, CONN_BUSY, CONN_IDLE, CONN_DEAD };

struct conn {
	enum conn_state state;
	int fd;
	bool reused, in_body, last;
	struct prb_sample *sample;
	struct http_trace trace;
	size_t sent;	   /* of the request */
	uint64_t left;	   /* of the body */
	struct conn *next; /* idle or dead ones */
	struct conn *all_next, **all_link;
	size_t used;
	char head[HEAD_MAX];
};

struct lean {
	struct prb_probe *probe;
	void (*odd)(struct prb_sample *s);
	struct lean_request request;
	int epfd;
	sd_event_source *io;
	struct conn *all, *idle, *dead;
	char body[BODY_BUF];
};

/* ---- connections */

static void close_conn(struct lean *l, struct conn *c)
{
	if (c->state == CONN_DEAD)
		return;
	if (c->state == CONN_IDLE) {
		struct conn **link = &l->idle;

		while (*link != c)
			link = &(*link)->next;
		*link = c->next;
	}
	if (c->sample)
		c->sample->quick = NULL;
	c->sample = NULL;
	c->state = CONN_DEAD;
	ord_close(&c->fd);
	/* An event for it may stand in the list that is being worked off. */
	c->next = l->dead;
	l->dead = c;
}

static void bury(struct lean *l)
{
	struct conn *c;

	while ((c = l->dead)) {
		l->dead = c->next;
		*c->all_link = c->all_next;
		if (c->all_next)
			c->all_next->all_link = c->all_link;
		free(c);
	}
}

static void wait_for(struct lean *l, struct conn *c, uint32_t events, int op)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	(void)epoll_ctl(l->epfd, op, c->fd, &ev);
}

/* NULL: errno says why. */
static struct conn *new_conn(struct lean *l)
{
	struct conn *c = calloc(1, sizeof *c);
	const int one = 1;

	if (!c)
		return NULL;
	c->fd = socket(l->request.at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(c->fd, &l->request.at.any, l->request.at_size) < 0 && errno != EINPROGRESS) {
		ord_close(&c->fd);
		free(c);
		return NULL;
	}
	c->all_next = l->all;
	c->all_link = &l->all;
	if (l->all)
		l->all->all_link = &c->all_next;
	l->all = c;
	c->state = CONN_CONNECTING;
	wait_for(l, c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
	return c;
}

static void rest(struct lean *l, struct conn *c)
{
	if (c->last) {
		close_conn(l, c);
		return;
	}
	c->state = CONN_IDLE;
	c->next = l->idle;
	l->idle = c;
}

/* ---- a slot */

static void finish(struct lean *l, struct conn *c, enum ord_outcome o, const char *why)
{
	struct prb_sample *s = c->sample;

	s->quick = NULL;
	c->sample = NULL;
	if (o == ORD_OUTCOME_OK)
		rest(l, c);
	else
		close_conn(l, c);
	l->probe->host->answered(s, o, why);
}

static void begin(struct lean *l, struct conn *c, struct prb_sample *s);

static void start_fresh(struct lean *l, struct prb_sample *s)
{
	struct conn *c = new_conn(l);

	if (!c) {
		l->probe->host->answered(s, prb_outcome_of(errno), strerror(errno));
		return;
	}
	begin(l, c, s);
}

/* Asked again from the beginning, by libcurl, as all that follow. */
static void go_odd(struct lean *l, struct conn *c)
{
	struct prb_sample *s = c->sample;

	close_conn(l, c);
	while (l->idle)
		close_conn(l, l->idle);
	s->body_n = 0;
	s->s.first = 0;
	s->s.status = 0;
	if (s->header)
		s->header[0] = '\0';
	l->odd(s);
}

/* error 0: the server closed it. */
static void broken(struct lean *l, struct conn *c, int error)
{
	struct prb_sample *s = c->sample;
	char why[80];

	if (c->in_body) {
		(void)snprintf(why, sizeof why, "transfer closed with %llu bytes remaining to read",
			       (unsigned long long)c->left);
		finish(l, c, ORD_OUTCOME_RESET, error ? strerror(error) : why);
	} else if (c->used) {
		go_odd(l, c); /* half a head */
	} else if (c->reused) {
		close_conn(l, c); /* it was closed while it was idle: not the slot's fault */
		start_fresh(l, s);
	} else {
		finish(l, c, ORD_OUTCOME_RESET,
		       error ? strerror(error) : "Empty reply from server");
	}
}

/* All connections send the same text, but for the trace. */
static void send_request(struct lean *l, struct conn *c)
{
	const struct lean_request *r = &l->request;
	char value[HTTP_TRACEPARENT_SIZE];
	ssize_t n;

	if (r->trace)
		memcpy(r->trace, http_traceparent(&c->trace, value), sizeof value - 1);
	n = send(c->fd, r->text + c->sent, r->size - c->sent, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		broken(l, c, errno);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent < r->size)
		wait_for(l, c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

/* The connection, which is ready or about to be, is the slot's. */
static void begin(struct lean *l, struct conn *c, struct prb_sample *s)
{
	c->sample = s;
	s->quick = c;
	c->in_body = c->last = false;
	c->sent = c->used = 0;
	if (l->request.trace && !http_begin_trace(s, &c->trace))
		finish(l, c, ORD_OUTCOME_LOCAL_ERROR, "no random id");
	else if (c->state == CONN_BUSY)
		send_request(l, c);
}

void lean_sample(struct lean *l, struct prb_sample *s)
{
	struct conn *c = l->idle;

	if (!c) {
		start_fresh(l, s);
		return;
	}
	l->idle = c->next;
	c->state = CONN_BUSY;
	c->reused = true;
	begin(l, c, s);
}

bool lean_cancel(struct lean *l, struct prb_sample *s)
{
	if (!s->quick)
		return false;
	close_conn(l, s->quick);
	return true;
}

/* ---- what arrives */

static void on_writable(struct lean *l, struct conn *c)
{
	socklen_t n = sizeof(int);
	int error = 0;

	if (c->state == CONN_CONNECTING) {
		(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
		if (error && c->sample) {
			finish(l, c, prb_outcome_of(error), strerror(error));
			return;
		}
		if (error) {
			close_conn(l, c);
			return;
		}
		c->state = CONN_BUSY;
	}
	wait_for(l, c, EPOLLIN, EPOLL_CTL_MOD);
	if (!c->sample)
		rest(l, c);
	else if (c->sent < l->request.size)
		send_request(l, c);
}

static void take_body(struct lean *l, struct conn *c, const char *data, size_t n)
{
	size_t part = n < c->left ? n : (size_t)c->left;

	c->left -= part;
	c->last |= n > part; /* what nobody asked for */
	if (part && l->probe->wants_body && !l->probe->host->keep(c->sample, data, part))
		finish(l, c, ORD_OUTCOME_LOCAL_ERROR, "out of memory");
	else if (!c->left)
		finish(l, c, ORD_OUTCOME_OK, NULL);
}

static bool add_value(void *arg, const char *value, size_t n)
{
	return http_add_value(arg, value, n);
}

static void take_head(struct lean *l, struct conn *c)
{
	const char *named = l->probe->expect.spec->header_name;
	struct prb_sample *s = c->sample;
	struct prb_answer a;
	enum prb_answer_kind kind = prb_answer_read(c->head, c->used, &a);

	if (!s->s.first && memchr(c->head, '\n', c->used))
		s->s.first = ord_now_ns();
	if (kind == PRB_ANSWER_ODD || (kind == PRB_ANSWER_MORE && c->used == HEAD_MAX)) {
		go_odd(l, c);
	} else if (kind == PRB_ANSWER_PLAIN) {
		s->s.status = a.status;
		c->last = a.last;
		c->left = a.length;
		c->in_body = true;
		if (named && !prb_answer_headers(c->head, a.head, named, add_value, s))
			finish(l, c, ORD_OUTCOME_LOCAL_ERROR, "out of memory");
		else
			take_body(l, c, c->head + a.head, c->used - a.head);
	}
}

static void on_readable(struct lean *l, struct conn *c)
{
	bool in_body = c->state == CONN_BUSY && c->in_body;
	char *to = in_body || c->state == CONN_IDLE ? l->body : c->head + c->used;
	ssize_t n = recv(c->fd, to, to == l->body ? BODY_BUF : HEAD_MAX - c->used, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (c->state == CONN_IDLE) {
		close_conn(l, c); /* over, or something that nobody asked for */
	} else if (n <= 0) {
		broken(l, c, n < 0 ? errno : 0);
	} else if (in_body) {
		take_body(l, c, l->body, (size_t)n);
	} else {
		c->used += (size_t)n;
		take_head(l, c);
	}
}

void lean_poll(struct lean *l)
{
	const struct prb_host *host = l->probe->host;
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(l->epfd, ev, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		struct conn *c = ev[i].data.ptr;

		if (c->state != CONN_DEAD &&
		    (c->state == CONN_CONNECTING || ev[i].events & EPOLLOUT))
			on_writable(l, c);
		else if (c->state != CONN_DEAD)
			on_readable(l, c);
		host->turn(host); /* a slot may have come due meanwhile */
	}
	bury(l);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	lean_poll(arg);
	return 0;
}

/* ---- the probe */

static bool is_connecting(const struct lean *l)
{
	const struct conn *c = l->all;

	while (c && c->state != CONN_CONNECTING)
		c = c->all_next;
	return c;
}

/*
 * What the first slots would otherwise open, one each, while the next are due. Whether the server
 * takes them is the slots' business, not ours: no more than a moment is waited.
 */
static void warm(struct lean *l)
{
	uint64_t until = ord_now_ns() + WARM_WAIT_NS, n = WARM_NS / l->probe->spec->every_ns;
	struct pollfd ready = {.fd = l->epfd, .events = POLLIN};

	while (n && new_conn(l))
		n--;
	while (is_connecting(l) && ord_now_ns() < until) {
		(void)poll(&ready, 1, WARM_WAIT_NS / ORD_MS / 10);
		lean_poll(l);
	}
}

struct lean *lean_open(struct prb_probe *p, void (*odd)(struct prb_sample *s))
{
	struct lean *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->probe = p;
	l->odd = odd;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0 || !lean_request_open(&l->request, p->spec) ||
	    sd_event_add_io(p->host->loop, &l->io, l->epfd, EPOLLIN, on_ready, l) < 0) {
		lean_close(l);
		return NULL;
	}
	if (p->host->spins)
		warm(l);
	return l;
}

void lean_close(struct lean *l)
{
	if (!l)
		return;
	for (struct conn *c = l->all; c; c = c->all_next)
		close_conn(l, c);
	bury(l);
	(void)sd_event_source_disable_unref(l->io);
	ord_close(&l->epfd);
	lean_request_close(&l->request);
	free(l);
}
