#include "dns.h"

#include <string.h>

/* RFC 1035, RFC 6891, RFC 6895. */
#define TYPE_A	     1
#define TYPE_AAAA    28
#define TYPE_OPT     41
#define TYPE_ANY     255
#define TYPE_PRIVATE 65280
#define CLASS_IN     1
#define OPTION_PAD   12 /* RFC 7830 */
#define RECORD	     11 /* bytes of the smallest: the root's name, type, class, TTL, no data */

/* In the third and fourth byte of a header. */
enum { QR = 0x80, OPCODE = 0x78, AA = 0x04, TC = 0x02 };
enum { RA = 0x80, AD = 0x20, CD = 0x10 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* ---- what is meant ---- */

/* Are the bytes the labels of a name, in whatever case? (A length is below 64: no letter.) */
static bool same(const uint8_t *wire, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(wire[i]) != name[i])
			return false;
	return true;
}

static bool name_meant(const struct dns_rule *r, const uint8_t *wire, size_t len)
{
	/* At each label: is what follows a name of the rule? */
	for (size_t at = 0; at < len; at += wire[at] + 1u) {
		for (size_t i = 0; i < r->n_names; i++) {
			const struct dns_name *n = &r->names[i];

			if ((at ? n->below : n->itself) && n->len == len - at &&
			    same(wire + at, n->wire, n->len))
				return true;
		}
	}
	return false;
}

static bool type_meant(const struct dns_rule *r, uint16_t type)
{
	if (r->effect == DNS_ADDRESS && type != TYPE_ANY && !(type == TYPE_A && r->has_a) &&
	    !(type == TYPE_AAAA && r->has_aaaa))
		return false;
	for (size_t i = 0; i < r->n_types; i++)
		if (r->types[i] == type)
			return true;
	return r->n_types == 0;
}

/* The length of a question's name, which is never compressed; 0: it is none. */
static size_t name_length(const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len && at < DNS_NAME && p[at] < 64) {
		if (p[at] == 0)
			return at + 1;
		at += p[at] + 1u;
	}
	return 0;
}

enum dns_look dns_look(const struct dns_rule *r, const uint8_t *msg, size_t len, size_t *ret_rest)
{
	size_t n;

	if (len < DNS_HEADER)
		return DNS_GARBLED;
	if (!(msg[2] & QR) || msg[2] & OPCODE || get16(msg + 4) != 1)
		return DNS_OTHER;
	n = name_length(msg + DNS_HEADER, len - DNS_HEADER);
	if (n == 0 || DNS_HEADER + n + 4 > len)
		return DNS_GARBLED;
	*ret_rest = DNS_HEADER + n + 4;
	if (get16(msg + *ret_rest - 2) != CLASS_IN || !type_meant(r, get16(msg + *ret_rest - 4)) ||
	    !name_meant(r, msg + DNS_HEADER, n))
		return DNS_OTHER;
	return DNS_MEANT;
}

/* ---- a new header, no records ---- */

static bool emptied(const struct dns_rule *r)
{
	return r->effect == DNS_NXDOMAIN || r->effect == DNS_SERVFAIL || r->effect == DNS_REFUSED ||
	       r->effect == DNS_TRUNCATE;
}

/* No SOA comes with it, so that nobody keeps it (RFC 2308 5, 7.1). */
static void head(const struct dns_rule *r, uint8_t *msg, bool additional)
{
	static const uint8_t codes[] = {[DNS_SERVFAIL] = 2, [DNS_NXDOMAIN] = 3, [DNS_REFUSED] = 5};

	if (r->effect == DNS_TRUNCATE) {
		msg[2] |= TC;
		msg[3] &= (uint8_t)~AD;
	} else {
		msg[2] &= (uint8_t) ~(AA | TC);
		msg[3] = (uint8_t)((msg[3] & (RA | CD)) | codes[r->effect]);
	}
	memset(msg + 6, 0, 4);
	put16(msg + 10, additional);
}

/* Past the name of a record; 0: it is none. */
static size_t skip_name(const uint8_t *msg, size_t at, size_t len)
{
	while (at < len) {
		if (msg[at] >= 0xc0)
			return at + 2;
		if (msg[at] >= 64)
			return 0;
		if (msg[at] == 0)
			return at + 1;
		at += msg[at] + 1u;
	}
	return 0;
}

/* The OPT record, which says what both sides can (RFC 6891); *ret_size 0: there is none. False: the
 * records are garbled. */
static bool find_opt(const uint8_t *msg, size_t len, size_t rest, size_t *ret_at, size_t *ret_size)
{
	const uint32_t n = (uint32_t)get16(msg + 6) + get16(msg + 8) + get16(msg + 10);
	size_t at = rest;

	*ret_size = 0;
	for (uint32_t i = 0; i < n; i++) {
		const size_t fixed = skip_name(msg, at, len);
		size_t end;

		if (!fixed || fixed + 10 > len)
			return false;
		end = fixed + 10 + get16(msg + fixed + 8);
		if (end > len)
			return false;
		if (get16(msg + fixed) == TYPE_OPT && fixed == at + 1) {
			*ret_at = at;
			*ret_size = end - at;
		}
		at = end;
	}
	return at == len;
}

static size_t empty(const struct dns_rule *r, uint8_t *msg, size_t len, size_t rest)
{
	size_t at = 0, size;

	/* An answer that was cut in the middle has no OPT that could be trusted either. */
	if (!find_opt(msg, len, rest, &at, &size))
		size = 0;
	head(r, msg, size > 0);
	memmove(msg + rest, msg + at, size);
	if (size && r->effect != DNS_TRUNCATE)
		msg[rest + 5] = 0; /* the upper bits of the code */
	return rest + size;
}

