/* What the Kubernetes client does without a server: splitting, times, paths, texts, pauses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/client.h"
#include "kube/items.h"
#include "kube/table.h"

/* --- the splitter --- */

struct found {
	char text[2048];
	unsigned n;
};

static void add(struct found *f, const char *key, const char *text, size_t size)
{
	size_t used = strlen(f->text);

	(void)snprintf(f->text + used, sizeof f->text - used, "%s%s%.*s|", key, *key ? "=" : "",
		       (int)size, text);
	f->n++;
}

static int on_each(void *arg, const char *text, size_t size, struct ord_err *err)
{
	(void)err;
	add(arg, "", text, size);
	return 0;
}

static int on_other(void *arg, const char *key, const char *text, size_t size, struct ord_err *err)
{
	(void)err;
	add(arg, key, text, size);
	return 0;
}

static struct kube_items items_for(enum kube_items_of of, struct found *f, bool managed)
{
	return (struct kube_items){.of = of,
				   .managed = managed,
				   .max = 1024,
				   .each = on_each,
				   .other = on_other,
				   .arg = f};
}

/* In two pieces, split at every place, and byte by byte: always the same. */
static void split_everywhere(enum kube_items_of of, bool managed, const char *text,
			     const char *expected)
{
	size_t size = strlen(text);

	for (size_t at = 0; at <= size + 1; at++) {
		struct found f = {.n = 0};
		struct kube_items s = items_for(of, &f, managed);
		struct ord_err err = {.msg = ""};
		int rc = 0;

		if (at <= size) {
			rc = kube_items_feed(&s, text, at, &err) ||
			     kube_items_feed(&s, text + at, size - at, &err);
		} else {
			for (size_t i = 0; i < size && !rc; i++)
				rc = kube_items_feed(&s, text + i, 1, &err);
		}
		if (rc || kube_items_end(&s, &err))
			fail_msg("%s, split at %zu: %s", text, at, err.msg);
		assert_string_equal(f.text, expected);
		kube_items_reset(&s);
	}
}

static void lists(void **state)
{
	static const struct {
		const char *text, *found;
	} all[] = {
		{"{}", ""},
		{" { \"items\" : [ ] } \n", ""},
		{"{\"items\":null,\"a\":1}", "items=null|a=1|"},
		{"{\"kind\":\"L\",\"metadata\":{\"continue\":\"x\"},\"items\":[{\"a\":1},{\"b\":[2,"
		 "{}]}]}",
		 "kind=\"L\"|metadata={\"continue\":\"x\"}|{\"a\":1}|{\"b\":[2,{}]}|"},
		{"{\"items\":[{\"a\":\"}]\\\"{[\\\\\"}, {}],\"metadata\":{\"items\":[1]},\"n\": "
		 "-1.5e3 "
		 "}",
		 "{\"a\":\"}]\\\"{[\\\\\"}|{}|metadata={\"items\":[1]}|n=-1.5e3 |"},
		{"{\"itemsx\":[{}],\"a\":[{\"items\":[{}]}]}", "itemsx=[{}]|a=[{\"items\":[{}]}]|"},
		{"{\"a\\\"\":true,\"b\":[[1],[]]}", "true|b=[[1],[]]|"},
	};

	for (size_t i = 0; i < ORD_COUNT(all); i++)
		split_everywhere(KUBE_ITEMS_LIST, false, all[i].text, all[i].found);
}

static void documents(void **state)
{
	split_everywhere(KUBE_ITEMS_WATCH, false, "", "");
	split_everywhere(KUBE_ITEMS_WATCH, false, " {\"type\":\"A\"}\n\n{}{\"x\":[{}]} \r\n\t",
			 "{\"type\":\"A\"}|{}|{\"x\":[{}]}|");
}

#define MANAGED "\"managedFields\":[{\"f\":{\"a\":[\"]}\"]}},{}]"

