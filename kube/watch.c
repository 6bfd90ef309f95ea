/*
 * A watch: a list, then the stream of what changed since. What was told is remembered by uid and
 * resourceVersion, so that after a new list the differences alone are told.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
#include "kube/watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

#define PAUSE_FIRST_NS (50 * ORD_MS)
#define PAUSE_MAX_NS   (5 * ORD_S)
#define ERROR_FIRST_NS ORD_S /* after what does not heal by itself */
#define ERROR_MAX_NS   (30 * ORD_S)
#define SHORT_NS       ORD_S /* a stream that ended sooner is one that failed */
#define STREAM_S       300   /* the server ends the stream after once to twice of it */
#define GARBLED_MAX    3
#define TOO_LARGE_MAX  5

/* --- the stream ------------------------------------------------------------------------------ */

static int on_stream_data(struct kube_io *io, const char *data, size_t size)
{
	struct kube_watch *w = io->arg;

	return kube_items_feed(&w->items, data, size, &io->err);
}

int kube_watch_feed(struct kube_watch *w, const char *data, size_t size, struct ord_err *err)
{
	return kube_items_feed(&w->items, data, size, err);
}

static void open_stream(void *arg)
{
	struct kube_watch *w = arg;
	char path[KUBE_URL_MAX], seconds[16];
	struct ord_err err;

	(void)snprintf(seconds, sizeof seconds, "%u",
		       STREAM_S + (unsigned)ord_rng_below(&w->k->rng, STREAM_S));
	free(w->io.path);
	w->io.path = NULL;
	kube_items_reset(&w->items);
	w->error_code = 0;
	if (!kube_set_path(&w->set, path, &err) && kube_query(path, sizeof path, "watch", "true") &&
	    kube_query(path, sizeof path, "allowWatchBookmarks", "true") &&
	    kube_query(path, sizeof path, "resourceVersion", w->version) &&
	    kube_query(path, sizeof path, "timeoutSeconds", seconds))
		w->io.path = strdup(path);
	if (w->io.path)
		kube_io_start(&w->io);
	else /* no memory; the length was tried when the watch was opened */
		kube_timer_set(w->k, &w->again, ord_now_ns() + PAUSE_MAX_NS);
}

static void open_again(struct kube_watch *w)
{
	uint64_t said = w->io.retry_after_ns, pause;

	pause = said ? said + ord_rng_below(&w->k->rng, said / 10 + 1)
		     : kube_backoff(w->k, w->fails, PAUSE_FIRST_NS, PAUSE_MAX_NS);
	w->fails++;
	kube_timer_set(w->k, &w->again, ord_now_ns() + pause);
}

static void say_error(struct kube_watch *w, const struct ord_err *err)
{
	if (w->on_error && !w->closed)
		w->on_error(w->arg, err);
}

/* Something that does not heal by itself: said, and tried again after longer and longer. */
static void complain(struct kube_watch *w, const struct ord_err *err)
{
	w->refreshed = false;
	kube_timer_set(w->k, &w->again,
		       ord_now_ns() +
			       kube_backoff(w->k, w->errors++, ERROR_FIRST_NS, ERROR_MAX_NS));
	say_error(w, err);
}

static void list_again(struct kube_watch *w)
{
	w->too_large = 0;
	kube_lister_start(&w->lister, 0);
}

static bool is_too_large(const json_t *body)
{
	const json_t *causes = json_object_get(json_object_get(body, "details"), "causes"), *cause;
	size_t i;

	json_array_foreach (causes, i, cause)
		if (!strcmp(kube_text(cause, "reason"), "ResourceVersionTooLarge"))
			return true;
	return false;
}

/* An answer that is no stream, or the ERROR event of one. */
static void on_refused(struct kube_watch *w, int status, const json_t *body)
{
	struct ord_err err = w->error;

	if (!w->error_code)
		(void)kube_status_fail(&err, status, body);
	kube_io_explain(&w->io, &err);
	if (!w->io.retry_after_ns)
		w->io.retry_after_ns = kube_status_retry(body);
	if (status == 410) {
		list_again(w);
	} else if (!w->refreshed && kube_io_renewed(&w->io)) {
		w->refreshed = true;
		open_again(w);
	} else if (is_too_large(body) && ++w->too_large >= TOO_LARGE_MAX) {
		list_again(
			w); /* the server knows less than we: it was put back to an older state */
	} else if (status == 429 || (status >= 500 && status <= 504)) {
		open_again(w);
	} else {
		complain(w, &err);
	}
}

