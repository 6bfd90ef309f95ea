/* The Kubernetes client against a real API server. Everything is in a namespace of this run. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "tests/cluster/client/client.h"

/* --- a watch --- */

struct story {
	unsigned n, synced, other;
	char told[512][24]; /* "+123", "~124", "-125": the versions, in order */
};

static void on_event(void *arg, enum kube_event e, const json_t *o, uint64_t arrival_ns)
{
	struct story *s = arg;

	assert_in_range(arrival_ns, 1, ord_now_ns());
	if (e == KUBE_SYNCED)
		s->synced++;
	else if (e > KUBE_SYNCED)
		s->other++;
	else if (s->synced && s->n < ORD_COUNT(s->told))
		(void)snprintf(s->told[s->n++], sizeof s->told[0], "%c%s", "+~-"[e],
			       meta(o, "resourceVersion"));
}

static bool is_synced(void *arg)
{
	return ((struct story *)arg)->synced;
}

static bool never(void *arg)
{
	return !arg;
}

static void expect(struct story *s, char what, const json_t *object)
{
	assert_true(s->n < ORD_COUNT(s->told));
	(void)snprintf(s->told[s->n++], sizeof s->told[0], "%c%s", what,
		       meta(object, "resourceVersion"));
}

static json_t *change(const char *name, unsigned to)
{
	const struct ord_object o = named("v1", "ConfigMap", name);
	ord_auto(json) json_t *patch = NULL;
	char text[64];
	json_t *ret = NULL;

	(void)snprintf(text, sizeof text, "{\"data\":{\"n\":\"%u\"}}", to);
	patch = read_json(text);
	must(kube_patch(k, &o, NULL, KUBE_PATCH_MERGE, patch, false, soon(), &ret, NULL, &err));
	return ret;
}

/* What the writer was told of each write is what the watch tells, in the same order, once. */
static void a_watch_tells_each_change_once(void **state)
{
	const struct kube_set set = {.kind = MAP_KIND, .ns = our_ns, .page = 7};
	struct story seen = {.n = 0}, wrote = {.n = 0};
	struct kube_watch *w;
	struct kube *other;
	char name[32];

	must(kube_open(config, &other, &err));
	must(kube_watch_open(other, &set, on_event, NULL, &seen, &w, &err));
	must(kube_run(other, is_synced, &seen, soon(), &err));
	for (unsigned i = 0; i < 60; i++) {
		ord_auto(json) json_t *o = NULL;

		(void)snprintf(name, sizeof name, "w-%u", i / 3);
		o = i % 3 ? change(name, i) : make_map(name);
		expect(&wrote, i % 3 ? '~' : '+', o);
		kube_drive(other);
	}
	for (unsigned i = 0; i < 20; i += 2) {
		struct ord_object o;

		(void)snprintf(name, sizeof name, "w-%u", i);
		o = named("v1", "ConfigMap", name);
		must(kube_delete(k, &o, -1, soon(), NULL, &err));
		wrote.n++; /* the deletion's version is told by the watch alone */
	}
	(void)kube_run(other, never, other, ord_now_ns() + ORD_S, &err);
	assert_int_equal(seen.other, 0);
	assert_int_equal(seen.n, wrote.n);
	for (unsigned i = 0; i < 60; i++)
		assert_string_equal(seen.told[i], wrote.told[i]);
	for (unsigned i = 60; i < seen.n; i++)
		assert_int_equal(seen.told[i][0], '-');
	kube_close(other);
}

/* TCP connections; libcurl has a pair of sockets to wake itself with besides. */
static unsigned sockets(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *e;
	unsigned n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof peer;
		int fd = (int)strtol(e->d_name, NULL, 10);

		n += getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
		     peer.ss_family == AF_INET;
	}
	(void)closedir(dir);
	return n;
}

static void on_done(void *arg, struct kube_answer *a, const struct ord_err *e)
{
	assert_null(e);
	assert_int_equal(a->status, 200);
	(*(unsigned *)arg)++;
}

static bool are_200(void *arg)
{
	return *(unsigned *)arg == 200;
}

/* HTTP/2: watches and calls, at the same time, over one connection. */
static void one_connection(void **state)
{
	const struct kube_set set = {.kind = MAP_KIND, .ns = our_ns};
	struct story s = {.n = 0};
	struct kube_watch *w[3];
	struct kube *other;
	unsigned before = sockets(), done = 0;

	must(kube_open(config, &other, &err));
	for (unsigned i = 0; i < 3; i++)
		must(kube_watch_open(other, &set, on_event, NULL, &s, &w[i], &err));
	for (unsigned i = 0; i < 200; i++) {
		const struct kube_request req = {
			.method = "GET", .path = "/api/v1/namespaces", .deadline_ns = soon()};

		must(kube_start(other, &req, on_done, &done, &err));
	}
	must(kube_run(other, are_200, &done, soon(), &err));
	must(kube_run(other, is_synced, &s, soon(), &err));
	assert_int_equal(sockets() - before, 1);
	kube_close(other);
	assert_int_equal(sockets(), before);
}

