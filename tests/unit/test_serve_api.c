/* The API's pure parts: targets, who asks, sessions, the ring of events, what is posted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/serve/api/hmac.h"
#include "scheduler/serve/api/hooks.h"
#include "scheduler/serve/api/metrics.h"
#include "scheduler/serve/api/ring.h"
#include "scheduler/serve/api/target.h"
#include "scheduler/serve/api/who.h"

#define TOKEN_A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define TOKEN_B "bbbbbbbbbbbbbbbbbbbbbbbb"

/* --- targets ---------------------------------------------------------------------------------- */

static void target_of_a_schedule(void **state)
{
	struct api_target t;
	const char *why;

	assert_true(api_target_parse("/v1/schedules/a%2Db/run?from=2026-11-21T06%3A00Z&label=a%3Db&"
				     "label=c+d&empty",
				     &t, &why));
	assert_int_equal(t.n_segments, 4);
	assert_string_equal(t.segments[2], "a-b");
	assert_string_equal(t.segments[3], "run");
	assert_int_equal(t.n_args, 4);
	assert_string_equal(api_target_arg(&t, "from"), "2026-11-21T06:00Z");
	assert_string_equal(t.args[1].value, "a=b");
	assert_string_equal(t.args[2].value, "c d");
	assert_string_equal(api_target_arg(&t, "empty"), "");
	assert_null(api_target_arg(&t, "fro"));
	assert_string_equal(api_target_unknown(&t, "from|label"), "empty");
	assert_string_equal(api_target_unknown(&t, "fromm|label|empty"), "from");
	assert_null(api_target_unknown(&t, "label|from|empty"));
	assert_true(api_target_parse("/", &t, &why));
	assert_int_equal(t.n_segments, 0);
	assert_true(api_target_parse("/?a=1", &t, &why));
	assert_int_equal(t.n_args, 1);
}

static void targets_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"v1",
		"//",
		"/v1//a",
		"/v1/",
		"/v1/.",
		"/v1/..",
		"/%2e%2e",
		"/v1/%",
		"/v1/%2",
		"/v1/%zz",
		"/v1/a%00b",
		"/v1/a%2fb",
		"/v1/%0aa",
		"/v1/%ff",
		"/v1?a=%",
		"/?%c3%28=1",
		"/1/2/3/4/5/6/7",
		"http://h/v1",
		"*",
		"/v1/%c2%85",
		"/v1\\..\\",
	};
	char *large = malloc(API_TARGET_MAX + 2);
	struct api_target t;
	const char *why;

	for (size_t i = 0; i + 1 < ORD_COUNT(bad); i++)
		if (api_target_parse(bad[i], &t, &why))
			fail_msg("'%s' was taken", bad[i]);
	/* A backslash is a letter like others. */
	assert_true(api_target_parse(bad[ORD_COUNT(bad) - 1], &t, &why));
	assert_non_null(large);
	memset(large, 'a', API_TARGET_MAX + 1);
	large[0] = '/';
	large[API_TARGET_MAX + 1] = '\0';
	assert_false(api_target_parse(large, &t, &why));
	large[API_TARGET_MAX] = '\0';
	assert_true(api_target_parse(large, &t, &why));
	free(large);
}

static void arguments_are_counted(void **state)
{
	char text[2 + 4 * API_ARGS_MAX + 2] = "/?";
	struct api_target t;
	const char *why;

	for (size_t i = 0; i < API_ARGS_MAX; i++)
		memcpy(text + 2 + 4 * i, "a=1&", 5);
	assert_true(api_target_parse(text, &t, &why));
	memcpy(text + 2 + 4 * API_ARGS_MAX, "a", 2);
	assert_false(api_target_parse(text, &t, &why));
}

/* --- who -------------------------------------------------------------------------------------- */

