/*
 * http: libcurl's multi interface on the run's event loop. Sockets go into an epoll of our own,
 * which is one source of the loop, so that a burst of answers costs one turn of it. Deadlines are
 * the pacer's, so libcurl is given none.
 *
 * Redirects are not followed and proxies of the environment are not used: a probe asks what its URL
 * names. HTTP/1.1. What lean.c can ask and understand in just the same way is left to it.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/probe/http/http.h"
#include "scheduler/probe/http/lean.h"
#include "scheduler/probe/http/lean_request.h"

#define HEADER_MAX		    1024
#define EVENTS			    64
#define RESOLVE_NS		    (10 * ORD_MS) /* a thousand threads, at the worst */
#define module_fail(host, err, ...) (host)->fail(err, ORD_WHERE, ORD_SYS, __VA_ARGS__)

/* One a process: all http probes share it. */
struct engine {
	unsigned users;
	const struct prb_host *host;
	CURLM *multi;
	int epfd;
	sd_event_source *io, *timer;
	bool kick; /* libcurl wants to be called at once */
};

struct http {
	struct engine *engine;
	struct curl_slist *headers;
	struct lean *lean; /* NULL: all slots are libcurl's */
	bool odd;	   /* an answer was beyond the lean way */
};

static void on_odd(struct prb_sample *s);

/* One transfer, reused from slot to slot. */
struct io {
	struct prb_sample *sample;
	CURL *easy;
	bool added;
	char error[CURL_ERROR_SIZE];
	struct curl_slist trace; /* before the headers that all share */
	char traceparent[80];
};

