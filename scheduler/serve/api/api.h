/* The inside of the API: listeners, connections, requests and what answers them. */
#ifndef ORDEAL_SERVE_API_API_H
#define ORDEAL_SERVE_API_API_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/listen.h"
#include "ordeal/api.h"
#include "scheduler/serve/api/metrics.h"
#include "scheduler/serve/api/ring.h"
#include "scheduler/serve/api/settings.h"
#include "scheduler/serve/api/target.h"
#include "scheduler/serve/api/who.h"

#define API_CONNECTIONS_MAX 768 /* of one listener */
#define API_WATCHERS_MAX    512
#define API_BODY_MAX	    65536

struct api_aside;
struct api_hooks;
struct ord_days;

/* How long somebody is waited for; tests wait less. */
struct api_patience {
	unsigned idle_s;     /* for a byte */
	uint64_t request_ns; /* from the connection, or the last answer, to the next request */
	uint64_t answer_ns;  /* until it is read */
	uint64_t beat_ns;    /* between two signs of life in a stream */
};
extern struct api_patience api_patience;

/* What TLS is done with; NULL: it is not. Owned. */
struct api_tls {
	char *cert, *key;
};

/* A socket that is listened on, and libmicrohttpd behind it. */
struct api_link {
	struct api_link *next, **at;
	struct ord_api *api;
	struct MHD_Daemon *daemon;
	sd_event_source *io, *timer;
	int fd; /* libmicrohttpd's; -1: it listens no more */
	bool is_unix, tls;
	bool leaving;	/* another took its place */
	size_t n_waits; /* requests whose answers come later */
	char path[108]; /* that is removed at the end; "": none */
};

/* All that is read from files: it is taken over whole, or not at all. */
struct api_files {
	struct api_settings settings;
	struct api_tokens tokens;
	struct api_tls tls;
	struct ord_address address; /* of the port, where the settings have one */
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
	struct ord_api_options options; /* borrowed texts */
	const char *state;		/* borrowed; NULL: nothing outlives it */
	struct api_files *files;	/* owned */
	unsigned n_read;		/* how often they were taken over */
	int64_t read_ns;		/* when they were last; since 1970 */
	char complaint[512];		/* why newer ones were not; "": they were */
	struct api_link *links;		/* owned */
	struct api_link *local, *port;	/* of these: unix, TCP; NULL: none */
	int given[2];			/* sockets that others opened: TCP, unix; -1: none */
	bool any_given;
	struct api_conn *conns;
	sd_event_source *sweep, *beat, *wake;
	struct api_ring *ring;
	struct api_watcher *watchers;
	size_t n_watchers;
	struct api_metrics metrics;
	struct api_hooks *hooks;
	struct api_aside *aside; /* what asks the history */
	bool closing;		 /* who asks now is told so */
	struct ord_days *days;	 /* on the sessions of game days */
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
	bool close;	   /* the connection ends with it */
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
	bool begun, waits;	  /* waits: its answer comes later */
	unsigned n_read;	  /* when it began */
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
void api_role_check(struct api_request *q);
const char *api_header(const struct api_request *q, const char *name);

/* peer.c: who is at the other end of a unix socket. */
void api_peer(int fd, const struct api_settings *settings, struct api_who *ret);

/* server.c */
void *api_on_target(void *arg, const char *raw, struct MHD_Connection *mhd);
enum MHD_Result api_on_request(void *arg, struct MHD_Connection *c, const char *url,
			       const char *method, const char *version, const char *data, size_t *n,
			       void **state);
void api_on_end(void *arg, struct MHD_Connection *c, void **state,
		enum MHD_RequestTerminationCode code);
void api_on_connection(void *arg, struct MHD_Connection *c, void **state,
		       enum MHD_ConnectionNotificationCode code);
int api_server_open(struct ord_api *api, struct ord_err *err);
void api_server_close(struct ord_api *api);

/* The handler has no answer yet; it is suspended until api_go_on(). */
void api_wait(struct api_request *q);
void api_go_on(struct api_request *q);

/* link.c */
/* fd is taken in any case. tls: NULL for a unix socket. *ret is the API's. */
int api_link_open(struct ord_api *api, int fd, const struct api_tls *tls, struct api_link **ret,
		  struct ord_err *err);
void api_link_free(struct api_link *link);
void api_link_run(struct api_link *link);
/* Accepts nobody any more; api_links_reap() frees it when nobody is connected. */
void api_link_leave(struct api_link *link);
void api_links_reap(struct ord_api *api);

/* sockets.c: what others have opened, and then all that is asked for. */
int api_sockets_given(struct ord_api *api, struct ord_err *err);
int api_sockets_open(struct ord_api *api, struct ord_err *err);
/* The port as these files want it: the one that there is, a new one, or none (NULL). */
int api_port_open(struct ord_api *api, const struct api_files *files, struct api_link **ret,
		  struct ord_err *err);
/* Who may knock at the unix socket: the kernel says who does. */
mode_t api_socket_mode(const struct api_settings *settings);

/* reload.c */
int api_files_read(const struct ord_api *api, struct api_files **ret, struct ord_err *err);
void api_files_free(struct api_files *f); /* NULL is fine */

/* events.c */
int api_events_open(struct ord_api *api, struct ord_err *err);
void api_events_close(struct ord_api *api);
void api_event(struct ord_api *api, const char *type, const json_t *data);
/* For operators, and for those below them; NULL: they are not told. */
void api_event_to(struct ord_api *api, const char *type, const json_t *all, const json_t *below);
void api_events(struct api_request *q, struct api_answer *a);
struct MHD_Response *api_stream(struct api_watcher *w);
void api_watcher_free(struct api_watcher *w);
/* All of a listener. */
void api_watchers_end(struct ord_api *api, const struct api_link *link);
/* Ends those who may not watch any more when these are taken over, and moves the others to them. */
void api_watchers_check(struct ord_api *api, const struct api_files *files);

/* hidden.c */
json_t *api_veiled(const json_t *data);

#endif
