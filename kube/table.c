#include "kube/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t fnv(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ull;
	return h;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* "8-4-4-4-12" digits, as the API server makes them. */
static bool read_uuid(const char *text, uint8_t ret[16])
{
	size_t n = 0;

	if (strlen(text) != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		int v = hex(text[i]);

		if (text[i] == '-' && (i == 8 || i == 13 || i == 18 || i == 23))
			continue;
		if (v < 0 || n == 32)
			return false;
		ret[n / 2] = (uint8_t)(n % 2 ? ret[n / 2] | v : v << 4);
		n++;
	}
	return n == 32;
}

bool kube_table_id(const json_t *metadata, uint8_t ret[16])
{
	const char *uid = json_string_value(json_object_get(metadata, "uid"));
	const char *ns = json_string_value(json_object_get(metadata, "namespace"));
	const char *name = json_string_value(json_object_get(metadata, "name"));
	uint64_t h[2] = {0xcbf29ce484222325ull, 0x6c62272e07bb0142ull};

	if (uid && read_uuid(uid, ret))
		return true;
	for (size_t i = 0; i < 2; i++) {
		h[i] = fnv(h[i], uid ? uid : ns ? ns : "");
		h[i] = fnv(h[i] * 31, uid ? "" : name ? name : "");
	}
	memcpy(ret, h, 16);
	return false;
}

void kube_table_uid(const uint8_t id[16], char out[static 37])
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[used++] = '-';
		out[used++] = digits[id[i] >> 4];
		out[used++] = digits[id[i] & 15];
	}
	out[used] = '\0';
}

bool kube_table_version(const char *text, uint64_t *ret)
{
	char *end = NULL;

	errno = 0;
	if (text && *text >= '1' && *text <= '9') {
		*ret = strtoull(text, &end, 10);
		if (!*end && !errno)
			return true;
	}
	*ret = fnv(0xcbf29ce484222325ull, text ? text : "");
	return false;
}

static size_t slot_of(const struct kube_table *t, const uint8_t id[16])
{
	uint64_t h, g;

	memcpy(&h, id, 8);
	memcpy(&g, id + 8, 8);
	h = (h ^ (g * 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
	return (size_t)(h >> 32) & (t->room - 1);
}

/* Where it is, or the free slot where it would be. */
static struct kube_entry *probe(const struct kube_table *t, const uint8_t id[16])
{
	size_t i = slot_of(t, id);

	while (t->v[i].round && memcmp(t->v[i].id, id, 16) != 0)
		i = (i + 1) & (t->room - 1);
	return &t->v[i];
}

struct kube_entry *kube_table_find(const struct kube_table *t, const uint8_t id[16])
{
	struct kube_entry *e = t->room ? probe(t, id) : NULL;

	return e && e->round ? e : NULL;
}

static bool grow(struct kube_table *t)
{
	struct kube_table bigger = {.room = t->room ? t->room * 2 : 64, .n = t->n};

	bigger.v = calloc(bigger.room, sizeof *bigger.v);
	if (!bigger.v)
		return false;
	for (size_t i = 0; i < t->room; i++)
		if (t->v[i].round)
			*probe(&bigger, t->v[i].id) = t->v[i];
	free(t->v);
	*t = bigger;
	return true;
}

struct kube_entry *kube_table_add(struct kube_table *t, const uint8_t id[16])
{
	struct kube_entry *e;

	if (t->n + 1 > t->room / 4 * 3 && !grow(t))
		return NULL;
	e = probe(t, id);
	if (e->round)
		return e;
	memcpy(e->id, id, 16);
	e->round = 1;
	t->n++;
	return e;
}

/* Moves up what stands behind it, so that no search ends at the hole. */
void kube_table_remove(struct kube_table *t, struct kube_entry *e)
{
	size_t hole = (size_t)(e - t->v), mask = t->room - 1;

	free(e->name);
	for (size_t i = (hole + 1) & mask; t->v[i].round; i = (i + 1) & mask) {
		size_t home = slot_of(t, t->v[i].id);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		t->v[hole] = t->v[i];
		hole = i;
	}
	memset(&t->v[hole], 0, sizeof t->v[hole]);
	t->n--;
}

void kube_table_done(struct kube_table *t)
{
	for (size_t i = 0; i < t->room; i++)
		free(t->v[i].name);
	free(t->v);
	*t = (struct kube_table){.n = 0};
}
