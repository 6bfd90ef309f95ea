/*
 * What was seen in a cluster: how a pod that was hit was replaced, step by step, and how long a
 * workload was below its strength. Each instant is an interval made of its evidence: the arrival by
 * watch, the object's own stamp of one second, and how far the API server's clock is off.
 */
#include "reports/analysis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/member.h"

const char *ord_life_name(enum ord_life_step s)
{
	static const char *const names[] = {
		[ORD_LIFE_DELETED] = "deleted",
		[ORD_LIFE_CREATED] = "created",
		[ORD_LIFE_SCHEDULED] = "scheduled",
		[ORD_LIFE_PULLED] = "image pulled",
		[ORD_LIFE_STARTED] = "started",
		[ORD_LIFE_READY] = "ready",
		[ORD_LIFE_ENDPOINT] = "in the EndpointSlice",
		[ORD_LIFE_ANSWER] = "first good answer",
	};

	return names[s];
}

/* RFC 3339 in UTC; *ret_ns since 1970, *ret_res its resolution. */
static bool read_stamp(const char *text, int64_t *ret_ns, int64_t *ret_res)
{
	struct tm tm = {0};
	const char *p = *text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t ns, digit = (int64_t)ORD_S;

	if (!p)
		return false;
	ns = (int64_t)timegm(&tm) * (int64_t)ORD_S;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && digit > 1; p++) {
			digit /= 10;
			ns += (*p - '0') * digit;
		}
	*ret_ns = ns;
	*ret_res = digit;
	return *p == 'Z';
}

/* When, on the run's clock, the API server's clock (or a node's, taken to be right) showed it. */
static bool stamp_of(const struct ord_timeline *t, const json_t *j, const char *key, int64_t *lo,
		     int64_t *hi)
{
	const json_t *offset = json_object_get(j, "offset_ns");
	int64_t ns, res;

	if (json_array_size(offset) != 2 || !read_stamp(ord_member_text(j, key, ""), &ns, &res))
		return false;
	*lo = ns - t->wall_ns - (int64_t)json_integer_value(json_array_get(offset, 1));
	*hi = ns + res - t->wall_ns - (int64_t)json_integer_value(json_array_get(offset, 0));
	return *lo <= *hi;
}

/*
 * The arrival is the latest; a stamp may say that it was sooner, and says that it was not before.
 * Of a stamp by another clock than the API server's only the latter is taken, and one that cannot
 * be (after the arrival, or wholly before `lo`) is left out and remarked.
 */
struct ord_instant ord_kube_instant(const struct ord_timeline *t, const struct ord_event *e,
				    int64_t lo, uint32_t line_before, bool *ret_odd)
{
	int64_t at = ord_member_int(e->json, "at_t", e->t), from, to;
	bool server = !strcmp(ord_member_text(e->json, "clock", ""), "server");
	struct ord_instant in = {.known = true,
				 .lo = lo < at ? lo : at,
				 .hi = at,
				 .line = e->line,
				 .line_before = line_before};

	if (stamp_of(t, e->json, "stamp", &from, &to)) {
		bool odd = from > at || to < in.lo;

		if (ret_odd && odd)
			*ret_odd = true;
		if (!odd && from > in.lo)
			in.lo = from;
		if (!odd && server && to < in.hi)
			in.hi = to;
	}
	/* When the API server was told: not sooner than what it was told of. */
	if (stamp_of(t, e->json, "written", &from, &to) && to >= in.lo && to < in.hi)
		in.hi = to;
	in.value = in.hi;
	return in;
}

static const char *text(const struct ord_event *e, const char *key)
{
	return ord_member_text(e->json, key, "");
}

static bool is(const struct ord_event *e, const char *what)
{
	return e->kind == ORD_EVENT_KUBE && !strcmp(text(e, "what"), what);
}

bool ord_kube_is_hit(const struct ord_rep *r, size_t n_faults, const char *uid)
{
	for (size_t k = 0; k < n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++)
			if (*uid && !strcmp(r->faults[k].acts[i].uid, uid))
				return true;
	return false;
}

/* ---- who was hit */

static bool takes_away(const struct ord_act *act)
{
	return !strcmp(act->kind, "Pod") &&
	       (!strcmp(act->what, "deleted") || !strcmp(act->what, "evicted"));
}

static struct ord_life *life_of(const struct ord_rep *r, const char *uid)
{
	for (size_t i = 0; i < r->n_lives; i++) {
		const char *is = r->lives[i].victim_uid;

		if (is && !strcmp(is, uid))
			return &r->lives[i];
	}
	return NULL;
}

