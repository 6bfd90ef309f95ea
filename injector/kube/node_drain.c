/*
 * Drains nodes: cordons them (edit.h, which also gives them back) and evicts their pods, as kubectl
 * drain does. Who is on a node is seen by watch, so that a pod that was being bound when the cordon
 * came is evicted too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "injector/kube/act.h"
#include "injector/kube/cluster.h"
#include "injector/kube/drain.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/known.h"
#include "injector/kube/pods.h"

#define WATCHES_MAX 32		   /* of one node each; of more nodes one watch of all pods */
#define BUDGET_NS   (500 * ORD_MS) /* the first pause after a budget's refusal; it doubles */
#define BUDGET_MAX  4		   /* ...so often, to 8 s; kubectl's is 5 s */
#define LOST_NS	    ORD_S
#define SETTLE_NS   (2 * ORD_S)

/* What became of a pod. */
enum { JUDGED = 1, LEFT = 2, BLOCKED = 4 };

struct drain {
	struct inj_step *step;
	const struct ord_cluster_place *place;
	struct kube *k;
	struct inj_act *act;
	struct inj_act_how how;
	struct inj_drain_rules rules;
	char self_ns[ORD_KUBE_NS], self_name[ORD_KUBE_NAME];
	struct kube_watch *watches[WATCHES_MAX];
	size_t n_watches, n_synced, n_asking; /* asking: for a daemon set */
	struct inj_known_table known;
	size_t evicted, gone, refused, budget, blocked, lost, left, ignored;
	char trouble[512];
};

/* A pod whose daemon set is asked for. */
struct orphan {
	struct drain *d;
	json_t *pod;
};

static void judge(struct drain *d, const json_t *object, struct inj_known *k,
		  const struct inj_drain_rules *rules);

/* --- evictions ------------------------------------------------------------------------------ */

static void unblock(struct drain *d, const struct ord_object *o)
{
	struct inj_known *k = inj_known_find(&d->known, o->uid);

	if (k && (k->flags & BLOCKED)) {
		k->flags &= ~(unsigned)BLOCKED;
		d->blocked--;
	}
}

static uint64_t refused(struct drain *d, const struct ord_object *o, const char *detail,
			unsigned before)
{
	struct inj_known *k = inj_known_find(&d->known, o->uid);

	if (k && !(k->flags & BLOCKED)) {
		k->flags |= BLOCKED;
		d->blocked++;
		d->budget++;
		inj_acted(d->step, "refused", o, detail);
	}
	return BUDGET_NS << (before < BUDGET_MAX ? before : BUDGET_MAX);
}

static uint64_t told(void *arg, const struct ord_object *o, enum inj_outcome outcome,
		     const char *detail, unsigned before)
{
	struct drain *d = arg;

	switch (outcome) {
	case INJ_HIT:
		unblock(d, o);
		d->evicted++;
		inj_acted(d->step, "evicted", o, detail);
		return 0;
	case INJ_GONE:
		unblock(d, o);
		d->gone++;
		inj_acted(d->step, "gone", o, detail);
		return 0;
	case INJ_BUDGET:
		return refused(d, o, detail, before);
	case INJ_REFUSED:
		unblock(d, o);
		d->refused++;
		inj_acted(d->step, "refused", o, detail);
		return 0;
	case INJ_LOST:
		break;
	}
	d->lost++;
	inj_acted(d->step, "lost", o, detail);
	return LOST_NS;
}

/* --- who is on the nodes -------------------------------------------------------------------- */

static void looked_for(void *arg, struct kube_answer *a, const struct ord_err *err)
{
	struct orphan *o = arg;
	struct drain *d = o->d;
	struct inj_drain_rules rules = d->rules;
	const json_t *meta = json_object_get(o->pod, "metadata");
	struct inj_known *k = inj_known_find(&d->known, inj_json_text(meta, "uid"));

	d->n_asking--;
	rules.daemon_set_known = true;
	/* One that could not be asked for may be there: its pods are not ours then. */
	rules.daemon_set_there = !err || a->status != 404;
	if (k)
		judge(d, o->pod, k, &rules);
	json_decref(o->pod);
	free(o);
}

static void daemon_set_ask(struct drain *d, const json_t *object)
{
	static const struct kube_kind kind = {"apps/v1", "DaemonSet", "daemonsets", true};
	const json_t *meta = json_object_get(object, "metadata");
	struct orphan *o = calloc(1, sizeof *o);
	char path[KUBE_PATH];
	struct kube_request req = {.method = "GET",
				   .path = kube_path(&kind, inj_json_text(meta, "namespace"),
						     inj_drain_daemon_set(object), NULL, path),
				   .deadline_ns = ord_now_ns() + 10 * ORD_S};
	struct ord_err err;

	if (!o)
		return;
	*o = (struct orphan){.d = d, .pod = json_deep_copy(object)};
	if (o->pod && kube_start(d->k, &req, looked_for, o, &err) == 0) {
		d->n_asking++;
		return;
	}
	json_decref(o->pod);
	free(o);
}

