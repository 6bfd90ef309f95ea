/* Rule files: what they say of a plan, at which line, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/policy/rules/rules.h"

#define MINUTE (60 * ORD_S)

static const char *const head = "apiVersion: ordeal.dev/v1\n"
				"kind: Rules\n"
				"metadata: {name: test}\n";

/* The rules of a text that begins at line 4. */
static struct rules *rules_of(const char *body)
{
	struct ord_mistakes mistakes = {0};
	struct rules *rules = NULL;
	char text[8192];

	(void)snprintf(text, sizeof text, "%s%s", head, body);
	if (rules_parse(text, strlen(text), &rules, &mistakes))
		fail_msg("%u:%u: %s", mistakes.v[0].line, mistakes.v[0].column, mistakes.v[0].text);
	ord_mistakes_done(&mistakes);
	return rules;
}

static json_t *json_of(const char *text)
{
	json_error_t error;
	json_t *j = json_loads(text, 0, &error);

	if (!j)
		fail_msg("%s at %d of %s", error.text, error.position, text);
	return j;
}

/* A question about one fault: what it is, its arguments, its target, and what was found. */
struct asked {
	const char *fault, *args, *target, *objects, *labels, *limits, *cluster;
	int repetitions;
};

static json_t *question(const struct asked *a)
{
	char text[4096];

	(void)snprintf(text, sizeof text,
		       "{\"host\":\"stage-1\",\"cluster\":%s,"
		       "\"targets\":[{\"fault\":\"f\",\"targets\":2,\"place\":{\"cluster\":{"
		       "\"objects\":%s}}}],"
		       "\"plan\":{\"name\":\"x\",\"labels\":%s,\"repetitions\":%d,\"limits\":%s,"
		       "\"faults\":[{\"name\":\"f\",\"fault\":\"%s\",\"args\":%s,\"target\":%s}]}}",
		       a->cluster ? a->cluster
				  : "{\"context\":\"me@stage\",\"name\":\"stage\",\"server\":"
				    "\"https://10.1.0.1:6443\"}",
		       a->objects ? a->objects : "[]", a->labels ? a->labels : "{}",
		       a->repetitions ? a->repetitions : 1,
		       a->limits ? a->limits : "{\"targets\":2,\"duration_ns\":60000000000}",
		       a->fault ? a->fault : "pod.delete", a->args ? a->args : "{}",
		       a->target ? a->target
				 : "{\"kind\":\"pod\",\"count\":2,\"in_cluster\":{\"match\":"
				   "{\"namespaces\":[\"shop\"]}}}");
	return json_of(text);
}

static uint64_t at(const char *utc)
{
	int64_t ns = 0;

	assert_int_equal(ord_parse_utc(utc, &ns), 0);
	return (uint64_t)ns;
}

/* Why not, one a line; "" where it is allowed. Owned. */
static char *why(const char *body, const struct asked *a, const char *now, uint64_t longest_ns)
{
	ord_auto(json) json_t *q = question(a), *d = NULL;
	struct rules *rules = rules_of(body);
	struct ord_err err = {0};
	json_t *reason;
	size_t i, n = 0;
	char *out = calloc(1, 32768);

	assert_non_null(out);
	if (rules_decide(rules, "r", q, at(now), longest_ns, &d, &err))
		fail_msg("%s", err.msg);
	json_array_foreach (json_object_get(d, "reasons"), i, reason)
		n += (size_t)snprintf(out + n, 32768 - n, "%s\n", json_string_value(reason));
	assert_int_equal(json_is_true(json_object_get(d, "allow")), !n);
	rules_free(rules);
	return out;
}

static void allowed(const char *body, struct asked a)
{
	ord_autofree char *said = why(body, &a, "2026-11-23T10:00:00Z", MINUTE);

	if (*said)
		fail_msg("refused: %s", said);
}