static void hosts(void **state)
{
	char mine[] = "ordeal.example";
	char *names[] = {mine};
	static const char *const good[] = {"127.0.0.1",	     "127.0.0.1:9191",	   "[::1]:9191",
					   "10.0.0.7",	     "localhost",	   "LOCALHOST:1",
					   "ordeal.example", "Ordeal.Example:443", "[2001:db8::1]"};
	static const char *const bad[] = {
		"",	"evil.example", "ordeal.example.evil", "127.0.0.1.evil",
		"[::1", "[evil]:1",	"localhost:a",	       "127.0.0.1:9191/x",
		":80",	"[localhost]"};

	for (size_t i = 0; i < ORD_COUNT(good); i++)
		if (!api_host_good(good[i], names, 1))
			fail_msg("'%s' was refused", good[i]);
	for (size_t i = 0; i < ORD_COUNT(bad); i++)
		if (api_host_good(bad[i], names, 1))
			fail_msg("'%s' was taken", bad[i]);
	assert_false(api_host_good(NULL, names, 1));
	assert_false(api_host_good("ordeal.example", names, 0));
}

static void origins(void **state)
{
	assert_true(api_origin_good("http://127.0.0.1:9191", "127.0.0.1:9191", false));
	assert_true(api_origin_good("https://Ordeal.example", "ordeal.example", true));
	assert_false(api_origin_good("http://127.0.0.1:9191", "127.0.0.1:9191", true));
	assert_false(api_origin_good("http://127.0.0.1:9192", "127.0.0.1:9191", false));
	assert_false(api_origin_good("http://evil.example", "127.0.0.1:9191", false));
	assert_false(api_origin_good("null", "127.0.0.1:9191", false));
	assert_false(api_origin_good("http://127.0.0.1:9191.evil", "127.0.0.1:9191", false));
}

static void tokens_of(const char *text, struct api_tokens *ret)
{
	struct ord_err err;

	if (api_tokens_parse(text, strlen(text), ret, &err))
		fail_msg("%s", err.msg);
}

static void tokens(void **state)
{
	struct api_tokens t;

	tokens_of("# ops\n\noperator\t" TOKEN_A "  ops\r\nviewer " TOKEN_B "\n", &t);
	assert_int_equal(t.n, 2);
	assert_string_equal(api_token_find(&t, TOKEN_A)->name, "ops");
	assert_int_equal(api_token_find(&t, TOKEN_A)->role, API_OPERATOR);
	assert_string_equal(api_token_find(&t, TOKEN_B)->name, "of line 4");
	assert_null(api_token_find(&t, "aaaaaaaaaaaaaaaaaaaaaaab"));
	assert_null(api_token_find(&t, "aaaaaaaaaaaaaaaaaaaaaaa"));
	assert_null(api_token_find(&t, ""));
	api_tokens_done(&t);
	assert_int_equal(t.n, 0);
}

static void tokens_that_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "no token"},
		{"# nothing\n", "no token"},
		{"admin " TOKEN_A, "line 1: it begins with no role"},
		{"viewer short", "line 1: a token has 16"},
		{"\nviewer " TOKEN_A " name more", "line 2: behind the token"},
		{"viewer " TOKEN_A "\noperator " TOKEN_A, "line 2: the same token"},
		{"viewer \xc3\xa4" TOKEN_A, "line 1: a token has"},
		{"viewer " TOKEN_A " 123456789012345678901234567890123", "line 1: behind"},
	};
	struct api_tokens t;
	struct ord_err err;

	for (size_t i = 0; i < ORD_COUNT(bad); i++) {
		assert_int_equal(api_tokens_parse(bad[i].text, strlen(bad[i].text), &t, &err), -1);
		if (!strstr(err.msg, bad[i].says))
			fail_msg("'%s' is told as: %s", bad[i].text, err.msg);
		assert_null(strstr(err.msg, "aaaa"));
		assert_int_equal(t.n, 0);
	}
	assert_int_equal(api_tokens_parse("viewer " TOKEN_A "\0", 32, &t, &err), -1);
}

