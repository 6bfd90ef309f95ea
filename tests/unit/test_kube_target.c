/* Targets in a cluster as values: round trips through JSON, copies, and each wrong field refused by
 * its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/target.h"

static struct ord_err err;

#define POD(uid) "[\"v1\",\"Pod\",\"shop\",\"orders-" uid "\",\"" uid "\"]"
#define FULL_TARGET                                                                               \
	"{\"api_version\":\"apps/v1\",\"exclude\":{\"names\":[\"orders-0\"]},\"follow\":true,"    \
	"\"kind\":\"Deployment\",\"match\":{\"annotations\":\"team=x\",\"condition\":\"Ready="    \
	"True\","                                                                                 \
	"\"containers\":[\"app\",\"side*\"],\"field_selector\":\"spec.nodeName=a\","              \
	"\"names\":[\"a\",\"b*\"],\"namespace_selector\":\"env=test\",\"namespaces\":[\"shop\"]," \
	"\"nodes\":[\"n1\"],\"older_ns\":60000000000,\"owners\":[\"Deployment/orders\"],"         \
	"\"phases\":[\"Running\"],\"selector\":\"app in "                                         \
	"(a,b),!old\",\"younger_ns\":3600000000000,"                                              \
	"\"zones\":[\"z1\"]},\"spread\":\"zone\"}"
#define FULL_CLUSTER                                                                           \
	"{\"context\":\"kind-test\",\"follow\":" FULL_TARGET ",\"limit\":3,\"objects\":[" POD( \
		"1") "," POD("2") ",[\"v1\",\"Node\",\"\",\"n1\",\"3\"]],\"server\":"          \
				  "\"https://127.0.0.1:6443\"}"

static json_t *parse(const char *text)
{
	struct ord_json_limits limits = {.size = 4u << 20, .depth = 8, .integers = true};
	json_t *json = NULL;

	if (ord_json_parse(text, strlen(text), &limits, &json, &err))
		fail_msg("%s: %s", text, err.msg);
	return json;
}

static void dumps_as(json_t *json, const char *text)
{
	ord_autofree char *dump = json ? ord_json_dump(json) : NULL;

	json_decref(json);
	assert_non_null(dump);
	assert_string_equal(dump, text);
}

static void a_target_survives_the_round_trip(void **state)
{
	static const char *const texts[] = {"{\"match\":{}}", FULL_TARGET,
					    "{\"exclude\":{},\"match\":{\"names\":[\"x\"]}}"};

	for (size_t i = 0; i < ORD_COUNT(texts); i++) {
		ord_auto(json) json_t *json = parse(texts[i]);
		struct ord_kube_target t, copy;

		if (ord_kube_target_from_json(&t, json, &err))
			fail_msg("%s", err.msg);
		dumps_as(ord_kube_target_to_json(&t), texts[i]);
		assert_int_equal(ord_kube_target_copy(&t, &copy, &err), 0);
		ord_kube_target_done(&t);
		assert_int_equal(t.match.names.n, 0);
		dumps_as(ord_kube_target_to_json(&copy), texts[i]);
		ord_kube_target_done(&copy);
		ord_kube_target_done(&copy);
	}
}

static void a_place_survives_the_round_trip(void **state)
{
	ord_auto(json) json_t *json = parse("{\"cluster\":" FULL_CLUSTER "}");
	static struct ord_place place;
	struct ord_cluster_place copy;

	if (ord_place_from_json(&place, json, &err))
		fail_msg("%s", err.msg);
	assert_non_null(place.cluster);
	assert_int_equal(place.cluster->n, 3);
	assert_string_equal(place.cluster->v[1].name, "orders-2");
	assert_string_equal(place.cluster->v[2].ns, "");
	dumps_as(ord_place_to_json(&place), "{\"cluster\":" FULL_CLUSTER "}");
	assert_int_equal(ord_cluster_place_copy(place.cluster, &copy, &err), 0);
	ord_place_done(&place);
	assert_null(place.cluster);
	dumps_as(ord_cluster_place_to_json(&copy), FULL_CLUSTER);
	ord_cluster_place_done(&copy);
	ord_cluster_place_done(&copy);
}

struct wrong {
	const char *text, *why;
};

static void wrong_targets_are_refused(void **state)
{
	static const struct wrong bad[] = {
		{"{}", "'match' is missing"},
		{"{\"match\":[]}", "'match' must be an object"},
		{"{\"match\":{},\"x\":1}", "unknown key 'x'"},
		{"{\"match\":{\"x\":1}}", "match: unknown key 'x'"},
		{"{\"match\":{\"names\":\"a\"}}", "match: 'names' must be a list"},
		{"{\"match\":{\"names\":[]}}", "match: 'names' is empty"},
		{"{\"match\":{\"zones\":[1]}}", "'zones' must be a list of texts"},
		{"{\"match\":{\"owners\":[\"a\",\"\"]}}", "'owners' must be a list of texts"},
		{"{\"match\":{\"nodes\":[\"a\\nb\"]}}", "'nodes' must be a list of texts"},
		{"{\"match\":{\"selector\":\"\"}}", "'selector' is empty"},
		{"{\"match\":{\"selector\":1}}", "'selector' must be a text"},
		{"{\"match\":{\"condition\":\"a\\u0007\"}}", "'condition' is empty or not"},
		{"{\"match\":{\"older_ns\":-1}}", "'older_ns' is -1"},
		{"{\"match\":{\"younger_ns\":true}}", "'younger_ns' must be an integer"},
		{"{\"match\":{},\"exclude\":{\"names\":[\"a\"],\"selector\":7}}",
		 "exclude: 'selector'"},
		{"{\"match\":{},\"exclude\":7}", "'exclude' must be an object"},
		{"{\"match\":{},\"spread\":\"rack\"}", "'spread' is node, zone or none"},
		{"{\"match\":{},\"follow\":1}", "'follow' must be true or false"},
		{"{\"match\":{},\"kind\":\"pod\"}", "a kind is written"},
		{"{\"match\":{},\"api_version\":\"apps\"}", "no API version"},
		{"{\"match\":{},\"api_version\":\"../v1\"}", "no API version"},
		{"{\"match\":{},\"api_version\":\"a/v1/b\"}", "no API version"},
	};

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		ord_auto(json) json_t *json = parse(bad[i].text);
		struct ord_kube_target t = {.kind = "untouched"};

		assert_int_equal(ord_kube_target_from_json(&t, json, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_string_equal(t.kind, "untouched");
		if (!strstr(err.msg, bad[i].why))
			fail_msg("%s: '%s' does not say '%s'", bad[i].text, err.msg, bad[i].why);
	}
}

#define AT "\"context\":\"c\",\"server\":\"https://h\""

static void wrong_places_are_refused(void **state)
{
	static const struct wrong bad[] = {
		{"{}", "'context' is missing"},
		{"{" AT "}", "'limit' is missing"},
		{"{" AT ",\"limit\":1}", "'objects' is missing"},
		{"{" AT ",\"limit\":1,\"objects\":[]}", "'objects' is empty"},
		{"{" AT ",\"limit\":99999,\"objects\":[]}", "'limit' is 99999"},
		{"{" AT ",\"limit\":1,\"objects\":[" POD("1") "," POD("2") "]}", "'limit' is 1"},
		{"{" AT ",\"limit\":9,\"objects\":[" POD("1") "," POD("1") "]}", "UID 1 stands"},
		{"{" AT ",\"limit\":1,\"objects\":[" POD("1") "],\"x\":1}", "unknown key 'x'"},
		{"{" AT ",\"limit\":1,\"objects\":[" POD("1") "],\"follow\":{}}",
		 "follow: key 'match'"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"Pod\",\"a\",\"b\"]]}",
		 "objects: an object is written"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"Pod\",\"a\",\"b\",1]]}",
		 "objects: an object's parts are texts"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"Pod\",\"a/b\",\"b\",\"u\"]]}",
		 "'a/b' is no namespace"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"Pod\",\"a\",\"..\",\"u\"]]}",
		 "'..' is no name"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"Pod\",\"a\",\"\",\"u\"]]}",
		 "'' is no name"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"Pod\",\"a\",\"b\",\"\"]]}",
		 "'' is no UID"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"1\",\"Pod\",\"a\",\"b\",\"u\"]]}",
		 "no API version"},
		{"{" AT ",\"limit\":1,\"objects\":[[\"v1\",\"po\",\"a\",\"b\",\"u\"]]}", "a kind"},
		{"{\"context\":\"\",\"server\":\"https://h\"}", "'context' is empty"},
		{"{\"context\":\"c\",\"server\":\"file:///etc\"}", "'server' must be the URL"},
		{"{\"context\":\"c\",\"server\":\"https://u@h\"}", "'server' must be the URL"},
	};

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		ord_auto(json) json_t *json = parse(bad[i].text);
		struct ord_cluster_place p = {.limit = 42};

		assert_int_equal(ord_cluster_place_from_json(&p, json, &err), -1);
		assert_int_equal(err.code, ORD_USAGE);
		assert_int_equal(p.limit, 42);
		if (!strstr(err.msg, bad[i].why))
			fail_msg("%s: '%s' does not say '%s'", bad[i].text, err.msg, bad[i].why);
	}
}

static void a_cluster_stands_alone(void **state)
{
	ord_auto(json) json_t *both = parse("{\"host\":true,\"cluster\":" FULL_CLUSTER "}");
	ord_auto(json) json_t *wrong = parse("{\"cluster\":{" AT ",\"limit\":0,\"objects\":["
					     "]}}");
	static struct ord_place place;

	assert_int_equal(ord_place_from_json(&place, both, &err), -1);
	assert_non_null(strstr(err.msg, "'cluster' stands alone"));
	assert_int_equal(ord_place_from_json(&place, wrong, &err), -1);
	assert_non_null(strstr(err.msg, "cluster: 'objects' is empty"));
	assert_null(place.cluster);
}

/* As many objects as there may be, and one more; quickly. */
static void names_are_checked_by_kind(void **state)
{
	static const struct {
		const char *text;
		enum ord_kube_form form;
		int at; /* of the mistake; -1: good */
	} cases[] = {
		{"orders-0", ORD_KUBE_FORM_SUBDOMAIN, -1},
		{"a.b-c", ORD_KUBE_FORM_SUBDOMAIN, -1},
		{"*", ORD_KUBE_FORM_LABEL, -1},
		{"shop-?[0-9]*", ORD_KUBE_FORM_LABEL, -1},
		{"x[!a-c]", ORD_KUBE_FORM_LABEL, -1},
		{"x[]]", ORD_KUBE_FORM_LABEL, -1},
		{"*-x", ORD_KUBE_FORM_LABEL, -1},
		{"EU_1.a", ORD_KUBE_FORM_VALUE, -1},
		{"system:node", ORD_KUBE_FORM_ANY, -1},
		{"", ORD_KUBE_FORM_LABEL, 0},
		{"a.b", ORD_KUBE_FORM_LABEL, 1},
		{"aB", ORD_KUBE_FORM_SUBDOMAIN, 1},
		{"a_b", ORD_KUBE_FORM_SUBDOMAIN, 1},
		{"-a", ORD_KUBE_FORM_LABEL, 0},
		{"a-", ORD_KUBE_FORM_LABEL, 1},
		{"a[b", ORD_KUBE_FORM_LABEL, 1},
		{"a[]", ORD_KUBE_FORM_LABEL, 1},
		{"a[", ORD_KUBE_FORM_LABEL, 1},
		{"a/b", ORD_KUBE_FORM_ANY, 0},
		{"a b", ORD_KUBE_FORM_VALUE, 1},
		{"a234567890b234567890c234567890d234567890e234567890f234567890g234",
		 ORD_KUBE_FORM_LABEL, 0},
	};

	for (size_t i = 0; i < ORD_COUNT(cases); i++) {
		size_t at = 99;
		int r = ord_kube_check_name(cases[i].text, cases[i].form, &at, &err);

		if (r != (cases[i].at < 0 ? 0 : -1) || (r && (int)at != cases[i].at))
			fail_msg("'%s': %d at %zu: %s", cases[i].text, r, at, err.msg);
	}
}

