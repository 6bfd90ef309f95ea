/* The agenda inside: a million entries, so every byte of one is a megabyte. */
#ifndef ORDEAL_AGENDA_AGENDA_H
#define ORDEAL_AGENDA_AGENDA_H

#include "base/intern.h"
#include "ordeal/agenda.h"

#define NONE ORD_AGENDA_NONE

struct entry {
	int64_t planned_ns; /* the next; ORD_NEVER: there is none */
	int64_t cursor_ns;
	uint32_t rule; /* NONE: it has no schedule */
	uint32_t text; /* where its name and file stand; NONE: the number is free */
	uint32_t pos;  /* in the heap, or NONE; of a free number the next free one */
	uint8_t catch_up_max;
	uint8_t catch_up : 2, concurrency : 2, paused : 1, skip_next : 1;
};

/* A heap of four children a node, by instant; two arrays, as one would have a hole in each item. */
struct heap {
	int64_t *at;
	uint32_t *id;
	uint32_t n, room;
};

/* Names and files of all entries, one after the other, and an index by name. */
struct texts {
	char *v;
	uint32_t used, room, waste;
	uint32_t *slots; /* 1 + id; 0: free, GONE: was removed */
	uint32_t n_slots, n_used;
	struct ord_intern folders;
};

struct ord_agenda {
	struct entry *entries;
	uint32_t n_ids, room, free, n;
	struct heap heap;
	struct texts texts;
	struct ord_calendars *rules;
};

/* heap.c: room for one more must be there. Each puts an entry's place into the entry. */
int heap_reserve(struct heap *h, uint32_t n, struct ord_err *err);
void heap_put(struct ord_agenda *a, uint32_t id, int64_t at_ns); /* or moves it */
void heap_remove(struct ord_agenda *a, uint32_t id);

/* texts.c */
struct text {
	const char *name;
	uint64_t seed;
	uint32_t folder;
	const char *base; /* NULL: the name and `suffix` */
	const char *suffix;
};
/* Adds a record and tells where it stands; what stands there before may move. */
int text_add(struct texts *t, const struct ord_agenda_item *item, uint32_t *ret,
	     struct ord_err *err);
void text_drop(struct texts *t, uint32_t at);
void text_read(const struct texts *t, uint32_t at, struct text *ret);
/* Where half of it is waste, what is not is moved together. */
void texts_pack(struct ord_agenda *a);
int index_reserve(struct ord_agenda *a, struct ord_err *err); /* for one more */
void index_put(struct ord_agenda *a, uint32_t id);
void index_remove(struct ord_agenda *a, uint32_t id);
uint32_t index_find(const struct ord_agenda *a, const char *name);
void texts_done(struct texts *t);

/* agenda.c: the calendar of an entry that has one; borrowed until the next call. */
const struct ord_calendar *entry_calendar(struct ord_agenda *a, const struct entry *e);

#endif
