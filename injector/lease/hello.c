#include "injector/lease/hello.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/lease/event.h"

void inj_hello(bool in_lease)
{
	json_t *more = NULL;

	if (!in_lease)
		more = json_pack("{s:i, s:s, s:s}", "protocol", 1, "program", inj_program()->name,
				 "version", ORDEAL_VERSION);
	inj_event("hello", NULL, ord_now_ns(), more);
}

void inj_resolve(const struct inj_request *req)
{
	static struct ord_place place; /* large */
	struct ord_err err;

	if (ord_target_resolve(&req->target, req->seed, &place, &err) < 0)
		inj_event_failed("request", NULL, &err);
	else
		inj_event("resolved", NULL, ord_now_ns(),
			  json_pack("{s:o}", "place", ord_place_to_json(&place)));
}
