/* What was written, as the writer recorded it, against what a watch told. */
#ifndef ORDEAL_TESTS_WATCH_RECORD_H
#define ORDEAL_TESTS_WATCH_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kube/kube.h"

#define UID_SIZE 16
#define CUTS_MAX 64

struct told {
	uint64_t version, at_ns; /* version 0: after a cut, a deletion may have none */
	enum kube_event event;
	uint8_t uid[UID_SIZE];
	bool going; /* it has a deletionTimestamp */
	/* Filled in by record_compare. */
	uint64_t order;
	bool matched;
};

/* When the watch said that it was cut, and that it was resumed (0: never). */
struct cuts {
	size_t n;
	uint64_t from_ns[CUTS_MAX], to_ns[CUTS_MAX];
};

struct verdict {
	size_t written;	 /* writes that the server answered */
	double per_s;	 /* of them, from the first request to the last answer */
	size_t expected; /* of them, those that the watch must tell */
	size_t lost, lost_in_cut, doubled;
	size_t mistaken;   /* told as ADDED, MODIFIED or DELETED where it was another of these */
	size_t disordered; /* told after a later revision; not counted where there was a cut */
	size_t others;	   /* told of pods that somebody else wrote */
	size_t unknown;	   /* told of pods that nobody else wrote, and not recorded... */
	size_t going;	   /* ...but for the revision in which a pod that is deleted is only going:
			    * the answer has the next */
	size_t stale;	   /* pods whose last state was not told */
	/* How far the arrival was behind request and answer, sorted; owned. */
	int64_t *sent, *answered;
	size_t n;
};

/* "8-4-4-4-12" hexadecimal digits; -1: no uid. */
int record_uid(const char *text, uint8_t out[static UID_SIZE]);
/* record: lines of `kubelab churn` (tests/cluster/kubelab/churn.go says what is in them), from the
 * file's beginning. selective: the watch selects by churn's label. told: in the order of arrival;
 * sorted here. */
void record_compare(FILE *record, bool selective, struct told *told, size_t n,
		    const struct cuts *cuts, struct verdict *ret);

#endif
