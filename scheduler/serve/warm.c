/*
 * What of a run takes long is done ahead of its instant: its process is started, reads, plans and
 * looks at the targets, and then waits (ord_child_begin). Only where the claim is on the disk, and
 * never more of them than runs may be in progress: each is as large as a run. Whatever happens to
 * one before its instant is of no account: the run then begins without.
 */
#include "base/auto.h"
#include "scheduler/serve/serve.h"
#include "scheduler/serve/tenure.h"

/* So long before, claims of half a second are on the disk, and a few hundred are made ready. */
#define LEAD_NS ((int64_t)(400 * ORD_MS))
#define MOST	128u /* at once, whatever the limit of runs */

static bool has_room(const struct ord_serve *s)
{
	return !s->warming && s->n_warm < MOST && s->n_running + s->n_warm < s->options.max_runs;
}

static bool is_wanted(const struct ord_serve *s, const struct run *r)
{
	return !r->warm_version && run_is_synced(s, r);
}

/* Not those that would not begin: it is known by now that they are paused, or wait for another. */
static bool may_begin(const struct ord_serve *s, const struct run *r)
{
	const struct entry *e = store_entry(s, r->id);
	struct ord_agenda_entry a;

	if (!e || e->running || e->waiting)
		return false;
	ord_agenda_entry(s->agenda, r->id, &a);
	return !a.paused || r->reason == RUN_NOW;
}

/* One whose instant is here begins sooner without. */
static struct run *first_wanted(const struct ord_serve *s, int64_t now_ns)
{
	if (s->options.cold || s->halted || s->stopping || !tenure_is_ready(s) || !has_room(s))
		return NULL;
	for (struct run *r = s->soonest; r; r = r->later)
		if (r->at_ns > now_ns && is_wanted(s, r) && may_begin(s, r))
			return r;
	return NULL;
}

int64_t warm_next(const struct ord_serve *s, int64_t now_ns)
{
	const struct run *r = first_wanted(s, now_ns);

	return r ? r->at_ns - LEAD_NS : ORD_NEVER;
}

bool warm_one(struct ord_serve *s, int64_t now_ns)
{
	struct run *r = first_wanted(s, now_ns);
	const struct entry *e;
	struct ord_err err;

	if (!r || r->at_ns - LEAD_NS > now_ns)
		return false;
	e = run_entry(s, r);
	r->warm_version = e ? e->version : UINT64_MAX;
	if (!e)
		return true;
	run_read_claims(s, r);
	if (run_prepare(r, &r->warm, &err) == 0) {
		s->n_warm++;
		s->warming = r;
	}
	return true;
}

void warm_started(struct ord_serve *s, const struct run *r)
{
	if (s->warming != r)
		return;
	s->warming = NULL;
	due_ahead(s);
}

void warm_is_of(struct ord_serve *s, struct run *r, uint64_t version)
{
	if (r->warm_version != version)
		warm_drop(s, r);
}

struct ord_child *warm_take(struct ord_serve *s, struct run *r)
{
	struct ord_child *c = r->warm;

	r->warm = NULL;
	s->n_warm--;
	return c;
}

void warm_drop(struct ord_serve *s, struct run *r)
{
	if (r->warm)
		ord_child_abandon(warm_take(s, r));
	warm_started(s, r);
}

/* It may be prepared once more. */
static void give_up(struct ord_serve *s, struct run *r)
{
	warm_drop(s, r);
	r->warm_version = 0;
}

void warm_make_room(struct ord_serve *s)
{
	struct run *r = s->latest;

	if (!s->n_warm || s->n_running + s->n_warm < s->options.max_runs)
		return;
	while (r && !r->warm)
		r = r->sooner;
	if (r)
		give_up(s, r);
}

void warm_check(struct ord_serve *s, int64_t now_ns)
{
	for (struct run *r = s->soonest; r && s->n_warm; r = r->later)
		if (r->warm && r->at_ns - now_ns > 2 * LEAD_NS)
			give_up(s, r);
}