static void on_broken(struct kube_watch *w)
{
	struct ord_err err;
	enum kube_io_end end = kube_io_end(&w->io);
	bool garbled = w->io.err.code == ORD_SYS && w->io.status == 200;

	(void)kube_io_fail(&w->io, &err);
	kube_io_explain(&w->io, &err);
	if (!w->refreshed && kube_io_renewed(&w->io)) {
		w->refreshed = true;
		open_again(w);
		return;
	}
	if (garbled ? ++w->garbled >= GARBLED_MAX : end == KUBE_IO_HOPELESS)
		complain(w, &err);
	else
		open_again(w);
}

static void on_stream_done(struct kube_io *io)
{
	ord_auto(json) json_t *body = NULL;
	struct kube_watch *w = io->arg;
	bool answered = io->code == CURLE_OK && io->err.code == ORD_OK && io->status;
	bool good = answered && io->status >= 200 && io->status < 300;

	if (w->closed)
		return;
	w->lived_ns = good ? io->done_ns : w->k->byte_ns;
	if (good && io->done_ns - io->first_ns >= SHORT_NS) {
		/* The server's own end: the next stream begins where this one ended. */
		if (!w->cut)
			kube_timer_set(w->k, &w->grace, io->done_ns + w->k->grace_ns);
		open_stream(w);
		return;
	}
	kube_watch_tell_cut(w);
	if (w->closed)
		return;
	if (w->error_code) {
		on_refused(w, w->error_code, NULL);
	} else if (answered && !good) {
		body = io->text_size ? json_loadb(io->text, io->text_size, JSON_ALLOW_NUL, NULL)
				     : NULL;
		on_refused(w, io->status, body);
	} else if (good) {
		open_again(w);
	} else {
		on_broken(w);
	}
}

/* --- the list -------------------------------------------------------------------------------- */

static void on_restart(void *arg)
{
	struct kube_watch *w = arg;

	if (!++w->round)
		w->round = 1;
}

static int on_item(void *arg, json_t *item, struct ord_err *err)
{
	struct kube_watch *w = arg;
	const json_t *meta = json_object_get(item, "metadata");
	const struct kube_entry *known;
	enum kube_event e = KUBE_MODIFIED;
	uint64_t version;
	uint8_t id[16];

	if (w->closed)
		return ord_fail(err, ORD_SYS, "the watch was closed");
	(void)kube_table_id(meta, id);
	(void)kube_table_version(kube_text(meta, "resourceVersion"), &version);
	known = kube_table_find(&w->table, id);
	if (known && known->version == version) {
		kube_table_find(&w->table, id)->round = w->round;
		return 0;
	}
	if (kube_watch_remember(w, meta, &e, err) < 0)
		return -1;
	kube_watch_tell(w, e, item, w->k->byte_ns);
	return 0;
}

/* One that is not in the new list. */
static void tell_gone(struct kube_watch *w, struct kube_entry *entry)
{
	ord_auto(json) json_t *object = NULL;
	const char *slash = strchr(entry->name, '/');
	char uid[37] = "", ns[ORD_KUBE_NS];

	(void)snprintf(ns, sizeof ns, "%.*s", (int)(slash - entry->name), entry->name);
	if (entry->uuid)
		kube_table_uid(entry->id, uid);
	object = json_pack("{s:s, s:s, s:{s:s, s:s}}", "apiVersion", w->set.kind.api_version,
			   "kind", w->set.kind.kind, "metadata", "name", slash + 1, "uid", uid);
	if (object && *ns)
		(void)json_object_set_new(json_object_get(object, "metadata"), "namespace",
					  json_string(ns));
	kube_table_remove(&w->table, entry);
	if (object)
		kube_watch_tell(w, KUBE_DELETED, object, ord_now_ns());
}

static void on_listed(void *arg, int status, const struct ord_err *err)
{
	struct kube_watch *w = arg;

	(void)status;
	if (w->closed)
		return;
	if (err) {
		const struct ord_err said = *err; /* the lister's, which begins anew */

		kube_lister_start(&w->lister,
				  kube_backoff(w->k, w->errors++, ERROR_FIRST_NS, ERROR_MAX_NS));
		say_error(w, &said);
		return;
	}
	/* Removing moves a later entry up to the same place. */
	for (size_t i = 0; i < w->table.room && !w->closed;)
		if (w->table.v[i].round && w->table.v[i].round != w->round)
			tell_gone(w, &w->table.v[i]);
		else
			i++;
	kube_watch_set_version(w, w->lister.version);
	w->fails = w->errors = 0;
	if (!w->synced) {
		w->synced = true;
		kube_watch_tell(w, KUBE_SYNCED, NULL, ord_now_ns());
	}
	if (!w->closed)
		open_stream(w);
}

