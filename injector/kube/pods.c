#include "injector/kube/pods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "injector/kube/cluster.h"
#include "injector/kube/hold.h"
#include "injector/kube/pool.h"

#define WIDTH	   64		  /* requests in flight; more gain nothing on one connection */
#define BUDGET_NS  (500 * ORD_MS) /* the first pause after a budget's refusal; it doubles */
#define BUDGET_MAX 4		  /* ...so often, to 8 s */
#define SETTLE_NS  (2 * ORD_S)	  /* at the end, for what is in flight */

struct pods {
	struct inj_step *step;
	const struct ord_cluster_place *place;
	struct inj_pods_how how;
	uint64_t every_ns;
	size_t leave_ready;
	bool follow;
	struct kube *k;
	struct inj_act *act;
	struct inj_pool *pool; /* NULL: nothing chooses again, counts, or follows */
	struct ord_object *drawn;
	uint64_t round, due_ns; /* of the next round; UINT64_MAX: none */
	bool began;
	size_t spent; /* of the limit: hit, or perhaps */
	size_t hit, gone, refused, budget, lost, skipped, followed;
	uint64_t missed; /* rounds */
	bool limited;
	char why[256]; /* the last refusal, for the message where nothing was hit */
};

int inj_grace(const struct ord_args *args, int64_t *ret_s, struct ord_err *err)
{
	int64_t ns = ord_arg_set(args, "grace") ? ord_arg_int(args, "grace") : -1;

	if (ns >= 0 && ns % (int64_t)ORD_S != 0)
		return ord_fail(err, ORD_USAGE, "grace: the API takes whole seconds, as in 5s");
	*ret_s = ns < 0 ? -1 : ns / (int64_t)ORD_S;
	return 0;
}

static bool needs_pool(const struct pods *p)
{
	return p->every_ns > 0 || p->leave_ready > 0 || p->follow;
}

/* --- one pod -------------------------------------------------------------------------------- */

static void skip(struct pods *p, const struct ord_object *o, const char *why)
{
	p->skipped++;
	(void)snprintf(p->why, sizeof p->why, "%s", why);
	inj_acted(p->step, "skipped", o, why);
}

/* True where one more may be hit without fewer being ready than are to be left. */
static bool spared(struct pods *p, const struct ord_object *o)
{
	char why[128];
	size_t ready;

	if (p->leave_ready == 0 || !inj_pool_is_ready(p->pool, o->uid))
		return false;
	ready = inj_pool_ready(p->pool);
	if (ready > p->leave_ready)
		return false;
	(void)snprintf(why, sizeof why,
		       "leave-ready: %zu of the matching pods are ready, %zu are to be left", ready,
		       p->leave_ready);
	skip(p, o, why);
	return true;
}

static int hit(struct pods *p, const struct ord_object *o, struct ord_err *err)
{
	if (p->spent >= p->place->limit) {
		p->limited = true;
		return 0;
	}
	if (p->pool && inj_pool_is_ending(p->pool, o->uid)) {
		p->gone++;
		inj_acted(p->step, "gone", o, "it was being deleted already");
		return 0;
	}
	if (spared(p, o))
		return 0;
	if (inj_act_add(p->act, o, err) < 0)
		return -1;
	p->spent++;
	if (p->pool)
		inj_pool_take(p->pool, o->uid, true);
	return 0;
}

/* It was not hit, and will not be. */
static void unspend(struct pods *p, const struct ord_object *o)
{
	p->spent--;
	if (p->pool)
		inj_pool_take(p->pool, o->uid, false);
}

static uint64_t told(void *arg, const struct ord_object *o, enum inj_outcome outcome,
		     const char *detail, unsigned before)
{
	struct pods *p = arg;

	switch (outcome) {
	case INJ_HIT:
		p->hit++;
		inj_acted(p->step, p->how.did, o, detail);
		return 0;
	case INJ_GONE:
		p->gone++;
		unspend(p, o);
		(void)snprintf(p->why, sizeof p->why, "%s", detail);
		inj_acted(p->step, "gone", o, detail);
		return 0;
	case INJ_BUDGET:
		if (before == 0) {
			p->budget++;
			inj_acted(p->step, "refused", o, detail);
		}
		if (p->how.wait)
			return BUDGET_NS << (before < BUDGET_MAX ? before : BUDGET_MAX);
		unspend(p, o);
		return 0;
	case INJ_REFUSED:
		p->refused++;
		unspend(p, o);
		(void)snprintf(p->why, sizeof p->why, "%s", detail);
		inj_acted(p->step, "refused", o, detail);
		return 0;
	case INJ_LOST:
		break;
	}
	p->lost++;
	(void)snprintf(p->why, sizeof p->why, "%s", detail);
	inj_acted(p->step, "lost", o, detail);
	return 0;
}

