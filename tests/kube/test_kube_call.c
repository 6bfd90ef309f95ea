/* Calls, against a server that misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/config_private.h"
#include "tests/kube/one_call.h"

static bool loris_body(const struct bad_request *r)
{
	(void)bad_say(r, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	while (bad_say(r, " "))
		bad_wait_ms(20);
	return false;
}

static bool loris_head(const struct bad_request *r)
{
	(void)bad_say(r, "HTTP/1.1 200 OK\r\n");
	while (bad_say(r, "X-A: b\r\n"))
		bad_wait_ms(20);
	return false;
}

static bool silent(const struct bad_request *r)
{
	bad_wait_ms(20000);
	return r->fd < 0;
}

static void ends_at_its_deadline(void **state)
{
	bad_serve *const all[] = {loris_body, loris_head, silent};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct world w;

		begin(&w, all[i]);
		assert_int_equal(call(&w, "GET", 400, false, false), -1);
		assert_in_range(took_ms(&w), 395, 5000);
		assert_int_equal(w.err.code, ORD_SYS);
		assert_int_equal(w.err.sys_errno, 110 /* ETIMEDOUT */);
		assert_int_equal(w.a.status, 0);
		assert_int_equal(w.a.tries, 1);
		assert_non_null(strstr(w.err.msg, "no answer within"));
		assert_int_equal(kube_in_flight(w.k), 0);
		end(&w);
	}
}

static bool truncated(const struct bad_request *r)
{
	if (r->n)
		return good(r);
	(void)bad_say(r, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"kind\":");
	return false;
}

static bool reset_first(const struct bad_request *r)
{
	return r->n ? good(r) : bad_reset(r);
}

static void broken_connections(void **state)
{
	bad_serve *const all[] = {truncated, reset_first};

	for (size_t i = 0; i < ORD_COUNT(all); i++) {
		struct world w;

		begin(&w, all[i]);
		assert_int_equal(call(&w, "GET", 5000, false, false), 0);
		assert_int_equal(w.a.tries, 2);
		assert_string_equal(json_string_value(json_object_get(w.a.body, "kind")), "Pod");
		end(&w);
		/* The server may have done it: what must not be done twice is not asked twice. */
		begin(&w, all[i]);
		assert_int_equal(call(&w, "POST", 5000, true, false), -1);
		assert_int_equal(w.a.tries, 1);
		assert_int_equal(w.a.status, 0);
		assert_int_equal(atomic_load(&w.s.shared->hits), 1);
		end(&w);
	}
}

static bool throttled(const struct bad_request *r)
{
	return r->n ? good(r)
		    : bad_answer(r, 429, "Retry-After: 1\r\n", "Too many requests, try later.");
}

static void retry_after_is_obeyed(void **state)
{
	struct world w;

	begin(&w, throttled);
	assert_int_equal(call(&w, "POST", 10000, true, true), 0); /* a throttle, and no budget */
	assert_in_range(took_ms(&w), 995, 5000);
	assert_int_equal(w.a.tries, 2);
	end(&w);
	/* What cannot be asked again in time is answered at once. */
	begin(&w, throttled);
	assert_int_equal(call(&w, "GET", 700, false, false), -1);
	assert_in_range(took_ms(&w), 0, 600);
	assert_int_equal(w.a.status, 429);
	end(&w);
}

static bool budget(const struct bad_request *r)
{
	return bad_answer(
		r, 429, "Retry-After: 10\r\n",
		"{\"kind\":\"Status\",\"reason\":\"TooManyRequests\",\"message\":\"Cannot evict "
		"pod as it would violate the pod's disruption budget.\",\"details\":{\"causes\":[{"
		"\"reason\":\"DisruptionBudget\",\"message\":\"The disruption budget web needs 3 "
		"healthy pods and has 3 currently\"}]},\"code\":429}");
}

