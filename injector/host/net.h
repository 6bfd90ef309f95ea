/* What the faults of the network share: the place, the rules of safety, the filter, the devices,
 * what is left. */
#ifndef ORDEAL_HOST_NET_H
#define ORDEAL_HOST_NET_H

#include <jansson.h>
#include <stdbool.h>

#include "engines/link.h"
#include "engines/match.h"
#include "engines/sender.h"
#include "injector/lease/injector.h"

/* System calls of inject..end that every one of them needs, and those of residue (sandbox.c has the
 * loop's). */
extern const int net_syscalls[];
extern const int net_residue_syscalls[];

/* Refuses (ORD_GUARD) what has no filter, in the host's or the caller's own network, unless the
 * request says that the whole host is meant. */
int net_guard(const struct inj_step *step, struct ord_err *err);
/*
 * First in check. Refuses (ORD_GUARD) what cuts off half or more of the host's or the caller's own
 * network without a filter, unless the request says that the whole host is meant; then enters the
 * place's network namespace.
 */
int net_enter(const struct inj_step *step, bool severe, struct ord_err *err);

/* The network of this machine, or the one that whoever asks sits in. Before net_enter. */
bool net_own(const struct ord_place *place);

/*
 * The highest ordinary priority and, where the scheduler knows that (Linux 6.12), the shortest
 * slice, for this process but not for its children: a delay in the kernel would run before every
 * process, and what is killed must die at once for its effect to go. Where it is not allowed, or
 * the machine is busy all the same, the figures tell how late packets were. threads: for what it
 * begins too, the guardian among them.
 */
void net_first_in_line(bool threads);

/* The filter of the arguments; the pointers are borrowed from the step. */
struct match net_match(const struct inj_step *step);
/* ORD_USAGE where the peers that step->args has now would need other devices than those that were
 * chosen for the former. */
int net_change_fits(const struct inj_step *step, const struct links *devices, struct ord_err *err);

/* Does the step ask for the packets of one control group (`cgroup`)? */
bool net_sender_asked(const struct inj_step *step);
/*
 * That group, and what else of the filter a sender excludes is refused; nothing is asked for where
 * *ret was not set. It is open from here on (sender_close), and has no bit yet.
 */
int net_sender(const struct inj_step *step, struct sender *ret, json_t *report,
	       struct ord_err *err);
/* Raises again what nftables said of a table that asks for a sender: that may be gone by now. -1.
 */
int net_sender_explain(const struct sender *s, struct ord_err *err);

/* The devices that the arguments mean; notes what was left out. */
int net_devices(const struct inj_step *step, struct nl_talk *route, enum link_side side,
		struct links *ret, json_t *report, struct ord_err *err);

/* "ordeal LEASE pid N": the comment of every table, which tells who holds it. */
void net_comment(const struct inj_step *step, char out[static 128]);

/* Adds a text to the report's list "objects" or "notes", printf-like. */
int net_tell(json_t *report, const char *list, struct ord_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The record: {"lease": text, "tables": [[family, name]...], "links": [name...]}. */
int net_undo(json_t *undo, const struct inj_step *step, struct ord_err *err);
int net_undo_table(json_t *undo, uint8_t family, const char *name, struct ord_err *err);
int net_undo_link(json_t *undo, const char *name, struct ord_err *err);
int net_validate(const json_t *undo, struct ord_err *err);
int net_residue(const json_t *undo, json_t *left, struct ord_err *err);

/* Adds an integer to the figures; out of memory leaves it out. */
void net_figure(json_t *figures, const char *name, uint64_t value);

/* ORD_SKIP with the reason where this process may not change networks. */
int net_capable(struct ord_err *err);
/*
 * Runs the trial in a child, in a network namespace of its own that goes with it, loopback up. What
 * the trial raises is raised here; ORD_GUARD where no such namespace can be made.
 */
int net_trial(int (*trial)(struct ord_err *err), struct ord_err *err);

#endif