static struct engine *shared;

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct engine *e = arg;
	struct epoll_event ev = {.data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(e->epfd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	(void)epoll_ctl(e->epfd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	if (!known)
		(void)curl_multi_assign(e->multi, fd, e);
	return 0;
}

static int on_timer_change(CURLM *multi, long ms, void *arg)
{
	struct engine *e = arg;

	(void)multi;
	e->kick = ms == 0;
	if (ms > 0) {
		(void)sd_event_source_set_time(e->timer,
					       ord_now_ns() / ORD_US + (uint64_t)ms * 1000);
		(void)sd_event_source_set_enabled(e->timer, SD_EVENT_ONESHOT);
	} else {
		(void)sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
	}
	return 0;
}

static enum ord_outcome outcome_of(const struct io *io, CURLcode code)
{
	long error = 0;

	switch ((int)code) {
	case CURLE_OK:
		return ORD_OUTCOME_OK;
	case CURLE_COULDNT_CONNECT:
		(void)curl_easy_getinfo(io->easy, CURLINFO_OS_ERRNO, &error);
		return error ? prb_outcome_of((int)error) : ORD_OUTCOME_REFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return ORD_OUTCOME_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return ORD_OUTCOME_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_INTERFACE_FAILED:
		return ORD_OUTCOME_LOCAL_ERROR;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR:
		return ORD_OUTCOME_RESET;
	default:
		return ORD_OUTCOME_WRONG;
	}
}

static void finished(struct engine *e, CURL *easy, CURLcode code)
{
	struct prb_sample *s;
	struct io *io = NULL;
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &io);
	s = io->sample;
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	s->s.status = (uint16_t)status;
	(void)curl_multi_remove_handle(e->multi, easy);
	io->added = false;
	e->host->answered(s, outcome_of(io, code),
			  *io->error ? io->error : curl_easy_strerror(code));
}

/* What is over, and what libcurl wants at once. */
static void settle(struct engine *e)
{
	int running, left;

	for (;;) {
		const CURLMsg *m = curl_multi_info_read(e->multi, &left);

		if (m && m->msg == CURLMSG_DONE) {
			finished(e, m->easy_handle, m->data.result);
		} else if (!m && e->kick) {
			e->kick = false;
			(void)curl_multi_socket_action(e->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		} else if (!m) {
			break;
		}
	}
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct epoll_event ev[EVENTS];
	struct engine *e = arg;
	int n = epoll_wait(fd, ev, EVENTS, 0), running;

	(void)source;
	(void)events;
	for (int i = 0; i < n; i++) {
		int what = (ev[i].events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
			   (ev[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			   (ev[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0);

		(void)curl_multi_socket_action(e->multi, ev[i].data.fd, what, &running);
	}
	settle(e);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	((struct engine *)arg)->kick = true;
	settle(arg);
	return 0;
}

static void engine_unref(struct engine *e)
{
	if (!e || --e->users)
		return;
	(void)sd_event_source_disable_unref(e->io);
	(void)sd_event_source_disable_unref(e->timer);
	if (e->multi)
		(void)curl_multi_cleanup(e->multi);
	ord_close(&e->epfd);
	free(e);
	shared = NULL;
	curl_global_cleanup();
}

static int engine_ref(const struct prb_host *host, struct engine **ret, struct ord_err *err)
{
	struct engine *e = shared;

	if (e) {
		e->users++;
		*ret = e;
		return 0;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return module_fail(host, err, "libcurl does not start");
	e = calloc(1, sizeof *e);
	if (!e)
		return module_fail(host, err, "out of memory");
	e->users = 1;
	e->host = host;
	e->multi = curl_multi_init();
	e->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (!e->multi || e->epfd < 0 ||
	    sd_event_add_io(host->loop, &e->io, e->epfd, EPOLLIN, on_ready, e) < 0 ||
	    sd_event_add_time(host->loop, &e->timer, CLOCK_MONOTONIC, 0, 1, on_timer, e) < 0 ||
	    sd_event_source_set_enabled(e->timer, SD_EVENT_OFF) < 0) {
		engine_unref(e);
		return module_fail(host, err, "libcurl's multi interface does not start");
	}
	(void)curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
	(void)curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
	(void)curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
	(void)curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, 64L);
	*ret = shared = e;
	return 0;
}

static bool add_header(struct http *h, const char *line)
{
	struct curl_slist *list = curl_slist_append(h->headers, line);

	if (list)
		h->headers = list;
	return list;
}

static bool has_header(const struct ord_probe_spec *spec, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < spec->n_headers; i++)
		if (!strncasecmp(spec->headers[i], name, n) && spec->headers[i][n] == ':')
			return true;
	return false;
}

static int http_open(struct prb_probe *p, struct ord_err *err)
{
	const struct ord_probe_spec *spec = p->spec;
	struct http *h = calloc(1, sizeof *h);
	bool ok = true;

	if (!h)
		return module_fail(p->host, err, "out of memory");
	p->state = h;
	if (engine_ref(p->host, &h->engine, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->n_headers; i++)
		ok = ok && add_header(h, spec->headers[i]);
	/* Told so, the server closes first, and its half-closed ports are not ours to run out of.
	 */
	if (!spec->keep_alive && !has_header(spec, "Connection"))
		ok = ok && add_header(h, "Connection: close");
	ok = ok && add_header(h, "Expect:");
	if (lean_request_fits(spec)) {
		h->lean = lean_open(p, on_odd);
		ok = ok && h->lean;
	}
	return ok ? 0 : module_fail(p->host, err, "out of memory");
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct io *io = arg;

	if (io->sample->probe->wants_body &&
	    !io->sample->probe->host->keep(io->sample, data, size * n))
		return 0;
	return size * n;
}

bool http_add_value(struct prb_sample *s, const char *value, size_t n)
{
	size_t used;

	if (!s->header) {
		s->header = calloc(1, HEADER_MAX);
		if (!s->header)
			return false;
	}
	used = strlen(s->header);
	(void)snprintf(s->header + used, HEADER_MAX - used, "%s%.*s", used ? ", " : "", (int)n,
		       value);
	return true;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct io *io = arg;
	struct prb_sample *s = io->sample;
	const char *name = s->probe->expect.spec->header_name;
	size_t named = name ? strlen(name) : 0, all = size * n, end = all;

	if (!s->s.first)
		s->s.first = ord_now_ns();
	if (!named || all <= named || data[named] != ':' || strncasecmp(data, name, named) != 0)
		return all;
	for (named++; named < end && (data[named] == ' ' || data[named] == '\t');)
		named++;
	while (end > named && strchr(" \t\r\n", data[end - 1]))
		end--;
	return http_add_value(s, data + named, end - named) ? all : 0;
}

static void set_request(CURL *c, const struct ord_probe_spec *spec)
{
	if (spec->request_body) {
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, spec->request_body);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(spec->request_body));
	}
	if (spec->method && !strcmp(spec->method, "HEAD"))
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else if (spec->method)
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, spec->method);
	if (spec->insecure) {
		(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_connection(CURL *c, const struct ord_probe_spec *spec)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Else a slot whose time is up waits for the resolver's thread, and with it every probe.
	 * Left alone it lasts some ten seconds more, so that they must not be too many. */
	(void)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, spec->every_ns >= RESOLVE_NS ? 1L : 0L);
#endif
	/* The pacer ends what takes too long. */
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       (long)(spec->timeout_ns / ORD_MS) + 1000);
	if (spec->keep_alive)
		return;
	(void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* A name that moves is followed within a second; an address is never looked up. */
	(void)curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, 1L);
}

static struct io *new_io(const struct prb_probe *p, struct prb_sample *s)
{
	const struct http *h = p->state;
	struct io *io = calloc(1, sizeof *io);

	if (!io)
		return NULL;
	io->easy = curl_easy_init();
	if (!io->easy) {
		free(io);
		return NULL;
	}
	io->sample = s;
	(void)curl_easy_setopt(io->easy, CURLOPT_URL, p->spec->url);
	(void)curl_easy_setopt(io->easy, CURLOPT_PRIVATE, io);
	(void)curl_easy_setopt(io->easy, CURLOPT_ERRORBUFFER, io->error);
	io->trace = (struct curl_slist){.data = io->traceparent, .next = h->headers};
	(void)curl_easy_setopt(io->easy, CURLOPT_HTTPHEADER,
			       p->spec->traceparent ? &io->trace : h->headers);
	(void)curl_easy_setopt(io->easy, CURLOPT_USERAGENT, "ordeal/" ORDEAL_VERSION);
	(void)curl_easy_setopt(io->easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(io->easy, CURLOPT_WRITEDATA, io);
	(void)curl_easy_setopt(io->easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(io->easy, CURLOPT_HEADERDATA, io);
	set_request(io->easy, p->spec);
	set_connection(io->easy, p->spec);
	return io;
}

static bool begin_trace(struct io *io)
{
	char value[HTTP_TRACEPARENT_SIZE];
	struct http_trace trace;

	if (!http_begin_trace(io->sample, &trace))
		return false;
	(void)snprintf(io->traceparent, sizeof io->traceparent, "traceparent: %s",
		       http_traceparent(&trace, value));
	return true;
}

static void curl_sample(struct prb_probe *p, struct prb_sample *s)
{
	struct engine *e = ((struct http *)p->state)->engine;
	struct io *io = s->io;

	if (!io)
		s->io = io = new_io(p, s);
	if (io && p->spec->traceparent && !begin_trace(io)) {
		p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, "no random id");
		return;
	}
	if (!io || curl_multi_add_handle(e->multi, io->easy) != CURLM_OK) {
		p->host->answered(s, ORD_OUTCOME_LOCAL_ERROR, "libcurl has no memory");
		return;
	}
	io->added = true;
	io->error[0] = '\0';
	settle(e);
}

static void on_odd(struct prb_sample *s)
{
	((struct http *)s->probe->state)->odd = true;
	curl_sample(s->probe, s);
}

static void http_sample(struct prb_probe *p, struct prb_sample *s)
{
	const struct http *h = p->state;

	if (h->lean && !h->odd)
		lean_sample(h->lean, s);
	else
		curl_sample(p, s);
}

static void http_poll(struct prb_probe *p)
{
	const struct http *h = p->state;

	if (h->lean)
		lean_poll(h->lean);
}

static void http_cancel(struct prb_probe *p, struct prb_sample *s)
{
	const struct http *h = p->state;
	struct engine *e = h->engine;
	struct io *io = s->io;

	if ((h->lean && lean_cancel(h->lean, s)) || !io || !io->added)
		return;
	(void)curl_multi_remove_handle(e->multi, io->easy);
	io->added = false;
}

static void http_drop(struct prb_probe *p, struct prb_sample *s)
{
	struct io *io = s->io;

	(void)p;
	curl_easy_cleanup(io->easy);
	free(io);
	s->io = NULL;
}

static void http_close(struct prb_probe *p)
{
	struct http *h = p->state;

	if (!h)
		return;
	lean_close(h->lean);
	curl_slist_free_all(h->headers);
	engine_unref(h->engine);
	free(h);
	p->state = NULL;
}

__attribute__((visibility("default"))) const struct prb_kind ordeal_http_kind = {
	.name = "http",
	.open = http_open,
	.sample = http_sample,
	.cancel = http_cancel,
	.poll = http_poll,
	.drop = http_drop,
	.close = http_close,
};
