/* Who matches a target and why others do not, how many are taken, and that the draw is fair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "kube/match.h"

static struct ord_err err;

static json_t *object(const char *text)
{
	struct ord_json_limits limits = {.size = 1u << 20, .depth = 32};
	json_t *json = NULL;

	if (ord_json_parse(text, strlen(text), &limits, &json, &err))
		fail_msg("%s: %s", text, err.msg);
	return json;
}

static void tell(struct kube_around *a, const char *text)
{
	ord_auto(json) json_t *json = object(text);

	assert_int_equal(kube_around_tell(a, json), 0);
}

/* 2026-11-21T12:00:00Z */
#define NOW 1795262400000000000

static struct kube_around *around(void)
{
	struct kube_around *a;

	assert_int_equal(kube_around_new(&a, &err), 0);
	kube_around_now(a, NOW);
	assert_int_equal(kube_around_self(a, "shop", "ordeal-0"), 0);
	tell(a, "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\",\"labels\":{\"env\":"
		"\"test\"}}}");
	tell(a, "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"kube-system\"}}");
	tell(a, "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"safe\",\"annotations\":{"
		"\"ordeal.dev/protect\":\"true\"}}}");
	tell(a, "{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\",\"labels\":{\"topology."
		"kubernetes.io/zone\":\"a\"}}}");
	tell(a, "{\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"orders-5\",\"uid\":\"rs\","
		"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		"\"name\":\"orders\",\"uid\":\"d\"}]}}");
	return a;
}

#define POD_(ns, name, more)                                                                     \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"" ns              \
	"\",\"name\":\"" name "\",\"uid\":\"u\",\"creationTimestamp\":\"2026-11-21T11:50:00Z\"," \
	"\"labels\":{\"app\":\"orders\"},"                                                       \
	"\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\","              \
	"\"name\":\"orders-5\",\"uid\":\"rs\"}]" more "},\"spec\":{\"nodeName\":\"n1\","         \
	"\"containers\":[{\"name\":\"app\"}]},\"status\":{\"phase\":\"Running\",\"conditions\":" \
	"[{\"type\":\"Ready\",\"status\":\"True\"}]}}"
#define POD POD_("shop", "orders-5-x", ",\"annotations\":{\"team\":\"x y\"}")

/* What is said of the pod by a target of this filter. */
static void says(const char *target, const char *pod, int want, const char *why)
{
	ord_auto(json) json_t *json = object(target), *o = object(pod);
	struct kube_around *a = around();
	struct ord_kube_target kube;
	struct ord_target t = {.kind = ORD_TARGET_POD, .kube = &kube};
	struct kube_match *m;
	char said[KUBE_WHY];
	int r;

	if (ord_kube_target_from_json(&kube, json, &err) || kube_match_new(&t, &m, &err))
		fail_msg("%s: %s", target, err.msg);
	r = kube_match(m, a, o, said, &err);
	if (r != want || strcmp(said, why) != 0)
		fail_msg("%s: %d '%s', not %d '%s'", target, r, said, want, why);
	kube_match_free(m);
	kube_around_free(a);
	ord_kube_target_done(&kube);
}

