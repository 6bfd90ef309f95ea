/* A watch's inside: watch.c has its life, watch_told.c what it tells. Of these two alone. */
#ifndef ORDEAL_KUBE_WATCHER_H
#define ORDEAL_KUBE_WATCHER_H

#include "kube/lister.h"
#include "kube/table.h"

struct kube_watch {
	struct kube_grave grave;
	struct kube_ring ring;
	struct kube *k;
	struct kube_set_copy set;
	void (*on_event)(void *arg, enum kube_event e, const json_t *object, uint64_t arrival_ns);
	void (*on_error)(void *arg, const struct ord_err *err);
	void *arg;

	struct kube_lister lister;
	struct kube_table table;
	uint32_t round;

	struct kube_io io; /* the stream */
	struct kube_items items;
	struct kube_timer again, grace;
	char version[KUBE_VERSION_MAX]; /* up to which everything was told */
	uint64_t version_n;
	bool numeric; /* version_n can be compared... */
	bool opaque;  /* ...unless one was seen that is no number */
	bool synced, cut, closed, refreshed;
	int error_code; /* of an ERROR event; 0: none */
	struct ord_err error;
	unsigned fails, errors, garbled, too_large;
	uint64_t lived_ns; /* when the connection was last known to */

	/* After a cut: is all that was late told? */
	struct kube_io head;
	struct kube_timer quiet;
	bool settling, head_known;
	uint64_t head_n;
};

/* watch_told.c */
void kube_watch_tell(struct kube_watch *w, enum kube_event e, const json_t *object, uint64_t at_ns);
/* Nothing, unless it was whole. */
void kube_watch_tell_cut(struct kube_watch *w);
void kube_watch_set_version(struct kube_watch *w, const char *version);
/* Keeps what an object is told as: *e becomes ADDED or MODIFIED. 1: a DELETED that was never told.
 */
int kube_watch_remember(struct kube_watch *w, const json_t *meta, enum kube_event *e,
			struct ord_err *err);
/* Callbacks: of the stream's items, of its head, of the timers, and of the question what the server
 * had. */
int kube_watch_on_document(void *arg, const char *text, size_t size, struct ord_err *err);
void kube_watch_on_stream_head(struct kube_io *io);
void kube_watch_on_grace(void *arg);
void kube_watch_on_quiet(void *arg);
void kube_watch_on_head_done(struct kube_io *io);

#endif
