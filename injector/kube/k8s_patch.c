/* A JSON patch on any object, and back. */
#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/pointer.h"

static int patch_parse(const struct inj_step *step, json_t **ret, struct ord_err *err)
{
	const char *text = ord_arg_text(step->args, "patch");
	json_error_t why;
	ord_auto(json) json_t *patch = json_loads(text, JSON_REJECT_DUPLICATES, &why);

	if (!patch)
		return ord_fail(err, ORD_USAGE, "patch: not JSON, column %d: %.120s", why.column,
				why.text);
	if (inj_patch_validate(patch, err) < 0)
		return ord_wrap(err, "patch");
	*ret = ord_steal_ptr(patch);
	return 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *p = step->place->cluster;
	ord_auto(json) json_t *patch = NULL;

	if (patch_parse(step, &patch, err) < 0 || inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		if (inj_edit_patch(step, &p->v[i], patch, undo, report, err) < 0)
			return -1;
	if (json_array_size(json_object_get(undo, "edits")) == 0)
		return ord_fail(err, ORD_USAGE, "the patch changes nothing: all is so already");
	if (ord_arg_int(step->args, "undo"))
		return 0;
	return inj_cluster_tell(report, "notes", err,
				"the change stays when the fault ends (undo: false)") < 0 ||
			       json_object_set_new(undo, "stays", json_true()) < 0
		       ? -1
		       : 0;
}

const struct ord_injector inj_k8s_patch = {
	.name = "k8s.patch",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_hold_wait,
	.wake = inj_hold_wake,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
};
