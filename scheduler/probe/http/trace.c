/* The ids under which a request is known to traces. */
#include <inttypes.h>
#include <stdio.h>

#include "scheduler/probe/http/http.h"

/* Zeros are no ids. The request's span has the second half of the trace's digits: who knows the one
 * knows the other, and trace.json can name what the system's own spans have as their parent. */
bool http_begin_trace(struct prb_sample *s, struct http_trace *ret)
{
	uint64_t id[2];

	if (!s->probe->host->trace_ids(s->probe, s->s.n, id))
		return false;
	for (size_t i = 0; i < 2; i++)
		id[i] |= !id[i];
	*ret = (struct http_trace){.trace = {id[0], id[1]}, .parent = id[1]};
	s->s.trace[0] = id[0];
	s->s.trace[1] = id[1];
	return true;
}

const char *http_traceparent(const struct http_trace *t, char out[static HTTP_TRACEPARENT_SIZE])
{
	(void)snprintf(out, HTTP_TRACEPARENT_SIZE,
		       "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01", t->trace[0],
		       t->trace[1], t->parent);
	return out;
}
