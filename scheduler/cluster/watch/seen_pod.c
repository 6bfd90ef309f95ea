/* The life of a pod: created, scheduled, started, ready; and what goes wrong with it. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "scheduler/cluster/watch/seen_private.h"

enum pod_bit {
	POD_CREATED = 1 << 0,
	POD_SCHEDULED = 1 << 1,
	POD_STARTED = 1 << 2,
	POD_READY = 1 << 3, /* is ready now */
	POD_DELETING = 1 << 4,
	POD_STUCK = 1 << 5, /* is unschedulable now */
	POD_FAILED = 1 << 6,
	POD_DISRUPTED = 1 << 7,
};

static const json_t *owner_of(const json_t *pod)
{
	const json_t *list = json_object_get(seen_meta(pod), "ownerReferences"), *o;
	size_t i;

	json_array_foreach (list, i, o)
		if (json_is_true(json_object_get(o, "controller")))
			return o;
	return NULL;
}

/* The workload behind a ReplicaSet of a Deployment: by the hash in its name. */
static void name_workload(const json_t *pod, const json_t *owner, struct seen_family *ret)
{
	const char *hash =
		seen_text(json_object_get(seen_meta(pod), "labels"), "pod-template-hash");
	size_t n, h = strlen(hash);

	(void)snprintf(ret->owner, sizeof ret->owner, "%s", seen_text(owner, "uid"));
	(void)snprintf(ret->kind, sizeof ret->kind, "%s", seen_text(owner, "kind"));
	(void)snprintf(ret->name, sizeof ret->name, "%s", seen_text(owner, "name"));
	n = strlen(ret->name);
	if (!strcmp(ret->kind, "ReplicaSet") && h && n > h + 1 && ret->name[n - h - 1] == '-' &&
	    !strcmp(ret->name + n - h, hash)) {
		ret->name[n - h - 1] = '\0';
		(void)snprintf(ret->kind, sizeof ret->kind, "Deployment");
	}
}

static int by_owner(const void *a, const void *b)
{
	return strcmp(((const struct seen_family *)a)->owner,
		      ((const struct seen_family *)b)->owner);
}

const struct seen_family *seen_family(struct seen *s, const json_t *pod)
{
	const json_t *owner = owner_of(pod);
	struct seen_family key = {0}, *f;
	void *found;

	if (!owner)
		return NULL;
	name_workload(pod, owner, &key);
	found = tfind(&key, &s->families, by_owner);
	if (found)
		return *(struct seen_family **)found;
	f = malloc(sizeof *f);
	if (!f)
		return NULL;
	*f = key;
	if (tsearch(f, &s->families, by_owner))
		return f;
	free(f);
	return NULL;
}

/* By the node a daemon's pod is known again. */
static json_t *place(const json_t *pod)
{
	return json_pack(
		"{s:s*}", "node",
		json_string_value(json_object_get(json_object_get(pod, "spec"), "nodeName")));
}

static void scheduled(struct seen *s, struct seen_thing *t, const json_t *pod)
{
	const json_t *c = seen_condition(pod, "PodScheduled");
	const char *node = seen_text(json_object_get(pod, "spec"), "nodeName");
	bool stuck = c && !strcmp(seen_text(c, "status"), "False") &&
		     !strcmp(seen_text(c, "reason"), "Unschedulable");

	if (*node && !(t->told & POD_SCHEDULED)) {
		t->told |= POD_SCHEDULED;
		t->told &= ~(unsigned)POD_STUCK;
		seen_tell(s, "scheduled", pod,
			  c && !strcmp(seen_text(c, "status"), "True")
				  ? seen_text(c, "lastTransitionTime")
				  : NULL,
			  SEEN_WRITER, json_pack("{s:s}", "node", node));
	} else if (stuck && !(t->told & POD_STUCK)) {
		t->told |= POD_STUCK;
		seen_tell(s, "unschedulable", pod, seen_text(c, "lastTransitionTime"), SEEN_WRITER,
			  json_pack("{s:s%}", "message", seen_text(c, "message"),
				    strnlen(seen_text(c, "message"), 200)));
	}
}

static const json_t *part(const json_t *status, const char *a, const char *b)
{
	return json_object_get(json_object_get(status, a), b);
}

/* All containers run: the last of them began it. */
static void started(struct seen *s, struct seen_thing *t, const json_t *pod)
{
	const json_t *list = json_object_get(json_object_get(pod, "status"), "containerStatuses");
	const json_t *c;
	const char *latest = "";
	size_t i,
		want = json_array_size(json_object_get(json_object_get(pod, "spec"), "containers"));
	size_t n = 0;

	json_array_foreach (list, i, c) {
		const json_t *running = part(c, "state", "running");

		n += running != NULL;
		if (strcmp(seen_text(running, "startedAt"), latest) > 0)
			latest = seen_text(running, "startedAt");
	}
	if (!n || n < want || t->told & POD_STARTED)
		return;
	t->told |= POD_STARTED;
	seen_tell(s, "started", pod, latest, SEEN_WRITER, NULL);
}

/* What one container is at: whether it has to wait, and when it was last started again. */
static void look_at(const json_t *c, const json_t **ret_waits, const json_t **ret_again,
		    int64_t *count)
{
	const char *reason = seen_text(part(c, "state", "waiting"), "reason");
	int64_t n = json_integer_value(json_object_get(c, "restartCount"));

	*count += n;
	if (n > 0 &&
	    strcmp(seen_text(part(c, "lastState", "terminated"), "finishedAt"),
		   seen_text(part(*ret_again, "lastState", "terminated"), "finishedAt")) >= 0)
		*ret_again = c;
	/* Those on the ordinary way are no news. */
	if (*reason && strcmp(reason, "ContainerCreating") != 0 &&
	    strcmp(reason, "PodInitializing") != 0)
		*ret_waits = c;
}