static int collect_victims(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	size_t n = 0;

	for (size_t k = 0; k < t->n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++)
			n += takes_away(&r->faults[k].acts[i]);
	r->lives = calloc(n + 1, sizeof *r->lives);
	if (!r->lives)
		return ord_fail_nomem(err);
	for (size_t k = 0; k < t->n_faults; k++)
		for (size_t i = 0; i < r->faults[k].n_acts; i++) {
			const struct ord_act *act = &r->faults[k].acts[i];
			struct ord_instant *in = &r->lives[r->n_lives].at[ORD_LIFE_DELETED];

			if (!takes_away(act) || life_of(r, act->uid))
				continue;
			*in = (struct ord_instant){.known = true,
						   .value = act->at,
						   .lo = r->faults[k].requested.known &&
									 r->faults[k].requested.lo <
										 act->at
								 ? r->faults[k].requested.lo
								 : act->at,
						   .hi = act->at,
						   .line = act->line};
			r->lives[r->n_lives++] = (struct ord_life){.ns = act->ns,
								   .victim = act->name,
								   .victim_uid = act->uid,
								   .replacement = "",
								   .replacement_uid = "",
								   .workload = "",
								   .owner = "",
								   .at[ORD_LIFE_DELETED] = *in};
		}
	return 0;
}

/* The watch says more closely when it was deleted than the injector's call, and who owned it. */
static void on_victim(const struct ord_timeline *t, struct ord_life *l, const struct ord_event *e)
{
	struct ord_instant *in = &l->at[ORD_LIFE_DELETED];
	bool odd = false;

	if (!*l->owner) {
		l->owner = text(e, "owner");
		l->workload = text(e, "workload");
	}
	if (is(e, "deleting")) {
		struct ord_instant seen = ord_kube_instant(t, e, in->lo, in->line, &odd);

		/* Not after its injector was told that it was done. */
		seen.hi = seen.value = seen.hi < in->hi ? seen.hi : in->hi;
		seen.lo = seen.lo < seen.hi ? seen.lo : seen.hi;
		*in = seen;
		l->odd |= odd ? 1u << ORD_LIFE_DELETED : 0;
	} else if (is(e, "deleted")) {
		l->gone = ord_kube_instant(t, e, in->lo, in->line, NULL);
	}
}

/* ---- who came instead */

struct birth {
	const struct ord_event *e;
	const char *node;
	bool taken;
};

static const char *node_of(const struct ord_timeline *t, const char *uid)
{
	for (size_t i = 0; i < t->n_events; i++)
		if (is(&t->events[i], "scheduled") && !strcmp(text(&t->events[i], "uid"), uid))
			return text(&t->events[i], "node");
	return "";
}

/*
 * How well a new pod fits one that was hit; 0: not. The same owner made both, or the same workload
 * did (a roll-out under way has a new ReplicaSet). A StatefulSet gives the name again, a DaemonSet
 * the node.
 */
static unsigned fits(const struct ord_timeline *t, const struct ord_life *l, const struct birth *b)
{
	const char *owner = text(b->e, "owner"), *workload = text(b->e, "workload");
	bool same_owner = *owner && !strcmp(owner, l->owner);
	bool same_work = *workload && !strcmp(workload, l->workload);

	if (b->taken || strcmp(text(b->e, "ns"), l->ns) != 0 || (!same_owner && !same_work) ||
	    ord_member_int(b->e->json, "at_t", b->e->t) < l->at[ORD_LIFE_DELETED].lo)
		return 0;
	if (!strcmp(text(b->e, "name"), l->victim))
		return 4;
	if (!strncmp(l->workload, "StatefulSet/", 12))
		return 0;
	if (!strncmp(l->workload, "DaemonSet/", 10))
		for (size_t i = 0; i < t->n_events; i++)
			if ((is(&t->events[i], "deleting") || is(&t->events[i], "deleted")) &&
			    !strcmp(text(&t->events[i], "uid"), l->victim_uid))
				return !strcmp(text(&t->events[i], "node"),
					       node_of(t, text(b->e, "uid")))
					       ? 3
					       : 0;
	return same_owner ? 2 : 1;
}

static int by_deletion(const void *a, const void *b)
{
	const struct ord_life *x = a, *y = b;

	if (x->at[ORD_LIFE_DELETED].value != y->at[ORD_LIFE_DELETED].value)
		return x->at[ORD_LIFE_DELETED].value < y->at[ORD_LIFE_DELETED].value ? -1 : 1;
	return strcmp(x->victim_uid, y->victim_uid);
}

