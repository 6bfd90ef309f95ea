#include "orderbook.h"

#include <stdlib.h>
#include <string.h>

uint64_t orderbook_add(struct orderbook *book, const char *text)
{
	char **place = &book->orders[(book->last + 1) % ORDERBOOK_KEPT];
	char *copy = strdup(text);

	if (!copy)
		return 0;
	free(*place);
	*place = copy;
	return ++book->last;
}

const char *orderbook_get(const struct orderbook *book, uint64_t id)
{
	if (id == 0 || id > book->last || book->last - id >= ORDERBOOK_KEPT)
		return NULL;
	return book->orders[id % ORDERBOOK_KEPT];
}

void orderbook_free(struct orderbook *book)
{
	for (size_t i = 0; i < ORDERBOOK_KEPT; i++)
		free(book->orders[i]);
	*book = (struct orderbook){0};
}
