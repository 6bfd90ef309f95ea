/* What a report makes of the cluster's lines: intervals from their evidence, replacements, dips,
 * detections, bystanders, and faults that somebody took back or nobody felt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "report_story.h"
#include "reports/member.h"

/* t = 0 is 2026-11-18T11:06:40Z (wall_ns 1795000000 s, an even second). */
#define CHANNEL                                                                         \
	"{\"text\":\"detect(kubernetes:event/BackOff) within 5s\",\"kind\":\"detect\"," \
	"\"channel\":\"kubernetes:event/BackOff\",\"within_ns\":5000000000}"
#define CONDITION                                                                                \
	"{\"text\":\"detect(kubernetes:deployment/orders/Available=False) within 5s\",\"kind\":" \
	"\"detect\",\"channel\":\"kubernetes:deployment/orders/Available=False\",\"within_ns\":" \
	"5000000000}"

static void kube(struct story *s, int64_t at, const char *what, const char *uid, const char *more)
{
	say(s,
	    "{\"e\":\"kube\",\"t\":%lld,\"rep\":1,\"at_t\":%lld,\"what\":\"%s\",\"kind\":\"Pod\","
	    "\"ns\":"
	    "\"shop\",\"name\":\"pod-%s\",\"uid\":\"%s\"%s}\n",
	    (long long)MS(at), (long long)MS(at), what, uid, uid, more);
}

static void acted(struct story *s, int64_t at, const char *what, const char *uid)
{
	char more[300];

	(void)snprintf(more, sizeof more,
		       ",\"what\":\"%s\",\"object\":[\"v1\",\"Pod\",\"shop\",\"pod-%s\",\"%s\"],"
		       "\"detail\":\"\","
		       "\"at_t\":%lld",
		       what, uid, uid, (long long)MS(at));
	fault(s, 1, at, "acted", more);
}

#define OWNER	",\"owner\":\"rs\",\"workload\":\"Deployment/orders\""
#define SLACK	",\"offset_ns\":[-200000000,200000000]"
#define AT(sec) ",\"stamp\":\"2026-11-18T11:06:" sec "Z\",\"clock\":\"server\"" SLACK
#define BY(sec) ",\"stamp\":\"2026-11-18T11:06:" sec "Z\",\"clock\":\"writer\"" SLACK

/* A steady state, a fault of class none in force at 5.02 s, gone at once, watched until 20 s. */
static void before(struct story *s, const char *objectives)
{
	begin(s, objectives, "");
	phase(s, 1, 0, "steady-before");
	steady(s, 1, 4800, "before", "true");
	fault(s, 1, 5000, "requested", ",\"lease\":\"l\"");
	fault(s, 1, 5005, "checked", ",\"class\":\"none\"");
}

static void after(struct story *s)
{
	fault(s, 1, 5020, "injected", ",\"requested_t\":5010000000,\"at_t\":5020000000");
	fault(s, 1, 6000, "reverted", ",\"residue\":-1,\"at_t\":6000000000");
	samples(s, 1, "orders", 0, 5100, 5, 'g');
	samples(s, 1, "orders", 5100, 8400, 5, 'r');
	samples(s, 1, "orders", 8400, 20000, 5, 'g');
	samples(s, 1, "stock", 0, 20000, 5, 'g');
	samples(s, 1, "breaker", 0, 20000, 5, 'w');
	say(s, "{\"e\":\"end\",\"t\":20000000000,\"cause\":\"complete\"}\n");
}

static void analysed(struct story *s)
{
	if (read_story(s))
		fail_msg("%s", s->err.msg);
}

