#include "scheduler/wire/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

#define EVENTS	    16
#define RETRY_MAX_S 3600
#define RESOLVE_NS  (10 * ORD_MS) /* a thousand threads, at the worst */
#define URL_MAX	    16384	  /* servers take 8 KiB mostly */

struct wire_call {
	struct wire_call *next, **at; /* in the ring of those in flight */
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	size_t room;
	bool too_long;
	struct wire_answer a;
	wire_answered *answered;
	void *arg;
};

struct wire {
	CURLM *multi;
	int epfd, timerfd;
	sd_event_source *io;
	uint64_t due_ns; /* libcurl wants to be called then; 0: not */
	struct wire_call *calls;
	size_t n;
};

/* --- libcurl's side -------------------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct wire *w = arg;
	struct epoll_event ev = {.data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(w->epfd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	(void)epoll_ctl(w->epfd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	if (!known)
		(void)curl_multi_assign(w->multi, fd, w);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct wire *w = arg;
	struct itimerspec at = {0};

	(void)multi;
	w->due_ns = ms < 0 ? 0 : ord_now_ns() + (uint64_t)ms * ORD_MS;
	at.it_value = ord_timespec(w->due_ns);
	(void)timerfd_settime(w->timerfd, TFD_TIMER_ABSTIME, &at, NULL);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct wire_call *c = arg;
	size_t all = size * n, used = c->a.size;

	c->too_long = used + all > WIRE_BODY_MAX;
	if (c->too_long)
		return 0;
	if (used + all + 1 > c->room) {
		size_t room = 2 * (used + all + 1);
		char *body = realloc(c->body, room);

		if (!body)
			return 0;
		c->body = body;
		c->room = room;
	}
	memcpy(c->body + used, data, all);
	c->a.size = used + all;
	c->body[c->a.size] = '\0';
	return all;
}

/* The value of a header of that name; NULL: it is another. */
static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	return !strncasecmp(line, name, n) && line[n] == ':' ? line + n + 1 : NULL;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct wire_call *c = arg;
	char line[128];
	const char *value;

	(void)snprintf(line, sizeof line, "%.*s", (int)(size * n), data);
	if ((value = value_of(line, "Date"))) {
		c->a.date_s = (int64_t)curl_getdate(value, NULL);
	} else if ((value = value_of(line, "Retry-After"))) {
		/* Seconds, or a date; a number alone is no date to libcurl. */
		time_t at = curl_getdate(value, NULL), now = time(NULL);
		long s = at > now ? at - now : strtol(value, NULL, 10);

		c->a.retry_ns = s > 0 ? (uint64_t)(s < RETRY_MAX_S ? s : RETRY_MAX_S) * ORD_S : 0;
	}
	return size * n;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void call_free(struct wire *w, struct wire_call *c)
{
	if (c->at) {
		*c->at = c->next;
		if (c->next)
			c->next->at = c->at;
		w->n--;
	}
	if (c->easy) {
		(void)curl_multi_remove_handle(w->multi, c->easy);
		curl_easy_cleanup(c->easy);
	}
	curl_slist_free_all(c->headers);
	free(c->body);
	free(c);
}

static int add_header(struct wire_call *c, const char *line)
{
	struct curl_slist *list = curl_slist_append(c->headers, line);

	if (!list)
		return -1;
	c->headers = list;
	return 0;
}

static int add_headers(struct wire_call *c, const struct wire_request *q)
{
	for (size_t i = 0; i < q->n_headers; i++)
		if (add_header(c, q->headers[i]))
			return -1;
	return add_header(c, "Accept: application/json");
}

/* As probes do: no redirects, no proxies of the environment, HTTP/1.1. */
static void set_options(CURL *easy, const struct wire_request *q)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
	(void)curl_easy_setopt(easy, CURLOPT_URL, q->url);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Else a call whose time is up waits for the resolver's thread, and with it the loop. Left
	 * alone it lasts some ten seconds more, so that they must not be too many. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, q->every_ns >= RESOLVE_NS ? 1L : 0L);
