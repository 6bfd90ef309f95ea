/* What the files of the module share. */
#ifndef ORDEAL_FAR_PRIVATE_H
#define ORDEAL_FAR_PRIVATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "ordeal/far.h"

struct ord_holder;

/* Sees to it that the last word of the command, an absolute path, is the static injector of this
 * build on the far machine: looks at its checksum, and copies it where it is another or none. */
int far_copy(const struct ord_via *via, const atomic_bool *stop, struct ord_err *err);
/* Adds to *err what would be right, where the words of a command that led nowhere are known. */
void far_hint(const struct ord_holder *h, const struct ord_via *via, struct ord_err *err);
/* True, and *err says so, where whoever waits is to give up. */
bool far_stopped(const atomic_bool *stop, struct ord_err *err);

#endif
