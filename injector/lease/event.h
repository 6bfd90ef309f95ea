/* Events: JSON lines on standard output. They never block the lease: who does not read loses them.
 */
#ifndef ORDEAL_LEASE_EVENT_H
#define ORDEAL_LEASE_EVENT_H

#include <jansson.h>
#include <stdint.h>

#include "ordeal/err.h"

/* Takes more (an object of further keys, may be NULL). lease NULL: none. */
void inj_event(const char *event, const char *lease, uint64_t at_ns, json_t *more);
/* The `failed` event. */
void inj_event_failed(const char *phase, const char *lease, const struct ord_err *err);

#endif
