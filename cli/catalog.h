/* The catalogue in words: for list, help, the manual and the completion. */
#ifndef ORDEAL_CLI_CATALOG_H
#define ORDEAL_CLI_CATALOG_H

#include <stddef.h>

#include "ordeal/fault.h"

struct cli_probe_kind {
	const char *name, *summary;
};

extern const struct cli_probe_kind cli_probe_kinds[];
extern const size_t cli_n_probe_kinds;

/* "process, cgroup, host". Returns out. */
const char *cli_targets_text(unsigned targets, size_t size, char *out);
/* What stands for the value in help: "DURATION". */
const char *cli_param_value(const struct ord_param *param);
/* "duration", for JSON. */
const char *cli_param_type(const struct ord_param *param);
/* "1us to 60s", "" where there is none. Returns out. */
const char *cli_param_range(const struct ord_param *param, size_t size, char *out);
/* Help with default, range and choices. Returns out. */
const char *cli_param_help(const struct ord_param *param, size_t size, char *out);

#endif
