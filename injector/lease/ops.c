#include "injector/lease/ops.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/lease/event.h"
#include "injector/lease/lease.h"
#include "injector/lease/serve.h"

static int doctor_one(const struct ord_injector *inj, json_t *entry)
{
	const struct ord_fault *fault = ord_fault_find(inj->name);
	const char *engine = "";
	struct ord_err err = {0};
	bool available = !inj->available || inj->available(&engine, &err) == 0;

	return json_object_update_new(entry, json_pack("{s:s s:b s:s s:s s:s}", "fault", inj->name,
						       "available", available, "engine",
						       engine ? engine : "", "class",
						       ord_guarantee_name(fault->guarantee),
						       "reason", available ? "" : err.msg));
}

static int doctor(const struct ord_injector *const *table, size_t n)
{
	json_t *faults = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *entry = json_object();

		(void)doctor_one(table[i], entry);
		(void)json_array_append_new(faults, entry);
	}
	inj_event("doctor", NULL, ord_now_ns(), json_pack("{s:o}", "faults", faults));
	return INJ_EXIT_OK;
}

int inj_op(const struct ord_injector *const *table, size_t n, const struct inj_request *req)
{
	struct ord_err err;

	if (req->op == INJ_OP_DOCTOR)
		return doctor(table, n);
	(void)ord_fail(&err, ORD_SKIP, "not in this version");
	inj_event_failed("request", NULL, &err);
	return INJ_EXIT_REQUEST;
}
