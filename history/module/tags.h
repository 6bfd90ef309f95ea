/* The tags of runs: links in tags/ beside them (cli/tags.c). */
#ifndef ORDEAL_HISTORY_TAGS_H
#define ORDEAL_HISTORY_TAGS_H

#include <jansson.h>

#include "ordeal/err.h"

/* {folder: [tag, ...]}, also of folders that are not there. *ret is owned. */
int tags_all(const char *home, json_t **ret, struct ord_err *err);

#endif
