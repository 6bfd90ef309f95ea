/* What the faults on workloads read off an object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/workload.h"
#include "base/selector.h"
#include "tests/support/json_text.h"

static struct ord_err err;

static void another_tag(void **state)
{
	static const struct {
		const char *image, *want;
	} images[] = {
		{"web", "web:no"},
		{"web:1.0", "web:no"},
		{"registry.example:5000/a/web", "registry.example:5000/a/web:no"},
		{"registry.example:5000/a/web:1.0", "registry.example:5000/a/web:no"},
		{"a/web@sha256:0123", "a/web:no"},
		{"a/web:1.0@sha256:0123", "a/web:no"},
	};
	char out[WORKLOAD_IMAGE], *long_name = NULL;

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(images); i++) {
		assert_int_equal(workload_retag(images[i].image, "no", out, &err), 0);
		assert_string_equal(out, images[i].want);
	}
	assert_int_equal(workload_retag("web", "a b", out, &err), -1);
	assert_int_equal(workload_retag("web", "", out, &err), -1);
	assert_int_equal(asprintf(&long_name, "%0600d", 1), 600);
	assert_int_equal(workload_retag(long_name, "no", out, &err), -1);
	free(long_name);
}

static void which_container(void **state)
{
	ord_auto(json) json_t *one =
		json_of("{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\"}]}}}}");
	ord_auto(json) json_t *two = json_of(
		"{\"spec\":{\"template\":{\"spec\":{\"initContainers\":[{\"name\":\"init\"}],"
		"\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}}}");
	size_t i = 9;

	(void)state;
	assert_int_equal(workload_container(one, "", &i, &err), 0);
	assert_int_equal(i, 0);
	assert_int_equal(workload_container(two, "b", &i, &err), 0);
	assert_int_equal(i, 1);
	assert_int_equal(workload_container(two, "", &i, &err), -1);
	assert_non_null(strstr(err.msg, "which of its containers: a, b"));
	assert_int_equal(workload_container(two, "c", &i, &err), -1);
	assert_non_null(strstr(err.msg, "there is no 'c'; there are: a, b"));
	assert_int_equal(workload_container(two, "init", &i, &err), -1);
	assert_non_null(strstr(err.msg, "init container"));
	assert_int_equal(i, 1);
}

static void who_rolls_out(void **state)
{
	static const struct {
		const char *object, *why;
	} objects[] = {
		{"{\"kind\":\"Deployment\",\"spec\":{}}", NULL},
		{"{\"kind\":\"Deployment\",\"spec\":{\"paused\":true}}", "paused"},
		{"{\"kind\":\"StatefulSet\",\"spec\":{\"replicas\":2,\"updateStrategy\":{\"type\":"
		 "\"RollingUpdate\",\"rollingUpdate\":{\"partition\":1}}}}",
		 NULL},
		{"{\"kind\":\"StatefulSet\",\"spec\":{\"replicas\":2,\"updateStrategy\":{\"type\":"
		 "\"RollingUpdate\",\"rollingUpdate\":{\"partition\":2}}}}",
		 "partition"},
		{"{\"kind\":\"DaemonSet\",\"spec\":{\"updateStrategy\":{\"type\":\"OnDelete\"}}}",
		 "OnDelete"},
		{"{\"kind\":\"ReplicaSet\",\"spec\":{}}", "Deployment that owns it"},
		{"{\"kind\":\"Job\",\"spec\":{}}", "cannot be changed"},
		{"{\"kind\":\"Pod\"}", "no Deployment"},
		{"{}", "no Deployment"},
	};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(objects); i++) {
		ord_auto(json) json_t *o = json_of(objects[i].object);
		const char *why = workload_no_rollout(o);

		if (!objects[i].why)
			assert_null(why);
		else
			assert_non_null(strstr(why, objects[i].why));
	}
}

static void selectors_as_text(void **state)
{
	static const struct {
		const char *selector, *want;
	} selectors[] = {
		{"{}", ""},
		{"{\"matchLabels\":{\"a\":\"b\",\"c\":\"\"}}", "a=b,c="},
		{"{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"k\",\"operator\":"
		 "\"In\",\"values\":[\"x\",\"y\"]},{\"key\":\"l\",\"operator\":\"NotIn\","
		 "\"values\":[\"z\"]},{\"key\":\"m\",\"operator\":\"Exists\"},{\"key\":\"n\","
		 "\"operator\":\"DoesNotExist\"}]}",
		 "a=b,k in (x,y),l notin (z),m,!n"},
	};
	ord_auto(json) json_t *odd =
		json_of("{\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"Near\"}]}");

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(selectors); i++) {
		ord_auto(json) json_t *s = json_of(selectors[i].selector);
		ord_autofree char *text = ord_selector_of(s);

		assert_string_equal(text, selectors[i].want);
	}
	assert_null(ord_selector_of(odd));
}

static void what_the_controller_has_seen(void **state)
{
	ord_auto(json) json_t *no =
		json_of("{\"metadata\":{\"generation\":3},\"status\":{\"observedGeneration\":2}}");
	ord_auto(json) json_t *yes =
		json_of("{\"metadata\":{\"generation\":3},\"status\":{\"observedGeneration\":3}}");
	ord_auto(json) json_t *never = json_of("{\"metadata\":{\"generation\":1}}");

	(void)state;
	assert_false(workload_observed(no));
	assert_true(workload_observed(yes));
	assert_false(workload_observed(never));
}

static void owners_and_images(void **state)
{
	ord_auto(json) json_t *pod =
		json_of("{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u1\"},{\"uid\":\"u2\"}]},"
			"\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"x:1\"}]}}");

	(void)state;
	assert_true(workload_owned(pod, "u2"));
	assert_false(workload_owned(pod, "u"));
	assert_true(workload_runs(json_object_get(pod, "spec"), "a", "x:1"));
	assert_false(workload_runs(json_object_get(pod, "spec"), "b", "x:1"));
	assert_false(workload_runs(json_object_get(pod, "spec"), "a", "x:2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_tag),
		cmocka_unit_test(which_container),
		cmocka_unit_test(who_rolls_out),
		cmocka_unit_test(selectors_as_text),
		cmocka_unit_test(what_the_controller_has_seen),
		cmocka_unit_test(owners_and_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