static void tell_restart(struct seen *s, const json_t *pod, const json_t *c, int64_t count)
{
	const json_t *was = part(c, "lastState", "terminated");

	seen_tell(s, "restarted", pod, seen_text(was, "finishedAt"), SEEN_WRITER,
		  json_pack("{s:s, s:I, s:s, s:I}", "container", seen_text(c, "name"), "restarts",
			    (json_int_t)count, "reason", seen_text(was, "reason"), "exit",
			    json_integer_value(json_object_get(was, "exitCode"))));
}

static void tell_waiting(struct seen *s, const json_t *pod, const json_t *c, const char *reason)
{
	const char *message = seen_text(part(c, "state", "waiting"), "message");

	seen_tell(s, "waiting", pod, NULL, SEEN_WRITER,
		  json_pack("{s:s, s:s, s:s%}", "container", seen_text(c, "name"), "reason", reason,
			    "message", message, strnlen(message, 400)));
}

static void containers(struct seen *s, struct seen_thing *t, const json_t *pod, bool is_new)
{
	static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
	const json_t *waits = NULL, *again = NULL, *c;
	const char *reason;
	int64_t count = 0;
	size_t i;

	for (size_t k = 0; k < ORD_COUNT(lists); k++)
		json_array_foreach (json_object_get(json_object_get(pod, "status"), lists[k]), i, c)
			look_at(c, &waits, &again, &count);
	if (count > t->count && !is_new)
		tell_restart(s, pod, again, count);
	t->count = count;
	reason = seen_text(part(waits, "state", "waiting"), "reason");
	if (strcmp(t->word, reason) != 0 && *reason)
		tell_waiting(s, pod, waits, reason);
	(void)snprintf(t->word, sizeof t->word, "%.63s", reason);
}

static void readiness(struct seen *s, struct seen_thing *t, const json_t *pod)
{
	const json_t *c = seen_condition(pod, "Ready");
	bool is = c && !strcmp(seen_text(c, "status"), "True");

	if (is == !!(t->told & POD_READY))
		return;
	t->told ^= POD_READY;
	seen_tell(s, is ? "ready" : "unready", pod, seen_text(c, "lastTransitionTime"), SEEN_WRITER,
		  is ? NULL : json_pack("{s:s}", "reason", seen_text(c, "reason")));
}

/* The stamp of a deletion is when it is to be over: the request came a grace period before. */
static void deletion(struct seen *s, struct seen_thing *t, const json_t *pod)
{
	const json_t *meta = seen_meta(pod);
	const char *stamp = seen_text(meta, "deletionTimestamp");
	int64_t grace = json_integer_value(json_object_get(meta, "deletionGracePeriodSeconds"));
	struct tm tm = {0};
	char asked[32] = "";
	time_t at;
	json_t *more;

	if (!*stamp || t->told & POD_DELETING)
		return;
	t->told |= POD_DELETING;
	if (strptime(stamp, "%Y-%m-%dT%H:%M:%SZ", &tm)) {
		at = timegm(&tm) - (time_t)grace;
		if (gmtime_r(&at, &tm))
			(void)strftime(asked, sizeof asked, "%Y-%m-%dT%H:%M:%SZ", &tm);
	}
	more = place(pod);
	if (more)
		(void)json_object_set_new(more, "grace_s", json_integer(grace));
	seen_tell(s, "deleting", pod, asked, SEEN_SERVER, more);
}

/* Evicted, preempted, or removed by a taint: whoever does it says so on the pod. */
static void disruption(struct seen *s, struct seen_thing *t, const json_t *pod)
{
	const json_t *c = seen_condition(pod, "DisruptionTarget"),
		     *status = json_object_get(pod, "status");

	if (c && !strcmp(seen_text(c, "status"), "True") && !(t->told & POD_DISRUPTED)) {
		t->told |= POD_DISRUPTED;
		seen_tell(s, "evicted", pod, seen_text(c, "lastTransitionTime"), SEEN_WRITER,
			  json_pack("{s:s}", "reason", seen_text(c, "reason")));
	}
	if (!strcmp(seen_text(status, "phase"), "Failed") && !(t->told & POD_FAILED)) {
		bool evicted = !strcmp(seen_text(status, "reason"), "Evicted");

		t->told |= POD_FAILED;
		seen_tell(s, evicted ? "evicted" : "failed", pod, NULL, SEEN_SERVER,
			  json_pack("{s:s}", "reason", seen_text(status, "reason")));
	}
}

void seen_pod(struct seen *s, enum seen_change change, const json_t *pod)
{
	struct seen_thing *t = seen_thing(s, seen_text(seen_meta(pod), "uid"));
	bool is_new;

	if (!t)
		return;
	if (!t->family)
		t->family = seen_family(s, pod);
	s->family = t->family;
	is_new = !(t->told & POD_CREATED);
	if (is_new) {
		t->told |= POD_CREATED;
		seen_tell(s, "created", pod, seen_text(seen_meta(pod), "creationTimestamp"),
			  SEEN_SERVER, place(pod));
	}
	scheduled(s, t, pod);
	containers(s, t, pod, is_new);
	started(s, t, pod);
	readiness(s, t, pod);
	disruption(s, t, pod);
	deletion(s, t, pod);
	if (change != SEEN_GONE)
		return;
	seen_tell(s, "deleted", pod, NULL, SEEN_SERVER, place(pod));
	seen_forget(s, t);
}
