/* glibc's libresolv reads the messages: no length in them is trusted here. */
#include "scheduler/probe/dns_packet.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"

static const ns_type types[] = {
	[ORD_DNS_A] = ns_t_a,	  [ORD_DNS_AAAA] = ns_t_aaaa, [ORD_DNS_CNAME] = ns_t_cname,
	[ORD_DNS_TXT] = ns_t_txt, [ORD_DNS_SRV] = ns_t_srv,   [ORD_DNS_MX] = ns_t_mx,
	[ORD_DNS_PTR] = ns_t_ptr, [ORD_DNS_NS] = ns_t_ns,
};

static const char *const rcodes[] = {
	[ns_r_noerror] = "NOERROR",   [ns_r_formerr] = "FORMERR", [ns_r_servfail] = "SERVFAIL",
	[ns_r_nxdomain] = "NXDOMAIN", [ns_r_notimpl] = "NOTIMP",  [ns_r_refused] = "REFUSED",
};

int dns_query(const struct ord_dns_probe *dns, uint16_t id, unsigned char out[static DNS_QUERY_MAX],
	      size_t *ret_size, struct ord_err *err)
{
	unsigned char *p = out + NS_HFIXEDSZ;
	int n;

	memset(out, 0, NS_HFIXEDSZ);
	ns_put16(id, out);
	out[2] = 1; /* recursion desired */
	out[5] = 1; /* one question */
	n = dn_comp(dns->name, p, DNS_QUERY_MAX - NS_HFIXEDSZ - NS_QFIXEDSZ, NULL, NULL);
	if (n < 0)
		return ord_fail(err, ORD_USAGE, "'%.100s' is not a name that can be asked for",
				dns->name);
	ns_put16(types[dns->type], p + n);
	ns_put16(ns_c_in, p + n + 2);
	*ret_size = (size_t)(p + n + NS_QFIXEDSZ - out);
	return 0;
}

/* It answers this question: id, name, type and class are the same, of a name but for its case. */
static bool is_ours(ns_msg *m, const unsigned char *query, size_t query_size)
{
	ns_msg asked;
	ns_rr a, b;

	return ns_msg_getflag(*m, ns_f_qr) && ns_initparse(query, (int)query_size, &asked) == 0 &&
	       ns_msg_id(*m) == ns_msg_id(asked) && ns_msg_count(*m, ns_s_qd) == 1 &&
	       ns_parserr(m, ns_s_qd, 0, &a) == 0 && ns_parserr(&asked, ns_s_qd, 0, &b) == 0 &&
	       ns_rr_type(a) == ns_rr_type(b) && ns_rr_class(a) == ns_rr_class(b) &&
	       !strcasecmp(ns_rr_name(a), ns_rr_name(b));
}

/* The address of a record, as text; NULL: it is garbled. */
static const char *address_of(const ns_rr *rr, char *out, socklen_t size)
{
	bool six = ns_rr_type(*rr) == ns_t_aaaa;

	if (ns_rr_rdlen(*rr) != (six ? NS_IN6ADDRSZ : NS_INADDRSZ))
		return NULL;
	return inet_ntop(six ? AF_INET6 : AF_INET, ns_rr_rdata(*rr), out, size);
}

static bool is_expected(const struct ord_dns_probe *dns, const ns_rr *rr)
{
	unsigned char want[sizeof(struct in6_addr)];
	int family = ns_rr_type(*rr) == ns_t_aaaa ? AF_INET6 : AF_INET;

	for (size_t i = 0; i < dns->n_addresses; i++)
		if (inet_pton(family, dns->addresses[i], want) == 1 &&
		    !memcmp(want, ns_rr_rdata(*rr), ns_rr_rdlen(*rr)))
			return true;
	return false;
}

/* How many records of the type were answered; -1, and why, where one is not to be. */
static int count(const struct ord_dns_probe *dns, ns_msg *m, char why[static ORD_WHY_MAX])
{
	char text[INET6_ADDRSTRLEN];
	int n = 0;

	for (int i = 0; i < ns_msg_count(*m, ns_s_an); i++) {
		const char *address;
		ns_rr rr;

		if (ns_parserr(m, ns_s_an, i, &rr) < 0) {
			(void)snprintf(why, ORD_WHY_MAX, "the answer is garbled");
			return -1;
		}
		if (ns_rr_type(rr) != types[dns->type])
			continue;
		n++;
		if (!dns->n_addresses)
			continue;
		address = address_of(&rr, text, sizeof text);
		if (!address || !is_expected(dns, &rr)) {
			(void)snprintf(why, ORD_WHY_MAX, "%s is not expected",
				       address ? address : "an address that is garbled");
			return -1;
		}
	}
	return n;
}

static bool compare(uint32_t n, enum ord_op op, uint32_t with)
{
	switch (op) {
	case ORD_OP_LT:
		return n < with;
	case ORD_OP_LE:
		return n <= with;
	case ORD_OP_GT:
		return n > with;
	case ORD_OP_EQ:
		return n == with;
	case ORD_OP_NE:
		return n != with;
	case ORD_OP_GE:
		break;
	}
	return n >= with;
}

static enum dns_verdict judge_answers(const struct ord_dns_probe *dns, ns_msg *m,
				      char why[static ORD_WHY_MAX])
{
	bool any = !dns->rcode || !strcmp(dns->rcode, "NOERROR");
	const char *type = ord_dns_type_name(dns->type);
	int n = count(dns, m, why);

	if (n < 0)
		return DNS_WRONG;
	if (dns->has_answers && !compare((uint32_t)n, dns->answers_op, dns->answers))
		(void)snprintf(why, ORD_WHY_MAX, "%d records of type %s, not %s", n, type,
			       dns->answers_text);
	else if (!n && (dns->n_addresses || (any && !dns->has_answers)))
		(void)snprintf(why, ORD_WHY_MAX, "no record of type %s", type);
	else
		return DNS_GOOD;
	return DNS_WRONG;
}

enum dns_verdict dns_judge(const struct ord_dns_probe *dns, const unsigned char *query,
			   size_t query_size, const unsigned char *message, size_t size,
			   char why[static ORD_WHY_MAX])
{
	const char *want = dns->rcode ? dns->rcode : "NOERROR", *got;
	char number[16];
	unsigned rcode;
	ns_msg m;

	if (size < NS_HFIXEDSZ || ns_get16(message) != ns_get16(query))
		return DNS_NOT_OURS;
	if (ns_initparse(message, (int)size, &m) < 0) {
		/* Cut in the middle of a record, as some servers do: it says so itself. */
		if (message[2] & 0x80 && message[2] & 0x02)
			return DNS_TRUNCATED;
		(void)snprintf(why, ORD_WHY_MAX, "the answer is garbled");
		return message[2] & 0x80 ? DNS_WRONG : DNS_NOT_OURS;
	}
	if (!is_ours(&m, query, query_size))
		return DNS_NOT_OURS;
	if (ns_msg_getflag(m, ns_f_tc))
		return DNS_TRUNCATED;
	rcode = (unsigned)ns_msg_getflag(m, ns_f_rcode);
	(void)snprintf(number, sizeof number, "code %u", rcode);
	got = rcode < ORD_COUNT(rcodes) && rcodes[rcode] ? rcodes[rcode] : number;
	if (strcmp(got, want) != 0) {
		(void)snprintf(why, ORD_WHY_MAX, "%s, not %s", got, want);
		return DNS_WRONG;
	}
	return judge_answers(dns, &m, why);
}
