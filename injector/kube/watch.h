/* Watches on the objects that were edited, while the fault is held. */
#ifndef ORDEAL_INJECTOR_KUBE_WATCH_H
#define ORDEAL_INJECTOR_KUBE_WATCH_H

#include <stdbool.h>

#include "injector/kube/edit_private.h"
#include "kube/kube.h"
#include "ordeal/err.h"

/* Copies what it needs. */
int inj_watch_add(const struct inj_edit *e, struct ord_err *err);
int inj_watch_start(struct kube *k, struct ord_err *err);
void inj_watch_stop(void);
/* Whether a field was taken back, and by whom (128 bytes); or all objects are gone. */
bool inj_watch_taken(char by[128]);
bool inj_watch_gone(void);

#endif
