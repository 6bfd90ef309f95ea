/*
 * The quick way for sample lines, which are nearly all of a timeline: the writer's own shape and
 * nothing else (docs/formats/timeline.md). Whatever looks otherwise is left to the JSON parser, so
 * that there is one judge of what is wrong with a line.
 */
#ifndef ORDEAL_REPORTS_SCAN_H
#define ORDEAL_REPORTS_SCAN_H

#include "reports/timeline.h"

/* So many bytes after the last line must be readable, and 0. */
#define ORD_SCAN_SLACK 32

/* One line of a chunk. */
struct ord_scanned {
	bool is_sample; /* else only `at` and `len` are set */
	uint32_t at, len;
	uint32_t rep, why_at, why_len;
	uint32_t trace_at; /* 32 digits; 0: none */
	bool has_why;
	size_t probe;
	int64_t since;
	struct ord_sample s; /* without line and why */
};

struct ord_scan {
	const struct ord_timeline *t;
	size_t probe; /* of the line before: likely of this one too */
};

/* Scans the line that begins at chunk + at. False: not of that shape. Sets all but `len`. */
bool ord_scan_sample(struct ord_scan *scan, const char *chunk, size_t at, struct ord_scanned *ret);

#endif
