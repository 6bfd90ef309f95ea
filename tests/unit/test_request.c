/* Requests as an attacker would write them: each must be refused, with the field named, and nothing
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "injector/lease/request.h"

static struct inj_request r;

static int parse(const char *text, struct ord_err *err)
{
	return inj_request_parse(text, strlen(text), &r, err);
}

#define ADD(fields) "{\"protocol\":1,\"op\":\"add\"," fields "}"
#define NOOP	    "\"fault\":\"noop\",\"args\":{},\"target\":{\"host\":true}"

static void test_add(void **state)
{
	struct ord_err err;

	(void)state;
	assert_int_equal(parse(ADD("\"lease\":\"r7-1\",\"hold_ns\":5," NOOP
				   ",\"seed\":9,\"cut_me_off\":true"),
			       &err),
			 0);
	assert_int_equal(r.op, INJ_OP_ADD);
	assert_string_equal(r.lease, "r7-1");
	assert_string_equal(r.args.fault->name, "noop");
	assert_true(r.place.host);
	assert_int_equal(r.hold_ns, 5);
	assert_int_equal(r.seed, 9);
	assert_true(r.cut_me_off);
	assert_false(r.whole_host);
}

static void test_others(void **state)
{
	struct ord_err err;

	(void)state;
	assert_int_equal(
		parse("{\"protocol\":1,\"op\":\"rescue\",\"lease\":\"a\",\"dry_run\":true}", &err),
		0);
	assert_true(r.op == INJ_OP_RESCUE && r.dry_run && strcmp(r.lease, "a") == 0);
	assert_int_equal(parse("{\"protocol\":1,\"op\":\"rescue\"}", &err), 0);
	assert_true(!r.dry_run && !r.lease[0]);
	assert_int_equal(parse("{\"protocol\":1,\"op\":\"remove\",\"lease\":\"a\"}", &err), 0);
	assert_int_equal(parse("{\"protocol\":1,\"op\":\"doctor\"}", &err), 0);
}

static void test_change(void **state)
{
	struct ord_err err;

	(void)state;
	assert_int_equal(parse("{\"protocol\":1,\"op\":\"change\",\"lease\":\"a\",\"to\":["
			       "\"10.0.0.7:5432/tcp\",\"[fd00::7]:5432\"],\"exclude\":[]}",
			       &err),
			 0);
	assert_true(r.op == INJ_OP_CHANGE && r.to.n == 2 && r.exclude.n == 0);
	assert_true(r.to.v[0].port_lo == 5432 && r.to.v[1].prefix == 128);
	assert_int_equal(parse("{\"protocol\":1,\"op\":\"resolve\",\"target\":{\"kind\":\"host\"},"
			       "\"addresses\":true}",
			       &err),
			 0);
	assert_true(r.op == INJ_OP_RESOLVE && r.addresses);
}

static const struct {
	const char *text, *says;
} refused[] = {
	{"{\"protocol\":1,\"op\":\"change\",\"lease\":\"a\",\"to\":[]}", "exclude"},
	{"{\"protocol\":1,\"op\":\"change\",\"to\":[],\"exclude\":[]}", "lease"},
	{"{\"protocol\":1,\"op\":\"change\",\"lease\":\"a\",\"to\":[7],\"exclude\":[]}", "to"},
	{"{\"protocol\":1,\"op\":\"change\",\"lease\":\"a\",\"to\":[\"db.test\"],\"exclude\":[]}",
	 "to"},
	{"{\"protocol\":1,\"op\":\"change\",\"lease\":\"a\",\"to\":[],\"exclude\":[],\"args\":{}}",
	 "args"},
	{"", "JSON"},
	{"[]", ""},
	{"{}", "protocol"},
	{"{\"protocol\":2,\"op\":\"end\"}", "protocol"},
	{"{\"protocol\":1}", "op"},
	{"{\"protocol\":1,\"op\":\"exec\"}", "op"},
	{"{\"protocol\":1,\"op\":\"end\",\"op\":\"halt\"}", "duplicate"},
	{"{\"protocol\":1,\"op\":\"end\",\"shell\":\"sh\"}", "shell"},
	{"{\"protocol\":1,\"op\":\"end\",\"lease\":\"a\"}", "lease"},
	{"{\"protocol\":1.0,\"op\":\"end\"}", "integer"},
	{"{\"protocol\":1,\"op\":\"end\"} trailing", "JSON"},
	{"{\"protocol\":1,\"op\":\"e\\u0000nd\"}", "JSON"},
	{"{\"protocol\":1,\"op\":\"remove\",\"lease\":\"../../etc/passwd\"}", "lease"},
	{"{\"protocol\":1,\"op\":\"remove\",\"lease\":\"\"}", "lease"},
	{"{\"protocol\":1,\"op\":\"remove\",\"lease\":\"A\"}", "lease"},
	{"{\"protocol\":1,\"op\":\"remove\",\"lease\":"
	 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	 "lease"},
	{"{\"protocol\":1,\"op\":\"add\",\"args\":{\"a\":[[[[[[[[1]]]]]]]]}}", "nested"},
	{ADD("\"hold_ns\":5," NOOP), "lease"},
	{ADD("\"lease\":\"a\"," NOOP), "hold_ns"},
	{ADD("\"lease\":\"a\",\"hold_ns\":0," NOOP), "hold_ns"},
	{ADD("\"lease\":\"a\",\"hold_ns\":-1," NOOP), "hold_ns"},
	{ADD("\"lease\":\"a\",\"hold_ns\":86400000000001," NOOP), "hold_ns"},
	{ADD("\"lease\":\"a\",\"hold_ns\":99999999999999999999," NOOP), "JSON"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5," NOOP ",\"engine\":\"sh\""), "engine"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5," NOOP ",\"cut_me_off\":1"), "cut_me_off"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"rm\",\"args\":{},\"target\":{\"host\":"
	     "true}"),
	 "fault"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"noop\",\"args\":{\"x\":1},\"target\":{"
	     "\"host\":true}"),
	 "args"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"noop\",\"args\":[],\"target\":{\"host\":"
	     "true}"),
	 "args"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"noop\",\"args\":{},\"target\":{}"),
	 "target"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"noop\",\"args\":{},\"target\":{\"fd\":3}"),
	 "target"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"proc.pause\",\"args\":{},\"target\":{"
	     "\"host\":true}"),
	 "target"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"net.loss\",\"args\":{},\"target\":{"
	     "\"host\":true}"),
	 "percent"},
	{ADD("\"lease\":\"a\",\"hold_ns\":5,\"fault\":\"net.loss\",\"args\":{\"percent\":1000001},"
	     "\"target\":{\"host\":true}"),
	 "percent"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct ord_err err = {0};

		if (parse(refused[i].text, &err) == 0)
			fail_msg("taken: %s", refused[i].text);
		assert_int_equal(err.code, ORD_USAGE);
		if (!strstr(err.msg, refused[i].says))
			fail_msg("'%s' does not name '%s': %s", err.msg, refused[i].says,
				 refused[i].text);
	}
}

/* 64 KiB and no more; a line of NULs and one of quotes. */
static void test_sizes(void **state)
{
	char *text = malloc(INJ_REQUEST_MAX + 2);
	struct ord_err err;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', INJ_REQUEST_MAX + 2);
	memcpy(text, "{\"protocol\":1,\"op\":\"end\"}", 25);
	assert_int_equal(inj_request_parse(text, INJ_REQUEST_MAX, &r, &err), 0);
	assert_int_equal(inj_request_parse(text, INJ_REQUEST_MAX + 1, &r, &err), -1);
	memset(text, 0, INJ_REQUEST_MAX);
	assert_int_equal(inj_request_parse(text, INJ_REQUEST_MAX, &r, &err), -1);
	memset(text, '"', INJ_REQUEST_MAX);
	assert_int_equal(inj_request_parse(text, INJ_REQUEST_MAX, &r, &err), -1);
	memset(text, '[', INJ_REQUEST_MAX);
	assert_int_equal(inj_request_parse(text, INJ_REQUEST_MAX, &r, &err), -1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),    cmocka_unit_test(test_others),
		cmocka_unit_test(test_change), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