/* Back to the length that it had: OPT is padded, or a record of a private type added. */
static void pad(uint8_t *msg, size_t len, size_t total, size_t rest)
{
	uint8_t *data;

	if (len == total)
		return;
	memset(msg + len, 0, total - len);
	if (len == rest) {
		put16(msg + 10, 1);
		put16(msg + len + 1, TYPE_PRIVATE);
		put16(msg + len + 3, CLASS_IN);
		put16(msg + len + 9, total - len - RECORD);
		return;
	}
	data = msg + rest + 9;
	put16(data, get16(data) + (total - len));
	put16(msg + len, OPTION_PAD);
	put16(msg + len + 2, total - len - 4);
}

size_t dns_change(const struct dns_rule *r, uint8_t *msg, size_t len, size_t rest)
{
	struct dns_edit e;

	if (emptied(r))
		return empty(r, msg, len, rest);
	(void)dns_edit_begin(&e, r, msg, len, len, rest);
	return len;
}

/* ---- records, byte by byte ---- */

static bool is_address(const struct dns_edit *e, const struct dns_rule *r)
{
	const uint16_t type = get16(e->fixed);

	return r->effect == DNS_ADDRESS && e->answers && get16(e->fixed + 2) == CLASS_IN &&
	       ((type == TYPE_A && r->has_a) || (type == TYPE_AAAA && r->has_aaaa));
}

static void next_record(struct dns_edit *e)
{
	e->records--;
	e->answers -= e->answers > 0;
	e->n_fixed = 0;
	e->phase = e->records ? DNS_LABELS : DNS_DONE;
}

static void fixed(struct dns_edit *e, const struct dns_rule *r, uint8_t *b)
{
	const unsigned i = e->n_fixed++;

	e->fixed[i] = *b;
	if (i >= 4 && i < 8 &&
	    ((r->effect == DNS_TTL && get16(e->fixed) != TYPE_OPT) || is_address(e, r)))
		*b = (uint8_t)(r->ttl >> (8 * (7 - i)));
	if (i < 9)
		return;
	e->left = get16(e->fixed + 8);
	e->phase = DNS_DATA;
	if (!e->left)
		next_record(e);
}

static void data(struct dns_edit *e, const struct dns_rule *r, uint8_t *b)
{
	const uint16_t size = get16(e->fixed + 8);

	if (is_address(e, r)) {
		if (get16(e->fixed) == TYPE_A && size == sizeof r->a)
			*b = r->a[size - e->left];
		if (get16(e->fixed) == TYPE_AAAA && size == sizeof r->aaaa)
			*b = r->aaaa[size - e->left];
	}
	if (--e->left == 0)
		next_record(e);
}

/* A record of a private type in place of all records. */
static uint8_t filler(const struct dns_edit *e)
{
	uint8_t record[RECORD] = {0};

	put16(record + 1, TYPE_PRIVATE);
	put16(record + 3, CLASS_IN);
	put16(record + 9, e->total - e->rest - RECORD);
	return e->at - e->rest < RECORD ? record[e->at - e->rest] : 0;
}

static void step(struct dns_edit *e, const struct dns_rule *r, uint8_t *b)
{
	switch (e->phase) {
	case DNS_FILL:
		*b = filler(e);
		break;
	case DNS_LABELS:
		e->left = *b;
		e->phase = *b >= 0xc0 ? DNS_POINTER
			   : *b >= 64 ? DNS_DONE
			   : *b	      ? DNS_LABEL
				      : DNS_FIXED;
		break;
	case DNS_LABEL:
		if (--e->left == 0)
			e->phase = DNS_LABELS;
		break;
	case DNS_POINTER:
		e->phase = DNS_FIXED;
		break;
	case DNS_FIXED:
		fixed(e, r, b);
		break;
	case DNS_DATA:
		data(e, r, b);
		break;
	case DNS_DONE:
		break;
	}
	e->at++;
}

void dns_edit_run(struct dns_edit *e, const struct dns_rule *r, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && e->phase != DNS_DONE; i++)
		step(e, r, bytes + i);
}

bool dns_edit_begin(struct dns_edit *e, const struct dns_rule *r, uint8_t *msg, size_t len,
		    size_t total, size_t rest)
{
	const size_t room = total - rest;
	size_t at, size;

	*e = (struct dns_edit){
		.at = (uint32_t)rest, .rest = (uint32_t)rest, .total = (uint32_t)total};
	if (r->effect == DNS_DROP) {
		msg[0] = (uint8_t)~msg[0];
		msg[1] = (uint8_t)~msg[1];
		return true;
	}
	if (emptied(r)) {
		/* What is no record cannot become one. */
		if ((room && room < RECORD) ||
		    (len == total && !find_opt(msg, len, rest, &at, &size)))
			return false;
		if (len == total) {
			pad(msg, empty(r, msg, len, rest), total, rest);
			return true;
		}
		head(r, msg, room > 0);
		e->phase = DNS_FILL;
	} else {
		if (r->effect == DNS_ADDRESS)
			msg[3] &= (uint8_t)~AD;
		e->answers = get16(msg + 6);
		e->records = e->answers + get16(msg + 8) + get16(msg + 10);
		e->phase = e->records ? DNS_LABELS : DNS_DONE;
	}
	dns_edit_run(e, r, msg + rest, len - rest);
	return true;
}
