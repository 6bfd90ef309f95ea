#include "injector/kube/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static int port_add(json_t *ports, const struct ord_endpoint *e, const char *protocol,
		    struct ord_err *err)
{
	json_t *port = json_pack("{s:s}", "protocol", protocol);
	int r = port ? 0 : -1;

	if (e->port_hi)
		r += json_object_set_new(port, "port", json_integer(e->port_lo));
	if (e->port_hi > e->port_lo)
		r += json_object_set_new(port, "endPort", json_integer(e->port_hi));
	r += json_array_append_new(ports, port);
	return r ? ord_fail_nomem(err) : 0;
}

/* One entry of `egress` or `ingress`: peers (to, from) and ports, where each is left out for any.
 */
static int rule_add(json_t *rules, const char *peers, const struct ord_endpoint *e,
		    struct ord_err *err)
{
	ord_auto(json) json_t *rule = json_object(), *ports = json_array();
	char address[INET6_ADDRSTRLEN], cidr[INET6_ADDRSTRLEN + 4];

	if (e->proto != 0 && e->proto != IPPROTO_TCP && e->proto != IPPROTO_UDP)
		return ord_fail(err, ORD_USAGE,
				"allow: a NetworkPolicy knows ports of tcp and udp, no icmp");
	if (e->family != AF_UNSPEC) {
		if (!inet_ntop(e->family, e->addr, address, sizeof address))
			return ord_fail_sys(err, "allow");
		(void)snprintf(cidr, sizeof cidr, "%s/%u", address, e->prefix);
		if (json_object_set_new(rule, peers,
					json_pack("[{s:{s:s}}]", "ipBlock", "cidr", cidr)) < 0)
			return ord_fail_nomem(err);
	}
	if ((e->proto || e->port_hi) &&
	    ((e->proto != IPPROTO_UDP && port_add(ports, e, "TCP", err) < 0) ||
	     (e->proto != IPPROTO_TCP && port_add(ports, e, "UDP", err) < 0)))
		return -1;
	if ((json_array_size(ports) && json_object_set(rule, "ports", ports) < 0) ||
	    json_array_append(rules, rule) < 0)
		return ord_fail_nomem(err);
	return 0;
}

static int rules_make(const struct policy *p, const char *peers, bool dns, json_t **ret,
		      struct ord_err *err)
{
	static const struct ord_endpoint port_53 = {.port_lo = 53, .port_hi = 53};
	ord_auto(json) json_t *rules = json_array();

	for (size_t i = 0; p->allow && i < p->allow->n; i++)
		if (rule_add(rules, peers, &p->allow->v[i], err) < 0)
			return -1;
	if (dns && rule_add(rules, peers, &port_53, err) < 0)
		return -1;
	*ret = ord_steal_ptr(rules);
	return 0;
}

static int direction_add(json_t *spec, const struct policy *p, bool egress, struct ord_err *err)
{
	json_t *rules;

	if (rules_make(p, egress ? "to" : "from", egress && p->allow_dns, &rules, err) < 0)
		return -1;
	if (json_object_set_new(spec, egress ? "egress" : "ingress", rules) < 0 ||
	    json_array_append_new(json_object_get(spec, "policyTypes"),
				  json_string(egress ? "Egress" : "Ingress")) < 0)
		return ord_fail_nomem(err);
	return 0;
}

int policy_spec(const struct policy *p, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *selector = json_deep_copy(p->selector);
	ord_auto(json) json_t *spec =
		json_pack("{s:O s:[]}", "podSelector", selector, "policyTypes");

	if (!spec)
		return ord_fail_nomem(err);
	if ((p->egress && direction_add(spec, p, true, err) < 0) ||
	    (p->ingress && direction_add(spec, p, false, err) < 0))
		return -1;
	*ret = ord_steal_ptr(spec);
	return 0;
}

bool policy_opens(const json_t *spec, const struct policy *ours)
{
	return (ours->egress && json_array_size(json_object_get(spec, "egress")) > 0) ||
	       (ours->ingress && json_array_size(json_object_get(spec, "ingress")) > 0);
}
