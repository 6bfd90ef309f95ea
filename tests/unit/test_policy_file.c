/* Rule files: their mistakes, each at its place; and what their patterns mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/policy/rules/rules.h"

static const char *const head = "apiVersion: ordeal.dev/v1\n"
				"kind: Rules\n"
				"metadata: {name: test}\n";

/* Line 4 is the first of the text. */
static void mistake(const char *body, const char *want)
{
	struct ord_mistakes mistakes = {0};
	struct rules *rules = NULL;
	char text[4096], said[1024];

	(void)snprintf(text, sizeof text, "%s%s", head, body);
	assert_int_equal(rules_parse(text, strlen(text), &rules, &mistakes), -1);
	assert_null(rules);
	(void)snprintf(said, sizeof said, "%u:%u: %s", mistakes.v[0].line, mistakes.v[0].column,
		       mistakes.v[0].text);
	if (strncmp(said, want, strlen(want)) != 0)
		fail_msg("said '%s', not '%s'", said, want);
	ord_mistakes_done(&mistakes);
}

static void test_mistakes(void **state)
{
	mistake("rules: []\n", "1:1: a rule file lacks 'default'");
	mistake("default: maybe\n", "4:10: unknown default 'maybe'");
	mistake("default: deny\nrule: []\n",
		"5:1: unknown key 'rule' in a rule file; did you mean");
	mistake("default: deny\nurl: a\n", "5:1: unknown key 'url' in a rule file; there are");
	mistake("default: deny\nrules: [{}]\n", "5:9: rules[] lacks 'name'");
	mistake("default: deny\nrules: [{name: a}, {name: a}]\n",
		"5:20: the rule 'a' is there already, at line 5");
	mistake("default: deny\nrules: [{name: a, deny: x, labels: {t: a}}]\n",
		"5:9: a rule with 'deny'");
	mistake("default: deny\nrules: [{name: a, where: {environments: stage}}]\n",
		"5:41: unknown environment 'stage'");
	mistake("default: deny\nrules: [{name: a, where: {environments: [a, stagf]}}]\n"
		"environments: {a: {hosts: a}, stage: {hosts: b}}\n",
		"5:45: unknown environment 'stagf'; did you mean 'stage'?");
	mistake("default: deny\nrules: [{name: a, faults: {}}]\n", "5:27: it needs 'allow'");
	mistake("default: deny\nrules: [{name: a, faults: {allow: net.dely}}]\n",
		"5:35: allow: no fault is called 'net.dely'; did you mean 'net.delay'?");
	mistake("default: deny\nrules: [{name: a, namespaces: {allow: 'a[bc]'}}]\n",
		"5:41: allow: a pattern is 1 to 253 characters");
	mistake("default: deny\nrules: [{name: a, namespaces: {allow: []}}]\n",
		"5:39: allow: an empty list");
	mistake("default: deny\nrules: [{name: a, where: {targets: pods}}]\n",
		"5:36: unknown kind of target 'pods'; did you mean 'pod'?");
	mistake("default: deny\nrules: [{name: a, atMost: {cpu.burn.lode: 1}}]\n",
		"5:28: atMost: 'cpu.burn.lode' is no parameter");
	mistake("default: deny\nrules: [{name: a, atMost: {cpu.burn.load: 120%}}]\n",
		"5:43: cpu.burn.load: ");
	mistake("default: deny\nrules: [{name: a, atMost: {net.delay.to: 1}}]\n",
		"5:42: net.delay.to: it has no more and less");
	mistake("default: deny\nrules: [{name: a, limits: {}}]\n", "5:27: limits: none is given");
	mistake("default: deny\nrules: [{name: a, limits: {percent: 0}}]\n",
		"5:37: percent: '0' is not");
	mistake("default: deny\nrules: [{name: a, labels: {}}]\n", "5:27: labels: none is named");
	mistake("default: deny\nrules: [{name: a, hours: {timezone: Europe/Berlni}}]\n",
		"5:1: hours: timezone: ");
	mistake("default: deny\nrules: [{name: a, hours: {windows: [{from: 9}]}}]\n", "5:44: ");
	mistake("default: deny\ndefault: allow\n", "5:1: ");
}

