/* What a report makes of the cluster's lines: intervals from their evidence, replacements, dips,
 * detections, and faults that somebody took back or nobody felt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/rng.h"
#include "reports/member.h"
#include "tests/unit/report_cluster.h"

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

/* A kube probe's sample says what the latest state says: where that changed since the sample
 * before, it stands at the change's arrival, and that is how well the impact is known. */
static void probe_by_watch(int64_t late_ms)
{
	struct story s;

	before(&s, SELF);
	fault(&s, 1, 5020, "injected", ",\"requested_t\":5010000000,\"at_t\":5020000000");
	samples(&s, 1, "orders", 0, 5100, 0, 'g');
	for (int64_t at = 5200; at < 20000; at += 100)
		say(&s,
		    "{\"e\":\"sample\",\"t\":%lld,\"rep\":1,\"p\":\"orders\",\"n\":%lld,\"due\":%"
		    "lld,"
		    "\"sent\":%lld,\"done\":%lld,\"o\":\"%s\",\"good\":%s,\"since\":%lld}\n",
		    (long long)MS(at), (long long)at / 100, (long long)MS(at - late_ms),
		    (long long)MS(at), (long long)MS(at), at < 8000 ? "wrong" : "ok",
		    at < 8000 ? "false" : "true", (long long)(at < 8000 ? MS(5133) : MS(7977)));
	samples(&s, 1, "stock", 0, 20000, 5, 'g');
	samples(&s, 1, "breaker", 0, 20000, 5, 'w');
	say(&s, "{\"e\":\"end\",\"t\":20000000000,\"cause\":\"complete\"}\n");
	analysed(&s);
	assert_int_equal(s.a.reps[1].impact.value, MS(5133));
	assert_int_equal(s.a.reps[1].impact.lo, MS(5010));
	assert_int_equal(s.a.reps[1].impact.hi, MS(5133));
	assert_int_equal(s.a.reps[1].recovered.value, MS(7977));
	assert_int_equal(s.a.reps[1].recovered.lo, MS(7900));
	done(&s);
}

/* Also where it changed after the slot was due, and before a busy machine came to ask. */
static void a_probe_by_watch(void **state)
{
	probe_by_watch(0);
	probe_by_watch(80);
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
		cmocka_unit_test(a_pod_comes_back), cmocka_unit_test(stamps),
		cmocka_unit_test(nobody_came),	    cmocka_unit_test(a_probe_by_watch),
		cmocka_unit_test(workloads),	    cmocka_unit_test(detections),
		cmocka_unit_test(conditions),	    cmocka_unit_test(fault_results),
		cmocka_unit_test(matching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
