/*
 * Isolates pods by a NetworkPolicy. Single pods are selected by a label of this lease's own, which
 * each of them is given; a workload or a service by its own selector, so that the pods which
 * replace others are isolated too.
 *
 * Whether a network plugin enforces the policy cannot be read from the API: the fault is `unfelt`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/pod_set.h"
#include "injector/kube/policy.h"
#include "injector/kube/workload.h"
#include "base/selector.h"

#define PODS_MAX 1000

struct isolation {
	struct inj_step *step;
	json_t *undo, *report;
	struct policy policy;
	json_t *others; /* namespace -> list of policies that are there; owned */
	json_t *spaces; /* namespace -> true where the label's policy is planned; owned */
	char token[20];
	unsigned made;
	size_t pods; /* that are isolated */
};

static int token_make(char token[static 20], struct ord_err *err)
{
	uint8_t random[5];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return ord_fail_sys(err, "getrandom");
	(void)snprintf(token, 20, "%02x%02x%02x%02x%02x", random[0], random[1], random[2],
		       random[3], random[4]);
	return 0;
}

/* --- policies that are there already -----------------------------------------------------------
 */

static int other_keep(void *arg, const json_t *item, struct ord_err *err)
{
	return json_array_append_new(arg, json_deep_copy(item)) < 0 ? ord_fail_nomem(err) : 0;
}

