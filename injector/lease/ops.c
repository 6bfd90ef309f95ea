#include "injector/lease/ops.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "injector/lease/event.h"
#include "injector/lease/halt.h"
#include "injector/lease/home.h"
#include "injector/lease/lease.h"
#include "injector/lease/rescue.h"
#include "injector/lease/serve.h"

static json_t *doctor_one(const struct ord_injector *inj)
{
	const struct ord_fault *fault = ord_fault_find(inj->name);
	const char *engine = "";
	struct ord_err err = {0};
	const struct inj_door *door = inj_door();
	bool available = (!door || door->fault(fault, &err) == 0) &&
			 (!inj->available || inj->available(&engine, &err) == 0);

	return json_pack("{s:s s:b s:s s:s s:s}", "fault", inj->name, "available", available,
			 "engine", engine ? engine : "", "class",
			 ord_guarantee_name(fault->guarantee), "reason", available ? "" : err.msg);
}

static json_t *asked_doctor(void *arg)
{
	return doctor_one(arg);
}

/* Each in a child: what one opens, enters or breaks is not the next one's. */
static int doctor(void)
{
	const struct inj_program *program = inj_program();
	json_t *faults = json_array();
	struct inj_dirs dirs;
	struct ord_err why;
	bool halted = inj_dirs(&dirs, &why) == 0 && inj_halt_refuses(&dirs, &why) < 0;

	for (size_t i = 0; i < program->n_injectors; i++) {
		union {
			const struct ord_injector *in;
			void *arg;
		} u = {.in = program->injectors[i]};
		struct ord_err err;
		json_t *entry;

		if (inj_child_ask(asked_doctor, u.arg, 10 * ORD_S, &entry, &err) < 0)
			entry = json_pack("{s:s s:b s:s s:s s:s}", "fault", u.in->name, "available",
					  false, "engine", "", "class", "", "reason", err.msg);
		(void)json_array_append_new(faults, entry);
	}
	inj_event("doctor", NULL, ord_now_ns(),
		  json_pack("{s:o s:b}", "faults", faults, "halted", halted));
	return INJ_EXIT_OK;
}

struct listing {
	int dir;
	json_t *leases;
};

/* Whose lock is free: nobody minds it any more, or it only keeps what `rescue` shall tell. */
static const char *state_of(const struct inj_record *r, int fd)
{
	return r->state != INJ_ENDED && inj_record_lock(fd) ? "orphaned" : inj_state_name(r->state);
}

static void lease_list(void *arg, const char *name)
{
	const struct listing *l = arg;
	struct inj_record r;
	struct ord_err err;
	int fd;

	if (inj_record_read(l->dir, name, &r, &fd, &err) < 0)
		return;
	(void)json_array_append_new(
		l->leases,
		json_pack("{s:s s:s s:s s:i s:i s:I}", "lease", r.lease, "fault", r.fault->name,
			  "state", state_of(&r, fd), "holder", (int)r.holder.pid, "guardian",
			  (int)r.guardian.pid, "deadline_boot_ns", (json_int_t)r.deadline_boot_ns));
	ord_close(&fd);
	inj_record_done(&r);
}

static json_t *home_list(int dir, void *arg)
{
	struct listing l = {.dir = dir, .leases = json_array()};
	struct ord_err err;

	(void)arg;
	return inj_records_each(dir, lease_list, &l, &err) < 0 ? NULL : l.leases;
}

static int status(struct ord_err *err)
{
	static struct inj_home homes[INJ_HOMES_MAX];
	static json_t *answers[INJ_HOMES_MAX];
	json_t *all = json_array();
	struct inj_dirs dirs;
	struct ord_err why;
	size_t n;
	int r;

	if (inj_dirs(&dirs, err) < 0)
		return -1;
	n = inj_homes(homes, INJ_HOMES_MAX, err);
	r = inj_homes_ask(homes, n, home_list, NULL, answers, err);
	for (size_t i = 0; i < n; i++) {
		if (answers[i])
			(void)json_array_extend(all, answers[i]);
		json_decref(answers[i]);
	}
	if (r < 0) {
		json_decref(all);
		return -1;
	}
	inj_event("status", NULL, ord_now_ns(),
		  json_pack("{s:b s:I s:o}", "halted", inj_halt_refuses(&dirs, &why) < 0, "boot_ns",
			    (json_int_t)ord_boot_ns(), "leases", all));
	return 0;
}

/* What had lost its guardian before is cleared as well: after a halt nothing is left. */
static int halt(struct ord_err *err)
{
	json_t *records = json_array();
	unsigned ended = 0, bad = 0;
	int r = inj_halt(&ended, err);

	if (r == 0)
		r = inj_rescue("", false, records, &bad, err);
	if (r == 0 && bad > 0)
		r = ord_fail(err, ORD_SYS,
			     "%u undo records could not be cleared: see `ordeal rescue`", bad);
	json_decref(records);
	if (r < 0)
		return -1;
	inj_event("halted", NULL, ord_now_ns(), json_pack("{s:i}", "ended", (int)ended));
	return 0;
}

static int resume(struct ord_err *err)
{
	if (inj_resume(err) < 0)
		return -1;
	inj_event("resumed", NULL, ord_now_ns(), json_pack("{s:i}", "ended", 0));
	return 0;
}

static int rescue(const struct inj_request *req, unsigned *ret_bad, struct ord_err *err)
{
	json_t *records = json_array();

	if (inj_rescue(req->lease, req->dry_run, records, ret_bad, err) < 0)
		return -1;
	inj_event("rescued", NULL, ord_now_ns(), json_pack("{s:o}", "records", records));
	return 0;
}

/* What anybody's leases left in a cluster. */
static int sweep(const struct inj_request *req, unsigned *ret_bad, struct ord_err *err)
{
	json_t *records = json_array();
	json_t *r;
	size_t i;

	if (!inj_program()->sweep)
		return ord_fail(err, ORD_USAGE, "op: 'sweep' is ordeal-injector-kube's");
	if (inj_program()->sweep(&req->sweep, records, err) < 0) {
		json_decref(records);
		return -1;
	}
	json_array_foreach (records, i, r) {
		const char *action = json_string_value(json_object_get(r, "action"));

		*ret_bad += action && strcmp(action, "failed") == 0;
	}
	inj_event("rescued", NULL, ord_now_ns(), json_pack("{s:o}", "records", records));
	return 0;
}

int inj_op(const struct inj_request *req)
{
	struct ord_err err = {0};
	unsigned bad = 0;
	int r = -1;

	switch (req->op) {
	case INJ_OP_DOCTOR:
		return doctor();
	case INJ_OP_STATUS:
		r = status(&err);
		break;
	case INJ_OP_HALT:
		r = halt(&err);
		break;
	case INJ_OP_RESUME:
		r = resume(&err);
		break;
	case INJ_OP_RESCUE:
		r = rescue(req, &bad, &err);
		break;
	case INJ_OP_SWEEP:
		r = sweep(req, &bad, &err);
		break;
	case INJ_OP_ADD:
	case INJ_OP_REMOVE:
	case INJ_OP_END:
	case INJ_OP_HELLO:
	case INJ_OP_RESOLVE:
	case INJ_OP_CHANGE:
		break; /* serve.c takes them */
	}
	if (r < 0)
		inj_event_failed("request", NULL, &err);
	return r < 0 || bad ? INJ_EXIT_FAILED : INJ_EXIT_OK;
}
