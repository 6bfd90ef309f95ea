/* Failures of the user probes as events of a span. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "reports/write/otlp.h"

struct failure {
	struct ord_sample s;
	size_t probe;
};

static int by_time(const void *a, const void *b)
{
	const struct failure *x = a, *y = b;

	if (x->s.sent != y->s.sent)
		return x->s.sent < y->s.sent ? -1 : 1;
	return (x->s.line > y->s.line) - (x->s.line < y->s.line);
}

/* The first `max` bad samples of one probe from the request on, appended; the rest are counted. */
static size_t gather(const struct ord_analysis *a, const struct ord_rep *r, size_t probe,
		     struct failure *v, size_t *n, size_t max)
{
	size_t room = *n + max, seen = 0;
	struct ord_cursor c;
	struct ord_sample s;

	ord_cursor_begin(ord_timeline_series(a->t, r->number, probe), &c);
	if (r->requested.known)
		(void)ord_cursor_seek_sent(&c, r->requested.value);
	while (ord_cursor_next_bad(&c, &s)) {
		if (s.noise)
			continue;
		seen++;
		if (*n < room)
			v[(*n)++] = (struct failure){s, probe};
	}
	return seen;
}

/* A trace whose span's half is all zero has no valid span. */
static bool has_span(const char *trace)
{
	return trace && strspn(trace + ORD_TRACE_ID - ORD_SPAN_ID, "0") < ORD_SPAN_ID - 1;
}

static void add_request(const struct ord_analysis *a, json_t *span, const struct failure *f,
			const char *trace, json_t *requests)
{
	const struct ord_timeline *t = a->t;
	const char *outcome = ord_tl_outcome_name((enum ord_tl_outcome)f->s.outcome);
	char name[OTLP_TEXT_MAX];
	json_t *request;

	(void)snprintf(name, sizeof name, "probe %.900s", t->probes[f->probe].name);
	request = ord_otlp_request_span(t, trace, name, f->s.sent, f->s.done);
	ord_otlp_text(ord_otlp_attributes(request), "ordeal.probe", t->probes[f->probe].name);
	ord_otlp_text(ord_otlp_attributes(request), "ordeal.outcome", outcome);
	ord_otlp_int(ord_otlp_attributes(request), "ordeal.line", f->s.line);
	ord_otlp_status(request, ORD_OTLP_ERROR, outcome);
	ord_otlp_link(request, span);
	ord_otlp_link(span, request);
	(void)json_array_append_new(requests, request);
}

static void tell(const struct ord_analysis *a, json_t *span, const struct failure *f,
		 json_t *requests)
{
	const struct ord_timeline *t = a->t;
	const char *trace = ord_timeline_trace_of(t, f->s.line);
	json_t *attributes = ord_otlp_event(t, span, f->s.done, "probe failure");

	ord_otlp_text(attributes, "ordeal.probe", t->probes[f->probe].name);
	ord_otlp_text(attributes, "ordeal.outcome",
		      ord_tl_outcome_name((enum ord_tl_outcome)f->s.outcome));
	ord_otlp_int(attributes, "ordeal.latency_ns", ord_sample_latency(&f->s));
	ord_otlp_int(attributes, "ordeal.line", f->s.line);
	if (trace)
		ord_otlp_text(attributes, "ordeal.probe.trace_id", trace);
	if (has_span(trace))
		add_request(a, span, f, trace, requests);
	if (f->s.why && t->why[f->s.why])
		ord_otlp_text(attributes, "ordeal.why", t->why[f->s.why]);
}

int ord_otlp_failures(const struct ord_analysis *a, const struct ord_rep *r, json_t *span,
		      json_t *requests, size_t max, size_t *dropped, struct ord_err *err)
{
	ord_autofree struct failure *v = calloc(a->t->n_probes * max + 1, sizeof *v);
	size_t n = 0, seen = 0;

	if (!v)
		return ord_fail_nomem(err);
	for (size_t p = 0; p < a->t->n_probes; p++)
		if (!a->t->probes[p].is_signal)
			seen += gather(a, r, p, v, &n, max);
	qsort(v, n, sizeof *v, by_time);
	for (size_t i = 0; i < n && i < max; i++)
		tell(a, span, &v[i], requests);
	ord_otlp_int(ord_otlp_attributes(span), "ordeal.probe_failures", (int64_t)seen);
	*dropped += seen > max ? seen - max : 0;
	return 0;
}
