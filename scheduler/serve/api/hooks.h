/*
 * Webhooks: events posted elsewhere. Each address has a queue of its own, bounded; one request is
 * under way at a time, so that events arrive in their order. Nothing here waits.
 */
#ifndef ORDEAL_SERVE_API_HOOKS_H
#define ORDEAL_SERVE_API_HOOKS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define API_HOOK_QUEUE 256 /* events that wait at one address; the oldest goes */
#define API_HOOK_TRIES 8   /* then it is given up */

struct api_hooks;
struct ord_api;

/* *ret is NULL where the settings have none. Secrets are read now: a missing file is told at once.
 */
int api_hooks_open(struct ord_api *api, struct api_hooks **ret, struct ord_err *err);
void api_hooks_close(struct api_hooks *h); /* what waits is dropped; NULL is fine */
void api_hooks_event(struct api_hooks *h, const char *type, const json_t *data, uint64_t id);
size_t api_hooks_waiting(const struct api_hooks *h);

/* hook_text.c, pure: what is posted. Owned; NULL: out of memory. */
char *api_hook_cloudevent(const char *source, const char *id, uint64_t wall_ns, const char *type,
			  const json_t *data);
char *api_hook_slack(const char *type, const json_t *data);
/* "Ordeal-Signature: t=SECONDS,v1=HEX" of "SECONDS.BODY". Owned. */
char *api_hook_signature(const char *key, size_t key_size, int64_t now_s, const char *body);

#endif
