/* What a fault would meet now, as far as that can be known without doing it. */
#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "ordeal/far.h"
#include "ordeal/resolve.h"

#define ANSWER_NS (10 * ORD_S)

ORD_AUTO(holder, struct ord_holder, ord_holder_free);

static int ask(const struct ord_fault_spec *f, const struct ord_place *place, json_t *request,
	       json_t **ret, struct ord_err *err)
{
	ord_auto(holder) struct ord_holder *h = NULL;
	const struct ord_fault *fault = f->args->fault;
	ord_auto(json) json_t *event = NULL;
	const char *message;

	if (f->target.via ? ord_far_open(f->target.via, NULL, &h, err)
			  : ord_holder_spawn(ord_holder_program(fault, place),
					     ord_holder_needs_root(fault, place), &h, err))
		return -1;
	if (ord_holder_send(h, request, err) || ord_holder_wait(h, ANSWER_NS, &event, err))
		return -1;
	if (!strcmp(json_string_value(json_object_get(event, "event")), "checked")) {
		*ret = ord_steal_ptr(event);
		return 0;
	}
	message = json_string_value(json_object_get(event, "message"));
	return ord_fail(err, ord_code_parse(json_string_value(json_object_get(event, "code"))),
			"%s", message ? message : "the injector gave another answer");
}

int ord_run_dry(const struct ord_plan *plan, size_t fault, const struct ord_args *args,
		const struct ord_place *place, json_t **ret, struct ord_err *err)
{
	const struct ord_fault_spec *f = &plan->spec->faults[fault];
	json_t *request;
	int r;

	request = ord_holder_request("plan", args, place, f->engine, f->for_ns,
				     ord_plan_seed(plan, fault, 1), false);
	if (!request || json_object_set_new(request, "dry_run", json_true()) ||
	    (plan->spec->whole_host && json_object_set_new(request, "whole_host", json_true()))) {
		json_decref(request);
		return ord_fail_nomem(err);
	}
	r = ask(f, place, request, ret, err);
	json_decref(request);
	return r;
}
