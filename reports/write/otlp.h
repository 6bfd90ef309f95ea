/* What the files of trace.json share: values, spans and events as opentelemetry-proto writes them
 * in JSON. */
#ifndef ORDEAL_REPORTS_WRITE_OTLP_H
#define ORDEAL_REPORTS_WRITE_OTLP_H

#include <jansson.h>

#include "reports/write/trace.h"

#define OTLP_TEXT_MAX 1000 /* bytes of an attribute's text */

/* Appends an attribute to the list. */
void ord_otlp_text(json_t *attributes, const char *key, const char *value);
void ord_otlp_int(json_t *attributes, const char *key, int64_t value);
void ord_otlp_bool(json_t *attributes, const char *key, bool value);
/* low, value and high of an instant or a span that is known, and the line that shows it. */
void ord_otlp_interval(json_t *attributes, int64_t lo, int64_t hi, uint32_t line);

/* A span of a repetition. key: what its id is made from; parent: the parent's key, NULL: it is the
 * root. An end before the start is the start. Owned. */
json_t *ord_otlp_span(const struct ord_timeline *t, uint32_t rep, const char *key,
		      const char *parent, const char *name, int64_t start, int64_t end);
/* The request of a probe with traceparent, in the trace that it began: what the system's own spans
 * have as their parent. Owned. */
json_t *ord_otlp_request_span(const struct ord_timeline *t, const char *trace, const char *name,
			      int64_t start, int64_t end);
/* The span says that the other has to do with it. */
void ord_otlp_link(json_t *span, const json_t *to);
/* The span's list of attributes. Borrowed. */
json_t *ord_otlp_attributes(json_t *span);
enum ord_otlp_status { ORD_OTLP_OK = 1, ORD_OTLP_ERROR = 2 };
void ord_otlp_status(json_t *span, enum ord_otlp_status status, const char *message);
/* Adds an event; returns its attributes, borrowed. */
json_t *ord_otlp_event(const struct ord_timeline *t, json_t *span, int64_t at, const char *name);
/* The bad samples of the user probes as events, at most max of them; how many there were stands
 * beside, and *dropped grows by those that there was no room for. Of those that began a trace the
 * request's own span goes to the list `requests`, linked with this one both ways. -1: out of
 * memory. */
int ord_otlp_failures(const struct ord_analysis *a, const struct ord_rep *r, json_t *span,
		      json_t *requests, size_t max, size_t *dropped, struct ord_err *err);

#endif