static void test_not_a_rule_file(void **state)
{
	static const struct {
		const char *text, *want;
	} all[] = {{"", "1:1"},
		   {"- a\n", "1:1: a rule file is a map"},
		   {"apiVersion: ordeal.dev/v1\nkind: Experiment\n",
		    "2:7: kind 'Experiment' is not known"},
		   {"{", "not YAML"}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct ord_mistakes mistakes = {0};
		struct rules *rules = NULL;
		char said[1024] = "";

		assert_int_equal(rules_parse(all[i].text, strlen(all[i].text), &rules, &mistakes),
				 -1);
		for (size_t k = 0; k < mistakes.n; k++) {
			size_t n = strlen(said);

			(void)snprintf(said + n, sizeof said - n, "%u:%u: %s\n", mistakes.v[k].line,
				       mistakes.v[k].column, mistakes.v[k].text);
		}
		if (!strstr(said, all[i].want))
			fail_msg("'%s': %s", all[i].text, said);
		ord_mistakes_done(&mistakes);
	}
}

/* ---- patterns, against what they mean: every word up to a length */

static bool means(const char *pattern, const char *word)
{
	if (!*pattern)
		return !*word;
	if (*pattern == '*')
		return means(pattern + 1, word) || (*word && means(pattern, word + 1));
	return *word && (*pattern == '?' || *pattern == *word) && means(pattern + 1, word + 1);
}

/* The n-th text of at most `most` letters of the alphabet; false: there is none. */
static bool nth(size_t n, const char *alphabet, size_t most, char *out)
{
	size_t base = strlen(alphabet), of_length = 1, len = 0;

	while (n >= of_length) {
		n -= of_length;
		of_length *= base;
		if (++len > most)
			return false;
	}
	for (size_t i = 0; i < len; i++, n /= base)
		out[i] = alphabet[n % base];
	out[len] = '\0';
	return true;
}

static void check_pair(const char *a, const char *b)
{
	bool common = false, inside = true;
	char word[16];

	for (size_t i = 0; nth(i, "ab", 6, word); i++) {
		common = common || (means(a, word) && means(b, word));
		inside = inside && (means(a, word) || !means(b, word));
	}
	if (pattern_meets(a, b) != common)
		fail_msg("'%s' meets '%s': %d", a, b, common);
	/* It may miss some that are inside: it then refuses. It may never take one for it. */
	if (pattern_covers(a, b) && !inside)
		fail_msg("'%s' does not cover '%s'", a, b);
}

static void test_patterns(void **state)
{
	char a[16], b[16], word[16];

	for (size_t i = 0; nth(i, "a*?", 3, a); i++) {
		for (size_t k = 0; nth(k, "ab*?", 3, b); k++)
			check_pair(a, b);
		for (size_t k = 0; nth(k, "ab", 5, word); k++) {
			assert_int_equal(pattern_takes(a, word), means(a, word));
			assert_int_equal(pattern_covers(a, word), means(a, word));
		}
	}
	assert_true(pattern_covers("shop-*", "shop-a*"));
	assert_false(pattern_covers("shop-*", "shop*"));
	assert_false(pattern_takes("stage", "*"));
	assert_false(pattern_takes("stage", "st?ge"));
	assert_true(pattern_takes("*", "*"));
	/* What fnmatch(3) understands besides. */
	assert_true(pattern_meets("kube-*", "kub[a-e]-x"));
	assert_false(pattern_covers("kube-*", "kub[a-e]-x"));
	assert_true(pattern_meets("a*", "\\a"));
	assert_true(pattern_covers("a]", "a]"));
}

static void test_schema(void **state)
{
	ord_auto(json) json_t *s = rules_schema();

	assert_non_null(s);
	assert_string_equal(json_string_value(json_object_get(s, "title")), "ordeal rule file");
	assert_true(json_object_get(json_object_get(s, "properties"), "environments"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_not_a_rule_file),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