static void each_filter_matches_and_says_why_not(void **state)
{
	static const struct {
		const char *match, *why; /* NULL: it matches */
	} cases[] = {
		{"", NULL},
		{"\"names\":[\"orders-*\"]", NULL},
		{"\"names\":[\"x\",\"y?\"]", "its name is not x or y?"},
		{"\"namespaces\":[\"sh*\"]", NULL},
		{"\"namespaces\":[\"other\"]", "its namespace is shop, not other"},
		{"\"namespace_selector\":\"env in (test,dev)\"", NULL},
		{"\"namespace_selector\":\"env=prod\"",
		 "namespace shop: label env is test, not prod"},
		{"\"selector\":\"app=orders,!old\"", NULL},
		{"\"selector\":\"app in (api,web)\"", "label app is orders, not api or web"},
		{"\"selector\":\"tier\"", "label tier is missing"},
		{"\"selector\":\"!app\"", "label app is there"},
		{"\"annotations\":\"team='x y'\"", NULL},
		{"\"annotations\":\"team=z\"", "annotation team is x y, not z"},
		{"\"owners\":[\"ReplicaSet/orders-*\"]", NULL},
		{"\"owners\":[\"deployment/orders\"]", NULL},
		{"\"owners\":[\"Deployment/api\"]", "Deployment/api does not own it"},
		{"\"nodes\":[\"n*\"]", NULL},
		{"\"nodes\":[\"n2\"]", "it runs on n1, not on n2"},
		{"\"zones\":[\"a\"]", NULL},
		{"\"zones\":[\"b\",\"c\"]", "it is in zone a, not in b or c"},
		{"\"phases\":[\"Pending\",\"Running\"]", NULL},
		{"\"phases\":[\"Pending\"]", "its phase is Running, not Pending"},
		{"\"condition\":\"Ready=True\"", NULL},
		{"\"condition\":\"Ready=False\"", "condition Ready is True, not False"},
		{"\"condition\":\"Odd=True\"", "it has no condition Odd"},
		{"\"containers\":[\"a*\"]", NULL},
		{"\"containers\":[\"side\"]", "it has no container side"},
		{"\"older_ns\":600000000000", NULL},
		{"\"older_ns\":601000000000", "it is 10m old, not 601s"},
		{"\"younger_ns\":600000000000", NULL},
		{"\"younger_ns\":599000000000", "it is 10m old, more than 599s"},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		char target[256];

		(void)snprintf(target, sizeof target, "{\"match\":{%s}}", cases[i].match);
		says(target, POD, cases[i].why ? KUBE_NO_MATCH : KUBE_MATCH,
		     cases[i].why ? cases[i].why : "");
	}
}

static void what_is_excluded_is_not_one(void **state)
{
	says("{\"match\":{},\"exclude\":{\"selector\":\"app=orders\"}}", POD, KUBE_NO_MATCH,
	     "excluded");
	/* All that an exclusion says must hold. */
	says("{\"match\":{},\"exclude\":{\"selector\":\"app=orders\",\"names\":[\"z\"]}}", POD,
	     KUBE_MATCH, "");
}

static void what_ends_is_left_alone(void **state)
{
	static const char ended[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\","
		"\"name\":\"j\"},\"spec\":{},\"status\":{\"phase\":\"Succeeded\"}}";

	says("{\"match\":{}}", ended, KUBE_NO_MATCH, "it has ended (phase Succeeded)");
	says("{\"match\":{\"phases\":[\"Succeeded\"]}}", ended, KUBE_MATCH, "");
	says("{\"match\":{}}", POD_("shop", "x", ",\"deletionTimestamp\":\"2026-11-21T11:59:00Z\""),
	     KUBE_NO_MATCH, "it is being deleted already");
}

static void the_protected_must_be_named(void **state)
{
	static const char any[] = "{\"match\":{}}";

	says(any, POD_("kube-system", "dns-0", ""), KUBE_PROTECTED,
	     "protected: namespace kube-system");
	says("{\"match\":{\"namespaces\":[\"kube-system\"]}}", POD_("kube-system", "dns-0", ""),
	     KUBE_MATCH, "");
	says("{\"match\":{\"namespaces\":[\"kube-*\"]}}", POD_("kube-system", "dns-0", ""),
	     KUBE_PROTECTED, "protected: namespace kube-system");
	says(any, POD_("shop", "p", ",\"annotations\":{\"ordeal.dev/protect\":\"true\"}"),
	     KUBE_PROTECTED, "protected: ordeal.dev/protect is true");
	says("{\"match\":{\"names\":[\"p\"]}}",
	     POD_("shop", "p", ",\"annotations\":{\"ordeal.dev/protect\":\"true\"}"), KUBE_MATCH,
	     "");
	says("{\"match\":{\"names\":[\"p*\"]}}",
	     POD_("shop", "p", ",\"annotations\":{\"ordeal.dev/protect\":\"true\"}"),
	     KUBE_PROTECTED, "protected: ordeal.dev/protect is true");
	says(any, POD_("shop", "p", ",\"annotations\":{\"ordeal.dev/protect\":\"false\"}"),
	     KUBE_MATCH, "");
	says("{\"match\":{\"namespaces\":[\"safe\"]}}", POD_("safe", "p", ""), KUBE_PROTECTED,
	     "protected: ordeal.dev/protect is true of namespace safe");
	says(any, POD_("shop", "ordeal-0", ""), KUBE_PROTECTED,
	     "protected: ordeal itself runs in it");
}

/* What is not known is asked for, never guessed. */
static void the_unknown_is_not_a_match(void **state)
{
	says("{\"match\":{}}", POD_("new", "p", ""), KUBE_UNKNOWN, "");
	says("{\"match\":{\"zones\":[\"a\"]}}",
	     "{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"p\"},\"spec\":{"
	     "\"nodeName\":\"n9\"},\"status\":{\"phase\":\"Running\"}}",
	     KUBE_UNKNOWN, "");
	says("{\"match\":{\"owners\":[\"Rollout/x\"]}}", POD, KUBE_UNKNOWN, "");
}

static void shares_are_rounded_up(void **state)
{
	static const struct {
		uint32_t ppm;
		size_t n, want;
	} cases[] = {
		{1, 1, 1},	 {1, 1000000, 1},  {10000, 100, 1}, {10000, 101, 2},
		{500000, 1, 1},	 {500000, 2, 1},   {500000, 3, 2},  {333333, 3, 1},
		{333334, 3, 2},	 {999999, 10, 10}, {1000000, 7, 7}, {250000, 50000, 12500},
		{300000, 10, 3}, {300000, 11, 4},  {500000, 0, 0},  {1000000, 0, 0},
	};
	struct ord_target t = {.kind = ORD_TARGET_POD};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		t.percent_ppm = cases[i].ppm;
		assert_int_equal(kube_wanted(&t, cases[i].n), cases[i].want);
	}
	assert_int_equal(kube_wanted(&(struct ord_target){.all = true}, 9), 9);
	assert_int_equal(kube_wanted(&(struct ord_target){.count = 4}, 9), 4);
	assert_int_equal(kube_wanted(&(struct ord_target){0}, 9), 1);
}