/* The first to go gets the first that came, among those that fit best. */
static int match(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	ord_autofree struct birth *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < t->n_events; i++)
		n += t->events[i].rep == r->number && is(&t->events[i], "created");
	v = calloc(n + 1, sizeof *v);
	if (!v)
		return ord_fail_nomem(err);
	n = 0;
	for (size_t i = 0; i < t->n_events; i++)
		if (t->events[i].rep == r->number && is(&t->events[i], "created"))
			v[n++].e = &t->events[i];
	qsort(r->lives, r->n_lives, sizeof *r->lives, by_deletion);
	for (size_t i = 0; i < r->n_lives; i++) {
		struct ord_life *l = &r->lives[i];
		unsigned best = 0, how;
		size_t pick = n;

		for (size_t k = 0; k < n; k++)
			if ((how = fits(t, l, &v[k])) > best) {
				best = how;
				pick = k;
			}
		if (pick == n)
			continue;
		v[pick].taken = true;
		l->replacement = text(v[pick].e, "name");
		l->replacement_uid = text(v[pick].e, "uid");
	}
	return 0;
}

/* ---- its steps */

static void step(const struct ord_timeline *t, struct ord_life *l, enum ord_life_step s,
		 const struct ord_event *e)
{
	const struct ord_instant *before = NULL;
	bool odd = false;

	if (l->at[s].known)
		return;
	for (unsigned k = 0; k < (unsigned)s; k++)
		if (l->at[k].known)
			before = &l->at[k];
	l->at[s] = ord_kube_instant(t, e, before ? before->lo : 0, before ? before->line : 0, &odd);
	l->odd |= odd ? 1u << s : 0;
}

static void on_replacement(const struct ord_timeline *t, struct ord_life *l,
			   const struct ord_event *e)
{
	static const struct {
		const char *what;
		enum ord_life_step step;
	} steps[] = {{"created", ORD_LIFE_CREATED},
		     {"scheduled", ORD_LIFE_SCHEDULED},
		     {"started", ORD_LIFE_STARTED},
		     {"ready", ORD_LIFE_READY}};

	for (size_t i = 0; i < ORD_COUNT(steps); i++)
		if (is(e, steps[i].what))
			step(t, l, steps[i].step, e);
	if (is(e, "event") && !strcmp(text(e, "reason"), "Pulled"))
		step(t, l, ORD_LIFE_PULLED, e);
}

/* Events come by another way than the pod's own state, and Event by Event: a step may arrive before
 * one that must have been sooner. What is known of the later bounds the earlier. */
static void put_in_order(struct ord_life *l)
{
	struct ord_instant *later = NULL;

	for (unsigned s = ORD_LIFE_STEPS; s-- > 0;) {
		struct ord_instant *in = &l->at[s];

		if (!in->known)
			continue;
		if (later && in->hi > later->hi) {
			in->hi = in->value = later->hi;
			if (in->lo > in->hi)
				in->lo = in->hi;
		}
		later = in;
	}
}

/* The first good answer of an HTTP user probe that was sent when the replacement got traffic;
 * without an impact every answer is good, and none tells of it. */
static void answer(const struct ord_timeline *t, const struct ord_rep *r, struct ord_life *l)
{
	const struct ord_instant *from =
		l->at[ORD_LIFE_ENDPOINT].known ? &l->at[ORD_LIFE_ENDPOINT] : &l->at[ORD_LIFE_READY];
	struct ord_instant *in = &l->at[ORD_LIFE_ANSWER];

	for (size_t p = 0; r->impact.known && from->known && p < t->n_probes; p++) {
		const struct ord_series *q = ord_timeline_series(t, r->number, p);
		size_t i = 0;

		if (t->probes[p].is_signal || strcmp(t->probes[p].kind, "http") != 0)
			continue;
		while (i < q->n && (q->v[i].sent < from->lo || q->v[i].done < from->lo ||
				    ord_sample_counts(&q->v[i]) != ORD_SAMPLE_GOOD))
			i++;
		if (i == q->n || (in->known && in->hi <= q->v[i].done))
			continue;
		*in = (struct ord_instant){.known = true,
					   .value = q->v[i].done,
					   .lo = from->lo,
					   .hi = q->v[i].done,
					   .line = q->v[i].line,
					   .line_before = from->line,
					   .probe = p};
		if (i && q->v[i - 1].sent > in->lo)
			in->lo = q->v[i - 1].sent;
	}
}

/* Until the end of what was watched, where it did not come. */
static struct ord_span until(const struct ord_rep *r, const struct ord_instant *from,
			     const struct ord_instant *to)
{
	struct ord_instant end = {.known = true, .value = r->end, .lo = r->end, .hi = r->end};
	struct ord_span s = ord_span_between(from, to->known ? to : &end);

	if (!to->known && s.state == ORD_SPAN_KNOWN)
		s.state = ORD_SPAN_CENSORED;
	return s;
}