static void judge(struct drain *d, const json_t *object, struct inj_known *k,
		  const struct inj_drain_rules *rules)
{
	const char *why;
	enum inj_drain verdict = inj_drain_judge(object, rules, &why);
	bool was_left = k->flags & LEFT;
	struct ord_object pod;
	struct ord_err err;

	inj_known_object(k, &pod);
	k->flags |= JUDGED;
	switch (verdict) {
	case INJ_DRAIN_EVICT:
		k->flags &= ~(unsigned)LEFT;
		d->left -= was_left;
		if (inj_act_add(d->act, &pod, &err) < 0)
			inj_acted(d->step, "lost", &pod, err.msg);
		break;
	case INJ_DRAIN_IGNORE:
		d->ignored++;
		inj_acted(d->step, "ignored", &pod, why);
		break;
	case INJ_DRAIN_LEAVE:
		if (was_left)
			break;
		k->flags |= LEFT;
		d->left++;
		inj_acted(d->step, "left", &pod, why);
		break;
	case INJ_DRAIN_DAEMON_SET:
		daemon_set_ask(d, object);
		break;
	}
}

static bool on_our_node(const struct drain *d, const json_t *object)
{
	const char *node = inj_json_text(json_object_get(object, "spec"), "nodeName");

	for (size_t i = 0; i < d->place->n; i++)
		if (strcmp(d->place->v[i].name, node) == 0)
			return true;
	return false;
}

/* One that was left may have finished meanwhile. */
static void on_pod(struct drain *d, const json_t *object)
{
	const json_t *meta = json_object_get(object, "metadata");
	struct inj_known *k;
	bool new;

	if (!on_our_node(d, object) || !(k = inj_known_note(&d->known, meta, &new)))
		return;
	if (json_object_get(meta, "deletionTimestamp"))
		k->flags |= JUDGED; /* it goes anyway */
	else if (!(k->flags & JUDGED) || (k->flags & LEFT))
		judge(d, object, k, &d->rules);
}

static void on_event(void *arg, enum kube_event e, const json_t *object, uint64_t arrival_ns)
{
	struct drain *d = arg;
	struct inj_known *k;

	(void)arrival_ns;
	switch (e) {
	case KUBE_ADDED:
	case KUBE_MODIFIED:
		on_pod(d, object);
		break;
	case KUBE_DELETED:
		k = inj_known_find(&d->known,
				   inj_json_text(json_object_get(object, "metadata"), "uid"));
		if (k) {
			d->blocked -= (k->flags & BLOCKED) != 0;
			inj_known_drop(&d->known, k);
		}
		break;
	case KUBE_SYNCED:
		d->n_synced++;
		break;
	case KUBE_CUT:
	case KUBE_RESUMED:
		break;
	}
}

static void on_error(void *arg, const struct ord_err *err)
{
	struct drain *d = arg;

	(void)snprintf(d->trouble, sizeof d->trouble, "%s", err->msg);
}

static int watches_open(struct drain *d, struct ord_err *err)
{
	bool each = d->place->n <= WATCHES_MAX;
	struct kube_set set = {.kind = {"v1", "Pod", "pods", true}};
	char field[ORD_KUBE_NAME + 16];

	for (size_t i = 0; i < (each ? d->place->n : 1); i++) {
		(void)snprintf(field, sizeof field, "spec.nodeName=%s", d->place->v[i].name);
		set.field_selector = each ? field : "spec.nodeName!=";
		if (kube_watch_open(d->k, &set, on_event, on_error, d, &d->watches[i], err) < 0)
			return -1;
		d->n_watches++;
	}
	return 0;
}

/* --- verbs ---------------------------------------------------------------------------------- */

/* The pod that we are in, where we are in one: evicted, we could not give the node back. */
static void self_find(struct drain *d)
{
	static const char ns[] = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
	ssize_t n = ord_file_peek(AT_FDCWD, ns, d->self_ns, sizeof d->self_ns);

	if (n <= 0 || gethostname(d->self_name, sizeof d->self_name) < 0)
		return;
	d->self_ns[strcspn(d->self_ns, "\n")] = '\0';
	d->rules.self_ns = d->self_ns;
	d->rules.self_name = d->self_name;
}