static void sessions(void **state)
{
	int64_t until = 0;
	struct api_tokens t, without;
	char cookie[API_COOKIE_MAX], other[API_COOKIE_MAX + 8];
	const int64_t now = 1700000000;

	tokens_of("operator " TOKEN_A " ops\nviewer " TOKEN_B, &t);
	tokens_of("viewer " TOKEN_B, &without);
	api_cookie_make(&t.v[0], now, cookie);
	assert_null(strstr(cookie, TOKEN_A));
	assert_ptr_equal(api_cookie_find(&t, cookie, now, &until), &t.v[0]);
	assert_ptr_equal(api_cookie_find(&t, cookie, now + API_SESSION_S - 1, &until), &t.v[0]);
	assert_null(api_cookie_find(&t, cookie, now + API_SESSION_S, &until));
	/* A clock that was set back does not make it last longer. */
	assert_null(api_cookie_find(&t, cookie, now - 1, &until));
	assert_null(api_cookie_find(&without, cookie, now, &until));
	for (size_t i = 0; i < strlen(cookie); i++) {
		memcpy(other, cookie, sizeof cookie);
		other[i] = other[i] == '1' ? '2' : '1';
		assert_null(api_cookie_find(&t, other, now, &until));
	}
	(void)snprintf(other, sizeof other, "%sa", cookie);
	assert_null(api_cookie_find(&t, other, now, &until));
	assert_null(api_cookie_find(&t, "", now, &until));
	assert_null(api_cookie_find(&t, ".", now, &until));
	assert_null(api_cookie_find(&t, "9999999999999999999999999999.aa", now, &until));
}

