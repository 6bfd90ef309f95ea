/*
 * libmicrohttpd on the daemon's loop: its epoll is a source of ours, and it never has a thread.
 * What it does not bound by itself is bound here: how long a request may take to come, and an
 * answer to be read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "scheduler/serve/api/api.h"

#define HEAD_BYTES  16384	 /* of a connection's memory: request line, headers, what is sent */
#define IDLE_S	    30		 /* without a byte */
#define REQUEST_NS  (20 * ORD_S) /* from the connection, or the last answer, to the next request */
#define ANSWER_NS   (60 * ORD_S)
#define SWEEP_US    1000000
#define DISCARD_MAX (1u << 20) /* of the body of a request that is refused already */

/* --- a request's body ------------------------------------------------------------------------- */

static const struct ord_json_limits body_limits = {
	.size = API_BODY_MAX,
	.depth = 4,
};

static enum MHD_Result keep(struct api_request *q, const char *data, size_t n)
{
	char *body;

	q->sent += n;
	if (q->sent > API_BODY_MAX && !q->answer.status)
		api_problem(&q->answer, MHD_HTTP_CONTENT_TOO_LARGE,
			    "a body has at most %d bytes here", API_BODY_MAX);
	/* It is read nevertheless: who is cut off while he writes does not read what is wrong. */
	if (q->answer.status)
		return q->sent > DISCARD_MAX ? MHD_NO : MHD_YES;
	body = realloc(q->body, q->size + n);
	if (!body)
		return MHD_NO;
	memcpy(body + q->size, data, n);
	q->body = body;
	q->size += n;
	return MHD_YES;
}

/* An object with known keys; no body is one without any. */
static int read_body(struct api_request *q, struct ord_err *err)
{
	const char *keys[8];
	char words[8][32];
	size_t n = 0;

	if (!q->size) {
		q->json = json_object();
		return q->json ? 0 : ord_fail_nomem(err);
	}
	if (ord_json_parse(q->body, q->size, &body_limits, &q->json, err))
		return ord_wrap(err, "the body");
	for (const char *p = q->route->keys; *p && n < ORD_COUNT(keys); p += *p == '|') {
		size_t size = strcspn(p, "|");

		(void)snprintf(words[n], sizeof words[n], "%.*s", (int)size, p);
		keys[n] = words[n];
		n++;
		p += size;
	}
	return ord_json_keys(q->json, keys, n, err) ? ord_wrap(err, "the body") : 0;
}

static enum MHD_Result finish(struct api_request *q)
{
	struct ord_err err;

	if (!q->answer.status) {
		if (!strcmp(q->route->method, "GET") || !read_body(q, &err))
			q->route->serve(q, &q->answer);
		else
			api_failed(&q->answer, &err);
	}
	q->conn->until_ns = q->answer.watcher ? 0 : ord_now_ns() + ANSWER_NS;
	return api_answer_send(q);
}

/* --- libmicrohttpd's calls -------------------------------------------------------------------- */

static void *on_target(void *arg, const char *raw, struct MHD_Connection *mhd)
{
	struct api_link *link = arg;
	struct api_request *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->api = link->api;
	q->mhd = mhd;
	q->target_good = api_target_parse(raw, &q->target, &q->target_why);
	return q;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *n, void **state)
{
	struct api_request *q = *state;
	const union MHD_ConnectionInfo *info;

	(void)arg;
	(void)url;
	(void)version;
	if (!q)
		return MHD_NO;
	if (!q->begun) {
		info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
		q->conn = info ? info->socket_context : NULL;
		if (!q->conn)
			return MHD_NO;
		q->begun = true;
		api_head(q, method);
		/* Who asks whether to go on is told no. */
		return q->answer.status && api_header(q, MHD_HTTP_HEADER_EXPECT) ? finish(q)
										 : MHD_YES;
	}
	if (*n) {
		enum MHD_Result r = keep(q, data, *n);

		*n = 0;
		return r;
	}
	return finish(q);
}

static void on_end(void *arg, struct MHD_Connection *c, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct api_request *q = *state;

	(void)arg;
	(void)c;
	(void)code;
	*state = NULL;
	if (!q)
		return;
	if (q->conn)
		q->conn->until_ns = ord_now_ns() + REQUEST_NS;
	api_answer_done(&q->answer);
	json_decref(q->json);
	free(q->body);
	free(q);
}

