/* What went wrong with whom: the faults' own and bystanders, pods that did not get ready, and when
 * nobody looked; and that every format says so. */
#include "tests/unit/report_cluster.h"
#include "tests/unit/report_page.h"

#include <jansson.h>

static const struct ord_also *find_in(const struct ord_troubles *in, const char *what)
{
	for (size_t i = 0; i < in->n; i++)
		if (!strcmp(in->v[i].what, what))
			return &in->v[i];
	return NULL;
}

static void bystanders(void **state)
{
	const struct ord_rep *r;
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 2000, "restarted", "b", ",\"reason\":\"Error\"");
	kube(&s, 3000, "waiting", "only-before", ",\"reason\":\"CrashLoopBackOff\"");
	kube(&s, 5500, "restarted", "b", ",\"reason\":\"OOMKilled\"");
	kube(&s, 5600, "restarted", "b", ",\"reason\":\"OOMKilled\"");
	kube(&s, 5700, "event", "b",
	     ",\"type\":\"Warning\",\"reason\":\"Unhealthy\",\"message\":\"500\"");
	kube(&s, 5700, "event", "b", ",\"type\":\"Normal\",\"reason\":\"Killing\"");
	line(&s, 6000, "condition", "Node", "n1", "n",
	     ",\"type\":\"MemoryPressure\",\"status\":\"True\"");
	after(&s);
	analysed(&s);
	r = &s.a.reps[1];
	assert_int_equal(r->also.n, 3);
	assert_int_equal(r->own.n, 0);
	assert_string_equal(r->also.v[0].what, "restarted");
	assert_int_equal(r->also.v[0].n, 2);
	assert_int_equal(r->also.v[0].before, 1);
	assert_string_equal(r->also.v[0].detail, "OOMKilled");
	assert_string_equal(r->also.v[1].what, "Unhealthy");
	assert_string_equal(r->also.v[2].what, "MemoryPressure");
	done(&s);
}

#define WARNING(reason) ",\"type\":\"Warning\",\"reason\":\"" reason "\",\"message\":\"m\""
#define FALSE(type)	",\"type\":\"" type "\",\"status\":\"False\""

/* What happens to those that were hit, to the workload behind them and to whom came in their place
 * is the faults' own; the same to others is a bystander's. */
