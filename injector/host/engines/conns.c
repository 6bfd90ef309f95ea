#include "conns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/rng.h"
#include "base/units.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool conn_is_ipv4(const struct conn_end *end)
{
	return memcmp(end->addr, mapped, sizeof mapped) == 0;
}

static bool address_within(const struct conn_end *end, const struct ord_endpoint *e)
{
	const bool v4 = conn_is_ipv4(end);
	const uint8_t *addr = end->addr + (v4 ? sizeof mapped : 0);
	const unsigned whole = e->prefix / 8u, rest = e->prefix % 8u;

	if (e->family == AF_UNSPEC)
		return true;
	if ((e->family == AF_INET) != v4 || memcmp(addr, e->addr, whole) != 0)
		return false;
	return rest == 0 || ((addr[whole] ^ e->addr[whole]) & 0xff << (8 - rest) & 0xff) == 0;
}

bool conn_within(const struct conn_end *end, const struct ord_endpoints *eps)
{
	for (size_t i = 0; i < eps->n; i++) {
		const struct ord_endpoint *e = &eps->v[i];

		if (address_within(end, e) &&
		    (!e->port_lo || (end->port >= e->port_lo && end->port <= e->port_hi)))
			return true;
	}
	return false;
}

void conns_done(struct conns *c)
{
	free(c->v);
	*c = (struct conns){0};
}

int conns_add(struct conns *c, const struct conn *conn, const struct conn_filter *f,
	      struct ord_err *err)
{
	const bool excluded = conn_within(&conn->peer, f->exclude);

	if (!excluded && ((f->to->n && !conn_within(&conn->peer, f->to)) ||
			  (f->local->n && !conn_within(&conn->local, f->local))))
		return 0;
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		struct conn *v = reallocarray(c->v, room, sizeof *v);

		if (!v)
			return ord_fail_nomem(err);
		c->v = v;
		c->room = room;
	}
	c->v[c->n] = *conn;
	c->v[c->n++].excluded = excluded;
	return 0;
}

static int end_order(const struct conn_end *a, const struct conn_end *b)
{
	const int by_address = memcmp(a->addr, b->addr, sizeof a->addr);

	return by_address ? by_address : (a->port > b->port) - (a->port < b->port);
}

static int by_ends(const void *a, const void *b)
{
	const struct conn *x = a, *y = b;
	const int by_local = end_order(&x->local, &y->local);

	return by_local ? by_local : end_order(&x->peer, &y->peer);
}

static int by_rank(const void *a, const void *b)
{
	const struct conn *x = a, *y = b;

	return x->rank == y->rank ? by_ends(a, b) : x->rank > y->rank ? 1 : -1;
}

static int by_cookie(const void *a, const void *b)
{
	const struct conn *x = a, *y = b;

	return memcmp(x->cookie, y->cookie, sizeof x->cookie);
}

/* The other end of it, where that is here as well, is to be left alone. */
static bool other_end_excluded(const struct conns *c, const struct conn *conn)
{
	const struct conn mirror = {.local = conn->peer, .peer = conn->local};
	const struct conn *found = bsearch(&mirror, c->v, c->n, sizeof *c->v, by_ends);

	return found && found->excluded;
}

static uint64_t rank(const struct conn *conn, uint64_t seed, uint64_t round)
{
	const struct conn_end *ends[] = {&conn->local, &conn->peer};
	uint64_t hash = 0xcbf29ce484222325u ^ seed; /* FNV-1a; the generator mixes it well */
	struct ord_rng rng;

	for (size_t i = 0; i < 2; i++) {
		const uint8_t port[2] = {(uint8_t)(ends[i]->port >> 8), (uint8_t)ends[i]->port};

		for (size_t k = 0; k < sizeof ends[i]->addr; k++)
			hash = (hash ^ ends[i]->addr[k]) * 0x100000001b3u;
		hash = (hash ^ port[0]) * 0x100000001b3u;
		hash = (hash ^ port[1]) * 0x100000001b3u;
	}
	ord_rng_init(&rng, hash + round);
	return ord_rng_next(&rng);
}

size_t conns_choose(struct conns *c, uint32_t share_ppm, uint64_t seed, uint64_t round)
{
	size_t meant = 0, chosen;

	if (c->n == 0)
		return 0;
	qsort(c->v, c->n, sizeof *c->v, by_ends);
	for (size_t i = 0; i < c->n; i++)
		c->v[i].rank = c->v[i].excluded || other_end_excluded(c, &c->v[i]);
	for (size_t i = 0; i < c->n; i++)
		if (!c->v[i].rank)
			c->v[meant++] = c->v[i];
	for (size_t i = 0; i < meant; i++)
		c->v[i].rank = rank(&c->v[i], seed, round);
	chosen = (meant * share_ppm + ORD_PPM / 2) / ORD_PPM;
	if (chosen == 0 && meant)
		chosen = 1;
	if (chosen < meant)
		qsort(c->v, meant, sizeof *c->v, by_rank);
	c->n = chosen;
	qsort(c->v, c->n, sizeof *c->v, by_cookie);
	return meant;
}

bool conns_has(const struct conns *c, const uint32_t cookie[2])
{
	const struct conn one = {.cookie = {cookie[0], cookie[1]}};

	return c->n && bsearch(&one, c->v, c->n, sizeof *c->v, by_cookie);
}
