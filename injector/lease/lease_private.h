/* One lease: lease.c begins and holds it, lease_end.c ends it. */
#ifndef ORDEAL_LEASE_PRIVATE_H
#define ORDEAL_LEASE_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/caller.h"
#include "injector/lease/guardian.h"
#include "injector/lease/lease.h"
#include "injector/lease/undo.h"

enum cause {
	CAUSE_NONE,
	CAUSE_REMOVED,
	CAUSE_DEADLINE,
	CAUSE_INPUT_CLOSED,
	CAUSE_SIGNAL,
	CAUSE_HALTED,
	CAUSE_TARGET_GONE,
	CAUSE_TAKEN_BACK,
	CAUSE_FAILED,
};

struct hold {
	const struct ord_injector *inj;
	struct inj_request *req;
	struct inj_input *in;
	struct inj_step step;
	json_t *undo;
	json_t *kept; /* texts: what the revert left to others */
	struct inj_dirs dirs;
	struct inj_undo record;
	struct inj_guardian guardian;
	int signals, timer;
	bool in_force;
	uint64_t reverting_ns; /* since when */
	uint64_t requested_ns, beat_due_ns, heard_ns;
	enum cause cause;
	char spared[ORD_CALLER_TEXT]; /* the caller, left alone; "": none is */
};

/* From now on inj_beat tells this guardian that its holder lives. */
void inj_lease_beat(const struct inj_guardian *guardian);
/* Whom the fault is about becomes what the request says, or stays, and an event tells which. */
void inj_lease_change(struct hold *h, const struct inj_request *later);
/* The orderly end, whatever the cause. Returns the exit status. */
int inj_lease_end(struct hold *h);

#endif
