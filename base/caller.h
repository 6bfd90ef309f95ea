/* Who asks, as far as this process can know it. */
#ifndef ORDEAL_BASE_CALLER_H
#define ORDEAL_BASE_CALLER_H

#include <stdbool.h>

#define ORD_CALLER_TEXT 96

/*
 * The management path: the peer of the SSH connection by which the caller sits at this machine, as
 * an endpoint ("192.0.2.7:51234/tcp"), from the environment of this process or of an ancestor.
 * False where there is none.
 */
bool ord_caller_ssh(char out[static ORD_CALLER_TEXT]);

#endif
