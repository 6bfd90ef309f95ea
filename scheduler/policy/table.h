/* The one symbol of the module: its calls, in the order of calls.def. */
#ifndef ORDEAL_POLICY_TABLE_H
#define ORDEAL_POLICY_TABLE_H

#include "ordeal/policy.h"

#define POLICY_SYMBOL "ordeal_policy_calls"

struct policy_calls {
	size_t size; /* of this struct, as the module was compiled */
#define ORD_OPENS(name, parameters, arguments)	    int(*name) parameters;
#define ORD_CALL(type, name, parameters, arguments) type(*name) parameters;
#define ORD_DROP(name, parameters, arguments)	    void(*name) parameters;
#include "scheduler/policy/calls.def"
#undef ORD_OPENS
#undef ORD_CALL
#undef ORD_DROP
};

extern const struct policy_calls ordeal_policy_calls;

#endif
