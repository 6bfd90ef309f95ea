/* Targets on other machines. */
#include <jansson.h>

#include "base/auto.h"
#include "base/clock.h"
#include "ordeal/far.h"
#include "ordeal/resolve.h"
#include "scheduler/run/machine.h"

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

#define DOCTOR_NS (10 * ORD_S)

int ord_run_resolve(struct ord_cluster *c, const struct ord_plan *plan, size_t fault,
		    ord_cluster_told *told, void *arg, struct ord_resolved *ret,
		    struct ord_err *err)
{
	const struct ord_fault_spec *f = &plan->spec->faults[fault];
	struct ord_place place = {0};

	if (!f->target.via)
		return ord_cluster_plan_resolve(c, plan, fault, 1, told, arg, ret, err);
	if (ord_far_or_here(&f->target, ord_plan_seed(plan, fault, 1), &place, err))
		return ord_wrap(err, "target of '%s'", f->name);
	return ord_plan_settle(plan, fault, &place, ret, err);
}

int run_far_take(const struct ord_plan *plan, size_t fault, uint32_t rep, const atomic_bool *stop,
		 struct ord_holder **ret_holder, struct ord_resolved *ret, struct ord_err *err)
{
	const struct ord_fault_spec *f = &plan->spec->faults[fault];
	ord_auto(holder) struct ord_holder *h = NULL;
	struct ord_place place = {0};

	if (ord_far_open(f->target.via, stop, &h, err) ||
	    ord_far_resolve(h, &f->target, ord_plan_seed(plan, fault, rep), &place, err))
		return ord_wrap(err, "target of '%s'", f->name);
	if (ord_plan_settle(plan, fault, &place, ret, err))
		return -1;
	*ret_holder = ord_steal_ptr(h);
	return 0;
}

int run_far_look(struct run *r, size_t fault, json_t **ret_doctor, struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = NULL;

	if (run_far_take(r->plan, fault, 1, NULL, &h, &r->faults[fault].resolved, err))
		return -1;
	return ord_far_ask(h, json_pack("{s:i, s:s}", "protocol", 1, "op", "doctor"), DOCTOR_NS,
			   ret_doctor, err);
}
