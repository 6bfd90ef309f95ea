/* Names, types and addresses as people write them. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/units.h"
#include "dns.h"

#define ITEM 300 /* of a list, with its NUL; a name has 253 characters at most, escapes none */

/* The next item of a list, without blanks around it; false at the end. */
static bool item(const char **text, char out[static ITEM])
{
	const char *p = *text + strspn(*text, ", \t");
	size_t n = strcspn(p, ",");

	*text = p + n;
	while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	(void)snprintf(out, ITEM, "%.*s", (int)(n < ITEM ? n : ITEM - 1), p);
	return n > 0;
}

static int no_name(const char *text, struct ord_err *err)
{
	return ord_fail(err, ORD_USAGE,
			"'%.100s' is no name: www.example.com, *.example.com (below it), "
			".example.com (it and below) or *",
			text);
}

static int labels(const char *text, struct dns_name *n, struct ord_err *err)
{
	const char *p = text;

	while (*p) {
		const size_t len = strcspn(p, ".");

		if (len == 0 || len > 63 || n->len + len + 2 > DNS_NAME || strcspn(p, "*\\") < len)
			return no_name(text, err);
		n->wire[n->len++] = (uint8_t)len;
		for (size_t i = 0; i < len; i++) {
			const char c = p[i];

			n->wire[n->len++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		}
		p += len;
		p += *p == '.';
	}
	n->wire[n->len++] = 0;
	return 0;
}

static int one_name(const char *text, struct dns_name *n, struct ord_err *err)
{
	*n = (struct dns_name){.itself = true};
	if (strcmp(text, "*") == 0) {
		n->below = true;
		return labels("", n, err);
	}
	if (strncmp(text, "*.", 2) == 0) {
		n->itself = false;
		n->below = true;
		text += 2;
	} else if (text[0] == '.') {
		n->below = true;
		text++;
	}
	return *text ? labels(text, n, err) : no_name(text, err);
}

int dns_rule_names(struct dns_rule *r, const char *text, struct ord_err *err)
{
	char name[ITEM];

	while (item(&text, name)) {
		if (r->n_names == DNS_NAMES)
			return ord_fail(err, ORD_USAGE, "more than %d names", DNS_NAMES);
		if (one_name(name, &r->names[r->n_names], err) < 0)
			return -1;
		r->n_names++;
	}
	return r->n_names ? 0 : ord_fail(err, ORD_USAGE, "no name: * means all");
}

bool dns_rule_all(const struct dns_rule *r)
{
	for (size_t i = 0; i < r->n_names; i++)
		if (r->names[i].len == 1)
			return true;
	return false;
}

/* RFC 1035 and the registry of IANA; any other is TYPE and its number (RFC 3597). */
static int one_type(const char *text, uint16_t *ret, struct ord_err *err)
{
	static const struct {
		const char *name;
		uint16_t type;
	} types[] = {{"A", 1},	   {"NS", 2},	  {"CNAME", 5}, {"SOA", 6},  {"PTR", 12},
		     {"MX", 15},   {"TXT", 16},	  {"AAAA", 28}, {"SRV", 33}, {"DS", 43},
		     {"SVCB", 64}, {"HTTPS", 65}, {"ANY", 255}, {"CAA", 257}};
	int64_t number;

	for (size_t i = 0; i < ORD_COUNT(types); i++) {
		if (strcasecmp(text, types[i].name) == 0) {
			*ret = types[i].type;
			return 0;
		}
	}
	if (strncasecmp(text, "TYPE", 4) != 0 ||
	    ord_parse_int(text + 4, 1, UINT16_MAX, &number, err) < 0)
		return ord_fail(err, ORD_USAGE,
				"'%.32s' is no record type: A, AAAA, MX, TXT... or TYPE and its "
				"number",
				text);
	*ret = (uint16_t)number;
	return 0;
}

int dns_rule_types(struct dns_rule *r, const char *text, struct ord_err *err)
{
	char type[ITEM];

	while (item(&text, type)) {
		if (r->n_types == DNS_TYPES)
			return ord_fail(err, ORD_USAGE, "more than %d record types", DNS_TYPES);
		if (one_type(type, &r->types[r->n_types], err) < 0)
			return -1;
		r->n_types++;
	}
	return 0;
}

int dns_rule_addresses(struct dns_rule *r, const char *text, struct ord_err *err)
{
	char address[ITEM];

	while (item(&text, address)) {
		if (!r->has_a && inet_pton(AF_INET, address, r->a) == 1)
			r->has_a = true;
		else if (!r->has_aaaa && inet_pton(AF_INET6, address, r->aaaa) == 1)
			r->has_aaaa = true;
		else
			return ord_fail(
				err, ORD_USAGE,
				"'%.64s': one IPv4 address, one IPv6 address, or one of each",
				address);
	}
	return 0;
}
