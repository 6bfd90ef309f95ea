/* net.dns while it is held: what comes, and what is due. */
#include <string.h>

#include "base/clock.h"
#include "net_dns.h"

#define TURN_NS (2 * ORD_MS) /* then the caller's loop has its say */

static void go_on(struct net_dns *s, uint32_t id, bool accept)
{
	if (queue_verdict(&s->queue, id, accept, false) < 0)
		s->refused++;
}

static void change(struct net_dns *s, uint32_t id, const uint8_t *packet, uint32_t len)
{
	if (queue_replace(&s->queue, id, packet, len, s->reply) < 0)
		s->refused++;
}

static void hold(struct net_dns *s, uint32_t id)
{
	const uint32_t at = (s->first + s->n_held) % NET_DNS_LATE;

	if (s->n_held == NET_DNS_LATE) {
		s->overflow++;
		go_on(s, id, false);
		return;
	}
	s->held[at].due_ns = ord_now_ns() + s->delay_ns;
	s->held[at].id = id;
	s->n_held++;
}

/* A packet of our own on loopback: it goes on with another text. */
static bool answer_probe(struct net_dns *s, uint32_t id, uint8_t *packet, uint32_t len)
{
	const uint32_t n = sizeof NET_DNS_ASKS;
	struct dns_wire w;

	if (!dns_wire_open(&w, packet, len) || dns_wire_data(&w) != n ||
	    memcmp(packet + w.data, NET_DNS_ASKS, n) != 0)
		return false;
	memcpy(packet + w.data, NET_DNS_TOLD, n);
	dns_wire_close(&w, n);
	change(s, id, packet, w.len);
	return true;
}

/* Packets that ended within a question and go on now. */
static void send_ready(struct net_dns *s, uint64_t now_ns)
{
	struct dns_ready r;

	while (dns_ready(&s->dns, now_ns, &r)) {
		if (r.changed)
			change(s, r.id, r.packet, r.len);
		else
			go_on(s, r.id, true);
	}
}

static void each(void *arg, const struct queued *q)
{
	struct net_dns *s = arg;
	uint8_t *packet = q->data;
	const uint32_t id = q->id;
	uint32_t len = q->held;
	const uint64_t now = ord_now_ns();
	enum dns_fate fate;

	if (q->held < q->len || !packet) {
		s->dns.unread++;
		go_on(s, id, true);
		return;
	}
	if (s->proving && answer_probe(s, id, packet, len))
		return;
	fate = dns_packet(&s->dns, id, now, packet, &len);
	send_ready(s, now);
	switch (fate) {
	case DNS_PASS:
		go_on(s, id, true);
		break;
	case DNS_CHANGED:
		change(s, id, packet, len);
		break;
	case DNS_LATE:
		hold(s, id);
		break;
	case DNS_LOST:
		go_on(s, id, false);
		break;
	case DNS_WAIT:
		break;
	}
}

static void release(struct net_dns *s, bool all)
{
	uint64_t now = ord_now_ns();

	while (s->n_held && (all || s->held[s->first].due_ns <= now)) {
		if (!all)
			late_add(&s->late, now - s->held[s->first].due_ns);
		go_on(s, s->held[s->first].id, true);
		s->first = (s->first + 1) % NET_DNS_LATE;
		s->n_held--;
		now = ord_now_ns();
	}
}

int net_dns_turn(struct net_dns *s, bool all, struct ord_err *err)
{
	const uint64_t end = ord_now_ns() + TURN_NS;
	int r;

	do {
		release(s, false);
		r = queue_read(&s->queue, s->buf, NET_DNS_BUF, each, s);
	} while (r > 0 && (all || ord_now_ns() < end));
	release(s, all);
	send_ready(s, all ? UINT64_MAX : ord_now_ns());
	return r < 0 ? ord_fail_sys(err, "packet queue %u", s->queue.number) : 0;
}
