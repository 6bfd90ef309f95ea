/* spec.unschedulable, as `kubectl cordon` sets it. The node controller follows with a taint, and
 * takes that away again when the field goes. */
#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *p = step->place->cluster;
	ord_auto(json) json_t *patch = json_pack("[{s:s s:s s:b}]", "op", "add", "path",
						 "/spec/unschedulable", "value", 1);

	if (!patch)
		return ord_fail_nomem(err);
	if (inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		if (inj_edit_patch(step, &p->v[i], patch, undo, report, err) < 0)
			return -1;
	return 0;
}

const struct ord_injector inj_node_cordon = {
	.name = "node.cordon",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_hold_wait,
	.wake = inj_hold_wake,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
};
