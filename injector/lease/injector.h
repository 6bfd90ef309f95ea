/*
 * What a fault is to the lease machinery: one const struct at the bottom of the fault's file.
 *
 * The order in a process: check (as the user that started it, every descriptor is opened here), uid
 * and capabilities dropped, undo record written, guardian forked, begin, seccomp filter loaded,
 * inject, [wait/wake ...], end, revert, residue.
 *
 * After the drop the process is not dumpable, so files of /proc/self belong to root: open them in
 * check. It has no capability but those of the fault's entry in list.def, and opens files for
 * reading only, unless `syscalls` says so.
 */
#ifndef ORDEAL_INJECTOR_H
#define ORDEAL_INJECTOR_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"

/* One lease's fault, as asked and as opened. */
struct inj_step {
	const char *lease;	       /* [a-z0-9-]{1,64}: unique on this host */
	const struct ord_args *args;   /* borrowed */
	const struct ord_place *place; /* borrowed; identities were checked */
	const char *engine;	       /* forced by the request, "" : choose */
	uint64_t hold_ns;	       /* how long it is to be in force */
	uint64_t seed;
	bool even_if_it_cuts_me_off;
	bool whole_host; /* the request's: a cut without a filter on the host's or the caller's own
			    network was asked for */
	const char *folder; /* the request's: the run is written there; "": none is told */
	/* Set by wake beside *ret_over: NULL is "target-gone"; "taken-back" where somebody else
	 * undid the effect, and by then names them (the field manager). */
	const char *over;
	char by[128];
	/* Set by in_force where it is not yet: what is awaited of which object, or why nothing can
	 * be seen; for the message when the time is up. */
	char why[256];
	void *state; /* the fault's own: made by check, freed by done */
};

/* What `rescue --kube` asks for. */
struct inj_sweep {
	char context[256];
	bool dry_run;
	bool now;	/* deadlines that are not over yet do not count */
	size_t n_kinds; /* beyond those that our faults change: "networking.istio.io/v1/Gateway" */
	char kinds[16][ORD_KUBE_VERSION + ORD_KUBE_KIND];
	bool permitted;	     /* what may not be listed is passed over */
	size_t n_namespaces; /* 0: all */
	char namespaces[64][ORD_KUBE_NS];
};

/* One injector program: its faults, and how it differs from the other. */
struct inj_program {
	const char *name; /* "ordeal-injector" */
	enum ord_program which;
	const struct ord_injector *const *injectors;
	size_t n_injectors;
	size_t request_max; /* bytes of a request line; a thousand pods need more than 64 KiB */
	bool keep_uid;	    /* who owns the credentials must be able to read them again */
	bool journal;	    /* records are fsynced, below the state directory */
	bool threads;	    /* libcurl resolves names in one */
	/* System calls that holder and guardian of every lease need, ended by -1; NULL: none. */
	const int *syscalls;
	/* Optional: true where this lease must start a program (a kubeconfig's exec plugin): the
	 * filter, which that program inherits, then forbids a list instead of allowing one. */
	bool (*starts_programs)(void);
	/* Optional: before a record is replayed by `rescue`, still without a filter: opens what
	 * revert and residue need. */
	int (*open)(const json_t *undo, struct ord_err *err);
	/* Optional: takes away what leases of any machine left in the cluster. Appends entries of
	 * the `rescued` event to records. */
	int (*sweep)(const struct inj_sweep *sweep, json_t *records, struct ord_err *err);
};

/* Which program this process is; set by inj_serve. Before: one with no faults and the limits of
 * `ordeal-injector`. */
const struct inj_program *inj_program(void);
void inj_program_set(const struct inj_program *program); /* borrows */

