#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 64u

static uint32_t hash_of(const void *data, size_t size)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t *bucket(const struct ord_intern *in, const void *data, size_t size)
{
	return &in->buckets[hash_of(data, size) & (in->n_buckets - 1)];
}

/* Twice as many buckets, and what is held in its new one. */
static int spread(struct ord_intern *in, struct ord_err *err)
{
	uint32_t n = in->n_buckets ? 2 * in->n_buckets : FIRST;
	uint32_t *more = calloc(n, sizeof *more);

	if (!more)
		return ord_fail_nomem(err);
	free(in->buckets);
	in->buckets = more;
	in->n_buckets = n;
	for (uint32_t i = 0; i < in->n; i++) {
		struct ord_interned *held = &in->v[i];
		uint32_t *first;

		if (!held->data)
			continue;
		first = bucket(in, held->data, held->size);
		held->next = *first;
		*first = i + 1;
	}
	return 0;
}

/* A number that nobody has. */
static int number(struct ord_intern *in, uint32_t *ret, struct ord_err *err)
{
	if (in->free) {
		*ret = in->free - 1;
		in->free = in->v[*ret].next;
		return 0;
	}
	if (in->n == in->room) {
		uint32_t room = in->room ? 2 * in->room : FIRST;
		struct ord_interned *more = reallocarray(in->v, room, sizeof *more);

		if (!more)
			return ord_fail_nomem(err);
		in->v = more;
		in->room = room;
	}
	*ret = in->n++;
	return 0;
}

int ord_intern_add(struct ord_intern *in, const void *data, size_t size, uint32_t *ret,
		   struct ord_err *err)
{
	uint32_t *first, id;
	void *copy;

	if (in->n_held >= in->n_buckets && spread(in, err))
		return -1;
	first = bucket(in, data, size);
	for (uint32_t i = *first; i; i = in->v[i - 1].next) {
		struct ord_interned *held = &in->v[i - 1];

		if (held->size == size && !memcmp(held->data, data, size)) {
			held->refs++;
			*ret = i - 1;
			return 0;
		}
	}
	copy = malloc(size ? size : 1);
	if (!copy || number(in, &id, err)) {
		free(copy);
		return ord_fail_nomem(err);
	}
	memcpy(copy, data, size);
	in->v[id] = (struct ord_interned){copy, (uint32_t)size, 1, *first};
	*first = id + 1;
	in->n_held++;
	*ret = id;
	return 0;
}

const void *ord_intern_get(const struct ord_intern *in, uint32_t id, size_t *ret_size)
{
	if (ret_size)
		*ret_size = in->v[id].size;
	return in->v[id].data;
}

void ord_intern_drop(struct ord_intern *in, uint32_t id)
{
	struct ord_interned *held = &in->v[id];
	uint32_t *at;

	if (--held->refs)
		return;
	for (at = bucket(in, held->data, held->size); *at != id + 1; at = &in->v[*at - 1].next)
		;
	*at = held->next;
	free(held->data);
	*held = (struct ord_interned){.next = in->free};
	in->free = id + 1;
	in->n_held--;
}

void ord_intern_done(struct ord_intern *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		free(in->v[i].data);
	free(in->v);
	free(in->buckets);
	*in = (struct ord_intern){0};
}
