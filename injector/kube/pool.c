#include "injector/kube/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/kube/known.h"
#include "kube/match.h"

#define WATCHES_MAX 16		 /* of one namespace each; of more namespaces one watch of all */
#define ASK_NS	    (2 * ORD_S)	 /* for what is around one pod */
#define PREPARE_NS  (30 * ORD_S) /* ...around all of them */
#define LATE_MAX    1000	 /* pods that may wait for something else */
#define LEVELS_MAX  8		 /* of ownership */

enum { READY = 1, ENDING = 2, TAKEN = 4, TOLD = 8, STATE = READY | ENDING | TAKEN };

struct late {
	struct late *next;
	bool first; /* it was there at the start */
	json_t *object;
};

struct inj_pool {
	struct inj_pool_how how;
	struct kube *k;
	struct ord_target target; /* whose kube is `timeless` */
	/* The selection without its ages: time changes those without an event. */
	struct ord_kube_target timeless;
	uint64_t older_ns, younger_ns;
	struct kube_match *match;
	struct kube_around *around;
	struct kube_watch *watches[WATCHES_MAX];
	size_t n_watches, n_synced, n_cut, n_late;
	struct late *late, **late_end;
	struct inj_known_table known;
	size_t ready;
	bool quiet; /* what comes was there at the start */
	char trouble[512];
};

static bool told_all(const struct inj_pool *p)
{
	return p->n_watches > 0 && p->n_synced == p->n_watches;
}

/* --- one pod -------------------------------------------------------------------------------- */

static bool ages(const struct inj_pool *p)
{
	return p->older_ns > 0 || p->younger_ns > 0;
}

/* The API server's wall clock, by which pods are born. */
static int64_t server_ns(const struct inj_pool *p)
{
	int64_t lo = 0, hi = 0;

	(void)kube_clock_offset(p->k, &lo, &hi);
	return (int64_t)ord_wall_ns() + (lo + hi) / 2;
}

static bool of_age(const struct inj_pool *p, const struct inj_known *k, int64_t now_ns)
{
	int64_t age = now_ns - k->born_ns;

	return (p->older_ns == 0 || age >= (int64_t)p->older_ns) &&
	       (p->younger_ns == 0 || age <= (int64_t)p->younger_ns);
}

static bool counts(const struct inj_known *k)
{
	return (k->flags & STATE) == READY;
}

static void flags_set(struct inj_pool *p, struct inj_known *k, unsigned flags)
{
	p->ready -= counts(k);
	k->flags = flags;
	p->ready += counts(k);
}

static bool is_ready(const json_t *object)
{
	const json_t *list = json_object_get(json_object_get(object, "status"), "conditions"), *c;
	size_t i;

	json_array_foreach (list, i, c)
		if (strcmp(inj_json_text(c, "type"), "Ready") == 0)
			return strcmp(inj_json_text(c, "status"), "True") == 0;
	return false;
}

/* FNV-1a of the node's or the zone's name: a number that is the same for the same one. */
static uint32_t group_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

/* It matches from now on; who wants to know is told, once. */
static void come(struct inj_pool *p, struct inj_known *k)
{
	struct ord_object pod;

	if ((k->flags & (TOLD | ENDING)) || !of_age(p, k, server_ns(p)))
		return;
	k->flags |= TOLD;
	if (p->quiet || !told_all(p) || !p->how.came)
		return;
	inj_known_object(k, &pod);
	p->how.came(p->how.arg, &pod);
}

static void note(struct inj_pool *p, const json_t *object, const char *group)
{
	const json_t *meta = json_object_get(object, "metadata");
	bool new, ending = json_object_get(meta, "deletionTimestamp");
	struct inj_known *k = inj_known_note(&p->known, meta, &new);

	if (!k)
		return; /* as if it had not come: its next change may find memory */
	flags_set(p, k,
		  (k->flags & (TAKEN | TOLD)) | (is_ready(object) ? READY : 0) |
			  (ending ? ENDING : 0));
	if (new)
		(void)ord_parse_utc(inj_json_text(meta, "creationTimestamp"), &k->born_ns);
	k->group = group_of(group);
	come(p, k);
}

static void forget(struct inj_pool *p, const json_t *object)
{
	const char *uid = inj_json_text(json_object_get(object, "metadata"), "uid");
	struct inj_known *k = inj_known_find(&p->known, uid);

	if (!k)
		return;
	flags_set(p, k, 0);
	inj_known_drop(&p->known, k);
}

/* False where something around it is not known yet. */
static bool judge(struct inj_pool *p, const json_t *object)
{
	char why[KUBE_WHY], group[ORD_KUBE_NAME] = "";
	struct ord_err err;
	int r = kube_match(p->match, p->around, object, why, &err);

	if (r == KUBE_MATCH && p->timeless.spread != ORD_SPREAD_NONE)
		r = kube_group_of(p->match, p->around, object, group, &err);
	if (r == KUBE_UNKNOWN)
		return false;
	if (r == KUBE_MATCH)
		note(p, object, group);
	else
		forget(p, object);
	return true;
}

