/* Where Alertmanager's configuration sends an alert, and how long it lets it wait. Pure. */
#ifndef ORDEAL_MONITOR_ROUTE_H
#define ORDEAL_MONITOR_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

struct json_t;
struct mon_routes;

struct mon_route {
	uint64_t group_wait_ns, group_interval_ns, repeat_ns;
	char receiver[128];
	bool sure; /* no route that depends on a label that is not known, and none goes on after it
		    */
};

/* The text of `config.original` (YAML). */
int mon_routes_parse(const char *yaml, size_t size, struct mon_routes **ret, struct ord_err *err);
void mon_routes_free(struct mon_routes *r); /* NULL is fine */
/*
 * The route of an alert with these labels (an object of texts); all: it has no others. NULL labels:
 * the root.
 */
struct mon_route mon_routes_find(const struct mon_routes *r, const struct json_t *labels, bool all);
/* {"group_wait_ns", "group_interval_ns", "repeat_ns", "receiver", "sure"}; owned. */
struct json_t *mon_route_json(const struct mon_route *r);

#endif
