/*
 * Selectors made at random, well formed and not, and a set of objects: what the API server lists is
 * what we match, and what it refuses we refuse. SEED=N repeats a run, ROUNDS=N lengthens it.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "kube/kube.h"
#include "base/selector.h"

#define OBJECTS 60

static struct kube_config *config;
static struct kube *k;
static char ns[64];
static struct ord_rng rng;
static json_t *labels[OBJECTS];

static const char *const keys[] = {"a", "b", "in", "example.com/x", "n"};
static const char *const values[] = {"", "x", "y-1", "in", "5", "12", "-3", "X.y_z"};

static unsigned below(unsigned n)
{
	return (unsigned)ord_rng_below(&rng, n);
}

static uint64_t soon(void)
{
	return ord_now_ns() + 20 * ORD_S;
}

static int call(const char *method, const char *path, const json_t *body, json_t **ret,
		struct ord_err *err)
{
	const struct kube_request req = {
		.method = method, .path = path, .body = body, .deadline_ns = soon()};
	struct kube_answer a = {0};
	int rc = kube_call(k, &req, &a, err), status = a.status;

	if (ret)
		*ret = ord_steal_ptr(a.body);
	kube_answer_done(&a);
	return rc ? status : 0;
}

static void make_objects(void)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/v1/namespaces/%s/configmaps", ns);
	for (unsigned i = 0; i < OBJECTS; i++) {
		char name[16];
		ord_auto(json) json_t *body = NULL;
		struct ord_err err;

		(void)snprintf(name, sizeof name, "o%u", i);
		labels[i] = json_object();
		for (unsigned key = 0; key < ORD_COUNT(keys); key++)
			if (below(2)) {
				const char *v = values[below(ORD_COUNT(values))];

				/* No label's value begins with '-'. */
				(void)json_object_set_new(labels[i], keys[key],
							  json_string(*v == '-' ? "3" : v));
			}
		body = json_pack("{s:s, s:s, s:{s:s, s:O}}", "apiVersion", "v1", "kind",
				 "ConfigMap", "metadata", "name", name, "labels", labels[i]);
		if (call("POST", path, body, NULL, &err))
			fail_msg("%s", err.msg);
	}
}

/* --- selectors ------------------------------------------------------------------------------ */

static const char *space(void)
{
	static const char *const spaces[] = {"", "", "", " ", "  ", "\t"};

	return spaces[below(ORD_COUNT(spaces))];
}

static void add(char *out, size_t size, const char *what)
{
	size_t n = strlen(out);

	(void)snprintf(out + n, size - n, "%s%s", what, space());
}

static void add_values(char *out, size_t size)
{
	add(out, size, "(");
	for (unsigned i = 0, n = below(4); i < n; i++) {
		add(out, size, i ? "," : "");
		add(out, size, values[below(ORD_COUNT(values))]);
	}
	add(out, size, ")");
}

static void add_requirement(char *out, size_t size)
{
	static const char *const ops[] = {"=", "==", "!=", ">", "<"};
	unsigned kind = below(8);

	if (kind == 0)
		add(out, size, "!");
	add(out, size, keys[below(ORD_COUNT(keys))]);
	if (kind <= 1)
		return;
	if (kind <= 3) {
		add(out, size, kind == 2 ? " in " : " notin ");
		add_values(out, size);
		return;
	}
	add(out, size, ops[below(ORD_COUNT(ops))]);
	add(out, size, values[below(ORD_COUNT(values))]);
}

/* Now and then one character is another, or gone. */
static void damage(char *text)
{
	static const char odd[] = "=!(),<> inot-./_\"'ab5";
	size_t n = strlen(text), at;

	if (!n)
		return;
	at = below((unsigned)n);
	if (below(2))
		text[at] = odd[below(sizeof odd - 1)];
	else
		memmove(text + at, text + at + 1, n - at);
}

