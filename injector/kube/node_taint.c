/* One taint of each node. */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"

static json_t *taint_make(const struct ord_args *args)
{
	char effect[32];
	json_t *taint = json_pack("{s:s s:s}", "key", ord_arg_text(args, "key"), "effect",
				  ord_arg_format(args, "effect", sizeof effect, effect));

	if (taint && ord_arg_set(args, "value") &&
	    json_object_set_new(taint, "value", json_string(ord_arg_text(args, "value")))) {
		json_decref(taint);
		return NULL;
	}
	return taint;
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	const char *x = json_string_value(json_object_get(a, key));
	const char *y = json_string_value(json_object_get(b, key));

	return !strcmp(x ? x : "", y ? y : "");
}

/* A taint is named by key and effect: one that is there is replaced, as kubectl's --overwrite does.
 */
static json_t *patch_make(const json_t *node, const json_t *taint)
{
	const json_t *taints = json_object_get(json_object_get(node, "spec"), "taints");
	ord_auto(json) json_t *copy = json_deep_copy(taint);

	if (!json_is_array(taints))
		return json_pack("[{s:s s:s s:[O]}]", "op", "add", "path", "/spec/taints", "value",
				 copy);
	for (size_t i = 0; i < json_array_size(taints); i++)
		if (same(json_array_get(taints, i), taint, "key") &&
		    same(json_array_get(taints, i), taint, "effect"))
			return json_pack("[{s:s s:o s:O}]", "op", "replace", "path",
					 json_sprintf("/spec/taints/%zu", i), "value", copy);
	return json_pack("[{s:s s:s s:O}]", "op", "add", "path", "/spec/taints/-", "value", copy);
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *p = step->place->cluster;
	ord_auto(json) json_t *taint = taint_make(step->args);

	if (!taint)
		return ord_fail_nomem(err);
	if (inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		ord_auto(json) json_t *node = NULL, *patch = NULL;

		if (inj_edit_read(&p->v[i], &node, err) < 0)
			return -1;
		patch = patch_make(node, taint);
		if (!patch)
			return ord_fail_nomem(err);
		if (inj_edit_patch(step, &p->v[i], patch, undo, report, err) < 0)
			return -1;
	}
	return 0;
}

const struct ord_injector inj_node_taint = {
	.name = "node.taint",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_hold_wait,
	.wake = inj_hold_wake,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
};
