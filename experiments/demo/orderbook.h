/* The latest orders, in memory: numbered from 1, the oldest make room. */
#ifndef DEMO_ORDERBOOK_H
#define DEMO_ORDERBOOK_H

#include <stddef.h>
#include <stdint.h>

#define ORDERBOOK_KEPT 16384
#define ORDER_MAX      1024 /* bytes of one order */

struct orderbook {
	uint64_t last; /* number of the newest, 0: none yet */
	char *orders[ORDERBOOK_KEPT];
};

/* Returns the new order's number, 0: no memory. */
uint64_t orderbook_add(struct orderbook *book, const char *text);
/* Borrowed; NULL: never was, or had to make room. */
const char *orderbook_get(const struct orderbook *book, uint64_t id);
void orderbook_free(struct orderbook *book);

#endif
