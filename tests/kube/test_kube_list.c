/* Lists and watches, against a server that misbehaves. */
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
#include "tests/kube/server.h"

static const struct kube_set pods = {.kind = {"v1", "Pod", "pods", true}};

struct world {
	struct bad_server s;
	struct kube_config *config;
	struct kube *k;
	struct kube_watch *watch;
	struct ord_err err;
	char told[4096]; /* what a list or a watch told, in one line */
	unsigned until;	 /* so many events */
	unsigned n, errors;
	bool close_it;
	char last_error[512];
};

static void begin(struct world *w, bad_serve *serve)
{
	memset(w, 0, sizeof *w);
	bad_server_start(&w->s, serve);
	w->k = bad_server_client(&w->s, &w->config);
}

static void end(struct world *w)
{
	kube_close(w->k);
	kube_config_free(w->config);
	bad_server_stop(&w->s);
}

/* --- what the servers say --- */

static const char *uid_of(const char *name)
{
	static char uid[40];

	(void)snprintf(uid, sizeof uid, "00000000-0000-4000-8000-0000000000%02x",
		       (unsigned char)*name);
	return uid;
}

static const char *object(const char *name, unsigned version)
{
	static char text[512];

	(void)snprintf(text, sizeof text,
		       "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"uid\":\"%s\","
		       "\"managedFields\":[{\"x\":[1,2]}],\"resourceVersion\":\"%u\"}}",
		       name, uid_of(name), version);
	return text;
}

/* "a:1 b:2" as a list's items. */
static void items_of(const char *spec, char *out, size_t size)
{
	char name[8];
	unsigned version;
	int n;

	*out = '\0';
	for (; sscanf(spec, " %7[a-z]:%u%n", name, &version, &n) == 2; spec += n)
		(void)snprintf(out + strlen(out), size - strlen(out), "%s%s", *out ? "," : "",
			       object(name, version));
}

static bool list(const struct bad_request *r, const char *spec, unsigned version, const char *next)
{
	char items[8192], body[9000];

	items_of(spec, items, sizeof items);
	(void)snprintf(body, sizeof body,
		       "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"%u\","
		       "\"continue\":\"%s\"},\"items\":[%s]}",
		       version, next, items);
	return bad_answer(r, 200, "", body);
}

static bool event(const struct bad_request *r, const char *type, const char *name, unsigned version)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "{\"type\":\"%s\",\"object\":%s}\n", type,
		       object(name, version));
	return bad_chunk(r, text);
}

static bool hold(const struct bad_request *r)
{
	bad_wait_ms(30000);
	return r->fd < 0;
}

static bool asks(const struct bad_request *r, const char *what)
{
	return strstr(r->path, what);
}

/* --- what the client tells --- */

static void note(struct world *w, const char *what, const json_t *o)
{
	const json_t *meta = json_object_get(o, "metadata");
	const char *name = json_string_value(json_object_get(meta, "name"));
	const char *version = json_string_value(json_object_get(meta, "resourceVersion"));
	size_t used = strlen(w->told);

	(void)snprintf(w->told + used, sizeof w->told - used, "%s%s%s%s%s", used ? " " : "", what,
		       name ? name : "", version ? ":" : "", version ? version : "");
	if (o)
		assert_null(json_object_get(meta, "managedFields"));
}

static int on_item(void *arg, const json_t *item, struct ord_err *err)
{
	(void)err;
	note(arg, "", item);
	assert_string_equal(json_string_value(json_object_get(item, "kind")), "Pod");
	return 0;
}

static void on_event(void *arg, enum kube_event e, const json_t *o, uint64_t arrival_ns)
{
	static const char *const names[] = {"+", "~", "-", "synced", "cut", "resumed"};
	struct world *w = arg;

	assert_in_range(arrival_ns, 1, ord_now_ns());
	note(w, names[e], o);
	w->n++;
	if (w->close_it)
		kube_watch_close(w->watch);
}

static void on_error(void *arg, const struct ord_err *err)
{
	struct world *w = arg;

	w->errors++;
	(void)snprintf(w->last_error, sizeof w->last_error, "%s", err->msg);
}

static bool enough(void *arg)
{
	const struct world *w = arg;

	return w->n >= w->until;
}

static int list_all(struct world *w, uint64_t ms)
{
	return kube_list(w->k, &pods, on_item, w, ord_now_ns() + ms * ORD_MS, NULL, &w->err);
}