static void own_effects(void **state)
{
	static const struct {
		const char *what;
		enum ord_whose whose;
	} own[] = {{"evicted", ORD_WHOSE_TARGET},	   {"FailedKillPod", ORD_WHOSE_TARGET},
		   {"Available", ORD_WHOSE_WORKLOAD},	   {"FailedCreate", ORD_WHOSE_WORKLOAD},
		   {"QuotaHit", ORD_WHOSE_WORKLOAD},	   {"unschedulable", ORD_WHOSE_REPLACEMENT},
		   {"FailedMount", ORD_WHOSE_REPLACEMENT}, {"waiting", ORD_WHOSE_REPLACEMENT}};
	static const char *const others[] = {"restarted", "Unhealthy", "Progressing",
					     "ScalingFailed"};
	const struct ord_rep *r;
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	kube(&s, 5020, "evicted", "v", OWNER ",\"reason\":\"EvictionByEvictionAPI\"");
	kube(&s, 5020, "event", "v", OWNER WARNING("FailedKillPod"));
	line(&s, 5030, "condition", "Deployment", "orders", "d", FALSE("Available"));
	line(&s, 5040, "event", "ReplicaSet", "orders-1", "rs", WARNING("FailedCreate"));
	/* Of a ReplicaSet that the roll-out under way made: known by its name alone. */
	line(&s, 5045, "event", "ReplicaSet", "orders-2f9", "rs-new", WARNING("QuotaHit"));
	kube(&s, 5200, "created", "r", OWNER AT("45"));
	kube(&s, 5210, "unschedulable", "r", OWNER ",\"message\":\"0/3 nodes\"");
	kube(&s, 5220, "event", "r", OWNER WARNING("FailedMount"));
	/* A second that came, whom nobody is matched with. */
	kube(&s, 5300, "created", "r2", OWNER AT("45"));
	kube(&s, 5310, "waiting", "r2", OWNER ",\"reason\":\"ErrImagePull\"");
	/* A pod of the same workload that nobody chose, and others altogether. */
	kube(&s, 5400, "restarted", "sibling", OWNER ",\"reason\":\"OOMKilled\"");
	kube(&s, 5400, "event", "sibling", OWNER WARNING("Unhealthy"));
	line(&s, 5410, "condition", "Deployment", "orders-x", "dx", FALSE("Progressing"));
	line(&s, 5420, "event", "ReplicaSet", "orders-x-77", "rsx", WARNING("ScalingFailed"));
	after(&s);
	analysed(&s);
	r = &s.a.reps[1];
	for (size_t i = 0; i < ORD_COUNT(own); i++) {
		const struct ord_also *a = find_in(&r->own, own[i].what);

		if (!a || find_in(&r->also, own[i].what))
			fail_msg("%s is not the fault's own", own[i].what);
		assert_int_equal(a->whose, own[i].whose);
	}
	assert_int_equal(r->own.n, ORD_COUNT(own));
	for (size_t i = 0; i < ORD_COUNT(others); i++)
		if (!find_in(&r->also, others[i]) || find_in(&r->own, others[i]))
			fail_msg("%s is not a bystander's", others[i]);
	assert_int_equal(r->also.n, ORD_COUNT(others));
	done(&s);
}

static void resolved(struct story *s, const char *kind, const char *ns, const char *name,
		     const char *uid)
{
	say(s,
	    "{\"e\":\"resolved\",\"t\":4900000000,\"rep\":1,\"fault\":\"slow\",\"place\":{"
	    "\"cluster\":{"
	    "\"objects\":[[\"v1\",\"%s\",\"%s\",\"%s\",\"%s\"]]}}}\n",
	    kind, ns, name, uid);
}

/* A workload or a node that was chosen: its pods are its own, the pods on the node are not. */
static void own_effects_of_others(void **state)
{
	const struct ord_also *a;
	struct story s;

	before(&s, SELF);
	resolved(&s, "Deployment", "shop", "orders", "d");
	line(&s, 5030, "condition", "Deployment", "orders", "d", FALSE("Available"));
	kube(&s, 5200, "waiting", "old", OWNER ",\"reason\":\"ImagePullBackOff\"");
	line(&s, 5040, "event", "ReplicaSet", "orders-2f9", "new", WARNING("FailedCreate"));
	kube(&s, 5300, "waiting", "b", ",\"workload\":\"Deployment/stock\",\"owner\":\"rs9\"");
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].own.n, 3);
	assert_int_equal(find_in(&s.a.reps[1].own, "Available")->whose, ORD_WHOSE_TARGET);
	assert_int_equal(find_in(&s.a.reps[1].own, "waiting")->whose, ORD_WHOSE_POD);
	assert_int_equal(find_in(&s.a.reps[1].own, "FailedCreate")->whose, ORD_WHOSE_WORKLOAD);
	assert_int_equal(s.a.reps[1].also.n, 1);
	done(&s);

	before(&s, SELF);
	resolved(&s, "Node", "", "n1", "uid-of-n1");
	line(&s, 5030, "taints", "Node", "n1", "uid-of-n1", ",\"taints\":\"k:NoExecute\"");
	/* The kubelet's Events about a node carry its name for a UID. */
	line(&s, 5040, "event", "Node", "n1", "n1", WARNING("NodeNotReady"));
	line(&s, 5040, "event", "Node", "n2", "n2", WARNING("Rebooted"));
	kube(&s, 5050, "evicted", "p", OWNER ",\"reason\":\"DeletionByTaintManager\"");
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].own.n, 2);
	assert_non_null(find_in(&s.a.reps[1].own, "taints"));
	assert_non_null(find_in(&s.a.reps[1].own, "NodeNotReady"));
	a = find_in(&s.a.reps[1].also, "evicted");
	assert_non_null(a);
	assert_non_null(find_in(&s.a.reps[1].also, "Rebooted"));
	done(&s);
}

