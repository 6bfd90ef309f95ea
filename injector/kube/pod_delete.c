/* Deletes pods. It cannot be undone, and says so: class none. What there is to see is how the
 * cluster gets over it. */
#include "injector/kube/hold.h"
#include "injector/kube/pods.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct inj_pods_how how = {.verb = INJ_DELETE, .did = "deleted"};

	if (inj_grace(step->args, &how.grace_s, err) < 0)
		return -1;
	if (ord_arg_int(step->args, "force"))
		how.grace_s = 0;
	return inj_pods_check(step, &how, undo, report, err);
}

const struct ord_injector inj_pod_delete = {
	.name = "pod.delete",
	.check = check,
	.inject = inj_pods_inject,
	.wait = inj_pods_wait,
	.wake = inj_pods_wake,
	.in_force = inj_pods_in_force,
	.figures = inj_pods_figures,
	.end = inj_hold_end,
	.done = inj_pods_done,
};
