/* EndpointSlices, Events, nodes and workloads. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/cluster/watch/seen_private.h"

/* ---- EndpointSlices */

static void tell_endpoint(struct seen *s, const char *what, const json_t *slice, const json_t *pod,
			  const char *uid)
{
	seen_tell(s, what, slice, seen_written(slice), SEEN_SERVER,
		  json_pack("{s:s, s:s, s:s}", "pod", json_string_value(pod), "pod_uid", uid,
			    "service",
			    seen_text(json_object_get(seen_meta(slice), "labels"),
				      "kubernetes.io/service-name")));
}

/* uid -> name of those that get traffic. */
static json_t *ready_pods(const json_t *slice)
{
	const json_t *list = json_object_get(slice, "endpoints"), *e;
	json_t *out = json_object();
	size_t i;

	json_array_foreach (list, i, e) {
		const json_t *ref = json_object_get(e, "targetRef");

		if (*seen_text(ref, "uid") &&
		    !json_is_false(json_object_get(json_object_get(e, "conditions"), "ready")))
			(void)json_object_set_new(out, seen_text(ref, "uid"),
						  json_string(seen_text(ref, "name")));
	}
	return out;
}

void seen_slice(struct seen *s, enum seen_change change, const json_t *slice)
{
	struct seen_thing *t = seen_thing(s, seen_text(seen_meta(slice), "uid"));
	json_t *now = change == SEEN_GONE ? json_object() : ready_pods(slice), *name;
	const char *uid;

	if (!t || !now) {
		json_decref(now);
		return;
	}
	json_object_foreach (now, uid, name)
		if (!json_object_get(t->last, uid))
			tell_endpoint(s, "endpoint-ready", slice, name, uid);
	json_object_foreach (t->last, uid, name)
		if (!json_object_get(now, uid))
			tell_endpoint(s, "endpoint-gone", slice, name, uid);
	json_decref(t->last);
	t->last = now;
	if (change == SEEN_GONE)
		seen_forget(s, t);
}

/* ---- Events */

/* An Event is told again for every occurrence; the latest is in one of these. */
static const char *event_stamp(const json_t *e)
{
	const char *stamp = seen_text(json_object_get(e, "series"), "lastObservedTime");

	if (!*stamp)
		stamp = seen_text(e, "lastTimestamp");
	if (!*stamp)
		stamp = seen_text(e, "eventTime");
	return *stamp ? stamp : seen_text(seen_meta(e), "creationTimestamp");
}

static int64_t event_count(const json_t *e)
{
	int64_t n = json_integer_value(json_object_get(json_object_get(e, "series"), "count"));

	return n ? n : json_integer_value(json_object_get(e, "count"));
}

static json_t *about(const json_t *e)
{
	const json_t *of = json_object_get(e, "involvedObject");

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", seen_text(of, "kind"), "ns",
			 seen_text(of, "namespace"), "name", seen_text(of, "name"), "uid",
			 seen_text(of, "uid"), "reason", seen_text(e, "reason"));
}

/* Those that a report has a use for; the rest would be most of them. */
static bool is_news(const json_t *e)
{
	static const char *const normal[] = {"Pulling", "Pulled", "Killing", "TaintManagerEviction",
					     "Preempted"};

	if (!strcmp(seen_text(e, "type"), "Warning"))
		return true;
	for (size_t i = 0; i < ORD_COUNT(normal); i++)
		if (!strcmp(seen_text(e, "reason"), normal[i]))
			return true;
	return false;
}

static void event_channels(struct seen *s, const json_t *e, const char *stamp)
{
	for (size_t i = 0; i < s->n_channels; i++) {
		const struct ord_kube_channel *c = s->channels[i].want;
		json_t *more;

		if (!c->is_event || fnmatch(c->reason, seen_text(e, "reason"), 0) != 0 ||
		    (*c->ns && fnmatch(c->ns, seen_text(seen_meta(e), "namespace"), 0) != 0))
			continue;
		more = about(e);
		if (more)
			(void)json_object_set_new(more, "channel",
						  json_string(s->channels[i].text));
		if (more)
			(void)json_object_set_new(more, "on", json_true());
		seen_tell(s, "channel", e, stamp, SEEN_WRITER, more);
	}
}

/* Told with the first, whenever they are twice as many, and at the end. */
static void drop(struct seen *s)
{
	s->dropped++;
	if (s->dropped >= 2 * s->dropped_told)
		seen_dropped(s, s->at_ns);
}

void seen_event(struct seen *s, enum seen_change change, const json_t *e)
{
	struct seen_thing *t = seen_thing(s, seen_text(seen_meta(e), "uid"));
	const struct seen_thing *of =
		seen_find(s, seen_text(json_object_get(e, "involvedObject"), "uid"));
	const char *stamp = event_stamp(e), *message = seen_text(e, "message");
	int64_t count = event_count(e);
	bool again;
	json_t *more;

	if (!t)
		return;
	if (change == SEEN_GONE) {
		seen_forget(s, t);
		return;
	}
	s->family = of ? of->family : NULL;
	again = !t->told || count > t->count || strcmp(t->word, stamp) != 0;
	t->told = 1;
	t->count = count;
	(void)snprintf(t->word, sizeof t->word, "%.63s", stamp);
	if (!again)
		return;
	event_channels(s, e, stamp);
	if (!is_news(e) || s->quiet)
		return;
	if (s->event_lines >= SEEN_EVENTS_MAX) {
		drop(s);
		return;
	}
	s->event_lines++;
	more = about(e);
	if (more)
		(void)json_object_update_new(more, json_pack("{s:s, s:s%, s:I}", "type",
							     seen_text(e, "type"), "message",
							     message, strnlen(message, 200),
							     "count", (json_int_t)count));
	seen_tell(s, "event", e, stamp, SEEN_WRITER, more);
}

