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

static int ask(json_t *request, bool as_root, uint64_t timeout_ns, json_t **ret,
	       struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *holder = NULL;
	json_t *event;
	const char *message;

	if (!request)
		return ord_fail_nomem(err);
	if (ord_holder_spawn(as_root, &holder, err) || ord_holder_send(holder, request, err) ||
	    ord_holder_wait(holder, timeout_ns, &event, err))
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

int cli_ask(json_t *request, bool as_root, uint64_t timeout_ns, json_t **ret, struct ord_err *err)
{
	int r = ask(request, as_root, timeout_ns, ret, err);

	json_decref(request);
	return r;
}

int cli_ask_all(json_t *request, uint64_t timeout_ns,
		void (*answer)(void *arg, const char *who, const json_t *event), void *arg,
		struct ord_err *ret_denied, struct ord_err *err)
{
	ord_auto(json) json_t *owned = request;
	bool root = geteuid() == 0;
	json_t *event;

	ret_denied->msg[0] = '\0';
	/* Who may not run the injector holds no lease of his own; root's may be his to see. */
	if (!root && !ord_holder_may_run()) {
		if (ask(owned, true, timeout_ns, &event, err))
			return -1;
		answer(arg, "root", event);
		json_decref(event);
		return 0;
	}
	if (ask(owned, false, timeout_ns, &event, err))
		return -1;
	answer(arg, root ? "root" : "you", event);
	json_decref(event);
	if (root)
		return 0;
	if (ask(owned, true, timeout_ns, &event, ret_denied))
		return 0;
	ret_denied->msg[0] = '\0';
	answer(arg, "root", event);
	json_decref(event);
	return 0;
}