/* --- verbs --- */

static void patches(void **state)
{
	const struct ord_object o = named("v1", "ConfigMap", "patched");
	ord_auto(json) json_t *made = make_map("patched"), *body = NULL, *test = NULL,
			      *apply = NULL;
	int status;

	test = read_json(
		"[{\"op\":\"test\",\"path\":\"/data/n\",\"value\":\"0\"},{\"op\":\"replace\","
		"\"path\":\"/data/n\",\"value\":\"1\"}]");
	/* A dry run changes nothing. */
	must(kube_patch(k, &o, NULL, KUBE_PATCH_JSON, test, true, soon(), NULL, &status, &err));
	must(kube_patch(k, &o, NULL, KUBE_PATCH_JSON, test, false, soon(), NULL, &status, &err));
	assert_int_equal(
		kube_patch(k, &o, NULL, KUBE_PATCH_JSON, test, false, soon(), NULL, &status, &err),
		-1);
	assert_int_equal(status, 422);
	assert_non_null(strstr(err.msg, "patch ConfigMap "));
	apply = read_json("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
			  "\"patched\"},\"data\":{\"m\":\"2\",\"n\":\"3\"}}");
	must(kube_patch(k, &o, NULL, KUBE_PATCH_APPLY, apply, false, soon(), &body, &status, &err));
	assert_string_equal(json_string_value(json_object_get(json_object_get(body, "data"), "n")),
			    "3");
	assert_string_equal(json_string_value(json_object_get(json_object_get(body, "data"), "m")),
			    "2");
}

static void the_uid_is_a_precondition(void **state)
{
	struct ord_object o = named("v1", "ConfigMap", "again");
	ord_auto(json) json_t *first = make_map("again"), *second = NULL;
	int status;

	(void)snprintf(o.uid, sizeof o.uid, "%s", meta(first, "uid"));
	must(kube_delete(k, &o, -1, soon(), &status, &err));
	assert_int_equal(status, 200);
	second = make_map("again");
	assert_int_equal(kube_delete(k, &o, -1, soon(), &status, &err), -1);
	assert_int_equal(status, 409);
	assert_non_null(strstr(err.msg, "Conflict"));
	o.name[0] = 'x';
	assert_int_equal(kube_delete(k, &o, -1, soon(), &status, &err), -1);
	assert_int_equal(status, 404);
}

static void a_budget_forbids_an_eviction(void **state)
{
	static const struct kube_kind budgets = {"policy/v1", "PodDisruptionBudget",
						 "poddisruptionbudgets", true};
	static const struct kube_kind pods = {"v1", "Pod", "pods", true};
	const struct ord_object pod = named("v1", "Pod", "kept"),
				budget = named("policy/v1", "PodDisruptionBudget", "keeper");
	int status = 0;

	json_decref(make(&pods, "{\"metadata\":{\"name\":\"kept\",\"labels\":{\"app\":\"kept\"}},"
				"\"spec\":{\"nodeSelector\":{\"type\":\"kwok\"},\"containers\":[{"
				"\"name\":\"a\",\"image\":\"played:1\"}]}}"));
	json_decref(make(&budgets,
			 "{\"metadata\":{\"name\":\"keeper\"},\"spec\":{\"minAvailable\":1,"
			 "\"selector\":{\"matchLabels\":{\"app\":\"kept\"}}}}"));
	for (unsigned i = 0; i < 200; i++) { /* until the controller has looked at it */
		ord_auto(json) json_t *b = NULL;

		must(kube_get(k, &budget, soon(), &b, NULL, &err));
		if (json_integer_value(
			    json_object_get(json_object_get(b, "status"), "currentHealthy")) > 0)
			break;
		(void)usleep(100000);
	}
	assert_int_equal(kube_evict(k, &pod, 0, soon(), &status, &err), -1);
	assert_int_equal(status, 429);
	assert_non_null(strstr(err.msg, "disruption budget"));
	assert_non_null(strstr(err.msg, "keeper needs 1 healthy pods and has 1 currently"));
	must(kube_delete(k, &budget, -1, soon(), NULL, &err));
	must(kube_evict(k, &pod, 0, soon(), &status, &err));
	assert_in_range(status, 200, 201);
}

