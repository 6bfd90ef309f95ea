/* What pod.delete and pod.evict share: who is hit, when, and how much of it is told. */
#ifndef ORDEAL_KUBE_PODS_H
#define ORDEAL_KUBE_PODS_H

#include "injector/kube/act.h"
#include "injector/lease/injector.h"

struct inj_pods_how {
	enum inj_act_verb verb;
	int64_t grace_s; /* -1: each pod's own */
	bool wait;	 /* a budget's refusal is asked again while the fault is held */
	const char *did; /* "deleted" */
};

/* The parameter `grace`, in whole seconds; -1: not given. */
int inj_grace(const struct ord_args *args, int64_t *ret_s, struct ord_err *err);

/* The verbs of struct ord_injector, but for check, which takes how. */
int inj_pods_check(struct inj_step *step, const struct inj_pods_how *how, json_t *undo,
		   json_t *report, struct ord_err *err);
int inj_pods_inject(struct inj_step *step, struct ord_err *err);
unsigned inj_pods_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns);
int inj_pods_wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		  struct ord_err *err);
int inj_pods_in_force(struct inj_step *step, bool *ret_in_force, struct ord_err *err);
void inj_pods_figures(struct inj_step *step, json_t *figures);
void inj_pods_done(struct inj_step *step);

#endif
