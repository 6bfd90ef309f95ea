/*
 * Our own webhook receiver: libmicrohttpd on the run's loop, on loopback or a unix socket. An
 * answer other than 2xx would make Alertmanager try again, so what is read is answered 200 whatever
 * it says; what cannot be read is answered 400, which it does not repeat.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/listen.h"
#include "scheduler/monitor/module/monitor.h"
#include "scheduler/monitor/read/notice.h"

#define CONNECTIONS_MAX 16
#define MEMORY_MAX	32768 /* of one connection's head */
#define IDLE_S		10
#define NOTES_MAX	20 /* of bad payloads, in a run */

struct mon_webhook {
	struct ord_monitor *m;
	struct MHD_Daemon *daemon;
	sd_event_source *io, *timer;
	char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* "": a port */
	unsigned notes;
};

/* A request while its body comes. */
struct incoming {
	uint64_t from_ns;
	char *body;
	size_t size;
	bool too_long;
};

static void bad(struct mon_webhook *w, const char *why)
{
	if (w->notes++ < NOTES_MAX)
		mon_note(w->m, "the webhook was sent what it does not read: %s", why);
}

/* --- what it says ---------------------------------------------------------------------------- */

/* startsAt and endsAt are Prometheus's. Where it is not asked, Alertmanager's clock is the best
 * guess. */
static const struct mon_clock *sender_clock(const struct ord_monitor *m)
{
	const struct mon_clock *prometheus = &m->poll[MON_PROMETHEUS].server.clock;

	return prometheus->known ? prometheus : &m->poll[MON_ALERTMANAGER].server.clock;
}

static void firing(struct ord_monitor *m, struct mon_alert *a, const struct mon_notice_alert *n,
		   const struct mon_instant *at, json_t *detail)
{
	const struct mon_clock *c = sender_clock(m);
	int64_t starts = n->starts_ns - m->sink.anchor_ns - (c->known ? c->lo_ns : 0);
	/* Repeated, by a peer, or late: what is over by now does not begin anew. */
	bool again = a->starts_ns == n->starts_ns;

	/* A notification of what began before this repetition is none of its fault. */
	if (!a->notified && m->begun && starts < (int64_t)m->rep_ns)
		(void)json_object_set_new(detail, "old", json_true());
	if (again) {
		json_decref(detail);
		return;
	}
	a->notified = true;
	a->starts_ns = n->starts_ns;
	a->at[ORD_ALERT_NOTIFIED] = *at;
	mon_tell_stage(m, a, "notified", at, detail, (uint64_t)at->hi);
}

/*
 * When Prometheus found it over, which it says itself and looks can only bound. The stamp is of its
 * clock; without that it is of no use, and neither is one after the notification.
 */
static void tell_end(struct ord_monitor *m, const struct mon_alert *a,
		     const struct mon_notice_alert *n, const struct mon_instant *at)
{
	const struct mon_poll *p = &m->poll[MON_PROMETHEUS];
	struct mon_stamp ends = {.late_ns = ORD_MS, .text = n->ends};
	struct mon_instant end;

	if (!p->server.clock.known || ord_parse_utc(n->ends, &ends.ns) || ends.ns < n->starts_ns)
		return;
	end = mon_instant_of(p, &ends, (uint64_t)at->lo, (uint64_t)at->hi);
	if (end.lo < at->lo)
		mon_tell_stage(m, a, "resolved", &end, NULL, (uint64_t)at->hi);
}

static void resolved(struct ord_monitor *m, struct mon_alert *a, const struct mon_notice_alert *n,
		     const struct mon_instant *at, json_t *detail)
{
	a->notified = false;
	tell_end(m, a, n, at);
	mon_tell_stage(m, a, "resolved-notified", at, detail, (uint64_t)at->hi);
}

static void take(struct mon_webhook *w, const struct mon_notice *n, uint64_t from_ns)
{
	struct ord_monitor *m = w->m;
	uint64_t now = ord_now_ns();
	struct mon_instant at = mon_between(from_ns, now);

	for (size_t i = 0; i < n->n; i++) {
		const struct mon_notice_alert *v = &n->v[i];
		struct mon_alert *a = mon_alert_of(m, MON_ALERTMANAGER, v->labels);
		json_t *detail;

		if (!a)
			continue;
		detail = json_pack("{s:s, s:s, s:s, s:s}", "startsAt", v->starts, "endsAt", v->ends,
				   "fingerprint", v->fingerprint, "receiver", n->receiver);
		if (!a->detail)
			a->detail = json_deep_copy(detail);
		if (v->firing)
			firing(m, a, v, &at, detail);
		else
			resolved(m, a, v, &at, detail);
	}
	if (n->truncated)
		mon_note(m, "a notification left out %lld alerts (max_alerts of the receiver)",
			 (long long)n->truncated);
	mon_judge(m, MON_ALERTMANAGER, from_ns, now);
}