static void live(const struct ord_timeline *t, struct ord_rep *r)
{
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		bool slice = is(e, "endpoint-ready");
		const char *uid =
			e->kind == ORD_EVENT_KUBE ? text(e, slice ? "pod_uid" : "uid") : "";

		if (e->rep != r->number || !*uid)
			continue;
		for (size_t k = 0; k < r->n_lives; k++)
			if (!strcmp(r->lives[k].replacement_uid, uid) && slice)
				step(t, &r->lives[k], ORD_LIFE_ENDPOINT, e);
			else if (!strcmp(r->lives[k].replacement_uid, uid))
				on_replacement(t, &r->lives[k], e);
	}
	for (size_t k = 0; k < r->n_lives; k++) {
		struct ord_life *l = &r->lives[k];

		put_in_order(l);
		answer(t, r, l);
		l->ready = until(r, &l->at[ORD_LIFE_DELETED], &l->at[ORD_LIFE_READY]);
		if (l->at[ORD_LIFE_ENDPOINT].known)
			l->serving = until(r, &l->at[ORD_LIFE_DELETED], &l->at[ORD_LIFE_ENDPOINT]);
	}
}

/* ---- workloads */

static struct ord_dip *dip_of(struct ord_rep *r, size_t room, const struct ord_event *e)
{
	struct ord_dip *d;

	for (size_t i = 0; i < r->n_dips; i++)
		if (!strcmp(r->dips[i].uid, text(e, "uid")))
			return &r->dips[i];
	if (r->n_dips == room)
		return NULL;
	d = &r->dips[r->n_dips++];
	*d = (struct ord_dip){.ns = text(e, "ns"),
			      .kind = text(e, "kind"),
			      .name = text(e, "name"),
			      .uid = text(e, "uid"),
			      .wanted = -1};
	return d;
}

static bool is_target(const struct ord_timeline *t, const struct ord_rep *r,
		      const struct ord_dip *d)
{
	char name[400];

	(void)snprintf(name, sizeof name, "%.60s/%.300s", d->kind, d->name);
	for (size_t i = 0; i < r->n_lives; i++)
		if (!strcmp(r->lives[i].ns, d->ns) && !strcmp(r->lives[i].workload, name))
			return true;
	for (size_t k = 0; k < t->n_faults; k++) {
		const json_t *list =
			json_object_get(json_object_get(r->faults[k].place, "cluster"), "objects");
		const json_t *o;
		size_t i;

		json_array_foreach (list, i, o) {
			const char *uid = json_string_value(json_array_get(o, 4));

			if (uid && !strcmp(uid, d->uid))
				return true;
		}
	}
	return false;
}

static void on_replicas(const struct ord_timeline *t, const struct ord_rep *r, struct ord_dip *d,
			const struct ord_event *e)
{
	int64_t available = ord_member_int(e->json, "available", 0);
	int64_t at = ord_member_int(e->json, "at_t", e->t);
	int64_t floor = d->below.known ? d->below.lo : r->requested.lo;

	if (at < r->requested.value || d->wanted < 0) {
		d->wanted = ord_member_int(e->json, "desired", 0);
		d->least = available;
		if (at < r->requested.value)
			return;
	}
	d->least = available < d->least ? available : d->least;
	if (!d->below.known && available < d->wanted)
		d->below = ord_kube_instant(t, e, floor, 0, NULL);
	else if (d->below.known && available >= d->wanted && !d->again.known)
		d->again = ord_kube_instant(t, e, floor, d->below.line, NULL);
	else if (d->again.known && available < d->wanted)
		d->again.known = false; /* it fell again: it was not yet well */
}

/* What stood before this repetition counts as well: a state is told once. */
static int dips(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	size_t room = 0, kept = 0;

	for (size_t i = 0; i < t->n_events; i++)
		room += is(&t->events[i], "replicas");
	r->dips = calloc(room + 1, sizeof *r->dips);
	if (!r->dips)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		struct ord_dip *d;

		if (!is(e, "replicas") || e->rep > r->number)
			continue;
		d = dip_of(r, room, e);
		if (d)
			on_replicas(t, r, d, e);
	}
	for (size_t i = 0; i < r->n_dips; i++) {
		struct ord_dip *d = &r->dips[i];

		if (!d->below.known)
			continue;
		d->down = until(r, &d->below, &d->again);
		d->hit = is_target(t, r, d);
		r->dips[kept++] = *d;
	}
	r->n_dips = kept;
	return 0;
}

int ord_analyse_kube(const struct ord_timeline *t, struct ord_rep *r, struct ord_err *err)
{
	if (!r->number || !r->requested.known)
		return 0;
	if (collect_victims(t, r, err))
		return -1;
	for (size_t i = 0; i < t->n_events; i++) {
		const struct ord_event *e = &t->events[i];
		struct ord_life *l = e->kind == ORD_EVENT_KUBE ? life_of(r, text(e, "uid")) : NULL;

		if (e->rep == r->number && is(e, "cut"))
			r->cuts++;
		if (l && e->rep == r->number)
			on_victim(t, l, e);
	}
	if (match(t, r, err))
		return -1;
	live(t, r);
	return dips(t, r, err) || ord_kube_also(t, r, err) ? -1 : 0;
}
