/* What a watch tells: each event once, and when it is cut, and when it is whole again. */
#include "kube/watcher.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

#define QUIET_NS (250 * ORD_MS) /* nothing for so long: what was late has come */

void kube_watch_tell(struct kube_watch *w, enum kube_event e, const json_t *object, uint64_t at_ns)
{
	if (!w->closed)
		w->on_event(w->arg, e, object, at_ns);
}

void kube_watch_set_version(struct kube_watch *w, const char *version)
{
	(void)snprintf(w->version, sizeof w->version, "%s", version);
	if (!kube_table_version(version, &w->version_n))
		w->opaque = true;
	w->numeric = !w->opaque;
}

/* --- cut and resumed ------------------------------------------------------------------------- */

void kube_watch_tell_cut(struct kube_watch *w)
{
	kube_timer_stop(&w->grace);
	kube_timer_stop(&w->quiet);
	kube_io_stop(&w->head);
	w->settling = false;
	if (!w->synced || w->cut)
		return;
	w->cut = true;
	kube_watch_tell(w, KUBE_CUT, NULL, w->lived_ns);
}

void kube_watch_on_grace(void *arg)
{
	kube_watch_tell_cut(arg);
}

static void tell_resumed(struct kube_watch *w)
{
	kube_timer_stop(&w->quiet);
	kube_io_stop(&w->head);
	w->settling = w->cut = false;
	kube_watch_tell(w, KUBE_RESUMED, NULL, ord_now_ns());
}

/* Nothing came for a while, and we know what the server had when the stream was open again, or
 * could not learn it. */
void kube_watch_on_quiet(void *arg)
{
	struct kube_watch *w = arg;

	if (w->items.depth) /* in the middle of an event */
		kube_timer_set(w->k, &w->quiet, ord_now_ns() + QUIET_NS);
	else
		tell_resumed(w);
}

static void settle(struct kube_watch *w)
{
	if (!w->settling || w->head.state != KUBE_IO_IDLE)
		return;
	if (w->head_known && w->numeric && w->version_n >= w->head_n)
		tell_resumed(w);
	else
		kube_timer_set(w->k, &w->quiet, ord_now_ns() + QUIET_NS);
}

void kube_watch_on_head_done(struct kube_io *io)
{
	ord_auto(json) json_t *list = NULL;
	struct kube_watch *w = io->arg;

	if (io->status == 200 && io->text_size)
		list = json_loadb(io->text, io->text_size, JSON_ALLOW_NUL, NULL);
	w->head_known = kube_table_version(
		kube_text(json_object_get(list, "metadata"), "resourceVersion"), &w->head_n);
	settle(w);
}

/* The stream is open. */
void kube_watch_on_stream_head(struct kube_io *io)
{
	struct kube_watch *w = io->arg;

	kube_timer_stop(&w->grace);
	w->refreshed = false;
	if (!w->cut || w->settling || w->closed)
		return;
	w->settling = true;
	w->head_known = false;
	kube_io_start(&w->head);
}

/* --- what the stream says -------------------------------------------------------------------- */

int kube_watch_remember(struct kube_watch *w, const json_t *meta, enum kube_event *e,
			struct ord_err *err)
{
	const char *ns = kube_text(meta, "namespace"), *name = kube_text(meta, "name");
	struct kube_entry *entry;
	uint8_t id[16];
	bool uuid = kube_table_id(meta, id);

	entry = kube_table_find(&w->table, id);
	if (*e == KUBE_DELETED) {
		if (!entry)
			return 1; /* it was never told, or its end was */
		kube_table_remove(&w->table, entry);
		return 0;
	}
	*e = entry ? KUBE_MODIFIED : KUBE_ADDED;
	if (!entry) {
		entry = kube_table_add(&w->table, id);
		if (!entry)
			return ord_fail_nomem(err);
		if (asprintf(&entry->name, "%s/%s", ns, name) < 0) {
			entry->name = NULL;
			return ord_fail_nomem(err);
		}
		entry->uuid = uuid;
	}
	entry->round = w->round;
	(void)kube_table_version(kube_text(meta, "resourceVersion"), &entry->version);
	return 0;
}

static int on_change(struct kube_watch *w, enum kube_event e, json_t *object, struct ord_err *err)
{
	const json_t *meta = json_object_get(object, "metadata");
	const char *version = kube_text(meta, "resourceVersion");
	uint64_t n;
	int rc;

	if (!*version)
		return ord_fail(err, ORD_SYS, "an event's object has no resourceVersion");
	if (kube_table_version(version, &n) && w->numeric && n <= w->version_n)
		return 0; /* told before */
	rc = kube_watch_remember(w, meta, &e, err);
	if (rc < 0)
		return -1;
	kube_watch_set_version(w, version);
	if (rc)
		return 0;
	kube_set_name(&w->set, object);
	kube_watch_tell(w, e, object, w->k->byte_ns);
	return 0;
}

static void on_bookmark(struct kube_watch *w, const char *version)
{
	uint64_t n;
	bool numeric = kube_table_version(version, &n);

	/* It never leads back. */
	if (*version && !(numeric && w->numeric && n < w->version_n))
		kube_watch_set_version(w, version);
}

static int on_error_event(struct kube_watch *w, const json_t *status, struct ord_err *err)
{
	w->error_code = (int)json_integer_value(json_object_get(status, "code"));
	if (!w->error_code)
		w->error_code = 500;
	(void)kube_status_fail(&w->error, w->error_code, status);
	*err = w->error;
	return -1;
}

int kube_watch_on_document(void *arg, const char *text, size_t size, struct ord_err *err)
{
	ord_auto(json) json_t *event = NULL;
	struct kube_watch *w = arg;
	json_t *object;
	const char *type;
	json_error_t e;

	if (w->closed)
		return ord_fail(err, ORD_SYS, "the watch was closed");
	event = json_loadb(text, size, JSON_ALLOW_NUL, &e);
	object = json_object_get(event, "object");
	type = kube_text(event, "type");
	if (!json_is_object(object))
		return ord_fail(err, ORD_SYS, "an event of the watch is none: %.100s", e.text);
	if (!strcmp(type, "ERROR"))
		return on_error_event(w, object, err);
	if (!strcmp(type, "BOOKMARK")) {
		on_bookmark(w, kube_text(json_object_get(object, "metadata"), "resourceVersion"));
	} else if (!strcmp(type, "ADDED") || !strcmp(type, "MODIFIED") ||
		   !strcmp(type, "DELETED")) {
		if (on_change(w, *type == 'D' ? KUBE_DELETED : KUBE_MODIFIED, object, err))
			return -1;
	} else {
		return ord_fail(err, ORD_SYS, "an event of the watch has the type '%.20s'", type);
	}
	w->fails = w->errors = w->garbled = w->too_large = 0;
	settle(w);
	return w->closed ? ord_fail(err, ORD_SYS, "the watch was closed") : 0;
}
