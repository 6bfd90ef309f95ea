/* One request line -> a struct, every field validated again (docs/formats/protocol.md). */
#ifndef ORDEAL_LEASE_REQUEST_H
#define ORDEAL_LEASE_REQUEST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injector/lease/injector.h"
#include "ordeal/err.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"

#define INJ_REQUEST_MAX 65536	   /* of ordeal-injector */
#define INJ_INPUT_MAX	(1u << 20) /* of every program */
#define INJ_LEASE_MAX	65	   /* with the NUL */
#define INJ_HOLD_MAX_NS (24ull * 3600 * 1000000000ull)

enum inj_op {
	INJ_OP_ADD,
	INJ_OP_REMOVE,
	INJ_OP_END,
	INJ_OP_STATUS,
	INJ_OP_HALT,
	INJ_OP_RESUME,
	INJ_OP_RESCUE,
	INJ_OP_DOCTOR,
	INJ_OP_SWEEP,
	INJ_OP_HELLO,
	INJ_OP_RESOLVE,
	INJ_OP_CHANGE,
};

/* About 100 KiB: static or heap. The place of an `add` in a cluster is owned. */
struct inj_request {
	enum inj_op op;
	char lease[INJ_LEASE_MAX]; /* add, remove, change; rescue: "" means all */
	/* add */
	struct ord_args args;
	struct ord_place place;
	uint64_t hold_ns;
	uint64_t seed;
	char engine[32];
	bool cut_me_off;
	bool whole_host;
	char folder[PATH_MAX];		  /* that the run is written to; "": none is told */
	struct ord_target target;	  /* resolve; seed goes with it */
	struct ord_endpoints to, exclude; /* change */
	bool addresses;			  /* resolve: its addresses, too */
	bool dry_run;			  /* add: checked, and no more; rescue, sweep */
	struct inj_sweep sweep;
};

/* [a-z0-9-]{1,64} */
bool inj_lease_valid(const char *lease);

/*
 * Parses one line (without its newline). ORD_USAGE names the field that is wrong. Pure, but for the
 * check that the place's processes and namespace are the ones that were resolved, which
 * ord_place_from_json leaves to the fault.
 */
int inj_request_parse(const char *line, size_t size, struct inj_request *ret, struct ord_err *err);

#endif
