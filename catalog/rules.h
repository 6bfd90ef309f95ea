/* Rules between the parameters of one fault, which no range can say. */
#ifndef ORDEAL_CATALOG_RULES_H
#define ORDEAL_CATALOG_RULES_H

#include "ordeal/fault.h"

/* ORD_USAGE where a rule is broken; after the defaults were filled in. */
int ord_args_rules(const struct ord_args *args, struct ord_err *err);

#endif
