/*
 * libcurl's multi interface on an epoll of our own, with one timer descriptor beside curl's
 * sockets: the epoll is all that a caller polls.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "kube/client.h"

#define EVENTS	  64
#define BEAT_NS	  (100 * ORD_MS)
#define SILENT_NS (15 * ORD_S) /* nothing came although something is awaited: is anybody there? */
#define ALIVE_NS  (10 * ORD_S) /* ...and for so long we wait to hear it */
#define GRACE_NS  (20 * ORD_MS)
#define TURNS_MAX 64 /* of one kube_drive: the caller has other descriptors too */

/* --- timers ---------------------------------------------------------------------------------- */

void kube_timer_init(struct kube_timer *t, void (*fire)(void *arg), void *arg)
{
	kube_ring_init(&t->ring);
	t->due_ns = 0;
	t->fire = fire;
	t->arg = arg;
}

static void arm(struct kube *k, uint64_t due_ns)
{
	const struct itimerspec at = {.it_value = ord_timespec(due_ns)};

	if (due_ns == k->armed_ns)
		return;
	(void)timerfd_settime(k->timerfd, TFD_TIMER_ABSTIME, &at, NULL);
	k->armed_ns = due_ns;
}

void kube_timer_set(struct kube *k, struct kube_timer *t, uint64_t due_ns)
{
	t->due_ns = due_ns ? due_ns : 1;
	kube_ring_append(&k->timers, &t->ring);
	if (!k->armed_ns || t->due_ns < k->armed_ns)
		arm(k, t->due_ns);
}

void kube_wake(struct kube *k)
{
	if (!k->depth) /* else kube_drive looks again by itself */
		arm(k, 1);
}

void kube_timer_stop(struct kube_timer *t)
{
	kube_ring_remove(&t->ring);
}

static struct kube_timer *next_timer(const struct kube *k)
{
	struct kube_timer *first = NULL;

	for (struct kube_ring *r = k->timers.next; r != &k->timers; r = r->next) {
		struct kube_timer *t = KUBE_OF(struct kube_timer, ring, r);

		if (!first || t->due_ns < first->due_ns)
			first = t;
	}
	return first;
}

static bool fire_timers(struct kube *k)
{
	struct kube_timer *t;
	bool any = false;

	if (!k->armed_ns || ord_now_ns() < k->armed_ns)
		return false;
	while ((t = next_timer(k)) && t->due_ns <= ord_now_ns()) {
		kube_timer_stop(t);
		t->fire(t->arg);
		any = true;
	}
	return any;
}

static void arm_next(struct kube *k)
{
	const struct kube_timer *t = next_timer(k);
	uint64_t due = k->curl_due_ns;

	if (t && (!due || t->due_ns < due))
		due = t->due_ns;
	arm(k, due);
}

/* --- curl's side ----------------------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct kube *k = arg;
	struct epoll_event ev = {.data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(k->epfd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	(void)epoll_ctl(k->epfd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	if (!known)
		(void)curl_multi_assign(k->multi, fd, k);
	return 0;
}

static int on_curl_timer(CURLM *multi, long ms, void *arg)
{
	struct kube *k = arg;

	(void)multi;
	k->curl_due_ns = ms < 0 ? 0 : ord_now_ns() + (uint64_t)ms * ORD_MS;
	return 0;
}

static int multi_open(struct kube *k, struct ord_err *err)
{
	k->multi = curl_multi_init();
	if (!k->multi)
		return ord_fail_nomem(err);
	(void)curl_multi_setopt(k->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(k->multi, CURLMOPT_SOCKETDATA, k);
	(void)curl_multi_setopt(k->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	(void)curl_multi_setopt(k->multi, CURLMOPT_TIMERDATA, k);
	(void)curl_multi_setopt(k->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	return 0;
}

static void action(struct kube *k, curl_socket_t fd, int what)
{
	int running;

	k->in_curl = true;
	(void)curl_multi_socket_action(k->multi, fd, what, &running);
	k->in_curl = false;
}

static bool poll_sockets(struct kube *k)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(k->epfd, ev, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		uint32_t e = ev[i].events;
		uint64_t expired;

		if (ev[i].data.fd == k->timerfd) {
			/* Read, so that it is not readable any more; fire_timers looks at the time.
			 */
			(void)!read(k->timerfd, &expired, sizeof expired);
			continue;
		}
		action(k, ev[i].data.fd,
		       (e & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
			       (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			       (e & EPOLLERR ? CURL_CSELECT_ERR : 0));
	}
	return n > 0;
}

static bool kick(struct kube *k)
{
	if (!k->curl_due_ns || ord_now_ns() < k->curl_due_ns)
		return false;
	k->curl_due_ns = 0;
	action(k, CURL_SOCKET_TIMEOUT, 0);
	return true;
}

static void finish(struct kube_io *io, CURLcode code)
{
	io->code = code;
	io->done_ns = ord_now_ns();
	kube_io_unwire(io);
	io->on_done(io);
}

static bool reap(struct kube *k)
{
	bool any = false;
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(k->multi, &left))) {
		struct kube_io *io = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &io);
		finish(io, m->data.result);
		any = true;
	}
	return any;
}

