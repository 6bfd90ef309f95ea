#include "dns_flow.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"

#define FLOWS  1024u /* TCP connections that are remembered */
#define PROBES 8u
#define PREFIX 2u /* the length before each message (RFC 1035 4.2.2) */
#define HEAD   (DNS_HEADER + DNS_NAME + 4u)
#define PACKET 65536u
/* Packets that end within a question, and how long each waits for the rest of it: a server that
 * sends the rest only when the first part was acknowledged must not wait for us. */
#define WAITING 20u
#define WAIT_NS (20 * ORD_MS)

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
	struct dns_waiting *waiting; /* where the first part of the question is, or NULL */
	uint16_t n_head;	     /* bytes of that part */
	uint8_t head[HEAD];
};

struct dns_waiting {
	bool used, ready, changed;
	uint32_t id, len, at; /* at: where in the packet the message begins */
	uint64_t due_ns;
	struct dns_flow *flow; /* NULL once it is ready */
	uint8_t *packet;       /* owned, PACKET bytes */
};

int dns_init(struct dns *d, uint64_t seed, struct ord_err *err)
{
	*d = (struct dns){.ppm = 1000000};
	ord_rng_init(&d->rng, seed);
	d->flows = calloc(FLOWS, sizeof *d->flows);
	d->waiting = calloc(WAITING, sizeof *d->waiting);
	if (!d->flows || !d->waiting)
		return ord_fail_nomem(err);
	for (size_t i = 0; i < WAITING; i++) {
		d->waiting[i].packet = malloc(PACKET);
		if (!d->waiting[i].packet)
			return ord_fail_nomem(err);
	}
	return 0;
}

void dns_done(struct dns *d)
{
	for (size_t i = 0; d->waiting && i < WAITING; i++)
		free(d->waiting[i].packet);
	free(ord_steal_ptr(d->waiting));
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

/* ---- a question that is cut ---- */

/* What waits goes on. */
static void go_on(struct dns_flow *f)
{
	f->n_head = 0;
	if (!f->waiting)
		return;
	f->waiting->ready = true;
	f->waiting->flow = NULL;
	f->waiting = NULL;
}

/* As it came: the rest of the question was not to be had. */
static void give_up(struct dns *d, struct dns_flow *f)
{
	d->unread += f->n_head > 0;
	go_on(f);
}

/* The packet ends with f->head; false: there is no room for it. */
static bool wait(struct dns *d, struct dns_flow *f, const struct dns_wire *w, uint32_t id,
		 uint64_t now_ns, bool changed)
{
	for (size_t i = 0; i < WAITING; i++) {
		struct dns_waiting *p = &d->waiting[i];

		if (p->used || w->len > PACKET)
			continue;
		memcpy(p->packet, w->ip, w->len);
		*p = (struct dns_waiting){.used = true,
					  .changed = changed,
					  .id = id,
					  .len = w->len,
					  .at = (uint32_t)(d->begun - w->ip),
					  .due_ns = now_ns + WAIT_NS,
					  .flow = f,
					  .packet = p->packet};
		f->waiting = p;
		return true;
	}
	give_up(d, f);
	return false;
}

bool dns_ready(struct dns *d, uint64_t now_ns, struct dns_ready *ret)
{
	for (size_t i = 0; i < WAITING; i++) {
		struct dns_waiting *p = &d->waiting[i];
		struct dns_wire w;

		if (!p->used)
			continue;
		if (!p->ready && p->due_ns <= now_ns)
			give_up(d, p->flow);
		if (!p->ready)
			continue;
		if (p->changed && dns_wire_open(&w, p->packet, p->len))
			dns_wire_close(&w, dns_wire_data(&w));
		*ret = (struct dns_ready){
			.id = p->id, .len = p->len, .packet = p->packet, .changed = p->changed};
		p->used = p->ready = false;
		return true;
	}
	return false;
}

uint64_t dns_due(const struct dns *d)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < WAITING; i++)
		if (d->waiting[i].used && d->waiting[i].due_ns < due)
			due = d->waiting[i].due_ns;
	return due;
}

/* The bytes behind f->head: they complete it, or nothing does. */
static bool complete(struct dns *d, struct dns_flow *f, uint8_t *p, uint32_t len)
{
	const uint32_t had = f->n_head, more = len < HEAD - had ? len : HEAD - had;
	enum dns_look look;
	size_t rest;

	memcpy(f->head + had, p, more);
	look = dns_look(&d->rule, f->head, had + more, &rest);
	f->hit = look == DNS_MEANT && happens(d, true);
	if (look == DNS_GARBLED ||
	    (f->hit && d->rule.effect != DNS_DELAY &&
	     !dns_edit_begin(&f->edit, &d->rule, f->head, rest, f->len, rest))) {
		give_up(d, f);
		return false;
	}
	if (f->hit && f->waiting) {
		memcpy(f->waiting->packet + f->waiting->at, f->head, had);
		f->waiting->changed = true;
		memcpy(p, f->head + had, rest - had);
		dns_edit_run(&f->edit, &d->rule, p + (rest - had), len - (rest - had));
	}
	go_on(f);
	return f->hit;
}

/* ---- what a server says on a connection ---- */

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
	give_up(d, oldest);
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
		if (!again && len < f->len && len < HEAD) {
			memcpy(f->head, msg, len);
			f->n_head = (uint16_t)len;
			d->begun = msg;
		} else {
			d->unread += !again;
		}
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
	if (f->n_head && off == f->n_head)
		return complete(d, f, p, len);
	if (f->n_head)
		give_up(d, f);
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

static enum dns_fate tcp(struct dns *d, uint32_t id, uint64_t now_ns, struct dns_wire *w)
{
	const uint8_t *head = w->ip + w->l4;
	const uint32_t seq = get32(head + 4), len = dns_wire_data(w);
	struct dns_flow *f = find(d, w);
	bool touched;

	d->begun = NULL;
	if (head[13] & (SYN | RST))
		give_up(d, f);
	if (head[13] & SYN) {
		f->framed = true;
		f->half = false;
		f->len = 0;
		f->start = f->next = seq + 1;
	}
	touched = len && !(head[13] & (SYN | RST)) && stream(d, f, seq, w->ip + w->data, len);
	if (head[13] & RST)
		f->used = 0;
	/* To be late, what follows the first part is enough. */
	if (d->begun && f->n_head && d->rule.effect != DNS_DELAY &&
	    wait(d, f, w, id, now_ns, touched))
		return DNS_WAIT;
	if (!touched)
		return DNS_PASS;
	if (d->rule.effect == DNS_DELAY)
		return DNS_LATE;
	dns_wire_close(w, len);
	return DNS_CHANGED;
}

enum dns_fate dns_packet(struct dns *d, uint32_t id, uint64_t now_ns, uint8_t *packet,
			 uint32_t *len)
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
		fate = tcp(d, id, now_ns, &w);
	if (d->meant > before) {
		d->packets++;
		d->bytes += *len;
	}
	*len = w.len;
	return fate;
}
