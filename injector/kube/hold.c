#include "injector/kube/hold.h"

#include <string.h>

#include "base/clock.h"
#include "injector/kube/claim.h"
#include "injector/kube/cluster.h"
#include "injector/kube/watch.h"

#define RENEW_NS (INJ_CLAIM_SECONDS * ORD_S / 3)

static uint64_t renew_due_ns;

int inj_hold_begin(struct inj_step *step, struct ord_err *err)
{
	(void)step;
	if (inj_claims_take(inj_cluster_undo(), err) < 0) {
		inj_claims_drop(inj_cluster_undo());
		return -1;
	}
	renew_due_ns = ord_now_ns() + RENEW_NS;
	return 0;
}

unsigned inj_hold_wait(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	struct ord_err err;
	struct kube *k = inj_cluster(&err);

	(void)step;
	if (renew_due_ns && renew_due_ns < *due_ns)
		*due_ns = renew_due_ns;
	if (!k || max == 0)
		return 0;
	fds[0] = (struct pollfd){.fd = kube_fd(k), .events = POLLIN};
	return 1;
}

/* An API server that is away leaves nothing to do but to ask again. */
static int renew(struct ord_err *err)
{
	uint64_t now = ord_now_ns();

	if (!renew_due_ns || now < renew_due_ns)
		return 0;
	renew_due_ns = now + RENEW_NS;
	if (inj_claims_renew(inj_cluster_undo(), err) == 0)
		return 0;
	if (err->code == ORD_GUARD)
		return -1;
	renew_due_ns = ord_now_ns() + ORD_S;
	return 0;
}

int inj_hold_wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		  struct ord_err *err)
{
	struct kube *k = inj_cluster(err);

	(void)fds;
	(void)n;
	if (!k)
		return -1;
	kube_drive(k);
	if (renew(err) < 0)
		return -1;
	if (inj_watch_taken(step->by)) {
		step->over = "taken-back";
		*ret_over = true;
	} else if (inj_watch_gone()) {
		*ret_over = true;
	}
	return 0;
}

int inj_hold_end(struct inj_step *step, struct ord_err *err)
{
	(void)err;
	inj_watch_stop();
	/* With a revert the objects come first. */
	if (step->args->fault->guarantee == ORD_GUARANTEE_NONE)
		inj_claims_drop(inj_cluster_undo());
	return 0;
}

int inj_hold_release(const json_t *undo, struct ord_err *err)
{
	(void)err;
	inj_claims_drop(undo);
	return 0;
}
