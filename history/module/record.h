/* What the history keeps of a run, from its report (docs/formats/report.md). Pure. */
#ifndef ORDEAL_HISTORY_RECORD_H
#define ORDEAL_HISTORY_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "ordeal/err.h"

/* By exit code: "passed", "failed", "refused", "aborted", "unsteady", "inconclusive", "error". */
#define RECORD_VERDICTS 7
extern const char *const record_verdicts[RECORD_VERDICTS];

/* What the report does not say: about the folder. */
struct record_folder {
	const char *name;		  /* its own, below the runs */
	int64_t timeline_bytes, mtime_ns; /* of run.jsonl */
	int64_t bytes;			  /* of everything in it */
};

/* report: report.json's. *ret is owned. */
int record_make(const json_t *report, const struct record_folder *folder, json_t **ret,
		struct ord_err *err);

#endif
