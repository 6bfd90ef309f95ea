/*
 * Who is behind the targets that somebody is asked for, at the instant of the injection. Among many
 * objects of a cluster that takes seconds, and who runs containers may not answer: it is found out
 * in a thread, over a connection of its own, while the loop goes on sampling and hears every reason
 * to stop.
 */
#ifndef ORDEAL_RUN_FINDER_H
#define ORDEAL_RUN_FINDER_H

#include <systemd/sd-event.h>

#include "ordeal/cluster.h"
#include "ordeal/holder.h"
#include "ordeal/plan.h"

struct run_finder;

/* Opens the cluster of `like` (NULL: there is none) once more: a client is not shared between
 * threads. found is called from the loop, once for each run_finder_start(). */
int run_finder_open(const struct ord_plan *plan, const struct ord_cluster *like, sd_event *loop,
		    void (*found)(void *arg), void *arg, struct run_finder **ret,
		    struct ord_err *err);
/* At most one search at a time. */
int run_finder_start(struct run_finder *f, uint32_t rep, struct ord_err *err);
/* After found(), in the order of the faults: moves what the target of one is, with its injector
 * where that is on another machine (else NULL), or says why it has none; nothing is known of those
 * after it then. */
int run_finder_take(struct run_finder *f, size_t fault, struct ord_resolved *ret,
		    struct ord_holder **ret_holder, struct ord_err *err);
/* Stops what is being searched; NULL is fine. */
void run_finder_close(struct run_finder *f);

#endif
