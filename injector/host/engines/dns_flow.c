#include "dns_flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define FLOWS  1024u /* TCP connections that are remembered */
#define PROBES 8u
#define PREFIX 2u /* the length before each message (RFC 1035 4.2.2) */

enum { SYN = 2, RST = 4 }; /* of a TCP header */

/* What the server said on one connection: the message that the last byte was of. */
struct dns_flow {
	uint8_t key[36]; /* addresses and ports */
	uint64_t used;	 /* 0: nobody's */
	bool framed;	 /* it is known where a message begins: at next */
	bool half;	 /* half of the length was read */
	bool undecided;	 /* nothing of the message itself was seen */
	bool hit;
	uint8_t first;	/* that half */
	uint32_t start; /* where the message begins behind its length, by sequence number */
	uint32_t len;
	uint32_t next; /* the first byte behind it, or the half that is missing */
	struct dns_edit edit;
};

int dns_init(struct dns *d, uint64_t seed, struct ord_err *err)
{
	*d = (struct dns){.ppm = 1000000};
	ord_rng_init(&d->rng, seed);
	d->flows = calloc(FLOWS, sizeof *d->flows);
	return d->flows ? 0 : ord_fail_nomem(err);
}

void dns_done(struct dns *d)
{
	free(ord_steal_ptr(d->flows));
}

static bool happens(struct dns *d, bool tcp)
{
	/* Drawn in any case: the same answers get the same numbers whatever the share is. */
	const bool hit = ord_rng_below(&d->rng, 1000000) < d->ppm;

	d->meant++;
	d->hit += hit;
	d->hit_tcp += hit && tcp;
	return hit;
}

/* ---- UDP: a message a packet ---- */

static enum dns_fate udp(struct dns *d, struct dns_wire *w)
{
	const struct dns_rule *r = &d->rule;
	uint8_t *msg = w->ip + w->data;
	size_t rest;

	switch (dns_look(r, msg, dns_wire_data(w), &rest)) {
	case DNS_OTHER:
		return DNS_PASS;
	case DNS_GARBLED:
		d->unread++;
		return DNS_PASS;
	case DNS_MEANT:
		break;
	}
	if (!happens(d, false))
		return DNS_PASS;
	if (r->effect == DNS_DELAY)
		return DNS_LATE;
	if (r->effect == DNS_DROP)
		return DNS_LOST;
	dns_wire_close(w, (uint32_t)dns_change(r, msg, dns_wire_data(w), rest));
	return DNS_CHANGED;
}

/* ---- TCP ---- */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The flow's place, or the longest unused one near it, emptied. */
static struct dns_flow *find(struct dns *d, const struct dns_wire *w)
{
	struct dns_flow *oldest = NULL;
	uint8_t key[sizeof oldest->key] = {0};
	uint32_t hash = 2166136261u; /* FNV-1a */

	memcpy(key, w->ip + (w->v6 ? 8 : 12), w->v6 ? 32 : 8);
	memcpy(key + 32, w->ip + w->l4, 4);
	for (size_t i = 0; i < sizeof key; i++)
		hash = (hash ^ key[i]) * 16777619u;
	for (uint32_t i = 0; i < PROBES; i++) {
		struct dns_flow *f = &d->flows[(hash + i) % FLOWS];

		if (f->used && memcmp(f->key, key, sizeof key) == 0) {
			f->used = d->seen;
			return f;
		}
		if (!oldest || f->used < oldest->used)
			oldest = f;
	}
	*oldest = (struct dns_flow){.used = d->seen};
	memcpy(oldest->key, key, sizeof key);
	return oldest;
}

/* The first bytes of a message of f->len. Again: it was decided before, and is said again. */
static bool decide(struct dns *d, struct dns_flow *f, uint8_t *msg, uint32_t len, bool again)
{
	const struct dns_rule *r = &d->rule;
	size_t rest;

	f->undecided = false;
	f->edit = (struct dns_edit){.phase = DNS_DONE};
	switch (dns_look(r, msg, len, &rest)) {
	case DNS_OTHER:
		return false;
	case DNS_GARBLED:
		d->unread += !again;
		return false;
	case DNS_MEANT:
		break;
	}
	if (!again)
		f->hit = happens(d, true);
	if (!f->hit || r->effect == DNS_DELAY)
		return f->hit;
	if (dns_edit_begin(&f->edit, r, msg, len, f->len, rest))
		return true;
	d->unread += !again;
	return false;
}

