/*
 * One daemon of several: whoever holds a coordination.k8s.io Lease may act, as client-go's leader
 * election has it. The Lease is held by a thread, so that no loop waits for an API server; whether
 * it is held now is a question of a clock alone, and is answered whatever that thread does.
 */
#ifndef ORDEAL_TENURE_H
#define ORDEAL_TENURE_H

#include <stdbool.h>
#include <stdint.h>

#include "ordeal/err.h"

struct ord_tenure;

#define ORD_TENURE_HOLDER 256

/* All borrowed until ord_tenure_open returns. */
struct ord_tenure_options {
	const char *context; /* as --context names it */
	const char *ns, *name;
	/* 0: 15 s until others may take it, 10 s until it is given up where it cannot be renewed, 2
	 * s between tries. */
	uint64_t lease_ns, renew_ns, retry_ns;
};

struct ord_tenure_look {
	uint64_t term;	   /* counts how often it was taken; 0: not yet */
	uint64_t until_ns; /* CLOCK_BOOTTIME: ours before; 0: it is not */
	int64_t other_ns;  /* CLOCK_REALTIME: when another last said that it held it; 0: none did */
	char holder[ORD_TENURE_HOLDER]; /* as it was last read; "": nobody */
	char why[256];			/* what the last try met with; "": nothing */
};

/* Reads the credentials, and begins. ORD_GUARD where the context names nothing. */
int ord_tenure_open(const struct ord_tenure_options *options, struct ord_tenure **ret,
		    struct ord_err *err);
/* Readable after a change, until ord_tenure_look(). */
int ord_tenure_fd(const struct ord_tenure *t);
void ord_tenure_look(struct ord_tenure *t, struct ord_tenure_look *ret);
/* Of the term that began last; 0: it is not ours. */
uint64_t ord_tenure_term(struct ord_tenure *t);
/* Who we are to the others: host and a random part. */
const char *ord_tenure_me(const struct ord_tenure *t);
/* Waits for 5 s at most. release: others need not wait until it has run out. NULL is fine. */
void ord_tenure_close(struct ord_tenure *t, bool release);

#endif