/* Those that were stopped from within a callback of curl, where it may not be called. */
static void sweep(struct kube *k)
{
	struct kube_ring *r = k->wired.next;

	if (!k->sweep)
		return;
	k->sweep = false;
	while (r != &k->wired) {
		struct kube_io *io = KUBE_OF(struct kube_io, ring, r);

		r = r->next;
		if (io->stop)
			kube_io_unwire(io);
	}
}

static bool wire_queued(struct kube *k)
{
	struct kube_ring *r = k->queue.next;
	bool any = false;

	while (r != &k->queue) {
		struct kube_io *io = KUBE_OF(struct kube_io, ring, r);

		r = r->next;
		if (!io->stream && k->n_wired >= KUBE_WIRE_MAX)
			continue;
		any = true;
		if (kube_io_wire(io)) {
			io->on_done(io);
			r = k->queue.next; /* the ring may be another now */
		}
	}
	return any;
}

void kube_io_reset_all(struct kube *k)
{
	struct kube_ring broken;
	struct ord_err err;

	kube_ring_init(&broken);
	while (!kube_ring_empty(&k->wired)) {
		struct kube_io *io = KUBE_OF(struct kube_io, ring, k->wired.next);

		kube_io_unwire(io);
		kube_ring_append(&broken, &io->ring);
	}
	/* The connection goes with the multi handle: there is no other way to drop it. */
	(void)curl_multi_cleanup(k->multi);
	k->multi = NULL;
	k->curl_due_ns = 0;
	(void)multi_open(k, &err); /* where it fails, so does the next exchange */
	while (!kube_ring_empty(&broken)) {
		struct kube_io *io = KUBE_OF(struct kube_io, ring, broken.next);

		kube_ring_remove(&io->ring);
		(void)snprintf(io->error, sizeof io->error, "the connection is dead");
		io->code = CURLE_RECV_ERROR;
		io->done_ns = ord_now_ns();
		io->on_done(io);
	}
}

/* --- is anybody there? ----------------------------------------------------------------------- */

/* A server that went without a word leaves a connection on which nothing ever comes, and watches
 * would wait on it for ever. */
static void on_alive(void *arg)
{
	struct kube *k = arg;
	uint64_t now = ord_now_ns(), quiet_from = k->byte_ns;

	if (k->asking && now - quiet_from >= ALIVE_NS && now - k->asked_ns >= ALIVE_NS) {
		kube_io_stop(&k->alive_io);
		k->asking = false;
		kube_io_reset_all(k);
		return;
	}
	if (!k->asking && now - quiet_from >= SILENT_NS) {
		k->asking = true;
		k->asked_ns = now;
		kube_io_start(&k->alive_io);
	}
	kube_timer_set(k, &k->alive, k->asking ? now + ALIVE_NS : quiet_from + SILENT_NS);
}

static void on_alive_done(struct kube_io *io)
{
	io->k->asking = false;
}

/* Something is on the wire: from now on silence counts. */
void kube_alive_watch(struct kube *k)
{
	if (!kube_ring_empty(&k->alive.ring))
		return;
	k->byte_ns = ord_now_ns();
	kube_timer_set(k, &k->alive, k->byte_ns + SILENT_NS);
}

/* --- driving --------------------------------------------------------------------------------- */

static void bury(struct kube *k)
{
	while (!kube_ring_empty(&k->grave)) {
		struct kube_grave *g = KUBE_OF(struct kube_grave, ring, k->grave.next);

		kube_ring_remove(&g->ring);
		g->release(g);
	}
}

void kube_drive(struct kube *k)
{
	unsigned turns = 0;
	bool more = true;

	if (k->depth)
		return;
	k->depth = 1;
	while (more && turns++ < TURNS_MAX) {
		more = poll_sockets(k);
		more |= kick(k);
		sweep(k);
		more |= reap(k);
		more |= fire_timers(k);
		more |= wire_queued(k);
	}
	k->depth = 0;
	bury(k);
	if (kube_ring_empty(&k->wired) && kube_ring_empty(&k->queue))
		kube_timer_stop(&k->alive);
	arm_next(k);
	if (more) /* there is more to do, and no descriptor that says so */
		arm(k, 1);
}

int kube_run(struct kube *k, bool (*done)(void *arg), void *arg, uint64_t deadline_ns,
	     struct ord_err *err)
{
	struct pollfd p = {.fd = k->epfd, .events = POLLIN};
	uint64_t beaten = 0;

	if (k->depth)
		return ord_fail(err, ORD_SYS, "a call that waits, from a callback of the client");
	for (;;) {
		uint64_t now = ord_now_ns(), wait = BEAT_NS;
		struct timespec ts;

		if (k->beat && now - beaten >= BEAT_NS / 2) {
			k->beat();
			beaten = now;
		}
		kube_drive(k);
		if (done(arg))
			return 0;
		now = ord_now_ns();
		if (now >= deadline_ns)
			break;
		if (deadline_ns - now < wait)
			wait = deadline_ns - now;
		ts = ord_timespec(k->beat ? wait / 2 : wait);
		if (ppoll(&p, 1, &ts, NULL) < 0 && errno != EINTR)
			return ord_fail_sys(err, "poll");
	}
	(void)ord_fail(err, ORD_SYS, "the time was up");
	err->sys_errno = ETIMEDOUT;
	return -1;
}

