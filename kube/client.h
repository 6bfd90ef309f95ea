/*
 * The client's inside: one exchange with the server (an io), timers, and the rings that hold them.
 * kube.h is what others see.
 */
#ifndef ORDEAL_KUBE_CLIENT_H
#define ORDEAL_KUBE_CLIENT_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "kube/kube.h"

#define KUBE_BODY_MAX	(8u << 20) /* one object, or an answer that is kept whole */
#define KUBE_STATUS_MAX (64u << 10)
#define KUBE_URL_MAX	8192
#define KUBE_RETRY_S	3600 /* Retry-After, at most */
#define KUBE_WIRE_MAX	64   /* calls at the same time; an API server allows 100 streams */

/* --- rings: intrusive lists; an element that is in none points to itself ------------------------
 */

struct kube_ring {
	struct kube_ring *prev, *next;
};

static inline void kube_ring_init(struct kube_ring *r)
{
	r->prev = r->next = r;
}

static inline bool kube_ring_empty(const struct kube_ring *r)
{
	return r->next == r;
}

static inline void kube_ring_remove(struct kube_ring *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
	kube_ring_init(r);
}

static inline void kube_ring_append(struct kube_ring *head, struct kube_ring *r)
{
	kube_ring_remove(r);
	r->prev = head->prev;
	r->next = head;
	head->prev->next = r;
	head->prev = r;
}

#define KUBE_OF(type, member, ptr) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* --- timers -------------------------------------------------------------------------------------
 */

struct kube_timer {
	struct kube_ring ring;
	uint64_t due_ns; /* CLOCK_MONOTONIC */
	void (*fire)(void *arg);
	void *arg;
};

void kube_timer_init(struct kube_timer *t, void (*fire)(void *arg), void *arg);
void kube_timer_set(struct kube *k, struct kube_timer *t, uint64_t due_ns);
void kube_timer_stop(struct kube_timer *t);
/* For kube_drive: those that are due (true: there were some), and the descriptor set to the next.
 */
bool kube_timers_fire(struct kube *k);
void kube_timers_arm(struct kube *k);

/* --- exchanges ----------------------------------------------------------------------------------
 */

enum kube_io_state { KUBE_IO_IDLE, KUBE_IO_QUEUED, KUBE_IO_WIRED };

enum kube_io_end {
	KUBE_IO_OK,	  /* an answer came, whatever it says */
	KUBE_IO_UNSENT,	  /* no connection: asking again is always safe */
	KUBE_IO_CUT,	  /* it ended on the way: the server may have done it */
	KUBE_IO_HOPELESS, /* asking again gives the same (a certificate that is not trusted) */
};

/* One request and its answer. Its owner fills the first part, and may use it again when it is done.
 */
struct kube_io {
	const char *method, *content_type, *accept; /* borrowed; the last two may be NULL */
	char *path;				    /* owned: path and query, escaped */
	char *body;				    /* owned, may be NULL */
	bool stream; /* a watch: goes on for ever, takes no place among the calls */
	/* Bytes of a 2xx as they come; non-zero: enough. NULL: kept in text. */
	int (*on_data)(struct kube_io *io, const char *data, size_t size);
	void (*on_head)(struct kube_io *io); /* of a 2xx: the first byte of its body may be far. May
						be NULL */
	void (*on_done)(struct kube_io *io); /* from kube_drive; may start or free it */
	void *arg;

	/* The answer. status 0: none. */
	int status;
	int proxy_status; /* of a proxy's answer to CONNECT; 0: none */
	CURLcode code;
	struct ord_err err; /* code not ORD_OK: it failed here, not on the way */
	char error[CURL_ERROR_SIZE];
	char *text; /* owned; NUL-terminated */
	size_t text_size, text_room;
	uint64_t sent_ns, first_ns, done_ns;
	int64_t sent_wall_ns;
	uint64_t retry_after_ns; /* 0: nothing was said */
	unsigned credentials;	 /* the generation that it was sent with (config.h) */

	/* The transport's. */
	struct kube *k;
	struct kube_ring ring;
	enum kube_io_state state;
	bool stop, headed;
	bool protobuf; /* the answer's content type says so */
	bool sent;     /* some of the request may have reached the server */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
};

