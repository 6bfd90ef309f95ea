/*
 * Lists: page by page, each decoded as it arrives. A page that breaks is asked for again. A
 * continue token that expired (410) comes with another, for the rest as it is now; who needs all of
 * one instant begins anew instead.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "kube/lister.h"
#include "kube/table.h"

#define PAGE	       2000
#define PAUSE_FIRST_NS (50 * ORD_MS)
#define PAUSE_MAX_NS   (5 * ORD_S)
#define GARBLED_MAX    3
#define OTHER_MAX      65536

/* --- sets ------------------------------------------------------------------------------------ */

static bool copy_text(const char *from, char **ret)
{
	*ret = from && *from ? strdup(from) : NULL;
	return *ret || !from || !*from;
}

int kube_set_copy(const struct kube_set *from, struct kube_set_copy *ret, struct ord_err *err)
{
	struct kube_set_copy s = {.kind = from->kind,
				  .metadata_only = from->metadata_only,
				  .managed = from->managed,
				  .page = from->page ? from->page : PAGE};

	if (!copy_text(from->ns, &s.ns) || !copy_text(from->selector, &s.selector) ||
	    !copy_text(from->field_selector, &s.field_selector)) {
		kube_set_copy_done(&s);
		return ord_fail_nomem(err);
	}
	*ret = s;
	return 0;
}

void kube_set_copy_done(struct kube_set_copy *s)
{
	free(s->ns);
	free(s->selector);
	free(s->field_selector);
	s->ns = s->selector = s->field_selector = NULL;
}

int kube_set_path(const struct kube_set_copy *s, char *path, struct ord_err *err)
{
	(void)kube_path(&s->kind, s->ns, NULL, NULL, path);
	if ((s->selector && !kube_query(path, KUBE_URL_MAX, "labelSelector", s->selector)) ||
	    (s->field_selector &&
	     !kube_query(path, KUBE_URL_MAX, "fieldSelector", s->field_selector)))
		return ord_fail(err, ORD_USAGE, "the selectors are too long");
	return 0;
}

#define PARTIAL(encoding, kind) "application/" encoding ";as=" kind ";g=meta.k8s.io;v=v1,"

/* Lists of metadata in protobuf where the server has it: some kinds (CustomResources) it has in
 * JSON alone. managedFields are read by nobody but who wants them as JSON. */
const char *kube_set_accept(const struct kube_set_copy *s, bool list)
{
	if (!s->metadata_only)
		return "application/json";
	if (!list)
		return PARTIAL("json", "PartialObjectMetadata") "application/json";
	return s->managed ? PARTIAL("json", "PartialObjectMetadataList") "application/json"
			  : PARTIAL("vnd.kubernetes.protobuf", "PartialObjectMetadataList")
				    PARTIAL("json", "PartialObjectMetadataList") "application/json";
}

void kube_set_name(const struct kube_set_copy *s, json_t *object)
{
	/* A partial object has a kind of its own, which says nothing of what it is part of. */
	if (!s->metadata_only && json_object_get(object, "kind"))
		return;
	(void)json_object_set_new(object, "apiVersion", json_string(s->kind.api_version));
	(void)json_object_set_new(object, "kind", json_string(s->kind.kind));
}

/* --- one page -------------------------------------------------------------------------------- */

static int tell_item(void *arg, json_t *item, struct ord_err *err)
{
	struct kube_lister *l = arg;

	kube_set_name(l->set, item);
	l->over = true; /* what goes wrong in there is not the server's fault */
	if (l->each(l->arg, item, err))
		return -1;
	l->over = false;
	return 0;
}

static int on_item(void *arg, const char *text, size_t size, struct ord_err *err)
{
	ord_auto(json) json_t *item = NULL;
	json_error_t e;

	item = json_loadb(text, size, JSON_ALLOW_NUL, &e);
	if (!item)
		return ord_fail(err, ORD_SYS, "an object of the list is not JSON: %.100s", e.text);
	return tell_item(arg, item, err);
}

static int on_meta(void *arg, const char *version, const char *token, struct ord_err *err)
{
	struct kube_lister *l = arg;

	(void)snprintf(l->page_version, sizeof l->page_version, "%s", version);
	free(l->next);
	l->next = NULL;
	if (*token && !(l->next = strdup(token)))
		return ord_fail_nomem(err);
	return 0;
}

static int on_other(void *arg, const char *key, const char *text, size_t size, struct ord_err *err)
{
	ord_auto(json) json_t *meta = NULL;

	if (strcmp(key, "metadata") != 0 || size > OTHER_MAX)
		return 0;
	meta = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	if (!meta)
		return ord_fail(err, ORD_SYS, "the list's metadata is not JSON");
	return on_meta(arg, kube_text(meta, "resourceVersion"), kube_text(meta, "continue"), err);
}

