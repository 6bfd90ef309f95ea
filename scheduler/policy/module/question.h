/* What is asked, as JSON (docs/formats/policy.md). */
#ifndef ORDEAL_POLICY_QUESTION_H
#define ORDEAL_POLICY_QUESTION_H

#include <jansson.h>

#include "ordeal/policy.h"

/* Owned; NULL: out of memory. */
json_t *question_json(const struct ord_policy_question *q);

#endif
