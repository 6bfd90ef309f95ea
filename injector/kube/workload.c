#include "injector/kube/workload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

enum workload_kind workload_kind(const char *kind)
{
	static const char *const names[] = {"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet",
					    "Job"};

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (strcmp(kind, names[i]) == 0)
			return (enum workload_kind)i;
	return WORKLOAD_OTHER;
}

json_t *workload_at(const json_t *object, ...)
{
	json_t *at = NULL;
	const char *key;
	va_list keys;

	va_start(keys, object);
	while ((key = va_arg(keys, const char *))) {
		at = json_object_get(object, key);
		object = at;
	}
	va_end(keys);
	return at;
}

int64_t workload_int(const json_t *object, int64_t absent, const char *a, const char *b)
{
	const json_t *value = workload_at(object, a, b, NULL);

	return json_is_integer(value) ? json_integer_value(value) : absent;
}

bool workload_observed(const json_t *object)
{
	return workload_int(object, 0, "status", "observedGeneration") >=
	       workload_int(object, 1, "metadata", "generation");
}

const char *workload_no_rollout(const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const json_t *strategy = workload_at(object, "spec", "updateStrategy", NULL);
	const char *type = json_string_value(json_object_get(strategy, "type"));

	switch (workload_kind(kind ? kind : "")) {
	case WORKLOAD_DEPLOYMENT:
		if (json_is_true(workload_at(object, "spec", "paused", NULL)))
			return "it is paused (spec.paused): nothing would be rolled out";
		return NULL;
	case WORKLOAD_STATEFULSET:
		if (workload_int(strategy, 0, "rollingUpdate", "partition") >=
		    workload_int(object, 1, "spec", "replicas"))
			return "its partition (spec.updateStrategy.rollingUpdate) keeps every pod "
			       "as it is: nothing would be rolled out";
		__attribute__((fallthrough));
	case WORKLOAD_DAEMONSET:
		if (type && strcmp(type, "OnDelete") == 0)
			return "its update strategy is OnDelete: nothing would be rolled out "
			       "before "
			       "somebody deletes its pods";
		return NULL;
	case WORKLOAD_REPLICASET:
		return "a ReplicaSet rolls nothing out: name the Deployment that owns it";
	case WORKLOAD_JOB:
		return "a Job's pod template cannot be changed";
	case WORKLOAD_OTHER:
		break;
	}
	return "it is no Deployment, StatefulSet or DaemonSet";
}

static int containers_tell(const json_t *containers, const char *named, struct ord_err *err)
{
	char list[256] = "";
	const json_t *c;
	size_t i, used = 0;

	json_array_foreach (containers, i, c) {
		const char *name = json_string_value(json_object_get(c, "name"));
		int n = snprintf(list + used, sizeof list - used, "%s%.63s", i ? ", " : "",
				 name ? name : "?");

		if (n > 0 && used + (size_t)n < sizeof list)
			used += (size_t)n;
	}
	list[used] = '\0';
	return named[0] ? ord_fail(err, ORD_USAGE, "container: there is no '%.63s'; there are: %s",
				   named, list)
			: ord_fail(err, ORD_USAGE, "container: say which of its containers: %s",
				   list);
}

int workload_container(const json_t *object, const char *named, size_t *ret, struct ord_err *err)
{
	const json_t *pod = workload_at(object, "spec", "template", "spec", NULL), *c;
	const json_t *containers = json_object_get(pod, "containers");
	size_t i;

	if (!named[0] && json_array_size(containers) == 1) {
		*ret = 0;
		return 0;
	}
	json_array_foreach (containers, i, c) {
		const char *name = json_string_value(json_object_get(c, "name"));

		if (named[0] && name && strcmp(name, named) == 0) {
			*ret = i;
			return 0;
		}
	}
	json_array_foreach (json_object_get(pod, "initContainers"), i, c) {
		const char *name = json_string_value(json_object_get(c, "name"));

		if (named[0] && name && strcmp(name, named) == 0)
			return ord_fail(err, ORD_USAGE,
					"container: '%.63s' is an init container; its image is "
					"left alone",
					named);
	}
	return containers_tell(containers, named, err);
}

int workload_retag(const char *image, const char *tag, char ret[static WORKLOAD_IMAGE],
		   struct ord_err *err)
{
	const char *slash = strrchr(image, '/'), *from = slash ? slash : image;
	size_t keep = (size_t)(from - image) + strcspn(from, ":@");
	int n;

	if (!tag[0] || strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
				   ".-") != strlen(tag))
		return ord_fail(err, ORD_USAGE, "tag: '%.64s' is no tag of an image", tag);
	n = snprintf(ret, WORKLOAD_IMAGE, "%.*s:%s", (int)keep, image, tag);
	if (n >= WORKLOAD_IMAGE)
		return ord_fail(err, ORD_USAGE, "the name of the image is too long");
	return 0;
}

bool workload_runs(const json_t *pod_spec, const char *container, const char *image)
{
	const json_t *c;
	size_t i;

	json_array_foreach (json_object_get(pod_spec, "containers"), i, c) {
		const char *name = json_string_value(json_object_get(c, "name"));
		const char *has = json_string_value(json_object_get(c, "image"));

		if (name && has && !strcmp(name, container) && !strcmp(has, image))
			return true;
	}
	return false;
}

bool workload_owned(const json_t *object, const char *uid)
{
	const json_t *owner;
	size_t i;

	json_array_foreach (workload_at(object, "metadata", "ownerReferences", NULL), i, owner) {
		const char *its = json_string_value(json_object_get(owner, "uid"));

		if (its && strcmp(its, uid) == 0)
			return true;
	}
	return false;
}
