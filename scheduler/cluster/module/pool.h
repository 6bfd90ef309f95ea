/* Those that match, as small as can be: fifty thousand of them take a few megabytes. */
#ifndef ORDEAL_CLUSTER_POOL_H
#define ORDEAL_CLUSTER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/kube.h"

struct pool_entry {
	size_t at; /* of "NS\0NAME\0UID\0GROUP\0" in texts */
	uint32_t kind;
	uint32_t group;
};

struct pool {
	struct pool_entry *v;
	size_t n, room;
	char *texts;
	size_t used, texts_room;
	const struct ord_object *kinds; /* borrowed; by entry.kind */
};

/* o's texts; group: what it is spread by. */
int pool_add(struct pool *p, uint32_t kind, const struct ord_object *o, const char *group,
	     struct ord_err *err);
void pool_clear(struct pool *p);
void pool_done(struct pool *p);
/* By kind, namespace, name: the order in which the API server told them must not decide who is
 * drawn. Numbers the groups in the order of their names. */
int pool_sort(struct pool *p, struct ord_err *err);
void pool_get(const struct pool *p, size_t i, struct ord_object *ret);
/* "a, b, c, ...": some of the names, for messages. */
const char *pool_names(const struct pool *p, size_t size, char *out);

#endif
