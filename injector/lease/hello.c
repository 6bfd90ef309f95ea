#include "injector/lease/hello.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "injector/lease/event.h"
#include "injector/lease/home.h"

#define RESOLVE_NS (5 * ORD_S)

void inj_hello(bool in_lease)
{
	json_t *more = NULL;

	if (!in_lease)
		more = json_pack("{s:i, s:s, s:s}", "protocol", 1, "program", inj_program()->name,
				 "version", ORDEAL_VERSION);
	inj_event("hello", NULL, ord_now_ns(), more);
}

/* Owned; NULL: out of memory. */
static json_t *resolved(const struct ord_place *place, const struct ord_addresses *a)
{
	json_t *answer = json_pack("{s:o}", "place", ord_place_to_json(place)), *list;

	if (!a)
		return answer;
	list = json_array();
	for (size_t i = 0; i < a->n; i++)
		(void)json_array_append_new(list, json_string(a->v[i]));
	(void)json_object_set_new(answer, "addresses", list);
	return answer;
}

static json_t *asked_resolve(void *arg)
{
	static struct ord_place place; /* large */
	static struct ord_addresses addresses;
	const struct inj_request *req = arg;
	struct ord_err err;

	if (ord_target_resolve(&req->target, req->seed, &place, &err) == 0 &&
	    (!req->addresses || ord_place_addresses(&place, &addresses, &err) == 0))
		return resolved(&place, req->addresses ? &addresses : NULL);
	return json_pack("{s:s, s:s, s:s}", "phase", "request", "code", ord_code_name(err.code),
			 "message", err.msg);
}

/* In a child: who is asked for a container is asked by a library that is none of a lease's. */
void inj_resolve(struct inj_request *req)
{
	struct ord_err err;
	json_t *answer;

	if (inj_child_ask(asked_resolve, req, RESOLVE_NS, &answer, &err) < 0)
		inj_event_failed("request", NULL, &err);
	else
		inj_event(ord_json_has(answer, "place") ? "resolved" : "failed", NULL, ord_now_ns(),
			  answer);
}