void kube_io_init(struct kube_io *io, struct kube *k);
/* Queues it; all else happens in kube_drive. */
void kube_io_start(struct kube_io *io);
/* Without a word; its memory must live until kube_drive returns. */
void kube_io_stop(struct kube_io *io);
/* Frees what it owns; stopped before. */
void kube_io_done(struct kube_io *io);
/* The whole connection is of no use: everything on the wire ends as broken. */
void kube_io_reset_all(struct kube *k);
enum kube_io_end kube_io_end(const struct kube_io *io);
/* For transport.c: onto the wire (-1: io->err says why not), and off it. */
int kube_io_wire(struct kube_io *io);
void kube_io_unwire(struct kube_io *io);
void kube_io_spare_drop(struct kube *k);
void kube_alive_watch(struct kube *k);
bool kube_alive_init(struct kube *k); /* false: out of memory */
/* There is something to do for kube_drive. */
void kube_wake(struct kube *k);
/* For kube_open and kube_close. */
int kube_multi_open(struct kube *k, struct ord_err *err);
void kube_bury(struct kube *k); /* watches that were closed from a callback */
void kube_calls_drop(struct kube *k);
void kube_watches_drop(struct kube *k);

/* --- the client ---------------------------------------------------------------------------------
 */

struct kube_seen {
	bool known;
	int64_t lo_ns, hi_ns;
	uint64_t at_ns;
};

struct kube {
	struct kube_config *config;
	char server[512];
	char host[256], host_port[300], port[16];
	bool loopback, https;
	CURLM *multi;
	int epfd, timerfd;
	uint64_t armed_ns;    /* what timerfd is set to, 0: off */
	uint64_t curl_due_ns; /* 0: none */
	unsigned depth;	      /* > 0: kube_drive is running */
	bool in_curl, sweep;
	atomic_bool stopped;
	void (*beat)(void);
	struct kube_ring timers, queue, wired, calls, watches, grave;
	unsigned n_wired; /* calls; streams are not counted */
	size_t n_calls;
	uint64_t byte_ns; /* when something last came */
	/* What it may take to open a watch's next stream before we say that we are cut. */
	uint64_t grace_ns;
	struct kube_timer alive;
	struct kube_io alive_io;
	bool asking;
	uint64_t asked_ns;
	struct kube_seen clock;
	struct ord_rng rng;
	CURL *spare[KUBE_WIRE_MAX];
	unsigned n_spare;
	struct kube_kind *kinds; /* discovered */
	size_t n_kinds;
};

/* A watch that was closed while kube_drive ran; freed at its end. */
struct kube_grave {
	struct kube_ring ring;
	void (*release)(struct kube_grave *g);
};

/* Uniform within [ns / 2, ns * 3 / 2). */
uint64_t kube_jitter(struct kube *k, uint64_t ns);
/* The n-th pause (from 0): first_ns doubled n times, at most max_ns, jittered. */
uint64_t kube_backoff(struct kube *k, unsigned n, uint64_t first_ns, uint64_t max_ns);

/* clock.c */
void kube_clock_seen(struct kube_seen *s, const char *date, int64_t sent_wall_ns,
		     int64_t first_wall_ns, uint64_t now_ns);

/* status.c: reads a Status (body may be NULL); raises what the server said. Always -1. */
int kube_status_fail(struct ord_err *err, int status, const json_t *body);
void kube_status_reason(const json_t *body, char out[static 64]);
/* Of a Status: details.retryAfterSeconds in ns, 0: none. */
uint64_t kube_status_retry(const json_t *body);
/* io_end.c: the server refused us, and there are other credentials now, or may be: ask again at
 * once, once. */
bool kube_io_renewed(const struct kube_io *io);
/* Where it refused us, adds to the error why a renewed kubeconfig does not help. */
void kube_io_explain(const struct kube_io *io, struct ord_err *err);
/* What went wrong with an exchange that got no answer. Always -1. */
int kube_io_fail(const struct kube_io *io, struct ord_err *err);

/* watch.c: bytes as its stream would bring them, without a server (tests). */
int kube_watch_feed(struct kube_watch *w, const char *data, size_t size, struct ord_err *err);

/* Of this uid and resourceVersion; what is not that any more is left, and is no failure. */
int kube_delete_version(struct kube *k, const struct ord_object *o, const char *uid,
			const char *version, uint64_t deadline_ns, struct ord_err *err);

/* kinds.c: append to a text of that size; false where it does not fit. */
bool kube_query(char *path, size_t size, const char *key, const char *value);
bool kube_escape(char *out, size_t size, const char *text);

#endif
