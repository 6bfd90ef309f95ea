/* What the files of the http module share. */
#ifndef ORDEAL_PROBE_HTTP_H
#define ORDEAL_PROBE_HTTP_H

#include "scheduler/probe/probe.h"

/* The ids of one request (W3C Trace Context, level 1). */
struct http_trace {
	uint64_t trace[2], parent;
};

#define HTTP_TRACEPARENT_SIZE sizeof "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

/* Adds a value of the header that is expected. False: out of memory. */
bool http_add_value(struct prb_sample *s, const char *value, size_t n);
/* A trace of its own, told to the sample. False: no random numbers. */
bool http_begin_trace(struct prb_sample *s, struct http_trace *ret);
/* The header's value, sampled; returns out. */
const char *http_traceparent(const struct http_trace *t, char out[static HTTP_TRACEPARENT_SIZE]);

#endif
