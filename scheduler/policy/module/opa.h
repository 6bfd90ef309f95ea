/* An Open Policy Agent (or whoever speaks as it does) is asked: one POST, one answer. */
#ifndef ORDEAL_POLICY_OPA_H
#define ORDEAL_POLICY_OPA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct opa_request {
	const char *url, *token, *ca_file; /* token and ca_file may be NULL */
	const json_t *question;
	uint64_t timeout_ns;
};

/* What came of it. */
struct opa_answer {
	bool answered, allow;
	json_t *reasons;       /* owned: a list of texts; of a refusal never empty */
	char decision_id[129]; /* "": none was given */
};

/* -1: it could not even be asked; whatever else happens is in the answer, and no leave. */
int opa_ask(const struct opa_request *q, struct opa_answer *ret, struct ord_err *err);
void opa_answer_done(struct opa_answer *a);

/* Pure: what the body of a status means. */
int opa_read(long status, const char *body, size_t size, struct opa_answer *ret,
	     struct ord_err *err);

#endif
