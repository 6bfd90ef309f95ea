/* One question to an injector that holds no lease: status, halt, resume, rescue, doctor. */
#ifndef ORDEAL_CLI_ASK_H
#define ORDEAL_CLI_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/fault.h"

/* The request is taken. *ret is the answer, owned by the caller. A `failed` event is an error. */
int cli_ask(enum ord_program which, json_t *request, bool as_root, uint64_t timeout_ns,
	    json_t **ret, struct ord_err *err);

/*
 * The same of everybody whose leases this user may reach, and of both programs at the same time:
 * one's own, and root's (by sudo, if one is not root). Calls back with each answer (borrowed); who
 * is "root" or "you". Where root cannot be asked, *ret_denied says why (else it is
 * ""); that is no error here. The request is taken.
 */
int cli_ask_all(json_t *request, uint64_t timeout_ns,
		void (*answer)(void *arg, const char *who, const json_t *event), void *arg,
		struct ord_err *ret_denied, struct ord_err *err);

json_t *cli_request(const char *op);

#endif
