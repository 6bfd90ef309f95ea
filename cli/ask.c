#include "cli/ask.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/inject.h"
#include "ordeal/far.h"
#include "ordeal/run.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

json_t *cli_request(const char *op)
{
	return json_pack("{s:i,s:s}", "protocol", 1, "op", op);
}

/* An injector that was asked and has not answered yet. */
struct asked {
	struct ord_holder *holder; /* NULL: it could not be asked */
	struct ord_err why;
};

static void ask_start(enum ord_program which, bool as_root, json_t *request, struct asked *ret)
{
	*ret = (struct asked){0};
	if (ord_holder_spawn(which, as_root, &ret->holder, &ret->why) == 0 &&
	    ord_holder_send(ret->holder, request, &ret->why) < 0) {
		ord_holder_free(ret->holder);
		ret->holder = NULL;
	}
}

static int ask_finish(struct asked *a, uint64_t timeout_ns, json_t **ret, struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *holder = a->holder;
	const char *message;
	json_t *event;

	if (!holder) {
		*err = a->why;
		return -1;
	}
	if (ord_holder_wait(holder, timeout_ns, &event, err))
		return -1;
	if (strcmp(json_string_value(json_object_get(event, "event")), "failed")) {
		*ret = event;
		return 0;
	}
	message = json_string_value(json_object_get(event, "message"));
	(void)ord_fail(err, ord_code_parse(json_string_value(json_object_get(event, "code"))), "%s",
		       message ? message : "the injector refused");
	json_decref(event);
	return -1;
}

int cli_ask(enum ord_program which, json_t *request, bool as_root, uint64_t timeout_ns,
	    json_t **ret, struct ord_err *err)
{
	struct asked a;
	int r;

	if (!request)
		return ord_fail_nomem(err);
	ask_start(which, as_root, request, &a);
	r = ask_finish(&a, timeout_ns, ret, err);
	json_decref(request);
	return r;
}

/* A machine without it has no lease of it. */
static int kube_answer(struct asked *a, const struct cli_question *q, const char *who,
		       struct ord_err *err)
{
	struct ord_err why;
	json_t *event;

	if (ask_finish(a, q->timeout_ns, &event, &why) < 0) {
		if (why.code == ORD_SKIP)
			return 0;
		*err = why;
		return -1;
	}
	q->answer(q->arg, who, event);
	json_decref(event);
	return 0;
}

static int ask_there(const struct cli_args *args, const struct cli_question *q, struct ord_err *err)
{
	struct ord_target t = {.kind = ORD_TARGET_HOST};
	ord_auto(holder) struct ord_holder *h = NULL;
	json_t *event;
	int r;

	r = cli_via_read(args, &t, err) || ord_far_open(t.via, NULL, &h, err) ||
			    ord_far_ask(h, json_incref(q->request), q->timeout_ns, &event, err)
		    ? -1
		    : 0;
	ord_target_done(&t);
	if (r < 0)
		return -1;
	q->answer(q->arg, "there", event);
	json_decref(event);
	return 0;
}

static int ask_here(const struct cli_question *q, struct ord_err *ret_denied, struct ord_err *err)
{
	bool root = geteuid() == 0, mine = root || ord_holder_may_run();
	struct asked host = {0}, kube, roots = {0};
	json_t *event;
	int r = 0;

	/* All at the same time: a halt has a second. Who may not run the host's injector holds no
	 * lease of his own there; root's may be his to see. */
	ask_start(ORD_PROGRAM_KUBE, false, q->request, &kube);
	if (mine)
		ask_start(ORD_PROGRAM_HOST, false, q->request, &host);
	if (!root)
		ask_start(ORD_PROGRAM_HOST, true, q->request, &roots);
	if (mine && ask_finish(&host, q->timeout_ns, &event, err)) {
		r = -1;
	} else if (mine) {
		q->answer(q->arg, root ? "root" : "you", event);
		json_decref(event);
	}
	if (!root && ask_finish(&roots, q->timeout_ns, &event, ret_denied) == 0) {
		ret_denied->msg[0] = '\0';
		q->answer(q->arg, "root", event);
		json_decref(event);
	} else if (!root && !mine) {
		*err = *ret_denied;
		r = -1;
	}
	return kube_answer(&kube, q, root ? "root" : "you", err) < 0 ? -1 : r;
}

int cli_ask_all(const struct cli_args *args, const struct cli_question *q,
		struct ord_err *ret_denied, struct ord_err *err)
{
	ord_auto(json) json_t *owned = q->request;

	ret_denied->msg[0] = '\0';
	if (!owned)
		return ord_fail_nomem(err);
	if (cli_flag(args, "via") || cli_flag(args, "via-copy"))
		return ask_there(args, q, err);
	return ask_here(q, ret_denied, err);
}
