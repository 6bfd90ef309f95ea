/* `ordeal ctl`: what is asked of a running daemon, through its API. In the module ordeal-serve.so.
 */
#ifndef ORDEAL_CTL_H
#define ORDEAL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ordeal/err.h"

/* All borrowed; NULL: not given. */
struct ord_ctl_order {
	const char *verb;
	/* Behind it: the name of a schedule or a run, where the verb takes one; of `gameday` its
	 * own verb, a session, and what is said. */
	const char *const *words;
	size_t n_words;
	const char *by, *note; /* gameday: the role that says it, and why */
	bool overrule, whole_day;
	const char *socket; /* default: where a daemon of this user listens, else the machine's */
	const char *url;    /* instead of a socket: https://HOST:PORT */
	const char *token_file; /* holds the token for it */
	const char *ca_file;	/* who vouches for it, in PEM */
	bool json;
	FILE *out;
};

/*
 * Asks, and prints the answer. ORD_USAGE: the daemon refused it, or there is no such verb;
 * ORD_SKIP: nobody listens.
 */
int ord_ctl(const struct ord_ctl_order *order, struct ord_err *err);

#endif
