/*
 * Whether the figures of two plans may be compared: what of a plan decides a figure, and where two
 * plans differ in that. docs/formats/compare.md lists what may differ.
 */
#ifndef ORDEAL_REPORTS_PLAN_DIFF_H
#define ORDEAL_REPORTS_PLAN_DIFF_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "ordeal/err.h"

#define ORD_PLAN_DIFFS	   8
#define ORD_PLAN_DIFF_PATH 160
#define ORD_PLAN_DIFF_TEXT 64

struct ord_plan_diff {
	size_t n; /* all of them; the first ORD_PLAN_DIFFS are kept */
	struct {
		char path[ORD_PLAN_DIFF_PATH]; /* "faults[slow-store].args.delay_ns" */
		char a[ORD_PLAN_DIFF_TEXT], b[ORD_PLAN_DIFF_TEXT]; /* "-": it is not there */
	} v[ORD_PLAN_DIFFS];
};

/* The hold window of the headline figures, as ord_headline_hold() has it of a run's timeline. */
int64_t ord_plan_hold(const json_t *plan);
/* What of the plan decides its figures, with the hold window of its recoveries. Owned; NULL: out of
 * memory. */
json_t *ord_plan_comparable(const json_t *plan, int64_t hold_ns);
/* SHA-256 of the canonical JSON. */
int ord_plan_digest(const json_t *comparable, char out[static ORD_SHA256_HEX], struct ord_err *err);
/* Of two comparable plans. */
void ord_plan_diff(const json_t *a, const json_t *b, struct ord_plan_diff *ret);

#endif
