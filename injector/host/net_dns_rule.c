/* The arguments of net.dns as a rule. */
#include "base/clock.h"
#include "net_dns.h"

static const char *const effects[] = {"delay", "nxdomain", "servfail", "refused",
				      "drop",  "address",  "ttl",      "truncate"};

/* A parameter that one effect needs, or takes, and no other has a use for. */
static int belongs(const struct inj_step *step, const char *param, bool needed, bool taken,
		   const char *whose, struct ord_err *err)
{
	const char *effect = effects[ord_arg_int(step->args, "effect")];
	const bool set = ord_arg_set(step->args, param);

	if (needed && !set)
		return ord_fail(err, ORD_USAGE, "effect %s needs %s", effect, param);
	if (set && !taken)
		return ord_fail(err, ORD_USAGE, "%s belongs to effect %s, not to %s", param, whose,
				effect);
	return 0;
}

static int tcp_or_udp(const struct inj_step *step, const char *param, struct ord_err *err)
{
	const struct ord_endpoints *e = &ord_arg(step->args, param)->eps;

	for (size_t i = 0; i < e->n; i++)
		if (e->v[i].proto == IPPROTO_ICMP)
			return ord_fail(err, ORD_USAGE,
					"%s: no name server answers over ICMP: udp, tcp, or none "
					"for both",
					param);
	return 0;
}

int net_dns_rule(const struct inj_step *step, struct dns_rule *ret, struct ord_err *err)
{
	struct dns_rule *r = ret;
	const int64_t effect = ord_arg_int(step->args, "effect");

	if (ord_arg_int(step->args, "ttl") % (int64_t)ORD_S)
		return ord_fail(err, ORD_USAGE, "ttl counts in whole seconds");
	r->effect = (enum dns_effect)effect;
	r->ttl = (uint32_t)(ord_arg_int(step->args, "ttl") / (int64_t)ORD_S);
	if (belongs(step, "delay", effect == DNS_DELAY, effect == DNS_DELAY, "delay", err) < 0 ||
	    belongs(step, "address", effect == DNS_ADDRESS, effect == DNS_ADDRESS, "address", err) <
		    0 ||
	    belongs(step, "ttl", effect == DNS_TTL, effect == DNS_TTL || effect == DNS_ADDRESS,
		    "ttl or address", err) < 0 ||
	    tcp_or_udp(step, "to", err) < 0 || tcp_or_udp(step, "exclude", err) < 0 ||
	    dns_rule_names(r, ord_arg_text(step->args, "name"), err) < 0 ||
	    dns_rule_types(r, ord_arg_text(step->args, "type"), err) < 0)
		return -1;
	return effect == DNS_ADDRESS
		       ? dns_rule_addresses(r, ord_arg_text(step->args, "address"), err)
		       : 0;
}
