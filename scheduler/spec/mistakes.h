/* The mistakes of one text, collected in any order and handed out in the order of the text. */
#ifndef ORDEAL_SPEC_MISTAKES_H
#define ORDEAL_SPEC_MISTAKES_H

#include "ordeal/spec.h"

struct node;

struct sink {
	struct ord_mistake *v; /* owned; text and all */
	size_t n, room;
	size_t more;	 /* beyond what is kept */
	size_t n_errors; /* those that are not warnings, kept or not */
};

void sink_done(struct sink *sink);
/* A mistake at a place of the file; line 0: at none. */
void sink_place(struct sink *sink, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A mistake at a node: its place, or the override that it came from. */
void sink_add(struct sink *sink, const struct node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, at a byte of a scalar's value, where that byte can be found in the text. */
void sink_add_within(struct sink *sink, const struct node *node, size_t offset, const char *fmt,
		     ...) __attribute__((format(printf, 4, 5)));
/* Where that byte stands; line and column 0 where it came from an override. */
struct ord_spec_place place_within(const struct node *node, size_t offset);
void sink_warn(struct sink *sink, const struct node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Sorts, and moves what fits to *ret. The sink is empty after. */
void sink_hand_out(struct sink *sink, struct ord_mistakes *ret);

#endif
