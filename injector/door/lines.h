/*
 * A strict subset of YAML, line by line: block maps and lists, `[a, b]`, plain and quoted texts,
 * comments. What it takes every reader of YAML takes, and reads as the same; what it does not take
 * is refused with its line, never guessed at. No anchors, no tags, no escapes, no texts of several
 * lines, no tabs. Pure.
 */
#ifndef ORDEAL_DOOR_LINES_H
#define ORDEAL_DOOR_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"

#define DOOR_TEXT_MAX	 (64u << 10)
#define DOOR_ENTRIES_MAX 2048

/* `key:`, `key: value`, `- value`, `- key: value`. The items of `[a, b]` are entries of their own
 * after that of its key, of its line, as if they stood below it. */
struct door_entry {
	unsigned line;	 /* from 1 */
	unsigned column; /* of the dash, else of the key; from 0 */
	unsigned inner;	 /* of the key; of a bare item its dash's */
	bool item;
	bool flow;	   /* an item of `[a, b]` */
	const char *key;   /* NULL: a bare item */
	const char *value; /* NULL: none on this line */
};

struct door_lines {
	size_t n;
	struct door_entry v[DOOR_ENTRIES_MAX];
};

/* Cuts text up, which has size bytes and a NUL after them; the entries borrow from it. ORD_USAGE
 * names the line. */
int door_lines_read(char *text, size_t size, struct door_lines *ret, struct ord_err *err);

#endif
