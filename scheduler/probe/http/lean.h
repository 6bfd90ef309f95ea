/*
 * The lean way for what is asked thousands of times a second: GET of a plain http:// URL with an
 * address in it, over connections that are kept. It knows one kind of answer (answer.h); on any
 * other, the slot and all that follow go to libcurl.
 */
#ifndef ORDEAL_PROBE_HTTP_LEAN_H
#define ORDEAL_PROBE_HTTP_LEAN_H

#include "scheduler/probe/probe.h"

struct lean;

/* For a spec that lean_request_fits. odd: starts the slot again, by libcurl; the lean way is not
 * used after it. NULL: no memory. */
struct lean *lean_open(struct prb_probe *p, void (*odd)(struct prb_sample *s));
void lean_sample(struct lean *l, struct prb_sample *s);
/* True: the slot was under way here. */
bool lean_cancel(struct lean *l, struct prb_sample *s);
/* Handles what has arrived, without waiting. */
void lean_poll(struct lean *l);
void lean_close(struct lean *l); /* NULL is fine */

#endif
