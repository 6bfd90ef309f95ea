/*
 * What the kernel throws away when a device goes down: its IPv6 addresses, all routes over it but
 * those that it makes itself, neighbours that were set by hand. Kept as a JSON list, from which
 * each can be put back: [type, bytes in hex, seconds valid, seconds preferred], where the bytes are
 * the kernel's own words (rtnetlink(7)) without what changes by itself, and -1 seconds are for
 * ever.
 */
#ifndef ORDEAL_ENGINES_KEEP_H
#define ORDEAL_ENGINES_KEEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "talk.h"

#define KEEP_MAX   2048 /* of them */
#define KEEP_BYTES 1024 /* of each */

/* Left out, since the kernel or a neighbour makes it anew. */
struct keep_left {
	unsigned temporary; /* IPv6 addresses of RFC 8981 */
	unsigned learned;   /* addresses and routes by router advertisements */
	unsigned external;  /* neighbours that a control plane put there */
};

/* Appends to the list. strict: ORD_SKIP where something could not be put back exactly, which is
 * named; else that is left out. */
int keep_read(struct nl_talk *t, int index, bool strict, json_t *list, struct keep_left *ret_left,
	      struct ord_err *err);

/* Is it such a list, of this device? For a record that is replayed. */
int keep_validate(const json_t *list, int index, struct ord_err *err);

/*
 * Puts back what is not there, once the device is up; `after` seconds after it was read, by which
 * lifetimes are shorter. Waits up to three seconds for what a route needs (an IPv6 address that is
 * still tentative); calls beat() meanwhile.
 */
int keep_put_back(struct nl_talk *t, const json_t *list, uint64_t after_s, void (*beat)(void),
		  struct ord_err *err);

/* Appends a text to `missing` for each that is not there. */
int keep_missing(struct nl_talk *t, int index, const json_t *list, uint64_t after_s,
		 json_t *missing, struct ord_err *err);

/* How many of one type (RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH). */
unsigned keep_count(const json_t *list, int type);

/* ---- of keep.c, for keep_put.c ---- */

struct keep_kind {
	int type;
	uint32_t header;       /* bytes of its struct */
	uint64_t keeps, drops; /* attributes, as bits; any other is not understood */
};
const struct keep_kind *keep_kind_of(int type);

#endif
