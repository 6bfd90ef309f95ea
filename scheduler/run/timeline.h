/* The timeline's writer (docs/formats/timeline.md): append-only, in order, and honest about a full
 * disk. */
#ifndef ORDEAL_RUN_TIMELINE_H
#define ORDEAL_RUN_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/probe.h"

struct json_t;
struct run_timeline;

/* As ord_run_options.on_line. */
typedef void run_timeline_view(void *arg, const char *line, size_t size);

/* Makes `run.jsonl` in dir. on_line may be NULL; it is called in a thread of its own. mono_ns is t
 * = 0. */
int run_timeline_open(int dir, uint64_t mono_ns, run_timeline_view *on_line, void *arg,
		      struct run_timeline **ret, struct ord_err *err);
/* One line of type e, at now, handed to the writer at once. Takes `more` (may be NULL). */
void run_timeline_line(struct run_timeline *tl, const char *e, struct json_t *more);
/* One sample; kept for at most 50 ms, so call run_timeline_flush that often. */
void run_timeline_sample(struct run_timeline *tl, uint32_t rep, const char *probe,
			 const struct ord_sample *s);
void run_timeline_flush(struct run_timeline *tl);
/* Asks the writer to make durable what was written; does not wait. */
void run_timeline_sync(struct run_timeline *tl);
/* Whether all that was told so far is in the file, for who reads it while the run goes on. */
bool run_timeline_written(struct run_timeline *tl);
/* Instants of CLOCK_MONOTONIC on the run's clock; 0 for those before it. */
int64_t run_timeline_t(const struct run_timeline *tl, uint64_t mono_ns);
/* A write has failed: nothing is written any more. */
bool run_timeline_broken(struct run_timeline *tl);
/* Writes, syncs, frees. -1 with the first failure of all; NULL is fine. */
int run_timeline_close(struct run_timeline *tl, struct ord_err *err);

#endif
