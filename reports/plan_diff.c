#include "reports/plan_diff.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/text.h"

#define DEPTH_MAX 16

/*
 * What decides no figure: who it is, how often and with which random numbers, what is made of the
 * figures afterwards, and what follows from the rest (the steps from the faults, the hash from
 * all).
 */
static const char *const may_differ[] = {"name", "hypothesis",	"labels",    "seed",
					 "hash", "repetitions", "placebo",   "objectives",
					 "slo",	 "steps",	"sequential"};
/* The catalogue's words on a fault: they change with ordeal's version, and change nothing. */
static const char *const words[] = {"caps", "blast", "objects", "engines"};

static void drop(json_t *object, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)json_object_del(object, keys[i]);
}

/* A condition's text says the same as its parts, spaces and all. */
static void drop_texts(json_t *conditions)
{
	json_t *c;
	size_t i;

	json_array_foreach (conditions, i, c) {
		(void)json_object_del(c, "text");
	}
}

int64_t ord_plan_hold(const json_t *plan)
{
	int64_t most = 0;
	json_t *o;
	size_t i;

	json_array_foreach (json_object_get(plan, "objectives"), i, o) {
		int64_t hold = ord_member_int(o, "hold_ns", 0);

		if (strcmp(ord_member_text(o, "kind", ""), "detect") != 0 && hold > most)
			most = hold;
	}
	return most ? most : (int64_t)ORD_S;
}

json_t *ord_plan_comparable(const json_t *plan, int64_t hold_ns)
{
	json_t *out = json_deep_copy(plan), *f;
	size_t i;

	if (!out)
		return NULL;
	drop(out, may_differ, ORD_COUNT(may_differ));
	json_array_foreach (json_object_get(out, "faults"), i, f) {
		json_t *target = json_object_get(f, "target");

		drop(f, words, ORD_COUNT(words));
		/* A process has another number every day. */
		if (!strcmp(ord_member_text(target, "kind", ""), "pid"))
			(void)json_object_del(target, "text");
	}
	drop_texts(json_object_get(out, "steady_state"));
	drop_texts(json_object_get(out, "abort"));
	drop_texts(json_object_get(out, "full_recovery"));
	if (json_object_set_new(out, "hold_ns", json_integer(hold_ns))) {
		json_decref(out);
		return NULL;
	}
	return out;
}

int ord_plan_digest(const json_t *comparable, char out[static ORD_SHA256_HEX], struct ord_err *err)
{
	ord_autofree char *text = json_dumps(comparable, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		return ord_fail_nomem(err);
	(void)ord_sha256(text, strlen(text), out);
	return 0;
}

static void show(const json_t *j, char out[static ORD_PLAN_DIFF_TEXT])
{
	ord_autofree char *text =
		j ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
	int n = snprintf(out, ORD_PLAN_DIFF_TEXT, "%s", text ? text : "-");

	if (n >= ORD_PLAN_DIFF_TEXT)
		memcpy(out + ORD_PLAN_DIFF_TEXT - 4, "...", 4);
	ord_text_clean(out);
}

static void put(const char *path, const json_t *a, const json_t *b, struct ord_plan_diff *ret)
{
	if (ret->n < ORD_PLAN_DIFFS) {
		(void)snprintf(ret->v[ret->n].path, sizeof ret->v[0].path, "%s", path);
		ord_text_clean(ret->v[ret->n].path);
		show(a, ret->v[ret->n].a);
		show(b, ret->v[ret->n].b);
	}
	ret->n++;
}

static void walk(const char *path, const json_t *a, const json_t *b, unsigned depth,
		 struct ord_plan_diff *ret);

/* An object's keys: all of a's, then those that only b has. */
static void walk_object(const char *path, json_t *a, json_t *b, unsigned depth,
			struct ord_plan_diff *ret)
{
	char below[ORD_PLAN_DIFF_PATH];
	const char *key;
	json_t *v;

	json_object_foreach (a, key, v) {
		(void)snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
		walk(below, v, json_object_get(b, key), depth, ret);
	}
	json_object_foreach (b, key, v) {
		(void)snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
		if (!json_object_get(a, key))
			walk(below, NULL, v, depth, ret);
	}
}

/* By name where both have the same there: a reader knows his faults and probes by it. */
static void walk_array(const char *path, const json_t *a, const json_t *b, unsigned depth,
		       struct ord_plan_diff *ret)
{
	size_t n =
		json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
	char below[ORD_PLAN_DIFF_PATH];

	for (size_t i = 0; i < n; i++) {
		const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);
		const char *name = ord_member_text(x ? x : y, "name", "");

		if (*name && (!x || !y || !strcmp(name, ord_member_text(y, "name", ""))))
			(void)snprintf(below, sizeof below, "%s[%s]", path, name);
		else
			(void)snprintf(below, sizeof below, "%s[%zu]", path, i);
		walk(below, x, y, depth, ret);
	}
}

static void walk(const char *path, const json_t *a, const json_t *b, unsigned depth,
		 struct ord_plan_diff *ret)
{
	if (a && b && json_equal(a, b))
		return;
	if (depth < DEPTH_MAX && json_is_object(a) && json_is_object(b))
		walk_object(path, (json_t *)(uintptr_t)a, (json_t *)(uintptr_t)b, depth + 1, ret);
	else if (depth < DEPTH_MAX && json_is_array(a) && json_is_array(b))
		walk_array(path, a, b, depth + 1, ret);
	else
		put(path, a, b, ret);
}

void ord_plan_diff(const json_t *a, const json_t *b, struct ord_plan_diff *ret)
{
	*ret = (struct ord_plan_diff){0};
	walk("", a, b, 0, ret);
}