static void a_pod_comes_back(void **state)
{
	const struct ord_life *l;
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	/* Of another owner, and one from before: no replacements. */
	kube(&s, 5100, "created", "x",
	     ",\"owner\":\"other\",\"workload\":\"Deployment/other\"" AT("45"));
	kube(&s, 5200, "created", "r", OWNER AT("45"));
	kube(&s, 5400, "scheduled", "r", BY("45"));
	kube(&s, 7350, "started", "r", BY("47"));
	/* Its Event comes after its state: the later step bounds the earlier. */
	kube(&s, 7500, "event", "r", ",\"reason\":\"Pulled\",\"type\":\"Normal\"" BY("46"));
	kube(&s, 8300, "ready", "r", BY("48"));
	say(&s, "{\"e\":\"kube\",\"t\":8350000000,\"rep\":1,\"at_t\":8350000000,\"what\":"
		"\"endpoint-ready\","
		"\"kind\":\"EndpointSlice\",\"ns\":\"shop\",\"name\":\"s\",\"uid\":\"s\",\"pod_"
		"uid\":\"r\"" AT("48") "}\n");
	kube(&s, 8500, "deleted", "v", OWNER);
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].n_lives, 1);
	l = &s.a.reps[1].lives[0];
	assert_string_equal(l->victim, "pod-v");
	assert_string_equal(l->replacement, "pod-r");
	assert_string_equal(l->workload, "Deployment/orders");
	/* Deleted: after the request (5.010), and the call was over at 5.015. */
	assert_int_equal(l->at[ORD_LIFE_DELETED].lo, MS(5010));
	assert_int_equal(l->at[ORD_LIFE_DELETED].hi, MS(5015));
	/* Created in the second 5..6, give or take 0.2: after the deletion, and not after its
	 * arrival. */
	assert_int_equal(l->at[ORD_LIFE_CREATED].lo, MS(5010));
	assert_int_equal(l->at[ORD_LIFE_CREATED].hi, MS(5200));
	/* Started in the second 7..8: not before 6.8. */
	assert_int_equal(l->at[ORD_LIFE_STARTED].lo, MS(6800));
	assert_int_equal(l->at[ORD_LIFE_STARTED].hi, MS(7350));
	assert_int_equal(l->at[ORD_LIFE_PULLED].lo, MS(5800));
	assert_int_equal(l->at[ORD_LIFE_PULLED].hi, MS(7350));
	assert_int_equal(l->at[ORD_LIFE_READY].lo, MS(7800));
	assert_int_equal(l->at[ORD_LIFE_READY].value, MS(8300));
	assert_int_equal(l->at[ORD_LIFE_ENDPOINT].hi, MS(8350));
	assert_int_equal(l->at[ORD_LIFE_ANSWER].hi, MS(8405));
	assert_int_equal(l->gone.hi, MS(8500));
	assert_int_equal(l->odd, 0);
	assert_int_equal(l->ready.state, ORD_SPAN_KNOWN);
	assert_int_equal(l->ready.value, MS(8300 - 5015));
	assert_int_equal(l->ready.lo, MS(7800 - 5015));
	assert_int_equal(l->ready.hi, MS(8300 - 5010));
	assert_int_equal(s.a.pods.n, 1);
	done(&s);
}

/* A stamp that cannot be, because a node's clock is wrong, is left out and remarked; a late arrival
 * is bounded by the API server's stamp. */
static void stamps(void **state)
{
	const struct ord_life *l;
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	kube(&s, 9000, "created", "r", OWNER AT("45")); /* told after a cut */
	kube(&s, 9000, "scheduled", "r", BY("52"));	/* in the future */
	kube(&s, 9100, "ready", "r", BY("42"));		/* before it was created */
	after(&s);
	analysed(&s);
	l = &s.a.reps[1].lives[0];
	assert_int_equal(l->at[ORD_LIFE_CREATED].hi, MS(6200));
	assert_int_equal(l->at[ORD_LIFE_SCHEDULED].lo, MS(5010));
	assert_int_equal(l->at[ORD_LIFE_SCHEDULED].hi, MS(9000));
	assert_int_equal(l->at[ORD_LIFE_READY].hi, MS(9100));
	assert_int_equal(l->odd, 1u << ORD_LIFE_SCHEDULED | 1u << ORD_LIFE_READY);
	done(&s);
}

static void nobody_came(void **state)
{
	struct story s;

	before(&s, SELF);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	kube(&s, 5030, "created", "r", OWNER AT("45"));
	acted(&s, 5100, "refused", "w");
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].n_lives, 1); /* what was refused was not hit */
	assert_int_equal(s.a.reps[1].lives[0].ready.state, ORD_SPAN_CENSORED);
	assert_int_equal(s.a.pods.never, 1);
	assert_int_equal(s.a.reps[1].faults[0].n_acts, 2);
	done(&s);
}

