/*
 * The cluster of this process's lease: its client, and what every fault through the API does in
 * check. One process holds one lease, so this is state of the process.
 *
 * A fault's check begins with inj_cluster_check, its inject with inj_hold_begin (hold.h). What it
 * changes on objects it plans with edit.h, whose verbs then do the rest.
 */
#ifndef ORDEAL_INJECTOR_KUBE_CLUSTER_H
#define ORDEAL_INJECTOR_KUBE_CLUSTER_H

#include <jansson.h>
#include <stdint.h>

#include "injector/lease/injector.h"
#include "kube/kube.h"
#include "ordeal/err.h"

/*
 * Opens the config by the place's context (ORD_GUARD where that leads to another server than the
 * place was resolved at), asks for each of the fault's rules in list.def whether we may (all that
 * is missing in one message), and looks whether another run holds the targets (ORD_GUARD: who, and
 * for how long). Fills undo with what revert must know of the cluster, and report with "engine",
 * "objects", "notes" (the config's warnings). Changes nothing.
 */
int inj_cluster_check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err);
/* Adds a text to report's "objects" or "notes". */
int inj_cluster_tell(json_t *report, const char *list, struct ord_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * This process's client. The guardian, forked after check, gets one of its own from the inherited
 * config. Borrowed; NULL with err where there is none.
 */
struct kube *inj_cluster(struct ord_err *err);
/* In revert and residue: the same for an undo record, whose cluster `rescue` opens first. */
struct kube *inj_cluster_of(const json_t *undo, struct ord_err *err);
/* CLOCK_MONOTONIC, a few seconds from now: the deadline of one call. */
uint64_t inj_cluster_deadline(void);
/* The undo record that check filled, for inject and later. Borrowed. */
const json_t *inj_cluster_undo(void);
/*
 * An error of the API, for a revert: what will not heal by waiting for the server (403, 422...) is
 * ORD_GUARD, all else ORD_SYS, which holder and guardian wait out. Returns -1.
 */
int inj_cluster_failed(int status, struct ord_err *err);

/* inj_acted, from where no step is at hand. */
void inj_cluster_acted(const char *what, const struct ord_object *o, const char *detail);

/* ["v1","Node","","n1","uid"] */
json_t *inj_object_to_json(const struct ord_object *o);
int inj_object_from_json(struct ord_object *ret, const json_t *json, struct ord_err *err);
/* "Node n1", "Deployment shop/orders", for messages. Returns out. */
#define INJ_OBJECT_TEXT (ORD_KUBE_KIND + ORD_KUBE_NS + ORD_KUBE_NAME + 3)
char *inj_object_text(const struct ord_object *o, char out[static INJ_OBJECT_TEXT]);

/* For the sweep: whatever server the context leads to. */
int inj_cluster_open(const char *context, struct ord_err *err);
const char *inj_cluster_server(void);

/* The program's hooks (struct inj_program). */
bool inj_cluster_starts_programs(void);
int inj_cluster_rescue(const json_t *undo, struct ord_err *err);
int inj_sweep(const struct inj_sweep *sweep, json_t *records, struct ord_err *err);

/* What libcurl, TLS and the resolver call, in holder and guardian; ended by -1. */
extern const int inj_kube_syscalls[];

#endif