/* --- the watch ------------------------------------------------------------------------------ */

static void on_error(void *arg, const struct ord_err *err)
{
	struct inj_pool *p = arg;

	(void)snprintf(p->trouble, sizeof p->trouble, "%s", err->msg);
}

static void put_off(struct inj_pool *p, const json_t *object, bool first)
{
	struct late *l = p->n_late < LATE_MAX ? calloc(1, sizeof *l) : NULL;

	if (!l)
		return;
	l->object = json_deep_copy(object);
	l->first = first;
	*p->late_end = l;
	p->late_end = &l->next;
	p->n_late++;
}

static void late_take(struct inj_pool *p)
{
	struct late *l = p->late;

	p->late = l->next;
	if (!p->late)
		p->late_end = &p->late;
	p->n_late--;
	json_decref(l->object);
	free(l);
}

/* What is around the pods that wait is asked for, for all of them at once and level by level. One
 * that cannot be judged then is none. */
static void late_judge(struct inj_pool *p)
{
	struct ord_err err;

	for (int level = 0; p->late && level < LEVELS_MAX; level++) {
		size_t n = p->n_late;

		if (kube_around_fetch(p->around, p->k, ord_now_ns() + ASK_NS, &err) < 0)
			on_error(p, &err);
		for (; n > 0; n--) {
			struct late *l = p->late;

			p->quiet = l->first;
			if (!judge(p, l->object))
				put_off(p, l->object, l->first);
			late_take(p);
		}
	}
	while (p->late)
		late_take(p);
	p->quiet = false;
}

void inj_pool_tick(struct inj_pool *p)
{
	if (p->late)
		late_judge(p);
	if (p->older_ns == 0)
		return;
	for (size_t i = 0; i < INJ_KNOWN_BUCKETS; i++)
		for (struct inj_known *k = p->known.buckets[i], *next; k; k = next) {
			next = k->next;
			come(p, k);
		}
}

uint64_t inj_pool_due(const struct inj_pool *p)
{
	int64_t now = server_ns(p), first = INT64_MAX;

	if (p->older_ns == 0 || !p->how.came)
		return UINT64_MAX;
	for (size_t i = 0; i < INJ_KNOWN_BUCKETS; i++)
		for (const struct inj_known *k = p->known.buckets[i]; k; k = k->next) {
			int64_t rest = k->born_ns + (int64_t)p->older_ns - now;

			if (!(k->flags & TOLD) && rest < first)
				first = rest;
		}
	if (first == INT64_MAX)
		return UINT64_MAX;
	return ord_now_ns() + (first > 0 ? (uint64_t)first : 0);
}

static void on_event(void *arg, enum kube_event e, const json_t *object, uint64_t arrival_ns)
{
	struct inj_pool *p = arg;

	(void)arrival_ns;
	switch (e) {
	case KUBE_ADDED:
	case KUBE_MODIFIED:
		if (!judge(p, object))
			put_off(p, object, !told_all(p));
		break;
	case KUBE_DELETED:
		forget(p, object);
		break;
	case KUBE_SYNCED:
		p->n_synced++;
		break;
	case KUBE_CUT:
		p->n_cut++;
		break;
	case KUBE_RESUMED:
		p->n_cut--;
		break;
	}
}

static int selection_take(struct inj_pool *p, struct ord_err *err)
{
	if (ord_kube_target_copy(p->how.selection, &p->timeless, err) < 0)
		return -1;
	p->older_ns = p->timeless.match.older_ns;
	p->younger_ns = p->timeless.match.younger_ns;
	p->timeless.match.older_ns = p->timeless.match.younger_ns = 0;
	p->target = (struct ord_target){.kind = ORD_TARGET_POD, .all = true, .kube = &p->timeless};
	return kube_match_new(&p->target, &p->match, err);
}

int inj_pool_new(struct kube *k, const struct inj_pool_how *how, struct inj_pool **ret,
		 struct ord_err *err)
{
	struct inj_pool *p = calloc(1, sizeof *p);
	uint64_t limit = ord_now_ns() + PREPARE_NS;

