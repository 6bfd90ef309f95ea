/*
 * A call: one request with a deadline, asked again where that is safe and may help.
 *
 *   no connection, 429           always safe: the server has done nothing
 *   cut on the way, 502-504      safe unless `once`: the server may have done it
 *   500                          the same, three times: most of them do not heal
 *   401, certificate refused     once more, where new credentials are to be had
 *
 * Retry-After is obeyed; where it says nothing the pauses double, jittered. What cannot be asked
 * again before the deadline is answered at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "kube/client.h"

#define PAUSE_FIRST_NS (50 * ORD_MS)
#define PAUSE_MAX_NS   (2 * ORD_S)
#define INTERNAL_MAX   3

struct call {
	struct kube_ring ring;
	struct kube_io io;
	struct kube_timer deadline, again;
	struct kube *k;
	bool once, no_429, refreshed;
	unsigned tries, internal;
	uint64_t first_sent_ns, started_ns;
	kube_done *done;
	void *arg;
};

static void call_free(struct call *c)
{
	kube_timer_stop(&c->deadline);
	kube_timer_stop(&c->again);
	kube_ring_remove(&c->ring);
	kube_io_done(&c->io);
	free(c);
}

static json_t *parse_body(const struct kube_io *io)
{
	return io->text_size ? json_loadb(io->text, io->text_size, JSON_ALLOW_NUL, NULL) : NULL;
}

/* The last word. err is NULL for a 2xx. */
static void finish(struct call *c, json_t *body, const struct ord_err *err)
{
	struct kube_answer a = {.status = c->io.status,
				.body = body,
				.sent_ns = c->first_sent_ns,
				.first_ns = c->io.first_ns,
				.done_ns = c->io.done_ns ? c->io.done_ns : ord_now_ns(),
				.tries = c->tries};
	struct kube *k = c->k;

	if (err)
		kube_status_reason(body, a.reason);
	kube_ring_remove(&c->ring);
	k->n_calls--;
	c->done(c->arg, &a, err);
	kube_answer_done(&a);
	call_free(c);
}

/* What we knew of the failure when the time was up. */
static void on_deadline(void *arg)
{
	struct call *c = arg;
	struct ord_err err = {.code = ORD_OK}, last = {.code = ORD_OK};
	bool waiting = c->io.state == KUBE_IO_IDLE; /* for the next try */
	char text[32];

	(void)ord_human_duration((int64_t)(ord_now_ns() - c->started_ns), text);
	if (waiting && kube_io_end(&c->io) == KUBE_IO_OK) {
		ord_auto(json) json_t *body = parse_body(&c->io);

		(void)kube_status_fail(&last, c->io.status, body);
	} else if (waiting || *c->io.error) {
		(void)kube_io_fail(&c->io, &last);
	}
	kube_io_stop(&c->io);
	if (last.code != ORD_OK)
		(void)ord_fail(&err, ORD_SYS, "%s within %s: %.380s",
			       waiting ? "no success" : "no answer", text, last.msg);
	else
		(void)ord_fail(&err, ORD_SYS, "%s: no answer within %s", c->k->server, text);
	err.sys_errno = ETIMEDOUT;
	if (!waiting)
		c->io.status = 0;
	finish(c, NULL, &err);
}

static void on_again(void *arg)
{
	struct call *c = arg;

	c->tries++;
	kube_io_start(&c->io);
}

/* False where the next try would be too late. */
static bool try_again(struct call *c, uint64_t pause_ns)
{
	uint64_t at = ord_now_ns() + pause_ns;

	if (at >= c->deadline.due_ns)
		return false;
	if (pause_ns)
		kube_timer_set(c->k, &c->again, at);
	else
		on_again(c);
	return true;
}

/* A disruption budget's refusal, and not the server's own throttle. */
static bool is_budget(const json_t *body)
{
	const json_t *causes = json_object_get(json_object_get(body, "details"), "causes"), *cause;
	size_t i;

	json_array_foreach (causes, i, cause) {
		const char *reason = json_string_value(json_object_get(cause, "reason"));

		if (reason && !strcmp(reason, "DisruptionBudget"))
			return true;
	}
	return false;
}