/* The status of the answer. */
static unsigned read_body(struct mon_webhook *w, const struct incoming *in)
{
	struct mon_notice n;
	struct ord_err err = {0};

	if (in->too_long) {
		bad(w, "it is too long");
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	if (mon_notice_parse(in->body ? in->body : "", in->size, &n, &err)) {
		bad(w, err.msg);
		return MHD_HTTP_BAD_REQUEST;
	}
	take(w, &n, in->from_ns);
	mon_notice_done(&n);
	return MHD_HTTP_OK;
}

/* --- HTTP ------------------------------------------------------------------------------------ */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result done;

	if (!r)
		return MHD_NO;
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static void keep(struct incoming *in, const char *data, size_t n)
{
	char *body;

	if (in->too_long || in->size + n > MON_NOTICE_SIZE ||
	    !(body = realloc(in->body, in->size + n))) {
		in->too_long = true;
		return;
	}
	memcpy(body + in->size, data, n);
	in->body = body;
	in->size += n;
}

/* Called once for the head, once for every piece of the body, and once at its end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *n, void **state)
{
	struct incoming *in = *state;

	(void)url;
	(void)version;
	if (!in) {
		if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
			return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED);
		*state = in = calloc(1, sizeof *in);
		if (!in)
			return MHD_NO;
		in->from_ns = ord_now_ns();
		return MHD_YES;
	}
	if (*n) {
		keep(in, data, *n);
		*n = 0;
		return MHD_YES;
	}
	return answer(c, read_body(arg, in));
}

static void on_end(void *arg, struct MHD_Connection *c, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct incoming *in = *state;

	(void)arg;
	(void)c;
	(void)code;
	if (in)
		free(in->body);
	free(in);
	*state = NULL;
}

/* --- the socket ------------------------------------------------------------------------------ */

static int listen_unix(const char *path, struct mon_webhook *w, int *ret_fd, struct ord_err *err)
{
	if (ord_listen_unix(path, 0660, CONNECTIONS_MAX, ret_fd, err))
		return -1;
	(void)snprintf(w->path, sizeof w->path, "%s", path);
	return 0;
}

static int listen_port(const char *text, int *ret_fd, struct ord_err *err)
{
	struct ord_address address;

	if (ord_address_parse(text, &address, err))
		return -1;
	if (!address.loopback)
		return ord_fail(err, ORD_USAGE, "the webhook listens on loopback only, not on '%s'",
				text);
	if (ord_listen_port(&address, CONNECTIONS_MAX, ret_fd, err))
		return ord_wrap(err, "the webhook cannot listen on %s", text);
	return 0;
}

/* --- the loop -------------------------------------------------------------------------------- */

static void run(struct mon_webhook *w)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(w->daemon);
	if (MHD_get_timeout(w->daemon, &ms) != MHD_YES) {
		(void)sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(w->timer, ord_now_ns() / ORD_US + ms * 1000);
	(void)sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	run(arg);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	run(arg);
	return 0;
}

static int start(struct mon_webhook *w, int fd, struct ord_err *err)
{
	const union MHD_DaemonInfo *info;

	w->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, w, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
	if (!w->daemon) {
		(void)close(fd);
		return ord_fail(err, ORD_SYS, "libmicrohttpd does not start");
	}
	info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info ||
	    sd_event_add_io(w->m->loop, &w->io, info->epoll_fd, EPOLLIN, on_ready, w) < 0 ||
	    sd_event_add_time(w->m->loop, &w->timer, CLOCK_MONOTONIC, 0, 1, on_timer, w) < 0 ||
	    sd_event_source_set_enabled(w->timer, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "the webhook does not get onto the event loop");
	return 0;
}

int mon_webhook_open(struct ord_monitor *m, const char *where, struct mon_webhook **ret,
		     struct ord_err *err)
{
	struct mon_webhook *w = calloc(1, sizeof *w);
	int fd = -1;

	if (!w)
		return ord_fail_nomem(err);
	w->m = m;
	if ((strncmp(where, "unix:", 5) ? listen_port(where, &fd, err)
					: listen_unix(where + 5, w, &fd, err)) ||
	    start(w, fd, err)) {
		mon_webhook_close(w);
		return -1;
	}
	*ret = w;
	return 0;
}

void mon_webhook_close(struct mon_webhook *w)
{
	if (!w)
		return;
	(void)sd_event_source_disable_unref(w->io);
	(void)sd_event_source_disable_unref(w->timer);
	if (w->daemon)
		MHD_stop_daemon(w->daemon);
	if (*w->path)
		(void)unlink(w->path);
	free(w);
}