static void managed_fields_are_left_out(void **state)
{
	static const struct {
		const char *item, *found;
	} all[] = {
		{"{\"metadata\":{" MANAGED ",\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"a\"}}|"},
		{"{\"metadata\":{\"name\":\"a\"," MANAGED "}}", "{\"metadata\":{\"name\":\"a\"}}|"},
		{"{\"metadata\":{\"name\":\"a\", " MANAGED " , \"uid\":\"u\"}}",
		 "{\"metadata\":{\"name\":\"a\",   \"uid\":\"u\"}}|"},
		{"{\"metadata\":{" MANAGED "}}", "{\"metadata\":{}}|"},
		/* What has that name elsewhere, or is no list, stays. */
		{"{\"spec\":{" MANAGED "}}", "{\"spec\":{" MANAGED "}}|"},
		{"{" MANAGED "}", "{" MANAGED "}|"},
		{"{\"metadata\":{\"labels\":{" MANAGED "}}}",
		 "{\"metadata\":{\"labels\":{" MANAGED "}}}|"},
		{"{\"metadata\":{\"managedFields\":{}}}", "{\"metadata\":{\"managedFields\":{}}}|"},
		{"{\"metadata\":[],\"a\":{" MANAGED "}}", "{\"metadata\":[],\"a\":{" MANAGED "}}|"},
	};
	char text[512], found[512];

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		(void)snprintf(text, sizeof text, "{\"items\":[%s]}", all[i].item);
		split_everywhere(KUBE_ITEMS_LIST, false, text, all[i].found);
		(void)snprintf(found, sizeof found, "%s|", all[i].item);
		split_everywhere(KUBE_ITEMS_LIST, true, text, found);
		(void)snprintf(text, sizeof text, "{\"object\":%s}\n", all[i].item);
		(void)snprintf(found, sizeof found, "{\"object\":%.*s}|",
			       (int)strlen(all[i].found) - 1, all[i].found);
		split_everywhere(KUBE_ITEMS_WATCH, false, text, found);
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const struct {
		enum kube_items_of of;
		const char *text;
	} all[] = {
		{KUBE_ITEMS_LIST, ""},
		{KUBE_ITEMS_LIST, "[]"},
		{KUBE_ITEMS_LIST, "x"},
		{KUBE_ITEMS_LIST, "\"a\""},
		{KUBE_ITEMS_LIST, "{}}"},
		{KUBE_ITEMS_LIST, "{}{}"},
		{KUBE_ITEMS_LIST, "{\"items\":[1]}"},
		{KUBE_ITEMS_LIST, "{\"items\":[[]]}"},
		{KUBE_ITEMS_LIST, "{\"items\":[\"a\"]}"},
		{KUBE_ITEMS_LIST, "{\"items\":[{}]"},
		{KUBE_ITEMS_LIST, "{\"items\":[{}}"},
		{KUBE_ITEMS_LIST, "{{}}"},
		{KUBE_ITEMS_LIST, "{]"},
		{KUBE_ITEMS_LIST, "{7}"},
		{KUBE_ITEMS_WATCH, "["},
		{KUBE_ITEMS_WATCH, "7"},
		{KUBE_ITEMS_WATCH, "{} x"},
		{KUBE_ITEMS_WATCH, "{} \"a\""},
		{KUBE_ITEMS_WATCH, "{"},
		{KUBE_ITEMS_WATCH, "}"},
		{KUBE_ITEMS_WATCH, "\xff"},
	};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct found f = {.n = 0};
		struct kube_items s = items_for(all[i].of, &f, false);
		struct ord_err err;

		if (!kube_items_feed(&s, all[i].text, strlen(all[i].text), &err) &&
		    !kube_items_end(&s, &err))
			fail_msg("%s was taken", all[i].text);
		assert_int_equal(err.code, ORD_SYS);
		kube_items_reset(&s);
	}
}

