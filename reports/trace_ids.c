/* The traces that probes began, of samples that were bad: those are what one looks up. */
#include <stdlib.h>
#include <string.h>

#include "reports/timeline.h"

#define TRACES_MAX 20000 /* as many as events in trace.json */

int ord_timeline_trace(struct ord_timeline *t, const struct ord_sample *s, const char *digits)
{
	if (s->state != ORD_SAMPLE_BAD || t->n_traces == TRACES_MAX ||
	    strspn(digits, "0123456789abcdef") < ORD_TRACE_DIGITS ||
	    strspn(digits, "0") >= ORD_TRACE_DIGITS)
		return 0;
	if (!t->traces)
		t->traces = calloc(TRACES_MAX, sizeof *t->traces);
	if (!t->traces)
		return -1;
	t->traces[t->n_traces].line = s->line;
	memcpy(t->traces[t->n_traces++].id, digits, ORD_TRACE_DIGITS);
	return 0;
}

static int by_line(const void *key, const void *one)
{
	uint32_t line = *(const uint32_t *)key, at = ((const struct ord_tl_trace *)one)->line;

	return (line > at) - (line < at);
}

const char *ord_timeline_trace_of(const struct ord_timeline *t, uint32_t line)
{
	const struct ord_tl_trace *found =
		t->n_traces ? bsearch(&line, t->traces, t->n_traces, sizeof *t->traces, by_line)
			    : NULL;

	return found ? found->id : NULL;
}
