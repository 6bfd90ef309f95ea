#include "tests/support/watch_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SAID_MAX 20 /* lost ones that are named */

struct written {
	uint64_t version, sent_ns, answered_ns;
	uint8_t uid[UID_SIZE];
	char mark;    /* as in the record */
	bool was, is; /* part of the watched set before and after */
	bool told;
};

struct record {
	struct written *v;
	size_t n;
	bool selective;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "watch record: %s\n", what);
	exit(1);
}

static int ascending(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int record_uid(const char *text, uint8_t out[static UID_SIZE])
{
	size_t n = 0;
	unsigned byte;

	for (; *text && n < UID_SIZE; text += 2) {
		text += *text == '-';
		if (sscanf(text, "%2x", &byte) != 1)
			return -1;
		out[n++] = (uint8_t)byte;
	}
	return n == UID_SIZE && !*text ? 0 : -1;
}

/* --- the record ------------------------------------------------------------------------------ */

static void read_line(struct record *r, const char *line)
{
	struct written *w = &r->v[r->n++];
	char uid[64];
	int was, is;

	must(sscanf(line, "%c %63s %" SCNu64 " %" SCNu64 " %" SCNu64 " %d %d", &w->mark, uid,
		    &w->version, &w->sent_ns, &w->answered_ns, &was, &is) == 7 &&
		     !record_uid(uid, w->uid),
	     "a line that the writer does not write");
	w->told = false;
	w->was = r->selective ? was : w->mark != 'A';
	w->is = r->selective ? is : w->mark != 'D';
}

static void read_record(FILE *f, struct record *r)
{
	char line[256];
	size_t room = 0;

	rewind(f);
	while (fgets(line, sizeof line, f)) {
		if (r->n == room) {
			room = room ? 2 * room : 4096;
			r->v = reallocarray(r->v, room, sizeof *r->v);
			must(r->v != NULL, "no memory");
		}
		read_line(r, line);
	}
}

static int written_by_uid(const void *a, const void *b)
{
	const struct written *x = a, *y = b;
	int by = memcmp(x->uid, y->uid, UID_SIZE);

	return by ? by : (x->version > y->version) - (x->version < y->version);
}

static int told_by_version(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	int by = (x->version > y->version) - (x->version < y->version);

	return by ? by : (x->order > y->order) - (x->order < y->order);
}

static int told_by_uid(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	int by = memcmp(x->uid, y->uid, UID_SIZE);

	return by ? by : (x->order > y->order) - (x->order < y->order);
}

/* --- what the watch must have told ----------------------------------------------------------- */

static enum kube_event event_of(const struct written *w)
{
	if (!w->was)
		return KUBE_ADDED;
	return w->is ? KUBE_MODIFIED : KUBE_DELETED;
}

static bool was_cut(const struct cuts *c, const struct written *w)
{
	for (size_t i = 0; i < c->n; i++)
		if (w->answered_ns >= c->from_ns[i] && (!c->to_ns[i] || w->sent_ns <= c->to_ns[i]))
			return true;
	return false;
}

static struct told *find(struct told *told, size_t n, const struct written *w)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (told[mid].version < w->version)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && told[lo].version == w->version; lo++)
		if (!memcmp(told[lo].uid, w->uid, UID_SIZE))
			return &told[lo];
	return NULL;
}

static void say_lost(const struct written *w, const struct verdict *v)
{
	if (v->lost <= SAID_MAX)
		(void)fprintf(stderr, "lost: %c %02x%02x%02x%02x %" PRIu64 ", %d to %d\n", w->mark,
			      w->uid[0], w->uid[1], w->uid[2], w->uid[3], w->version, w->was,
			      w->is);
}

