/* What only the whole of an experiment can tell: names that must exist, limits, rules of safety. */
#ifndef ORDEAL_SPEC_CHECK_H
#define ORDEAL_SPEC_CHECK_H

#include "scheduler/spec/table.h"

void spec_check(struct reader *r, const struct node *root, struct ord_spec *spec);

#endif