/* Watches until so many events were told, and half a second longer: no more may come. */
static void watch(struct world *w, unsigned until)
{
	w->until = until;
	assert_int_equal(kube_watch_open(w->k, &pods, on_event, on_error, w, &w->watch, &w->err),
			 0);
	if (kube_run(w->k, enough, w, ord_now_ns() + 20 * ORD_S, &w->err))
		fail_msg("only: %s (last error: %s)", w->told, w->last_error);
	w->until = ~0u;
	(void)kube_run(w->k, enough, w, ord_now_ns() + 500 * ORD_MS, &w->err);
}

/* --- lists --- */

static bool pages(const struct bad_request *r)
{
	if (asks(r, "continue=t2"))
		return list(r, "e:5", 9, "");
	if (asks(r, "continue=t1"))
		return list(r, "c:3 d:4", 9, "t2");
	return list(r, "a:1 b:2", 9, "t1");
}

static bool cut_pages(const struct bad_request *r)
{
	/* Each page breaks after its first object, once. */
	if (!(r->n % 2)) {
		char text[1024];

		(void)bad_stream(r);
		(void)snprintf(text, sizeof text, "{\"items\":[%s,{",
			       object(asks(r, "continue=t2")   ? "e"
				      : asks(r, "continue=t1") ? "c"
							       : "a",
				      asks(r, "continue=t2")   ? 5
				      : asks(r, "continue=t1") ? 3
							       : 1));
		(void)bad_chunk(r, text);
		return bad_reset(r);
	}
	return pages(r);
}

static bool expired(const struct bad_request *r)
{
	if (asks(r, "continue=t1"))
		return bad_answer(r, 410, "",
				  "{\"kind\":\"Status\",\"reason\":\"Expired\",\"metadata\":{"
				  "\"continue\":\"t2\"},\"message\":\"too old\",\"code\":410}");
	return pages(r);
}

static bool expired_for_good(const struct bad_request *r)
{
	if (asks(r, "continue=t1"))
		return bad_status(r, 410, "", "Expired", "too old");
	return atomic_fetch_add(&r->shared->a, 1) ? list(r, "a:6 b:2 c:3 d:4", 10, "") : pages(r);
}

static void each_object_once(void **state)
{
	static const struct {
		bad_serve *serve;
		const char *told;
	} all[] = {{pages, "a:1 b:2 c:3 d:4 e:5"},
		   {cut_pages, "a:1 b:2 c:3 d:4 e:5"},
		   {expired, "a:1 b:2 e:5"},
		   {expired_for_good, "a:1 b:2 c:3 d:4"}};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct world w;

		begin(&w, all[i].serve);
		if (list_all(&w, 15000))
			fail_msg("%zu: %s", i, w.err.msg);
		assert_string_equal(w.told, all[i].told);
		end(&w);
	}
}

static bool garbled_list(const struct bad_request *r)
{
	return bad_answer(r, 200, "", "{\"items\":[{\"a\":1},7]}");
}

static bool forbidden(const struct bad_request *r)
{
	return bad_status(r, 403, "", "Forbidden", "pods is forbidden");
}

static bool loris(const struct bad_request *r)
{
	(void)bad_stream(r);
	while (bad_chunk(r, " "))
		bad_wait_ms(20);
	return false;
}

static void lists_that_fail(void **state)
{
	struct world w;
	uint64_t began;

	begin(&w, garbled_list);
	assert_int_equal(list_all(&w, 15000), -1);
	assert_non_null(strstr(w.err.msg, "list pods: "));
	assert_int_equal(atomic_load(&w.s.shared->hits), 3);
	end(&w);
	begin(&w, forbidden);
	assert_int_equal(list_all(&w, 15000), -1);
	assert_string_equal(w.err.msg, "list pods: pods is forbidden (403 Forbidden)");
	end(&w);
	begin(&w, loris);
	began = ord_now_ns();
	assert_int_equal(list_all(&w, 400), -1);
	assert_in_range((ord_now_ns() - began) / ORD_MS, 395, 5000);
	assert_int_equal(w.err.sys_errno, 110);
	end(&w);
}

static bool nothing(const struct bad_request *r)
{
	return bad_answer(
		r, 200, "",
		"{\"apiVersion\":\"v1\",\"items\":null,\"kind\":\"PodList\",\"metadata\":{"
		"\"resourceVersion\":\"7\"}}");
}

static void an_empty_list(void **state)
{
	char version[64] = "";
	struct world w;

	begin(&w, nothing);
	assert_int_equal(
		kube_list(w.k, &pods, on_item, &w, ord_now_ns() + 5 * ORD_S, version, &w.err), 0);
	assert_string_equal(w.told, "");
	assert_string_equal(version, "7");
	end(&w);
}

/* --- watches --- */