static int on_page_data(struct kube_io *io, const char *data, size_t size)
{
	struct kube_lister *l = io->arg;

	return io->protobuf ? kube_partial_feed(&l->partial, data, size, &io->err)
			    : kube_items_feed(&l->items, data, size, &io->err);
}

static int page_end(const struct kube_lister *l, struct ord_err *err)
{
	return l->io.protobuf ? kube_partial_end(&l->partial, err) : kube_items_end(&l->items, err);
}

static void ask_page(void *arg);

static void again(struct kube_lister *l, uint64_t pause_ns)
{
	kube_timer_set(l->k, &l->again, ord_now_ns() + pause_ns);
}

static void again_later(struct kube_lister *l)
{
	uint64_t said = l->io.retry_after_ns, pause;

	pause = said ? said + ord_rng_below(&l->k->rng, said / 10 + 1)
		     : kube_backoff(l->k, l->fails, PAUSE_FIRST_NS, PAUSE_MAX_NS);
	l->fails++;
	if (l->deadline_ns && ord_now_ns() + pause >= l->deadline_ns)
		l->done(l->arg, l->last_status, &l->last);
	else
		again(l, pause);
}

static void page_is_done(struct kube_lister *l)
{
	if (!l->token)
		memcpy(l->version, l->page_version, sizeof l->version);
	free(l->token);
	l->token = l->next;
	l->next = NULL;
	l->fails = l->garbled = 0;
	l->refreshed = false;
	if (l->token)
		ask_page(l);
	else
		l->done(l->arg, 200, NULL);
}

/* The server has forgotten the instant of which the pages are. */
static void on_expired(struct kube_lister *l, const json_t *body)
{
	const char *token =
		json_string_value(json_object_get(json_object_get(body, "metadata"), "continue"));

	free(l->token);
	l->token = !l->strict && token && *token ? strdup(token) : NULL;
	if (l->token)
		ask_page(l);
	else
		again_later(l);
}

static bool is_passing(const struct kube_lister *l, enum kube_io_end end)
{
	int status = l->io.status;

	if (end == KUBE_IO_UNSENT || end == KUBE_IO_CUT)
		return true;
	return end == KUBE_IO_OK && (status == 429 || (status >= 500 && status <= 504));
}

static void on_page_failed(struct kube_lister *l, enum kube_io_end end)
{
	ord_auto(json) json_t *body = NULL;
	struct kube_io *io = &l->io;

	l->last_status = end == KUBE_IO_OK ? io->status : 0;
	if (end != KUBE_IO_OK) {
		(void)kube_io_fail(io, &l->last);
	} else {
		body = io->text_size ? json_loadb(io->text, io->text_size, JSON_ALLOW_NUL, NULL)
				     : NULL;
		(void)kube_status_fail(&l->last, io->status, body);
		if (!io->retry_after_ns)
			io->retry_after_ns = kube_status_retry(body);
	}
	kube_io_explain(io, &l->last);
	if (l->last_status == 410) {
		on_expired(l, body);
	} else if (!l->refreshed && !l->over && kube_io_renewed(io)) {
		l->refreshed = true;
		ask_page(l);
	} else if (!l->over && is_passing(l, end)) {
		again_later(l);
	} else {
		l->done(l->arg, l->last_status, &l->last);
	}
}

static void on_page_done(struct kube_io *io)
{
	struct kube_lister *l = io->arg;
	enum kube_io_end end = kube_io_end(io);

	if (end == KUBE_IO_OK && io->status >= 200 && io->status < 300) {
		if (!page_end(l, &io->err)) {
			page_is_done(l);
			return;
		}
		end = KUBE_IO_HOPELESS;
	}
	/* What came was no list: once more, but not for ever. */
	if (io->err.code == ORD_SYS && io->status == 200 && !l->over &&
	    ++l->garbled < GARBLED_MAX) {
		l->last = io->err;
		l->last_status = 0;
		again_later(l);
		return;
	}
	on_page_failed(l, end);
}

static void ask_page(void *arg)
{
	struct kube_lister *l = arg;
	char path[KUBE_URL_MAX], limit[16];
	struct ord_err err;

	if (!l->token)
		l->restart(l->arg);
	(void)snprintf(limit, sizeof limit, "%u", l->set->page);
	if (kube_set_path(l->set, path, &err)) {
		l->done(l->arg, 0, &err);
		return;
	}
	free(l->io.path);
	l->io.path = NULL;
	kube_items_reset(&l->items);
	kube_partial_reset(&l->partial);
	if (kube_query(path, sizeof path, "limit", limit) &&
	    (!l->token || kube_query(path, sizeof path, "continue", l->token)))
		l->io.path = strdup(path);
	if (!l->io.path) {
		(void)ord_fail(&err, ORD_SYS, "the continue token is too long");
		l->done(l->arg, 0, &err);
		return;
	}
	kube_io_start(&l->io);
}