static void replicas(struct story *s, int64_t at, int available, int desired)
{
	say(s,
	    "{\"e\":\"kube\",\"t\":%lld,\"rep\":1,\"at_t\":%lld,\"what\":\"replicas\",\"kind\":"
	    "\"Deployment\","
	    "\"ns\":\"shop\",\"name\":\"orders\",\"uid\":\"d\",\"desired\":%d,\"ready\":%d,"
	    "\"available\":%d,"
	    "\"updated\":%d}\n",
	    (long long)MS(at), (long long)MS(at), desired, available, available, desired);
}

static void workloads(void **state)
{
	const struct ord_dip *d;
	struct story s;

	before(&s, SELF);
	replicas(&s, 10, 3, 3);
	acted(&s, 5015, "deleted", "v");
	kube(&s, 5018, "deleting", "v", OWNER AT("45"));
	replicas(&s, 5050, 2, 3);
	replicas(&s, 5500, 3, 3);
	replicas(&s, 5600, 1, 3); /* it falls again: it had not come back */
	replicas(&s, 8400, 3, 3);
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].n_dips, 1);
	d = &s.a.reps[1].dips[0];
	assert_int_equal(d->wanted, 3);
	assert_int_equal(d->least, 1);
	assert_true(d->hit);
	assert_int_equal(d->below.hi, MS(5050));
	assert_int_equal(d->again.hi, MS(8400));
	done(&s);
	/* Scaled to nothing: it has what it wants, and not what it wanted. */
	before(&s, SELF);
	replicas(&s, 10, 3, 3);
	replicas(&s, 5050, 0, 0);
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].n_dips, 1);
	assert_int_equal(s.a.reps[1].dips[0].down.state, ORD_SPAN_CENSORED);
	assert_false(s.a.reps[1].dips[0].hit);
	done(&s);
}

static void channel(struct story *s, int64_t at, const char *name, bool on, const char *more)
{
	say(s,
	    "{\"e\":\"kube\",\"t\":%lld,\"rep\":1,\"at_t\":%lld,\"what\":\"channel\",\"channel\":"
	    "\"kubernetes:%s\","
	    "\"on\":%s%s}\n",
	    (long long)MS(at), (long long)MS(at), name, on ? "true" : "false", more);
}

#define EVENT  "event/BackOff"
#define STATUS "deployment/orders/Available=False"

static void detections(void **state)
{
	static const struct {
		int64_t before, after; /* arrivals of an occurrence; 0: none */
		const char *stamp;     /* of the latter */
		enum ord_detection_kind kind;
		int64_t lo, hi;
	} cases[] = {
		{0, 6500, BY("46"), ORD_DETECTION_NOTICED, 5800, 6500},
		{0, 0, "", ORD_DETECTION_NONE, 0, 0},
		{3000, 6500, BY("46"), ORD_DETECTION_ALREADY, 0, 0},
		/* Told after the fault, and by its stamp wholly before it. */
		{0, 6500, AT("43"), ORD_DETECTION_ALREADY, 0, 0},
	};
	const size_t probe = 3; /* after the three of the plan */
	struct story s;

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		const struct ord_detection *d;

		before(&s, CHANNEL);
		kube(&s, 5, "synced", "-", "");
		if (cases[i].before)
			channel(&s, cases[i].before, EVENT, true, "");
		if (cases[i].after)
			channel(&s, cases[i].after, EVENT, true, cases[i].stamp);
		after(&s);
		analysed(&s);
		assert_int_equal(s.t.n_probes, 4);
		assert_true(s.t.probes[probe].is_channel);
		d = &s.a.reps[1].detections[probe];
		assert_int_equal(d->kind, cases[i].kind);
		if (cases[i].hi) {
			assert_int_equal(d->at.lo, MS(cases[i].lo));
			assert_int_equal(d->at.hi, MS(cases[i].hi));
			assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_MET);
		}
		done(&s);
	}
	/* Never watched at all: nothing is known. */
	before(&s, CHANNEL);
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].detections[probe].kind, ORD_DETECTION_UNKNOWN);
	assert_int_equal(s.a.exit, 5);
	done(&s);
}

