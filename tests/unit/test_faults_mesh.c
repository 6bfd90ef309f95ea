/* The routes of a fault in the mesh: what each request meets, with the fault and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/mesh.h"
#include "tests/support/json_text.h"

static struct ord_err err;
static struct ord_args args;

/* The fault as a person writes it: name, value, name, value, NULL. */
static struct mesh_fault fault(const char *name, ...)
{
	struct mesh_fault f;
	va_list more;

	ord_args_init(&args, ord_fault_find("istio.fault"));
	va_start(more, name);
	for (; name; name = va_arg(more, const char *))
		assert_int_equal(ord_args_set(&args, name, va_arg(more, const char *), &err), 0);
	va_end(more);
	assert_int_equal(ord_args_finish(&args, &err), 0);
	assert_int_equal(mesh_fault_read(&args, &f, &err), 0);
	return f;
}

static void routes_are(const char *spec, struct mesh_fault *f, const char *want)
{
	ord_auto(json) json_t *in = json_of(spec), *before = json_deep_copy(in), *out = NULL;
	ord_auto(json) json_t *wanted = json_of(want);
	ord_autofree char *text = NULL;

	assert_int_equal(mesh_routes(in, f, "o", &out, &err), 0);
	text = ord_json_dump(out);
	if (!json_equal(out, wanted))
		print_message("got %s\n", text);
	assert_true(json_equal(out, wanted));
	assert_true(json_equal(in, before));
	mesh_fault_done(f);
}

static void refused(const char *spec, struct mesh_fault *f, const char *why)
{
	ord_auto(json) json_t *in = json_of(spec);
	json_t *out = NULL;

	assert_int_equal(mesh_routes(in, f, "o", &out, &err), -1);
	assert_null(out);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, why));
	mesh_fault_done(f);
}

#define TO(host) "\"route\":[{\"destination\":{\"host\":\"" host "\"}}]"
#define LATE	 "\"delay\":{\"fixedDelay\":\"200ms\",\"percentage\":{\"value\":100}}"

static void every_route_gets_the_fault(void **state)
{
	struct mesh_fault f = fault("delay", "200ms", NULL);

	(void)state;
	routes_are("{\"http\":[{\"match\":[{\"uri\":{\"prefix\":\"/a\"}}],\"timeout\":\"1s\"," TO(
			   "a") "},{\"name\":\"rest\"," TO("b") "}]}",
		   &f,
		   "[{\"name\":\"o-0\",\"match\":[{\"uri\":{\"prefix\":\"/"
		   "a\"}}],\"timeout\":\"1s\",\"fault\":{" LATE
		   "}," TO("a") "},{\"name\":\"o-1\",\"fault\":{" LATE "}," TO("b") "}]");
}

static void numbers_and_units(void **state)
{
	struct mesh_fault f = fault("delay", "1500us", "abort", "503", "percent", "12.5%", NULL);

	(void)state;
	routes_are("{\"http\":[{" TO("a") "}]}", &f,
		   "[{\"name\":\"o-0\"," TO("a") ",\"fault\":{\"delay\":{\"fixedDelay\":\"1500us\","
						 "\"percentage\":{\"value\":12.5}},\"abort\":{"
						 "\"httpStatus\":503,\"percentage\":{"
						 "\"value\":12.5}}}}]");
}

/* A fault that was there keeps what ours does not set. */
static void the_routes_own_fault_stays(void **state)
{
	struct mesh_fault f = fault("delay", "200ms", NULL);

	(void)state;
	routes_are("{\"http\":[{" TO("a") ",\"fault\":{\"abort\":{\"httpStatus\":404}}}]}", &f,
		   "[{\"name\":\"o-0\"," TO("a") ",\"fault\":{\"abort\":{\"httpStatus\":404}," LATE
						 "}}]");
}

/* Both the route's conditions and the fault's must hold; the header's name is in lower case. */
static void conditions_are_joined(void **state)
{
	struct mesh_fault f =
		fault("delay", "200ms", "header", "X-Test=yes", "source", "app=web,v=1", NULL);

	(void)state;
	routes_are("{\"http\":[{\"match\":[{\"uri\":{\"prefix\":\"/a\"}},{\"sourceLabels\":{"
		   "\"app\":\"batch\"}}]," TO("a") "},{" TO("b") "}]}",
		   &f,
		   "[{\"name\":\"o-0\",\"match\":[{\"uri\":{\"prefix\":\"/a\"},\"headers\":{\"x-"
		   "test\":{\"exact\":\"yes\"}},\"sourceLabels\":{\"app\":\"web\",\"v\":\"1\"}}],"
		   "\"fault\":{" LATE
		   "}," TO("a") "},{\"name\":\"o-1\",\"match\":[{\"headers\":{\"x-test\":{\"exact\""
				":\"yes\"}},\"sourceLabels\":{\"app\":\"web\",\"v\":\"1\"}}],"
				"\"fault\":{" LATE "}," TO("b") "}]");
}

static void a_route_that_can_never_match_is_left_out(void **state)
{
	struct mesh_fault f = fault("delay", "200ms", "header", "x=1", NULL);

	(void)state;
	routes_are("{\"http\":[{\"match\":[{\"headers\":{\"x\":{\"exact\":\"2\"}}}]," TO(
			   "a") "},{" TO("b") "}]}",
		   &f,
		   "[{\"name\":\"o-0\",\"match\":[{\"headers\":{\"x\":{\"exact\":\"1\"}}}],"
		   "\"fault\":{" LATE "}," TO("b") "}]");
	f = fault("delay", "200ms", "header", "x=1", NULL);
	refused("{\"http\":[{\"match\":[{\"headers\":{\"x\":{\"regex\":\".\"}}}]," TO("a") "}]}",
		&f, "'x'");
}

