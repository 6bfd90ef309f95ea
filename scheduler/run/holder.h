/* What holder.c and holder_start.c share. */
#ifndef ORDEAL_RUN_HOLDER_H
#define ORDEAL_RUN_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ordeal/run.h"

#define HOLDER_REQUEST_MAX 65536u     /* of ordeal-injector; a pipe holds that much */
#define HOLDER_KUBE_MAX	   (1u << 20) /* of ordeal-injector-kube */

struct ord_holder {
	pid_t pid;
	bool sudo;   /* started through sudo: no signal of ours reaches it */
	bool socket; /* systemd started it for a connection of ours: no child, no status, no log */
	size_t request_max;
	bool reaped;
	bool spoke;  /* at least one whole event has arrived */
	int status;  /* of waitpid, once reaped */
	int in, out; /* its standard input (we write) and output (we read); of a socket two
			descriptors of the same one */
	int log; /* its standard error: a memfd, so that it never blocks on us; -1: a socket's */
	char path[ORD_PATH_MAX];
	char *buf; /* what has arrived and is not handed out yet */
	size_t used, size, scanned;
};

/* Of the socket where systemd listens for the injector: $ORDEAL_INJECTOR_SOCKET, else the
 * installation's; NULL: none is to be used. */
const char *holder_socket_path(void);

#endif