enum { N = 7, K = 3, SEEDS = 35000 };

/*
 * Each of the 35 sets of 3 out of 7 as often as the others: chi-square over 34 degrees of freedom
 * is above 74.9 once in 10,000 fair draws, and these seeds are always the same.
 */
static void every_set_is_drawn_as_often(void **state)
{
	unsigned seen[1 << N] = {0};
	double chi = 0, expected = SEEDS / 35.0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		bool taken[N];
		unsigned set = 0, n = 0;

		assert_int_equal(kube_draw(NULL, N, K, seed, taken, &err), 0);
		for (unsigned i = 0; i < N; i++) {
			set |= (unsigned)taken[i] << i;
			n += taken[i];
		}
		assert_int_equal(n, K);
		seen[set]++;
	}
	for (unsigned set = 0; set < 1 << N; set++)
		if (__builtin_popcount(set) == K)
			chi += (seen[set] - expected) * (seen[set] - expected) / expected;
	if (chi > 74.9)
		fail_msg("chi-square is %.1f", chi);
}

static void the_same_seed_draws_the_same(void **state)
{
	bool first[100], again[100], other[100];

	assert_int_equal(kube_draw(NULL, 100, 10, 7, first, &err), 0);
	assert_int_equal(kube_draw(NULL, 100, 10, 7, again, &err), 0);
	assert_int_equal(kube_draw(NULL, 100, 10, 8, other, &err), 0);
	assert_memory_equal(first, again, sizeof first);
	assert_memory_not_equal(first, other, sizeof first);
	assert_int_equal(kube_draw(NULL, 3, 9, 8, other, &err), 0);
	assert_true(other[0] && other[1] && other[2]);
	assert_int_equal(kube_draw(NULL, 0, 0, 8, other, &err), 0);
}