#endif
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(q->timeout_ns / ORD_MS) + 1);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "ordeal/" ORDEAL_VERSION);
	if (q->body) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, q->body);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->size);
	}
	if (*q->token) {
		(void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, q->token);
	}
	if (q->insecure) {
		(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

int wire_send(struct wire *w, const struct wire_request *q, wire_answered *answered, void *arg,
	      struct wire_call **ret, struct ord_err *err)
{
	struct wire_call *c;

	if (strlen(q->url) > URL_MAX)
		return ord_fail(err, ORD_USAGE, "a URL of more than %d bytes", URL_MAX);
	c = calloc(1, sizeof *c);
	if (!c)
		return ord_fail_nomem(err);
	c->answered = answered;
	c->arg = arg;
	c->a.date_s = -1;
	c->easy = curl_easy_init();
	if (!c->easy || add_headers(c, q)) {
		call_free(w, c);
		return ord_fail_nomem(err);
	}
	set_options(c->easy, q);
	(void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
	(void)curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->a.error);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	c->a.sent_ns = ord_now_ns();
	if (curl_multi_add_handle(w->multi, c->easy) != CURLM_OK) {
		call_free(w, c);
		return ord_fail_nomem(err);
	}
	c->at = &w->calls;
	c->next = w->calls;
	if (c->next)
		c->next->at = &c->next;
	w->calls = c;
	w->n++;
	if (ret)
		*ret = c;
	return 0;
}

void wire_drop(struct wire *w, struct wire_call *call)
{
	call_free(w, call);
}

size_t wire_busy(const struct wire *w)
{
	return w->n;
}

/* --- driving --------------------------------------------------------------------------------- */

static void finish(struct wire *w, struct wire_call *c, CURLcode code)
{
	c->a.done_ns = ord_now_ns();
	c->a.code = code;
	c->a.body = c->body ? c->body : "";
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->a.status);
	if (c->too_long)
		(void)snprintf(c->a.error, sizeof c->a.error, "the answer is longer than %u MiB",
			       WIRE_BODY_MAX >> 20);
	else if (code != CURLE_OK && !*c->a.error)
		(void)snprintf(c->a.error, sizeof c->a.error, "%s", curl_easy_strerror(code));
	c->answered(c->arg, &c->a);
	call_free(w, c);
}

static void reap(struct wire *w)
{
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left))) {
		struct wire_call *c = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		finish(w, c, m->data.result);
	}
}

static void drive(struct wire *w)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(w->epfd, ev, EVENTS, 0), running;

	for (int i = 0; i < n; i++) {
		uint32_t e = ev[i].events;
		uint64_t expired;

		if (ev[i].data.fd == w->timerfd) {
			(void)!read(w->timerfd, &expired, sizeof expired);
			continue;
		}
		(void)curl_multi_socket_action(w->multi, ev[i].data.fd,
					       (e & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
						       (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
						       (e & EPOLLERR ? CURL_CSELECT_ERR : 0),
					       &running);
	}
	if (w->due_ns && ord_now_ns() >= w->due_ns) {
		w->due_ns = 0;
		(void)curl_multi_socket_action(w->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	reap(w);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	drive(arg);
	return 0;
}

bool wire_wait(struct wire *w, bool (*done)(void *arg), void *arg, uint64_t deadline_ns)
{
	struct pollfd p = {.fd = w->epfd, .events = POLLIN};

	for (;;) {
		uint64_t now;
		struct timespec ts;

		drive(w);
		if (done(arg))
			return true;
		now = ord_now_ns();
		if (now >= deadline_ns)
			return false;
		ts = ord_timespec(deadline_ns - now);
		if (ppoll(&p, 1, &ts, NULL) < 0 && errno != EINTR)
			return false;
	}
}

static int open_descriptors(struct wire *w)
{
	struct epoll_event ev = {.events = EPOLLIN};

	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	w->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ev.data.fd = w->timerfd;
	return w->epfd < 0 || w->timerfd < 0 ? -1
					     : epoll_ctl(w->epfd, EPOLL_CTL_ADD, w->timerfd, &ev);
}

int wire_open(struct sd_event *loop, struct wire **ret, struct ord_err *err)
{
	struct wire *w = calloc(1, sizeof *w);

	if (!w)
		return ord_fail_nomem(err);
	w->epfd = w->timerfd = -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(w);
		return ord_fail(err, ORD_SYS, "libcurl does not start");
	}
	w->multi = curl_multi_init();
	if (!w->multi || open_descriptors(w) ||
	    (loop && sd_event_add_io(loop, &w->io, w->epfd, EPOLLIN, on_ready, w) < 0)) {
		wire_close(w);
		return ord_fail(err, ORD_SYS, "libcurl's multi interface does not start");
	}
	(void)curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
	(void)curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	(void)curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
	(void)curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, 8L);
	*ret = w;
	return 0;
}

void wire_close(struct wire *w)
{
	if (!w)
		return;
	while (w->calls)
		call_free(w, w->calls);
	(void)sd_event_source_disable_unref(w->io);
	if (w->multi)
		(void)curl_multi_cleanup(w->multi);
	ord_close(&w->epfd);
	ord_close(&w->timerfd);
	free(w);
	curl_global_cleanup();
}
