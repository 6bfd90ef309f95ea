/*
 * The Kubernetes API client: one connection (HTTP/2, kept, gzip) to one API server, on libcurl's
 * multi interface. No global state but curl's. Everything has a deadline (CLOCK_MONOTONIC). 429,
 * Retry-After and 5xx are obeyed within it, where asking again is safe; a Status body becomes the
 * error's text.
 *
 * Two ways to use it: kube_call() waits; kube_start() does not, and kube_fd() becomes readable
 * when kube_drive() has something to do. Nothing may be shared across fork(): a child opens its
 * own from the same config. While one call waits, the callbacks of the others and of the watches
 * run. From a callback only what does not wait may be called: the ..._start functions,
 * kube_watch_open, kube_watch_close; what waits fails there.
 *
 * System calls, for a seccomp filter: socket, connect, bind, getsockname, getpeername, getsockopt,
 * setsockopt, sendto, sendmsg, recvfrom, recvmsg, read, write, writev, close, fcntl, ioctl
 * (FIONBIO), poll, ppoll, epoll_create1, epoll_ctl, epoll_wait, timerfd_create, timerfd_settime,
 * clock_gettime, getrandom, mmap, munmap, mprotect, madvise, brk, mremap, futex, rt_sigprocmask,
 * getpid. Kubeconfigs, tokens and certificates are read again when they change or are refused:
 * openat for reading, fstat, newfstatat, mlock. OpenSSL opens and reads files when the first
 * connection is made (its configuration; the machine's certificates where the config has none).
 * Where the server is given by name, libcurl looks it up in a thread: socketpair, clone3/clone,
 * set_robust_list, rseq, and what getaddrinfo(3) opens and asks (/etc/resolv.conf, /etc/hosts,
 * nsswitch, netlink sockets, sendmmsg, uname).
 *
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
#ifndef ORDEAL_KUBE_H_CLIENT
#define ORDEAL_KUBE_H_CLIENT

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kube/config.h"
#include "ordeal/err.h"
#include "ordeal/kube.h"

struct kube;

/* Opens nothing on the wire yet. config is borrowed. */
int kube_open(struct kube_config *config, struct kube **ret, struct ord_err *err);
/* Ends what is in flight without a word; NULL is fine. */
void kube_close(struct kube *k);
/* One descriptor (an epoll with curl's sockets and a timer) to poll for reading. */
int kube_fd(const struct kube *k);
/* Does what can be done without waiting; runs callbacks. */
void kube_drive(struct kube *k);
/* Called at least every 100 ms while a call waits (inj_beat); may be NULL. */
void kube_set_beat(struct kube *k, void (*beat)(void));
/* Drives until done(arg) says so (0) or the deadline (-1, ORD_SYS). */
int kube_run(struct kube *k, bool (*done)(void *arg), void *arg, uint64_t deadline_ns,
	     struct ord_err *err);
/* From any thread: what waits, now or later, fails within 100 ms. For ever. */
void kube_stop(struct kube *k);

struct kube_request {
	const char *method;	  /* "GET" */
	const char *path;	  /* "/api/v1/nodes/a?x=y", escaped */
	const char *content_type; /* of the body; NULL: application/json */
	const char *accept;	  /* NULL: application/json */
	const json_t *body;	  /* borrowed; NULL: none */
	uint64_t deadline_ns;
	bool once;   /* not asked again after a 5xx or a broken connection: asking twice could act
			twice. Else a second try may find that the first was heard (404, 409, 422) */
	bool no_429; /* a disruption budget's 429 is an answer, not a reason to wait */
};

/* What came back. status 0: nothing did (no connection, deadline). */
struct kube_answer {
	int status;
	char reason[64];		     /* of a Status: "NotFound", "Conflict"...; "" */
	json_t *body;			     /* owned by who gets it; NULL: none, or not JSON */
	uint64_t sent_ns, first_ns, done_ns; /* CLOCK_MONOTONIC */
	unsigned tries;
};
void kube_answer_done(struct kube_answer *a);