static void the_number_of_objects_is_bounded(void **state)
{
	for (size_t n = ORD_CLUSTER_OBJECTS_MAX; n <= ORD_CLUSTER_OBJECTS_MAX + 1; n++) {
		ord_auto(json) json_t *json =
			json_pack("{s:s,s:s,s:i,s:[]}", "context", "c", "server", "https://h",
				  "limit", ORD_CLUSTER_OBJECTS_MAX, "objects");
		json_t *list = json_object_get(json, "objects");
		struct ord_cluster_place p;
		char name[32];

		for (size_t i = 0; i < n; i++) {
			(void)snprintf(name, sizeof name, "p%zu", i);
			assert_int_equal(
				json_array_append_new(
					list, json_pack("[sssss]", "v1", "Pod", "a", name, name)),
				0);
		}
		if (n > ORD_CLUSTER_OBJECTS_MAX) {
			assert_int_equal(ord_cluster_place_from_json(&p, json, &err), -1);
			assert_non_null(strstr(err.msg, "more than"));
			continue;
		}
		assert_int_equal(ord_cluster_place_from_json(&p, json, &err), 0);
		assert_int_equal(p.n, n);
		ord_cluster_place_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_survives_the_round_trip),
		cmocka_unit_test(a_place_survives_the_round_trip),
		cmocka_unit_test(wrong_targets_are_refused),
		cmocka_unit_test(wrong_places_are_refused),
		cmocka_unit_test(a_cluster_stands_alone),
		cmocka_unit_test(names_are_checked_by_kind),
		cmocka_unit_test(the_number_of_objects_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
