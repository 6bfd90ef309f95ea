#include "hold.h"

#include <string.h>
#include <sys/mman.h>

#define CHUNK	 (1u << 20)
#define HEAP_MIN 65536u
#define HEAP_MAX (16u << 20)
#define SMALLEST 128u /* what a packet counts for at least */
/*
 * Touched beforehand, for the first packets: 0.1 ms of the way to an injection. Two megabytes took
 * 0.9; as one huge page 0.15, but 5 ms where the host of a virtual machine had taken it back.
 */
#define WARM_BYTES   (256u << 10)
#define WARM_PACKETS 1024u

/* Address space that costs memory only where it is touched, and that a child does not get. */
static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_DONTFORK);
	return p;
}

static void unreserve(void *p, size_t size)
{
	if (p)
		(void)munmap(p, size);
}

static size_t chunks_size(const struct hold *h)
{
	return (size_t)h->n_chunks * sizeof *h->live;
}

int hold_init(struct hold *h, struct hold_room *room, struct ord_err *err)
{
	const size_t limit = room->limit, packets = limit / SMALLEST;

	*h = (struct hold){.room = room};
	h->cap = packets < HEAP_MIN ? HEAP_MIN : packets > HEAP_MAX ? HEAP_MAX : packets;
	/* Twice the limit: with jitter a chunk waits for the last packet in it. */
	h->n_chunks = (uint32_t)(2 * limit / CHUNK) + 4;
	h->heap = reserve(h->cap * sizeof *h->heap);
	h->arena = reserve((size_t)h->n_chunks * CHUNK);
	h->live = reserve(chunks_size(h));
	h->spare = reserve(chunks_size(h));
	if (!h->heap || !h->arena || !h->live || !h->spare) {
		hold_done(h);
		return ord_fail_sys(err, "reserve room for %zu bytes of packets", limit);
	}
	for (uint32_t i = h->n_chunks - 1; i > 0; i--)
		h->spare[h->n_spare++] = i;
	memset(h->arena, 0, WARM_BYTES);
	memset(h->heap, 0, WARM_PACKETS * sizeof *h->heap);
	return 0;
}

void hold_done(struct hold *h)
{
	unreserve(h->heap, h->cap * sizeof *h->heap);
	unreserve(h->arena, (size_t)h->n_chunks * CHUNK);
	unreserve(h->live, chunks_size(h));
	unreserve(h->spare, chunks_size(h));
	*h = (struct hold){0};
}

static bool before(const struct held *a, const struct held *b)
{
	return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->arrival < b->arrival);
}

static void room_take(struct hold_room *r, size_t bytes)
{
	const size_t used =
		atomic_fetch_add_explicit(&r->used, bytes, memory_order_relaxed) + bytes;
	size_t most = atomic_load_explicit(&r->used_max, memory_order_relaxed);

	while (used > most && !atomic_compare_exchange_weak(&r->used_max, &most, used))
		;
}

static void push(struct hold *h, struct held p)
{
	size_t i = h->n++;

	p.arrival = h->arrivals++;
	room_take(h->room, p.span);
	for (; i && before(&p, &h->heap[(i - 1) / 2]); i = (i - 1) / 2)
		h->heap[i] = h->heap[(i - 1) / 2];
	h->heap[i] = p;
}

bool hold_full(const struct hold *h)
{
	return atomic_load_explicit(&h->room->used, memory_order_relaxed) >= h->room->limit ||
	       h->n == h->cap;
}

uint8_t *hold_reserve(struct hold *h)
{
	if (hold_full(h))
		return NULL;
	if (h->fill + HOLD_FRAME_MAX > CHUNK) {
		if (h->live[h->current] == 0) {
			h->fill = 0; /* nobody in it: start over */
		} else {
			if (h->n_spare == 0)
				return NULL;
			h->current = h->spare[--h->n_spare];
			h->fill = 0;
		}
	}
	return h->arena + (size_t)h->current * CHUNK + h->fill;
}

void hold_frame(struct hold *h, uint64_t due_ns, uint32_t len, uint32_t source)
{
	const uint32_t size = (len + 63u) & ~63u;

	push(h, (struct held){.due_ns = due_ns,
			      .data = h->arena + (size_t)h->current * CHUNK + h->fill,
			      .len = len,
			      .span = size < SMALLEST ? SMALLEST : size,
			      .id = h->current,
			      .source = source});
	h->live[h->current]++;
	h->fill += size;
}

bool hold_number(struct hold *h, uint64_t due_ns, uint32_t id, uint32_t len, uint32_t source)
{
	if (hold_full(h))
		return false;
	push(h, (struct held){.due_ns = due_ns,
			      .len = len,
			      .span = len < SMALLEST ? SMALLEST : len,
			      .id = id,
			      .source = source});
	return true;
}

struct held hold_pop(struct hold *h)
{
	const struct held top = h->heap[0], last = h->heap[--h->n];
	size_t i = 0, c;

	while ((c = 2 * i + 1) < h->n) {
		if (c + 1 < h->n && before(&h->heap[c + 1], &h->heap[c]))
			c++;
		if (!before(&h->heap[c], &last))
			break;
		h->heap[i] = h->heap[c];
		i = c;
	}
	h->heap[i] = last;
	return top;
}

void hold_release(struct hold *h, const struct held *p)
{
	(void)atomic_fetch_sub_explicit(&h->room->used, p->span, memory_order_relaxed);
	if (!p->data || --h->live[p->id] > 0)
		return;
	if (p->id == h->current)
		h->fill = 0;
	else
		h->spare[h->n_spare++] = p->id;
}