	if (!p)
		return ord_fail_nomem(err);
	p->how = *how;
	p->k = k;
	p->late_end = &p->late;
	if (selection_take(p, err) < 0 || kube_around_new(&p->around, err) < 0 ||
	    kube_match_prepare(p->match, p->around, k, limit, err) < 0) {
		inj_pool_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

int inj_pool_start(struct inj_pool *p, struct ord_err *err)
{
	struct kube_set set = {.kind = {"v1", "Pod", "pods", true}};
	struct kube_ask ask;
	bool each;
	int r = 0;

	if (kube_match_ask(p->match, false, &ask, err) < 0)
		return -1;
	each = ask.n_namespaces > 0 && ask.n_namespaces <= WATCHES_MAX;
	set.selector = ask.selector;
	set.field_selector = ask.field_selector;
	set.metadata_only =
		ask.metadata_only && !p->how.ready && p->timeless.spread == ORD_SPREAD_NONE;
	for (size_t i = 0; r == 0 && i < (each ? ask.n_namespaces : 1); i++) {
		set.ns = each ? ask.namespaces[i] : NULL;
		r = kube_watch_open(p->k, &set, on_event, on_error, p, &p->watches[i], err);
		p->n_watches += r == 0;
	}
	kube_ask_done(&ask);
	return r;
}

void inj_pool_free(struct inj_pool *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_watches; i++)
		kube_watch_close(p->watches[i]);
	while (p->late)
		late_take(p);
	kube_match_free(p->match);
	kube_around_free(p->around);
	ord_kube_target_done(&p->timeless);
	inj_known_done(&p->known);
	free(p);
}

/* --- looking and drawing -------------------------------------------------------------------- */

bool inj_pool_synced(const struct inj_pool *p)
{
	return told_all(p) && !p->late;
}

bool inj_pool_live(const struct inj_pool *p)
{
	return inj_pool_synced(p) && p->n_cut == 0;
}

const char *inj_pool_trouble(const struct inj_pool *p)
{
	return p->trouble;
}

size_t inj_pool_ready(const struct inj_pool *p)
{
	int64_t now = server_ns(p);
	size_t n = 0;

	if (!ages(p))
		return p->ready;
	for (size_t i = 0; i < INJ_KNOWN_BUCKETS; i++)
		for (const struct inj_known *k = p->known.buckets[i]; k; k = k->next)
			n += counts(k) && of_age(p, k, now);
	return n;
}

bool inj_pool_is_ready(const struct inj_pool *p, const char *uid)
{
	const struct inj_known *k = inj_known_find(&p->known, uid);

	return k && counts(k) && of_age(p, k, server_ns(p));
}

bool inj_pool_is_ending(const struct inj_pool *p, const char *uid)
{
	const struct inj_known *k = inj_known_find(&p->known, uid);

	return k && (k->flags & ENDING);
}

void inj_pool_take(struct inj_pool *p, const char *uid, bool taken)
{
	struct inj_known *k = inj_known_find(&p->known, uid);

	if (k)
		flags_set(p, k, taken ? k->flags | TAKEN : k->flags & ~(unsigned)TAKEN);
}

static int by_name(const void *a, const void *b)
{
	const struct inj_known *const *x = a, *const *y = b;
	int order = strcmp((*x)->ns, (*y)->ns);

	return order ? order : strcmp((*x)->name, (*y)->name);
}

/* In an order that is the same whatever the watch told first; owned, NULL: out of memory. */
static const struct inj_known **candidates(const struct inj_pool *p, size_t *ret_n)
{
	const struct inj_known **v = calloc(p->known.n + 1, sizeof *v);
	int64_t now = server_ns(p);
	size_t n = 0;

	for (size_t i = 0; v && i < INJ_KNOWN_BUCKETS; i++)
		for (const struct inj_known *k = p->known.buckets[i]; k; k = k->next)
			if (!(k->flags & (ENDING | TAKEN)) && of_age(p, k, now))
				v[n++] = k;
	if (v)
		qsort(v, n, sizeof *v, by_name);
	*ret_n = n;
	return v;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The groups of all as 0, 1, 2...: owned, NULL: out of memory. */
static uint32_t *groups_number(const struct inj_known *const *v, size_t n)
{
	ord_autofree uint32_t *sorted = calloc(n + 1, sizeof *sorted);
	uint32_t *out = calloc(n + 1, sizeof *out);
	size_t different = 0;

	if (!sorted || !out) {
		free(out);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = v[i]->group;
	qsort(sorted, n, sizeof *sorted, by_number);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			sorted[different++] = sorted[i];
	for (size_t i = 0; i < n; i++) {
		const uint32_t *at =
			bsearch(&v[i]->group, sorted, different, sizeof *sorted, by_number);

		out[i] = (uint32_t)(at - sorted);
	}
	return out;
}

size_t inj_pool_draw(const struct inj_pool *p, size_t n, uint64_t seed, struct ord_object *ret)
{
	size_t all, got = 0;
	ord_autofree const struct inj_known **v = candidates(p, &all);
	ord_autofree uint32_t *groups = v ? groups_number(v, all) : NULL;
	ord_autofree bool *taken = calloc(all + 1, sizeof *taken);
	bool spread = p->timeless.spread != ORD_SPREAD_NONE;
	struct ord_err err;

	if (!groups || !taken ||
	    kube_draw(spread ? groups : NULL, all, n < all ? n : all, seed, taken, &err) < 0)
		return 0;
	for (size_t i = 0; i < all; i++)
		if (taken[i])
			inj_known_object(v[i], &ret[got++]);
	return got;
}