struct ord_injector {
	const char *name; /* as in list.def */
	/* System calls beyond those of the loop (sandbox.c), ended by -1: for inject..end, and for
	 * revert/residue. */
	const int *syscalls;
	const int *revert_syscalls;
	/*
	 * No side effect outside this process. Resolves, opens descriptors, enters namespaces,
	 * decides the engine, and fills `undo` with all that revert needs (the record). `report`
	 * gets what the `checked` event tells: "engine", "objects" (list of texts), "notes" (list
	 * of texts). Through the API it may ask (reads, SelfSubjectAccessReview, dry runs).
	 */
	int (*check)(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err);
	/*
	 * Optional: begins the threads that inject..end need, as the last thing before the filter
	 * is loaded, which is theirs too. When it returns they have made whatever calls a thread
	 * begins with.
	 */
	int (*begin)(struct inj_step *step, struct ord_err *err);
	/* The change, and the proof that it is in force. No allocation between the change and
	 * return. */
	int (*inject)(struct inj_step *step, struct ord_err *err);
	/*
	 * Optional: descriptors to poll while the fault is held, at most max; returns how many.
	 * *due_ns (CLOCK_MONOTONIC) may be lowered to be woken earlier.
	 */
	unsigned (*wait)(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns);
	/* Optional: after each poll. -1 ends the lease with the error; *ret_over true ends it as
	 * "target-gone". */
	int (*wake)(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		    struct ord_err *err);
	/*
	 * Optional, for effects that take time to build up (memory that is filled): asked after
	 * inject and after each wake; `injected` is told, and the hold counted, once it says true.
	 * NULL: in force when inject returns.
	 */
	int (*in_force)(struct inj_step *step, bool *ret_in_force, struct ord_err *err);
	/* Optional: step->args has other endpoints in `to` and `exclude`, and from now on it is
	 * about these, in one step without a gap. -1: it is as before. Memory may be asked for. */
	int (*change)(struct inj_step *step, struct ord_err *err);
	/* Optional: figures for the `reverted` event: {"matched_packets": 12, "late_p99_ns":
	 * 31000}; integers only. */
	void (*figures)(struct inj_step *step, json_t *figures);
	/* Optional: the holder's orderly end (flush what is held, close descriptors, reap
	 * children), before revert. */
	int (*end)(struct inj_step *step, struct ord_err *err);
	/* From the record alone, idempotent: called by the holder, the guardian, or rescue. NULL:
	 * class none or kernel. */
	int (*revert)(const json_t *undo, struct ord_err *err);
	/* Reads the system back; appends one text for each thing that is left. NULL: not applicable
	 * (class none). */
	int (*residue)(const json_t *undo, json_t *left, struct ord_err *err);
	/* Re-validates a record before it is replayed. Required where revert is. */
	int (*validate)(const json_t *undo, struct ord_err *err);
	/* Optional: frees step->state. */
	void (*done)(struct inj_step *step);
	/* NULL where it can run here; else ORD_SKIP-text of the exact reason and fix. For `doctor`;
	 * no side effect left. */
	int (*available)(const char **ret_engine, struct ord_err *err);
};

/* Tells at once what was done to one object: the event `acted`. what: "deleted", "evicted",
 * "refused", "patched"...; detail may be "". Only the holder has somebody to tell; but what was
 * "kept" reaches a person also from guardian and rescue (acted.h). */
void inj_acted(const struct inj_step *step, const char *what, const struct ord_object *o,
	       const char *detail);

/* To be called at least every 500 ms by inject, end, revert where they work longer: tells the
 * guardian that we live. */
void inj_beat(void);

/*
 * Enters the network namespace at path (checked by its inode, unless that is 0); "" stays.
 * ORD_USAGE where it is another. A record's place is entered in this way before `rescue` calls
 * revert and residue, so that these work in the namespace that they find themselves in, as they do
 * in the holder and the guardian.
 */
int inj_netns_enter(const char *path, uint64_t ino, struct ord_err *err);
/*
 * Where that namespace can be entered now: at path, or, where its process has died meanwhile, at
 * another process or name that is in it (ino 0: at path alone). False where there is none that we
 * can see.
 */
bool inj_netns_find(const char *path, uint64_t ino, char ret[64]);

/* Does nothing: the placebo, in both programs. */
extern const struct ord_injector inj_noop;

/* Made from each list.def; every catalogue entry of that program has one. */
extern const struct inj_program inj_host_program;
extern const struct inj_program inj_kube_program;

#endif
