/* What the commands on the history share. */
#ifndef ORDEAL_CLI_HISTORY_H
#define ORDEAL_CLI_HISTORY_H

#include <jansson.h>

#include "cli/command.h"
#include "ordeal/history.h"
#include "ordeal/run.h"

struct ord_report;

struct cli_history {
	char home[ORD_PATH_MAX], dir[ORD_PATH_MAX];
	struct ord_history h; /* of them: not to be copied */
};

/* Of the state directory, history.db beside runs/; of `ordeal run --output DIR` in that folder. */
int cli_history_of(const char *output, struct cli_history *ret, struct ord_err *err);

/* After a run: enters it. What fails is a warning, and no more. */
void cli_history_enter(const char *output, const char *run, const struct ord_report *report);

/* The same of a stored run whose reports are made again, where there is a history beside it: one
 * that was cut off has never entered itself. */
void cli_history_enter_again(const void *arg, const char *run, const struct ord_report *report);

/* The report of a folder, for struct ord_history_reader. */
int cli_history_read(void *arg, const char *run, json_t **ret, struct ord_err *err);

/* The options --label, --since, --until, --last and --verdict. labels: an empty object, which is
 * filled, and kept as long as the filter. */
int cli_history_filter(const struct cli_args *args, json_t *labels, struct ord_history_filter *ret,
		       struct ord_err *err);

/* Says where there is none. */
void cli_history_hint(const struct cli_history *of);

/* An instant: RFC 3339, a day "2026-11-21", or how long ago it was, "7d". */
int cli_history_time(const char *text, int64_t now_ns, int64_t *ret, struct ord_err *err);

/* JSON on standard output. */
int cli_history_dump(const json_t *json, struct ord_err *err);

#define CLI_HISTORY_OUTPUT                                                                 \
	{                                                                                  \
		"output", 'o', "DIR",                                                      \
			"where the runs are, as of 'ordeal run'; history.db is in it then" \
	}
#define CLI_HISTORY_FILTERS                                                                   \
	{"label", 'l', "K=V", "those alone whose label K is V; several: that have them all"}, \
		{"since", 0, "TIME",                                                          \
		 "those alone that started at TIME or after: 2026-11-21, an instant of RFC "  \
		 "3339, or how long ago, as 7d"},                                             \
		{"until", 0, "TIME", "those alone that started before TIME"},                 \
	{                                                                                     \
		"last", 'n', "N", "the N newest of those alone"                               \
	}

#endif
