/* What a kube probe asks: read, judged over objects, and kept as a tally over a set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/rng.h"
#include "ordeal/that.h"

static const char deployment[] =
	"{'metadata':{'name':'orders','labels':{'app.kubernetes.io/name':'orders'}},"
	"'spec':{'replicas':3,'template':{'spec':{'containers':[{'image':'a:1'},{'image':'b'}]}}},"
	"'status':{'replicas':3,'readyReplicas':2,'availableReplicas':2,'updatedReplicas':3,"
	"'conditions':[{'type':'Available','status':'False'},"
	"{'type':'Progressing','status':'True','reason':'ReplicaSetUpdated'}]}}";

static json_t *object(const char *text)
{
	char copy[2048];
	json_t *j;

	assert_true(strlen(text) < sizeof copy);
	(void)snprintf(copy, sizeof copy, "%s", text);
	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	j = json_loads(copy, 0, NULL);
	assert_non_null(j);
	return j;
}

static void of_an_object(void **state)
{
	static const struct {
		const char *text, *why; /* "": it holds */
	} cases[] = {
		{"available >= 2", ""},
		{"available >= 3", "available is 2, not >= 3"},
		{"available = desired", "available is 2, not = desired (3)"},
		{"updated == desired", ""},
		{"unavailable = 0", ""}, /* left out by the API server: 0 */
		{"Available=True", "Available is False, not True"},
		{"Available = False", ""},
		{"Absurd=True", "there is no condition Absurd"},
		{"Progressing=True and available>=2", ""},
		{"Progressing=True and available>=3", "available is 2, not >= 3"},
		{".spec.replicas > 2", ""},
		{".spec.paused = true", "there is no .spec.paused"},
		{".spec.paused != true", ""},
		{".metadata.name = orders", ""},
		{".metadata.name = 'orders'", ""},
		{".metadata.name != orders", ".metadata.name is orders, not != orders"},
		{".metadata.labels['app.kubernetes.io/name'] = orders", ""},
		{".spec.template.spec.containers[1].image = b", ""},
		{".spec.template.spec.containers[2].image = b",
		 "there is no .spec.template.spec.containers[2].image"},
		{".status.conditions[1].reason = ReplicaSetUpdated", ""},
		{".status.readyReplicas < .spec.replicas", ""},
		{"exists", ""},
		{"absent", "it is there"},
	};
	ord_auto(json) json_t *j = object(deployment);
	struct ord_that_mistake m;
	struct ord_that that;
	char why[160];

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		if (ord_that_parse(cases[i].text, "Deployment", false, &that, &m))
			fail_msg("%s: at %zu: %s", cases[i].text, m.at, m.text);
		assert_int_equal(ord_that_judge(&that, j, NULL, sizeof why, why), !*cases[i].why);
		assert_string_equal(why, cases[i].why);
	}
	assert_int_equal(ord_that_parse("  exists ", "Deployment", false, &that, &m), 0);
	assert_string_equal(that.text, "exists");
	assert_false(ord_that_judge(&that, NULL, NULL, sizeof why, why));
	assert_string_equal(why, "it is not there");
	assert_int_equal(ord_that_parse("absent", "Deployment", false, &that, &m), 0);
	assert_true(ord_that_judge(&that, NULL, NULL, sizeof why, why));
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *kind;
		bool set;
		size_t at;
		const char *says;
	} cases[] = {
		{"", "Pod", false, 0, "a test begins with"},
		{"availble >= 3", "Deployment", false, 0, "did you mean 'available'"},
		{"ready >= 3", "Service", false, 0, "has no figure 'ready'"},
		{"available => 3", "Deployment", false, 10, "'=>' is not a comparison"},
		{"available >=", "Deployment", false, 12, "is missing"},
		{"available >= 3 or ready", "Deployment", false, 15, "nothing but 'and'"},
		{"available >= three", "Deployment", false, 13, "is a text"},
		{"Available=Maybe", "Deployment", false, 10, "True, False or Unknown"},
		{"Available!=True", "Deployment", false, 11, "True, False or Unknown"},
		{".a..b = 1", "Pod", false, 0, "is not a path"},
		{".a[x] = 1", "Pod", false, 0, "is not a path"},
		{".a = 'b", "Pod", false, 5, "is missing"},
		{"available >= 3", "Pod", true, 0, "of a set"},
		{"all", "Pod", true, 3, "needs a test in brackets"},
		{"count(Ready=True", "Pod", true, 16, "')' is wanted"},
		{"count >= x", "Pod", true, 9, "is not a number"},
		{"a=b and", "Pod", false, 0, "has no figure"},
		{"exists and exists and exists and exists and exists", "Pod", false, 40,
		 "more than 4"},
	};
	struct ord_that_mistake m;
	struct ord_that that;

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		if (!ord_that_parse(cases[i].text, cases[i].kind, cases[i].set, &that, &m))
			fail_msg("'%s' was taken", cases[i].text);
		if (m.at != cases[i].at || !strstr(m.text, cases[i].says))
			fail_msg("'%s': at %zu: %s", cases[i].text, m.at, m.text);
	}
}

