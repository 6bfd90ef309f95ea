/* What an answer of a policy server means: leave is what says so, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "deliver/post.h"
#include "scheduler/policy/module/opa.h"

static const char *reason(const struct opa_answer *a, size_t i)
{
	return json_string_value(json_array_get(a->reasons, i));
}

/* want: NULL: leave; else the first reason begins so. */
static void means(long status, const char *body, const char *want)
{
	struct opa_answer a = {0};
	struct ord_err err;

	assert_int_equal(opa_read(status, body, strlen(body), &a, &err), 0);
	assert_true(a.answered);
	if (a.allow != !want || (want && strncmp(reason(&a, 0), want, strlen(want)) != 0))
		fail_msg("%ld '%s': %s", status, body, a.allow ? "allowed" : reason(&a, 0));
	opa_answer_done(&a);
}

static void test_leave(void **state)
{
	means(200, "{\"result\":true}", NULL);
	means(200, "{\"result\":{\"allow\":true}}", NULL);
	means(200, "{\"result\":{\"allow\":true,\"deny\":[],\"reasons\":[\"why\"]}}", NULL);
	means(200, "{\"result\":{\"allow\":true,\"deny\":{}}}", NULL);
	means(200, "{\"result\":{\"allow\":true,\"deny\":false}}", NULL);
	means(200, "{\"result\":{\"allow\":true,\"deny\":null},\"metrics\":{}}", NULL);
}

static void test_no_leave(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"result\":null}",
		"{\"result\":\"true\"}",
		"{\"result\":1}",
		"{\"result\":[]}",
		"{\"result\":[true]}",
		"{\"result\":{}}",
		"{\"result\":{\"allow\":null}}",
		"{\"result\":{\"allow\":\"true\"}}",
		"{\"result\":{\"allow\":1}}",
		"{\"result\":{\"allow\":[true]}}",
		"{\"result\":{\"allow\":{\"allow\":true}}}",
		"{\"result\":{\"Allow\":true}}",
		"{\"allow\":true}",
		"{\"result\":{\"allow\":true,\"allow\":false}}",
		"{\"result\":false,\"result\":true}",
		"{\"result\":true",
		"{\"result\":true}}",
		"{\"result\":true} {}",
		"true",
		"[{\"result\":true}]",
		"",
		" ",
		"\xff\xfe",
		"{\"result\":{\"allow\":true,\"deny\":[\"x\"]}}",
		"{\"result\":{\"allow\":true,\"deny\":true}}",
		"{\"result\":{\"allow\":true,\"deny\":\"x\"}}",
		"{\"result\":{\"allow\":true,\"deny\":{\"x\":true}}}",
		"{\"result\":{\"allow\":true,\"deny\":7}}",
	};
	static const long statuses[] = {0,   100, 201, 202, 204, 206, 301,
					302, 307, 401, 403, 404, 500, 503};

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		means(200, bodies[i], "");
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		means(statuses[i], "{\"result\":true}", "it answered ");
}

static void test_reasons(void **state)
{
	struct opa_answer a = {0};
	struct ord_err err;
	const char *body =
		"{\"decision_id\":\"d\\u0007-1\",\"result\":{\"allow\":false,\"reasons\":[\"a\","
		"{\"code\":7}],\"deny\":{\"b\":true,\"c\":true}}}";

	assert_int_equal(opa_read(200, body, strlen(body), &a, &err), 0);
	assert_int_equal(json_array_size(a.reasons), 4);
	assert_string_equal(reason(&a, 0), "a");
	assert_string_equal(reason(&a, 1), "{\"code\":7}");
	assert_string_equal(reason(&a, 2), "b");
	assert_null(strchr(a.decision_id, 7));
	opa_answer_done(&a);
}

/* However many, and however long, what is kept is bounded. */
static void test_many_reasons(void **state)
{
	static char body[POST_ANSWER_MAX];
	struct opa_answer a = {0};
	struct ord_err err;
	size_t n = (size_t)snprintf(body, sizeof body, "{\"result\":{\"allow\":false,\"deny\":[\"");

	memset(body + n, 'x', 5000);
	n += 5000;
	for (size_t i = 0; i < 5000; i++)
		n += (size_t)snprintf(body + n, sizeof body - n, "\",\"%zu", i);
	n += (size_t)snprintf(body + n, sizeof body - n, "\"]}}");
	assert_true(n < sizeof body - 2);
	assert_int_equal(opa_read(200, body, n, &a, &err), 0);
	assert_int_equal(json_array_size(a.reasons), 32);
	assert_true(strlen(reason(&a, 0)) < 400);
	opa_answer_done(&a);
	/* One that was cut where it is full is none, whatever it says up to there. */
	memset(body, ' ', sizeof body - 1);
	memcpy(body, "{\"result\":true}", 15);
	assert_int_equal(opa_read(200, body, sizeof body - 1, &a, &err), 0);
	assert_false(a.allow);
	opa_answer_done(&a);
}

/* Who takes the call and says nothing is waited for no longer than is asked. */
static void test_silence(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	ord_autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	json_t *question = json_object();
	struct opa_request q = {.question = question, .timeout_ns = 200 * ORD_MS};
	struct opa_answer a = {0};
	uint64_t began = ord_now_ns();
	char url[64];
	struct ord_err err;

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(at.sin_port));
	q.url = url;
	if (opa_ask(&q, &a, &err))
		fail_msg("%s", err.msg);
	assert_false(a.answered);
	assert_false(a.allow);
	assert_int_equal(json_array_size(a.reasons), 1);
	assert_non_null(strstr(reason(&a, 0), "it did not answer: "));
	assert_true(ord_now_ns() - began < 10 * ORD_S);
	opa_answer_done(&a);
	json_decref(question);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leave),	cmocka_unit_test(test_no_leave),
		cmocka_unit_test(test_reasons), cmocka_unit_test(test_many_reasons),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
