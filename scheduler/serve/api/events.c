/*
 * Events as they happen (server-sent events). A watcher who has read all is suspended, and all of
 * them go on when something happens; he holds a place in the ring, and of its texts at most the
 * rest of one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/serve/api/api.h"
#include "scheduler/serve/api/hooks.h"

#define CHUNK 8192

struct api_watcher {
	struct api_watcher *next, **at;
	struct ord_api *api;
	struct api_conn *conn;
	struct MHD_Connection *mhd;
	uint64_t place;	   /* the id that he gets next */
	uint64_t moved_ns; /* he took something last */
	uint32_t types;
	size_t token;	 /* his, as of api_who; 0: none */
	int64_t until_s; /* his session's */
	enum api_role role;
	bool below; /* it sees what those below operators do */
	bool suspended, over;
	char *rest; /* owned: of what was begun */
	size_t rest_size, rest_at;
};

/* --- what a watcher reads --------------------------------------------------------------------- */

static bool keep_rest(struct api_watcher *w, const char *text, size_t n)
{
	w->rest = malloc(n);
	if (!w->rest)
		return false;
	memcpy(w->rest, text, n);
	w->rest_size = n;
	w->rest_at = 0;
	return true;
}

static size_t take_rest(struct api_watcher *w, char *out, size_t max)
{
	size_t n = w->rest_size - w->rest_at;

	n = n < max ? n : max;
	memcpy(out, w->rest + w->rest_at, n);
	w->rest_at += n;
	if (w->rest_at == w->rest_size) {
		free(w->rest);
		w->rest = NULL;
	}
	return n;
}

/* What was begun is at its end: nothing else stands in `rest`. */
static void tell_dropped(struct api_watcher *w)
{
	char text[160];
	int n = snprintf(text, sizeof text,
			 "event: dropped\ndata: {\"missed\":%llu,\"why\":\"read too slowly\"}\n\n",
			 (unsigned long long)(api_ring_first(w->api->ring) - w->place));

	w->over = true;
	w->api->metrics.watchers_dropped++;
	(void)keep_rest(w, text, (size_t)n);
}

/* As much of the next event as there is room for. */
static size_t take_event(struct api_watcher *w, char *out, size_t max)
{
	struct api_event e = api_ring_get(w->api->ring, w->place++);
	const char *text = w->below ? e.below : e.text;
	size_t size = w->below ? e.below_size : e.size;
	size_t n = size < max ? size : max;

	if (!(e.type & w->types))
		return 0;
	memcpy(out, text, n);
	if (n < size && !keep_rest(w, text + n, size - n))
		w->over = true;
	return n;
}

static ssize_t on_read(void *arg, uint64_t at, char *out, size_t max)
{
	struct api_watcher *w = arg;
	size_t n = 0;

	(void)at;
	while (n < max) {
		if (w->rest)
			n += take_rest(w, out + n, max - n);
		else if (w->over)
			break;
		else if (w->place < api_ring_first(w->api->ring))
			tell_dropped(w);
		else if (w->place < api_ring_next(w->api->ring))
			n += take_event(w, out + n, max - n);
		else
			break;
	}
	if (n) {
		w->moved_ns = ord_now_ns();
		return (ssize_t)n;
	}
	if (w->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	w->suspended = true;
	MHD_suspend_connection(w->mhd);
	return 0;
}

static void on_free(void *arg)
{
	api_watcher_free(arg);
}

struct MHD_Response *api_stream(struct api_watcher *w)
{
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CHUNK, on_read, w, on_free);
}

void api_watcher_free(struct api_watcher *w)
{
	if (!w)
		return;
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	w->api->n_watchers--;
	free(w->rest);
	free(w);
}

/* --- a new one -------------------------------------------------------------------------------- */

static uint32_t types_of(const char *list)
{
	uint32_t types = 0;
	char type[API_TYPE_MAX];

	for (const char *p = list; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");

		(void)snprintf(type, sizeof type, "%.*s", (int)n, p);
		types |= api_ring_type(type);
		p += n;
	}
	return types;
}

/* Where he begins, and what he is told first. */
static bool begin(struct api_watcher *w, const char *last)
{
	const char *reset = "event: reset\ndata: {}\n\n";
	char text[80];
	int n;

	w->place = api_ring_next(w->api->ring);
	if (!last || !*last || api_ring_after(w->api->ring, last, &w->place))
		reset = "";
	n = snprintf(text, sizeof text, "retry: 2000\n: ordeal\n\n%s", reset);
	return keep_rest(w, text, (size_t)n);
}

