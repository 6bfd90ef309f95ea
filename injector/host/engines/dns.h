/*
 * Answers of name servers, and what becomes of one: pure, and total on any bytes.
 *
 * Every change is made to an answer in place. It never grows, and over TCP, where a byte more or
 * less would break the connection, it keeps its length. The question stays as it came, byte for
 * byte, since clients compare it (RFC 5452; some vary its case on purpose).
 */
#ifndef ORDEAL_ENGINES_DNS_H
#define ORDEAL_ENGINES_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define DNS_NAMES  32
#define DNS_TYPES  16
#define DNS_NAME   255 /* bytes of a name on the wire */
#define DNS_HEADER 12

enum dns_effect {
	DNS_DELAY, /* in the order of the choices of `effect` in list.def */
	DNS_NXDOMAIN,
	DNS_SERVFAIL,
	DNS_REFUSED,
	DNS_DROP,
	DNS_ADDRESS,
	DNS_TTL,
	DNS_TRUNCATE,
};

struct dns_name {
	bool itself, below; /* is the name meant, are those below it */
	uint8_t len;
	uint8_t wire[DNS_NAME]; /* labels in lower case, with the root's */
};

struct dns_rule {
	enum dns_effect effect;
	struct dns_name names[DNS_NAMES];
	size_t n_names;
	uint16_t types[DNS_TYPES]; /* none: all */
	size_t n_types;
	uint32_t ttl; /* of DNS_TTL; of DNS_ADDRESS the records that were changed */
	bool has_a, has_aaaa;
	uint8_t a[4], aaaa[16];
};

/* Lists as people write them, split at commas; they fill the rule. ORD_USAGE says what would be
 * right. Names: "www.example.com", "*.example.com" (below it), ".example.com" (it and below), "*".
 */
int dns_rule_names(struct dns_rule *r, const char *text, struct ord_err *err);
int dns_rule_types(struct dns_rule *r, const char *text, struct ord_err *err);
/* One IPv4 address, one IPv6 address, or one of each. */
int dns_rule_addresses(struct dns_rule *r, const char *text, struct ord_err *err);
/* Does one of its names mean every name? */
bool dns_rule_all(const struct dns_rule *r);

enum dns_look {
	DNS_OTHER,   /* no answer, or to another question */
	DNS_GARBLED, /* header and question are not whole */
	DNS_MEANT,
};

/* What a message is, by its first len bytes; *ret_rest gets where its records begin. */
enum dns_look dns_look(const struct dns_rule *r, const uint8_t *msg, size_t len, size_t *ret_rest);

/* Changes a whole answer that is meant (neither delay nor drop); returns its length, which is not
 * more than before. */
size_t dns_change(const struct dns_rule *r, uint8_t *msg, size_t len, size_t rest);

enum dns_phase { DNS_DONE, DNS_FILL, DNS_LABELS, DNS_LABEL, DNS_POINTER, DNS_FIXED, DNS_DATA };

/* The same for an answer that comes in pieces and must keep its length. */
struct dns_edit {
	enum dns_phase phase;
	uint32_t at, total, rest;   /* the next byte, all of them, where records begin */
	uint32_t records, answers;  /* still to come, this one included; of them in the answer */
	uint16_t left;		    /* bytes of the label or of the data */
	uint8_t n_fixed, fixed[10]; /* type, class, TTL, length */
};

/*
 * The first len bytes of an answer of total, header and question among them, and changes them;
 * false where that cannot be done within its length, and nothing was changed. Dropped means: under
 * another number, to which nobody asked anything.
 */
bool dns_edit_begin(struct dns_edit *e, const struct dns_rule *r, uint8_t *msg, size_t len,
		    size_t total, size_t rest);
/* The bytes that follow, in order. */
void dns_edit_run(struct dns_edit *e, const struct dns_rule *r, uint8_t *data, size_t len);

#endif
