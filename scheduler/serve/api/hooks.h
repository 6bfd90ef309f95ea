/*
 * Webhooks: events posted elsewhere. Each address has a queue of its own, bounded, that outlives
 * the daemon; one request is under way at a time, so that events arrive in their order. Nothing
 * here waits.
 */
#ifndef ORDEAL_SERVE_API_HOOKS_H
#define ORDEAL_SERVE_API_HOOKS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define API_HOOK_TRIES 8 /* then it is given up */

struct api_hooks;
struct api_settings;
struct ord_api;

/*
 * Those of these settings, which post nothing yet. Secrets are read now: a missing file is told at
 * once. What waits is read, but for what api->hooks have open.
 */
int api_hooks_open(struct ord_api *api, const struct api_settings *s, struct api_hooks **ret,
		   struct ord_err *err);
/* Post, with what waits at those before, which are taken; NULL: there were none. */
void api_hooks_begin(struct api_hooks *h, struct api_hooks *before);
void api_hooks_close(struct api_hooks *h); /* the files stay; NULL is fine */
void api_hooks_event(struct api_hooks *h, const char *type, const json_t *data);
size_t api_hooks_waiting(const struct api_hooks *h);
json_t *api_hooks_show(const struct api_hooks *h); /* for the status; owned */

/* hook_text.c, pure: what is posted. Owned; NULL: out of memory. */
char *api_hook_cloudevent(const char *source, const char *id, uint64_t wall_ns, const char *type,
			  const json_t *data);
char *api_hook_slack(const char *type, const json_t *data);
/* "Ordeal-Signature: t=SECONDS,v1=HEX" of "SECONDS.BODY". Owned. */
char *api_hook_signature(const char *key, size_t key_size, int64_t now_s, const char *body);

#endif
