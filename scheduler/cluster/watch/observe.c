#include "scheduler/cluster/watch/observe.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "scheduler/cluster/watch/seen.h"

#define WATCHES_MAX 256 /* streams of one HTTP/2 connection: API servers allow 250 and more */

struct watch {
	struct ord_observer *o;
	enum seen_set set;
	char kind[ORD_KUBE_KIND], ns[ORD_KUBE_NS];
	struct kube_watch *w;
	bool synced, denied;
};

struct ord_observer {
	struct kube *k;
	struct seen *seen;
	void (*on_line)(void *arg, json_t *line, uint64_t at_ns);
	void *arg;
	struct seen_channel channels[SEEN_CHANNELS_MAX];
	size_t n_channels;
	struct watch *v[WATCHES_MAX];
	size_t n, waiting; /* waiting: not yet synced */
	size_t cut;	   /* broken now */
	bool everywhere;   /* all namespaces are watched */
};

/* The offset of the API server's clock as it is known now goes with every stamp. */
static void on_seen(void *arg, json_t *line, uint64_t at_ns)
{
	struct ord_observer *o = arg;
	int64_t lo, hi;

	if (json_object_get(line, "stamp") && kube_clock_offset(o->k, &lo, &hi))
		(void)json_object_set_new(line, "offset_ns",
					  json_pack("[I, I]", (json_int_t)lo, (json_int_t)hi));
	o->on_line(o->arg, line, at_ns);
}

static void tell_watch(struct watch *w, const char *what, const char *message, uint64_t at_ns)
{
	w->o->on_line(w->o->arg,
		      json_pack("{s:s, s:s, s:s, s:s*}", "what", what, "kind", w->kind, "ns", w->ns,
				"message", message),
		      at_ns);
}

static void on_event(void *arg, enum kube_event e, const json_t *object, uint64_t at_ns)
{
	static const enum seen_change changes[] = {[KUBE_ADDED] = SEEN_ADDED,
						   [KUBE_MODIFIED] = SEEN_CHANGED,
						   [KUBE_DELETED] = SEEN_GONE};
	struct watch *w = arg;
	struct ord_observer *o = w->o;

	switch (e) {
	case KUBE_ADDED:
	case KUBE_MODIFIED:
	case KUBE_DELETED:
		seen_object(o->seen, w->set, w->kind, changes[e], !w->synced, object, at_ns);
		break;
	case KUBE_SYNCED:
		w->synced = true;
		w->denied = false;
		tell_watch(w, "synced", NULL, at_ns);
		if (!--o->waiting)
			seen_states(o->seen, at_ns);
		break;
	case KUBE_CUT:
		o->cut++;
		tell_watch(w, "cut", NULL, at_ns);
		break;
	case KUBE_RESUMED:
		w->denied = false;
		tell_watch(w, "resumed", NULL, at_ns);
		if (!--o->cut)
			seen_states(o->seen, at_ns);
		break;
	}
}

/* What may not be watched leaves a report without that part; which it says. */
static void on_error(void *arg, const struct ord_err *err)
{
	struct watch *w = arg;

	if (!w->denied)
		tell_watch(w, "blind", err->msg, ord_now_ns());
	w->denied = true;
}

static bool has(const struct ord_observer *o, const char *kind, const char *ns)
{
	for (size_t i = 0; i < o->n; i++)
		if (!strcmp(o->v[i]->kind, kind) && (!*o->v[i]->ns || !strcmp(o->v[i]->ns, ns)))
			return true;
	return false;
}

static const struct {
	enum seen_set set;
	const char *api_version, *kind;
} kinds[] = {
	{SEEN_PODS, "v1", "Pod"},
	{SEEN_SLICES, "discovery.k8s.io/v1", "EndpointSlice"},
	{SEEN_EVENTS, "v1", "Event"},
	{SEEN_NODES, "v1", "Node"},
	{SEEN_WORKLOADS, "apps/v1", "Deployment"},
	{SEEN_WORKLOADS, "apps/v1", "StatefulSet"},
	{SEEN_WORKLOADS, "apps/v1", "DaemonSet"},
};

/* Of other kinds only channels want to know. */
static enum seen_set set_of(const char *kind)
{
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		if (!strcmp(kinds[i].kind, kind))
			return kinds[i].set;
	return SEEN_OTHERS;
}