/* RFC 4231, 4.2, 4.3 and 4.7: a key that is shorter than a block, and one that is longer. */
static void hmac(void **state)
{
	char key[131], hex[API_HMAC_HEX];
	const struct api_bytes hi[] = {{"Hi ", 3}, {"There", 5}};
	const struct api_bytes what[] = {{"what do ya want for nothing?", 28}};
	const struct api_bytes long_key[] = {
		{"Test Using Larger Than Block-Size Key - Hash Key First", 54}};

	memset(key, 0x0b, 20);
	assert_string_equal(api_hmac((struct api_bytes){key, 20}, hi, 2, hex),
			    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_string_equal(api_hmac((struct api_bytes){"Jefe", 4}, what, 1, hex),
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	assert_string_equal(api_hmac((struct api_bytes){key, sizeof key}, long_key, 1, hex),
			    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* --- the ring --------------------------------------------------------------------------------- */

static void ring_goes_on(void **state)
{
	struct api_ring *r = api_ring_new(0xabc);
	struct api_event e;
	uint64_t next = 77;

	assert_true(api_ring_put(r, "halt", "{\"who\":\"a\"}", NULL));
	assert_true(api_ring_put(r, "strip", "{\"a\":1}", "{}"));
	e = api_ring_get(r, 1);
	assert_string_equal(e.text, "id: abc.1\nevent: halt\ndata: {\"who\":\"a\"}\n\n");
	assert_int_equal(e.size, strlen(e.text));
	assert_ptr_equal(e.below, e.text);
	e = api_ring_get(r, 2);
	assert_string_equal(e.below, "id: abc.2\nevent: strip\ndata: {}\n\n");
	assert_int_equal(e.below_size, strlen(e.below));
	assert_int_equal(e.type, api_ring_type("strip"));
	assert_true(api_ring_after(r, "abc.1", &next));
	assert_int_equal(next, 2);
	assert_true(api_ring_after(r, "abc.2", &next));
	assert_int_equal(next, 3);
	assert_true(api_ring_after(r, "abc.0", &next));
	assert_int_equal(next, 1);
	assert_false(api_ring_after(r, "abc.3", &next));
	assert_false(api_ring_after(r, "abd.1", &next));
	assert_false(api_ring_after(r, "abc.1x", &next));
	assert_false(api_ring_after(r, "abc", &next));
	assert_false(api_ring_after(r, "abc.18446744073709551615", &next));
	assert_int_equal(next, 1);
	api_ring_free(r);
}

static void ring_is_bounded(void **state)
{
	struct api_ring *r = api_ring_new(1);
	ord_autofree char *large = calloc(1, API_EVENT_MAX + 1);
	uint64_t next;

	for (size_t i = 0; i < API_RING_EVENTS + 10; i++)
		assert_true(api_ring_put(r, "strip", "{}", NULL));
	assert_int_equal(api_ring_next(r) - api_ring_first(r), API_RING_EVENTS);
	assert_int_equal(api_ring_first(r), 11);
	assert_false(api_ring_after(r, "1.9", &next));
	assert_true(api_ring_after(r, "1.10", &next));
	/* By bytes: two texts of 60 KB an event make the ring's 8 MiB long before 4096 events. */
	memset(large, 'x', 60000);
	for (size_t i = 0; i < 200; i++)
		assert_true(api_ring_put(r, "schedule", large, large));
	assert_true(api_ring_next(r) - api_ring_first(r) <= API_RING_BYTES / 120000);
	assert_true(api_ring_next(r) - api_ring_first(r) > 60);
	memset(large, 'x', API_EVENT_MAX);
	next = api_ring_next(r);
	assert_false(api_ring_put(r, "schedule", large, NULL));
	assert_int_equal(api_ring_next(r), next);
	api_ring_free(r);
}

static void types_have_bits(void **state)
{
	assert_int_not_equal(api_ring_type("halt"), api_ring_type("strip"));
	assert_int_equal(api_ring_type("nobody"), api_ring_type("knows"));
	assert_int_not_equal(api_ring_type("nobody"), 0);
}

/* --- counting and posting --------------------------------------------------------------------- */

static void too_many_words_are_other(void **state)
{
	struct api_counts c = {0};
	char word[8];
	uint64_t sum = 0;

	for (int i = 0; i < 100; i++) {
		(void)snprintf(word, sizeof word, "w%d", i);
		api_count(&c, word, 1);
	}
	api_count(&c, "w3", 1);
	for (size_t i = 0; i < c.n; i++)
		sum += c.v[i].n;
	assert_int_equal(c.n, API_COUNTED_MAX);
	assert_string_equal(c.v[API_COUNTED_MAX - 1].word, "other");
	assert_int_equal(c.v[API_COUNTED_MAX - 1].n, 100 - (API_COUNTED_MAX - 1));
	assert_int_equal(c.v[3].n, 2);
	assert_int_equal(sum, 101);
}

static void what_is_posted(void **state)
{
	ord_auto(json) json_t *data =
		json_pack("{s:s,s:s,s:s}", "name", "a<b>&c", "verdict", "failed", "run", "R1");
	ord_autofree char *event =
		api_hook_cloudevent("/ordeal/serve/h", "1/2", 1700000000000000000, "ended", data);
	ord_autofree char *slack = api_hook_slack("ended", data);
	ord_autofree char *signature = api_hook_signature("Jefe", 4, 1700000000, "{}");

	assert_string_equal(event, "{\"specversion\":\"1.0\",\"id\":\"1/2\",\"source\":"
				   "\"/ordeal/serve/h\",\"type\":\"dev.ordeal.serve.ended\","
				   "\"time\":\"2023-11-14T22:13:20.000Z\",\"datacontenttype\":"
				   "\"application/json\",\"data\":{\"name\":\"a<b>&c\",\"verdict\":"
				   "\"failed\",\"run\":\"R1\"},\"subject\":\"a<b>&c\"}");
	assert_string_equal(slack, "{\"text\":\"ordeal: a&lt;b&gt;&amp;c failed, run R1\"}");
	assert_string_equal(signature,
			    "Ordeal-Signature: t=1700000000,v1="
			    "d3793e2b4103edfbd98cc19591832f5fad701d413db9fcae0ae7dab8184ed207");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_of_a_schedule),
		cmocka_unit_test(targets_that_are_refused),
		cmocka_unit_test(arguments_are_counted),
		cmocka_unit_test(hosts),
		cmocka_unit_test(origins),
		cmocka_unit_test(tokens),
		cmocka_unit_test(tokens_that_are_refused),
		cmocka_unit_test(sessions),
		cmocka_unit_test(hmac),
		cmocka_unit_test(ring_goes_on),
		cmocka_unit_test(ring_is_bounded),
		cmocka_unit_test(types_have_bits),
		cmocka_unit_test(too_many_words_are_other),
		cmocka_unit_test(what_is_posted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
