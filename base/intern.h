/* Byte strings that many hold: each is kept once and known by a number, until as many drops as
 * adds. */
#ifndef ORDEAL_BASE_INTERN_H
#define ORDEAL_BASE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct ord_interned {
	void *data; /* owned; NULL: this number is free */
	uint32_t size, refs;
	uint32_t next; /* in its bucket, or of the free ones */
};

/* Begins as zeroes. */
struct ord_intern {
	struct ord_interned *v;
	uint32_t n, room, free; /* free: 1 + the first; 0: none */
	uint32_t *buckets;	/* 1 + the first of each */
	uint32_t n_buckets, n_held;
};

int ord_intern_add(struct ord_intern *in, const void *data, size_t size, uint32_t *ret,
		   struct ord_err *err);
/* Borrowed; aligned for anything. */
const void *ord_intern_get(const struct ord_intern *in, uint32_t id, size_t *ret_size);
void ord_intern_drop(struct ord_intern *in, uint32_t id);
void ord_intern_done(struct ord_intern *in);

#endif
