#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http.h"
#include "util.h"

static int parse(const char *text)
{
	struct http_request req;

	return http_parse(text, strlen(text), &req);
}

static void test_whole_request(void **state)
{
	static const char text[] =
		"POST /orders?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nteaGET";
	struct http_request req;

	assert_int_equal(http_parse(text, strlen(text), &req), strlen(text) - 3);
	assert_true(span_is(req.method, "POST"));
	assert_true(span_is(req.path, "/orders"));
	assert_true(span_is(req.body, "tea"));
	assert_true(req.keep_alive);
	/* Any shorter text is not enough, and none is an error. */
	for (size_t len = 0; len < strlen(text) - 3; len++)
		assert_int_equal(http_parse(text, len, &req), 0);
}

static void test_connection(void **state)
{
	static const struct {
		const char *text;
		bool keep_alive;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\nHost: a\r\nconnection: te, close\r\n\r\n", false},
		{"GET / HTTP/1.0\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_request req;

		assert_int_equal(http_parse(cases[i].text, strlen(cases[i].text), &req),
				 strlen(cases[i].text));
		assert_int_equal(req.keep_alive, cases[i].keep_alive);
	}
}

static void test_refused(void **state)
{
	static const struct {
		int status;
		const char *text;
	} cases[] = {
		{400, "GET\r\n\r\n"},
		{400, "GET /\r\n\r\n"},
		{400, "GET / http/1.1\r\n\r\n"},
		{400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET x HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
		{400,
		 "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
		{413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n"},
		{413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n"},
		{501, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (parse(cases[i].text) != -cases[i].status)
			fail_msg("expected %d, got %d: %s", cases[i].status, -parse(cases[i].text),
				 cases[i].text);
}

static void test_endless_head(void **state)
{
	char text[HTTP_HEAD_MAX + 1];

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(parse(text), -431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_request),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_endless_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