/* Bytes of the message that the flow is in. */
static bool within(struct dns *d, struct dns_flow *f, uint32_t off, uint8_t *p, uint32_t len)
{
	if (off == 0)
		return decide(d, f, p, len, !f->undecided);
	f->undecided = false;
	if (off != f->edit.at) {
		/* Said again, or out of turn: only what needs no bytes before it goes on. */
		if (f->edit.phase != DNS_FILL)
			return false;
		f->edit.at = off;
	}
	if (f->edit.phase == DNS_DONE)
		return false;
	dns_edit_run(&f->edit, &d->rule, p, len);
	return true;
}

static void message(struct dns_flow *f, uint32_t start, uint32_t len)
{
	f->framed = true;
	f->half = f->hit = false;
	f->undecided = true;
	f->start = start;
	f->len = len;
	f->next = start + len;
	f->edit = (struct dns_edit){.phase = DNS_DONE};
}

/* Where nothing is known of the connection, or bytes of it are missing: does a message begin here?
 */
static bool plausible(const uint8_t *p, uint32_t len)
{
	static const struct dns_rule any = {.effect = DNS_TTL,
					    .names = {{.itself = true, .below = true, .len = 1}},
					    .n_names = 1};
	size_t rest;

	return len > PREFIX && (uint32_t)(p[0] << 8 | p[1]) >= DNS_HEADER &&
	       dns_look(&any, p + PREFIX, len - PREFIX, &rest) == DNS_MEANT;
}

/* The length before a message; returns how many bytes of it were there, 0: no message begins. */
static uint32_t prefix(struct dns_flow *f, uint32_t seq, const uint8_t *p, uint32_t len)
{
	const bool in_turn = f->framed && seq == f->next;

	if (in_turn && f->half) {
		message(f, seq + 1, (uint32_t)(f->first << 8 | p[0]));
		return 1;
	}
	if (!in_turn && !plausible(p, len)) {
		f->framed = false;
		return 0;
	}
	if (len == 1) {
		f->half = true;
		f->first = p[0];
		f->next = seq + 1;
		return 1;
	}
	message(f, seq + PREFIX, (uint32_t)(p[0] << 8 | p[1]));
	return PREFIX;
}

/* True: the rule happened to some of the bytes. */
static bool stream(struct dns *d, struct dns_flow *f, uint32_t seq, uint8_t *p, uint32_t len)
{
	bool touched = false;
	uint32_t n;

	for (; len; seq += n, p += n, len -= n) {
		const uint32_t before = f->start - seq, off = seq - f->start;

		if (f->framed && !f->half && off < f->len) {
			n = f->len - off < len ? f->len - off : len;
			touched |= within(d, f, off, p, n);
		} else if (f->framed && !f->half && before - 1 < PREFIX) {
			n = before < len ? before : len; /* its length, said again */
		} else {
			n = prefix(f, seq, p, len);
			if (n == 0)
				break;
		}
	}
	return touched;
}

static enum dns_fate tcp(struct dns *d, struct dns_wire *w)
{
	const uint8_t *head = w->ip + w->l4;
	const uint32_t seq = get32(head + 4), len = dns_wire_data(w);
	struct dns_flow *f = find(d, w);
	bool touched;

	if (head[13] & SYN) {
		f->framed = true;
		f->half = false;
		f->len = 0;
		f->start = f->next = seq + 1;
	}
	touched = len && !(head[13] & (SYN | RST)) && stream(d, f, seq, w->ip + w->data, len);
	if (head[13] & RST)
		f->used = 0;
	if (!touched)
		return DNS_PASS;
	if (d->rule.effect == DNS_DELAY)
		return DNS_LATE;
	dns_wire_close(w, len);
	return DNS_CHANGED;
}

enum dns_fate dns_packet(struct dns *d, uint8_t *packet, uint32_t *len)
{
	enum dns_fate fate = DNS_PASS;
	const uint64_t before = d->meant;
	struct dns_wire w;

	d->seen++;
	if (!dns_wire_open(&w, packet, *len)) {
		d->unread++;
		return DNS_PASS;
	}
	if (w.proto == IPPROTO_UDP)
		fate = udp(d, &w);
	else if (d->rule.effect != DNS_TRUNCATE) /* over TCP nothing is too long */
		fate = tcp(d, &w);
	if (d->meant > before) {
		d->packets++;
		d->bytes += *len;
	}
	*len = w.len;
	return fate;
}