static void bounds(void **state)
{
	struct found f = {.n = 0};
	struct kube_items s = items_for(KUBE_ITEMS_WATCH, &f, false);
	struct ord_err err;
	static const char head[] = "{\"object\":{\"metadata\":{\"managedFields\":[";
	char deep[300];

	assert_int_equal(kube_items_feed(&s, "{\"a\":\"", 6, &err), 0);
	for (unsigned i = 0; i < 1018; i++)
		assert_int_equal(kube_items_feed(&s, "x", 1, &err), 0);
	assert_int_equal(kube_items_feed(&s, "x", 1, &err), -1);
	kube_items_reset(&s);
	memset(deep, '[', sizeof deep);
	deep[0] = '{';
	assert_int_equal(kube_items_feed(&s, deep, sizeof deep, &err), -1);
	assert_non_null(strstr(err.msg, "deeper"));
	kube_items_reset(&s);
	/* What is left out is not held. */
	assert_int_equal(kube_items_feed(&s, head, strlen(head), &err), 0);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(kube_items_feed(&s, "\"x\",", 4, &err), 0);
	assert_int_equal(kube_items_feed(&s, "1]}}}", 5, &err), 0);
	assert_string_equal(f.text, "{\"object\":{\"metadata\":{}}}|");
	kube_items_reset(&s);
}

/* --- the table --- */

static void id_of(unsigned i, uint8_t id[16])
{
	ord_auto(json) json_t *meta = json_object();
	char uid[40];

	(void)snprintf(uid, sizeof uid, "%08x-aaaa-4bbb-8ccc-%012x", i * 2654435761u, i);
	assert_int_equal(json_object_set_new(meta, "uid", json_string(uid)), 0);
	assert_true(kube_table_id(meta, id));
	kube_table_uid(id, uid + 0);
	assert_string_equal(uid, json_string_value(json_object_get(meta, "uid")));
}

static void the_table(void **state)
{
	struct kube_table t = {.n = 0};
	const unsigned n = 3000;
	uint8_t id[16];

	for (unsigned i = 0; i < n; i++) {
		struct kube_entry *e;

		id_of(i, id);
		assert_null(kube_table_find(&t, id));
		e = kube_table_add(&t, id);
		assert_non_null(e);
		e->version = i;
		if (i % 3 == 2) { /* one of each three goes again, at once or later */
			id_of(i - i % 2, id);
			kube_table_remove(&t, kube_table_find(&t, id));
		}
	}
	for (unsigned i = 0; i < n; i++) {
		const struct kube_entry *e;
		bool gone = (i % 3 == 2 && i % 2 == 0) ||
			    (i + 1 < n && (i + 1) % 3 == 2 && (i + 1) % 2);

		id_of(i, id);
		e = kube_table_find(&t, id);
		assert_int_equal(e == NULL, gone);
		if (e)
			assert_int_equal(e->version, i);
	}
	assert_int_equal(t.n, n - n / 3);
	kube_table_done(&t);
}

static void versions(void **state)
{
	uint64_t a, b;

	assert_true(kube_table_version("9", &a) && kube_table_version("10", &b));
	assert_true(a < b);
	assert_true(kube_table_version("18446744073709551614", &a) &&
		    kube_table_version("18446744073709551615", &b));
	assert_true(a < b);
	assert_false(kube_table_version("18446744073709551616", &a));
	assert_false(kube_table_version("", &a));
	assert_false(kube_table_version("0", &a));
	assert_false(kube_table_version("1x", &a));
	assert_false(kube_table_version("-5", &a));
	assert_false(kube_table_version(NULL, &a));
	assert_false(kube_table_version("99999999999999999999", &a));
}