/* All of the texts, in that order. */
static void refused(const char *body, struct asked a, const char *const *texts, size_t n)
{
	ord_autofree char *said = why(body, &a, "2026-11-23T10:00:00Z", MINUTE);
	const char *p = said;

	assert_true(*said);
	for (size_t i = 0; i < n; i++) {
		p = strstr(p, texts[i]);
		if (!p)
			fail_msg("'%s' is not in: %s", texts[i], said);
	}
}

#define REFUSED(body, a, ...)                                \
	refused(body, a, (const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void test_default(void **state)
{
	const struct asked a = {0};

	allowed("default: allow\n", a);
	REFUSED("default: deny\n", a, "r:4: default: no rule speaks of fault 'f' (pod.delete",
		"namespace 'shop'", "cluster 'stage'");
	allowed("default: deny\nrules:\n  - {name: all}\n", a);
	REFUSED("default: deny\nrules:\n  - {name: a, where: {faults: net.*}}\n", a,
		"r:4: default");
	allowed("default: deny\nrules:\n  - {name: a, where: {faults: 'pod.*'}}\n", a);
}

#define POD(match) "{\"kind\":\"pod\",\"count\":2,\"in_cluster\":{\"match\":{" match "}}}"
#define IN(ns)	   POD("\"namespaces\":[\"" ns "\"]")
#define HOST	   "{\"kind\":\"host\",\"count\":1}"

static void test_rules_add_up(void **state)
{
	static const char both[] = "default: deny\n"
				   "rules:\n"
				   "  - {name: open}\n"
				   "  - name: shut\n"
				   "    where: {namespaces: 'kube-*'}\n"
				   "    deny: not ours\n";

	/* None takes away what another asks for, in whatever order. */
	allowed(both, (struct asked){0});
	REFUSED(both, ((struct asked){.target = IN("kube-system")}),
		"r:9: rule 'shut': fault 'f' (pod.delete) is denied: not ours");
	REFUSED("default: allow\n"
		"rules:\n"
		"  - {name: few, limits: {targets: 1}}\n"
		"  - {name: short, limits: {duration: 1s}}\n",
		((struct asked){0}), "r:6: rule 'few': limits.targets is 2, and at most 1 is",
		"r:6: rule 'few': the targets found now are 2",
		"r:7: rule 'short': limits.duration is 1m, and at most 1s");
}

static void test_environments(void **state)
{
	static const char by_server[] = "default: deny\n"
					"environments: {stage: {servers: 'https://10.1.*'}}\n"
					"rules: [{name: a, where: {environments: stage}}]\n";
	static const char by_name[] = "default: deny\n"
				      "environments:\n"
				      "  stage: {clusters: stage, hosts: 'stage-*'}\n"
				      "  other: {clusters: x}\n"
				      "rules: [{name: a, where: {environments: [other, stage]}}]\n";

	allowed(by_server, (struct asked){0});
	allowed(by_name, (struct asked){0});
	/* The name of a context is its owner's, and no pattern of ours. */
	REFUSED(by_server,
		((struct asked){.cluster = "{\"context\":\"stage\",\"name\":\"stage\",\"server\":"
					   "\"https://10.2.0.1:6443\"}"}),
		"no environment (cluster 'stage', https://10.2.0.1:6443)");
	REFUSED(by_name,
		((struct asked){.cluster =
					"{\"context\":\"*\",\"name\":\"st?ge\",\"server\":\"\"}"}),
		"no environment");
	/* This machine is one by its hosts alone, a cluster by what it is. */
	allowed(by_name, (struct asked){.target = HOST, .fault = "noop"});
	REFUSED(by_server, ((struct asked){.target = HOST, .fault = "noop"}),
		"no environment (host 'stage-1')");
	REFUSED("default: deny\n"
		"environments: {stage: {hosts: '*'}}\n"
		"rules: [{name: a, where: {environments: stage}}]\n",
		((struct asked){0}), "no environment (cluster");
	REFUSED(by_server, ((struct asked){.cluster = "{}"}), "no environment");
}

static void test_namespaces(void **state)
{
	static const char shops[] = "default: allow\n"
				    "rules:\n"
				    "  - name: ours\n"
				    "    namespaces: {allow: [shop, 'shop-*'], deny: shop-pay}\n";
	static const char where[] = "default: deny\n"
				    "rules: [{name: a, where: {namespaces: ['shop-*']}}]\n";

	allowed(shops, (struct asked){0});
	allowed(shops, (struct asked){.target = IN("shop-a")});
	REFUSED(shops, ((struct asked){.target = IN("mail")}),
		"r:7: rule 'ours': the target of fault 'f' may be in namespace 'mail', and "
		"allowed are shop and shop-*; name");
	REFUSED(shops, ((struct asked){.target = IN("shop-pay")}), "denied are shop-pay");
	/* What a pattern can come to mean counts, not what it means now. */
	REFUSED(shops, ((struct asked){.target = IN("shop*")}), "'shop*', and allowed");
	REFUSED(shops, ((struct asked){.target = IN("shop-*")}), "'shop-*', and denied");
	allowed(shops, (struct asked){.target = IN("shop-?")});
	REFUSED(shops,
		((struct asked){.target = POD("\"namespace_selector\":\"team=a\""),
				.objects = "[[\"v1\",\"Pod\",\"shop\",\"a\",\"u\"]]"}),
		"namespace '*', and allowed");
	/* None was named: where they were found. */
	allowed(shops, (struct asked){.target = POD(""),
				      .objects = "[[\"v1\",\"Pod\",\"shop\",\"a\",\"u\"]]"});
	REFUSED(shops,
		((struct asked){.target = POD(""),
				.objects = "[[\"v1\",\"Pod\",\"mail\",\"a\",\"u\"]]"}),
		"namespace 'mail'");
	REFUSED(shops, ((struct asked){.target = POD("")}), "namespace '*'");
	REFUSED(shops, ((struct asked){.target = HOST, .fault = "noop"}),
		"the target of fault 'f' is in no namespace, and allowed are");
	/* A rule that speaks of a part of what is asked for is no leave for the rest. */
	allowed(where, (struct asked){.target = IN("shop-a")});
	allowed(where, (struct asked){.target = IN("shop-a*")});
	REFUSED(where, ((struct asked){.target = IN("sh*")}), "no rule speaks", "'sh*'");
	REFUSED(where, ((struct asked){.target = POD("\"namespaces\":[\"shop-a\",\"mail\"]")}),
		"namespace 'mail'");
}

static void test_what_is_done(void **state)
{
	static const char some[] = "default: allow\n"
				   "rules:\n"
				   "  - name: some\n"
				   "    faults: {allow: ['pod.*', noop], deny: pod.evict}\n";

	allowed(some, (struct asked){0});
	REFUSED(some, ((struct asked){.fault = "pod.evict"}), "is pod.evict, and denied are");
	REFUSED(some, ((struct asked){.fault = "node.drain"}),
		"r:7: rule 'some': fault 'f' is node.drain, and allowed are pod.* and noop");
	REFUSED("default: allow\nrules: [{name: n, where: {targets: [node, host]}, deny: not "
		"that}]\n",
		((struct asked){.target = HOST, .fault = "noop"}), "denied: not that");
	allowed("default: allow\nrules: [{name: n, where: {targets: [node, host]}, deny: not "
		"that}]\n",
		(struct asked){0});
	/* A process is one, however it is named. */
	REFUSED("default: allow\nrules: [{name: n, where: {targets: process}, deny: not that}]\n",
		((struct asked){.target = "{\"kind\":\"unit\",\"text\":\"a.service\"}"}),
		"denied: not that");
}

static void test_limits(void **state)
{
#define LIMITS(text) "default: allow\nrules: [{name: l, limits: {" text "}}]\n"
	const struct asked share = {.target = "{\"kind\":\"pod\",\"percent_ppm\":300000}"},
			   all = {.target = "{\"kind\":\"pod\",\"all\":true}"};

	allowed(LIMITS("duration: 60s"), (struct asked){0});
	REFUSED(LIMITS("duration: 59s"), ((struct asked){0}), "limits.duration is 1m");
	allowed(LIMITS("run: 60s"), (struct asked){0});
	REFUSED(LIMITS("run: 59s"), ((struct asked){0}), "the run may take 1m, and at most 59s");
	allowed(LIMITS("repetitions: 3"), (struct asked){.repetitions = 3});
	REFUSED(LIMITS("repetitions: 3"), ((struct asked){.repetitions = 4}),
		"the repetitions are 4, and at most 3 are");
	allowed(LIMITS("targets: 2"), (struct asked){0});
	REFUSED(LIMITS("targets: 1"), ((struct asked){0}), "limits.targets is 2");
	allowed(LIMITS("percent: 30%"), share);
	REFUSED(LIMITS("percent: 29.9999"), share, "takes 30% of those that match");
	allowed(LIMITS("percent: 100%"), all);
	REFUSED(LIMITS("percent: 99%"), all, "takes 100% of those");
	allowed(LIMITS("percent: 1%"), (struct asked){0});
}

static void test_labels(void **state)
{
	static const char team[] = "default: allow\nrules: [{name: l, labels: {team: 'pay*'}}]\n";

	allowed(team, (struct asked){.labels = "{\"team\":\"payments\"}"});
	REFUSED(team, ((struct asked){0}), "r:5: rule 'l': the experiment lacks the label 'team'");
	REFUSED(team, ((struct asked){.labels = "{\"team\":\"mail\"}"}),
		"the label 'team' is 'mail', and it must be pay*");
	REFUSED("default: allow\nrules: [{name: l, labels: {team: '*'}}]\n",
		((struct asked){.labels = "{\"team\":\"\"}"}), "the label 'team' is ''");
}

static void test_bounds(void **state)
{
	static const char most[] = "default: allow\nrules: [{name: m, atMost: {cpu.burn.load: 50%, "
				   "mem.fill.size: 1GiB}}]\n";
	static const char least[] =
		"default: allow\nrules: [{name: m, atLeast: {pod.delete.leave-ready: 2}}]\n";
	struct asked a = {.fault = "cpu.burn", .target = HOST, .args = "{\"load\":500000}"};

	allowed(most, a);
	a.args = "{\"load\":500001}";
	REFUSED(most, a, "r:5: rule 'm': 'load' of fault 'f' is 50.0001%, and at most 50% is");
	a = (struct asked){.fault = "mem.fill", .target = HOST, .args = "{\"size\":1073741824}"};
	allowed(most, a);
	/* What says it another way does not get around it. */
	a.args = "{\"percent\":900000}";
	REFUSED(most, a, "does not say its 'size', which must be at most 1GiB");
	allowed(least, (struct asked){.args = "{\"leave-ready\":2}"});
	REFUSED(least, ((struct asked){.args = "{\"leave-ready\":1}"}),
		"'leave-ready' of fault 'f' is 1, and at least 2 is asked for");
	allowed(least, (struct asked){.fault = "pod.evict", .args = "{\"leave-ready\":1}"});
}

static const char office[] =
	"default: allow\n"
	"rules:\n"
	"  - name: office\n"
	"    hours:\n"
	"      timezone: Europe/Berlin\n"
	"      windows: [{days: mon-fri, from: '09:00', to: '17:00'}]\n"
	"      except: [2026-12-24..2027-01-02, '2026-11-25T12:00..2026-11-25T13:00']\n";

static void hours(const char *now, uint64_t longest_ns, const char *text)
{
	const struct asked a = {0};
	ord_autofree char *said = why(office, &a, now, longest_ns);

	if (text ? !strstr(said, text) : *said)
		fail_msg("%s for %llu ns: %s", now, (unsigned long long)longest_ns, said);
}

static void test_hours(void **state)
{
	hours("2026-11-23T08:00:00Z", MINUTE, NULL);
	hours("2026-11-23T07:59:59Z", MINUTE,
	      "r:7: rule 'office': it is 2026-11-23T08:59:59 (Europe/Berlin), and it may take "
	      "until 2026-11-23T09:00:59, which is not all within the hours; it fits from "
	      "2026-11-23T09:00:00 on");
	/* The whole run counts: to the second, and at its longest. */
	hours("2026-11-23T15:59:00Z", MINUTE, NULL);
	hours("2026-11-23T15:59:00Z", MINUTE + 1, "it fits from 2026-11-24T09:00:00 on");
	hours("2026-11-23T15:59:59Z", MINUTE, "which is not all within the hours");
	hours("2026-11-21T10:00:00Z", MINUTE, "it fits from 2026-11-23T09:00:00 on");
	hours("2026-11-23T10:00:00Z", 8 * 60 * MINUTE, "it fits from 2026-11-24T09:00:00 on");
	hours("2026-11-23T10:00:00Z", 8 * 60 * MINUTE + ORD_S,
	      "no window of the hours is that long");
	/* A freeze within the run refuses it as one at its begin does. */
	hours("2026-11-25T10:59:00Z", MINUTE, NULL);
	hours("2026-11-25T10:59:00Z", 2 * MINUTE, "it fits from 2026-11-25T13:00:00 on");
	hours("2026-12-30T10:00:00Z", MINUTE, "it fits from 2027-01-04T09:00:00 on");
	/* The window moves with the clocks of the zone. */
	hours("2026-07-01T07:00:00Z", MINUTE, NULL);
	hours("2026-07-01T15:00:00Z", MINUTE, "not all within");
}

/* Before a repetition the hours are asked alone, and of the rules that speak of the plan. */
static void test_hours_alone(void **state)
{
	struct rules *rules = rules_of("default: deny\n"
				       "rules:\n"
				       "  - name: a\n"
				       "    where: {faults: noop}\n"
				       "    hours: {windows: [{from: '10:00', to: '11:00'}]}\n"
				       "    limits: {targets: 1}\n");
	const struct asked mine = {.fault = "noop", .target = HOST}, other = {0};
	ord_auto(json) json_t *q = question(&mine), *another = question(&other);
	struct ord_err err;
	json_t *d;

	assert_int_equal(rules_hours(rules, "r", q, at("2026-11-23T10:00:00Z"), MINUTE, &d, &err),
			 0);
	assert_true(json_is_true(json_object_get(d, "allow")));
	json_decref(d);
	assert_int_equal(rules_hours(rules, "r", q, at("2026-11-23T10:59:30Z"), MINUTE, &d, &err),
			 0);
	assert_int_equal(json_array_size(json_object_get(d, "reasons")), 1);
	json_decref(d);
	assert_int_equal(
		rules_hours(rules, "r", another, at("2026-11-23T20:00:00Z"), MINUTE, &d, &err), 0);
	assert_true(json_is_true(json_object_get(d, "allow")));
	json_decref(d);
	rules_free(rules);
}

static void test_no_question(void **state)
{
	static const char *const bad[] = {"{}",
					  "{\"plan\":{}}",
					  "{\"plan\":{\"faults\":[]}}",
					  "{\"plan\":{\"faults\":[{}]}}",
					  "{\"plan\":{\"faults\":[{\"fault\":\"noop\"}]}}",
					  "[]"};
	struct rules *rules = rules_of("default: allow\n");
	struct ord_err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ord_auto(json) json_t *q = json_of(bad[i]);
		json_t *d = NULL;

		assert_int_equal(rules_decide(rules, "r", q, 0, 0, &d, &err), -1);
		assert_null(d);
	}
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),	     cmocka_unit_test(test_rules_add_up),
		cmocka_unit_test(test_environments), cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_what_is_done), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_labels),	     cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_hours),	     cmocka_unit_test(test_hours_alone),
		cmocka_unit_test(test_no_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
