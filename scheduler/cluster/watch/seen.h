/*
 * What the watched objects did: from their states, as they arrive, to the `kube` lines of the
 * timeline (docs/formats/timeline.md). Pure: no cluster, no clock.
 */
#ifndef ORDEAL_CLUSTER_SEEN_H
#define ORDEAL_CLUSTER_SEEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/that.h"

#define SEEN_CHANNELS_MAX 32
#define SEEN_EVENTS_MAX	  20000 /* lines of Events of one run; what is beyond is counted */

enum seen_set { SEEN_PODS, SEEN_SLICES, SEEN_EVENTS, SEEN_NODES, SEEN_WORKLOADS, SEEN_OTHERS };
enum seen_change { SEEN_ADDED, SEEN_CHANGED, SEEN_GONE };

struct seen_channel {
	const char *text;		     /* borrowed */
	const struct ord_kube_channel *want; /* borrowed */
};

struct seen;
/* on_line gets each line (owned by it); at_ns is the arrival. */
int seen_open(const struct seen_channel *channels, size_t n,
	      void (*on_line)(void *arg, json_t *line, uint64_t at_ns), void *arg,
	      struct seen **ret, struct ord_err *err);
void seen_close(struct seen *s); /* NULL is fine */
/* A state of an object (borrowed) of that kind (borrowed; items of lists do not say theirs). first:
 * it was there when the watch began: taken note of, not told. */
void seen_object(struct seen *s, enum seen_set set, const char *kind, enum seen_change change,
		 bool first, const json_t *object, uint64_t at_ns);
/* Tells how many Events were left out beyond SEEN_EVENTS_MAX, where that has grown. */
void seen_dropped(struct seen *s, uint64_t at_ns);
/* Tells the state of every channel on a condition, so that it is known from here on. */
void seen_states(struct seen *s, uint64_t at_ns);

#endif
