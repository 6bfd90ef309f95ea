/* What the files of the module share. */
#ifndef ORDEAL_FAR_PRIVATE_H
#define ORDEAL_FAR_PRIVATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "ordeal/far.h"

/* Sees to it that the last word of the command, an absolute path, is the static injector of this
 * build on the far machine: looks at its checksum, and copies it where it is another or none. */
int far_copy(const struct ord_via *via, const atomic_bool *stop, struct ord_err *err);
/* True, and *err says so, where whoever waits is to give up. */
bool far_stopped(const atomic_bool *stop, struct ord_err *err);

#endif
