/* Watches, against a server that misbehaves. */
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
#include "kube/client.h"
#include "tests/kube/pods.h"

/* --- watches --- */

/* Each serves what the first streams break with, and then goes on where it was left. */
static bool resets(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1 b:2", 10, "");
	if (asks(r, "resourceVersion=10&")) {
		(void)stream(r, "~a:11");
		wait_told(r, 4);
		(void)bad_chunk(r, "{\"type\":\"ADDED\",\"object\":{\"meta");
		return bad_reset(r);
	}
	(void)stream(r, asks(r, "resourceVersion=11&") ? "+c:12" : "");
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
	if (atomic_fetch_add(&r->shared->a, 1) < 2)
		(void)bad_stream(r, "!!! no JSON\n");
	else
		(void)stream(r, "-a:13");
	return hold(r);
}

static bool garbage_for_ever(const struct bad_request *r)
{
	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	(void)bad_stream(r, "{\"type\":\"WHAT\",\"object\":{}}\n");
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
	(void)kube_run(w.k, complained, &w, ord_now_ns() + 20 * ORD_S, &w.err);
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
		(void)bad_stream(r,
				 "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
				 "\"reason\":\"Expired\",\"message\":\"too old\"}}\n");
		return hold(r);
	}
	(void)stream(r, asks(r, "resourceVersion=20&") ? "~d:21" : "");
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
	if (asks(r, "resourceVersion=10&")) {
		/* Told by the list; new; twice; never told. */
		(void)stream(r, "+a:1 +b:11 +b:11 -z:12");
		(void)bad_chunk(r, bookmark);
		(void)bad_chunk(r, bookmark);
		(void)bad_chunk(r, "\n \r\n");
		(void)events(r, "~b:25 +d:31"); /* before the bookmark, and after it */
		wait_told(r, 4);
		return bad_reset(r);
	}
	/* c is one that we have not heard of. */
	(void)stream(r, asks(r, "resourceVersion=31&") ? "~b:32 ~c:33" : "");
	return hold(r);
}

static void repeated_events_and_bookmarks(void **state)
{
	struct world w;

	begin(&w, repeats);
	watch(&w, 8);
	assert_string_equal(w.told, "+a:1 synced +b:11 +d:31 cut ~b:32 +c:33 resumed");
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
		(void)bad_stream(r,
				 "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500,"
				 "\"message\":\"etcd\"}}\n");
		return hold(r);
	case 3:
		return bad_status(r, 403, "", "Forbidden", "no more");
	default:
		(void)stream(r, "+b:11");
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

/* Each token is good for one stream; the second for as long as one likes. */
static bool expires(const struct bad_request *r)
{
	const char *token = r->shared->authorization;

	if (!asks(r, "watch=true"))
		return list(r, "a:1", 10, "");
	if (!strcmp(token, "Bearer secret-1") && !atomic_fetch_add(&r->shared->a, 1)) {
		(void)stream(r, "+b:11");
		wait_told(r, 5); /* and that it is whole again */
		return bad_reset(r);
	}
	if (strcmp(token, "Bearer secret-2") != 0)
		return bad_status(r, 401, "", "Unauthorized", "Unauthorized");
	(void)stream(r, "+c:12");
	return hold(r);
}

/* Credentials may expire again and again while a watch lasts. */
static void new_credentials_each_time(void **state)
{
	struct world w;

	begin(&w, expires);
	w.rotate = true;
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
	(void)bad_stream(r, "{\"type\":\"");
	while (bad_chunk(r, piece))
		;
	return false;
}

static void an_oversized_event(void **state)
{
	struct world w;

	begin(&w, endless);
	watch_open(&w);
	assert_int_equal(kube_run(w.k, complained, &w, ord_now_ns() + 40 * ORD_S, &w.err), 0);
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
	if (asks(r, "resourceVersion=10&")) {
		(void)stream(r, "+b:11");
		wait_told(r, 3);
		bad_wait_ms(1100);
		return bad_say(r, "0\r\n\r\n");
	}
	(void)stream(r, "+c:12");
	return hold(r);
}

static void the_servers_own_end(void **state)
{
	struct world w;

	begin(&w, ends_well);
	w.k->grace_ns = 20 * ORD_S; /* however busy the machine is */
	watch(&w, 4);
	assert_string_equal(w.told, "+a:1 synced +b:11 +c:12");
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