void api_events(struct api_request *q, struct api_answer *a)
{
	const char *types = api_target_arg(&q->target, "types");
	const char *view = api_target_arg(&q->target, "view");
	struct ord_api *api = q->api;
	struct api_watcher *w;

	if (api->n_watchers >= API_WATCHERS_MAX) {
		api_problem(a, MHD_HTTP_TOO_MANY_REQUESTS, "%d watch already", API_WATCHERS_MAX);
		return;
	}
	w = calloc(1, sizeof *w);
	if (!w) {
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	w->api = api;
	w->conn = q->conn;
	w->mhd = q->mhd;
	w->types = types ? types_of(types) : UINT32_MAX;
	w->token = q->who.token;
	w->until_s = q->who.until_s;
	w->role = q->who.role;
	w->below = w->role < API_OPERATOR || (view && !strcmp(view, "responder"));
	w->moved_ns = ord_now_ns();
	w->at = &api->watchers;
	w->next = api->watchers;
	if (w->next)
		w->next->at = &w->next;
	api->watchers = w;
	api->n_watchers++;
	if (!begin(w, api_header(q, "Last-Event-ID"))) {
		api_watcher_free(w);
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	(void)MHD_set_connection_option(q->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	a->status = MHD_HTTP_OK;
	a->type = "text/event-stream";
	a->watcher = w;
}

/* --- what happens ----------------------------------------------------------------------------- */

static void go_on(struct ord_api *api)
{
	for (struct api_watcher *w = api->watchers; w; w = w->next)
		if (w->suspended) {
			w->suspended = false;
			MHD_resume_connection(w->mhd);
		}
	for (struct api_link *link = api->links; link; link = link->next)
		api_link_run(link);
}

/* Once for all that happened in one turn of the loop. */
static int on_wake(sd_event_source *source, void *arg)
{
	(void)source;
	go_on(arg);
	return 0;
}

void api_event(struct ord_api *api, const char *type, const json_t *data)
{
	ord_auto(json) json_t *veiled = api_veiled(data);

	api_event_to(api, type, data, veiled ? veiled : data);
}

/* Owned; NULL: it is too large, or there is no memory. */
static char *text_of(const json_t *data)
{
	return data ? json_dumps(data, JSON_COMPACT) : strdup("");
}

void api_event_to(struct ord_api *api, const char *type, const json_t *all, const json_t *below)
{
	ord_autofree char *text = text_of(all);
	ord_autofree char *less = below == all ? NULL : text_of(below);

	if (all)
		api_metrics_event(&api->metrics, type, all);
	if (!text || (below != all && !less) || !api_ring_put(api->ring, type, text, less))
		api_log(api, "an event of type %s is lost to watchers: too large", type);
	else if (api->watchers)
		(void)sd_event_source_set_enabled(api->wake, SD_EVENT_ONESHOT);
	/* Whoever reads what is posted there is none of the operators. */
	if (below)
		api_hooks_event(api->hooks, type, below);
}

/* --- who may not any more --------------------------------------------------------------------- */

/* What he has not read yet he does not get either. */
static void end(struct api_watcher *w)
{
	free(w->rest);
	w->rest = NULL;
	w->over = true;
	(void)sd_event_source_set_enabled(w->api->wake, SD_EVENT_ONESHOT);
}

void api_watchers_end(struct ord_api *api, const struct api_link *link)
{
	for (struct api_watcher *w = api->watchers; w; w = w->next) {
		if (w->conn->link != link)
			continue;
		end(w);
		(void)shutdown(w->conn->fd, SHUT_RDWR);
		if (w->suspended)
			MHD_resume_connection(w->mhd);
		w->suspended = false;
	}
}

void api_watchers_check(struct ord_api *api, const struct api_files *files)
{
	const struct api_tokens *now = &api->files->tokens, *then = &files->tokens;

	for (struct api_watcher *w = api->watchers; w; w = w->next) {
		enum api_role role = w->conn->peer.role;

		if (w->token) {
			const struct api_token *t = api_token_find(then, now->v[w->token - 1].text);

			w->token = t ? (size_t)(t - then->v) + 1 : 0;
			role = t ? t->role : API_NONE;
		}
		/* Who sees more or less than before comes again, and gets that. */
		if (role < API_VIEWER || (role < API_OPERATOR) != (w->role < API_OPERATOR))
			end(w);
	}
}

/* So that silence is told from a dead link, on both sides. */
static int on_beat(sd_event_source *source, uint64_t usec, void *arg)
{
	struct ord_api *api = arg;
	uint64_t now = ord_now_ns();

	for (struct api_watcher *w = api->watchers; w; w = w->next) {
		if (w->until_s <= (int64_t)(ord_wall_ns() / ORD_S)) {
			end(w);
		} else if (w->suspended && !w->rest) {
			(void)keep_rest(w, ": beat\n\n", 8);
		} else if (!w->suspended && now - w->moved_ns > api_patience.answer_ns) {
			api->metrics.watchers_dropped++;
			w->moved_ns = now;
			(void)shutdown(w->conn->fd, SHUT_RDWR);
		}
	}
	go_on(api);
	(void)sd_event_source_set_time(source, usec + api_patience.beat_ns / ORD_US);
	return 0;
}

int api_events_open(struct ord_api *api, struct ord_err *err)
{
	uint64_t now_us = ord_now_ns() / ORD_US, beat_us = api_patience.beat_ns / ORD_US;

	api->ring = api_ring_new(ord_wall_ns() / ORD_MS);
	if (!api->ring)
		return ord_fail_nomem(err);
	if (sd_event_add_time(api->loop, &api->beat, CLOCK_MONOTONIC, now_us + beat_us,
			      beat_us / 16, on_beat, api) < 0 ||
	    sd_event_source_set_enabled(api->beat, SD_EVENT_ON) < 0 ||
	    sd_event_add_defer(api->loop, &api->wake, on_wake, api) < 0 ||
	    sd_event_source_set_enabled(api->wake, SD_EVENT_OFF) < 0)
		return ord_fail(err, ORD_SYS, "the API does not get onto the event loop");
	return 0;
}

void api_events_close(struct ord_api *api)
{
	(void)sd_event_source_disable_unref(api->beat);
	(void)sd_event_source_disable_unref(api->wake);
	/* libmicrohttpd must not be stopped while somebody is suspended. */
	for (struct api_watcher *w = api->watchers; w; w = w->next)
		w->over = true;
	go_on(api);
}
