/*
 * Connections and their requests. What libmicrohttpd does not bound by itself is bound here: how
 * long a request may take to come, and an answer to be read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/serve/api/api.h"

#define SWEEP_US    1000000
#define DISCARD_MAX (1u << 20) /* of the body of a request that is refused already */

/* --- a request's body ------------------------------------------------------------------------- */

struct api_patience api_patience = {
	.idle_s = 30,
	.request_ns = 20 * ORD_S,
	.answer_ns = 60 * ORD_S,
	.beat_ns = 8 * ORD_S,
};

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

	/* Who might ask when the request began may not any more. */
	if (!q->answer.status && q->n_read != q->api->n_read)
		api_role_check(q);
	if (!q->answer.status && q->api->closing)
		api_problem(&q->answer, MHD_HTTP_SERVICE_UNAVAILABLE, "the daemon ends");
	if (!q->answer.status) {
		if (!strcmp(q->route->method, "GET") || !read_body(q, &err))
			q->route->serve(q, &q->answer);
		else
			api_failed(&q->answer, &err);
	}
	if (q->waits) {
		q->conn->until_ns = 0;
		MHD_suspend_connection(q->mhd);
		return MHD_YES;
	}
	q->conn->until_ns = q->answer.watcher ? 0 : ord_now_ns() + api_patience.answer_ns;
	return api_answer_send(q);
}

void api_wait(struct api_request *q)
{
	q->waits = true;
	q->conn->link->n_waits++;
}

void api_go_on(struct api_request *q)
{
	q->waits = false;
	q->conn->link->n_waits--;
	MHD_resume_connection(q->mhd);
	(void)sd_event_source_set_enabled(q->api->wake, SD_EVENT_ONESHOT);
}

/* --- libmicrohttpd's calls -------------------------------------------------------------------- */

void *api_on_target(void *arg, const char *raw, struct MHD_Connection *mhd)
{
	struct api_link *link = arg;
	struct api_request *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->api = link->api;
	q->mhd = mhd;
	q->n_read = q->api->n_read;
	q->target_good = api_target_parse(raw, &q->target, &q->target_why);
	return q;
}

enum MHD_Result api_on_request(void *arg, struct MHD_Connection *c, const char *url,
			       const char *method, const char *version, const char *data, size_t *n,
			       void **state)
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

void api_on_end(void *arg, struct MHD_Connection *c, void **state,
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
		q->conn->until_ns = ord_now_ns() + api_patience.request_ns;
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
	conn->until_ns = ord_now_ns() + api_patience.request_ns;
	if (link->is_unix)
		api_peer(conn->fd, &api->files->settings, &conn->peer);
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

void api_on_connection(void *arg, struct MHD_Connection *c, void **state,
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

/* --- time ------------------------------------------------------------------------------------ */

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
	api_links_reap(api);
	if (api->conns)
		(void)sd_event_source_set_time(source, now / ORD_US + SWEEP_US);
	else
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
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
	while (api->links)
		api_link_free(api->links);
	(void)sd_event_source_disable_unref(api->sweep);
}
