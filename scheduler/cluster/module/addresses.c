/* What objects are reached by: pods by status.podIPs, nodes by status.addresses, services by
 * spec.clusterIPs. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "scheduler/cluster/module/cluster.h"

#define ADDRESSES_NS (20 * ORD_S)

/* In the one form that an address has. What is no address is a name, or "None" of a service without
 * one of its own. */
static void add(struct ord_addresses *a, const json_t *value)
{
	const char *text = json_string_value(value);
	char own[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	int family = text && strchr(text, ':') ? AF_INET6 : AF_INET;

	if (!text || inet_pton(family, text, &addr) != 1)
		return;
	(void)inet_ntop(family, &addr, own, sizeof own);
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->v[i], own))
			return;
	if (a->n == ORD_ADDRESSES_MAX)
		a->more = true;
	else
		(void)snprintf(a->v[a->n++], sizeof a->v[0], "%s", own);
}

static void add_all(struct ord_addresses *a, const struct ord_object *o, const json_t *json)
{
	const json_t *status = json_object_get(json, "status"), *list, *v;
	const bool pod = !strcmp(o->kind, "Pod"), node = !strcmp(o->kind, "Node");
	size_t i;

	list = pod    ? json_object_get(status, "podIPs")
	       : node ? json_object_get(status, "addresses")
		      : json_object_get(json_object_get(json, "spec"), "clusterIPs");
	json_array_foreach (list, i, v) {
		add(a, pod ? json_object_get(v, "ip") : node ? json_object_get(v, "address") : v);
	}
}

int ord_cluster_addresses(struct ord_cluster *c, const struct ord_place *place,
			  struct ord_addresses *ret, struct ord_err *err)
{
	const uint64_t deadline = ord_now_ns() + ADDRESSES_NS;
	struct ord_addresses a = {0};

	for (size_t i = 0; i < place->cluster->n; i++) {
		const struct ord_object *o = &place->cluster->v[i];
		ord_auto(json) json_t *json = NULL;
		const size_t before = a.n;

		if (kube_get(c->kube, o, deadline, &json, NULL, err))
			return -1;
		add_all(&a, o, json);
		if (a.n == before && !a.more)
			return ord_fail(err, ORD_USAGE, "%s %s%s%s has no address (yet)", o->kind,
					o->ns, *o->ns ? "/" : "", o->name);
	}
	*ret = a;
	return 0;
}
