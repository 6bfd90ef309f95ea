/* One question to an injector that holds no lease: status, halt, resume, rescue, doctor. */
#ifndef ORDEAL_CLI_ASK_H
#define ORDEAL_CLI_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "ordeal/err.h"
#include "ordeal/fault.h"

/* The request is taken. *ret is the answer, owned by the caller. A `failed` event is an error. */
int cli_ask(enum ord_program which, json_t *request, bool as_root, uint64_t timeout_ns,
	    json_t **ret, struct ord_err *err);

struct cli_question {
	json_t *request; /* taken */
	uint64_t timeout_ns;
	/* With each answer (borrowed); who is "root", "you", or "there": on another machine. */
	void (*answer)(void *arg, const char *who, const json_t *event);
	void *arg;
};

/*
 * The same of everybody whose leases this user may reach, and of both programs at the same time:
 * one's own, and root's (by sudo, if one is not root). Where root cannot be asked, *ret_denied says
 * why (else it is ""); that is no error here. With --via only the injector is asked that the
 * command leads to.
 */
int cli_ask_all(const struct cli_args *args, const struct cli_question *q,
		struct ord_err *ret_denied, struct ord_err *err);

json_t *cli_request(const char *op);

#endif
