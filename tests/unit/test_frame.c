/* Frames taken apart, completed, broken and marked: packets built by hand, whose checksums are
 * verified as a receiver does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "frame_built.h"
#include "injector/host/engines/frame.h"

#define ARP 0x0806

static struct frame whole(struct built *b)
{
	return (struct frame){b->data, b->len, true};
}

static struct virtio_net_hdr header(const uint8_t *data)
{
	struct virtio_net_hdr h;

	memcpy(&h, data, sizeof h);
	return h;
}

/* The transport's checksum as who receives it sees it. */
static bool sum_right(const struct built *b, const uint8_t *data, uint32_t len)
{
	return fold(data + b->l4, len - b->l4, pseudo(b, data + b->l3, len - b->l4)) == 0xffff;
}

/* Packet i of the frame, of n. */
static void check_packet(const struct built *b, const struct want *w, uint32_t i, uint32_t n,
			 uint8_t *data, uint32_t len)
{
	const unsigned bytes = i + 1 < n ? w->size : w->bytes - i * w->size;
	const uint8_t *ip = data + b->l3, *l4 = data + b->l4;
	struct frame f = {data, len, true};

	assert_int_equal(len, b->payload + bytes);
	assert_memory_equal(data + HEADER, b->data + HEADER, b->l3 - HEADER);
	assert_memory_equal(data + b->payload, b->data + b->payload + i * w->size, bytes);
	assert_int_equal(header(data).gso_type, 0);
	assert_int_equal(header(data).gso_size, 0);
	assert_int_equal(header(data).hdr_len, 0);
	if (w->version == 6) {
		assert_int_equal(get(ip + 4), len - b->l3 - 40);
	} else {
		assert_int_equal(get(ip + 2), len - b->l3);
		assert_int_equal(get(ip + 4), (0xfffe + i) & 0xffff);
		assert_int_equal(fold(ip, b->l4 - b->l3, 0), 0xffff);
	}
	if (w->udp) {
		assert_int_equal(get(l4 + 4), len - b->l4);
	} else {
		assert_int_equal((uint32_t)get(l4 + 4) << 16 | get(l4 + 6),
				 UINT32_MAX + i * w->size);
		assert_int_equal(l4[13], w->flags & ~(i > 0 ? 0x80 : 0) & ~(i + 1 < n ? 0x09 : 0));
	}
	assert_int_equal(header(data).flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	frame_complete(&f);
	assert_int_equal(header(data).flags, 0);
	assert_true(sum_right(b, data, len));
}

/* Each part, taken apart again, gives the same packets as the whole. */
static void check_parts(struct built *b, const struct want *w, uint32_t n)
{
	static uint8_t one[FRAME_MAX], part[FRAME_MAX], again[FRAME_MAX];
	const struct frame f = whole(b);

	for (uint32_t first = 0; first < n; first++) {
		const uint32_t k = 1 + (first * 7 + 2) % (n - first);
		struct frame p = {part, frame_part(&f, first, k, part), true};

		assert_int_not_equal(p.len, 0);
		assert_int_equal(frame_packets(&p), k);
		if (k > 1 && k < n) {
			assert_int_equal(header(part).gso_size, w->size);
			assert_int_equal(header(part).hdr_len, b->payload - HEADER);
			assert_int_equal(header(part).gso_type & 0x7f,
					 header(b->data).gso_type & 0x7f);
		}
		for (uint32_t i = 0; i < k; i++) {
			const uint32_t len = frame_part(&f, first + i, 1, one);

			assert_int_equal(len, frame_part(&p, i, 1, again));
			assert_int_equal(len - HEADER, frame_wire(&f, first + i));
			assert_int_equal(len - HEADER, frame_wire(&p, i));
			assert_memory_equal(one, again, len);
			check_packet(b, w, first + i, n, again, len);
		}
		assert_int_equal(frame_wire(&p, k), 0);
		assert_int_equal(frame_part(&f, first, n - first + 1, one), 0);
	}
	assert_int_equal(frame_part(&f, 0, n, one), f.len);
	assert_memory_equal(one, f.data, f.len);
	assert_int_equal(frame_part(&f, n, 1, one), 0);
	assert_int_equal(frame_part(&f, 0, 0, one), 0);
}

static void every_kind_is_taken_apart(void **state)
{
	static const unsigned sizes[][2] = {
		{1000, 3001}, {999, 4995}, {1, 9}, {1460, 1461}, {536, 64000}};

	(void)state;
	for (unsigned k = 0; k < 2 * 2 * 3 * 2 * 2 * 5; k++) {
		const unsigned *size = sizes[k % 5];
		const struct want w = {.version = k / 5 % 2 ? 6 : 4,
				       .udp = k / 10 % 2,
				       .tags = k / 20 % 3,
				       .options = k / 60 % 2,
				       .whole_sum = k / 120 % 2,
				       .size = size[0],
				       .bytes = size[1],
				       .flags = 0x99}; /* CWR, ACK, PSH, FIN */
		struct built *b = build(&w);
		const struct frame f = whole(b);
		const uint32_t n = (size[1] + size[0] - 1) / size[0];

		assert_int_equal(frame_packets(&f), n);
		check_parts(b, &w, n);
		free(b);
	}
}

/* The flag of the header goes with the first packet, as TCP's own does. */
static void the_first_keeps_cwr(void **state)
{
	static uint8_t part[FRAME_MAX];
	struct built *b =
		build(&(struct want){.version = 4, .size = 100, .bytes = 500, .flags = 0x90});
	const struct frame f = whole(b);

	(void)state;
	assert_int_not_equal(frame_part(&f, 0, 2, part), 0);
	assert_int_equal(header(part).gso_type, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN);
	assert_int_not_equal(frame_part(&f, 1, 2, part), 0);
	assert_int_equal(header(part).gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	free(b);
}

static uint32_t packets(struct built *b)
{
	const struct frame f = whole(b);

	return frame_packets(&f);
}

/* Frames whose header promises what the packet does not keep are one packet. */
static void what_does_not_fit_is_one(void **state)
{
	const struct want w = {.version = 4, .size = 100, .bytes = 500};
	static uint8_t out[FRAME_MAX];
	struct virtio_net_hdr h;
	struct built *b = build(&w);
	const struct frame f = whole(b);

	(void)state;
	assert_int_equal(packets(b), 5);
	b->data[b->l3 + 6] = 0x20; /* more fragments */
	assert_int_equal(packets(b), 1);
	assert_int_equal(frame_wire(&f, 0), b->len - HEADER);
	assert_int_equal(frame_part(&f, 0, 1, out), b->len);
	assert_int_equal(frame_part(&f, 1, 1, out), 0);
	b->data[b->l3 + 6] = 0;
	b->data[b->l3 + 9] = 50; /* ESP */
	assert_int_equal(packets(b), 1);
	b->data[b->l3 + 9] = IPPROTO_UDP;
	assert_int_equal(packets(b), 1);
	b->data[b->l3 + 9] = IPPROTO_TCP;
	h = header(b->data);
	h.csum_start += 28; /* of a tunnel's inside */
	memcpy(b->data, &h, sizeof h);
	assert_int_equal(packets(b), 1);
	h.csum_start -= 28;
	h.gso_type = VIRTIO_NET_HDR_GSO_UDP; /* fragments, which a TAP of ours does not take */
	memcpy(b->data, &h, sizeof h);
	assert_int_equal(packets(b), 1);
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 500;
	memcpy(b->data, &h, sizeof h);
	assert_int_equal(packets(b), 1);
	free(b);
}

static void a_partial_sum_is_completed(void **state)
{
	struct ord_rng rng;

	(void)state;
	ord_rng_init(&rng, 1);
	for (unsigned k = 0; k < 400; k++) {
		const struct want w = {.version = k % 2 ? 6 : 4,
				       .udp = k / 2 % 2,
				       .tags = k / 4 % 2,
				       .bytes = (unsigned)ord_rng_below(&rng, 1500)};
		struct built *b = build(&w);
		struct frame f = whole(b);

		frame_complete(&f);
		assert_true(sum_right(b, f.data, f.len));
		assert_int_equal(header(f.data).flags, 0);
		free(b);
	}
}

/* A sum of zero would say to UDP that there is none. */
static void no_sum_is_zero(void **state)
{
	struct built *b = build(&(struct want){.version = 4, .udp = true, .bytes = 2});
	struct frame f = whole(b);
	const unsigned sum = fold(b->data + b->l4, b->len - b->l4, 0);
	const unsigned was = get(b->data + b->payload);

	(void)state;
	/* The bytes that make the sum 0xffff. */
	put(b->data + b->payload, fold(NULL, 0, was + (0xffff - sum)));
	frame_complete(&f);
	assert_int_equal(get(b->data + b->l4 + 6), 0xffff);
	assert_true(sum_right(b, f.data, f.len));
	free(b);
}

static void many_are_not_completed(void **state)
{
	struct built *b = build(&(struct want){.version = 4, .size = 100, .bytes = 500});
	struct built *same = build(&(struct want){.version = 4, .size = 100, .bytes = 500});
	struct frame f = whole(b);

	(void)state;
	frame_complete(&f);
	assert_memory_equal(b->data, same->data, b->len);
	free(b);
	free(same);
}

static unsigned bits_apart(const uint8_t *a, const uint8_t *b, uint32_t n, uint32_t *ret_where)
{
	unsigned apart = 0;

	for (uint32_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if ((a[i] ^ b[i]) >> bit & 1) {
				apart++;
				*ret_where = i;
			}
	return apart;
}

/* Every bit of the packet is reached, none else, and the receiver sees it. */
static void one_bit_is_flipped(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 8; k++) {
		const struct want w = {
			.version = k & 1 ? 6 : 4, .udp = k & 2, .tags = k / 4, .bytes = 6};
		struct built *clean = build(&w);
		struct frame f = whole(clean);
		const uint32_t bits = 8 * (clean->len - clean->l3);
		uint32_t last = 0;

		frame_complete(&f);
		/* What fills the frame up to 60 bytes is no part of it. */
		f.len += 10;
		for (uint64_t bit = 0; bit < bits; bit++) {
			struct built *b = build(&w);
			struct frame g = whole(b);
			uint32_t where = 0;

			g.len += 10;
			frame_corrupt(&g, (uint32_t)(((bit << 32) + (1ull << 31)) / bits));
			assert_int_equal(bits_apart(b->data, clean->data, g.len, &where), 1);
			assert_in_range(where, clean->l3, clean->len - 1);
			assert_true(where == last || where == last + 1 || last == 0);
			last = where;
			if (where >= b->l4)
				assert_false(sum_right(b, b->data, b->len));
			free(b);
		}
		assert_int_equal(last, clean->len - 1);
		free(clean);
	}
}

static void ecn_is_marked(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 4 * 2 * 2 * 3; k++) {
		const struct want w = {.version = k / 4 % 2 ? 6 : 4,
				       .udp = k / 8 % 2,
				       .tags = k / 16,
				       .tos = (uint8_t)(0x28 | (k & 3)),
				       .bytes = 100};
		struct built *b = build(&w);
		const uint8_t *ip = b->data + b->l3;
		struct frame f = whole(b), bare = {b->data + b->l3, b->len - b->l3, false};

		assert_int_equal(frame_mark(k & 1 ? &bare : &f), (k & 3) != 0);
		if (w.version == 6)
			assert_int_equal(get(ip) >> 4 & 0xff, k & 3 ? 0x2b : 0x28);
		else
			assert_int_equal(ip[1], k & 3 ? 0x2b : 0x28);
		if (w.version == 4)
			assert_int_equal(fold(ip, 20, 0), 0xffff);
		frame_complete(&f);
		assert_true(sum_right(b, f.data, f.len));
		free(b);
	}
}

/* A queue's packet: no header before IP, its checksum whole. */
static void bare_packets(void **state)
{
	static uint8_t out[FRAME_MAX];

	(void)state;
	for (unsigned version = 4; version <= 6; version += 2) {
		struct built *b =
			build(&(struct want){.version = version, .whole_sum = true, .bytes = 50});
		struct built *clean =
			build(&(struct want){.version = version, .whole_sum = true, .bytes = 50});
		struct frame f = {b->data + b->l3, b->len - b->l3, false};
		uint32_t where;

		assert_int_equal(frame_packets(&f), 1);
		assert_int_equal(frame_wire(&f, 0), f.len + 14);
		assert_int_equal(frame_part(&f, 0, 1, out), f.len);
		frame_complete(&f);
		assert_memory_equal(b->data, clean->data, b->len);
		frame_corrupt(&f, UINT32_MAX);
		assert_int_equal(bits_apart(b->data, clean->data, b->len, &where), 1);
		assert_int_equal(where, b->len - 1);
		assert_false(sum_right(b, b->data, b->len));
		free(b);
		free(clean);
	}
}

static void what_is_not_ip(void **state)
{
	struct built *b = build(&(struct want){.version = 4, .whole_sum = true, .bytes = 50});
	struct frame f = whole(b);

	(void)state;
	put(b->data + b->l3 - 2, ARP);
	b->data[b->l3 + 1] = 3;
	assert_false(frame_mark(&f));
	assert_int_equal(frame_packets(&f), 1);
	free(b);
}

/* Of each frame every beginning, in memory that ends there. */
static void nothing_beyond_is_read(void **state)
{
	static uint8_t out[FRAME_MAX];

	(void)state;
	for (unsigned k = 0; k < 16; k++) {
		const struct want w = {.version = k & 1 ? 6 : 4,
				       .udp = k & 2,
				       .tags = k & 4 ? 2 : 0,
				       .options = k & 8,
				       .tos = 1,
				       .size = 3,
				       .bytes = 10};
		struct built *b = build(&w);

		for (uint32_t len = 0; len <= b->len; len++) {
			const uint32_t from = k & 4 && len >= b->l3 ? b->l3 : 0;
			uint8_t *data = malloc(len - from + !len);
			struct frame f = {data, len - from, from == 0};
			uint32_t n;

			assert_non_null(data);
			memcpy(data, b->data + from, f.len);
			n = frame_packets(&f);
			for (uint32_t i = 0; i <= n; i++)
				assert_true((frame_part(&f, i, 1, out) > 0) ==
					    (i < n && f.len > 0));
			frame_corrupt(&f, UINT32_MAX - len);
			(void)frame_mark(&f);
			free(data);
		}
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_taken_apart),
		cmocka_unit_test(the_first_keeps_cwr),
		cmocka_unit_test(what_does_not_fit_is_one),
		cmocka_unit_test(a_partial_sum_is_completed),
		cmocka_unit_test(no_sum_is_zero),
		cmocka_unit_test(many_are_not_completed),
		cmocka_unit_test(one_bit_is_flipped),
		cmocka_unit_test(ecn_is_marked),
		cmocka_unit_test(bare_packets),
		cmocka_unit_test(what_is_not_ip),
		cmocka_unit_test(nothing_beyond_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
