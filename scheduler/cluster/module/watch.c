/* What is watched in a cluster: the observer, and where probes of kind `kube` ask. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/cluster/module/cluster.h"
#include "scheduler/cluster/watch/observe.h"
#include "scheduler/probe/kube/kube.h"

#define VERSION_NS (10 * ORD_S)

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	kube_drive(arg);
	return 0;
}

/* From the first watch on, the client lives on the run's loop. */
static int join_loop(struct ord_cluster *c, struct ord_err *err)
{
	int r;

	if (c->io)
		return 0;
	if (!c->loop)
		return ord_fail(err, ORD_SYS, "this cluster was opened without a loop");
	r = sd_event_add_io(c->loop, &c->io, kube_fd(c->kube), EPOLLIN, on_ready, c->kube);
	if (r >= 0)
		return 0;
	errno = -r;
	return ord_fail_sys(err, "watch the cluster");
}

int ord_cluster_observe(struct ord_cluster *c, const struct ord_plan *plan,
			void (*on_line)(void *arg, struct json_t *line, uint64_t at_ns), void *arg,
			struct ord_observer **ret, struct ord_err *err)
{
	return join_loop(c, err) ? -1 : observe_open(c->kube, plan, on_line, arg, ret, err);
}

int ord_observer_targets(struct ord_observer *o, const struct ord_place *const *places, size_t n,
			 struct ord_err *err)
{
	return observe_targets(o, places, n, err);
}

void ord_observer_close(struct ord_observer *o)
{
	observe_close(o);
}

int ord_cluster_probes(struct ord_cluster *c, struct ord_probe_source *ret, struct ord_err *err)
{
	if (join_loop(c, err))
		return -1;
	*ret = (struct ord_probe_source){.kind = &prb_kube, .cluster = c->kube};
	return 0;
}

int ord_cluster_version(struct ord_cluster *c, char ret[static ORD_CLUSTER_VERSION],
			struct ord_err *err)
{
	const struct kube_request request = {
		.method = "GET", .path = "/version", .deadline_ns = ord_now_ns() + VERSION_NS};
	struct kube_answer answer = {0};
	const char *version;
	int r = kube_call(c->kube, &request, &answer, err);

	version = json_string_value(json_object_get(answer.body, "gitVersion"));
	if (!r)
		(void)snprintf(ret, ORD_CLUSTER_VERSION, "%s", version ? version : "");
	kube_answer_done(&answer);
	return r;
}