static struct api_conn *conn_new(struct api_link *link, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct api_conn *conn = info ? calloc(1, sizeof *conn) : NULL;
	struct ord_api *api = link->api;

	if (!conn)
		return NULL;
	conn->link = link;
	conn->fd = info->connect_fd;
	conn->until_ns = ord_now_ns() + REQUEST_NS;
	if (link->is_unix)
		api_peer(conn->fd, &api->settings, &conn->peer);
	conn->at = &api->conns;
	conn->next = api->conns;
	if (conn->next)
		conn->next->at = &conn->next;
	else
		(void)sd_event_source_set_time(api->sweep, ord_now_ns() / ORD_US + SWEEP_US);
	api->conns = conn;
	api->metrics.connections++;
	(void)sd_event_source_set_enabled(api->sweep, SD_EVENT_ON);
	return conn;
}

static void on_connection(void *arg, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	struct api_conn *conn = *state;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*state = conn_new(arg, c);
		return;
	}
	*state = NULL;
	if (!conn)
		return;
	*conn->at = conn->next;
	if (conn->next)
		conn->next->at = conn->at;
	free(conn);
}

/* --- the loop --------------------------------------------------------------------------------- */

void api_link_run(struct api_link *link)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(link->daemon);
	if (MHD_get_timeout(link->daemon, &ms) != MHD_YES) {
		(void)sd_event_source_set_enabled(link->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(link->timer, ord_now_ns() / ORD_US + ms * 1000);
	(void)sd_event_source_set_enabled(link->timer, SD_EVENT_ONESHOT);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	api_link_run(arg);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	api_link_run(arg);
	return 0;
}

/* Whoever took too long: libmicrohttpd finds the end of file and does the rest. */
static int on_sweep(sd_event_source *source, uint64_t usec, void *arg)
{
	struct ord_api *api = arg;
	uint64_t now = ord_now_ns();

	(void)usec;
	for (struct api_conn *c = api->conns; c; c = c->next)
		if (c->until_ns && c->until_ns <= now) {
			c->until_ns = 0;
			(void)shutdown(c->fd, SHUT_RDWR);
		}
	if (api->conns)
		(void)sd_event_source_set_time(source, now / ORD_US + SWEEP_US);
	else
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static struct MHD_Daemon *start(struct api_link *link, int fd, const char *cert, const char *key)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (link->tls ? MHD_USE_TLS : 0u);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
		{MHD_OPTION_END, 0, NULL},
	};

	if (!link->tls)
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, link, MHD_OPTION_LISTEN_SOCKET,
				fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, link,
				MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, link,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)API_CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_ARRAY,
				tls, MHD_OPTION_END);
}

static int read_pem(const char *path, char **ret, struct ord_err *err)
{
	return ord_file_read(path, 1 << 20, ret, NULL, err);
}

int api_link_open(struct ord_api *api, int fd, bool is_unix, struct api_link *ret,
		  struct ord_err *err)
{
	const struct api_settings *s = &api->settings;
	ord_autofree char *cert = NULL, *key = NULL;
	const union MHD_DaemonInfo *info;

	ret->api = api;
	ret->is_unix = is_unix;
	ret->tls = !is_unix && s->tls_cert;
	if (ret->tls && (read_pem(s->tls_cert, &cert, err) || read_pem(s->tls_key, &key, err))) {
		ord_close(&fd);
		return -1;
	}
	ret->daemon = start(ret, fd, cert, key);
	if (key)
		explicit_bzero(key, strlen(key));
	if (!ret->daemon) {
		ord_close(&fd);
		return ord_fail(err, ret->tls ? ORD_USAGE : ORD_SYS, "%s",
				ret->tls ? "TLS does not start with that certificate and key"
					 : "libmicrohttpd does not start");
	}
	info = MHD_get_daemon_info(ret->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info ||
	    sd_event_add_io(api->loop, &ret->io, info->epoll_fd, EPOLLIN, on_ready, ret) < 0 ||
	    sd_event_add_time(api->loop, &ret->timer, CLOCK_MONOTONIC, 0, 1, on_timer, ret) < 0 ||
	    sd_event_source_set_enabled(ret->timer, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "the API does not get onto the event loop");
	return 0;
}

void api_link_close(struct api_link *link)
{
	(void)sd_event_source_disable_unref(link->io);
	(void)sd_event_source_disable_unref(link->timer);
	if (link->daemon)
		MHD_stop_daemon(link->daemon);
	if (*link->path)
		(void)unlink(link->path);
	*link = (struct api_link){0};
}

int api_server_open(struct ord_api *api, struct ord_err *err)
{
	if (sd_event_add_time(api->loop, &api->sweep, CLOCK_MONOTONIC, 0, SWEEP_US / 2, on_sweep,
			      api) < 0 ||
	    sd_event_source_set_enabled(api->sweep, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "the API does not get onto the event loop");
	return 0;
}

void api_server_close(struct ord_api *api)
{
	for (size_t i = 0; i < api->n_links; i++)
		api_link_close(&api->links[i]);
	(void)sd_event_source_disable_unref(api->sweep);
}
