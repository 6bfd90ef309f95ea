/* The compare-and-swap by which an edit is taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/rng.h"
#include "injector/kube/fields.h"
#include "injector/kube/manager.h"
#include "injector/kube/pointer.h"
#include "tests/support/json_text.h"

/* --- swaps ----------------------------------------------------------------------------------- */

/* What the object is after the swap; texts that stayed are appended to kept. */
static json_t *swapped(const json_t *object, const json_t *fields, bool forward, json_t *kept)
{
	json_t *ops = json_array(), *out = json_deep_copy(object);
	struct ord_err err = {0};

	if (inj_fields_validate(fields, &err) < 0 ||
	    inj_fields_swap(object, fields, forward, ops, kept, &err) < 0 ||
	    (json_array_size(ops) && inj_patch_apply(out, ops, &err) < 0))
		fail_msg("%s: %s", json_dumps(fields, 0), err.msg);
	json_decref(ops);
	return out;
}

static const struct {
	const char *before, *patch;
	const char *now;   /* what it is when it is taken back; NULL: as we left it */
	const char *after; /* what it must be then; NULL: as before */
	const char *kept;  /* in the first text of what stays */
} stories[] = {
	/* A cordon, and back; somebody else put it back already; somebody wants it otherwise. */
	{"{'spec':{}}", "[{'op':'add','path':'/spec/unschedulable','value':true}]", NULL, NULL,
	 NULL},
	{"{'spec':{}}", "[{'op':'add','path':'/spec/unschedulable','value':true}]", "{'spec':{}}",
	 NULL, NULL},
	{"{'spec':{}}", "[{'op':'add','path':'/spec/unschedulable','value':true}]",
	 "{'spec':{'unschedulable':false}}", "{'spec':{'unschedulable':false}}",
	 "/spec/unschedulable is false"},
	/* The autoscaler was there; another field of the same object is not ours. */
	{"{'spec':{'replicas':3,'paused':false}}",
	 "[{'op':'replace','path':'/spec/replicas','value':0}]",
	 "{'spec':{'replicas':5,'paused':true}}", "{'spec':{'replicas':5,'paused':true}}",
	 "/spec/replicas is 5"},
	{"{'spec':{'replicas':3,'paused':false}}",
	 "[{'op':'replace','path':'/spec/replicas','value':0}]",
	 "{'spec':{'replicas':0,'paused':true}}", "{'spec':{'replicas':3,'paused':true}}", NULL},
	/* A list that was not there, in which the node controller then put its own. */
	{"{'spec':{}}", "[{'op':'add','path':'/spec/taints','value':[{'key':'a','effect':'x'}]}]",
	 "{'spec':{'taints':[{'key':'b','effect':'y'},{'key':'a','effect':'x'}]}}",
	 "{'spec':{'taints':[{'key':'b','effect':'y'}]}}", NULL},
	{"{'spec':{}}", "[{'op':'add','path':'/spec/taints','value':[{'key':'a','effect':'x'}]}]",
	 NULL, NULL, NULL},
	/* A sidecar was put before the container whose image is ours to put back. */
	{"{'c':[{'name':'app','image':'a:1'}]}",
	 "[{'op':'replace','path':'/c/0/image','value':'a:broken'}]",
	 "{'c':[{'name':'side','image':'s:1'},{'name':'app','image':'a:broken','new':1}]}",
	 "{'c':[{'name':'side','image':'s:1'},{'name':'app','image':'a:1','new':1}]}", NULL},
	{"{'c':[{'name':'app','image':'a:1'}]}",
	 "[{'op':'replace','path':'/c/0/image','value':'a:broken'}]", "{'c':[{'name':'b'}]}",
	 "{'c':[{'name':'b'}]}", "/c[name=app]/image is nothing"},
	/* Routes have no names: the one that we changed is found by what we made of it. */
	{"{'http':[{'route':['a']},{'route':['b']}]}",
	 "[{'op':'add','path':'/http/1/fault','value':{'abort':1}}]",
	 "{'http':[{'route':['c']},{'route':['a']},{'route':['b'],'fault':{'abort':1}}]}",
	 "{'http':[{'route':['c']},{'route':['a']},{'route':['b']}]}", NULL},
	{"{'http':[{'route':['a']}]}", "[{'op':'add','path':'/http/0','value':{'route':['z']}}]",
	 "{'http':[{'route':['b']},{'route':['z']},{'route':['a']}]}",
	 "{'http':[{'route':['b']},{'route':['a']}]}", NULL},
	/* What was taken out comes back to its place; what somebody made there meanwhile stays. */
	{"{'l':['a','b','c'],'x':{'y':1}}",
	 "[{'op':'remove','path':'/l/1'},{'op':'remove','path':'/x'}]", NULL, NULL, NULL},
	{"{'x':{'y':1}}", "[{'op':'remove','path':'/x'}]", "{'x':{'y':2}}", "{'x':{'y':2}}",
	 "/x is {\"y\":2}"},
	/* Labels where there were none: the map goes with the last of ours, not with another's. */
	{"{'m':{}}", "[{'op':'add','path':'/m/labels','value':{'a':'1','b':'2'}}]", NULL, NULL,
	 NULL},
	{"{'m':{}}", "[{'op':'add','path':'/m/labels','value':{'a':'1'}}]",
	 "{'m':{'labels':{'a':'1','theirs':'2'}}}", "{'m':{'labels':{'theirs':'2'}}}", NULL},
	/* Reordered: only the list as a whole can be put back, and only if nobody touched it. */
	{"{'l':[{'name':'a'},{'name':'b'}]}", "[{'op':'move','from':'/l/0','path':'/l/1'}]", NULL,
	 NULL, NULL},
	{"{'a':1,'b':{'c':[1,1]}}",
	 "[{'op':'copy','from':'/b','path':'/d'},{'op':'move','from':'/a','path':'/e'}]", NULL,
	 NULL, NULL},
};