/* --- times --- */

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T00:00:01.5Z", 1500000000},
		{"2026-11-21T09:47:29Z", 1795254449000000000},
		{"2026-11-21T09:47:29.123456Z", 1795254449123456000},
		{"2026-11-21T09:47:29.123456789Z", 1795254449123456789},
		{"2026-11-21T09:47:29.1234567891Z", 1795254449123456789},
		{"2026-11-21T11:47:29+02:00", 1795254449000000000},
		{"2026-11-21T04:17:29-05:30", 1795254449000000000},
		{"2024-02-29t00:00:00z", 1709164800000000000},
		{"2016-12-31T23:59:60Z", 1483228800000000000},
		{"1969-12-31T23:59:59Z", -1000000000},
	};
	static const char *const bad[] = {"",
					  "2026-11-21",
					  "2026-11-21T09:47:29",
					  "2026-11-21 09:47:29Z",
					  "2026-13-21T09:47:29Z",
					  "2026-02-29T09:47:29Z",
					  "2026-11-00T09:47:29Z",
					  "2026-11-21T24:47:29Z",
					  "2026-11-21T09:60:29Z",
					  "2026-11-21T09:47:61Z",
					  "2026-11-21T09:47:29.Z",
					  "2026-11-21T09:47:29Zx",
					  "2026-11-21T09:47:29+2:00",
					  "9999-11-21T09:47:29Z",
					  "26-11-21T09:47:29Z"};
	int64_t ns;

	for (size_t i = 0; i < ORD_COUNT(good); i++) {
		assert_int_equal(ord_parse_utc(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	ns = 7;
	for (size_t i = 0; i < ORD_COUNT(bad); i++)
		assert_int_equal(ord_parse_utc(bad[i], &ns), -1);
	assert_int_equal(ord_parse_utc(NULL, &ns), -1);
	assert_int_equal(ns, 7);
}

static void the_clock(void **state)
{
	const int64_t s = (int64_t)ORD_S, t = 1795254449 * s;
	const char *date = "Sat, 21 Nov 2026 09:47:29 GMT";
	struct kube_seen c = {.known = false};

	/* Asked at our t + 0.2 s, answered at t + 0.3 s: its clock stood within [t, t + 1 s). */
	kube_clock_seen(&c, date, t + s / 5, t + 3 * s / 10, 1000);
	assert_true(c.known);
	assert_int_equal(c.lo_ns, -3 * s / 10);
	assert_int_equal(c.hi_ns, 4 * s / 5);
	/* Another answer just before the second turns: both hold. */
	kube_clock_seen(&c, date, t + 9 * s / 10, t + 91 * s / 100, 2000);
	assert_in_range(c.lo_ns + s, s - 3 * s / 10 - 1, s - 3 * s / 10);
	assert_int_equal(c.hi_ns, s / 10);
	/* Contradiction: a clock was stepped by an hour, and the newest is right. */
	kube_clock_seen(&c, date, t + 3600 * s, t + 3600 * s, 3000);
	assert_int_equal(c.lo_ns, -3600 * s);
	assert_int_equal(c.hi_ns, -3599 * s);
	/* Nonsense changes nothing. */
	kube_clock_seen(&c, "yesterday", t, t, 3000);
	kube_clock_seen(&c, date, t + s, t, 3000);
	assert_int_equal(c.lo_ns, -3600 * s);
	/* With time the interval widens. */
	kube_clock_seen(&c, date, t + 3600 * s - s / 2, t + 3600 * s + s / 2, 3000 + 1000 * ORD_S);
	assert_true(c.lo_ns < -3600 * s && c.hi_ns > -3599 * s);
}

/* --- paths and texts --- */

static void paths(void **state)
{
	static const struct kube_kind pod = {"v1", "Pod", "pods", true};
	static const struct kube_kind node = {"v1", "Node", "nodes", false};
	static const struct kube_kind deployment = {"apps/v1", "Deployment", "deployments", true};
	char out[KUBE_PATH], query[64] = "/x";

	assert_string_equal(kube_path(&pod, NULL, NULL, NULL, out), "/api/v1/pods");
	assert_string_equal(kube_path(&pod, "a b", "p/q?", "log", out),
			    "/api/v1/namespaces/a%20b/pods/p%2Fq%3F/log");
	assert_string_equal(kube_path(&node, "ignored", "n", "", out), "/api/v1/nodes/n");
	assert_string_equal(kube_path(&deployment, "x", "d", "scale", out),
			    "/apis/apps/v1/namespaces/x/deployments/d/scale");
	/* No name leads out of its place. */
	assert_string_equal(kube_path(&pod, "..", ".", NULL, out), "/api/v1/namespaces/-/pods/-");
	assert_true(kube_query(query, sizeof query, "labelSelector", "a in (b,c),!d"));
	assert_true(kube_query(query, sizeof query, "n", "1"));
	assert_string_equal(query, "/x?labelSelector=a%20in%20%28b%2Cc%29%2C%21d&n=1");
	assert_false(kube_query(query, sizeof query, "long", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_string_equal(query, "/x?labelSelector=a%20in%20%28b%2Cc%29%2C%21d&n=1");
}

static void status_texts(void **state)
{
	static const struct {
		int status;
		const char *body, *text;
	} all[] = {
		{404,
		 "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"pods \\\"a\\\" not "
		 "found\"}",
		 "pods \"a\" not found (404 NotFound)"},
		{502, NULL, "the API server gave no reason (502)"},
		{500, "[1]", "the API server gave no reason (500)"},
		{422,
		 "{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"bad\",\"details\":{"
		 "\"causes\":"
		 "[{\"message\":\"first\"},{\"message\":\"bad\"},{\"message\":\"third\"}]}}",
		 "bad: first; third (422 Invalid)"},
		{400, "{\"kind\":\"Status\",\"message\":\"a\\u001b[31m\\nb\"}", "a [31m b (400)"},
	};
	struct ord_err err;

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		ord_auto(json) json_t *body = all[i].body ? json_loads(all[i].body, 0, NULL) : NULL;

		assert_int_equal(kube_status_fail(&err, all[i].status, body), -1);
		assert_string_equal(err.msg, all[i].text);
	}
}

static void pauses(void **state)
{
	struct kube k = {.depth = 0};
	uint64_t low = UINT64_MAX, high = 0;

	ord_rng_init(&k.rng, 1);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t ns = kube_backoff(&k, 2, 100, 1000);

		low = ns < low ? ns : low;
		high = ns > high ? ns : high;
	}
	assert_in_range(low, 200, 220); /* 400, and a half of it either way */
	assert_in_range(high, 580, 600);
	for (unsigned n = 0; n < 200; n++)
		assert_in_range(kube_backoff(&k, n, ORD_S, 5 * ORD_S), ORD_S / 2, 15 * ORD_S / 2);
}

static void known_kinds(void **state)
{
	struct kube k = {.kinds = NULL};
	struct kube_kind kind;
	struct ord_err err;

	assert_int_equal(kube_kind_find(&k, "", "Deployment", 0, &kind, &err), 0);
	assert_string_equal(kind.api_version, "apps/v1");
	assert_string_equal(kind.plural, "deployments");
	assert_int_equal(kube_kind_find(&k, "events.k8s.io/v1", "Event", 0, &kind, &err), 0);
	assert_string_equal(kind.api_version, "events.k8s.io/v1");
	assert_int_equal(kube_kind_find(&k, "", "Widget", 0, &kind, &err), -1);
	assert_int_equal(err.code, ORD_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(documents),
		cmocka_unit_test(managed_fields_are_left_out),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(bounds),
		cmocka_unit_test(the_table),
		cmocka_unit_test(versions),
		cmocka_unit_test(times),
		cmocka_unit_test(the_clock),
		cmocka_unit_test(paths),
		cmocka_unit_test(status_texts),
		cmocka_unit_test(pauses),
		cmocka_unit_test(known_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
