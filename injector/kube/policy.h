/*
 * The spec of a NetworkPolicy that isolates pods. Pure.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
#ifndef ORDEAL_INJECTOR_KUBE_POLICY_H
#define ORDEAL_INJECTOR_KUBE_POLICY_H

#include <jansson.h>
#include <stdbool.h>

#include "ordeal/endpoint.h"
#include "ordeal/err.h"

struct policy {
	bool egress, ingress, allow_dns;
	const struct ord_endpoints *allow; /* borrowed */
	const json_t *selector;		   /* LabelSelector of the pods, borrowed */
};

/* Owned in *ret; ORD_USAGE where an endpoint cannot be said in a NetworkPolicy. */
int policy_spec(const struct policy *p, json_t **ret, struct ord_err *err);
/*
 * Whether another policy, by its spec, lets traffic through in a direction that ours closes:
 * policies add up, so what it allows stays open. Which pods it is about is not looked at.
 */
bool policy_opens(const json_t *spec, const struct policy *ours);

#endif
