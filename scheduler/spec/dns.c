/* A probe of a server of names: a question, and what a good answer is. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

static const char types[] = "A|AAAA|CNAME|TXT|SRV|MX|PTR|NS";

const char *ord_dns_type_name(enum ord_dns_type type)
{
	static const char *const names[] = {
		[ORD_DNS_A] = "A",     [ORD_DNS_AAAA] = "AAAA", [ORD_DNS_CNAME] = "CNAME",
		[ORD_DNS_TXT] = "TXT", [ORD_DNS_SRV] = "SRV",	[ORD_DNS_MX] = "MX",
		[ORD_DNS_PTR] = "PTR", [ORD_DNS_NS] = "NS"};

	return names[type];
}

/* Labels of 1 to 63 letters, digits, '-' and '_', 253 in all; a point at the end is fine. */
static bool name_ok(const char *name)
{
	size_t label = 0, n = strlen(name);

	if (n && name[n - 1] == '.')
		n--;
	if (!n || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c == '.' ? !label : !(isalnum(c) || c == '-' || c == '_'))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label > 0;
}

static void dns_name_read(struct reader *r, const struct key *key, const struct node *node,
			  void *base)
{
	struct ord_probe_spec *p = base;
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (text && !name_ok(text))
		sink_add(r->sink, node,
			 "name: '%.80s' is not a name that can be asked for; write it as in "
			 "'orders.example'",
			 text);
	else if (text && !p->dns.name)
		p->dns.name = keep_text(r, text);
}

static bool is_address(const char *text)
{
	unsigned char buf[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, buf) == 1 || inet_pton(AF_INET6, text, buf) == 1;
}

/* "127.0.0.1", "127.0.0.1:53", "::1", "[::1]:53" -> with its port. False: it is none of these. */
static bool server_of(const char *text, char *out, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	char host[64];
	int64_t port;

	if (is_address(text)) {
		(void)snprintf(out, size, strchr(text, ':') ? "[%s]:53" : "%s:53", text);
		return true;
	}
	if (!n || n >= sizeof host || ord_parse_int(colon + 1, 1, 65535, &port, NULL))
		return false;
	if (*text == '[' && text[n - 1] == ']')
		(void)snprintf(host, sizeof host, "%.*s", (int)n - 2, text + 1);
	else
		(void)snprintf(host, sizeof host, "%.*s", (int)n, text);
	(void)snprintf(out, size, "%s", text);
	return is_address(host) && (*text == '[') == !!strchr(host, ':');
}

static void dns_server_read(struct reader *r, const struct key *key, const struct node *node,
			    void *base)
{
	struct ord_probe_spec *p = base;
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	char server[80];

	if (!text)
		return;
	if (!server_of(text, server, sizeof server))
		sink_add(r->sink, node,
			 "server: '%.80s' is not an address; write it as in '127.0.0.1:53' or "
			 "'[::1]:53'",
			 text);
	else if (!p->dns.server)
		p->dns.server = keep_text(r, server);
}

static void keep_address(struct reader *r, const struct key *key, const struct node *node,
			 struct ord_dns_probe *dns)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);

	if (!text)
		return;
	if (!is_address(text))
		sink_add(r->sink, node, "address: '%.60s' is not one, as in '10.0.0.7' or '::1'",
			 text);
	else if (dns->n_addresses == ORD_ANSWERS_MAX)
		sink_add(r->sink, node, "more than %d addresses", ORD_ANSWERS_MAX);
	else
		dns->addresses[dns->n_addresses++] = keep_text(r, text);
}

static void addresses_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	struct ord_probe_spec *p = base;

	if (node->kind != NODE_LIST) {
		keep_address(r, key, node, &p->dns);
		return;
	}
	if (!node->n)
		sink_add(r->sink, node, "address: an empty list; leave it out, or name one");
	for (size_t i = 0; i < node->n && i <= ORD_ANSWERS_MAX; i++)
		keep_address(r, key, node->items[i], &p->dns);
}

