/* The ids of a run's traces: made from the run's id alone, so that the same timeline gives the same
 * trace, and other formats can point to it. */
#ifndef ORDEAL_REPORTS_WRITE_TRACE_H
#define ORDEAL_REPORTS_WRITE_TRACE_H

#include "reports/analysis.h"

#define ORD_TRACE_ID   33 /* 32 hexadecimal digits, never all zero */
#define ORD_SPAN_ID    17
#define ORD_TRACE_ROOT "repetition"

/* A trace for each repetition. Both return out. */
char *ord_trace_id(const struct ord_timeline *t, uint32_t rep, char out[static ORD_TRACE_ID]);
/* name: what stands for the span within its trace. */
char *ord_span_id(const struct ord_timeline *t, uint32_t rep, const char *name,
		  char out[static ORD_SPAN_ID]);

#endif