static void a_budget_is_an_answer(void **state)
{
	const struct ord_object pod = {
		.api_version = "v1", .kind = "Pod", .ns = "x", .name = "p", .uid = "u-1"};
	int status = 0;
	struct world w;

	begin(&w, budget);
	assert_int_equal(kube_evict(w.k, &pod, 3, ord_now_ns() + 30 * ORD_S, &status, &w.err), -1);
	assert_int_equal(status, 429);
	assert_non_null(strstr(w.err.msg, "budget web needs 3 healthy pods and has 3"));
	assert_int_equal(atomic_load(&w.s.shared->hits), 1);
	assert_string_equal(w.s.shared->paths[0], "POST /api/v1/namespaces/x/pods/p/eviction");
	end(&w);
}

static bool unavailable(const struct bad_request *r)
{
	return r->n < 2 ? bad_status(r, 503, "", "ServiceUnavailable", "not yet") : good(r);
}

static bool internal(const struct bad_request *r)
{
	return bad_status(r, 500, "", "InternalError", "a webhook \\u0007failed");
}

static void server_errors(void **state)
{
	struct world w;

	begin(&w, unavailable);
	assert_int_equal(call(&w, "GET", 10000, false, false), 0);
	assert_int_equal(w.a.tries, 3);
	end(&w);
	begin(&w, unavailable);
	assert_int_equal(call(&w, "POST", 10000, true, false), -1);
	assert_int_equal(w.a.tries, 1);
	assert_string_equal(w.a.reason, "ServiceUnavailable");
	assert_string_equal(w.err.msg, "not yet (503 ServiceUnavailable)");
	end(&w);
	begin(&w, internal);
	assert_int_equal(call(&w, "GET", 10000, false, false), -1);
	assert_int_equal(w.a.tries, 3);
	assert_string_equal(w.err.msg, "a webhook  failed (500 InternalError)");
	end(&w);
}

static bool second_token(const struct bad_request *r)
{
	if (!strcmp(r->shared->authorization, "Bearer second-secret"))
		return good(r);
	return bad_status(r, 401, "", "Unauthorized", "Unauthorized");
}

/* A kubeconfig is read again every few seconds at most. */
static void ages_pass(struct world *w)
{
	w->config->again_ns = 0;
}

static void new_credentials_after_401(void **state)
{
	struct world w;
	FILE *f;

	begin(&w, second_token);
	assert_int_equal(call(&w, "GET", 5000, false, false), -1);
	assert_int_equal(w.a.status, 401);
	assert_in_range(atomic_load(&w.s.shared->hits), 1, 2); /* not for ever */
	assert_null(strstr(w.err.msg, "secret"));
	f = fopen(w.s.token, "we");
	assert_non_null(f);
	assert_true(fputs("second-secret\n", f) >= 0 && fclose(f) == 0);
	assert_int_equal(call(&w, "GET", 5000, false, false), 0);
	assert_string_equal(w.s.shared->authorization, "Bearer second-secret");
	end(&w);
}

/* A token that stands in the kubeconfig itself, which is written again meanwhile. */
static void a_kubeconfig_that_was_renewed(void **state)
{
	struct world w;

	begin(&w, second_token);
	kube_close(w.k);
	kube_config_free(w.config);
	bad_server_user(&w.s, "token: first-secret", 0);
	w.k = bad_server_client(&w.s, &w.config);
	assert_int_equal(call(&w, "GET", 5000, false, false), -1);
	assert_int_equal(w.a.status, 401);
	assert_string_equal(w.err.msg, "Unauthorized (401 Unauthorized)");
	assert_int_equal(w.a.tries, 1);
	/* Another server is not asked, whatever it would say. */
	bad_server_user(&w.s, "token: second-secret", 1);
	ages_pass(&w);
	assert_int_equal(call(&w, "GET", 5000, false, false), -1);
	assert_string_equal(w.err.msg, "Unauthorized (401 Unauthorized); the kubeconfig was read "
				       "again, and is not followed: its server is another");
	bad_server_user(&w.s, "token: second-secret", 0);
	ages_pass(&w);
	assert_int_equal(call(&w, "POST", 5000, true, false), 0);
	assert_int_equal(w.a.tries, 2);
	assert_string_equal(w.s.shared->authorization, "Bearer second-secret");
	end(&w);
}

