/* Restarts a workload as `kubectl rollout restart` does: by an annotation of its pod template. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/await.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/workload.h"

#define RESTARTED "kubectl.kubernetes.io/restartedAt"

/* The UID in it makes the server refuse an object that was made anew. */
static int patch_send(const struct ord_object *o, bool dry_run, struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	ord_auto(json) json_t *patch = NULL;
	char now[32];

	if (!k)
		return -1;
	ord_format_utc(ord_wall_ns(), now);
	patch = json_pack("{s:{s:s} s:{s:{s:{s:{s:s}}}}}", "metadata", "uid", o->uid, "spec",
			  "template", "metadata", "annotations", RESTARTED, now);
	if (!patch)
		return ord_fail_nomem(err);
	return kube_patch(k, o, "", KUBE_PATCH_MERGE, patch, dry_run, inj_cluster_deadline(), NULL,
			  NULL, err);
}

static int one_check(struct inj_step *step, const struct ord_object *o, json_t *report,
		     struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;
	const char *why;

	if (inj_edit_read(o, &object, err) < 0)
		return -1;
	why = workload_no_rollout(object);
	if (why)
		return ord_fail(err, ORD_USAGE, "%s", why);
	if (patch_send(o, true, err) < 0 || !inj_await_add(step->state, o, err))
		return -1;
	return inj_cluster_tell(report, "notes", err, "restarts %s %s", o->kind, o->name);
}

static int look(struct inj_step *step, const struct inj_awaited *a, const json_t *object, bool *ret,
		struct ord_err *err)
{
	(void)a;
	(void)err;
	*ret = !inj_await_unseen(step, object);
	return 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	const struct ord_cluster_place *place = step->place->cluster;
	struct inj_await *w = calloc(1, sizeof *w);
	char text[INJ_OBJECT_TEXT];

	step->state = w;
	if (!w)
		return ord_fail_nomem(err);
	w->look = look;
	if (inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	for (size_t i = 0; i < place->n; i++)
		if (one_check(step, &place->v[i], report, err) < 0)
			return ord_wrap(err, "%s", inj_object_text(&place->v[i], text));
	return 0;
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	const struct inj_await *w = step->state;
	char text[INJ_OBJECT_TEXT];

	if (inj_hold_begin(step, err) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		if (patch_send(&w->v[i].object, false, err) < 0)
			return ord_wrap(err, "%s", inj_object_text(&w->v[i].object, text));
		inj_acted(step, "patched", &w->v[i].object, "restarted");
	}
	return 0;
}

const struct ord_injector inj_workload_restart = {
	.name = "workload.restart",
	.check = check,
	.inject = inject,
	.wait = inj_await_wait,
	.wake = inj_hold_wake,
	.in_force = inj_await_in_force,
	.end = inj_hold_end,
	/* Nothing is taken back; but who is killed gives the target free at once. */
	.revert = inj_hold_release,
	.validate = inj_edit_validate,
	.done = inj_await_done,
};