/* told is sorted by version. */
static void compare_writes(struct record *r, struct told *told, size_t n, const struct cuts *cuts,
			   struct verdict *v)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct written *w = &r->v[i];
		struct told *t = find(told, n, w);

		v->written += w->mark != 'F';
		first = w->sent_ns < first ? w->sent_ns : first;
		last = w->answered_ns > last ? w->answered_ns : last;
		if (!w->version || (!w->was && !w->is))
			continue;
		v->expected++;
		if (!t) {
			was_cut(cuts, w) ? v->lost_in_cut++ : v->lost++;
			say_lost(w, v);
			continue;
		}
		w->told = t->matched = true;
		if (was_cut(cuts, w) || w->mark == 'F')
			continue;
		v->mistaken += t->event != event_of(w);
		v->sent[v->n] = (int64_t)(t->at_ns - w->sent_ns);
		v->answered[v->n++] = (int64_t)(t->at_ns - w->answered_ns);
	}
	v->per_s = last > first ? (double)v->written * (double)ORD_S / (double)(last - first) : 0;
}

/* The pod whose writes are w, of which the last is its last: what was told of it, t, in order. */
static void compare_pod(const struct written *w, size_t n_w, const struct told *t, size_t n_t,
			struct verdict *v)
{
	const struct written *last = &w[n_w - 1];
	bool foreign = false;
	size_t going = 0;

	for (size_t i = 0; i < n_w; i++)
		foreign |= w[i].mark == 'F' || !w[i].version;
	for (size_t i = 0; i < n_t; i++) {
		if (t[i].matched || foreign)
			continue;
		if (t[i].going && !going && t[i].event == KUBE_MODIFIED && last->mark == 'D')
			going++;
		else
			v->unknown++;
	}
	v->going += going;
	if (last->told || foreign || (!last->was && !last->is))
		return;
	/* After a cut a deletion is told without its revision, or not at all where the pod was not
	 * told either. */
	v->stale += last->is || (n_t && t[n_t - 1].event != KUBE_DELETED);
}

static void compare_pods(struct record *r, struct told *told, size_t n, struct verdict *v)
{
	size_t begin = 0, t = 0;

	qsort(r->v, r->n, sizeof *r->v, written_by_uid);
	qsort(told, n, sizeof *told, told_by_uid);
	for (size_t i = 1; i <= r->n; i++) {
		const uint8_t *uid = r->v[begin].uid;
		size_t from;

		if (i < r->n && !memcmp(r->v[i].uid, uid, UID_SIZE))
			continue;
		while (t < n && memcmp(told[t].uid, uid, UID_SIZE) < 0)
			t++;
		for (from = t; t < n && !memcmp(told[t].uid, uid, UID_SIZE);)
			t++;
		compare_pod(&r->v[begin], i - begin, &told[from], t - from, v);
		begin = i;
	}
}

void record_compare(FILE *record, bool selective, struct told *told, size_t n,
		    const struct cuts *cuts, struct verdict *ret)
{
	struct record r = {.selective = selective};
	size_t matched = 0;

	*ret = (struct verdict){.n = 0};
	read_record(record, &r);
	ret->sent = calloc(r.n + 1, sizeof *ret->sent);
	ret->answered = calloc(r.n + 1, sizeof *ret->answered);
	must(ret->sent && ret->answered, "no memory");
	for (size_t i = 0; i < n; i++) {
		told[i].order = i;
		ret->disordered += i && !cuts->n && told[i].version < told[i - 1].version;
	}
	qsort(told, n, sizeof *told, told_by_version);
	for (size_t i = 1; i < n; i++) {
		told[i].matched = told[i].version && told[i].version == told[i - 1].version;
		ret->doubled += told[i].matched;
	}
	compare_writes(&r, told, n, cuts, ret);
	for (size_t i = 0; i < n; i++)
		matched += told[i].matched;
	compare_pods(&r, told, n, ret);
	ret->others = n - matched - ret->unknown - ret->going;
	qsort(ret->sent, ret->n, sizeof *ret->sent, ascending);
	qsort(ret->answered, ret->n, sizeof *ret->answered, ascending);
	free(r.v);
}
