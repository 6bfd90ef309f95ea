#include "injector/kube/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/fields.h"
#include "injector/kube/manager.h"

/* More objects of one kind in one namespace are watched as a set. */
#define ALONE_MAX 8
#define BY_NAME	  "metadata.name="

struct watched {
	struct ord_object object;
	json_t *fields; /* NULL: it was made */
	bool seen, gone;
};

/* One stream: an object's, or a kind's in a namespace. */
struct stream {
	struct kube_watch *watch;
	char ns[ORD_KUBE_NS], field[ORD_KUBE_NAME + 16];
	char kind[ORD_KUBE_KIND];
};

static struct {
	struct watched *v;
	size_t n;
	struct stream *streams;
	size_t n_streams;
	bool taken;
	char by[128];
} self;

int inj_watch_add(const struct inj_edit *e, struct ord_err *err)
{
	struct watched *v = reallocarray(self.v, self.n + 1, sizeof *v);

	if (!v)
		return ord_fail_nomem(err);
	self.v = v;
	v[self.n++] = (struct watched){.object = e->object, .fields = json_incref(e->fields)};
	return 0;
}

static struct watched *find(const json_t *object)
{
	const char *uid =
		json_string_value(json_object_get(json_object_get(object, "metadata"), "uid"));

	for (size_t i = 0; uid && i < self.n; i++)
		if (!strcmp(self.v[i].object.uid, uid))
			return &self.v[i];
	return NULL;
}

static void taken(const struct watched *w, const char *what, const char *manager)
{
	if (self.taken)
		return;
	self.taken = true;
	(void)snprintf(self.by, sizeof self.by, "%s", manager[0] ? manager : "somebody");
	inj_cluster_acted("taken-back", &w->object, what);
}

static void look(struct watched *w, const json_t *object)
{
	const char *owner = json_string_value(json_object_get(inj_cluster_undo(), "owner"));
	int broken = w->fields ? inj_fields_broken(object, w->fields) : -1;
	char where[INJ_FIELD_TEXT], value[INJ_VALUE_TEXT], manager[INJ_MANAGER_TEXT], text[512];
	const json_t *f;

	if (broken >= 0) {
		f = json_array_get(w->fields, (size_t)broken);
		(void)snprintf(text, sizeof text, "%s is %s now", inj_field_text(f, where),
			       inj_value_text(inj_field_value(object, f), value));
		taken(w, text, inj_field_manager(object, f, manager));
	} else if (owner && !json_object_get(inj_cluster_undo(), "stays") &&
		   !inj_edit_ours(object, owner)) {
		taken(w, "the annotation " INJ_UNDO_ANNOTATION " was taken away", "");
	}
}

static void gone(struct watched *w)
{
	if (w->gone)
		return;
	w->gone = true;
	if (!w->fields)
		taken(w, "it was deleted", "");
	else
		inj_cluster_acted("gone", &w->object, "deleted by somebody else");
}

/* What was deleted before the watch had begun is told by nothing but its absence. */
static void missed(const struct stream *s)
{
	for (size_t i = 0; i < self.n; i++) {
		struct watched *w = &self.v[i];

		if (w->seen || strcmp(w->object.kind, s->kind) || strcmp(w->object.ns, s->ns))
			continue;
		if (!s->field[0] || !strcmp(s->field + strlen(BY_NAME), w->object.name))
			gone(w);
	}
}

static void on_event(void *arg, enum kube_event e, const json_t *object, uint64_t arrival_ns)
{
	struct watched *w = object ? find(object) : NULL;

	(void)arrival_ns;
	if (e == KUBE_SYNCED)
		missed(arg);
	if (!w)
		return;
	switch (e) {
	case KUBE_ADDED:
	case KUBE_MODIFIED:
		w->seen = true;
		look(w, object);
		break;
	case KUBE_DELETED:
		gone(w);
		break;
	case KUBE_SYNCED:
	case KUBE_CUT:
	case KUBE_RESUMED:
		break;
	}
}

static size_t like(const struct ord_object *o)
{
	size_t n = 0;

	for (size_t i = 0; i < self.n; i++)
		n += !strcmp(self.v[i].object.kind, o->kind) && !strcmp(self.v[i].object.ns, o->ns);
	return n;
}

static bool covered(const struct ord_object *o)
{
	for (size_t i = 0; i < self.n_streams; i++)
		if (!self.streams[i].field[0] && !strcmp(self.streams[i].kind, o->kind) &&
		    !strcmp(self.streams[i].ns, o->ns))
			return true;
	return false;
}

static int stream_open(struct kube *k, const struct ord_object *o, struct ord_err *err)
{
	struct stream *s = &self.streams[self.n_streams];
	struct kube_set set = {.ns = o->ns[0] ? s->ns : NULL, .managed = true};

	if (covered(o))
		return 0;
	(void)snprintf(s->ns, sizeof s->ns, "%s", o->ns);
	(void)snprintf(s->kind, sizeof s->kind, "%s", o->kind);
	if (like(o) <= ALONE_MAX)
		(void)snprintf(s->field, sizeof s->field, BY_NAME "%s", o->name);
	set.field_selector = s->field[0] ? s->field : NULL;
	if (kube_kind_find(k, o->api_version, o->kind, inj_cluster_deadline(), &set.kind, err) <
		    0 ||
	    kube_watch_open(k, &set, on_event, NULL, s, &s->watch, err) < 0)
		return -1;
	self.n_streams++;
	return 0;
}

int inj_watch_start(struct kube *k, struct ord_err *err)
{
	self.streams = calloc(self.n + 1, sizeof *self.streams);
	if (!self.streams)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < self.n; i++)
		if (stream_open(k, &self.v[i].object, err) < 0)
			return -1;
	return 0;
}

void inj_watch_stop(void)
{
	for (size_t i = 0; i < self.n_streams; i++)
		kube_watch_close(self.streams[i].watch);
	for (size_t i = 0; i < self.n; i++)
		json_decref(self.v[i].fields);
	free(self.streams);
	free(self.v);
	self.streams = NULL;
	self.v = NULL;
	self.n = self.n_streams = 0;
}

bool inj_watch_taken(char by[128])
{
	if (self.taken)
		memcpy(by, self.by, sizeof self.by);
	return self.taken;
}

bool inj_watch_gone(void)
{
	size_t gone = 0;

	for (size_t i = 0; i < self.n; i++)
		gone += self.v[i].gone;
	return self.n > 0 && gone == self.n;
}
