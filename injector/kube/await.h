/*
 * Effects that a controller brings about after the change was written: each object is looked at
 * until its effect is there, and only then is the fault in force.
 */
#ifndef ORDEAL_INJECTOR_KUBE_AWAIT_H
#define ORDEAL_INJECTOR_KUBE_AWAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/lease/injector.h"

#define INJ_AWAIT_MAX 1000

/* One object, and what is awaited of it. Owned by the await. */
struct inj_awaited {
	struct ord_object object;
	int64_t was, to; /* the fault's own */
	char *text;	 /* the fault's own; owned */
	bool there;
};

/* The first member of a fault's state, or all of it. */
struct inj_await {
	/* *ret: whether it is there; where not, step->why may say what is seen instead. object is
	 * read anew. */
	int (*look)(struct inj_step *step, const struct inj_awaited *a, const json_t *object,
		    bool *ret, struct ord_err *err);
	size_t n;
	struct inj_awaited *v;
	uint64_t look_ns; /* when to look next */
};

/* Borrowed until the next one is added. */
struct inj_awaited *inj_await_add(struct inj_await *w, const struct ord_object *o,
				  struct ord_err *err);

/* As a reason in step->why, where its controller has not looked at it since the change. Returns
 * whether that is so. */
bool inj_await_unseen(struct inj_step *step, const json_t *object);

/* Verbs, where step->state is a struct inj_await, or begins with one. wait is inj_hold_wait, but
 * wakes to look. */
unsigned inj_await_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns);
int inj_await_in_force(struct inj_step *step, bool *ret_in_force, struct ord_err *err);
void inj_await_done(struct inj_step *step);

#endif