/* ns "": all of them. */
static int add(struct ord_observer *o, const char *api_version, const char *kind, const char *ns,
	       struct ord_err *err)
{
	enum seen_set set = set_of(kind);
	/* When a slice, a workload or a node was written stands in its managed fields alone; those
	 * of pods and Events, of which there are many, would tell nothing more. */
	struct kube_set what = {.ns = *ns ? ns : NULL,
				.managed = set == SEEN_SLICES || set == SEEN_NODES ||
					   set == SEEN_WORKLOADS};
	struct watch *w;

	if (has(o, kind, ns))
		return 0;
	if (o->n == WATCHES_MAX)
		return ord_fail(err, ORD_GUARD,
				"the targets are in so many namespaces that more than %d watches "
				"would be needed",
				WATCHES_MAX);
	if (kube_kind_find(o->k, api_version, kind, ord_now_ns() + 10 * ORD_S, &what.kind, err) < 0)
		return -1;
	w = calloc(1, sizeof *w);
	if (!w)
		return ord_fail_nomem(err);
	w->o = o;
	w->set = set;
	(void)snprintf(w->kind, sizeof w->kind, "%s", kind);
	(void)snprintf(w->ns, sizeof w->ns, "%s", ns);
	what.ns = *w->ns ? w->ns : NULL;
	o->v[o->n++] = w;
	o->waiting++;
	return kube_watch_open(o->k, &what, on_event, on_error, w, &w->w, err);
}

static int watch_namespace(struct ord_observer *o, const char *ns, struct ord_err *err)
{
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		if (kinds[i].set != SEEN_NODES &&
		    add(o, kinds[i].api_version, kinds[i].kind, ns, err) < 0)
			return -1;
	return 0;
}

static bool is_glob(const char *text)
{
	return text[strcspn(text, "*?[\\")] != '\0';
}

/* Channels without a namespace are where the targets are. */
static int watch_channel(struct ord_observer *o, const struct ord_kube_channel *c, const char *ns,
			 struct ord_err *err)
{
	if (*c->ns)
		ns = is_glob(c->ns) ? "" : c->ns;
	if (c->is_event)
		return add(o, "v1", "Event", ns, err);
	return add(o, c->api_version, c->kind, !strcmp(c->kind, "Node") ? "" : ns, err);
}

static int watch_place(struct ord_observer *o, const char *ns, struct ord_err *err)
{
	if (watch_namespace(o, ns, err) < 0)
		return -1;
	for (size_t i = 0; i < o->n_channels; i++)
		if (watch_channel(o, o->channels[i].want, ns, err) < 0)
			return -1;
	return 0;
}

int observe_targets(struct ord_observer *o, const struct ord_place *const *places, size_t n,
		    struct ord_err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct ord_cluster_place *c = places[i]->cluster;

		/* What is on a node may be in any namespace. */
		for (size_t k = 0; c && k < c->n; k++)
			if (watch_place(o, c->v[k].ns, err) < 0)
				return ord_wrap(err, "watch the cluster");
	}
	for (size_t i = 0; i < o->n_channels; i++)
		if (*o->channels[i].want->ns || !strcmp(o->channels[i].want->kind, "Node"))
			if (watch_channel(o, o->channels[i].want, "", err) < 0)
				return ord_wrap(err, "watch the cluster");
	return 0;
}

int observe_open(struct kube *k, const struct ord_plan *plan,
		 void (*on_line)(void *arg, struct json_t *line, uint64_t at_ns), void *arg,
		 struct ord_observer **ret, struct ord_err *err)
{
	struct ord_observer *o = calloc(1, sizeof *o);

	if (!o)
		return ord_fail_nomem(err);
	o->k = k;
	o->on_line = on_line;
	o->arg = arg;
	for (size_t i = 0; i < plan->spec->n_objectives && o->n_channels < SEEN_CHANNELS_MAX; i++) {
		const struct ord_objective *want = &plan->spec->objectives[i];
		bool known = false;

		for (size_t j = 0; j < o->n_channels; j++)
			known = known || !strcmp(o->channels[j].text, want->channel);
		if (want->source == ORD_CHANNEL_KUBERNETES && !known)
			o->channels[o->n_channels++] =
				(struct seen_channel){want->channel, &want->kube};
	}
	if (seen_open(o->channels, o->n_channels, on_seen, o, &o->seen, err) < 0 ||
	    add(o, "v1", "Node", "", err) < 0) {
		observe_close(o);
		return -1;
	}
	*ret = o;
	return 0;
}

void observe_close(struct ord_observer *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++) {
		kube_watch_close(o->v[i]->w);
		free(o->v[i]);
	}
	if (o->seen)
		seen_dropped(o->seen, ord_now_ns());
	seen_close(o->seen);
	free(o);
}