/* ---- nodes and workloads */

/* Conditions that changed their status. told names the object's first look. */
static void conditions(struct seen *s, struct seen_thing *t, const json_t *object, bool is_new)
{
	const json_t *list = json_object_get(json_object_get(object, "status"), "conditions"), *c;
	size_t i;

	if (!t->last)
		t->last = json_object();
	json_array_foreach (list, i, c) {
		const char *type = seen_text(c, "type"), *status = seen_text(c, "status");
		const char *was = json_string_value(json_object_get(t->last, type));

		if (was && !strcmp(was, status))
			continue;
		/* A new object's first conditions are no news, but where they are bad already. */
		if (!is_new &&
		    (was || strcmp(status, "False") == 0 || strcmp(type, "Available") == 0))
			seen_tell(s, "condition", object, seen_text(c, "lastTransitionTime"),
				  SEEN_WRITER,
				  json_pack("{s:s, s:s, s:s}", "type", type, "status", status,
					    "reason", seen_text(c, "reason")));
		(void)json_object_set_new(t->last, type, json_string(status));
	}
}

static void taints_text(const json_t *node, size_t size, char *out)
{
	const json_t *list = json_object_get(json_object_get(node, "spec"), "taints"), *x;
	size_t used = 0, i;

	*out = '\0';
	json_array_foreach (list, i, x)
		if (used + 1 < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s:%s", i ? "," : "",
						 seen_text(x, "key"), seen_text(x, "effect"));
	if (json_is_true(json_object_get(json_object_get(node, "spec"), "unschedulable")) &&
	    used + 1 < size)
		(void)snprintf(out + used, size - used, "%scordoned", used ? "," : "");
}

void seen_node(struct seen *s, enum seen_change change, const json_t *node)
{
	struct seen_thing *t = seen_thing(s, seen_text(seen_meta(node), "uid"));
	char taints[64];
	bool is_new;

	if (!t)
		return;
	is_new = !t->told;
	t->told = 1;
	if (is_new)
		seen_tell(s, "node-added", node, seen_text(seen_meta(node), "creationTimestamp"),
			  SEEN_SERVER, NULL);
	conditions(s, t, node, is_new);
	taints_text(node, sizeof taints, taints);
	if (!is_new && strcmp(taints, t->word) != 0)
		seen_tell(s, "taints", node, seen_written(node), SEEN_SERVER,
			  json_pack("{s:s}", "taints", taints));
	(void)snprintf(t->word, sizeof t->word, "%s", taints);
	if (change != SEEN_GONE)
		return;
	seen_tell(s, "node-removed", node, NULL, SEEN_SERVER, NULL);
	seen_forget(s, t);
}

/* desired, ready, available, updated: each kind has its own words. */
static void figures(const char *kind, const json_t *w, int64_t v[static 4])
{
	static const struct {
		const char *kind, *part, *keys[4]; /* part: where `desired` stands */
	} table[] = {
		{"Deployment",
		 "spec",
		 {"replicas", "readyReplicas", "availableReplicas", "updatedReplicas"}},
		{"StatefulSet",
		 "spec",
		 {"replicas", "readyReplicas", "availableReplicas", "updatedReplicas"}},
		{"ReplicaSet",
		 "spec",
		 {"replicas", "readyReplicas", "availableReplicas", "replicas"}},
		{"DaemonSet",
		 "status",
		 {"desiredNumberScheduled", "numberReady", "numberAvailable",
		  "updatedNumberScheduled"}},
		{"Job", "spec", {"parallelism", "ready", "active", "succeeded"}},
	};

	for (size_t i = 0; i < ORD_COUNT(table); i++)
		for (size_t k = 0; !strcmp(table[i].kind, kind) && k < 4; k++)
			v[k] = json_integer_value(
				json_object_get(json_object_get(w, k ? "status" : table[i].part),
						table[i].keys[k]));
}

void seen_workload_object(struct seen *s, enum seen_change change, const json_t *w)
{
	struct seen_thing *t = seen_thing(s, seen_text(seen_meta(w), "uid"));
	int64_t v[4] = {0};
	char text[64];
	bool is_new;

	if (!t)
		return;
	is_new = !t->told;
	t->told = 1;
	figures(s->kind, w, v);
	(void)snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, v[0],
		       v[1], v[2], v[3]);
	conditions(s, t, w, is_new);
	if (change != SEEN_GONE && strcmp(text, t->word) != 0) {
		/* Also when it is first seen: what there was is where a fall begins. */
		bool quiet = s->quiet;

		s->quiet = false;
		seen_tell(s, "replicas", w, is_new ? NULL : seen_written(w), SEEN_SERVER,
			  json_pack("{s:I, s:I, s:I, s:I}", "desired", (json_int_t)v[0], "ready",
				    (json_int_t)v[1], "available", (json_int_t)v[2], "updated",
				    (json_int_t)v[3]));
		s->quiet = quiet;
		(void)snprintf(t->word, sizeof t->word, "%s", text);
	}
	if (change != SEEN_GONE)
		return;
	seen_tell(s, "workload-removed", w, NULL, SEEN_SERVER, NULL);
	seen_forget(s, t);
}
