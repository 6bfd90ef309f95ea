/* Lists, against a server that misbehaves. */
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
#include "tests/kube/pods.h"

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

		(void)bad_stream(r, "");
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

static bool throttled(const struct bad_request *r)
{
	return bad_answer(r, 429, "Retry-After: 99999999999999999999\r\n", "");
}

static bool loris(const struct bad_request *r)
{
	(void)bad_stream(r, "");
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
	/* What cannot be asked again in time fails at once, as with calls. */
	begin(&w, throttled);
	began = ord_now_ns();
	assert_int_equal(list_all(&w, 15000), -1);
	assert_in_range((ord_now_ns() - began) / ORD_MS, 0, 10000);
	assert_string_equal(w.err.msg, "list pods: the API server gave no reason (429)");
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
	struct world w;

	begin(&w, nothing);
	assert_int_equal(list_all(&w, 5000), 0);
	assert_string_equal(w.told, "");
	assert_string_equal(w.version, "7");
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_object_once),
		cmocka_unit_test(lists_that_fail),
		cmocka_unit_test(an_empty_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