/* A random pod: ready or not, being deleted or not. */
static json_t *random_pod(struct ord_rng *rng)
{
	return json_pack("{s:o, s:{s:s, s:[{s:s, s:s}], s:I}}", "metadata",
			 ord_rng_below(rng, 4) ? json_object()
					       : json_pack("{s:s}", "deletionTimestamp", "x"),
			 "status", "phase", ord_rng_below(rng, 3) ? "Running" : "Pending",
			 "conditions", "type", "Ready", "status",
			 ord_rng_below(rng, 2) ? "True" : "False", "n",
			 (json_int_t)ord_rng_below(rng, 9));
}

#define PODS 40

/* After any sequence of changes the tally is what a count anew would be. */
static void tally_is_a_count(void **state)
{
	static const char *const texts[] = {"ready >= 3", "count(.status.phase = Running) >= 3",
					    "sum(.status.n) >= 3", "all(Ready=True)"};
	static json_t *pods[PODS];
	static struct ord_said said[PODS][ORD_THAT_TERMS];
	struct ord_that that = {.of_set = true}, one;
	struct ord_tally t = {0};
	struct ord_that_mistake m;
	struct ord_rng rng;

	ord_rng_init(&rng, 20261121);
	for (size_t i = 0; i < ORD_COUNT(texts); i++) {
		assert_int_equal(ord_that_parse(texts[i], "Pod", true, &one, &m), 0);
		that.v[that.n++] = one.v[0];
	}
	for (unsigned turn = 0; turn < 3000; turn++) {
		size_t i = ord_rng_below(&rng, PODS), ready = 0, running = 0, n = 0;
		int64_t sum = 0;

		if (pods[i])
			ord_tally_add(&t, &that, said[i], -1);
		json_decref(pods[i]);
		pods[i] = ord_rng_below(&rng, 3) ? random_pod(&rng) : NULL;
		for (size_t k = 0; pods[i] && k < that.n; k++)
			said[i][k] = ord_term_ask(&that.v[k], pods[i]);
		if (pods[i])
			ord_tally_add(&t, &that, said[i], 1);
		for (size_t k = 0; k < PODS; k++) {
			const json_t *s = json_object_get(pods[k], "status");

			if (!pods[k])
				continue;
			n++;
			ready += !strcmp(ord_condition_status(pods[k], "Ready"), "True") &&
				 !json_object_get(json_object_get(pods[k], "metadata"),
						  "deletionTimestamp");
			running +=
				!strcmp(json_string_value(json_object_get(s, "phase")), "Running");
			sum += json_integer_value(json_object_get(s, "n"));
		}
		assert_int_equal(t.n, n);
		assert_int_equal(t.v[0].passed, ready);
		assert_int_equal(t.v[1].passed, running);
		assert_int_equal(t.v[2].sum, sum);
	}
	for (size_t k = 0; k < PODS; k++)
		json_decref(pods[k]);
}

