/* What the lean way can ask, and the bytes that it asks with. */
#ifndef ORDEAL_PROBE_HTTP_LEAN_REQUEST_H
#define ORDEAL_PROBE_HTTP_LEAN_REQUEST_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "ordeal/spec.h"

struct lean_request {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t at_size;
	char *text; /* owned */
	size_t size;
	char *trace; /* where its traceparent's value stands in text, NULL: it has none */
};

/* Whether the lean way would ask exactly as libcurl does. */
bool lean_request_fits(const struct ord_probe_spec *spec);
/* Of a spec that fits. False: no memory. */
bool lean_request_open(struct lean_request *r, const struct ord_probe_spec *spec);
void lean_request_close(struct lean_request *r);

#endif