/* Groups of 10, 3 and 1: as many of each as can be, and each member of a group as often. */
static void a_spread_draw_is_even(void **state)
{
	static const uint32_t groups[14] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2};
	static const unsigned least[15][3] = {[0] = {0, 0, 0}, [3] = {1, 1, 1}, [5] = {2, 2, 1},
					      [7] = {3, 3, 1}, [8] = {4, 3, 1}, [14] = {10, 3, 1}};
	static const size_t ks[] = {0, 3, 5, 7, 8, 14};
	unsigned seen[14] = {0};

	for (size_t j = 0; j < ORD_COUNT(ks); j++)
		for (uint64_t seed = 0; seed < 200; seed++) {
			unsigned of[3] = {0};
			bool taken[14];

			assert_int_equal(kube_draw(groups, 14, ks[j], seed, taken, &err), 0);
			for (size_t i = 0; i < 14; i++)
				of[groups[i]] += taken[i];
			assert_memory_equal(of, least[ks[j]], sizeof of);
		}
	/* One of three groups, then one of its members: 1/3 of a group of 1, 1/30 of one of 10. */
	for (uint64_t seed = 0; seed < 30000; seed++) {
		bool taken[14];

		assert_int_equal(kube_draw(groups, 14, 1, seed, taken, &err), 0);
		for (size_t i = 0; i < 14; i++)
			seen[i] += taken[i];
	}
	for (size_t i = 0; i < 14; i++) {
		unsigned want = groups[i] == 0 ? 1000 : groups[i] == 1 ? 3333 : 10000;
		unsigned off = groups[i] == 0 ? 155 : groups[i] == 1 ? 272 : 408; /* 5 sigma */

		assert_in_range(seen[i], want - off, want + off);
	}
}

/* What the server selects, it is asked to; and for metadata alone where no more is needed. */
static void little_is_asked_for(void **state)
{
	static const struct {
		const char *target, *fields;
		bool metadata_only;
		size_t namespaces;
	} cases[] = {
#define LIVE "status.phase!=Succeeded,status.phase!=Failed"
		{"{\"match\":{\"selector\":\"app=x\",\"namespaces\":[\"a\",\"b\"]}}", LIVE, true,
		 2},
		{"{\"match\":{\"namespaces\":[\"a\",\"b*\"]}}", LIVE, true, 0},
		{"{\"match\":{\"names\":[\"p\"]}}", "metadata.name=p," LIVE, true, 0},
		{"{\"match\":{\"names\":[\"p*\"],\"owners\":[\"Job/x\"]}}", LIVE, true, 0},
		{"{\"match\":{\"nodes\":[\"n\"],\"phases\":[\"Running\"],\"field_selector\":"
		 "\"spec.schedulerName=s\"}}",
		 "spec.schedulerName=s,spec.nodeName=n,status.phase=Running", true, 0},
		{"{\"match\":{\"nodes\":[\"n*\"]}}", LIVE, false, 0},
		{"{\"match\":{\"condition\":\"Ready=True\"}}", LIVE, false, 0},
		{"{\"match\":{},\"spread\":\"zone\"}", LIVE, false, 0},
		{"{\"match\":{},\"exclude\":{\"phases\":[\"Pending\"]}}", LIVE, false, 0},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		ord_auto(json) json_t *json = object(cases[i].target);
		struct ord_kube_target kube;
		struct ord_target t = {.kind = ORD_TARGET_POD, .kube = &kube};
		struct kube_match *m;
		struct kube_ask ask;

		assert_int_equal(ord_kube_target_from_json(&kube, json, &err), 0);
		assert_int_equal(kube_match_new(&t, &m, &err), 0);
		assert_int_equal(kube_match_ask(m, false, &ask, &err), 0);
		assert_string_equal(ask.field_selector, cases[i].fields);
		assert_int_equal(ask.metadata_only, cases[i].metadata_only);
		assert_int_equal(ask.n_namespaces, cases[i].namespaces);
		kube_ask_done(&ask);
		kube_match_free(m);
		ord_kube_target_done(&kube);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_filter_matches_and_says_why_not),
		cmocka_unit_test(what_is_excluded_is_not_one),
		cmocka_unit_test(what_ends_is_left_alone),
		cmocka_unit_test(the_protected_must_be_named),
		cmocka_unit_test(the_unknown_is_not_a_match),
		cmocka_unit_test(shares_are_rounded_up),
		cmocka_unit_test(every_set_is_drawn_as_often),
		cmocka_unit_test(the_same_seed_draws_the_same),
		cmocka_unit_test(a_spread_draw_is_even),
		cmocka_unit_test(little_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