void kube_lister_init(struct kube_lister *l, struct kube *k, const struct kube_set_copy *set)
{
	*l = (struct kube_lister){.k = k, .set = set};
	kube_io_init(&l->io, k);
	kube_timer_init(&l->again, ask_page, l);
	l->io.method = "GET";
	l->io.accept = kube_set_accept(set, true);
	l->io.on_data = on_page_data;
	l->io.on_done = on_page_done;
	l->io.arg = l;
	l->items = (struct kube_items){.of = KUBE_ITEMS_LIST,
				       .managed = set->managed,
				       .max = KUBE_BODY_MAX,
				       .each = on_item,
				       .other = on_other,
				       .arg = l};
	l->partial = (struct kube_partial){
		.max = KUBE_BODY_MAX, .each = tell_item, .meta = on_meta, .arg = l};
}

void kube_lister_start(struct kube_lister *l, uint64_t pause_ns)
{
	free(l->token);
	l->token = NULL;
	l->fails = l->garbled = 0;
	l->refreshed = l->over = false;
	l->last = (struct ord_err){.code = ORD_OK};
	again(l, pause_ns);
}

void kube_lister_stop(struct kube_lister *l)
{
	kube_timer_stop(&l->again);
	kube_io_stop(&l->io);
}

void kube_lister_done(struct kube_lister *l)
{
	kube_items_reset(&l->items);
	kube_partial_reset(&l->partial);
	kube_io_done(&l->io);
	free(l->token);
	free(l->next);
	l->token = l->next = NULL;
}

/* --- kube_list ------------------------------------------------------------------------------- */

struct listing {
	int (*each)(void *arg, const json_t *item, struct ord_err *err);
	void *arg;
	struct kube_table told;
	bool over, failed;
	struct ord_err err;
};

static void on_restart(void *arg)
{
	(void)arg; /* the table knows who was told */
}

static int tell_once(void *arg, json_t *item, struct ord_err *err)
{
	struct listing *g = arg;
	struct kube_entry *e;
	uint8_t id[16];

	kube_table_id(json_object_get(item, "metadata"), id);
	if (kube_table_find(&g->told, id))
		return 0;
	e = kube_table_add(&g->told, id);
	if (!e)
		return ord_fail_nomem(err);
	return g->each(g->arg, item, err);
}

static void on_listed(void *arg, int status, const struct ord_err *err)
{
	struct listing *g = arg;

	(void)status;
	g->over = true;
	g->failed = err;
	if (err)
		g->err = *err;
}

static bool is_listed(void *arg)
{
	return ((struct listing *)arg)->over;
}

static int run_list(struct kube *k, struct kube_lister *l, struct listing *g, uint64_t deadline_ns,
		    struct ord_err *err)
{
	uint64_t began = ord_now_ns();
	char text[32];

	kube_lister_start(l, 0);
	if (kube_run(k, is_listed, g, deadline_ns, err)) {
		kube_lister_stop(l);
		if (err->sys_errno != ETIMEDOUT)
			return -1;
		(void)ord_human_duration((int64_t)(ord_now_ns() - began), text);
		(void)ord_fail(err, ORD_SYS, "not done within %s%s%.380s", text,
			       l->last.code != ORD_OK ? ": " : "",
			       l->last.code != ORD_OK ? l->last.msg : "");
		err->sys_errno = ETIMEDOUT;
		return -1;
	}
	if (g->failed)
		*err = g->err;
	return g->failed ? -1 : 0;
}

int kube_list(struct kube *k, const struct kube_set *set,
	      int (*each)(void *arg, const json_t *item, struct ord_err *err), void *arg,
	      uint64_t deadline_ns, char *ret_version, struct ord_err *err)
{
	struct listing g = {.each = each, .arg = arg};
	struct kube_set_copy copy;
	struct kube_lister l;
	int rc;

	if (kube_set_copy(set, &copy, err))
		return -1;
	kube_lister_init(&l, k, &copy);
	l.restart = on_restart;
	l.each = tell_once;
	l.done = on_listed;
	l.arg = &g;
	l.deadline_ns = deadline_ns;
	rc = run_list(k, &l, &g, deadline_ns, err);
	if (!rc && ret_version)
		memcpy(ret_version, l.version, sizeof l.version);
	kube_lister_done(&l);
	kube_table_done(&g.told);
	if (rc)
		(void)ord_wrap(err, "list %s%s%s", set->kind.plural, copy.ns ? " of " : "",
			       copy.ns ? copy.ns : "");
	kube_set_copy_done(&copy);
	return rc;
}