/* A redirect before a route with the fault must still come first; one after it needs no copy. */
static void redirects_keep_their_place(void **state)
{
	struct mesh_fault f = fault("delay", "200ms", NULL);

	(void)state;
	routes_are("{\"http\":[{\"match\":[{\"uri\":{\"exact\":\"/"
		   "old\"}}],\"redirect\":{\"uri\":\"/new\"}},"
		   "{" TO("a") "},{\"redirect\":{\"uri\":\"/\"}}]}",
		   &f,
		   "[{\"name\":\"o-0\",\"match\":[{\"uri\":{\"exact\":\"/"
		   "old\"}}],\"redirect\":{\"uri\":\"/"
		   "new\"}},{\"name\":\"o-1\",\"fault\":{" LATE "}," TO("a") "}]");
}

static void what_has_no_http_is_refused(void **state)
{
	struct mesh_fault f = fault("abort", "503", NULL);

	(void)state;
	refused("{\"tcp\":[{" TO("a") "}]}", &f, "tcp or tls routes alone");
	refused("{\"hosts\":[\"a\"]}", &f, "no http routes");
	refused("{\"http\":[{\"redirect\":{\"uri\":\"/\"}}]}", &f, "forwards");
}

static void arguments_are_checked(void **state)
{
	struct mesh_fault f;

	(void)state;
	ord_args_init(&args, ord_fault_find("istio.fault"));
	assert_int_equal(ord_args_finish(&args, &err), -1);
	assert_non_null(strstr(err.msg, "delay, abort"));
	ord_args_init(&args, ord_fault_find("istio.fault"));
	assert_int_equal(ord_args_set(&args, "abort", "503", &err), 0);
	assert_int_equal(ord_args_set(&args, "header", "a b=c", &err), 0);
	assert_int_equal(ord_args_finish(&args, &err), 0);
	assert_int_equal(mesh_fault_read(&args, &f, &err), -1);
	assert_non_null(strstr(err.msg, "'a b' is not a header's name"));
}

static void a_service_without_a_virtual_service(void **state)
{
	struct mesh_fault f = fault("delay", "200ms", "header", "x=1", NULL);
	ord_auto(json) json_t *out = NULL;
	ord_auto(json) json_t *want =
		json_of("[{\"name\":\"o-0\",\"match\":[{\"headers\":{\"x\":{\"exact\":\"1\"}}}],"
			"\"fault\":{" LATE "}," TO("orders") "},{" TO("orders") "}]");

	(void)state;
	assert_int_equal(mesh_routes_of_host("orders", &f, "o", &out, &err), 0);
	assert_true(json_equal(out, want));
	assert_true(mesh_route_is(json_array_get(out, 0), "o"));
	assert_false(mesh_route_is(json_array_get(out, 1), "o"));
	assert_false(mesh_route_is(json_array_get(out, 0), "o-0"));
}

static void hosts_name_a_service(void **state)
{
	static const struct {
		const char *host, *ns;
		bool applies;
	} hosts[] = {
		{"orders", "shop", true},
		{"orders", "other", false},
		{"orders.shop", "other", true},
		{"orders.shop.svc", "other", true},
		{"orders.shop.svc.cluster.local", "shop", true},
		{"orders.shopping", "shop", false},
		{"orders-2", "shop", false},
		{"orders.shop.example.com", "shop", false},
	};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(hosts); i++) {
		ord_auto(json) json_t *vs =
			json_pack("{s:{s:s} s:{s:[s]}}", "metadata", "namespace", hosts[i].ns,
				  "spec", "hosts", hosts[i].host);
		json_t *spec = json_object_get(vs, "spec");

		assert_int_equal(mesh_applies(vs, "orders", "shop"), hosts[i].applies);
		/* A gateway's alone is nothing to callers in the mesh. */
		(void)json_object_set_new(spec, "gateways", json_pack("[s]", "edge"));
		assert_false(mesh_applies(vs, "orders", "shop"));
		(void)json_object_set_new(spec, "gateways", json_pack("[ss]", "edge", "mesh"));
		assert_int_equal(mesh_applies(vs, "orders", "shop"), hosts[i].applies);
	}
}

static void ports_that_may_carry_http(void **state)
{
	static const struct {
		const char *ports;
		bool http;
	} services[] = {
		{"[{\"port\":80}]", true},
		{"[{\"port\":80,\"name\":\"tcp-x\"}]", false},
		{"[{\"port\":80,\"name\":\"tcp-x\",\"appProtocol\":\"http\"}]", true},
		{"[{\"port\":80,\"name\":\"mysql\"},{\"port\":53,\"protocol\":\"UDP\"}]", false},
		{"[{\"port\":80,\"name\":\"mysql\"},{\"port\":81,\"name\":\"grpc-api\"}]", true},
		{"[{\"port\":80,\"name\":\"tcpish\"}]", true},
	};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(services); i++) {
		ord_auto(json) json_t *s =
			json_pack("{s:{s:o}}", "spec", "ports", json_of(services[i].ports));

		assert_int_equal(mesh_service_http(s), services[i].http);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_gets_the_fault),
		cmocka_unit_test(numbers_and_units),
		cmocka_unit_test(the_routes_own_fault_stays),
		cmocka_unit_test(conditions_are_joined),
		cmocka_unit_test(a_route_that_can_never_match_is_left_out),
		cmocka_unit_test(redirects_keep_their_place),
		cmocka_unit_test(what_has_no_http_is_refused),
		cmocka_unit_test(arguments_are_checked),
		cmocka_unit_test(a_service_without_a_virtual_service),
		cmocka_unit_test(hosts_name_a_service),
		cmocka_unit_test(ports_that_may_carry_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