/* 0: a 2xx. -1: not; *ret is filled all the same (status, reason), and err says what the server
 * said. ret may be NULL. */
int kube_call(struct kube *k, const struct kube_request *req, struct kube_answer *ret,
	      struct ord_err *err);
/* The answer's body is the callee's to steal (set a->body to NULL); err is NULL for a 2xx. It may
 * start others, not close k. */
typedef void kube_done(void *arg, struct kube_answer *a, const struct ord_err *err);
/* The same without waiting. done is called once, from kube_drive (never from here), at the deadline
 * at the latest. */
int kube_start(struct kube *k, const struct kube_request *req, kube_done *done, void *arg,
	       struct ord_err *err);
/* Requests that were started and are not done. At most 64 are on the wire at a time, the others
 * queue. */
size_t kube_in_flight(const struct kube *k);

/*
 * The first word: calls have minutes, since servers go away for a while; a name or a port that was
 * mistyped should not take that long to be told. What the server answers is no matter, unless it
 * does not know who asks.
 */
int kube_greet(struct kube *k, const char *context, struct ord_err *err);

/* --- kinds and paths ------------------------------------------------------------------------ */

struct kube_kind {
	char api_version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND], plural[ORD_KUBE_KIND];
	bool namespaced;
};
/* Those that we know (core, apps, batch, policy, networking...) without asking, others by
 * discovery (kept). api_version "": the group's by the kind alone, where we know it. ORD_USAGE:
 * the server has no such kind. */
int kube_kind_find(struct kube *k, const char *api_version, const char *kind, uint64_t deadline_ns,
		   struct kube_kind *ret, struct ord_err *err);
#define KUBE_PATH 1024
/* "/apis/apps/v1/namespaces/NS/deployments/NAME/SUB": each part escaped; ns, name, sub may be NULL
 * or "". Returns out. */
char *kube_path(const struct kube_kind *kind, const char *ns, const char *name, const char *sub,
		char out[static KUBE_PATH]);

/* The member of an object that is a text; "": there is none. Borrowed. */
static inline const char *kube_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- verbs ---------------------------------------------------------------------------------- */

/* Owned in *ret. A NotFound is -1 with ret_status 404 (ret_status may be NULL in all of these). */
int kube_get(struct kube *k, const struct ord_object *o, uint64_t deadline_ns, json_t **ret,
	     int *ret_status, struct ord_err *err);
enum kube_patch { KUBE_PATCH_JSON, KUBE_PATCH_MERGE, KUBE_PATCH_STRATEGIC, KUBE_PATCH_APPLY };
/* As field manager "ordeal"; sub: "" or "scale", "status". A JSON patch whose `test` fails is 422.
 * dry_run: the server checks and changes nothing. */
int kube_patch(struct kube *k, const struct ord_object *o, const char *sub, enum kube_patch type,
	       const json_t *patch, bool dry_run, uint64_t deadline_ns, json_t **ret,
	       int *ret_status, struct ord_err *err);
/* In ns (NULL or "" where the kind has none), as field manager "ordeal". object is borrowed; what
 * the server made of it is owned in *ret, which may be NULL. 409: there is one of that name. */
int kube_create(struct kube *k, const struct kube_kind *kind, const char *ns, const json_t *object,
		uint64_t deadline_ns, json_t **ret, int *ret_status, struct ord_err *err);
/* With the UID as precondition (a re-created object is another: 409). grace_s < 0: the object's
 * own. */
int kube_delete(struct kube *k, const struct ord_object *o, int64_t grace_s, uint64_t deadline_ns,
		int *ret_status, struct ord_err *err);
/* 429 where a PodDisruptionBudget forbids it: err says which; it is not waited for. */
int kube_evict(struct kube *k, const struct ord_object *pod, int64_t grace_s, uint64_t deadline_ns,
	       int *ret_status, struct ord_err *err);
/* The same without waiting, for many at once (kube_start says how done is called). Of kinds that we
 * know. */
int kube_delete_start(struct kube *k, const struct ord_object *o, int64_t grace_s,
		      uint64_t deadline_ns, kube_done *done, void *arg, struct ord_err *err);
