/* What a person sees of a run while it goes: made from the timeline's lines alone. */
#ifndef ORDEAL_CLI_PROGRESS_H
#define ORDEAL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/spec.h"

enum cli_progress_mode {
	CLI_PROGRESS_VIEW,  /* a terminal: redrawn in place */
	CLI_PROGRESS_LINES, /* no terminal: one line an event */
	CLI_PROGRESS_JSON,  /* the timeline itself */
	CLI_PROGRESS_QUIET,
};

struct cli_progress_probe {
	char name[ORD_NAME_MAX];
	bool signal;
	char outcome[16];
	int good; /* -1: unknown */
	int64_t latency_ns;
	uint64_t n, bad;
};

struct cli_progress_fault {
	char name[ORD_NAME_MAX], fault[32], state[16];
};

struct cli_progress {
	enum cli_progress_mode mode;
	bool colour;
	char name[ORD_NAME_MAX], phase[32];
	int64_t rep, reps;
	int64_t t_ns; /* the run's clock, of the last line */
	uint64_t drawn_ns;
	unsigned lines; /* on the screen, to be drawn over */
	struct cli_progress_probe probes[ORD_PROBES_MAX];
	struct cli_progress_fault faults[ORD_FAULTS_MAX];
	size_t n_probes, n_faults;
	char remark[256]; /* the last thing worth saying: an abort, a note */
	bool interrupted; /* a person ended it */
};

void cli_progress_init(struct cli_progress *p, bool quiet, bool json);
/* For ord_run_options.on_line; arg is the struct. */
void cli_progress_line(void *arg, const char *line, size_t size);
/* Leaves the last picture on the screen. */
void cli_progress_end(struct cli_progress *p);

#endif
