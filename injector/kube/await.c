#include "injector/kube/await.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/kube/cluster.h"
#include "injector/kube/edit.h"
#include "injector/kube/hold.h"

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

int inj_await_in_force(struct inj_step *step, bool *ret_in_force, struct ord_err *err)
{
	struct inj_await *w = step->state;
	uint64_t now = ord_now_ns();

	if (now >= w->look_ns) {
		for (size_t i = 0; i < w->n; i++) {
			ord_auto(json) json_t *object = NULL;

			if (w->v[i].there)
				continue;
			if (inj_edit_read(&w->v[i].object, &object, err) < 0 ||
			    w->look(step, &w->v[i], object, &w->v[i].there, err) < 0)
				return -1;
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
