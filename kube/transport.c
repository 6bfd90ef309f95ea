/*
 * libcurl's multi interface on an epoll of our own, with one timer descriptor beside curl's
 * sockets: the epoll is all that a caller polls.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "kube/client.h"

#define EVENTS	  64
#define BEAT_NS	  (100 * ORD_MS)
#define TURNS_MAX 64 /* of one kube_drive: the caller has other descriptors too */

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

int kube_multi_open(struct kube *k, struct ord_err *err)
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
	if (code == CURLE_BAD_CONTENT_ENCODING && io->err.code == ORD_OK)
		(void)ord_fail(&io->err, ORD_SYS, "the API server's answer is no gzip: %.200s",
			       io->error);
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
	(void)kube_multi_open(k, &err); /* where it fails, so does the next exchange */
	while (!kube_ring_empty(&broken)) {
		struct kube_io *io = KUBE_OF(struct kube_io, ring, broken.next);

		kube_ring_remove(&io->ring);
		(void)snprintf(io->error, sizeof io->error, "the connection is dead");
		io->code = CURLE_RECV_ERROR;
		io->done_ns = ord_now_ns();
		io->on_done(io);
	}
}

/* --- driving --------------------------------------------------------------------------------- */

void kube_bury(struct kube *k)
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
		more |= kube_timers_fire(k);
		more |= wire_queued(k);
	}
	k->depth = 0;
	kube_bury(k);
	if (kube_ring_empty(&k->wired) && kube_ring_empty(&k->queue))
		kube_timer_stop(&k->alive);
	kube_timers_arm(k);
	if (more) /* there is more to do, and no descriptor that says so */
		kube_wake(k);
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
		if (atomic_load(&k->stopped))
			return ord_fail(err, ORD_SYS, "stopped");
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
