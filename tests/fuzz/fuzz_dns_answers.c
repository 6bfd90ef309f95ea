/*
 * Packets of name servers, whatever is in them: what happens to one stays within it, never makes it
 * longer, and over TCP not shorter either; header and question of an answer that was changed are
 * whole. The first byte chooses the effect (3 bits), raw packets, IPv6, UDP; then come packets,
 * each behind two bytes of length.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host/engines/dns_flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GUARD 0xa5
#define MAX   4096u

/* A packet around the bytes, as a server would send it; TCP goes on where the last one ended. */
static uint32_t wrap(uint8_t *out, const uint8_t *data, uint32_t len, bool v6, bool udp,
		     uint32_t *seq)
{
	const uint32_t l3 = v6 ? 40 : 20, l4 = udp ? 8 : 20, all = l3 + l4 + len;
	uint8_t *t = out + l3;

	memset(out, 0, l3 + l4);
	out[0] = v6 ? 0x60 : 0x45;
	out[v6 ? 4 : 2] = (uint8_t)((v6 ? all - l3 : all) >> 8);
	out[v6 ? 5 : 3] = (uint8_t)(v6 ? all - l3 : all);
	out[v6 ? 6 : 9] = udp ? IPPROTO_UDP : IPPROTO_TCP;
	t[1] = 53;
	if (udp) {
		t[4] = (uint8_t)((len + 8) >> 8);
		t[5] = (uint8_t)(len + 8);
	} else {
		for (unsigned i = 0; i < 4; i++)
			t[4 + i] = (uint8_t)(*seq >> (24 - 8 * i));
		t[12] = 0x50;
		*seq += len;
	}
	memcpy(t + l4, data, len);
	return all;
}

static void one(struct dns *d, const uint8_t *data, uint32_t len, unsigned mode, uint32_t *seq)
{
	static uint8_t was[MAX + 128], room[MAX + 128];
	const bool raw = mode & 8, v6 = mode & 16, udp = mode & 32;
	uint32_t n = len, after;
	struct dns_wire w;

	memset(room, GUARD, sizeof room);
	if (raw)
		memcpy(room, data, len);
	else
		n = wrap(room, data, len, v6, udp, seq);
	memcpy(was, room, sizeof was);
	after = n;
	switch (dns_packet(d, *seq, 0, room, &after)) {
	case DNS_PASS:
	case DNS_LATE:
	case DNS_LOST:
		if (memcmp(was, room, sizeof was) != 0)
			abort();
		return;
	case DNS_WAIT: /* what stands before the question that is cut may be changed already */
		if (after > n || memcmp(was + n, room + n, sizeof was - n) != 0)
			abort();
		return;
	case DNS_CHANGED:
		break;
	}
	if (after > n || !dns_wire_open(&w, room, after) ||
	    (w.proto == IPPROTO_TCP && !raw && after != n))
		abort();
	if (memcmp(was + n, room + n, sizeof was - n) != 0)
		abort();
	if (w.proto == IPPROTO_UDP) {
		size_t rest;

		if (dns_look(&d->rule, room + w.data, dns_wire_data(&w), &rest) != DNS_MEANT ||
		    memcmp(room + w.data, was + w.data, 2) != 0 ||
		    memcmp(room + w.data + 12, was + w.data + 12, rest - 12) != 0)
			abort();
	}
}

/* What waited is a packet still. */
static void ready(struct dns *d, uint64_t now_ns)
{
	struct dns_ready r;
	struct dns_wire w;
	static uint8_t copy[65536];

	while (dns_ready(d, now_ns, &r)) {
		if (r.len > sizeof copy)
			abort();
		memcpy(copy, r.packet, r.len);
		if (!dns_wire_open(&w, copy, r.len) || w.len != r.len || w.proto != IPPROTO_TCP)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ord_err err;
	uint32_t seq = 1000;
	struct dns d;

	if (size < 1 || dns_init(&d, 7, &err) < 0)
		return 0;
	d.rule.effect = (enum dns_effect)(data[0] & 7);
	d.rule.has_a = d.rule.has_aaaa = true;
	d.rule.ttl = 77;
	if (dns_rule_names(&d.rule, "*.example.test,a.org", &err) < 0)
		abort();
	for (size_t at = 1; at + 2 <= size; ready(&d, data[0] & 8 ? UINT64_MAX : 0)) {
		uint32_t n = (uint32_t)(data[at] << 8 | data[at + 1]);

		at += 2;
		if (n > MAX)
			n %= MAX;
		if (n > size - at)
			n = (uint32_t)(size - at);
		one(&d, data + at, n, data[0], &seq);
		at += n;
	}
	ready(&d, UINT64_MAX);
	if (dns_due(&d) != UINT64_MAX)
		abort();
	dns_done(&d);
	return 0;
}