static void escape(const char *text, char *out, size_t size)
{
	*out = '\0';
	for (; *text; text++) {
		size_t n = strlen(out);

		(void)snprintf(out + n, size - n, "%%%02X", (unsigned char)*text);
	}
}

/* --- the comparison ------------------------------------------------------------------------- */

static unsigned good, wrong, hits;

static void same_objects(const char *text, const struct ord_selector *s, const json_t *list)
{
	bool listed[OBJECTS] = {false};
	size_t i;
	json_t *item;

	json_array_foreach (json_object_get(list, "items"), i, item) {
		const char *name = json_string_value(
			json_object_get(json_object_get(item, "metadata"), "name"));

		if (name && *name == 'o')
			listed[strtoul(name + 1, NULL, 10) % OBJECTS] = true;
	}
	for (i = 0; i < OBJECTS; i++) {
		/* An object without labels has no map of them. */
		const json_t *l = json_object_size(labels[i]) ? labels[i] : NULL;

		hits += listed[i];
		if (ord_selector_matches(s, l) != listed[i]) {
			ord_autofree char *shown = json_dumps(labels[i], 0);

			fail_msg("'%s' on %s: the server says %s", text, shown,
				 listed[i] ? "yes" : "no");
		}
	}
}

static void compare(const char *text)
{
	char escaped[2048], path[3072];
	struct ord_selector *s = NULL;
	struct ord_err err = {0}, said = {0};
	ord_auto(json) json_t *list = NULL;
	int rc = ord_selector_parse(text, false, &s, &err), status;

	escape(text, escaped, sizeof escaped);
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/%s/configmaps?resourceVersion=0&labelSelector=%s", ns,
		       escaped);
	status = call("GET", path, NULL, &list, &said);
	if (status && status != 400)
		fail_msg("%s", said.msg);
	if (!status != !rc)
		fail_msg("'%s': we say '%s', the server '%s'", text, rc ? err.msg : "fine",
			 status ? said.msg : "fine");
	if (!rc)
		same_objects(text, s, list);
	good += !rc;
	wrong += rc != 0;
	ord_selector_free(s);
}

static void test_selectors(void **state)
{
	const char *text_seed = getenv("SEED"), *text_rounds = getenv("ROUNDS");
	uint64_t seed = text_seed ? strtoull(text_seed, NULL, 10) : (uint64_t)time(NULL);
	unsigned rounds = text_rounds ? (unsigned)strtoul(text_rounds, NULL, 10) : 600;

	(void)printf("seed %llu\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	make_objects();
	for (unsigned i = 0; i < rounds; i++) {
		char text[512] = "";

		for (unsigned r = 0, n = 1 + below(3); r < n; r++) {
			if (r)
				add(text, sizeof text, ",");
			add_requirement(text, sizeof text);
		}
		while (below(3) == 0)
			damage(text);
		compare(text);
	}
	(void)printf("%u accepted, %u refused, %u objects matched\n", good, wrong, hits);
	assert_true(good > rounds / 4 && wrong > rounds / 10 && hits > rounds);
}

static int begin(void **state)
{
	ord_auto(json) json_t *body = NULL;
	struct ord_err err;

	(void)snprintf(ns, sizeof ns, "selector-%d", (int)getpid());
	body = json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "v1", "kind", "Namespace", "metadata",
			 "name", ns);
	if (!kube_config_load("kubelab", &config, &err) && !kube_open(config, &k, &err) &&
	    !call("POST", "/api/v1/namespaces", body, NULL, &err))
		return 0;
	(void)fprintf(stderr, "%s\n", err.msg);
	return -1;
}

static int end(void **state)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/v1/namespaces/%s", ns);
	(void)call("DELETE", path, NULL, NULL, &(struct ord_err){0});
	for (unsigned i = 0; i < OBJECTS; i++)
		json_decref(labels[i]);
	kube_close(k);
	kube_config_free(config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_selectors)};

	return cmocka_run_group_tests(tests, begin, end);
}
