/* One request to a daemon's API, over its unix socket or a port, by libcurl; it waits. */
#ifndef ORDEAL_SERVE_CLIENT_H
#define ORDEAL_SERVE_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "ordeal/ctl.h"

/* path: "v1/runs"; body: NULL is a GET. *ret is the answer's JSON, owned; what the daemon refuses
 * is the error. */
int client_ask(const struct ord_ctl_order *to, const char *path, const json_t *body, json_t **ret,
	       struct ord_err *err);

/* Events until the stream ends or the callback says so (false). data is borrowed. */
typedef bool client_event(void *arg, const char *type, const json_t *data);
int client_watch(const struct ord_ctl_order *to, client_event *event, void *arg,
		 struct ord_err *err);

/* A name as a segment of a path; false: it does not fit. */
bool client_escape(const char *name, char *out, size_t size);

#endif
