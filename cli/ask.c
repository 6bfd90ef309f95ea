#include "cli/ask.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
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
static int kube_answer(struct asked *a, uint64_t timeout_ns,
		       void (*answer)(void *arg, const char *who, const json_t *event), void *arg,
		       const char *who, struct ord_err *err)
{
	struct ord_err why;
	json_t *event;

	if (ask_finish(a, timeout_ns, &event, &why) < 0) {
		if (why.code == ORD_SKIP)
			return 0;
		*err = why;
		return -1;
	}
	answer(arg, who, event);
	json_decref(event);
	return 0;
}

int cli_ask_all(json_t *request, uint64_t timeout_ns,
		void (*answer)(void *arg, const char *who, const json_t *event), void *arg,
		struct ord_err *ret_denied, struct ord_err *err)
{
	ord_auto(json) json_t *owned = request;
	bool root = geteuid() == 0, mine = root || ord_holder_may_run();
	struct asked host = {0}, kube, roots = {0};
	json_t *event;
	int r = 0;

	ret_denied->msg[0] = '\0';
	if (!request)
		return ord_fail_nomem(err);
	/* All at the same time: a halt has a second. Who may not run the host's injector holds no
	 * lease of his own there; root's may be his to see. */
	ask_start(ORD_PROGRAM_KUBE, false, owned, &kube);
	if (mine)
		ask_start(ORD_PROGRAM_HOST, false, owned, &host);
	if (!root)
		ask_start(ORD_PROGRAM_HOST, true, owned, &roots);
	if (mine && ask_finish(&host, timeout_ns, &event, err)) {
		r = -1;
	} else if (mine) {
		answer(arg, root ? "root" : "you", event);
		json_decref(event);
	}
	if (!root && ask_finish(&roots, timeout_ns, &event, ret_denied) == 0) {
		ret_denied->msg[0] = '\0';
		answer(arg, "root", event);
		json_decref(event);
	} else if (!root && !mine) {
		*err = *ret_denied;
		r = -1;
	}
	return kube_answer(&kube, timeout_ns, answer, arg, root ? "root" : "you", err) < 0 ? -1 : r;
}
