/*
 * Evicts pods through the eviction API, which asks their PodDisruptionBudgets: its refusal is a
 * result. It cannot be undone: class none.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
#include "injector/kube/hold.h"
#include "injector/kube/pods.h"

enum { REFUSED_SKIP, REFUSED_WAIT }; /* in the order of list.def */

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct inj_pods_how how = {.verb = INJ_EVICT, .did = "evicted"};

	if (inj_grace(step->args, &how.grace_s, err) < 0)
		return -1;
	how.wait = ord_arg_int(step->args, "refused") == REFUSED_WAIT;
	return inj_pods_check(step, &how, undo, report, err);
}

const struct ord_injector inj_pod_evict = {
	.name = "pod.evict",
	.check = check,
	.inject = inj_pods_inject,
	.wait = inj_pods_wait,
	.wake = inj_pods_wake,
	.in_force = inj_pods_in_force,
	.figures = inj_pods_figures,
	.end = inj_hold_end,
	.done = inj_pods_done,
};