/* Each serves what the first streams break with, and then goes on where it was left. */
static bool resets(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1 b:2", 10, "");
	(void)bad_stream(r);
	if (asks(r, "resourceVersion=10&")) {
		(void)event(r, "MODIFIED", "a", 11);
		(void)bad_chunk(r, "{\"type\":\"ADDED\",\"object\":{\"meta");
		bad_wait_ms(100);
		return bad_reset(r);
	}
	if (asks(r, "resourceVersion=11&"))
		(void)event(r, "ADDED", "c", 12);
	return hold(r);
}

static void a_stream_that_breaks(void **state)
{
	struct world w;

	begin(&w, resets);
	watch(&w, 7);
	assert_string_equal(w.told, "+a:1 +b:2 synced ~a:11 cut +c:12 resumed");
	assert_int_equal(w.errors, 0);
	end(&w);
}

static bool garbage(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	(void)bad_stream(r);
	if (r->n < 3) { /* twice */
		(void)bad_chunk(r, "!!! no JSON\n");
		return hold(r);
	}
	(void)event(r, "DELETED", "a", 13);
	return hold(r);
}

static bool garbage_for_ever(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	(void)bad_stream(r);
	(void)bad_chunk(r, "{\"type\":\"WHAT\",\"object\":{}}\n");
	return hold(r);
}

static void garbage_in_a_stream(void **state)
{
	struct world w;

	begin(&w, garbage);
	watch(&w, 5);
	assert_string_equal(w.told, "+a:1 synced cut -a:13 resumed");
	assert_int_equal(w.errors, 0);
	end(&w);
	begin(&w, garbage_for_ever);
	watch(&w, 3);
	(void)kube_run(w.k, enough, &w, ord_now_ns() + ORD_S, &w.err);
	assert_string_equal(w.told, "+a:1 synced cut");
	assert_in_range(w.errors, 1, 3);
	assert_non_null(strstr(w.last_error, "'WHAT'"));
	end(&w);
}

static bool gone(const struct bad_request *r)
{
	/* b is gone, c is new, a is another state, d is the same. */
	if (!asks(r, "watch=true"))
		return atomic_fetch_add(&r->shared->a, 1) ? list(r, "a:15 c:16 d:4", 20, "")
							  : list(r, "a:1 b:2 d:4", 10, "");
	if (asks(r, "resourceVersion=10&")) {
		if (atomic_load(&r->shared->b)) /* as an answer, or as an event */
			return bad_status(r, 410, "", "Expired", "too old resource version");
		(void)bad_stream(r);
		(void)bad_chunk(r,
				"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
				"\"reason\":\"Expired\",\"message\":\"too old\"}}\n");
		return hold(r);
	}
	(void)bad_stream(r);
	if (asks(r, "resourceVersion=20&"))
		(void)event(r, "MODIFIED", "d", 21);
	return hold(r);
}

static void after_410_the_differences_alone(void **state)
{
	for (unsigned way = 0; way < 2; way++) {
		struct world w;

		begin(&w, gone);
		atomic_store(&w.s.shared->b, way);
		watch(&w, 10);
		assert_string_equal(w.told,
				    "+a:1 +b:2 +d:4 synced cut ~a:15 +c:16 -b ~d:21 resumed");
		assert_int_equal(w.errors, 0);
		end(&w);
	}
}

static bool repeats(const struct bad_request *r)
{
	static const char bookmark[] =
		"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{"
		"\"resourceVersion\":\"30\"}}}\n";

	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	(void)bad_stream(r);
	if (asks(r, "resourceVersion=10&")) {
		(void)event(r, "ADDED", "a", 1); /* told by the list */
		(void)event(r, "ADDED", "b", 11);
		(void)event(r, "ADDED", "b", 11);   /* twice */
		(void)event(r, "DELETED", "z", 12); /* never told */
		(void)bad_chunk(r, bookmark);
		(void)bad_chunk(r, bookmark);
		(void)bad_chunk(r, "\n \r\n");
		(void)event(r, "MODIFIED", "b", 25); /* before the bookmark */
		bad_wait_ms(50);
		return bad_reset(r);
	}
	if (asks(r, "resourceVersion=30&")) {
		(void)event(r, "MODIFIED", "b", 31);
		(void)event(r, "MODIFIED", "c", 32); /* we have not heard of it */
	}
	return hold(r);
}

static void repeated_events_and_bookmarks(void **state)
{
	struct world w;

	begin(&w, repeats);
	watch(&w, 7);
	assert_string_equal(w.told, "+a:1 synced +b:11 cut ~b:31 +c:32 resumed");
	end(&w);
}

