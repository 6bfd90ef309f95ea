#include "scheduler/serve/api/ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

struct slot {
	char *text, *below; /* owned; below may be NULL */
	size_t size, below_size;
	uint32_t type;
};

struct api_ring {
	uint64_t life, next;
	uint64_t first;
	size_t bytes;
	struct slot slots[API_RING_EVENTS];
};

struct api_ring *api_ring_new(uint64_t life)
{
	struct api_ring *r = calloc(1, sizeof *r);

	if (r) {
		r->life = life;
		r->next = r->first = 1;
	}
	return r;
}

static struct slot *slot_of(struct api_ring *r, uint64_t id)
{
	return &r->slots[id % API_RING_EVENTS];
}

static void drop_first(struct api_ring *r)
{
	struct slot *s = slot_of(r, r->first++);

	r->bytes -= s->size + s->below_size;
	free(s->text);
	free(s->below);
	*s = (struct slot){0};
}

void api_ring_free(struct api_ring *r)
{
	while (r && r->first < r->next)
		drop_first(r);
	free(r);
}

static const char *const types[] = {
	"schedule", "removed", "store", "dispatched",  "queued", "skipped",
	"phase",    "strip",   "ended", "interrupted", "mark",	 "note",
	"halt",	    "resume",  "clock", "gameday",     "lease",
};

uint32_t api_ring_type(const char *name)
{
	size_t i = 0;

	while (i < ORD_COUNT(types) && strcmp(types[i], name) != 0)
		i++;
	return 1u << i;
}

static char *frame(const struct api_ring *r, const char *type, const char *data, size_t *ret_size)
{
	char *text;
	int n;

	if (!*data) {
		*ret_size = 0;
		return strdup("");
	}
	n = asprintf(&text, "id: %" PRIx64 ".%" PRIu64 "\nevent: %s\ndata: %s\n\n", r->life,
		     r->next, type, data);

	if (n < 0)
		return NULL;
	*ret_size = (size_t)n;
	return text;
}

bool api_ring_put(struct api_ring *r, const char *type, const char *data, const char *below)
{
	struct slot s = {.type = api_ring_type(type)};

	s.text = frame(r, type, data, &s.size);
	s.below = s.text && below ? frame(r, type, below, &s.below_size) : NULL;
	if (!s.text || (below && !s.below) || s.size > API_EVENT_MAX ||
	    s.below_size > API_EVENT_MAX) {
		free(s.text);
		free(s.below);
		return false;
	}
	while (r->next - r->first >= API_RING_EVENTS ||
	       (r->first < r->next && r->bytes + s.size + s.below_size > API_RING_BYTES))
		drop_first(r);
	*slot_of(r, r->next++) = s;
	r->bytes += s.size + s.below_size;
	return true;
}

uint64_t api_ring_next(const struct api_ring *r)
{
	return r->next;
}

uint64_t api_ring_first(const struct api_ring *r)
{
	return r->first;
}

struct api_event api_ring_get(const struct api_ring *r, uint64_t id)
{
	const struct slot *s = &r->slots[id % API_RING_EVENTS];

	return (struct api_event){
		.id = id,
		.type = s->type,
		.text = s->text,
		.size = s->size,
		.below = s->below ? s->below : s->text,
		.below_size = s->below ? s->below_size : s->size,
	};
}

bool api_ring_after(const struct api_ring *r, const char *last_id, uint64_t *ret_next)
{
	uint64_t life, id;
	int end = 0;

	if (strlen(last_id) > 40 ||
	    sscanf(last_id, "%" SCNx64 ".%" SCNu64 "%n", &life, &id, &end) != 2 || last_id[end])
		return false;
	if (life != r->life || id + 1 < r->first || id >= r->next)
		return false;
	*ret_next = id + 1;
	return true;
}