static void test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
		json_t *before = json_of(stories[i].before), *patch = json_of(stories[i].patch);
		json_t *after = json_deep_copy(before), *fields, *kept = json_array(), *now, *is,
		       *want;
		struct ord_err err = {0};

		assert_int_equal(inj_patch_apply(after, patch, &err), 0);
		assert_int_equal(inj_fields_diff(before, after, &fields, &err), 0);
		is = swapped(before, fields, true, kept);
		assert_json(is, after);
		assert_int_equal(json_array_size(kept), 0);
		assert_int_equal(inj_fields_broken(after, fields), -1);
		json_decref(is);
		now = stories[i].now ? json_of(stories[i].now) : json_incref(after);
		want = stories[i].after ? json_of(stories[i].after) : json_incref(before);
		is = swapped(now, fields, false, kept);
		assert_json(is, want);
		if (stories[i].kept) {
			const char *text = json_string_value(json_array_get(kept, 0));

			if (!text || !strstr(text, stories[i].kept))
				fail_msg("'%s' does not say '%s'", text, stories[i].kept);
			assert_true(inj_fields_broken(now, fields) >= 0);
		} else {
			assert_int_equal(json_array_size(kept), 0);
		}
		/* Twice is once. */
		json_decref(want);
		want = swapped(is, fields, false, kept);
		assert_json(want, is);
		json_decref(want);
		json_decref(is);
		json_decref(now);
		json_decref(kept);
		json_decref(fields);
		json_decref(after);
		json_decref(patch);
		json_decref(before);
	}
}

/* --- at random: what is ours goes, what is theirs stays --------------------------------------- */

static struct ord_rng rng;
static unsigned fresh;

static unsigned draw(unsigned n)
{
	return (unsigned)(ord_rng_next(&rng) % n);
}

static json_t *scalar(void)
{
	return draw(2) ? json_integer((json_int_t)draw(1000)) : json_sprintf("v%u", draw(1000));
}

static json_t *value(unsigned depth)
{
	unsigned kind = depth ? draw(5) : 0, n = draw(4);
	json_t *v;

	if (kind < 2)
		return scalar();
	v = kind == 2 ? json_object() : json_array();
	for (unsigned i = 0; i < n; i++) {
		json_t *child =
			kind == 4 ? json_pack("{s:o s:o}", "name", json_sprintf("n%u", fresh++),
					      "x", value(depth - 1))
				  : (kind == 2 ? value(depth - 1) : json_sprintf("u%u", fresh++));
		char key[16];

		(void)snprintf(key, sizeof key, "k%u", draw(6));
		if (kind == 2)
			(void)json_object_set_new(v, key, child);
		else
			(void)json_array_append_new(v, child);
	}
	return v;
}

