/* Lists of a real API server: page by page, and their metadata in both encodings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "tests/cluster/client/client.h"

struct listed {
	unsigned n, with_managed, with_data;
	char names[64][64];
};

static int on_item(void *arg, const json_t *item, struct ord_err *e)
{
	struct listed *l = arg;

	(void)e;
	for (unsigned i = 0; i < l->n; i++)
		assert_string_not_equal(l->names[i], meta(item, "name"));
	assert_string_equal(json_string_value(json_object_get(item, "kind")), "ConfigMap");
	assert_string_equal(json_string_value(json_object_get(item, "apiVersion")), "v1");
	l->with_managed +=
		json_is_array(json_object_get(json_object_get(item, "metadata"), "managedFields"));
	l->with_data += json_is_object(json_object_get(item, "data"));
	assert_true(l->n < ORD_COUNT(l->names));
	(void)snprintf(l->names[l->n++], sizeof l->names[0], "%s", meta(item, "name"));
	return 0;
}

static void list_pages(void **state)
{
	char name[32], version[64] = "";

	for (unsigned i = 0; i < 25; i++) {
		(void)snprintf(name, sizeof name, "page-%0*u", (int)(i % 3 + 1), i);
		json_decref(make_map(name));
	}
	for (unsigned page = 1; page < 40; page += 6) {
		struct listed l = {.n = 0};
		struct kube_set set = {.kind = MAP_KIND,
				       .ns = our_ns,
				       .page = page,
				       .field_selector = "metadata.name!=kube-root-ca.crt"};

		must(kube_list(k, &set, on_item, &l, soon(), version, &err));
		assert_int_equal(l.n, 25);
		assert_int_equal(l.with_managed, 0);
		assert_int_equal(l.with_data, 25);
		assert_true(strlen(version) > 0);
		set.metadata_only = set.managed = true;
		set.selector = "odd in (yes)";
		l = (struct listed){.n = 0};
		must(kube_list(k, &set, on_item, &l, soon(), NULL, &err));
		assert_in_range(l.n, 1, 24);
		assert_int_equal(l.with_managed, l.n);
		assert_int_equal(l.with_data, 0);
	}
}

static int keep(void *arg, const json_t *item, struct ord_err *e)
{
	ord_auto(json) json_t *copy = json_deep_copy(item);

	(void)e;
	(void)json_object_del(json_object_get(copy, "metadata"), "managedFields");
	return json_object_set(arg, meta(copy, "uid"), copy);
}

/* An object with everything in its metadata that can be, and that is being deleted. */
static void make_odd(void)
{
	const struct ord_object odd = named("v1", "ConfigMap", "odd");

	json_decref(make(
		&map_kind,
		"{\"metadata\":{\"name\":\"odd\",\"finalizers\":[\"example.org/one\","
		"\"example.org/two\"],\"labels\":{\"app.kubernetes.io/name\":\"odd\",\"empty\":"
		"\"\"},\"annotations\":{\"a\":\"\",\"b\":\"d\u00e9 \xf0\x9f\x98\x80 "
		"\\\"quoted\\\"\\n\\u0001\"},\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":"
		"\"ConfigMap\",\"name\":\"kube-root-ca.crt\",\"uid\":\"00000000-0000-4000-8000-"
		"000000000001\",\"controller\":true,\"blockOwnerDeletion\":false},{"
		"\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"00000000-0000-"
		"4000-8000-000000000002\"}]}}"));
	must(kube_delete(k, &odd, -1, soon(), NULL, &err));
}

/* What comes in protobuf is what comes in JSON (which is asked for where managedFields are). */
static void metadata_in_both_encodings(void **state)
{
	static const struct kube_kind kinds[] = {
		MAP_KIND,
		{"v1", "Node", "nodes", false},
		{"v1", "Namespace", "namespaces", false},
		{"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false},
		{"apps/v1", "Deployment", "deployments", true},
		{"apps/v1", "ReplicaSet", "replicasets", true},
	};
	const struct ord_object odd = named("v1", "ConfigMap", "odd");
	ord_auto(json) json_t *patch = read_json("{\"metadata\":{\"finalizers\":null}}");

	make_odd();
	for (size_t i = 0; i < ORD_COUNT(kinds); i++) {
		ord_auto(json) json_t *binary = json_object(), *text = json_object();
		struct kube_set set = {.kind = kinds[i], .page = 3, .metadata_only = true};
		unsigned same = 0;
		const char *uid;
		json_t *value;

		if (!i)
			set.ns = our_ns;
		must(kube_list(k, &set, keep, binary, soon(), NULL, &err));
		set.managed = true;
		must(kube_list(k, &set, keep, text, soon(), NULL, &err));
		/* Others may change theirs in between: what is of one version is one. */
		json_object_foreach (text, uid, value) {
			const json_t *other = json_object_get(binary, uid);

			if (strcmp(meta(other, "resourceVersion"), meta(value, "resourceVersion")))
				continue;
			if (!json_equal(other, value))
				fail_msg("%s\n%s", json_dumps(other, 0), json_dumps(value, 0));
			same++;
		}
		assert_true(same || i > 3); /* of the first four there are always some */
	}
	must(kube_patch(k, &odd, NULL, KUBE_PATCH_MERGE, patch, false, soon(), NULL, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_pages),
		cmocka_unit_test(metadata_in_both_encodings),
	};

	return cmocka_run_group_tests(tests, client_begin, client_end);
}
