/* What the files of the http module share. */
#ifndef ORDEAL_PROBE_HTTP_H
#define ORDEAL_PROBE_HTTP_H

#include "scheduler/probe/probe.h"

/* Adds a value of the header that is expected. False: out of memory. */
bool http_add_value(struct prb_sample *s, const char *value, size_t n);

#endif