/* Changes something somewhere; elements that come have names that nobody had. */
static void meddle(json_t *v, unsigned depth)
{
	char key[16];

	if (json_is_array(v)) {
		size_t n = json_array_size(v), i = n ? draw((unsigned)n) : 0;

		if (n && draw(2))
			(void)json_array_remove(v, i);
		else if (n && json_is_object(json_array_get(v, i)) && depth)
			meddle(json_object_get(json_array_get(v, i), "x"), depth - 1);
		else
			(void)json_array_insert_new(
				v, i,
				n && json_is_object(json_array_get(v, 0))
					? json_pack("{s:o s:o}", "name",
						    json_sprintf("n%u", fresh++), "x", scalar())
					: json_sprintf("u%u", fresh++));
		return;
	}
	if (!json_is_object(v))
		return;
	(void)snprintf(key, sizeof key, "k%u", draw(6));
	if (json_object_get(v, key) && depth && draw(3))
		meddle(json_object_get(v, key), depth - 1);
	else if (json_object_get(v, key) && draw(2))
		(void)json_object_del(v, key);
	else
		(void)json_object_set_new(v, key, value(2));
}

/* The same change to two states of one object, where both have the place: a new member of maps, a
 * new element at the end of named lists. */
static void theirs(json_t *a, json_t *b)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_object(a) && json_is_object(b)) {
		json_object_foreach (a, key, v)
			if (json_object_get(b, key))
				theirs(v, json_object_get(b, key));
		(void)json_object_set_new(a, "theirs", json_true());
		(void)json_object_set_new(b, "theirs", json_true());
	} else if (json_is_array(a) && json_is_array(b) && json_array_size(a) &&
		   json_array_size(b) && json_is_object(json_array_get(a, 0)) &&
		   json_is_object(json_array_get(b, 0))) {
		json_array_foreach (a, i, v)
			for (size_t j = 0; j < json_array_size(b); j++)
				if (json_equal(json_object_get(v, "name"),
					       json_object_get(json_array_get(b, j), "name")))
					theirs(json_object_get(v, "x"),
					       json_object_get(json_array_get(b, j), "x"));
		(void)json_array_append_new(a, json_pack("{s:s}", "name", "theirs"));
		(void)json_array_append_new(b, json_pack("{s:s}", "name", "theirs"));
	}
}

/* Whether a list is one field as a whole: then another's element in it is in the way, rightly. */
static bool whole_list(const json_t *fields)
{
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *f = json_array_get(fields, i);

		if (json_is_array(json_object_get(f, "old")) &&
		    json_is_array(json_object_get(f, "new")))
			return true;
	}
	return false;
}