/* --- opening and closing --------------------------------------------------------------------- */

static void release(struct kube_grave *g)
{
	struct kube_watch *w = KUBE_OF(struct kube_watch, grave, g);

	kube_lister_done(&w->lister);
	kube_items_reset(&w->items);
	kube_io_done(&w->io);
	kube_io_done(&w->head);
	kube_table_done(&w->table);
	kube_set_copy_done(&w->set);
	free(w);
}

static int set_up_head(struct kube_watch *w, struct ord_err *err)
{
	char path[KUBE_URL_MAX];

	if (kube_set_path(&w->set, path, err))
		return -1;
	if (strlen(path) > sizeof path - 256)
		return ord_fail(err, ORD_USAGE, "the selectors are too long");
	(void)kube_query(path, sizeof path, "limit", "1");
	kube_io_init(&w->head, w->k);
	w->head.method = "GET";
	w->head.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
			 "application/json";
	w->head.stream = true;
	w->head.on_done = kube_watch_on_head_done;
	w->head.arg = w;
	w->head.path = strdup(path);
	return w->head.path ? 0 : ord_fail_nomem(err);
}

static void set_up_stream(struct kube_watch *w)
{
	kube_io_init(&w->io, w->k);
	w->io.method = "GET";
	w->io.accept = kube_set_accept(&w->set, false);
	w->io.stream = true;
	w->io.on_head = kube_watch_on_stream_head;
	w->io.on_data = on_stream_data;
	w->io.on_done = on_stream_done;
	w->io.arg = w;
	w->items = (struct kube_items){.of = KUBE_ITEMS_WATCH,
				       .managed = w->set.managed,
				       .max = KUBE_BODY_MAX,
				       .each = kube_watch_on_document,
				       .arg = w};
	kube_lister_init(&w->lister, w->k, &w->set);
	w->lister.strict = true;
	w->lister.restart = on_restart;
	w->lister.each = on_item;
	w->lister.done = on_listed;
	w->lister.arg = w;
}

int kube_watch_open(struct kube *k, const struct kube_set *set,
		    void (*on_event)(void *arg, enum kube_event e, const json_t *object,
				     uint64_t arrival_ns),
		    void (*on_error)(void *arg, const struct ord_err *err), void *arg,
		    struct kube_watch **ret, struct ord_err *err)
{
	struct kube_watch *w = calloc(1, sizeof *w);

	if (!w)
		return ord_fail_nomem(err);
	w->k = k;
	w->on_event = on_event;
	w->on_error = on_error;
	w->arg = arg;
	w->round = 1;
	w->grave.release = release;
	kube_ring_init(&w->ring);
	kube_ring_init(&w->grave.ring);
	kube_timer_init(&w->again, open_stream, w);
	kube_timer_init(&w->grace, kube_watch_on_grace, w);
	kube_timer_init(&w->quiet, kube_watch_on_quiet, w);
	if (kube_set_copy(set, &w->set, err) || set_up_head(w, err)) {
		release(&w->grave);
		return -1;
	}
	set_up_stream(w);
	kube_ring_append(&k->watches, &w->ring);
	kube_lister_start(&w->lister, 0);
	*ret = w;
	return 0;
}

void kube_watch_close(struct kube_watch *w)
{
	if (!w || w->closed)
		return;
	w->closed = true;
	kube_ring_remove(&w->ring);
	kube_timer_stop(&w->again);
	kube_timer_stop(&w->grace);
	kube_timer_stop(&w->quiet);
	kube_lister_stop(&w->lister);
	kube_io_stop(&w->io);
	kube_io_stop(&w->head);
	if (w->k->depth)
		kube_ring_append(&w->k->grave, &w->grave.ring);
	else
		release(&w->grave);
}

void kube_watches_drop(struct kube *k)
{
	while (!kube_ring_empty(&k->watches))
		kube_watch_close(KUBE_OF(struct kube_watch, ring, k->watches.next));
}
