/* What a plan must be allowed: of each kind of target, fault, probe and channel, and how the set is
 * made small. The cluster itself is asked in tests/cluster/access. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/auto.h"
#include "kube/match.h"
#include "ordeal/cluster.h"

static struct ord_spec spec;
static struct ord_plan plan;

/* The rules of an experiment with these faults (YAML list), probes and objectives. */
static struct ord_rules rules_of(const char *faults, const char *more)
{
	struct ord_mistakes m = {0};
	struct ord_rules r = {0};
	struct ord_err err;
	char text[4096];
	int n = snprintf(text, sizeof text,
			 "apiVersion: ordeal.dev/v1\nkind: Experiment\nmetadata: {name: x}\nspec:\n"
			 "  hypothesis: h\n  limits: {targets: 5, duration: 60s, cluster: c}\n"
			 "  faults:\n%s%s",
			 faults,
			 *more ? more
			       : "  probes: [{name: p, http: {url: 'http://127.0.0.1:1/'}}]\n");

	if (ord_spec_parse(text, (size_t)n, NULL, 0, &spec, &m))
		for (size_t i = 0; i < m.n; i++)
			if (!m.v[i].warning)
				fail_msg("%u:%u: %s", m.v[i].line, m.v[i].column, m.v[i].text);
	ord_mistakes_done(&m);
	assert_int_equal(ord_plan_build(&spec, 1, &plan, &err), 0);
	if (ord_cluster_rules(&plan, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static void done(struct ord_rules *r)
{
	ord_rules_done(r);
	ord_plan_done(&plan);
	ord_spec_done(&spec);
}

/* "verb group/resource/sub ns name", with the optional ones marked by '?'. */
static bool has(const struct ord_rules *r, const char *want)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct ord_rule *v = &r->v[i];
		char text[512];

		(void)snprintf(text, sizeof text, "%s%s %s/%s%s%s%s%s%s%s", v->optional ? "?" : "",
			       v->verb, v->group, v->resource, *v->subresource ? "/" : "",
			       v->subresource, *v->ns ? " in " : "", v->ns, *v->name ? " " : "",
			       v->name);
		if (!strcmp(text, want))
			return true;
	}
	return false;
}

static void expect(const char *faults, const char *more, const char *const *want,
		   const char *const * not )
{
	struct ord_rules r = rules_of(faults, more);

	for (size_t i = 0; want[i]; i++)
		if (!has(&r, want[i]))
			fail_msg("not asked for: %s", want[i]);
	for (size_t i = 0; not &&not [i]; i++)
		if (has(&r, not [i]))
			fail_msg("asked for, and not needed: %s", not [i]);
	done(&r);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_pods(void **state)
{
	expect("  - {name: f, for: 5s, pod.delete: {}, target: {pod: {namespace: shop, selector: "
	       "a=b}, count: 1}}\n",
	       "",
	       LIST("get /pods in shop", "list /pods in shop", "watch /pods in shop",
		    "delete /pods in shop", "create coordination.k8s.io/leases in shop",
		    "patch coordination.k8s.io/leases in shop",
		    "delete coordination.k8s.io/leases in shop",
		    "watch discovery.k8s.io/endpointslices in shop", "list /events in shop",
		    "?watch /nodes"),
	       LIST("list /pods", "list /nodes", "list /namespaces",
		    "list apps/replicasets in shop"));
	expect("  - {name: f, for: 5s, pod.evict: {}, target: {pod: {namespace: [a, b], owner: "
	       "Deployment/x, zone: z}, count: 1}}\n",
	       "",
	       LIST("create /pods/eviction in a", "create /pods/eviction in b",
		    "list apps/replicasets in a", "list batch/jobs in b", "list /nodes",
		    "get /namespaces in a"),
	       LIST("?list /nodes"));
}

static void test_namespaces(void **state)
{
	expect("  - {name: f, for: 5s, pod.delete: {}, target: {pod: {namespace: 't-*'}, count: "
	       "1}}\n",
	       "", LIST("delete /pods", "list /namespaces", "create coordination.k8s.io/leases"),
	       LIST("delete /pods in t-*"));
	expect("  - {name: f, for: 5s, pod.delete: {}, target: {pod: {namespace: '*'}, count: "
	       "1}}\n",
	       "", LIST("delete /pods", "list /namespaces"), NULL);
	expect("  - {name: f, for: 5s, pod.delete: {}, target: {pod: {namespaceSelector: a=b}, "
	       "count: 1}}\n",
	       "", LIST("delete /pods", "list /namespaces"), NULL);
}

static void test_nodes(void **state)
{
	expect("  - {name: f, for: 5s, node.drain: {}, target: {node: {selector: a=b}, count: "
	       "1}}\n",
	       "",
	       LIST("patch /nodes", "watch /nodes", "create /pods/eviction", "get apps/daemonsets",
		    "create coordination.k8s.io/leases in kube-node-lease"),
	       LIST("?watch /nodes", "create coordination.k8s.io/leases"));
	expect("  - {name: f, for: 5s, node.cordon: {}, target: {node: n1}}\n", "",
	       LIST("patch /nodes"), NULL);
}

static void test_workloads(void **state)
{
	expect("  - {name: f, for: 5s, workload.restart: {}, target: {workload: deployment/x, "
	       "namespace: shop}}\n",
	       "",
	       LIST("get apps/deployments in shop x", "patch apps/deployments in shop x",
		    "list apps/deployments in shop"),
	       LIST("patch apps/deployments in shop", "list batch/jobs in shop"));
	expect("  - {name: f, for: 5s, workload.restart: {}, target: {workload: {namespace: shop, "
	       "selector: a=b}, count: 1}}\n",
	       "",
	       LIST("patch apps/deployments in shop", "patch apps/statefulsets in shop",
		    "patch apps/daemonsets in shop", "patch batch/jobs in shop"),
	       LIST("patch apps/replicasets in shop"));
}

static void test_objects(void **state)
{
	expect("  - {name: f, for: 5s, k8s.patch: {patch: '[{\"op\":\"add\",\"path\":\"/a\","
	       "\"value\":1}]'}, target: {object: {apiVersion: example.com/v1, kind: Policy, name: "
	       "p, namespace: shop}}}\n",
	       "",
	       LIST("patch example.com/policies in shop p", "list example.com/policies in shop"),
	       NULL);
	expect("  - {name: f, for: 5s, service.detach: {}, target: {service: web, namespace: "
	       "shop}}\n",
	       "",
	       LIST("get /services in shop web", "patch /services in shop web",
		    "watch /services in shop web", "list discovery.k8s.io/endpointslices in shop"),
	       LIST("patch /services in shop", "get discovery.k8s.io/endpointslices in shop"));
}

/* Some permissions are for one kind of target alone. */
static void test_by_kind(void **state)
{
	expect("  - {name: f, for: 5s, workload.image: {tag: x}, target: {workload: deployment/x, "
	       "namespace: shop}}\n",
	       "", LIST("list apps/replicasets in shop", "patch apps/deployments in shop x"),
	       LIST("delete /pods in shop"));
	expect("  - {name: f, for: 5s, workload.image: {tag: x}, target: {workload: "
	       "statefulset/x, namespace: shop}}\n",
	       "", LIST("delete /pods in shop", "list /pods in shop"),
	       LIST("list apps/replicasets in shop"));
	expect("  - {name: f, for: 5s, net.policy: {}, target: {workload: deployment/x, namespace: "
	       "shop}}\n",
	       "",
	       LIST("create networking.k8s.io/networkpolicies in shop",
		    "watch networking.k8s.io/networkpolicies in shop", "list /pods in shop",
		    "get apps/deployments in shop x"),
	       LIST("patch /pods in shop", "patch networking.k8s.io/networkpolicies in shop"));
	expect("  - {name: f, for: 5s, net.policy: {}, target: {pod: {namespace: shop, selector: "
	       "a=b}, count: 1}}\n",
	       "", LIST("get /pods in shop", "patch /pods in shop", "watch /pods in shop"), NULL);
}

static void test_probes(void **state)
{
	expect("  - {name: f, for: 5s, pod.delete: {}, target: {pod: {namespace: shop}, count: "
	       "1}}\n",
	       "  probes:\n"
	       "  - {name: p, kube: {watch: statefulset/db, namespace: data, that: 'ready >= 1'}}\n"
	       "  - {name: n, kube: {watch: nodes, that: 'count >= 1'}}\n"
	       "  objectives:\n  - detect(kubernetes:event/BackOff) within 5s\n"
	       "  - detect(kubernetes:ops/event/Failed) within 5s\n",
	       LIST("watch apps/statefulsets in data", "watch /events in shop",
		    "watch /events in ops", "list /nodes"),
	       LIST("?list /nodes", "watch /events in data"));
	/* A machine's own fault beside a probe of the cluster. */
	expect("  - {name: f, for: 5s, proc.pause: {}, target: {process: x}}\n",
	       "  probes:\n  - {name: p, kube: {watch: pod/x, namespace: data, that: exists}}\n",
	       LIST("list /pods in data"), LIST("create coordination.k8s.io/leases in data"));
}

static void test_nothing(void **state)
{
	struct ord_rules r =
		rules_of("  - {name: f, for: 5s, proc.pause: {}, target: {process: x}}\n", "");

	assert_int_equal(r.n, 0);
	done(&r);
}

/* What is read to choose targets is what kube_match_reads() says, and no rule of it is missing. */
static void test_reads(void **state)
{
	static const char *const targets[] = {
		"{pod: {namespace: shop}, count: 1}",
		"{pod: {namespace: [a, b], owner: CronJob/x}, all: true}",
		"{pod: {namespace: 'a*', zone: z}, percent: 50%}",
		"{pod: {namespaceSelector: a=b}, count: 1, spread: zone}",
		"{pod: {namespace: a, namespaceSelector: a=b}, count: 1}",
		"{pod: x, namespace: a}",
	};

	for (size_t i = 0; i < ORD_COUNT(targets); i++) {
		char yaml[512], want[256];
		struct kube_read reads[64];
		struct kube_match *m = NULL;
		struct ord_rules r;
		struct ord_err err;
		size_t n;

		(void)snprintf(yaml, sizeof yaml,
			       "  - {name: f, for: 5s, pod.delete: {}, target: %s}\n", targets[i]);
		r = rules_of(yaml, "");
		if (kube_match_new(&spec.faults[0].target, &m, &err))
			fail_msg("%s", err.msg);
		n = kube_match_reads(m, reads, ORD_COUNT(reads));
		assert_true(n > 0);
		for (size_t k = 0; k < n; k++) {
			(void)snprintf(want, sizeof want, "%s %s/%s%s%s", reads[k].verb,
				       reads[k].group, reads[k].resource,
				       *reads[k].ns ? " in " : "", reads[k].ns);
			if (!has(&r, want))
				fail_msg("%s: not asked for: %s", targets[i], want);
		}
		kube_match_free(m);
		done(&r);
	}
}

/* Every fault of the catalogue: each of its rules is asked for, whatever the target. */
static void test_catalogue(void **state)
{
	for (size_t i = 0; i < ord_n_faults; i++) {
		const struct ord_fault *f = &ord_faults[i];
		struct ord_args args = {.fault = f};
		struct ord_kube_target kube = {.has_exclude = false};
		struct ord_spec *one = &spec;
		struct ord_rules r = {0};
		struct ord_err err;
		static const struct {
			unsigned bit;
			enum ord_target_kind kind;
		} kinds[] = {{ORD_ON_POD, ORD_TARGET_POD},
			     {ORD_ON_NODE, ORD_TARGET_NODE},
			     {ORD_ON_WORKLOAD, ORD_TARGET_WORKLOAD},
			     {ORD_ON_SERVICE, ORD_TARGET_SERVICE}};

		for (size_t k = 0; k < ORD_COUNT(kinds); k++) {
			if (f->program != ORD_PROGRAM_KUBE || !(f->targets & kinds[k].bit))
				continue;
			memset(one, 0, sizeof *one);
			one->n_faults = 1;
			one->faults[0].args = &args;
			one->faults[0].target.kind = kinds[k].kind;
			one->faults[0].target.kube = &kube;
			plan = (struct ord_plan){.spec = one};
			if (ord_cluster_rules(&plan, &r, &err))
				fail_msg("%s: %s", f->name, err.msg);
			assert_true(r.n > 5);
			ord_rules_done(&r);
		}
	}
	memset(&spec, 0, sizeof spec);
}

/* A set is small: what another entry covers is not in it, and what it is for is kept. */
static void test_join(void **state)
{
	static struct ord_rule a[] = {
		{"", "pods", "", "list", "shop", "", "one", false},
		{"", "pods", "", "get", "shop", "x", "two", false},
		{"", "nodes", "", "list", "", "", "three", true},
	};
	static struct ord_rule b[] = {
		{"", "pods", "", "list", "", "", "four", false},
		{"", "pods", "", "get", "shop", "", "five", false},
		{"", "nodes", "", "list", "", "", "six", false},
		{"", "pods", "log", "get", "shop", "", "seven", false},
	};
	struct ord_rules into = {0};
	struct ord_err err;
	char text[ORD_RULE_TEXT];

	assert_int_equal(ord_rules_join(&into, &(struct ord_rules){.n = 3, .v = a}, &err), 0);
	assert_int_equal(into.n, 3);
	assert_int_equal(ord_rules_join(&into, &(struct ord_rules){.n = 4, .v = b}, &err), 0);
	assert_int_equal(into.n, 4);
	assert_string_equal(ord_rule_text(&into.v[0], text), "list nodes (six, three)");
	assert_false(into.v[0].optional);
	assert_string_equal(ord_rule_text(&into.v[1], text), "list pods (four, one)");
	assert_string_equal(ord_rule_text(&into.v[2], text),
			    "get pods in namespace shop (five, two)");
	assert_string_equal(ord_rule_text(&into.v[3], text),
			    "get pods/log in namespace shop (seven)");
	ord_rules_done(&into);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),	cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_nodes),	cmocka_unit_test(test_workloads),
		cmocka_unit_test(test_objects), cmocka_unit_test(test_by_kind),
		cmocka_unit_test(test_probes),	cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_reads),	cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
