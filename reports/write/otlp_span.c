/*
 * The JSON of opentelemetry-proto: ids in hexadecimal, 64-bit numbers as decimal strings, enums as
 * integers, names in lowerCamelCase.
 */
#include "reports/write/otlp.h"

#include <inttypes.h>

#include "reports/write/json.h"

#define KIND_INTERNAL 1
#define KIND_CLIENT   3

static json_t *decimal(int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, v);
	return json_string(text);
}

static json_t *nano(const struct ord_timeline *t, int64_t at)
{
	return decimal(t->wall_ns + at);
}

static void attribute(json_t *attributes, const char *key, const char *kind, json_t *value)
{
	(void)json_array_append_new(attributes,
				    json_pack("{s:s,s:{s:o}}", "key", key, "value", kind, value));
}

void ord_otlp_text(json_t *attributes, const char *key, const char *value)
{
	attribute(attributes, key, "stringValue", ord_json_clean(value, OTLP_TEXT_MAX));
}

void ord_otlp_int(json_t *attributes, const char *key, int64_t value)
{
	attribute(attributes, key, "intValue", decimal(value));
}

void ord_otlp_bool(json_t *attributes, const char *key, bool value)
{
	attribute(attributes, key, "boolValue", json_boolean(value));
}

void ord_otlp_interval(json_t *attributes, int64_t lo, int64_t hi, uint32_t line)
{
	ord_otlp_int(attributes, "ordeal.low_ns", lo);
	ord_otlp_int(attributes, "ordeal.high_ns", hi);
	if (line)
		ord_otlp_int(attributes, "ordeal.line", line);
}

/* Without its times. */
static json_t *new_span(const char *trace, const char *id, const char *name, int kind)
{
	json_t *text = ord_json_clean(name, OTLP_TEXT_MAX);

	/* A span without a name is not valid. */
	if (text && !*json_string_value(text))
		(void)json_string_set(text, "-");
	return json_pack("{s:s,s:s,s:o,s:i,s:[]}", "traceId", trace, "spanId", id, "name", text,
			 "kind", kind, "attributes");
}

static void set_times(const struct ord_timeline *t, json_t *span, int64_t start, int64_t end)
{
	(void)json_object_set_new(span, "startTimeUnixNano", nano(t, start));
	(void)json_object_set_new(span, "endTimeUnixNano", nano(t, end < start ? start : end));
}

json_t *ord_otlp_span(const struct ord_timeline *t, uint32_t rep, const char *key,
		      const char *parent, const char *name, int64_t start, int64_t end)
{
	char trace[ORD_TRACE_ID], id[ORD_SPAN_ID], above[ORD_SPAN_ID];
	json_t *span = new_span(ord_trace_id(t, rep, trace), ord_span_id(t, rep, key, id), name,
				KIND_INTERNAL);

	set_times(t, span, start, end);
	if (parent)
		(void)json_object_set_new(span, "parentSpanId",
					  json_string(ord_span_id(t, rep, parent, above)));
	return span;
}

json_t *ord_otlp_request_span(const struct ord_timeline *t, const char *trace, const char *name,
			      int64_t start, int64_t end)
{
	json_t *span = new_span(trace, trace + ORD_TRACE_ID - ORD_SPAN_ID, name, KIND_CLIENT);

	set_times(t, span, start, end);
	return span;
}

void ord_otlp_link(json_t *span, const json_t *to)
{
	json_t *links = json_object_get(span, "links");

	if (!links) {
		links = json_array();
		(void)json_object_set_new(span, "links", links);
	}
	(void)json_array_append_new(links, json_pack("{s:O,s:O}", "traceId",
						     json_object_get(to, "traceId"), "spanId",
						     json_object_get(to, "spanId")));
}

json_t *ord_otlp_attributes(json_t *span)
{
	return json_object_get(span, "attributes");
}

void ord_otlp_status(json_t *span, enum ord_otlp_status status, const char *message)
{
	json_t *j = json_pack("{s:i}", "code", (int)status);

	if (status == ORD_OTLP_ERROR)
		(void)json_object_set_new(j, "message", ord_json_clean(message, OTLP_TEXT_MAX));
	(void)json_object_set_new(span, "status", j);
}

json_t *ord_otlp_event(const struct ord_timeline *t, json_t *span, int64_t at, const char *name)
{
	json_t *events = json_object_get(span, "events"), *attributes = json_array();

	if (!events) {
		events = json_array();
		(void)json_object_set_new(span, "events", events);
	}
	(void)json_array_append_new(events, json_pack("{s:o,s:s,s:o}", "timeUnixNano", nano(t, at),
						      "name", name, "attributes", attributes));
	return attributes;
}