int kube_fd(const struct kube *k)
{
	return k->epfd;
}

void kube_set_beat(struct kube *k, void (*beat)(void))
{
	k->beat = beat;
}

size_t kube_in_flight(const struct kube *k)
{
	return k->n_calls;
}

uint64_t kube_jitter(struct kube *k, uint64_t ns)
{
	return ns / 2 + ord_rng_below(&k->rng, ns + 1);
}

uint64_t kube_backoff(struct kube *k, unsigned n, uint64_t first_ns, uint64_t max_ns)
{
	uint64_t ns = n < 20 ? first_ns << n : max_ns;

	return kube_jitter(k, ns < max_ns ? ns : max_ns);
}

/* --- opening and closing --------------------------------------------------------------------- */

static bool is_loopback(const char *host)
{
	return !strcasecmp(host, "localhost") || !strncmp(host, "127.", 4) ||
	       !strcmp(host, "[::1]");
}

/* Scheme, host and port of the server's URL, for what depends on them. */
static int read_server(struct kube *k, const char *server, struct ord_err *err)
{
	const char *at, *end, *port;

	if (!strncasecmp(server, "https://", 8))
		k->https = true;
	else if (strncasecmp(server, "http://", 7) != 0)
		return ord_fail(err, ORD_USAGE, "the API server's URL must begin with https://");
	at = server + (k->https ? 8 : 7);
	end = at + strcspn(at, "/");
	if (memchr(at, '@', (size_t)(end - at)))
		return ord_fail(err, ORD_USAGE, "the API server's URL must not hold a user");
	if ((size_t)snprintf(k->server, sizeof k->server, "%s", server) >= sizeof k->server ||
	    (size_t)(end - at) >= sizeof k->host)
		return ord_fail(err, ORD_USAGE, "the API server's URL is too long");
	(void)snprintf(k->host_port, sizeof k->host_port, "%.*s", (int)(end - at), at);
	port = *at == '[' ? strchr(k->host_port, ']') : k->host_port;
	port = port ? strchr(port, ':') : NULL;
	(void)snprintf(k->port, sizeof k->port, "%s", port ? port + 1 : k->https ? "443" : "80");
	(void)snprintf(k->host, sizeof k->host, "%.*s",
		       port ? (int)(port - k->host_port) : (int)strlen(k->host_port), k->host_port);
	k->loopback = is_loopback(k->host);
	return 0;
}

static void set_up_alive(struct kube *k)
{
	kube_timer_init(&k->alive, on_alive, k);
	kube_io_init(&k->alive_io, k);
	k->alive_io.method = "GET";
	k->alive_io.stream = true; /* takes no place among the calls */
	k->alive_io.on_done = on_alive_done;
	k->alive_io.path = strdup("/version");
}

static int open_descriptors(struct kube *k, struct ord_err *err)
{
	struct epoll_event ev = {.events = EPOLLIN};

	k->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (k->epfd < 0)
		return ord_fail_sys(err, "epoll");
	k->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->timerfd < 0)
		return ord_fail_sys(err, "timerfd");
	ev.data.fd = k->timerfd;
	if (epoll_ctl(k->epfd, EPOLL_CTL_ADD, k->timerfd, &ev))
		return ord_fail_sys(err, "epoll");
	return 0;
}

int kube_open(struct kube_config *config, struct kube **ret, struct ord_err *err)
{
	struct kube *k = calloc(1, sizeof *k);

	if (!k)
		return ord_fail_nomem(err);
	k->config = config;
	k->epfd = k->timerfd = -1;
	k->grace_ns = GRACE_NS;
	kube_ring_init(&k->timers);
	kube_ring_init(&k->queue);
	kube_ring_init(&k->wired);
	kube_ring_init(&k->calls);
	kube_ring_init(&k->watches);
	kube_ring_init(&k->grave);
	set_up_alive(k);
	ord_rng_init(&k->rng, ord_now_ns() ^ ((uint64_t)getpid() << 32));
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		kube_io_done(&k->alive_io);
		free(k);
		return ord_fail(err, ORD_SYS, "libcurl does not start");
	}
	if (!k->alive_io.path || read_server(k, kube_config_server(config), err) ||
	    open_descriptors(k, err) || multi_open(k, err)) {
		if (!k->alive_io.path)
			(void)ord_fail_nomem(err);
		kube_close(k);
		return -1;
	}
	*ret = k;
	return 0;
}

void kube_close(struct kube *k)
{
	if (!k)
		return;
	kube_watches_drop(k);
	kube_calls_drop(k);
	kube_io_stop(&k->alive_io);
	kube_io_done(&k->alive_io);
	bury(k);
	kube_io_spare_drop(k);
	if (k->multi)
		(void)curl_multi_cleanup(k->multi);
	ord_close(&k->timerfd);
	ord_close(&k->epfd);
	free(k->kinds);
	free(k);
	curl_global_cleanup();
}