/* A pod that does not get ready: at which step it stopped, and what was said of it last. Its own
 * state says it better than an Event. */
static void hindrances(void **state)
{
	const struct ord_life *l;
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	acted(&s, 5016, "deleted", "w");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	kube(&s, 5018, "deleting", "w", ",\"owner\":\"job\",\"workload\":\"Job/once\"" AT("45"));
	kube(&s, 5200, "created", "r", OWNER AT("45"));
	kube(&s, 5300, "scheduled", "r", OWNER BY("45"));
	kube(&s, 5400, "event", "r", OWNER WARNING("Failed"));
	kube(&s, 5500, "waiting", "r",
	     OWNER ",\"reason\":\"ImagePullBackOff\",\"message\":\"no such image\"");
	kube(&s, 5600, "event", "r", OWNER WARNING("BackOff"));
	line(&s, 5700, "event", "Job", "once", "job", WARNING("FailedCreate"));
	after(&s);
	analysed(&s);
	l = &s.a.reps[1].lives[0];
	assert_string_equal(l->replacement, "pod-r");
	assert_int_equal(l->missing, ORD_LIFE_PULLED);
	assert_string_equal(l->why.reason, "ImagePullBackOff");
	assert_string_equal(l->why.message, "no such image");
	assert_int_equal(l->why.at, MS(5500));
	assert_int_equal(l->ready.state, ORD_SPAN_CENSORED);
	l = &s.a.reps[1].lives[1];
	assert_string_equal(l->replacement, "");
	assert_int_equal(l->missing, ORD_LIFE_CREATED);
	assert_string_equal(l->why.reason, "FailedCreate");
	done(&s);

	/* It got ready after all: what hindered it is over. */
	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	kube(&s, 5200, "created", "r", OWNER AT("45"));
	kube(&s, 5500, "waiting", "r", OWNER ",\"reason\":\"ErrImagePull\"");
	kube(&s, 8300, "ready", "r", OWNER BY("48"));
	after(&s);
	analysed(&s);
	l = &s.a.reps[1].lives[0];
	assert_int_equal(l->missing, ORD_LIFE_STEPS);
	assert_int_equal(l->why.line, 0);
	done(&s);
}

/* When nobody looked: a watch that broke and came back, one that was refused for good, and one that
 * broke and then was refused. */
static void blind(void **state)
{
	const struct ord_rep *r;
	struct story s;

	before(&s, SELF);
	line(&s, 10, "blind", "Event", "", "", ",\"message\":\"forbidden\"");
	line(&s, 20, "cut", "Service", "", "", "");
	line(&s, 30, "resumed", "Service", "", "", "");
	line(&s, 6000, "cut", "Pod", "", "", "");
	line(&s, 6100, "cut", "Job", "", "", "");
	line(&s, 6200, "blind", "Job", "", "", ",\"message\":\"no longer\"");
	line(&s, 7000, "resumed", "Pod", "", "", "");
	say(&s, "{\"e\":\"kube\",\"t\":7000000000,\"rep\":1,\"at_t\":7000000000,\"what\":"
		"\"events-dropped\",\"n\":12}\n");
	after(&s);
	analysed(&s);
	r = &s.a.reps[1];
	assert_int_equal(r->n_blind, 4);
	assert_string_equal(r->blind[0].why, "forbidden");
	assert_true(r->blind[0].open);
	assert_int_equal(r->blind[0].to, r->end);
	assert_false(r->blind[2].open);
	assert_int_equal(r->blind[2].from, MS(6000));
	assert_int_equal(r->blind[2].to, MS(7000));
	assert_int_equal(r->blind[3].from, MS(6100));
	assert_string_equal(r->blind[3].why, "no longer");
	assert_int_equal(s.a.events_dropped, 12);
	done(&s);
}