static void conditions(void **state)
{
	const size_t probe = 3;
	struct story s;

	before(&s, CONDITION);
	channel(&s, 10, STATUS, false, ",\"state\":true");
	channel(&s, 5200, STATUS, true, BY("45"));
	channel(&s, 8000, STATUS, false, BY("48"));
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].detections[probe].kind, ORD_DETECTION_NOTICED);
	assert_int_equal(s.a.reps[1].detections[probe].at.hi, MS(5200));
	done(&s);
	/* It was so before. */
	before(&s, CONDITION);
	channel(&s, 10, STATUS, true, ",\"state\":true");
	channel(&s, 6000, STATUS, false, BY("46"));
	channel(&s, 7000, STATUS, true, BY("47"));
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].detections[probe].kind, ORD_DETECTION_ALREADY);
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_INCONCLUSIVE);
	done(&s);
	/* It was so, and was over before the fault came. */
	before(&s, CONDITION);
	channel(&s, 10, STATUS, true, ",\"state\":true");
	channel(&s, 2000, STATUS, false, BY("42"));
	channel(&s, 7000, STATUS, true, BY("47"));
	after(&s);
	analysed(&s);
	assert_int_equal(s.a.reps[1].detections[probe].kind, ORD_DETECTION_NOTICED);
	done(&s);
}

/* A line about an object of that kind, rather than a pod. */
static void line(struct story *s, int64_t at, const char *what, const char *kind, const char *name,
		 const char *uid, const char *more)
{
	say(s,
	    "{\"e\":\"kube\",\"t\":%lld,\"rep\":1,\"at_t\":%lld,\"what\":\"%s\",\"kind\":\"%s\","
	    "\"ns\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\"%s}\n",
	    (long long)MS(at), (long long)MS(at), what, kind, strcmp(kind, "Node") ? "shop" : "",
	    name, uid, more);
}

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

static void fault_results(void **state)
{
	struct story s;

	/* Taken back: never a pass, and who did it. */
	begin(&s, SELF, "");
	phase(&s, 1, 0, "steady-before");
	fault(&s, 1, 5000, "requested", ",\"lease\":\"l\"");
	fault(&s, 1, 5005, "checked", ",\"class\":\"journal\"");
	fault(&s, 1, 5020, "injected", ",\"requested_t\":5010000000,\"at_t\":5020000000");
	fault(&s, 1, 8020, "reverting",
	      ",\"cause\":\"taken-back\",\"by\":\"argocd-controller\",\"at_t\":8020000000");
	fault(&s, 1, 8100, "reverted",
	      ",\"cause\":\"taken-back\",\"residue\":0,\"at_t\":8100000000");
	samples(&s, 1, "orders", 0, 20000, 5, 'g');
	samples(&s, 1, "stock", 0, 20000, 5, 'g');
	samples(&s, 1, "breaker", 0, 20000, 5, 'w');
	say(&s, "{\"e\":\"end\",\"t\":20000000000,\"cause\":\"complete\"}\n");
	analysed(&s);
	assert_int_equal(s.a.reps[1].state, ORD_REP_TAKEN_BACK);
	assert_int_equal(s.a.exit, 5);
	assert_non_null(strstr(s.a.verdict, "argocd-controller"));
	assert_int_equal(s.a.reps[1].goals[0].result, ORD_RESULT_INCONCLUSIVE);
	done(&s);
	/* Accepted, and nobody felt it; and it stood past its end, the API server being away. */
	for (int felt = 0; felt < 2; felt++) {
		begin(&s, SELF, "");
		phase(&s, 1, 0, "steady-before");
		fault(&s, 1, 5000, "requested", ",\"lease\":\"l\"");
		fault(&s, 1, 5005, "checked", ",\"class\":\"journal\",\"unfelt\":true");
		fault(&s, 1, 5020, "injected", ",\"requested_t\":5010000000,\"at_t\":5020000000");
		fault(&s, 1, 8020, "reverting", ",\"cause\":\"removed\",\"at_t\":8020000000");
		fault(&s, 1, 14020, "reverted",
		      ",\"cause\":\"removed\",\"residue\":0,\"at_t\":14020000000");
		samples(&s, 1, "orders", 0, 6000, 5, 'g');
		samples(&s, 1, "orders", 6000, 6500, 5, felt ? 'w' : 'g');
		samples(&s, 1, "orders", 6500, 20000, 5, 'g');
		samples(&s, 1, "stock", 0, 20000, 5, 'g');
		samples(&s, 1, "breaker", 0, 20000, 5, 'w');
		say(&s, "{\"e\":\"end\",\"t\":20000000000,\"cause\":\"complete\"}\n");
		analysed(&s);
		assert_int_equal(s.a.reps[1].state, felt ? ORD_REP_MEASURED : ORD_REP_UNFELT);
		assert_int_equal(s.a.exit, felt ? 0 : 5);
		assert_int_equal(s.a.reps[1].faults[0].over.value, MS(6000));
		done(&s);
	}
}

