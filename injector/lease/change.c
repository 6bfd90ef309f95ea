/* What a fault that is in force is limited to, changed while it holds (docs/adr/0065). */
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/lease/event.h"
#include "injector/lease/lease_private.h"

/* The caller goes on being able to end it. */
static int put(struct hold *h, const struct ord_endpoints *to, const struct ord_endpoints *exclude,
	       struct ord_err *err)
{
	struct ord_args *args = &h->req->args;
	bool added;

	ord_args_put(args, "to", to);
	ord_args_put(args, "exclude", exclude);
	return *h->spared ? ord_args_spare(args, h->spared, &added, err) : 0;
}

static int change(struct hold *h, const struct inj_request *later, struct ord_err *err)
{
	const struct ord_endpoints to = ord_arg(&h->req->args, "to")->eps,
				   exclude = ord_arg(&h->req->args, "exclude")->eps;

	if (!later->to.n && to.n)
		return ord_fail(err, ORD_USAGE,
				"to: it would be about everybody, and was about some");
	if (put(h, &later->to, &later->exclude, err) == 0 && h->inj->change(&h->step, err) == 0)
		return 0;
	ord_args_put(&h->req->args, "to", &to);
	ord_args_put(&h->req->args, "exclude", &exclude);
	return -1;
}

void inj_lease_change(struct hold *h, const struct inj_request *later)
{
	const uint64_t asked = ord_now_ns();
	struct ord_err err;
	int r;

	if (!h->inj->change)
		r = ord_fail(&err, ORD_USAGE, "%s has no peers to change", h->inj->name);
	else if (!h->in_force)
		r = ord_fail(&err, ORD_USAGE, "it is not in force yet");
	else
		r = change(h, later, &err);
	inj_event(r ? "unchanged" : "changed", h->req->lease, ord_now_ns(),
		  r ? json_pack("{s:s}", "message", err.msg)
		    : json_pack("{s:I}", "requested_ns", (json_int_t)asked));
}
