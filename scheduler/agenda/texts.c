/*
 * A record: the name with its NUL, a byte that says what follows, the seed where there is one, the
 * folder's number, and the file's own name with its NUL where it is not the entry's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/agenda/agenda.h"

#define FIRST	  4096u
#define GONE	  UINT32_MAX
#define HAS_SEED  1
#define YML	  2 /* the file is NAME.yml; else NAME.yaml */
#define HAS_BASE  4
#define HEAD_SIZE (1 + sizeof(uint64_t) + sizeof(uint32_t)) /* at most, without the texts */

static uint32_t hash_of(const char *name)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

static int reserve(struct texts *t, size_t more, struct ord_err *err)
{
	size_t need = t->used + more, room = t->room ? t->room : FIRST;
	char *v;

	if (need <= t->room)
		return 0;
	while (room < need)
		room *= 2;
	if (room > UINT32_MAX)
		room = UINT32_MAX;
	if (need > room)
		return ord_fail(err, ORD_NOMEM, "the names of all schedules take over 4 GiB");
	v = realloc(t->v, room);
	if (!v)
		return ord_fail_nomem(err);
	t->v = v;
	t->room = (uint32_t)room;
	return 0;
}

static void append(struct texts *t, const void *data, size_t size)
{
	memcpy(t->v + t->used, data, size);
	t->used += (uint32_t)size;
}

/* What of the file's name is to be kept: nothing where it is the entry's with a usual suffix. */
static unsigned char form_of(const char *base, const char *name)
{
	size_t n = strlen(name);

	if (!strncmp(base, name, n) && !strcmp(base + n, ".yaml"))
		return 0;
	if (!strncmp(base, name, n) && !strcmp(base + n, ".yml"))
		return YML;
	return HAS_BASE;
}

int text_add(struct texts *t, const struct ord_agenda_item *item, uint32_t *ret,
	     struct ord_err *err)
{
	const char *slash = strrchr(item->file, '/'), *base = slash ? slash + 1 : item->file;
	unsigned char form = form_of(base, item->name);
	uint32_t folder, at = t->used;

	if (item->seed)
		form |= HAS_SEED;
	if (reserve(t, strlen(item->name) + 1 + HEAD_SIZE + strlen(base) + 1, err) ||
	    ord_intern_add(&t->folders, item->file, (size_t)(base - item->file), &folder, err))
		return -1;
	append(t, item->name, strlen(item->name) + 1);
	append(t, &form, 1);
	if (form & HAS_SEED)
		append(t, &item->seed, sizeof item->seed);
	append(t, &folder, sizeof folder);
	if (form & HAS_BASE)
		append(t, base, strlen(base) + 1);
	*ret = at;
	return 0;
}

/* Returns its size. */
static uint32_t record_read(const struct texts *t, uint32_t at, struct text *ret)
{
	const char *p = t->v + at;
	unsigned char form;

	*ret = (struct text){.name = p};
	p += strlen(p) + 1;
	form = (unsigned char)*p++;
	if (form & HAS_SEED) {
		memcpy(&ret->seed, p, sizeof ret->seed);
		p += sizeof ret->seed;
	}
	memcpy(&ret->folder, p, sizeof ret->folder);
	p += sizeof ret->folder;
	ret->suffix = form & YML ? ".yml" : ".yaml";
	if (form & HAS_BASE) {
		ret->base = p;
		p += strlen(p) + 1;
	}
	return (uint32_t)(p - t->v) - at;
}

void text_read(const struct texts *t, uint32_t at, struct text *ret)
{
	(void)record_read(t, at, ret);
}

void text_drop(struct texts *t, uint32_t at)
{
	struct text text;

	t->waste += record_read(t, at, &text);
	ord_intern_drop(&t->folders, text.folder);
}

void texts_pack(struct ord_agenda *a)
{
	struct texts *t = &a->texts;
	struct text text;
	uint32_t used = 0;
	char *v;

	if (t->waste < FIRST || t->waste < t->used / 2)
		return;
	v = malloc(t->room);
	if (!v)
		return; /* it goes on as it is */
	for (uint32_t id = 0; id < a->n_ids; id++) {
		uint32_t size, at = a->entries[id].text;

		if (at == NONE)
			continue;
		size = record_read(t, at, &text);
		memcpy(v + used, t->v + at, size);
		a->entries[id].text = used;
		used += size;
	}
	free(t->v);
	t->v = v;
	t->used = used;
	t->waste = 0;
}

static const char *name_of(const struct ord_agenda *a, uint32_t id)
{
	return a->texts.v + a->entries[id].text;
}

static void slot_put(struct ord_agenda *a, uint32_t id)
{
	struct texts *t = &a->texts;
	uint32_t i = hash_of(name_of(a, id)) & (t->n_slots - 1);

	while (t->slots[i] && t->slots[i] != GONE)
		i = (i + 1) & (t->n_slots - 1);
	t->n_used += !t->slots[i];
	t->slots[i] = id + 1;
}

int index_reserve(struct ord_agenda *a, struct ord_err *err)
{
	struct texts *t = &a->texts;
	uint32_t n = 64, *slots;

	/* At most three quarters in use, with those that are gone. */
	if (t->n_slots && t->n_used + 1 <= t->n_slots / 4 * 3)
		return 0;
	while (n / 4 * 3 < a->n + 1 + a->n / 8)
		n *= 2;
	slots = calloc(n, sizeof *slots);
	if (!slots)
		return ord_fail_nomem(err);
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
	t->n_used = 0;
	for (uint32_t id = 0; id < a->n_ids; id++)
		if (a->entries[id].text != NONE)
			slot_put(a, id);
	return 0;
}

void index_put(struct ord_agenda *a, uint32_t id)
{
	slot_put(a, id);
}

/* The slot of a name, or NONE. */
static uint32_t slot_find(const struct ord_agenda *a, const char *name)
{
	const struct texts *t = &a->texts;

	if (!t->n_slots)
		return NONE;
	for (uint32_t i = hash_of(name) & (t->n_slots - 1); t->slots[i];
	     i = (i + 1) & (t->n_slots - 1))
		if (t->slots[i] != GONE && !strcmp(name_of(a, t->slots[i] - 1), name))
			return i;
	return NONE;
}

void index_remove(struct ord_agenda *a, uint32_t id)
{
	a->texts.slots[slot_find(a, name_of(a, id))] = GONE;
}

uint32_t index_find(const struct ord_agenda *a, const char *name)
{
	uint32_t i = slot_find(a, name);

	return i == NONE ? NONE : a->texts.slots[i] - 1;
}

void texts_done(struct texts *t)
{
	free(t->v);
	free(t->slots);
	ord_intern_done(&t->folders);
}
