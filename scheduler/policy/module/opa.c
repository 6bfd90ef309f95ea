#include "scheduler/policy/module/opa.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/printable.h"
#include "deliver/post.h"

#define REASONS_MAX 32
#define REASON_MAX  400

/* A reason more, fit to be printed. */
static int because(struct opa_answer *a, const char *text, struct ord_err *err)
{
	char out[REASON_MAX];

	if (json_array_size(a->reasons) >= REASONS_MAX)
		return 0;
	(void)ord_printable(text, sizeof out, out);
	return json_array_append_new(a->reasons, json_string(out)) ? ord_fail_nomem(err) : 0;
}

__attribute__((format(printf, 3, 4))) static int refuse(struct opa_answer *a, struct ord_err *err,
							const char *fmt, ...)
{
	char text[REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	a->allow = false;
	return because(a, text, err);
}

/* Reasons as rules give them: a text, a list, or a set, which is a list or the keys of an object.
 */
static int texts(struct opa_answer *a, const json_t *v, struct ord_err *err)
{
	const char *key;
	json_t *one;
	size_t i;
	int r = 0;

	if (json_is_string(v))
		return because(a, json_string_value(v), err);
	json_array_foreach (v, i, one) {
		ord_autofree char *dumped = json_is_string(one) ? NULL : ord_json_dump(one);

		if (!r && (json_is_string(one) || dumped))
			r = because(a, dumped ? dumped : json_string_value(one), err);
	}
	json_object_foreach ((json_t *)(uintptr_t)v, key, one)
		if (!r)
			r = because(a, key, err);
	return r;
}

static bool says_something(const json_t *v)
{
	return json_is_true(v) || json_is_string(v) || json_is_number(v) || json_array_size(v) ||
	       json_object_size(v);
}

static int read_object(const json_t *result, struct opa_answer *a, struct ord_err *err)
{
	const json_t *allow = json_object_get(result, "allow"),
		     *deny = json_object_get(result, "deny");

	a->allow = json_is_true(allow) && !says_something(deny);
	if (texts(a, json_object_get(result, "reasons"), err) || texts(a, deny, err))
		return -1;
	if (a->allow)
		return 0;
	if (json_is_true(allow))
		return refuse(a, err, "'allow' is true, but 'deny' is not empty");
	if (!allow)
		return refuse(a, err,
			      "the result has no 'allow': the policy must define it, and it must "
			      "be true");
	if (!json_is_false(allow))
		return refuse(a, err, "'allow' is neither true nor false");
	return json_array_size(a->reasons) ? 0 : refuse(a, err, "'allow' is false");
}

static int read_result(const json_t *root, struct opa_answer *a, struct ord_err *err)
{
	const json_t *result = json_object_get(root, "result");
	const char *id = json_string_value(json_object_get(root, "decision_id"));

	(void)ord_printable(id ? id : "", sizeof a->decision_id, a->decision_id);
	if (!result)
		return refuse(a, err,
			      "the policy is undefined there: is the path /v1/data/PACKAGE, and is "
			      "that package loaded?");
	if (json_is_object(result))
		return read_object(result, a, err);
	a->allow = json_is_true(result);
	if (a->allow)
		return 0;
	return json_is_false(result)
		       ? refuse(a, err, "the result is false")
		       : refuse(a, err, "the result is neither true nor an object with 'allow'");
}

/* What a status other than 200 means, and what would be right. */
static const char *of_status(long status)
{
	if (status >= 300 && status < 400)
		return "a redirect, which is not followed: give the URL that it leads to";
	if (status == 401 || status == 403)
		return "it does not know us: give the right token with --policy-token-file";
	if (status == 404)
		return "there is nothing at that path: a decision is at /v1/data/PACKAGE";
	return "which is no decision";
}

int opa_read(long status, const char *body, size_t size, struct opa_answer *ret,
	     struct ord_err *err)
{
	static const struct ord_json_limits limits = {.size = POST_ANSWER_MAX, .depth = 32};
	struct opa_answer a = {.answered = true, .reasons = json_array()};
	ord_auto(json) json_t *root = NULL;
	struct ord_err why;
	int r;

	if (!a.reasons)
		return ord_fail_nomem(err);
	if (status != 200)
		r = refuse(&a, err, "it answered %ld, %s", status, of_status(status));
	else if (size >= POST_ANSWER_MAX - 1)
		r = refuse(&a, err, "its answer is longer than %d bytes", POST_ANSWER_MAX - 2);
	else if (ord_json_parse(body, size, &limits, &root, &why))
		r = refuse(&a, err, "its answer is no JSON that can be trusted: %s", why.msg);
	else
		r = read_result(root, &a, err);
	if (r) {
		opa_answer_done(&a);
		return -1;
	}
	*ret = a;
	return 0;
}

static int no_answer(const char *why, struct opa_answer *ret, struct ord_err *err)
{
	struct opa_answer a = {.reasons = json_array()};

	if (!a.reasons)
		return ord_fail_nomem(err);
	if (refuse(&a, err, "it did not answer: %s; nothing is injected without its leave", why)) {
		opa_answer_done(&a);
		return -1;
	}
	*ret = a;
	return 0;
}

int opa_ask(const struct opa_request *q, struct opa_answer *ret, struct ord_err *err)
{
	ord_autofree struct post_answer *a = calloc(1, sizeof *a);
	ord_autofree char *body = NULL, *bearer = NULL;
	ord_auto(json) json_t *input = json_pack("{s:O}", "input", q->question);
	const char *headers[3] = {"Content-Type: application/json", "Expect:"};
	struct post_request p = {.url = q->url,
				 .headers = headers,
				 .n_headers = 2,
				 .timeout_ns = q->timeout_ns,
				 .ca_file = q->ca_file,
				 .direct = true};
	post_fn *post;

	if (post_module(&post, err))
		return -1;
	body = input ? ord_json_dump(input) : NULL;
	if (!a || !body ||
	    (q->token && asprintf(&bearer, "Authorization: Bearer %s", q->token) < 0))
		return ord_fail_nomem(err);
	if (bearer)
		headers[p.n_headers++] = bearer;
	p.body = body;
	p.size = strlen(body);
	if (post(&p, a))
		return ord_fail(err, ORD_SYS, "libcurl has no memory");
	return a->status ? opa_read(a->status, a->body, strlen(a->body), ret, err)
			 : no_answer(a->error, ret, err);
}

void opa_answer_done(struct opa_answer *a)
{
	json_decref(a->reasons);
	*a = (struct opa_answer){0};
}
