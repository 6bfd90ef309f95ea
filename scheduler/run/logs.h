/* Logs as channels of detection: which lines match, when, as lines of type `channel`. */
#ifndef ORDEAL_RUN_LOGS_H
#define ORDEAL_RUN_LOGS_H

#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/spec.h"

struct json_t;
struct run_logs;

/* Where its words go; `line` takes the line, and t() is the run's clock. */
struct run_logs_sink {
	void (*line)(void *arg, const char *e, struct json_t *line);
	int64_t (*t)(void *arg, uint64_t mono_ns);
	void *arg;
};

/* Lines that are there now do not count. The spec is borrowed. */
int run_logs_open(const struct ord_detection_spec *detection, uint64_t now_ns,
		  const struct run_logs_sink *sink, struct run_logs **ret, struct ord_err *err);
/* From here on a match is news: a repetition, or its injection, begins. NULL is fine, as below. */
void run_logs_begin(struct run_logs *l, uint64_t now_ns);
/* Takes in what has been written since. */
void run_logs_look(struct run_logs *l, uint64_t now_ns);
void run_logs_close(struct run_logs *l);

#endif
