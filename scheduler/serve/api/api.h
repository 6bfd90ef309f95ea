/* The inside of the API: listeners, connections, requests and what answers them. */
#ifndef ORDEAL_SERVE_API_API_H
#define ORDEAL_SERVE_API_API_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "ordeal/api.h"
#include "scheduler/serve/api/metrics.h"
#include "scheduler/serve/api/ring.h"
#include "scheduler/serve/api/settings.h"
#include "scheduler/serve/api/target.h"
#include "scheduler/serve/api/who.h"

#define API_CONNECTIONS_MAX 768 /* of one listener */
#define API_WATCHERS_MAX    512
#define API_BODY_MAX	    65536

struct api_hooks;

/* A socket that is listened on, and libmicrohttpd behind it. */
struct api_link {
	struct ord_api *api;
	struct MHD_Daemon *daemon;
	sd_event_source *io, *timer;
	bool is_unix, tls;
	char path[108]; /* that is removed at the end; "": none */
};

/* A connection, from its first moment. */
struct api_conn {
	struct api_conn *next, **at;
	struct api_link *link;
	int fd;
	uint64_t until_ns;   /* CLOCK_MONOTONIC: it is cut off then, 0: not */
	struct api_who peer; /* unix */
};

struct api_watcher;

struct ord_api {
	sd_event *loop;
	struct ord_serve *serve;
	char *history, *runs; /* owned; NULL: none */
	struct api_settings settings;
	struct api_tokens tokens;
	struct api_link links[2];
	size_t n_links;
	struct api_conn *conns;
	sd_event_source *sweep, *beat, *wake;
	struct api_ring *ring;
	struct api_watcher *watchers;
	size_t n_watchers;
	struct api_metrics metrics;
	struct api_hooks *hooks;
	void (*log)(void *arg, const char *line);
	void *log_arg;
};

/* One answer. A `problem` has its text in the body already. */
struct api_answer {
	unsigned status;
	const char *type;   /* of the body; static */
	const char *policy; /* Content-Security-Policy; NULL: nothing may be loaded */
	char *body;	    /* owned */
	const void *file;   /* instead of it: static */
	int fd;		    /* or a file; 0: none */
	size_t size;
	char etag[72];	   /* "": it must not be kept */
	const char *allow; /* 405 */
	char own_policy[384];
	char cookie[API_COOKIE_MAX + 96]; /* Set-Cookie; "": none */
	struct api_watcher *watcher;	  /* the stream; owned */
};

struct api_route;

/* One request, from its first line to the end of its answer. */
struct api_request {
	struct ord_api *api;
	struct api_conn *conn;
	struct MHD_Connection *mhd;
	const struct api_route *route;
	const char *names[2]; /* {name}, {key}, ... of the route's path, in order */
	struct api_who who;
	json_t *json; /* owned; of a request that changes something: an object */
	char *body;   /* owned */
	size_t size, sent;
	bool begun;
	struct api_answer answer; /* status 0: none yet */
	bool target_good;
	const char *target_why;
	struct api_target target;
};

struct api_route {
	const char *method;
	const char *path; /* "/v1/schedules/{name}/run", as the OpenAPI file has it */
	enum api_role role;
	const char *args; /* "from|to|max" */
	const char *keys; /* of the body: the same */
	void (*serve)(struct api_request *q, struct api_answer *a);
};

extern const struct api_route api_routes[];
extern const size_t api_n_routes;

/* answer.c */
void api_text(struct api_answer *a, const char *type, char *body, size_t size); /* takes body */
void api_json(struct api_answer *a, unsigned status, json_t *json); /* takes it; NULL: 503 */
void api_problem(struct api_answer *a, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void api_failed(struct api_answer *a, const struct ord_err *err);
void api_answer_done(struct api_answer *a);
enum MHD_Result api_answer_send(struct api_request *q);
/* A line for the log. */
void api_log(const struct ord_api *api, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* head.c: all that can be said before the body. A refusal is in q->answer. */
void api_head(struct api_request *q, const char *method);
const char *api_header(const struct api_request *q, const char *name);

/* peer.c: who is at the other end of a unix socket. */
void api_peer(int fd, const struct api_settings *settings, struct api_who *ret);

/* server.c */
int api_link_open(struct ord_api *api, int fd, bool is_unix, struct api_link *ret,
		  struct ord_err *err);
void api_link_close(struct api_link *link);
void api_link_run(struct api_link *link);
int api_server_open(struct ord_api *api, struct ord_err *err);
void api_server_close(struct ord_api *api);

/* sockets.c: opens all that is asked for. */
int api_sockets_open(struct ord_api *api, const struct ord_api_options *o, struct ord_err *err);

/* events.c */
int api_events_open(struct ord_api *api, struct ord_err *err);
void api_events_close(struct ord_api *api);
void api_event(struct ord_api *api, const char *type, const json_t *data);
void api_events(struct api_request *q, struct api_answer *a);
struct MHD_Response *api_stream(struct api_watcher *w);
void api_watcher_free(struct api_watcher *w);

/* hidden.c */
json_t *api_veiled(const json_t *data);

#endif