int kube_evict_start(struct kube *k, const struct ord_object *pod, int64_t grace_s,
		     uint64_t deadline_ns, kube_done *done, void *arg, struct ord_err *err);

/* A question for SelfSubjectAccessReview. */
struct kube_access {
	const char *group, *resource, *subresource, *verb, *ns, *name; /* "" or NULL: all, none */
};
int kube_may(struct kube *k, const struct kube_access *a, uint64_t deadline_ns, bool *ret_allowed,
	     struct ord_err *err);

/* --- coordination.k8s.io Leases ------------------------------------------------------------- */

/* Takes, or renews where it is ours; ORD_GUARD where another's has not run out (says whose, for
 * how long). */
int kube_lease_take(struct kube *k, const char *ns, const char *name, const char *holder,
		    uint32_t seconds, uint64_t deadline_ns, struct ord_err *err);
/* Deletes it if it is ours. */
int kube_lease_drop(struct kube *k, const char *ns, const char *name, const char *holder,
		    uint64_t deadline_ns, struct ord_err *err);

/* --- lists and watches ---------------------------------------------------------------------- */

struct kube_set {
	struct kube_kind kind;
	const char *ns;			       /* NULL: all namespaces */
	const char *selector, *field_selector; /* NULL: none */
	/* PartialObjectMetadata: wherever the selection needs no more. Lists come in protobuf then,
	 * a quarter of the server's work (ADR 0014); objects look the same. */
	bool metadata_only;
	bool managed;  /* keep metadata.managedFields; else they are left out unread */
	unsigned page; /* objects a page; 0: 2000 */
};

/*
 * Every object of the set once, decoded as the page arrives and thrown away after each() returns
 * (item is borrowed; it has its apiVersion and kind, whatever the server left out). A continue
 * token that expired is followed by the server's inconsistent one, or a new list, without telling
 * an object twice. each() != 0 ends the list with -1. ret_version: resourceVersion of the list, 64
 * bytes, may be NULL.
 */
int kube_list(struct kube *k, const struct kube_set *set,
	      int (*each)(void *arg, const json_t *item, struct ord_err *err), void *arg,
	      uint64_t deadline_ns, char *ret_version, struct ord_err *err);

enum kube_event {
	KUBE_ADDED,
	KUBE_MODIFIED,
	KUBE_DELETED, /* the last state that is known: after a new list its name and uid alone */
	KUBE_SYNCED,  /* everything that was there at the start has been told; object NULL. Once */
	KUBE_CUT,     /* the stream broke: what happens now is told late. object NULL; arrival_ns is
			 when the connection was last known to live */
	KUBE_RESUMED, /* ...and what was late has been told. object NULL */
};
struct kube_watch;
/*
 * Tells what is there (ADDED, then SYNCED), then every change, in order, each once: a stream that
 * breaks is taken up where it ended, after 410 by a new list whose differences alone are told (an
 * object that was made again under its old name may be told before the end of the first: compare
 * uids). Goes on for ever, with jittered pauses between attempts; who wants less closes it.
 * arrival_ns: CLOCK_MONOTONIC at which the last byte of the event was read. object is borrowed. The
 * callback may close the watch. on_error (may be NULL) hears of what will not heal by itself (403,
 * 404, 401, nonsense), with pauses in between; the watch goes on trying. It holds some 120 bytes an
 * object.
 */
int kube_watch_open(struct kube *k, const struct kube_set *set,
		    void (*on_event)(void *arg, enum kube_event e, const json_t *object,
				     uint64_t arrival_ns),
		    void (*on_error)(void *arg, const struct ord_err *err), void *arg,
		    struct kube_watch **ret, struct ord_err *err);
void kube_watch_close(struct kube_watch *w); /* NULL is fine */

/* --- the API server's clock ----------------------------------------------------------------- */

/* Its wall clock minus ours (CLOCK_REALTIME), from the Date headers of all answers so far, as an
 * interval; false before there is one. */
bool kube_clock_offset(const struct kube *k, int64_t *ret_lo_ns, int64_t *ret_hi_ns);

#endif