static void leases(void **state)
{
	const struct ord_object o = named("coordination.k8s.io/v1", "Lease", "target");
	ord_auto(json) json_t *lease = NULL, *again = NULL;
	uint64_t began;

	must(kube_lease_take(k, our_ns, "target", "first", 2, soon(), &err));
	must(kube_lease_take(k, our_ns, "target", "first", 2, soon(), &err));
	assert_int_equal(kube_lease_take(k, our_ns, "target", "second", 2, soon(), &err), -1);
	assert_int_equal(err.code, ORD_GUARD);
	assert_non_null(strstr(err.msg, "held by first for another"));
	/* A holder that does not renew loses it, and not before its time. */
	must(kube_lease_take(k, our_ns, "target", "first", 2, soon(), &err));
	began = ord_now_ns();
	while (kube_lease_take(k, our_ns, "target", "second", 30, soon(), &err)) {
		assert_int_equal(err.code, ORD_GUARD);
		assert_true(ord_now_ns() - began < 20 * ORD_S);
		(void)usleep(50000);
	}
	assert_true(ord_now_ns() - began >= 2 * ORD_S - 100 * ORD_MS);
	assert_int_equal(kube_lease_take(k, our_ns, "target", "first", 2, soon(), &err), -1);
	must(kube_get(k, &o, soon(), &lease, NULL, &err));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(lease, "spec"),
							    "leaseTransitions")),
			 1);
	/* Not ours: it stays. */
	must(kube_lease_drop(k, our_ns, "target", "first", soon(), &err));
	must(kube_get(k, &o, soon(), &again, NULL, &err));
	must(kube_lease_drop(k, our_ns, "target", "second", soon(), &err));
	assert_int_equal(kube_get(k, &o, soon(), NULL, NULL, &err), -1);
	must(kube_lease_drop(k, our_ns, "target", "second", soon(), &err));
	must(kube_lease_take(k, our_ns, "target", "first", 2, soon(), &err));
}

static void a_kind_of_ones_own(void **state)
{
	static const struct kube_kind crds = {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
					      "customresourcedefinitions", false};
	const struct kube_set set = {.kind = {"", "", "", true}, .ns = our_ns, .page = 1};
	struct ord_object crd = {.api_version = "apiextensions.k8s.io/v1",
				 .kind = "CustomResourceDefinition"},
			  o;
	ord_auto(json) json_t *body = NULL, *object = NULL;
	char group[80], text[1024], version[96];
	struct kube_set own = set;
	struct story s = {.n = 0};
	struct kube_watch *w;
	struct kube_kind kind;

	(void)snprintf(group, sizeof group, "p%d.ordeal.test", getpid());
	(void)snprintf(version, sizeof version, "%s/v1", group);
	(void)snprintf(crd.name, sizeof crd.name, "gadgets.%s", group);
	(void)snprintf(
		text, sizeof text,
		"{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"group\":\"%s\",\"scope\":"
		"\"Namespaced\",\"names\":{\"plural\":\"gadgets\",\"singular\":\"gadget\","
		"\"kind\":\"Gadget\",\"listKind\":\"GadgetList\"},\"versions\":[{\"name\":\"v1\","
		"\"served\":true,\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":"
		"\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}]}}",
		crd.name, group);
	assert_int_equal(kube_kind_find(k, version, "Gadget", soon(), &kind, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
	body = read_json(text);
	must(kube_create(k, &crds, NULL, body, soon(), NULL, NULL, &err));
	for (unsigned i = 0; kube_kind_find(k, version, "Gadget", soon(), &kind, &err); i++) {
		assert_true(i < 200);
		(void)usleep(100000);
	}
	assert_string_equal(kind.plural, "gadgets");
	assert_true(kind.namespaced);
	(void)snprintf(text, sizeof text,
		       "{\"apiVersion\":\"%s\",\"kind\":\"Gadget\",\"metadata\":{\"name\":\"g\"}}",
		       version);
	object = read_json(text);
	for (unsigned i = 0; kube_create(k, &kind, our_ns, object, soon(), NULL, NULL, &err); i++) {
		assert_true(i < 200);
		(void)usleep(100000);
	}
	o = named(version, "Gadget", "g");
	must(kube_get(k, &o, soon(), NULL, NULL, &err));
	/* Its list has the metadata behind the items. */
	own.kind = kind;
	must(kube_watch_open(k, &own, on_event, NULL, &s, &w, &err));
	must(kube_run(k, is_synced, &s, soon(), &err));
	must(kube_delete(k, &o, -1, soon(), NULL, &err));
	(void)kube_run(k, never, k, ord_now_ns() + ORD_S, &err);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.told[0][0], '-');
	kube_watch_close(w);
	must(kube_delete(k, &crd, -1, soon(), NULL, &err));
}

static void what_we_may(void **state)
{
	const struct kube_access a = {
		.resource = "pods", .subresource = "eviction", .verb = "create", .ns = our_ns};
	bool allowed = false;

	must(kube_may(k, &a, soon(), &allowed, &err));
	assert_true(allowed);
}

static void the_servers_clock(void **state)
{
	int64_t lo, hi;

	assert_true(kube_clock_offset(k, &lo, &hi));
	/* It runs on this machine: the true offset is none. */
	assert_true(lo <= 0 && hi >= 0);
	assert_true(hi - lo <= 1100 * (int64_t)ORD_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watch_tells_each_change_once),
		cmocka_unit_test(one_connection),
		cmocka_unit_test(patches),
		cmocka_unit_test(the_uid_is_a_precondition),
		cmocka_unit_test(a_budget_forbids_an_eviction),
		cmocka_unit_test(leases),
		cmocka_unit_test(a_kind_of_ones_own),
		cmocka_unit_test(what_we_may),
		cmocka_unit_test(the_servers_clock),
	};

	return cmocka_run_group_tests(tests, client_begin, client_end);
}
