#include "injector/kube/await.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"
#include "injector/kube/workload.h"

#define LOOK_NS (100 * ORD_MS) /* controllers take a second or less; a look is one small GET */

struct inj_awaited *inj_await_add(struct inj_await *w, const struct ord_object *o,
				  struct ord_err *err)
{
	struct inj_awaited *more;

	if (w->n == INJ_AWAIT_MAX)
		return (void)ord_fail(err, ORD_USAGE, "more than %d objects", INJ_AWAIT_MAX), NULL;
	more = reallocarray(w->v, w->n + 1, sizeof *w->v);
	if (!more)
		return (void)ord_fail_nomem(err), NULL;
	w->v = more;
	w->v[w->n] = (struct inj_awaited){.object = *o};
	return &w->v[w->n++];
}

static bool all_there(const struct inj_await *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].there)
			return false;
	return true;
}

unsigned inj_await_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	const struct inj_await *w = step->state;

	if (!all_there(w) && w->look_ns < *due_ns)
		*due_ns = w->look_ns;
	return inj_hold_wait(step, fds, max, due_ns);
}

bool inj_await_unseen(struct inj_step *step, const json_t *object)
{
	if (workload_observed(object))
		return false;
	(void)snprintf(step->why, sizeof step->why,
		       "its controller has not looked at it since it was changed "
		       "(status.observedGeneration)");
	return true;
}

/* -1: it will never be there. */
static int look_one(struct inj_step *step, struct inj_await *w, struct inj_awaited *a,
		    struct ord_err *err)
{
	ord_auto(json) json_t *object = NULL;
	char what[INJ_OBJECT_TEXT], why[sizeof step->why];

	step->why[0] = '\0';
	if (inj_edit_read(&a->object, &object, err) == 0) {
		if (w->look(step, a, object, &a->there, err) < 0)
			return -1;
	} else if (err->code == ORD_SYS) { /* the API server may be back in time */
		(void)snprintf(step->why, sizeof step->why, "%.250s", err->msg);
	} else {
		return -1;
	}
	(void)snprintf(why, sizeof why, "%s", step->why);
	(void)snprintf(step->why, sizeof step->why, "%.120s: %.130s",
		       inj_object_text(&a->object, what), why[0] ? why : "no effect is seen yet");
	return 0;
}

/* Once one is not there yet, the others need not be looked at now. */
int inj_await_in_force(struct inj_step *step, bool *ret_in_force, struct ord_err *err)
{
	struct inj_await *w = step->state;
	bool waits = false;

	if (ord_now_ns() >= w->look_ns) {
		for (size_t i = 0; i < w->n && !waits; i++) {
			if (w->v[i].there)
				continue;
			if (look_one(step, w, &w->v[i], err) < 0)
				return -1;
			waits = !w->v[i].there;
		}
		w->look_ns = ord_now_ns() + LOOK_NS;
	}
	*ret_in_force = all_there(w);
	return 0;
}

void inj_await_done(struct inj_step *step)
{
	struct inj_await *w = step->state;

	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i].text);
	free(w->v);
	free(w);
	step->state = NULL;
}
