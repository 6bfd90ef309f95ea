/* --set PATH=VALUE: changes the tree before it is read, so that it is checked like the file itself.
 */
#ifndef ORDEAL_SPEC_OVERRIDE_H
#define ORDEAL_SPEC_OVERRIDE_H

#include "scheduler/spec/table.h"

/* Returns the new root (what it changes is copied first: aliases keep what they had). The set is
 * borrowed. */
struct node *override_apply(struct reader *r, struct node *root, const struct ord_override *set);

#endif
