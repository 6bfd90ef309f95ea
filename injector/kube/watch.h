/* Watches on the objects that were edited, while the fault is held. */
#ifndef ORDEAL_INJECTOR_KUBE_WATCH_H
#define ORDEAL_INJECTOR_KUBE_WATCH_H

#include <stdbool.h>

#include "injector/kube/edit_private.h"
#include "kube/kube.h"
#include "ordeal/err.h"

/* After the object was changed. Copies what it needs; -1: out of memory. */
int inj_watch_add(const struct inj_edit *e, struct ord_err *err);
/* Opens the streams, which kube_drive then serves; what was deleted before they began counts too.
 * -1: a kind is not known to the server, or out of memory. */
int inj_watch_start(struct kube *k, struct ord_err *err);
void inj_watch_stop(void);
/* Whether a field was taken back; by: the manager ("somebody" where none is known), untouched where
 * not. Told as `acted` once. */
bool inj_watch_taken(char by[128]);
/* Whether all objects are gone. */
bool inj_watch_gone(void);

#endif