static void of_a_set(void **state)
{
	ord_auto(json) json_t *slice = object("{'endpoints':[{'conditions':{'ready':true}},"
					      "{'conditions':{'ready':false}},{'conditions':{}}]}");
	struct ord_tally t = {.n = 3, .v = {{.passed = 2, .sum = 5}}};
	struct ord_that_mistake m;
	struct ord_that that;
	char why[160];

	assert_int_equal(ord_that_parse("ready >= 3", "Pod", true, &that, &m), 0);
	assert_false(ord_that_judge(&that, NULL, &t, sizeof why, why));
	assert_string_equal(why, "ready is 2, not >= 3");
	assert_int_equal(ord_that_parse("all(Ready=True)", "Pod", true, &that, &m), 0);
	assert_false(ord_that_judge(&that, NULL, &t, sizeof why, why));
	assert_string_equal(why, "2 of 3 pass, not all");
	t = (struct ord_tally){0};
	assert_false(ord_that_judge(&that, NULL, &t, sizeof why, why));
	assert_int_equal(ord_that_parse("count = 0", "Pod", true, &that, &m), 0);
	assert_true(ord_that_judge(&that, NULL, &t, sizeof why, why));
	assert_int_equal(ord_that_parse("endpoints >= 2", "EndpointSlice", true, &that, &m), 0);
	assert_int_equal(ord_term_ask(&that.v[0], slice).number, 2);
}

static void channels(void **state)
{
	struct ord_that_mistake m;
	struct ord_kube_channel c;

	assert_int_equal(ord_channel_parse("kubernetes:event/BackOff", &c, &m), 0);
	assert_true(c.is_event);
	assert_string_equal(c.reason, "BackOff");
	assert_string_equal(c.ns, "");
	assert_int_equal(ord_channel_parse("kubernetes:shop/event/Back*", &c, &m), 0);
	assert_string_equal(c.ns, "shop");
	assert_string_equal(c.reason, "Back*");
	assert_int_equal(ord_channel_parse("kubernetes:deployment/orders/Available=False", &c, &m),
			 0);
	assert_false(c.is_event);
	assert_string_equal(c.kind, "Deployment");
	assert_string_equal(c.api_version, "apps/v1");
	assert_string_equal(c.name, "orders");
	assert_string_equal(c.reason, "Available");
	assert_string_equal(c.status, "False");
	assert_int_equal(ord_channel_parse("kubernetes:shop/pod/orders-*/Ready=False", &c, &m), 0);
	assert_string_equal(c.ns, "shop");
	assert_int_equal(ord_channel_parse("kubernetes:node/*/Ready=Unknown", &c, &m), 0);
	assert_string_equal(c.kind, "Node");

	assert_int_equal(ord_channel_parse("kubernetes:", &c, &m), -1);
	assert_int_equal(ord_channel_parse("kubernetes:event/", &c, &m), -1);
	assert_int_equal(ord_channel_parse("kubernetes:orders", &c, &m), -1);
	assert_int_equal(ord_channel_parse("kubernetes:deploymnt/orders/Available=False", &c, &m),
			 -1);
	assert_non_null(strstr(m.text, "did you mean 'deployment'"));
	assert_int_equal(m.at, strlen("kubernetes:"));
	assert_int_equal(ord_channel_parse("kubernetes:deployment/orders/Available=No", &c, &m),
			 -1);
	assert_int_equal(m.at, strlen("kubernetes:deployment/orders/"));
	assert_int_equal(ord_channel_parse("kubernetes:shop/node/a/Ready=False", &c, &m), -1);
	assert_int_equal(ord_channel_parse("kubernetes:a/b/c/d/e", &c, &m), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_an_object), cmocka_unit_test(mistakes),
		cmocka_unit_test(of_a_set),	cmocka_unit_test(tally_is_a_count),
		cmocka_unit_test(channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
