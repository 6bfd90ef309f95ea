#include "injector/kube/drain.h"

#include <string.h>

#define MIRROR	"kubernetes.io/config.mirror"
#define PROTECT "ordeal.dev/protect"

static const json_t *meta(const json_t *pod, const char *key)
{
	return json_object_get(json_object_get(pod, "metadata"), key);
}

static bool text_is(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && strcmp(text, value) == 0;
}

/* The one owner that makes it again. */
static const json_t *controller(const json_t *pod)
{
	const json_t *owners = meta(pod, "ownerReferences"), *owner;
	size_t i;

	json_array_foreach (owners, i, owner)
		if (json_is_true(json_object_get(owner, "controller")))
			return owner;
	return NULL;
}

const char *inj_drain_daemon_set(const json_t *pod)
{
	const json_t *owner = controller(pod);

	if (!owner || !text_is(owner, "kind", "DaemonSet") ||
	    !text_is(owner, "apiVersion", "apps/v1"))
		return NULL;
	return json_string_value(json_object_get(owner, "name"));
}

static bool finished(const json_t *pod)
{
	const json_t *status = json_object_get(pod, "status");

	return text_is(status, "phase", "Succeeded") || text_is(status, "phase", "Failed");
}

static bool has_empty_dir(const json_t *pod)
{
	const json_t *volumes = json_object_get(json_object_get(pod, "spec"), "volumes"), *volume;
	size_t i;

	json_array_foreach (volumes, i, volume)
		if (json_is_object(json_object_get(volume, "emptyDir")))
			return true;
	return false;
}

static bool protected(const json_t *pod)
{
	return text_is(meta(pod, "labels"), PROTECT, "true") ||
	       text_is(meta(pod, "annotations"), PROTECT, "true");
}

static bool is_self(const json_t *pod, const struct inj_drain_rules *rules)
{
	const json_t *m = json_object_get(pod, "metadata");

	return rules->self_name && text_is(m, "namespace", rules->self_ns) &&
	       text_is(m, "name", rules->self_name);
}

/* kubectl's order (pkg/drain/filters.go), which decides between two reasons. */
enum inj_drain inj_drain_judge(const json_t *pod, const struct inj_drain_rules *rules,
			       const char **ret_why)
{
	bool ended = finished(pod);

	*ret_why = "";
	if (inj_drain_daemon_set(pod) && !ended) {
		if (!rules->daemon_set_known)
			return INJ_DRAIN_DAEMON_SET;
		*ret_why = "a daemon set would make it again at once";
		if (rules->daemon_set_there)
			return INJ_DRAIN_IGNORE;
		*ret_why = "its daemon set is gone: nobody makes it again (bare: true evicts it)";
		if (!rules->bare)
			return INJ_DRAIN_LEAVE;
		*ret_why = "";
	}
	if (json_object_get(meta(pod, "annotations"), MIRROR)) {
		*ret_why = "a mirror of a static pod: its kubelet alone can end it";
		return INJ_DRAIN_IGNORE;
	}
	if (protected(pod)) {
		*ret_why = "protected: " PROTECT;
		return INJ_DRAIN_LEAVE;
	}
	if (is_self(pod, rules)) {
		*ret_why = "ordeal runs in it: evicted, it could not give the node back";
		return INJ_DRAIN_LEAVE;
	}
	if (ended)
		return INJ_DRAIN_EVICT;
	if (has_empty_dir(pod) && !rules->empty_dir) {
		*ret_why =
			"it has an emptyDir, whose data would be lost (empty-dir: true evicts it)";
		return INJ_DRAIN_LEAVE;
	}
	if (!controller(pod) && !rules->bare) {
		*ret_why = "nobody makes it again (bare: true evicts it)";
		return INJ_DRAIN_LEAVE;
	}
	return INJ_DRAIN_EVICT;
}
