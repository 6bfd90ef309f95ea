/* Checksums, and what is to break them. */
#include "frame_layout.h"

/* No overflow: a frame has at most FRAME_MAX / 2 words. */
uint32_t sum_bytes(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	return len ? sum + ((uint32_t)p[0] << 8) : sum;
}

uint16_t sum_field(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t sum_pseudo(const uint8_t *data, const struct layout *at, uint32_t bytes)
{
	const uint8_t *ip = data + at->l3;

	return at->version == 6 ? sum_bytes(at->proto + bytes, ip + 8, 32)
				: sum_bytes(at->proto + bytes, ip + 12, 8);
}

/* As skb_checksum_help(): over all that follows, with the partial sum in its place. */
static void complete(struct frame *f, struct virtio_net_hdr *h)
{
	const uint32_t start = (uint32_t)sizeof *h + h->csum_start;
	const uint32_t field = start + h->csum_offset;
	uint16_t sum;

	if (field + 2 > f->len)
		return;
	sum = sum_field(sum_bytes(0, f->data + start, f->len - start));
	/* 0 would say that there is none (RFC 768); to TCP both are the same. */
	put16(f->data + field, sum ? sum : 0xffff);
}

/* Several packets, or a kind that we do not know. */
static bool many(const struct frame *f, const struct virtio_net_hdr *h)
{
	const struct layout at = layout_of(f);

	return h->gso_type != VIRTIO_NET_HDR_GSO_NONE &&
	       (!at.payload || f->len - at.payload > h->gso_size);
}

void frame_complete(struct frame *f)
{
	struct virtio_net_hdr h;

	if (!f->ethernet || f->len < sizeof h)
		return;
	h = frame_header(f);
	if (many(f, &h))
		return;
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		complete(f, &h);
	/* Nor is it one that the kernel may take apart, or that was seen to be good. */
	h = (struct virtio_net_hdr){0};
	frame_set_header(f->data, &h);
}

/* Where the packet ends: what Ethernet fills its shortest frames up with nobody would miss. */
static uint32_t end_of(const struct frame *f, const struct layout *at)
{
	const uint8_t *ip = f->data + at->l3;
	uint32_t len = 0;

	if (at->version == 4 && get16(ip + 2) >= 20)
		len = get16(ip + 2);
	else if (at->version == 6)
		len = 40u + get16(ip + 4);
	return len && len < f->len - at->l3 ? at->l3 + len : f->len;
}

void frame_corrupt(struct frame *f, uint32_t draw)
{
	const struct layout at = layout_of(f);
	const uint32_t end = end_of(f, &at);
	const uint64_t bits = 8ull * (end - at.l3);
	const uint64_t bit = bits * draw >> 32;

	frame_complete(f);
	if (bits)
		f->data[at.l3 + bit / 8] ^= (uint8_t)(1u << bit % 8);
}