static void test_random(void **state)
{
	const char *given = getenv("ORDEAL_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	unsigned tried = 0;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	ord_rng_init(&rng, seed);
	for (unsigned round = 0; round < 3000; round++) {
		json_t *before = json_object(), *after, *fields, *kept = json_array(), *a, *b, *is;
		struct ord_err err = {0};

		for (unsigned i = 0; i < 5; i++)
			meddle(before, 3);
		after = json_deep_copy(before);
		for (unsigned i = 0; i < 1 + draw(4); i++)
			meddle(after, 3);
		assert_int_equal(inj_fields_diff(before, after, &fields, &err), 0);
		a = swapped(before, fields, true, kept);
		assert_json(a, after);
		json_decref(a);
		a = swapped(after, fields, false, kept);
		assert_json(a, before);
		json_decref(a);
		if (!whole_list(fields)) {
			a = json_deep_copy(after);
			b = json_deep_copy(before);
			theirs(a, b);
			is = swapped(a, fields, false, kept);
			assert_json(is, b);
			assert_int_equal(json_array_size(kept), 0);
			json_decref(is);
			json_decref(a);
			json_decref(b);
			tried++;
		}
		json_decref(fields);
		json_decref(kept);
		json_decref(after);
		json_decref(before);
	}
	assert_true(tried > 1000);
}

/* --- who owns what ---------------------------------------------------------------------------- */

static void test_manager(void **state)
{
	json_t *object = json_of(
		"{'metadata':{'managedFields':["
		"{'manager':'kubectl','time':'2026-01-01T00:00:00Z','fieldsV1':"
		"{'f:spec':{'f:replicas':{},'f:selector':{}}}},"
		"{'manager':'argocd','time':'2026-01-02T00:00:00Z','fieldsV1':"
		"{'f:spec':{'f:replicas':{}}}},"
		"{'manager':'ordeal','time':'2026-01-03T00:00:00Z','fieldsV1':{'f:spec':"
		"{'f:replicas':{},'f:paused':{},'f:c':{'k:{\\\"name\\\":\\\"app\\\"}':{'.':{},'f:"
		"image':{}}"
		"}"
		"}}}]},'spec':{'replicas':1,'paused':true,'c':[{'name':'app','image':'x'}]}}");
	static const struct {
		const char *field, *manager;
		bool ours;
	} cases[] = {
		{"{'path':['spec','replicas'],'new':1}", "argocd", true},
		{"{'path':['spec','selector','app'],'new':'x'}", "kubectl", false},
		{"{'path':['spec','paused'],'new':true}", "", true},
		{"{'path':['spec','c',{'name':'app'},'image'],'new':'x'}", "", true},
		{"{'path':['spec','c',{'name':'other'},'image'],'new':'x'}", "", false},
		{"{'path':['spec','elsewhere'],'new':1}", "", false},
		/* ours by name, but it is not as we left it */
		{"{'path':['spec','paused'],'new':false}", "", false},
	};
	char out[INJ_MANAGER_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *field = json_of(cases[i].field), *all = json_pack("[O]", field), *owned;

		assert_string_equal(inj_field_manager(object, field, out), cases[i].manager);
		owned = inj_fields_owned(object, all);
		assert_int_equal(json_array_size(owned), cases[i].ours);
		json_decref(owned);
		json_decref(all);
		json_decref(field);
	}
	json_decref(object);
}

/* What the server makes of a value is the value; what it does not take is said. */
static void test_adopt(void **state)
{
	static const struct {
		const char *before, *after, *server, *says;
	} cases[] = {
		{"{'a':1}", "{'a':2}", "{'a':2}", NULL},
		{"{'a':'1'}", "{'a':'1000m'}", "{'a':'2'}", NULL},
		{"{'a':1}", "{'a':1,'b':2}", "{'a':1}", "does not keep /b"},
		{"{'a':1}", "{'a':2}", "{'a':1}", "leaves /a as it is"},
		{"{'a':1,'b':2}", "{'a':1}", "{'a':1,'b':2}", "leaves /b as it is"},
		{"{'l':['x']}", "{'l':['x',{'q':'1'}]}", "{'l':['x',{'q':'one','r':0}]}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *before = json_of(cases[i].before), *after = json_of(cases[i].after);
		json_t *server = json_of(cases[i].server), *fields;
		struct ord_err err = {0};
		int r;

		assert_int_equal(inj_fields_diff(before, after, &fields, &err), 0);
		r = inj_fields_adopt(fields, server, &err);
		if ((r < 0) != (cases[i].says != NULL) ||
		    (cases[i].says && !strstr(err.msg, cases[i].says)))
			fail_msg("%s: %s", cases[i].server, err.msg);
		if (!cases[i].says)
			assert_int_equal(inj_fields_broken(server, fields), -1);
		json_decref(fields);
		json_decref(server);
		json_decref(after);
		json_decref(before);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"{}",
		"[{}]",
		"[{'path':['a']}]",
		"[{'path':[],'new':1}]",
		"[{'path':[{'name':'x'}],'new':1}]",
		"[{'path':['a',3],'new':1}]",
		"[{'path':['a',{}],'new':1}]",
		"[{'path':['a',{'name':[]}],'new':1}]",
		"[{'path':['a',{'=':true},'b'],'new':1}]",
		"[{'path':['a'],'new':1,'at':-1}]",
		"[{'path':['a'],'new':1,'made':2}]",
		"[{'path':['a'],'new':1,'more':2}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *fields = json_of(cases[i]);
		struct ord_err err = {0};

		if (inj_fields_validate(fields, &err) == 0)
			fail_msg("taken: %s", cases[i]);
		json_decref(fields);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories), cmocka_unit_test(test_random),
		cmocka_unit_test(test_manager), cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