static bool refuses(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	switch (atomic_fetch_add(&r->shared->a, 1)) {
	case 0:
		return bad_status(r, 503, "", "ServiceUnavailable", "not yet");
	case 1:
		return bad_answer(r, 429, "Retry-After: 1\r\n", "");
	case 2:
		(void)bad_stream(r);
		(void)bad_chunk(r,
				"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,"
				"\"message\":\"etcd\"}}\n");
		return hold(r);
	case 3:
		return bad_status(r, 403, "", "Forbidden", "no more");
	default:
		(void)bad_stream(r);
		(void)event(r, "ADDED", "b", 11);
		return hold(r);
	}
}

static void a_server_that_refuses(void **state)
{
	struct world w;

	begin(&w, refuses);
	watch(&w, 5);
	assert_string_equal(w.told, "+a:1 synced cut +b:11 resumed");
	assert_int_equal(w.errors, 1); /* the 403 alone does not heal by itself */
	assert_string_equal(w.last_error, "no more (403 Forbidden)");
	end(&w);
}

static bool expires(const struct bad_request *r)
{
	unsigned n;

	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	n = atomic_fetch_add(&r->shared->a, 1);
	if (n % 2 == 0 && n < 4)
		return bad_status(r, 401, "", "Unauthorized", "Unauthorized");
	(void)bad_stream(r);
	if (n < 4)
		(void)event(r, "ADDED", n == 1 ? "b" : "c", n == 1 ? 11 : 12);
	if (n == 3)
		return hold(r);
	bad_wait_ms(100);
	return bad_reset(r);
}

/* Credentials may expire again and again while a watch lasts. */
static void new_credentials_each_time(void **state)
{
	struct world w;

	begin(&w, expires);
	watch(&w, 8);
	assert_string_equal(w.told, "+a:1 synced cut +b:11 resumed cut +c:12 resumed");
	assert_int_equal(w.errors, 0);
	end(&w);
}

static bool endless(const struct bad_request *r)
{
	char piece[4097];

	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	memset(piece, 'a', sizeof piece - 1);
	piece[sizeof piece - 1] = '\0';
	(void)bad_stream(r);
	(void)bad_chunk(r, "{\"type\":\"");
	while (bad_chunk(r, piece))
		;
	return false;
}

static void an_oversized_event(void **state)
{
	struct world w;

	begin(&w, endless);
	w.until = ~0u;
	assert_int_equal(kube_watch_open(w.k, &pods, on_event, on_error, &w, &w.watch, &w.err), 0);
	for (unsigned i = 0; i < 100 && !w.errors; i++)
		(void)kube_run(w.k, enough, &w, ord_now_ns() + 200 * ORD_MS, &w.err);
	/* Between its attempts nothing is late, as far as it can know. */
	assert_int_equal(strncmp(w.told, "+a:1 synced cut", 15), 0);
	assert_null(strpbrk(w.told + 1, "+~-"));
	assert_non_null(strstr(w.last_error, "an object of more than"));
	end(&w);
}

static void it_may_be_closed_from_within(void **state)
{
	struct world w;

	for (unsigned i = 0; i < 4; i++) {
		begin(&w, resets);
		w.close_it = true;
		watch(&w, 1);
		assert_string_equal(w.told, "+a:1");
		/* The client still works. */
		w.told[0] = '\0';
		assert_int_equal(list_all(&w, 5000), 0);
		end(&w);
	}
}

/* A stream that the server ends in good order is no cut. */
static bool ends_well(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	(void)bad_stream(r);
	if (asks(r, "resourceVersion=10&")) {
		(void)event(r, "ADDED", "b", 11);
		bad_wait_ms(1100);
		(void)bad_say(r, "0\r\n\r\n");
		return true;
	}
	(void)event(r, "ADDED", "c", 12);
	return hold(r);
}

static void the_servers_own_end(void **state)
{
	struct world w;

	begin(&w, ends_well);
	watch(&w, 4);
	assert_string_equal(w.told, "+a:1 synced +b:11 +c:12");
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_object_once),
		cmocka_unit_test(lists_that_fail),
		cmocka_unit_test(an_empty_list),
		cmocka_unit_test(a_stream_that_breaks),
		cmocka_unit_test(garbage_in_a_stream),
		cmocka_unit_test(after_410_the_differences_alone),
		cmocka_unit_test(repeated_events_and_bookmarks),
		cmocka_unit_test(a_server_that_refuses),
		cmocka_unit_test(new_credentials_each_time),
		cmocka_unit_test(an_oversized_event),
		cmocka_unit_test(it_may_be_closed_from_within),
		cmocka_unit_test(the_servers_own_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