/* Whoever is hit and whoever comes, in whatever order: a replacement belongs to one victim, has its
 * owner, came after, and no victim goes without while one of its owner is free. */
static void matching(void **state)
{
	struct ord_rng rng;

	ord_rng_init(&rng, 4711);
	for (unsigned turn = 0; turn < 60; turn++) {
		unsigned n = 1 + (unsigned)ord_rng_below(&rng, 8),
			 m = (unsigned)ord_rng_below(&rng, 10);
		unsigned owner_v[16], owner_r[16];
		int64_t at_v[16], at_r[16];
		const struct ord_rep *r;
		struct story s;
		char uid[16], more[200];

		before(&s, SELF);
		for (unsigned i = 0; i < n; i++) {
			owner_v[i] = (unsigned)ord_rng_below(&rng, 3);
			at_v[i] = 5015 + (int64_t)ord_rng_below(&rng, 500);
			(void)snprintf(uid, sizeof uid, "v%u", i);
			(void)snprintf(more, sizeof more,
				       ",\"owner\":\"o%u\",\"workload\":\"ReplicaSet/o%u\"",
				       owner_v[i], owner_v[i]);
			acted(&s, at_v[i], "deleted", uid);
			kube(&s, at_v[i] + 1, "deleting", uid, more);
		}
		for (unsigned i = 0; i < m; i++) {
			owner_r[i] = (unsigned)ord_rng_below(&rng, 3);
			at_r[i] = 4000 + (int64_t)ord_rng_below(&rng, 4000);
			(void)snprintf(uid, sizeof uid, "r%u", i);
			(void)snprintf(more, sizeof more,
				       ",\"owner\":\"o%u\",\"workload\":\"ReplicaSet/o%u\"",
				       owner_r[i], owner_r[i]);
			kube(&s, at_r[i], "created", uid, more);
		}
		after(&s);
		analysed(&s);
		r = &s.a.reps[1];
		assert_int_equal(r->n_lives, n);
		for (unsigned i = 0; i < n; i++) {
			const struct ord_life *l = &r->lives[i];
			unsigned v = (unsigned)strtoul(l->victim_uid + 1, NULL, 10), k;

			if (!*l->replacement_uid) {
				for (k = 0; k < m; k++) {
					bool taken = false;

					(void)snprintf(uid, sizeof uid, "r%u", k);
					for (unsigned j = 0; j < n; j++)
						taken |= !strcmp(r->lives[j].replacement_uid, uid);
					assert_false(!taken && owner_r[k] == owner_v[v] &&
						     at_r[k] > at_v[v]);
				}
				continue;
			}
			k = (unsigned)strtoul(l->replacement_uid + 1, NULL, 10);
			assert_int_equal(owner_r[k], owner_v[v]);
			assert_true(MS(at_r[k]) >= l->at[ORD_LIFE_DELETED].lo);
			for (unsigned j = 0; j < i; j++)
				assert_string_not_equal(r->lives[j].replacement_uid,
							l->replacement_uid);
		}
		done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_comes_back),
		cmocka_unit_test(stamps),
		cmocka_unit_test(nobody_came),
		cmocka_unit_test(workloads),
		cmocka_unit_test(detections),
		cmocka_unit_test(conditions),
		cmocka_unit_test(bystanders),
		cmocka_unit_test(own_effects),
		cmocka_unit_test(own_effects_of_others),
		cmocka_unit_test(hindrances),
		cmocka_unit_test(blind),
		cmocka_unit_test(fault_results),
		cmocka_unit_test(matching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