/* Borrowed; NULL with err. */
static const json_t *others_of(struct isolation *x, const char *ns, struct ord_err *err)
{
	struct kube_set set = {
		.kind = {"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true},
		.ns = ns};
	struct kube *k = inj_cluster(err);
	json_t *list = json_object_get(x->others, ns);

	if (list || !k)
		return list;
	list = json_array();
	if (json_object_set_new(x->others, ns, list) < 0)
		return (void)ord_fail_nomem(err), NULL;
	return kube_list(k, &set, other_keep, list, inj_cluster_deadline(), NULL, err) < 0 ? NULL
											   : list;
}

static int selects(const json_t *policy, const json_t *pod, bool *ret, struct ord_err *err)
{
	ord_autofree char *text = ord_selector_of(workload_at(policy, "spec", "podSelector", NULL));
	struct ord_selector *selector;

	if (!text)
		return ord_fail_nomem(err);
	*ret = !text[0];
	if (*ret)
		return 0;
	if (ord_selector_parse(text, false, &selector, err) < 0)
		return -1;
	*ret = ord_selector_matches(selector, workload_at(pod, "metadata", "labels", NULL));
	ord_selector_free(selector);
	return 0;
}

/* Policies add up: what another allows to this pod stays open. Each is told of once. */
static int others_tell(struct isolation *x, const json_t *pod, struct ord_err *err)
{
	const char *ns = json_string_value(workload_at(pod, "metadata", "namespace", NULL));
	const json_t *list = others_of(x, ns, err);
	json_t *policy;
	size_t i;

	if (!list)
		return -1;
	json_array_foreach (list, i, policy) {
		const char *name = json_string_value(workload_at(policy, "metadata", "name", NULL));
		bool hit = false;

		if (json_object_get(policy, "told") ||
		    !policy_opens(json_object_get(policy, "spec"), &x->policy))
			continue;
		if (selects(policy, pod, &hit, err) < 0)
			return -1;
		if (!hit)
			continue;
		(void)json_object_set_new(policy, "told", json_true());
		if (inj_cluster_tell(
			    x->report, "notes", err,
			    "NetworkPolicy %s/%s allows traffic of chosen pods: that stays "
			    "open, since policies add up",
			    ns, name ? name : "?") < 0)
			return -1;
	}
	return 0;
}

/* --- planning ----------------------------------------------------------------------------------
 */

static int policy_plan(struct isolation *x, const char *ns, json_t *selector, struct ord_err *err)
{
	ord_auto(json) json_t *mine = selector, *spec = NULL, *object = NULL;
	char name[64];

	if (!selector)
		return ord_fail_nomem(err);
	x->policy.selector = selector;
	if (policy_spec(&x->policy, &spec, err) < 0)
		return -1;
	(void)snprintf(name, sizeof name, "ordeal-%s-%u", x->token, x->made++);
	object =
		json_pack("{s:s s:s s:{s:s s:s} s:O}", "apiVersion", "networking.k8s.io/v1", "kind",
			  "NetworkPolicy", "metadata", "name", name, "namespace", ns, "spec", spec);
	if (!object)
		return ord_fail_nomem(err);
	return inj_edit_create(x->step, object, x->undo, x->report, err);
}

static int pod_take(struct isolation *x, const json_t *pod, struct ord_err *err)
{
	const char *name = json_string_value(workload_at(pod, "metadata", "name", NULL));

	if (json_is_true(workload_at(pod, "spec", "hostNetwork", NULL)))
		return inj_cluster_tell(x->report, "notes", err,
					"Pod %s uses its node's network: no policy is about it",
					name ? name : "?");
	if (++x->pods > PODS_MAX)
		return ord_fail(err, ORD_USAGE, "more than %d pods", PODS_MAX);
	return 0;
}

/* The policies of its namespace were listed before: one list cannot be read within another. */
static int pod_note(void *arg, const json_t *pod, struct ord_err *err)
{
	struct isolation *x = arg;

	return pod_take(x, pod, err) < 0 || others_tell(x, pod, err) < 0 ? -1 : 0;
}

static int pod_plan(struct isolation *x, const struct ord_object *o, const json_t *pod,
		    struct ord_err *err)
{
	bool labelled = workload_at(pod, "metadata", "labels", NULL);
	ord_auto(json) json_t *patch = json_array();
	char key[64], path[96];
	size_t before = x->pods;

	if (pod_note(x, pod, err) < 0)
		return -1;
	if (x->pods == before)
		return 0;
	(void)snprintf(key, sizeof key, "ordeal.dev/isolated-%s", x->token);
	(void)snprintf(path, sizeof path, "/metadata/labels/ordeal.dev~1isolated-%s", x->token);
	if ((!labelled &&
	     json_array_append_new(patch, json_pack("{s:s s:s s:{}}", "op", "add", "path",
						    "/metadata/labels", "value")) < 0) ||
	    json_array_append_new(
		    patch, json_pack("{s:s s:s s:s}", "op", "add", "path", path, "value", "")) < 0)
		return ord_fail_nomem(err);
	if (inj_edit_patch(x->step, o, patch, x->undo, x->report, err) < 0)
		return -1;
	if (json_object_get(x->spaces, o->ns))
		return 0;
	if (json_object_set_new(x->spaces, o->ns, json_true()) < 0)
		return ord_fail_nomem(err);
	return policy_plan(x, o->ns, json_pack("{s:{s:s}}", "matchLabels", key, ""), err);
}

/* The target's own selector, as a LabelSelector; owned. */
static json_t *selector_of(const struct ord_object *o, const json_t *object)
{
	json_t *selector = workload_at(object, "spec", "selector", NULL);

	return strcmp(o->kind, "Service") == 0 ? json_pack("{s:O}", "matchLabels", selector)
					       : json_incref(selector);
}

static int set_plan(struct isolation *x, const struct ord_object *o, const json_t *object,
		    struct ord_err *err)
{
	struct kube *k = inj_cluster(err);
	size_t before = x->pods;

	if (!k || !others_of(x, o->ns, err) || inj_pod_set(k, o, object, pod_note, x, err) < 0 ||
	    policy_plan(x, o->ns, selector_of(o, object), err) < 0)
		return -1;
	return inj_cluster_tell(x->report, "notes", err,
				"%s %s has %zu pods now; those that come meanwhile are isolated "
				"too",
				o->kind, o->name, x->pods - before);
}

static int one_check(struct isolation *x, const struct ord_object *o, struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;

	if (inj_edit_read(o, &object, err) < 0)
		return -1;
	return strcmp(o->kind, "Pod") == 0 ? pod_plan(x, o, object, err)
					   : set_plan(x, o, object, err);
}

static int targets_check(struct isolation *x, struct ord_err *err)
{
	const struct ord_cluster_place *place = x->step->place->cluster;
	char text[INJ_OBJECT_TEXT];

	if (place->follow && place->follow->follow && strcmp(place->v[0].kind, "Pod") == 0)
		return ord_fail(err, ORD_USAGE,
				"net.policy does not follow single pods: name their workload or "
				"their service, whose later pods are isolated as well");
	for (size_t i = 0; i < place->n; i++)
		if (one_check(x, &place->v[i], err) < 0)
			return ord_wrap(err, "%s", inj_object_text(&place->v[i], text));
	if (x->pods == 0)
		return ord_fail(err, ORD_USAGE, "no pod is there that a policy could isolate");
	if (json_object_set_new(x->report, "unfelt", json_true()) < 0)
		return ord_fail_nomem(err);
	return inj_cluster_tell(x->report, "notes", err,
				"whether the network plugin of this cluster enforces policies "
				"cannot be seen through the API");
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct isolation x = {.step = step, .undo = undo, .report = report};
	ord_auto(json) json_t *others = json_object(), *spaces = json_object();
	int64_t way = ord_arg_int(step->args, "direction"); /* egress, ingress, both */

	x.others = others;
	x.spaces = spaces;
	x.policy = (struct policy){
		.egress = way != 1,
		.ingress = way != 0,
		.allow_dns = ord_arg_int(step->args, "allow-dns"),
		.allow = ord_arg_set(step->args, "allow") ? &ord_arg(step->args, "allow")->eps
							  : NULL,
	};
	if (!others || !spaces)
		return ord_fail_nomem(err);
	if (token_make(x.token, err) < 0 || inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	return targets_check(&x, err);
}

const struct ord_injector inj_net_policy = {
	.name = "net.policy",
	.check = check,
	.inject = inj_edit_inject,
	.wait = inj_hold_wait,
	.wake = inj_hold_wake,
	.end = inj_hold_end,
	.revert = inj_edit_revert,
	.residue = inj_edit_residue,
	.validate = inj_edit_validate,
};
