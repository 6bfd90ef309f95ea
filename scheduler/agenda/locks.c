/* Who holds which targets, and who waits for them, in the order in which they came. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ordeal/locks.h"

struct want {
	uint64_t owner;
	char name[ORD_NAME_MAX];
	struct ord_claims claims; /* owned */
	bool held;
};

struct ord_locks {
	struct want **v; /* owned, each too; in the order in which they came */
	size_t n, room, n_waiting;
	size_t looked; /* waiters before it still wait, and nothing was released since */
};

int ord_locks_new(struct ord_locks **ret, struct ord_err *err)
{
	struct ord_locks *l = calloc(1, sizeof *l);

	if (!l)
		return ord_fail_nomem(err);
	*ret = l;
	return 0;
}

static void want_free(struct want *w)
{
	ord_claims_done(&w->claims);
	free(w);
}

void ord_locks_free(struct ord_locks *locks)
{
	for (size_t i = 0; locks && i < locks->n; i++)
		want_free(locks->v[i]);
	if (locks)
		free(locks->v);
	free(locks);
}

/* Who is in its way: who holds something of it, or came before and waits for something of it. */
static const struct want *in_the_way(const struct ord_locks *l, size_t i, size_t *ret_which)
{
	for (size_t j = 0; j < l->n; j++)
		if (j != i && (l->v[j]->held || j < i) &&
		    ord_claims_clash(&l->v[i]->claims, &l->v[j]->claims, ret_which))
			return l->v[j];
	return NULL;
}

int ord_locks_want(struct ord_locks *locks, uint64_t owner, const char *name,
		   struct ord_claims *claims, bool *ret_held, struct ord_err *err)
{
	struct want *w;

	if (locks->n == locks->room) {
		size_t room = locks->room ? 2 * locks->room : 16;
		struct want **more = reallocarray(locks->v, room, sizeof *more);

		if (!more)
			return ord_fail_nomem(err);
		locks->v = more;
		locks->room = room;
	}
	w = calloc(1, sizeof *w);
	if (!w)
		return ord_fail_nomem(err);
	w->owner = owner;
	(void)snprintf(w->name, sizeof w->name, "%s", name);
	w->claims = *claims;
	*claims = (struct ord_claims){0};
	locks->v[locks->n++] = w;
	w->held = !in_the_way(locks, locks->n - 1, NULL);
	locks->n_waiting += !w->held;
	*ret_held = w->held;
	return 0;
}

static size_t find(const struct ord_locks *l, uint64_t owner)
{
	size_t i = 0;

	while (i < l->n && l->v[i]->owner != owner)
		i++;
	return i;
}

void ord_locks_release(struct ord_locks *locks, uint64_t owner)
{
	size_t i = find(locks, owner);

	if (i == locks->n)
		return;
	locks->n_waiting -= !locks->v[i]->held;
	want_free(locks->v[i]);
	memmove(&locks->v[i], &locks->v[i + 1], (--locks->n - i) * sizeof(struct want *));
	locks->looked = 0;
}

bool ord_locks_granted(struct ord_locks *locks, uint64_t *ret_owner)
{
	for (; locks->n_waiting && locks->looked < locks->n; locks->looked++) {
		struct want *w = locks->v[locks->looked];

		if (w->held || in_the_way(locks, locks->looked, NULL))
			continue;
		w->held = true;
		locks->n_waiting--;
		*ret_owner = w->owner;
		return true;
	}
	return false;
}

char *ord_locks_why(const struct ord_locks *locks, uint64_t owner,
		    char out[static ORD_NAME_MAX + ORD_CLAIM_TEXT + 32])
{
	size_t i = find(locks, owner), which = 0;
	const struct want *other = NULL;
	char text[ORD_CLAIM_TEXT];

	*out = '\0';
	if (i < locks->n && !locks->v[i]->held)
		other = in_the_way(locks, i, &which);
	if (other)
		(void)snprintf(out, ORD_NAME_MAX + ORD_CLAIM_TEXT + 32, "%s %s %s", other->name,
			       other->held ? "holds" : "waits for",
			       ord_claim_text(&other->claims.v[which], text));
	return out;
}