/* --- rounds --------------------------------------------------------------------------------- */

static int round_hit(struct pods *p, const struct ord_object *v, size_t n, struct ord_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (hit(p, &v[i], err) < 0)
			return -1;
	p->round++;
	return 0;
}

/* The first round takes those that were chosen when the run began. */
static int first_round(struct pods *p, struct ord_err *err)
{
	p->began = true;
	p->due_ns = p->every_ns ? ord_now_ns() + p->every_ns : UINT64_MAX;
	return round_hit(p, p->place->v, p->place->n, err);
}

/* As many as at first, of those that match now. */
static int next_round(struct pods *p, struct ord_err *err)
{
	char label[32];
	size_t room = p->place->limit > p->spent ? p->place->limit - p->spent : 0, n;

	if (room == 0) {
		p->limited = true;
		return 0;
	}
	(void)snprintf(label, sizeof label, "round %llu", (unsigned long long)p->round);
	n = inj_pool_draw(p->pool, p->place->n < room ? p->place->n : room,
			  ord_rng_derive(p->step->seed, label), p->drawn);
	return round_hit(p, p->drawn, n, err);
}

/* Slots are absolute: one that is late does not move the next, and one that cannot be kept is
 * counted. */
static int rounds(struct pods *p, struct ord_err *err)
{
	uint64_t now = ord_now_ns(), late;

	if (!p->began)
		return p->pool && !inj_pool_synced(p->pool) ? 0 : first_round(p, err);
	if (now < p->due_ns)
		return 0;
	late = (now - p->due_ns) / p->every_ns;
	p->due_ns += (late + 1) * p->every_ns;
	p->missed += late;
	if (inj_pool_live(p->pool) && inj_act_untold(p->act) == 0)
		return next_round(p, err);
	p->missed++;
	return 0;
}

static void came(void *arg, const struct ord_object *o)
{
	struct pods *p = arg;
	struct ord_err err;
	size_t spent = p->spent;

	if (!p->follow || !p->began)
		return;
	if (hit(p, o, &err) < 0)
		inj_acted(p->step, "lost", o, err.msg);
	p->followed += p->spent > spent;
}

/* --- verbs ---------------------------------------------------------------------------------- */

static int place_check(const struct pods *p, struct ord_err *err)
{
	const struct ord_cluster_place *c = p->place;

	if (!c || c->n == 0)
		return ord_fail(err, ORD_USAGE, "target: no pod in a cluster");
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].kind, "Pod") != 0 || strcmp(c->v[i].api_version, "v1") != 0 ||
		    !c->v[i].uid[0])
			return ord_fail(err, ORD_USAGE, "target: %s/%s is no pod with a UID",
					c->v[i].kind, c->v[i].name);
	if (c->limit < c->n)
		return ord_fail(err, ORD_GUARD, "target: %zu pods are chosen, the limit is %zu",
				c->n, c->limit);
	if (needs_pool(p) && !c->follow)
		return ord_fail(
			err, ORD_USAGE,
			"target: `every`, `leave-ready` and `follow` need the selection, and the "
			"request has none");
	return 0;
}

static int notes(const struct pods *p, json_t *report, struct ord_err *err)
{
	if (inj_cluster_tell(report, "notes", err, "%zu pod%s at once, at most %zu in all",
			     p->place->n, p->place->n == 1 ? "" : "s", p->place->limit) < 0)
		return -1;
	if (p->leave_ready == 0)
		return 0;
	return inj_cluster_tell(report, "notes", err,
				"leaves at least %zu of the matching pods ready", p->leave_ready);
}

static int pool_make(struct pods *p, struct ord_err *err)
{
	const struct inj_pool_how how = {.selection = p->place->follow,
					 .ready = p->leave_ready > 0,
					 .came = p->follow ? came : NULL,
					 .arg = p};

	return inj_pool_new(p->k, &how, &p->pool, err);
}

int inj_pods_check(struct inj_step *step, const struct inj_pods_how *how, json_t *undo,
		   json_t *report, struct ord_err *err)
{
	struct pods *p = calloc(1, sizeof *p);

	step->state = p;
	if (!p)
		return ord_fail_nomem(err);
	*p = (struct pods){.step = step,
			   .place = step->place->cluster,
			   .how = *how,
			   .every_ns = (uint64_t)ord_arg_int(step->args, "every"),
			   .leave_ready = (size_t)ord_arg_int(step->args, "leave-ready"),
			   .due_ns = UINT64_MAX};
	p->follow = p->place && p->place->follow && p->place->follow->follow;
	if (place_check(p, err) < 0)
		return -1;
	p->drawn = calloc(p->place->n, sizeof *p->drawn);
	if (!p->drawn)
		return ord_fail_nomem(err);
	if (inj_cluster_check(step, undo, report, err) < 0)
		return -1;
	p->k = inj_cluster(err);
	if (!p->k || notes(p, report, err) < 0)
		return -1;
	return needs_pool(p) ? pool_make(p, err) : 0;
}