static void nobody_listens(void **state)
{
	struct world w;

	begin(&w, good);
	(void)kill(w.s.pid, 9);
	(void)waitpid(w.s.pid, NULL, 0);
	w.s.pid = 0;
	assert_int_equal(call(&w, "GET", 600, true, false), -1);
	assert_true(w.a.tries > 1); /* never sent: safe even so */
	assert_non_null(strstr(w.err.msg, "http://127.0.0.1:"));
	assert_null(strstr(w.err.msg, "secret"));
	w.s.pid = fork(); /* for bad_server_stop */
	if (!w.s.pid)
		_exit(0);
	end(&w);
}

/* --- what does not wait --- */

struct many {
	struct world *w;
	unsigned done, failed, most;
	int inner;
};

static void on_many(void *arg, struct kube_answer *a, const struct ord_err *err)
{
	struct many *m = arg;
	const struct kube_request req = {
		.method = "GET", .path = "/x", .deadline_ns = ord_now_ns() + ORD_S};
	struct ord_err inner;

	(void)a;
	m->done++;
	m->failed += err != NULL;
	/* A call that waits cannot be made from here. */
	m->inner = kube_call(m->w->k, &req, NULL, &inner);
}

static bool all_done(void *arg)
{
	return ((struct many *)arg)->done == 300;
}

static void many_at_once(void **state)
{
	const struct kube_request req = {
		.method = "GET", .path = "/x", .deadline_ns = ord_now_ns() + 20 * ORD_S};
	struct world w;
	struct many m = {.w = &w};
	unsigned before;

	begin(&w, good);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(kube_start(w.k, &req, on_many, &m, &w.err), 0);
	assert_int_equal(m.done, 0);
	assert_int_equal(kube_in_flight(w.k), 300);
	assert_int_equal(kube_run(w.k, all_done, &m, req.deadline_ns, &w.err), 0);
	assert_int_equal(m.failed, 0);
	assert_int_equal(m.inner, -1);
	assert_int_equal(kube_in_flight(w.k), 0);
	/* Closing with some in flight: no word of them. */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(kube_start(w.k, &req, on_many, &m, &w.err), 0);
	kube_drive(w.k);
	before = m.done;
	end(&w);
	assert_int_equal(m.done, before);
}

static void a_child_opens_its_own(void **state)
{
	struct world w;
	int status;
	pid_t pid;

	begin(&w, good);
	assert_int_equal(call(&w, "GET", 5000, false, false), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct kube *k = NULL;

		if (kube_open(w.config, &k, &w.err))
			_exit(1);
		w.k = k;
		_exit(call(&w, "GET", 5000, false, false) ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(call(&w, "GET", 5000, false, false), 0);
	end(&w);
}

static unsigned beats;
static void beat(void)
{
	beats++;
}

static void it_beats_while_it_waits(void **state)
{
	struct world w;

	begin(&w, silent);
	kube_set_beat(w.k, beat);
	assert_int_equal(call(&w, "GET", 1000, false, false), -1);
	assert_in_range(beats, 8, 100);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_at_its_deadline),
		cmocka_unit_test(broken_connections),
		cmocka_unit_test(retry_after_is_obeyed),
		cmocka_unit_test(a_budget_is_an_answer),
		cmocka_unit_test(server_errors),
		cmocka_unit_test(new_credentials_after_401),
		cmocka_unit_test(a_kubeconfig_that_was_renewed),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(a_child_opens_its_own),
		cmocka_unit_test(it_beats_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
