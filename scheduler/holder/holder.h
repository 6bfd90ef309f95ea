/* What the files of this folder share. */
#ifndef ORDEAL_HOLDER_PRIVATE_H
#define ORDEAL_HOLDER_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ordeal/far.h"
#include "ordeal/holder.h"

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
	char path[ORD_PATH_MAX]; /* of a far one the words of the command */
	bool is_far;		 /* of another machine, behind a command of the user's */
	struct {
		struct ord_far_clock clock;
		bool asked;	   /* a hello is under way, */
		uint64_t asked_ns; /* and was, or the last was, sent then */
	} far;
	char *buf; /* what has arrived and is not handed out yet */
	size_t used, size, scanned;
};

/* Of the socket where systemd listens for the injector: $ORDEAL_INJECTOR_SOCKET, else the
 * installation's; NULL: none is to be used. */
const char *holder_socket_path(void);
/* The last lines that it wrote to standard error, "; " between them. */
void holder_words(const struct ord_holder *h, unsigned lines, size_t size, char *out);
/* write() that answers EPIPE instead of raising SIGPIPE, whatever the program does with that
 * signal. */
ssize_t holder_write(int fd, const void *data, size_t n);
/* Waits so long for it to exit. */
void holder_reap(struct ord_holder *h, uint64_t timeout_ns);
/* The injector that needs no library, for other machines. */
int holder_find_static(char ret[ORD_PATH_MAX], struct ord_err *err);

#endif