static int cordons_plan(struct drain *d, json_t *undo, json_t *report, struct ord_err *err)
{
	ord_auto(json) json_t *patch = json_pack("[{s:s s:s s:b}]", "op", "add", "path",
						 "/spec/unschedulable", "value", 1);

	if (!patch)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < d->place->n; i++) {
		if (strcmp(d->place->v[i].kind, "Node") != 0)
			return ord_fail(err, ORD_USAGE, "target: %s is no node",
					d->place->v[i].name);
		if (inj_edit_patch(d->step, &d->place->v[i], patch, undo, report, err) < 0)
			return -1;
	}
	return 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct drain *d = calloc(1, sizeof *d);

	step->state = d;
	if (!d)
		return ord_fail_nomem(err);
	d->step = step;
	d->place = step->place->cluster;
	if (!d->place || d->place->n == 0)
		return ord_fail(err, ORD_USAGE, "target: no node in a cluster");
	if (d->place->follow && d->place->follow->follow)
		return ord_fail(err, ORD_USAGE, "follow: only pods are followed, not nodes");
	d->how.verb = INJ_EVICT;
	d->how.width = (unsigned)ord_arg_int(step->args, "parallel");
	d->rules.bare = ord_arg_int(step->args, "bare");
	d->rules.empty_dir = ord_arg_int(step->args, "empty-dir");
	self_find(d);
	if (inj_grace(step->args, &d->how.grace_s, err) < 0 ||
	    inj_cluster_check(step, undo, report, err) < 0 ||
	    cordons_plan(d, undo, report, err) < 0)
		return -1;
	d->k = inj_cluster(err);
	return d->k ? 0 : -1;
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	struct drain *d = step->state;

	if (inj_edit_inject(step, err) < 0 ||
	    inj_act_open(d->k, &d->how, told, d, &d->act, err) < 0)
		return -1;
	return watches_open(d, err);
}

static unsigned wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct drain *d = step->state;
	uint64_t due = inj_act_due(d->act);

	if (due < *due_ns)
		*due_ns = due;
	return inj_hold_wait(step, fds, max, due_ns);
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	struct drain *d = step->state;

	if (inj_hold_wake(step, fds, n, ret_over, err) < 0)
		return -1;
	inj_act_pump(d->act);
	return 0;
}

/* The nodes are cordoned, and each pod that was on them has been asked for once. */
static int in_force(struct inj_step *step, bool *ret_in_force, struct ord_err *err)
{
	const struct drain *d = step->state;

	if (d->n_synced < d->n_watches && d->trouble[0])
		return ord_fail(err, ORD_SYS, "watch the pods of the nodes: %s", d->trouble);
	*ret_in_force =
		d->n_synced == d->n_watches && d->n_asking == 0 && inj_act_untold(d->act) == 0;
	if (!*ret_in_force)
		(void)snprintf(step->why, sizeof step->why,
			       "%zu of %zu lists of pods are read, %zu pods are looked at, and %zu "
			       "evictions have no answer",
			       d->n_synced, d->n_watches, d->n_asking,
			       d->act ? inj_act_untold(d->act) : 0);
	return 0;
}

static void figures_list(const struct drain *d, json_t *figures)
{
	const struct {
		const char *key;
		size_t value;
		bool always;
	} list[] = {
		{"evicted", d->evicted, true},
		{"ignored", d->ignored, true},
		{"left", d->left, true},
		{"gone_already", d->gone, true},
		{"refused", d->refused, true},
		{"refused_by_budget", d->budget, true},
		{"blocked", d->blocked, true},
		{"unanswered", d->lost, false},
		{"not_asked", d->act ? inj_act_untold(d->act) : 0, false},
	};

	for (size_t i = 0; i < ORD_COUNT(list); i++)
		if (list[i].always || list[i].value > 0)
			(void)json_object_set_new(figures, list[i].key,
						  json_integer((json_int_t)list[i].value));
}

static void figures(struct inj_step *step, json_t *figures)
{
	struct drain *d = step->state;

	if (d->act) /* what is in flight is still told */
		inj_act_settle(d->act, SETTLE_NS);
	figures_list(d, figures);
}

static int end(struct inj_step *step, struct ord_err *err)
{
	struct drain *d = step->state;

	for (size_t i = 0; i < d->n_watches; i++)
		kube_watch_close(d->watches[i]);
	d->n_watches = 0;
	return inj_hold_end(step, err);
}

static void done(struct inj_step *step)
{
	struct drain *d = step->state;

	if (!d)
		return;
	for (size_t i = 0; i < d->n_watches; i++)
		kube_watch_close(d->watches[i]);
	inj_act_free(d->act);
	inj_known_done(&d->known);
	free(d);
	step->state = NULL;
}

const struct ord_injector inj_node_drain = {
	.name = "node.drain",
	.check = check,
	.inject = inject,
	.wait = wait,
	.wake = wake,
	.in_force = in_force,
	.figures = figures,
	.end = end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
	.done = done,
};
