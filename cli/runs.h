/* Where runs are found, and the names that people give them. */
#ifndef ORDEAL_CLI_RUNS_H
#define ORDEAL_CLI_RUNS_H

#include <stdbool.h>
#include <stddef.h>

#include "ordeal/err.h"
#include "ordeal/run.h"

/* A path, and a name below it. */
#define CLI_PATH_MAX (ORD_PATH_MAX + 512)
#define CLI_TAG_MAX  64

/* The folder of a run: a path, a run's id, "latest", or a tag. */
int cli_run_find(const char *run, size_t size, char *ret, struct ord_err *err);
/* Where runs are: `dir`, or for NULL the state directory; made there if absent. */
int cli_runs_home(const char *dir, char ret[ORD_PATH_MAX], struct ord_err *err);

/*
 * Tags are links in tags/ beside the runs: given, moved and taken in one step, and followed by
 * every program.
 */
/* 0, or ORD_USAGE where it is no name for a tag. */
int cli_tag_check(const char *tag, struct ord_err *err);
/* Whether the tag is given; ret (CLI_PATH_MAX bytes) is the folder that it names. */
bool cli_tag_find(const char *home, const char *tag, char *ret);
/* ORD_USAGE where it is given to another run and not to be moved. */
int cli_tag_set(const char *home, const char *dir, const char *tag, bool move, struct ord_err *err);
int cli_tag_remove(const char *home, const char *tag, struct ord_err *err);
/* Every tag by name; run: the folder, "" where it is gone. */
int cli_tag_each(const char *home, void (*each)(void *arg, const char *tag, const char *run),
		 void *arg, struct ord_err *err);

#endif
