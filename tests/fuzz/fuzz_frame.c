/* Frames that a kernel would never hand out: nothing beyond them is read or written, and what a
 * frame is taken apart into is all of it, once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host/engines/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own size, so that a byte too many is seen. */
static struct frame copy_of(const struct frame *f)
{
	struct frame ret = {malloc(f->len + !f->len), f->len, f->ethernet};

	if (!ret.data)
		abort();
	if (f->len)
		memcpy(ret.data, f->data, f->len);
	return ret;
}

/* A part and its packets are as the whole's. */
static void take_apart(const struct frame *f, uint32_t packets, uint32_t first, uint32_t n)
{
	static uint8_t part[FRAME_MAX], a[FRAME_MAX], b[FRAME_MAX];
	struct frame p = {part, frame_part(f, first, n, part), f->ethernet};
	uint32_t len;

	if ((p.len != 0) != (f->len != 0))
		abort();
	if (p.len == 0)
		return;
	if (frame_packets(&p) != n || frame_part(f, packets, 1, a))
		abort();
	len = frame_part(f, first + n - 1, 1, a);
	if (len == 0 || frame_part(&p, n - 1, 1, b) != len)
		abort();
	if (packets > 1 && frame_wire(f, first + n - 1) != frame_wire(&p, n - 1))
		abort();
	/* A part that is the whole is left as it was, a length in it that was wrong, too. */
	if (n < packets && memcmp(a, b, len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f, g;
	uint64_t wire = 0;
	uint32_t packets, first, draw;

	if (size < 5 || size - 5 > FRAME_MAX)
		return 0;
	memcpy(&draw, data + 1, sizeof draw);
	f = (struct frame){malloc(size - 5 + (size == 5)), (uint32_t)size - 5, data[0] & 1};
	if (!f.data)
		abort();
	memcpy(f.data, data + 5, f.len);
	packets = frame_packets(&f);
	for (uint32_t i = 0; i < packets && i < 256; i++)
		wire += frame_wire(&f, i);
	if (wire > (uint64_t)f.len * (packets < 256 ? packets : 256) + 14)
		abort();
	first = draw % packets;
	take_apart(&f, packets, first, 1 + (draw >> 16) % (packets - first));

	g = copy_of(&f);
	frame_complete(&g);
	free(g.data);
	g = copy_of(&f);
	frame_corrupt(&g, draw);
	free(g.data);
	(void)frame_mark(&f);
	free(f.data);
	return 0;
}
