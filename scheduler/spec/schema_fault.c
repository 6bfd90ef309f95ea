/* The JSON Schema of the faults, from the catalogue. */
#include <jansson.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "ordeal/fault.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

static json_t *endpoints(void)
{
	json_t *map = schema_table(&table_endpoint);

	if (map) {
		(void)json_object_set_new(map, "minProperties", json_integer(1));
		(void)json_object_set_new(map, "not",
					  json_pack("{s:[s, s]}", "required", "port", "ports"));
	}
	return json_pack("{s:s, s:i, s:i, s:{s:[o, o, {s:s, s:i, s:i}]}}", "type", "array",
			 "minItems", 1, "maxItems", ORD_ENDPOINTS_MAX, "items", "anyOf", map,
			 schema_text(ORD_ENDPOINT_TEXT - 1, NULL), "type", "integer", "minimum", 1,
			 "maximum", 65535);
}

static json_t *param_schema(const struct ord_param *p)
{
	const struct key key = {.min = p->min, .max = p->max};

	switch (p->type) {
	case ORD_PARAM_DURATION:
		return schema_type_duration(&key);
	case ORD_PARAM_PERCENT:
		return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "number",
				 "minimum", 0, "maximum", 100, "type", "string", "pattern",
				 SCHEMA_PERCENT);
	case ORD_PARAM_SIZE:
		return json_pack(
			"{s:[{s:s, s:I, s:I}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
			(json_int_t)p->min, "maximum", (json_int_t)(p->max ? p->max : INT64_MAX),
			"type", "string", "pattern",
			"^[0-9]+(\\.[0-9]{1,9})?(TiB|GiB|MiB|KiB|T|G|M|K|TB|GB|MB|kB|B)?$");
	case ORD_PARAM_RATE:
		return schema_text(
			40, "^[0-9]+(\\.[0-9]{1,9})?((TiB|GiB|MiB|KiB|T|G|M|K|TB|GB|MB|kB|B)?/s"
			    "|[kMG]bit/s)$");
	case ORD_PARAM_COUNT:
		return schema_type_int(&key);
	case ORD_PARAM_BOOL:
		return schema_type_bool(&key);
	case ORD_PARAM_CHOICE:
		return schema_choices(p->choices);
	case ORD_PARAM_SIGNAL:
		return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "integer",
				 "minimum", 1, "maximum", 64, "type", "string", "pattern",
				 "^([A-Za-z]+[0-9]?|[0-9]{1,2})$");
	case ORD_PARAM_CPUS:
		return json_pack("{s:[{s:s, s:i}, {s:s, s:s}]}", "anyOf", "type", "integer",
				 "minimum", 0, "type", "string", "pattern",
				 "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$");
	case ORD_PARAM_TEXT:
		return schema_text(ORD_ARG_TEXT - 1, NULL);
	case ORD_PARAM_ENDPOINTS:
		return endpoints();
	}
	return NULL;
}

/* "time by which each packet is late (1us to 1m)" */
static json_t *described(const struct ord_param *p)
{
	char lo[32], hi[32], help[512];
	json_t *s = param_schema(p);

	if (p->type == ORD_PARAM_DURATION && p->max)
		(void)snprintf(help, sizeof help, "%s (duration, %s to %s)", p->help,
			       ord_format_duration(p->min, lo), ord_format_duration(p->max, hi));
	else if (p->type == ORD_PARAM_SIZE && p->max)
		(void)snprintf(help, sizeof help, "%s (size in bytes, %s to %s)", p->help,
			       ord_format_size(p->min, lo), ord_format_size(p->max, hi));
	else if (p->type == ORD_PARAM_PERCENT)
		(void)snprintf(help, sizeof help, "%s (percent, %s to %s)", p->help,
			       ord_format_percent(p->min, lo),
			       ord_format_percent(p->max ? p->max : ORD_PPM, hi));
	else
		(void)snprintf(help, sizeof help, "%s%s", p->help,
			       p->type == ORD_PARAM_RATE ? " (bytes a second)" : "");
	return schema_with_help(s, help, p->def);
}

static json_t *fault_schema(const struct ord_fault *fault)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *s = json_pack("{s:o, s:b, s:s}", "properties", properties, "additionalProperties",
			      0, "description", fault->summary);

	for (size_t i = 0; s && required && i < fault->n_params; i++) {
		(void)json_object_set_new(properties, fault->params[i].name,
					  described(&fault->params[i]));
		if (fault->params[i].required)
			(void)json_array_append_new(required, json_string(fault->params[i].name));
	}
	if (s && json_array_size(required)) {
		(void)json_object_set(s, "required", required);
		(void)json_object_set_new(s, "type", json_string("object"));
	} else if (s) {
		(void)json_object_set_new(s, "type", json_pack("[s, s]", "object", "null"));
	}
	json_decref(required);
	return s;
}

int schema_faults(json_t *schema)
{
	json_t *properties = json_object_get(schema, "properties"), *list = json_array();

	for (size_t i = 0; list && i < ord_n_faults; i++) {
		if (json_object_set_new(properties, ord_faults[i].name,
					fault_schema(&ord_faults[i])))
			goto fail;
		(void)json_array_append_new(list,
					    json_pack("{s:[s]}", "required", ord_faults[i].name));
	}
	return json_object_set_new(schema, "oneOf", list);
fail:
	json_decref(list);
	return -1;
}