static void answers_read(struct reader *r, const struct key *key, const struct node *node,
			 void *base)
{
	struct ord_dns_probe *dns = &((struct ord_probe_spec *)base)->dns;
	int64_t v;

	if (!comparison_read(r, key, node, &dns->answers_op, &v))
		return;
	if (v < 0 || v % 1000000 || v > 1000 * 1000000ll) {
		sink_add(r->sink, node, "answers: a whole number from 0 to 1000 is wanted");
		return;
	}
	dns->has_answers = true;
	dns->answers = (uint32_t)(v / 1000000);
	(void)snprintf(dns->answers_text, sizeof dns->answers_text, "%s %u",
		       ord_op_name(dns->answers_op), dns->answers);
}

static const struct type type_dns_name = {"a name, as in 'orders.example'", dns_name_read,
					  schema_type_text};
static const struct type type_dns_server = {"an address, as in '127.0.0.1:53'", dns_server_read,
					    schema_type_text};
static const struct type type_addresses = {"an address, or a list of them", addresses_read,
					   schema_type_addresses};
static const struct type type_answers = {"a comparison", answers_read, schema_type_comparison};

static const struct key expect_keys[] = {
	{.name = "rcode",
	 .type = &type_choice_text,
	 AT(ord_probe_spec, dns.rcode),
	 .choices = "NOERROR|NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP",
	 .help = "the code of a good answer; none given: NOERROR"},
	{.name = "answers",
	 .type = &type_answers,
	 .example = "answers: '>= 1'",
	 .help = "how many records of the type that was asked for a good answer has; none given: "
		 "at least one where the code is NOERROR"},
	{.name = "address",
	 .type = &type_addresses,
	 .help = "the addresses that may be answered: at least one is, and none that is not here"},
	{.name = "within",
	 .type = &type_duration,
	 AT(ord_probe_spec, expect.within_ns),
	 .min = MS / 10,
	 .max = 600 * SEC,
	 .help = "the latest good answer, from the due time; none given: the timeout"},
};

const struct table table_dns_expect = {.name = "expect",
				       .path = "spec.probes[].dns.expect",
				       .help = "What a good answer is.",
				       .keys = expect_keys,
				       .n = ORD_COUNT(expect_keys)};

/* Addresses stand in answers of two types alone. */
static void dns_finish(struct reader *r, const struct node *map, void *base)
{
	const struct ord_probe_spec *p = base;
	const struct node *expect = node_find(map, "expect"), *address;

	address = expect ? node_find(expect, "address") : NULL;
	if (address && p->dns.n_addresses && p->dns.type != ORD_DNS_A &&
	    p->dns.type != ORD_DNS_AAAA)
		sink_add(r->sink, address,
			 "address: no answer of type %s has one; ask for A or AAAA",
			 ord_dns_type_name(p->dns.type));
}

static const struct key dns_keys[] = {
	{.name = "name",
	 .type = &type_dns_name,
	 .flags = KEY_REQUIRED,
	 .max = 254,
	 .example = "name: orders.example",
	 .help = "the name that is asked for, as it is: no search list"},
	{.name = "type",
	 .type = &type_choice,
	 AT(ord_probe_spec, dns.type),
	 .def = "A",
	 .choices = types,
	 .help = "what is asked of it"},
	{.name = "server",
	 .type = &type_dns_server,
	 .max = 64,
	 .help = "who is asked, as in '127.0.0.1:53' or '[::1]:53'; none given: the first of "
		 "/etc/resolv.conf when the run begins"},
	{.name = "tcp",
	 .type = &type_bool,
	 AT(ord_probe_spec, dns.tcp),
	 .def = "false",
	 .help = "over TCP from the start; else over UDP, and over TCP where an answer is "
		 "truncated"},
	{.name = "expect",
	 .type = &type_map,
	 .table = &table_dns_expect,
	 .flags = KEY_EMPTY_OK,
	 .help = "what a good answer is; none given: NOERROR and at least one record"},
};

const struct table table_dns = {.name = "dns",
				.path = "spec.probes[].dns",
				.help = "A question to a server of names.",
				.finish = dns_finish,
				.keys = dns_keys,
				.n = ORD_COUNT(dns_keys)};