/* Starts it: the loop drives it on, so that a person's end is heard in the middle of a thousand. */
int inj_pods_inject(struct inj_step *step, struct ord_err *err)
{
	struct pods *p = step->state;
	struct inj_act_how how = {.verb = p->how.verb, .grace_s = p->how.grace_s, .width = WIDTH};

	if (inj_hold_begin(step, err) < 0 || inj_act_open(p->k, &how, told, p, &p->act, err) < 0)
		return -1;
	if (p->pool && inj_pool_start(p->pool, err) < 0)
		return -1;
	if (rounds(p, err) < 0)
		return -1;
	inj_act_pump(p->act);
	return 0;
}

unsigned inj_pods_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct pods *p = step->state;
	uint64_t due = inj_act_due(p->act);

	if (p->due_ns < due)
		due = p->due_ns;
	if (p->pool && inj_pool_due(p->pool) < due)
		due = inj_pool_due(p->pool);
	if (due < *due_ns)
		*due_ns = due;
	return inj_hold_wait(step, fds, max, due_ns);
}

int inj_pods_wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		  struct ord_err *err)
{
	struct pods *p = step->state;

	/* Never over by itself: the hold is the time in which the recovery is measured. */
	if (inj_hold_wake(step, fds, n, ret_over, err) < 0)
		return -1;
	if (p->pool)
		inj_pool_tick(p->pool);
	if (rounds(p, err) < 0)
		return -1;
	inj_act_pump(p->act);
	return 0;
}

/* Nothing was hit, and nothing will be. */
static int in_vain(const struct pods *p, struct ord_err *err)
{
	bool ours = p->skipped > 0 && p->gone == 0 && p->refused == 0 && p->lost == 0;

	return ord_fail(
		err, ours ? ORD_GUARD : ORD_SYS,
		"no pod was %s: %zu were gone, %zu refused, %zu left alone, %zu unanswered (%s)",
		p->how.did, p->gone, p->refused, p->skipped, p->lost, p->why);
}

/* A budget's refusal is an answer to what was asked: a result, as much as an eviction. */
int inj_pods_in_force(struct inj_step *step, bool *ret_in_force, struct ord_err *err)
{
	const struct pods *p = step->state;

	*ret_in_force = false;
	if (p->pool && !inj_pool_synced(p->pool) && inj_pool_trouble(p->pool)[0])
		return ord_fail(err, ORD_SYS, "watch the pods: %s", inj_pool_trouble(p->pool));
	if (!p->began || inj_act_untold(p->act) > 0) {
		(void)snprintf(step->why, sizeof step->why, "%s",
			       p->why[0]  ? p->why
			       : p->began ? "the API server has not answered for every pod"
					  : "the list of pods is not read");
		return 0;
	}
	*ret_in_force = p->hit + p->budget > 0;
	(void)snprintf(step->why, sizeof step->why, "%s",
		       p->why[0] ? p->why : "no pod was there that could be hit");
	if (!*ret_in_force && p->every_ns == 0 && !p->follow)
		return in_vain(p, err);
	return 0;
}

static void figure(json_t *figures, const char *key, uint64_t value)
{
	(void)json_object_set_new(figures, key, json_integer((json_int_t)value));
}

void inj_pods_figures(struct inj_step *step, json_t *figures)
{
	struct pods *p = step->state;
	size_t unasked = 0;

	/* What is in flight is still told. */
	if (p->act) {
		inj_act_settle(p->act, SETTLE_NS);
		unasked = inj_act_untold(p->act);
	}
	figure(figures, p->how.did, p->hit);
	figure(figures, "skipped", p->skipped);
	figure(figures, "gone_already", p->gone);
	figure(figures, "refused", p->refused);
	if (p->how.verb == INJ_EVICT)
		figure(figures, "refused_by_budget", p->budget);
	if (p->lost > 0)
		figure(figures, "unanswered", p->lost);
	if (unasked > 0)
		figure(figures, "not_asked", unasked);
	if (p->every_ns > 0) {
		figure(figures, "rounds", p->round);
		figure(figures, "rounds_missed", p->missed);
	}
	if (p->follow)
		figure(figures, "followed", p->followed);
	if (p->limited)
		figure(figures, "limit_reached", 1);
}

void inj_pods_done(struct inj_step *step)
{
	struct pods *p = step->state;

	if (!p)
		return;
	inj_pool_free(p->pool);
	inj_act_free(p->act);
	free(p->drawn);
	free(p);
	step->state = NULL;
}