/* What bears on how far a report can be trusted stands in each of its formats. */
static void in_every_format(void **state)
{
	static const struct {
		const char *text;
		unsigned formats; /* bits: json, md, html, junit */
	} wanted[] = {
		{"insecure-skip-tls-verify", 15},
		{"forbidden by somebody", 15},	  /* a watch that was refused */
		{"replicas is 4, by argocd", 15}, /* kept */
		{"ImagePullBackOff", 7},	  /* why a pod did not get ready */
		{"not in force within 60 s: Pod shop/x is still there", 15},
	};
	static const char *const dropped[] = {
		"\"cluster_events_left_out\": 12", "12 Events of the cluster",
		"12 Events of the cluster", "events_left_out\" value=\"12\""};
	struct story s;

	before(&s, SELF);
	line(&s, 10, "blind", "Event", "", "", ",\"message\":\"forbidden by somebody\"");
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	kube(&s, 5200, "created", "r", OWNER AT("45"));
	kube(&s, 5500, "waiting", "r", OWNER ",\"reason\":\"ImagePullBackOff\"");
	say(&s, "{\"e\":\"kube\",\"t\":7000000000,\"rep\":1,\"at_t\":7000000000,\"what\":"
		"\"events-dropped\",\"n\":12}\n");
	fault(&s, 1, 7000, "failed",
	      ",\"at\":\"inject\",\"code\":\"sys\",\"message\":\"not in force within 60 s: Pod "
	      "shop/x is still there\"");
	fault(&s, 1, 7010, "reverted",
	      ",\"cause\":\"rescued\",\"residue\":0,\"kept\":[\"Deployment shop/orders: replicas "
	      "is "
	      "4, by argocd\"]");
	samples(&s, 1, "orders", 0, 9000, 5, 'g');
	finish(&s, 9000, "failed");
	in_cluster(&s);
	analysed(&s);
	for (size_t k = 0; k < 4; k++) {
		char *text = written(&s.a, writers[k]);

		for (size_t i = 0; i < ORD_COUNT(wanted); i++)
			if (wanted[i].formats & 1u << k && !strstr(text, wanted[i].text))
				fail_msg("'%s' is not in format %zu", wanted[i].text, k);
		if (!strstr(text, dropped[k]))
			fail_msg("'%s' is not in format %zu", dropped[k], k);
		if (k == 3)
			junit_rules(text);
		if (k == 2)
			well_formed(text, true);
		free(text);
	}
	done(&s);
}

/* `acted` told it, and `reverted` tells all of it: once in the report. */
static void kept_once(void **state)
{
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "kept", "d");
	fault(&s, 1, 5020, "injected", ",\"requested_t\":5010000000,\"at_t\":5020000000");
	fault(&s, 1, 7010, "reverted",
	      ",\"cause\":\"removed\",\"residue\":0,\"kept\":[\"Pod shop/pod-d: \"]");
	samples(&s, 1, "orders", 0, 9000, 5, 'g');
	finish(&s, 9000, "complete");
	analysed(&s);
	assert_int_equal(json_array_size(s.a.reps[1].faults[0].kept), 1);
	assert_string_equal(json_string_value(json_array_get(s.a.reps[1].faults[0].kept, 0)),
			    "Pod shop/pod-d: ");
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bystanders),
		cmocka_unit_test(own_effects),
		cmocka_unit_test(own_effects_of_others),
		cmocka_unit_test(hindrances),
		cmocka_unit_test(blind),
		cmocka_unit_test(in_every_format),
		cmocka_unit_test(kept_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