/* ns until the request may be sent again; -1: it must not be. */
static int64_t pause_for(struct call *c, const json_t *body)
{
	uint64_t said = c->io.retry_after_ns ? c->io.retry_after_ns : kube_status_retry(body);
	enum kube_io_end end = kube_io_end(&c->io);
	bool again = false;

	if (!c->refreshed && kube_io_renewed(&c->io)) {
		c->refreshed = true;
		return 0;
	}
	if (end == KUBE_IO_UNSENT)
		again = true;
	else if (end == KUBE_IO_CUT)
		again = !c->once;
	else if (end == KUBE_IO_OK && c->io.status == 429)
		again = !c->no_429 || !is_budget(body);
	else if (end == KUBE_IO_OK && c->io.status == 500)
		again = !c->once && ++c->internal < INTERNAL_MAX;
	else if (end == KUBE_IO_OK && c->io.status >= 502 && c->io.status <= 504)
		again = !c->once;
	if (!again)
		return -1;
	if (said) /* not all at the same instant */
		return (int64_t)(said + ord_rng_below(&c->k->rng, said / 10 + 1));
	return (int64_t)kube_backoff(c->k, c->tries - 1, PAUSE_FIRST_NS, PAUSE_MAX_NS);
}

static void on_done(struct kube_io *io)
{
	struct call *c = io->arg;
	ord_auto(json) json_t *body = NULL;
	bool answered = kube_io_end(io) == KUBE_IO_OK;
	struct ord_err err;
	int64_t pause;

	if (c->tries == 1)
		c->first_sent_ns = io->sent_ns;
	if (answered)
		body = parse_body(io);
	if (answered && io->status >= 200 && io->status < 300) {
		finish(c, ord_steal_ptr(body), NULL);
		return;
	}
	pause = pause_for(c, body);
	if (pause >= 0 && try_again(c, (uint64_t)pause))
		return;
	if (answered)
		(void)kube_status_fail(&err, io->status, body);
	else
		(void)kube_io_fail(io, &err);
	kube_io_explain(io, &err);
	if (!answered)
		io->status = 0;
	finish(c, ord_steal_ptr(body), &err);
}

int kube_start(struct kube *k, const struct kube_request *req, kube_done *done, void *arg,
	       struct ord_err *err)
{
	struct call *c;

	if (req->deadline_ns <= ord_now_ns()) {
		(void)ord_fail(err, ORD_SYS, "%s %.200s: the time was up before it was asked",
			       req->method, req->path);
		err->sys_errno = ETIMEDOUT;
		return -1;
	}
	c = calloc(1, sizeof *c);
	if (!c)
		return ord_fail_nomem(err);
	kube_io_init(&c->io, k);
	kube_ring_init(&c->ring);
	kube_timer_init(&c->deadline, on_deadline, c);
	kube_timer_init(&c->again, on_again, c);
	c->k = k;
	c->once = req->once;
	c->no_429 = req->no_429;
	c->tries = 1;
	c->started_ns = ord_now_ns();
	c->done = done;
	c->arg = arg;
	c->io.arg = c;
	c->io.on_done = on_done;
	c->io.method = req->method;
	c->io.content_type = req->content_type;
	c->io.accept = req->accept;
	c->io.path = strdup(req->path);
	c->io.body = req->body ? json_dumps(req->body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	if (!c->io.path || (req->body && !c->io.body)) {
		call_free(c);
		return ord_fail_nomem(err);
	}
	kube_ring_append(&k->calls, &c->ring);
	k->n_calls++;
	kube_timer_set(k, &c->deadline, req->deadline_ns);
	kube_io_start(&c->io);
	return 0;
}

void kube_calls_drop(struct kube *k)
{
	while (!kube_ring_empty(&k->calls)) {
		struct call *c = KUBE_OF(struct call, ring, k->calls.next);

		kube_io_stop(&c->io);
		k->n_calls--;
		call_free(c);
	}
}

struct wait {
	bool over, failed;
	struct kube_answer answer;
	struct ord_err err;
};

static void on_wait_done(void *arg, struct kube_answer *a, const struct ord_err *err)
{
	struct wait *w = arg;

	w->over = true;
	w->failed = err;
	if (err)
		w->err = *err;
	w->answer = *a;
	a->body = NULL;
}

static bool wait_is_over(void *arg)
{
	return ((struct wait *)arg)->over;
}

int kube_call(struct kube *k, const struct kube_request *req, struct kube_answer *ret,
	      struct ord_err *err)
{
	struct wait w = {.over = false};

	if (ret)
		*ret = (struct kube_answer){.status = 0};
	if (k->depth)
		return ord_fail(err, ORD_SYS, "a call that waits, from a callback of the client");
	if (kube_start(k, req, on_wait_done, &w, err))
		return -1;
	/* The call itself ends at its deadline; this bound is against our own mistakes. */
	if (kube_run(k, wait_is_over, &w, req->deadline_ns + 60 * ORD_S, err))
		return -1;
	if (ret)
		*ret = w.answer;
	else
		kube_answer_done(&w.answer);
	if (!w.failed)
		return 0;
	*err = w.err;
	return -1;
}

void kube_answer_done(struct kube_answer *a)
{
	json_decref(a->body);
	a->body = NULL;
}
