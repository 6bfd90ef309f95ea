#include "ordeal/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"

static const struct {
	const char *name;
	uint8_t proto;
} protos[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}};

static const char form[] = "write [CIDR][:PORT[-PORT]][/tcp|udp|icmp], as in '10.0.0.0/8:5432/tcp' "
			   "or '[2001:db8::]:443'";

static bool digits(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/* Takes "/tcp" off the end, where it stands. */
static int take_proto(char *text, struct ord_endpoint *e, struct ord_err *err)
{
	char *slash = strrchr(text, '/');

	if (!slash || !isalpha((unsigned char)slash[1]))
		return 0;
	for (size_t i = 0; i < ORD_COUNT(protos); i++)
		if (!strcmp(slash + 1, protos[i].name)) {
			e->proto = protos[i].proto;
			*slash = '\0';
			return 0;
		}
	return ord_fail(err, ORD_USAGE, "protocol '%s' is none of tcp, udp, icmp", slash + 1);
}

static int port(const char *text, uint16_t *ret, struct ord_err *err)
{
	int64_t v;

	if (!digits(text) || ord_parse_int(text, 1, 65535, &v, NULL))
		return ord_fail(err, ORD_USAGE, "port '%s' is not within 1 to 65535", text);
	*ret = (uint16_t)v;
	return 0;
}

static int ports(char *text, struct ord_endpoint *e, struct ord_err *err)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	if (port(text, &e->port_lo, err) || port(dash ? dash + 1 : text, &e->port_hi, err))
		return -1;
	if (e->port_hi < e->port_lo)
		return ord_fail(err, ORD_USAGE, "ports %u-%u count backwards", e->port_lo,
				e->port_hi);
	if (e->proto == IPPROTO_ICMP)
		return ord_fail(err, ORD_USAGE, "icmp has no ports");
	return 0;
}

static int host_bits(const struct ord_endpoint *e, struct ord_err *err)
{
	unsigned bits = e->family == AF_INET ? 32 : 128;
	struct ord_endpoint right = *e;
	char text[ORD_ENDPOINT_TEXT];
	bool wrong = false;

	right.proto = 0;
	right.port_lo = right.port_hi = 0;
	for (unsigned b = e->prefix; b < bits; b++) {
		uint8_t mask = (uint8_t)(0x80u >> (b % 8));

		wrong |= (e->addr[b / 8] & mask) != 0;
		right.addr[b / 8] = (uint8_t)(right.addr[b / 8] & ~mask);
	}
	if (!wrong)
		return 0;
	return ord_fail(err, ORD_USAGE, "the address has bits below the prefix; did you mean '%s'?",
			ord_endpoint_format(&right, text));
}

static int cidr(char *text, struct ord_endpoint *e, struct ord_err *err)
{
	char *slash = strchr(text, '/');
	unsigned bits;
	int64_t prefix;

	if (slash)
		*slash = '\0';
	e->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	bits = e->family == AF_INET ? 32 : 128;
	if (inet_pton(e->family, text, e->addr) != 1)
		return ord_fail(err, ORD_USAGE, "'%s' is not an address; %s", text, form);
	prefix = bits;
	if (slash && (!digits(slash + 1) || ord_parse_int(slash + 1, 0, bits, &prefix, NULL)))
		return ord_fail(err, ORD_USAGE, "prefix '/%s' is not within 0 to %u", slash + 1,
				bits);
	e->prefix = (uint8_t)prefix;
	return host_bits(e, err);
}

/* "[...]", "[...]:ports" */
static int bracketed(char *text, struct ord_endpoint *e, struct ord_err *err)
{
	char *close = strchr(text, ']');

	if (!close || (close[1] && close[1] != ':'))
		return ord_fail(err, ORD_USAGE, "'%s' is not an endpoint; %s", text, form);
	*close = '\0';
	if (cidr(text + 1, e, err))
		return -1;
	return close[1] ? ports(close + 2, e, err) : 0;
}

static bool only_ports(const char *text)
{
	return *text && text[strspn(text, "0123456789-")] == '\0';
}

int ord_endpoint_parse(const char *text, struct ord_endpoint *ret, struct ord_err *err)
{
	struct ord_endpoint e = {.family = AF_UNSPEC};
	char buf[ORD_ENDPOINT_TEXT], *colon;
	size_t n = strlen(text);
	int r;

	if (!n || n >= sizeof buf)
		return ord_fail(err, ORD_USAGE, "'%.40s' is not an endpoint; %s", text, form);
	memcpy(buf, text, n + 1);
	if (take_proto(buf, &e, err))
		return -1;
	colon = strchr(buf, ':');
	if (!*buf)
		r = 0; /* "/tcp": any address, any port */
	else if (*buf == '[')
		r = bracketed(buf, &e, err);
	else if (*buf == ':' && buf[1] != ':')
		r = ports(buf + 1, &e, err);
	else if (only_ports(buf))
		r = ports(buf, &e, err);
	else if (colon && !strchr(colon + 1, ':')) { /* one colon: IPv4 with a port */
		*colon = '\0';
		r = cidr(buf, &e, err) || ports(colon + 1, &e, err) ? -1 : 0;
	} else
		r = cidr(buf, &e, err);
	if (!r)
		*ret = e;
	return r;
}

char *ord_endpoint_format(const struct ord_endpoint *e, char out[static ORD_ENDPOINT_TEXT])
{
	unsigned bits = e->family == AF_INET ? 32 : 128;
	char addr[INET6_ADDRSTRLEN] = "", prefix[8] = "", port_text[16] = "", proto[8] = "";
	bool brackets = e->family == AF_INET6 && e->port_lo;

	if (e->family != AF_UNSPEC) {
		(void)inet_ntop(e->family, e->addr, addr, sizeof addr);
		if (e->prefix < bits)
			(void)snprintf(prefix, sizeof prefix, "/%u", e->prefix);
	}
	if (e->port_lo && e->port_hi > e->port_lo)
		(void)snprintf(port_text, sizeof port_text, ":%u-%u", e->port_lo, e->port_hi);
	else if (e->port_lo)
		(void)snprintf(port_text, sizeof port_text, ":%u", e->port_lo);
	for (size_t i = 0; i < ORD_COUNT(protos); i++)
		if (e->proto == protos[i].proto)
			(void)snprintf(proto, sizeof proto, "/%s", protos[i].name);
	(void)snprintf(out, ORD_ENDPOINT_TEXT, "%s%s%s%s%s%s", brackets ? "[" : "", addr, prefix,
		       brackets ? "]" : "", port_text, proto);
	return out;
}

int ord_endpoint_compare(const struct ord_endpoint *a, const struct ord_endpoint *b)
{
	const int addr = memcmp(a->addr, b->addr, sizeof a->addr);
	const int order[] = {a->family - b->family,   addr,
			     a->prefix - b->prefix,   a->proto - b->proto,
			     a->port_lo - b->port_lo, a->port_hi - b->port_hi};

	for (size_t i = 0; i < ORD_COUNT(order); i++)
		if (order[i])
			return order[i];
	return 0;
}

bool ord_endpoints_same(const struct ord_endpoint *a, size_t n_a, const struct ord_endpoint *b,
			size_t n_b)
{
	for (size_t i = 0; n_a == n_b && i < n_a; i++)
		if (ord_endpoint_compare(&a[i], &b[i]))
			return false;
	return n_a == n_b;
}
