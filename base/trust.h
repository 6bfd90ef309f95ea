/* Files that decide what others may do: who else could write them? */
#ifndef ORDEAL_BASE_TRUST_H
#define ORDEAL_BASE_TRUST_H

#include "ordeal/err.h"

/*
 * Opens a regular file for reading that belongs to root and that nobody else may write, on an
 * absolute path on which nobody else may replace anything: every directory from / on is root's, and
 * writable by nobody else or sticky, the last one writable by nobody else. No symbolic links.
 * ORD_GUARD says which of them is another; errno is ENOENT where there is none.
 */
int ord_trust_open(const char *path, int *ret_fd, struct ord_err *err);
/*
 * The same for what guards against mistakes alone, and may come to where it is in any way (links of
 * a mounted ConfigMap): the file, and its folder where that is not mounted read-only. Root is here
 * who owns /, which in a container may be another.
 */
int ord_trust_check(int fd, const char *path, struct ord_err *err);

#endif
