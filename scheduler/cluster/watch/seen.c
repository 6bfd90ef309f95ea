#include "scheduler/cluster/watch/seen.h"

#include <fnmatch.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/cluster/watch/seen_private.h"

int seen_open(const struct seen_channel *channels, size_t n,
	      void (*on_line)(void *arg, json_t *line, uint64_t at_ns), void *arg,
	      struct seen **ret, struct ord_err *err)
{
	struct seen *s = calloc(1, sizeof *s);

	if (!s)
		return ord_fail_nomem(err);
	s->on_line = on_line;
	s->arg = arg;
	for (; s->n_channels < n && s->n_channels < SEEN_CHANNELS_MAX; s->n_channels++)
		s->channels[s->n_channels] = channels[s->n_channels];
	*ret = s;
	return 0;
}

static void thing_free(void *arg)
{
	struct seen_thing *t = arg;

	json_decref(t->last);
	free(t);
}

void seen_close(struct seen *s)
{
	if (!s)
		return;
	tdestroy(s->things, thing_free);
	tdestroy(s->families, free);
	free(s);
}

static int by_uid(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct seen_thing *seen_find(const struct seen *s, const char *uid)
{
	void *found = tfind(uid, &s->things, by_uid);

	return found ? *(struct seen_thing **)found : NULL;
}

struct seen_thing *seen_thing(struct seen *s, const char *uid)
{
	struct seen_thing *t = seen_find(s, uid);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	(void)snprintf(t->uid, sizeof t->uid, "%s", uid);
	if (tsearch(t, &s->things, by_uid))
		return t;
	free(t);
	return NULL;
}

void seen_forget(struct seen *s, struct seen_thing *t)
{
	(void)tdelete(t, &s->things, by_uid);
	thing_free(t);
}

const json_t *seen_meta(const json_t *object)
{
	return json_object_get(object, "metadata");
}

const char *seen_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const char *seen_written(const json_t *object)
{
	const json_t *list = json_object_get(seen_meta(object), "managedFields"), *m;
	const char *latest = NULL;
	size_t i;

	json_array_foreach (list, i, m) {
		const char *time = json_string_value(json_object_get(m, "time"));

		if (time && (!latest || strcmp(time, latest) > 0))
			latest = time;
	}
	return latest;
}

const json_t *seen_condition(const json_t *object, const char *type)
{
	const json_t *list = json_object_get(json_object_get(object, "status"), "conditions"), *c;
	size_t i;

	json_array_foreach (list, i, c)
		if (!strcmp(seen_text(c, "type"), type))
			return c;
	return NULL;
}

void seen_tell(struct seen *s, const char *what, const json_t *object, const char *stamp,
	       enum seen_clock clock, json_t *more)
{
	const json_t *meta = seen_meta(object);
	json_t *line;

	if (s->quiet) {
		json_decref(more);
		return;
	}
	line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", what, "kind", s->kind, "ns",
			 seen_text(meta, "namespace"), "name", seen_text(meta, "name"), "uid",
			 seen_text(meta, "uid"));
	if (line && stamp && *stamp) {
		(void)json_object_set_new(line, "stamp", json_string(stamp));
		(void)json_object_set_new(line, "clock",
					  json_string(clock == SEEN_SERVER ? "server" : "writer"));
	}
	if (line && s->family)
		(void)json_object_update_new(
			line, json_pack("{s:s, s:s++}", "owner", s->family->owner, "workload",
					s->family->kind, "/", s->family->name));
	if (line && more)
		(void)json_object_update(line, more);
	json_decref(more);
	if (line)
		s->on_line(s->arg, line, s->at_ns);
}

void seen_object(struct seen *s, enum seen_set set, const char *kind, enum seen_change change,
		 bool first, const json_t *object, uint64_t at_ns)
{
	static void (*const takers[])(struct seen * s, enum seen_change change, const json_t *o) = {
		[SEEN_PODS] = seen_pod,
		[SEEN_SLICES] = seen_slice,
		[SEEN_EVENTS] = seen_event,
		[SEEN_NODES] = seen_node,
		[SEEN_WORKLOADS] = seen_workload_object,
	};

	if (!json_is_string(json_object_get(seen_meta(object), "uid")))
		return;
	s->kind = kind;
	s->family = NULL;
	s->quiet = first;
	s->at_ns = at_ns;
	/* The channels first: what forgets an object forgets what it made true. */
	if (set != SEEN_EVENTS)
		seen_channels(s, change, object);
	if (set != SEEN_OTHERS)
		takers[set](s, change, object);
}

/* ---- channels on conditions */

static bool channel_fits(const struct seen *s, const struct ord_kube_channel *c,
			 const json_t *object)
{
	const json_t *meta = seen_meta(object);

	return !c->is_event && !strcmp(c->kind, s->kind) &&
	       (!*c->ns || !fnmatch(c->ns, seen_text(meta, "namespace"), 0)) &&
	       !fnmatch(c->name, seen_text(meta, "name"), 0);
}

static void tell_channel(struct seen *s, size_t i, bool on, const json_t *object,
			 const json_t *condition)
{
	seen_tell(s, "channel", object, seen_text(condition, "lastTransitionTime"), SEEN_WRITER,
		  json_pack("{s:s, s:b, s:s*}", "channel", s->channels[i].text, "on", on, "reason",
			    json_string_value(json_object_get(condition, "reason"))));
}

void seen_channels(struct seen *s, enum seen_change change, const json_t *object)
{
	struct seen_thing *t = NULL;

	for (size_t i = 0; i < s->n_channels; i++) {
		const struct ord_kube_channel *want = s->channels[i].want;
		const json_t *c;
		bool was, is;

		if (!channel_fits(s, want, object))
			continue;
		if (!t && !(t = seen_thing(s, seen_text(seen_meta(object), "uid"))))
			return;
		c = seen_condition(object, want->reason);
		was = t->channels & 1u << i;
		is = change != SEEN_GONE && c && !strcmp(seen_text(c, "status"), want->status);
		if (was == is)
			continue;
		t->channels ^= 1u << i;
		s->true_of[i] += is ? 1 : (size_t)-1;
		/* On with the first object that makes it true, off with the last. */
		if (s->true_of[i] == (is ? 1 : 0))
			tell_channel(s, i, is, object, c);
	}
	if (t && change == SEEN_GONE)
		t->channels = 0;
}

void seen_dropped(struct seen *s, uint64_t at_ns)
{
	if (s->dropped == s->dropped_told)
		return;
	s->dropped_told = s->dropped;
	s->on_line(s->arg,
		   json_pack("{s:s, s:I}", "what", "events-dropped", "n", (json_int_t)s->dropped),
		   at_ns);
}

void seen_states(struct seen *s, uint64_t at_ns)
{
	for (size_t i = 0; i < s->n_channels; i++)
		if (!s->channels[i].want->is_event)
			s->on_line(s->arg,
				   json_pack("{s:s, s:s, s:b, s:b}", "what", "channel", "channel",
					     s->channels[i].text, "on", s->true_of[i] > 0, "state",
					     1),
				   at_ns);
}
