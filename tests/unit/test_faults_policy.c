/* NetworkPolicies that isolate: what stays open is exactly what was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "injector/kube/policy.h"

static struct ord_err err;
static json_t *selected;

static struct ord_endpoints endpoints(const char *text, ...)
{
	struct ord_endpoints eps = {0};
	va_list more;

	va_start(more, text);
	for (; text; text = va_arg(more, const char *))
		assert_int_equal(ord_endpoint_parse(text, &eps.v[eps.n++], &err), 0);
	va_end(more);
	return eps;
}

static void spec_is(const struct policy *p, const char *want)
{
	json_t *spec = NULL;
	ord_auto(json) json_t *wanted = json_loads(want, JSON_REJECT_DUPLICATES, NULL);
	ord_autofree char *text = NULL;

	assert_non_null(wanted);
	assert_int_equal(policy_spec(p, &spec, &err), 0);
	text = ord_json_dump(spec);
	if (!json_equal(spec, wanted))
		print_message("got %s\n", text);
	assert_true(json_equal(spec, wanted));
	json_decref(spec);
}

#define SELECTED "\"podSelector\":{\"matchLabels\":{\"l\":\"\"}}"
#define DNS                                                                     \
	"{\"ports\":[{\"protocol\":\"TCP\",\"port\":53},{\"protocol\":\"UDP\"," \
	"\"port\":53}]}"

static void nobody_by_default(void **state)
{
	struct policy p = {.egress = true, .ingress = true, .selector = selected};

	(void)state;
	spec_is(&p, "{" SELECTED ",\"policyTypes\":[\"Egress\",\"Ingress\"],\"egress\":[],"
		    "\"ingress\":[]}");
	p.allow_dns = true;
	spec_is(&p, "{" SELECTED ",\"policyTypes\":[\"Egress\",\"Ingress\"],\"egress\":[" DNS
		    "],\"ingress\":[]}");
	p.egress = false; /* questions to a name server are egress */
	spec_is(&p, "{" SELECTED ",\"policyTypes\":[\"Ingress\"],\"ingress\":[]}");
}

static void peers_and_ports(void **state)
{
	struct ord_endpoints eps = endpoints("10.0.0.0/8:5432/tcp", ":8000-8010", "2001:db8::/32",
					     "192.0.2.1/udp", NULL);
	struct policy p = {.egress = true, .allow = &eps, .selector = selected};

	(void)state;
	spec_is(&p,
		"{" SELECTED ",\"policyTypes\":[\"Egress\"],\"egress\":["
		"{\"to\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\"}}],\"ports\":[{\"protocol\":"
		"\"TCP\",\"port\":5432}]},"
		"{\"ports\":[{\"protocol\":\"TCP\",\"port\":8000,\"endPort\":8010},{\"protocol\":"
		"\"UDP\",\"port\":8000,\"endPort\":8010}]},"
		"{\"to\":[{\"ipBlock\":{\"cidr\":\"2001:db8::/32\"}}]},"
		"{\"to\":[{\"ipBlock\":{\"cidr\":\"192.0.2.1/32\"}}],\"ports\":[{\"protocol\":"
		"\"UDP\"}]}]}");
	p.egress = false;
	p.ingress = true;
	eps = endpoints("10.0.0.0/8", NULL);
	spec_is(&p, "{" SELECTED ",\"policyTypes\":[\"Ingress\"],\"ingress\":[{\"from\":[{"
		    "\"ipBlock\":{\"cidr\":\"10.0.0.0/8\"}}]}]}");
}

static void icmp_cannot_be_said(void **state)
{
	struct ord_endpoints eps = endpoints("10.0.0.0/8/icmp", NULL);
	struct policy p = {.egress = true, .allow = &eps, .selector = selected};
	json_t *spec = NULL;

	(void)state;
	assert_int_equal(policy_spec(&p, &spec, &err), -1);
	assert_null(spec);
	assert_int_equal(err.code, ORD_USAGE);
	assert_non_null(strstr(err.msg, "no icmp"));
}

/* Policies add up: one that allows something keeps it open, one that allows nothing does not. */
static void others_that_open(void **state)
{
	static const struct {
		const char *spec;
		bool egress, ingress;
	} others[] = {
		{"{\"policyTypes\":[\"Egress\",\"Ingress\"]}", false, false},
		{"{\"egress\":[],\"ingress\":[]}", false, false},
		{"{\"egress\":[{}]}", true, false},
		{"{\"ingress\":[{\"from\":[{\"podSelector\":{}}]}]}", false, true},
	};

	(void)state;
	for (size_t i = 0; i < ORD_COUNT(others); i++) {
		ord_auto(json) json_t *spec = json_loads(others[i].spec, 0, NULL);
		struct policy out = {.egress = true}, in = {.ingress = true};

		assert_int_equal(policy_opens(spec, &out), others[i].egress);
		assert_int_equal(policy_opens(spec, &in), others[i].ingress);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_by_default),
		cmocka_unit_test(peers_and_ports),
		cmocka_unit_test(icmp_cannot_be_said),
		cmocka_unit_test(others_that_open),
	};

	selected = json_pack("{s:{s:s}}", "matchLabels", "l", "");
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	json_decref(selected);
	return r;
}
