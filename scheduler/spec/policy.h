/* spec.policy: whom else to ask before anything is injected. */
#ifndef ORDEAL_SPEC_POLICY_H
#define ORDEAL_SPEC_POLICY_H

#include "scheduler/spec/table.h"

#define POLICY_TEXT_MAX 2048

extern const struct type type_policies;
extern const struct key policy_item;

#endif
