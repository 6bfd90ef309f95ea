/* The JSON Schema (2020-12) of the types, from the key tables. */
#include "scheduler/spec/schema.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "scheduler/spec/table.h"

#define DURATION "[0-9]+(\\.[0-9]{1,9})?(ns|us|ms|s|m|h|d)"
#define NAME	 "[a-z0-9]([a-z0-9-]*[a-z0-9])?"

json_t *schema_text(int64_t max, const char *pattern)
{
	return json_pack("{s:s, s:i, s:I, s:s*}", "type", "string", "minLength", 1, "maxLength",
			 (json_int_t)max, "pattern", pattern);
}

json_t *schema_type_text(const struct key *key)
{
	return schema_text(key->max ? key->max : 4096, NULL);
}

json_t *schema_type_name(const struct key *key)
{
	(void)key;
	return schema_text(ORD_NAME_MAX - 1, "^" NAME "$");
}

json_t *schema_type_duration(const struct key *key)
{
	json_t *s = json_pack("{s:[{s:s, s:s}]}", "anyOf", "type", "string", "pattern",
			      "^(0|" DURATION ")$");

	if (s && !key->min)
		(void)json_array_append_new(json_object_get(s, "anyOf"),
					    json_pack("{s:i}", "const", 0));
	return s;
}

json_t *schema_type_bool(const struct key *key)
{
	(void)key;
	return json_pack("{s:s}", "type", "boolean");
}

json_t *schema_type_true(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:b}, {s:s, s:i}]}", "anyOf", "const", 1, "type", "object",
			 "maxProperties", 0);
}

json_t *schema_type_int(const struct key *key)
{
	return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)key->min,
			 "maximum", (json_int_t)key->max);
}

json_t *schema_choices(const char *words)
{
	json_t *list = json_array();
	char word[64];

	for (size_t i = 0; list && choice_get(words, i, word, sizeof word); i++)
		(void)json_array_append_new(list, json_string(word));
	return json_pack("{s:o}", "enum", list);
}

json_t *schema_type_choice(const struct key *key)
{
	return schema_choices(key->choices);
}

json_t *schema_type_words(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:i, s:{s:s}}", "type", "array", "minItems", 1, "maxItems",
			 ORD_ARGV_MAX, "items", "type", "string");
}

json_t *schema_type_labels(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:{s:s}, s:{s:s, s:i}}", "type", "object", "propertyNames",
			 "pattern", "^[A-Za-z0-9._/-]{1,253}$", "additionalProperties", "type",
			 "string", "maxLength", 253);
}

json_t *schema_type_url(const struct key *key)
{
	(void)key;
	return schema_text(2048, "^https?://([^/?#@\\[\\]:\\s]+|\\[[^\\]]+\\])(:[0-9]{1,5})?([/"
				 "?#][^\\s<>\"{}|\\\\^`]*)?$");
}

json_t *schema_type_status(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
			 100, "maximum", 599, "type", "string", "pattern",
			 "^([1-5]xx|[1-5][0-9]{2}(-[1-5][0-9]{2})?)$");
}

json_t *schema_type_headers(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:{s:s, s:i}}", "type", "object", "maxProperties",
			 ORD_HEADERS_MAX, "additionalProperties", "type", "string", "maxLength",
			 8192);
}

json_t *schema_type_pair_regex(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:i, s:{s:s, s:i}}", "type", "object", "minProperties", 1,
			 "maxProperties", 1, "additionalProperties", "type", "string", "minLength",
			 1);
}

json_t *schema_type_pair_any(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:i, s:{s:[s, s, s, s]}}", "type", "object", "minProperties",
			 1, "maxProperties", 1, "additionalProperties", "type", "string", "number",
			 "boolean", "null");
}

json_t *schema_type_tcp(const struct key *key)
{
	return json_pack("{s:[o, o]}", "anyOf", schema_type_map(key),
			 schema_text(300, "^(\\[[^\\]]+\\]|[^:/]+):[0-9]{1,5}$"));
}

/* The words of known kinds are no part of it: with apiVersion any kind may stand here. */
json_t *schema_type_kube_watch(const struct key *key)
{
	(void)key;
	return schema_text(300, "^[A-Za-z]+(/[a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$");
}

#define CONDITION                                                         \
	NAME "\\.(ok_ratio\\s*[<>]=?\\s*[0-9.]+%?"                        \
	     "|latency\\.(p50|p90|p95|p99|max)\\s*[<>]=?\\s*(0|" DURATION \
	     "))\\s+over\\s+" DURATION "|" NAME                           \
	     "\\.value\\s*([<>]=?|==|!=)\\s*-?[0-9.]+\\s+over\\s+" DURATION
#define QUOTED "\"([^\"\\\\]|\\\\[\"\\\\])*\""
#define ALERT                               \
	"(" QUOTED "|[^\\s{}()/\"\\\\,=]+)" \
	"(\\{[A-Za-z_][A-Za-z0-9_]*=" QUOTED "(,[A-Za-z_][A-Za-z0-9_]*=" QUOTED ")*\\})?"
#define CHANNEL                                                                               \
	"(" NAME "|kubernetes:[^\\s()]+|prometheus:" ALERT                                    \
	"(/(pending|firing))?|alertmanager:" ALERT "(/(received|active|notified))?|log:" NAME \
	"|mark(:" NAME ")?)"
#define SHARE "[0-9.]+%?"

json_t *schema_type_condition(const struct key *key)
{
	(void)key;
	return schema_text(ORD_SENTENCE_MAX - 1, "^\\s*(" CONDITION ")\\s*$");
}

json_t *schema_type_abort(const struct key *key)
{
	(void)key;
	return schema_text(ORD_SENTENCE_MAX - 1,
			   "^\\s*(" CONDITION "|prometheus:" ALERT
			   "\\s+(firing|pending)|alertmanager:" ALERT "\\s+firing)\\s*$");
}

json_t *schema_type_objective(const struct key *key)
{
	(void)key;
	return schema_text(
		ORD_SENTENCE_MAX - 1,
		"^\\s*(detect\\s*\\(\\s*" CHANNEL "\\s*\\)\\s*within\\s+" DURATION
		"|recover\\s*\\(\\s*(self|after_rollback|full)\\s*\\)\\s*within\\s+" DURATION
		"(\\s+hold\\s+(0|" DURATION "))?"
		"|budget\\s*\\(\\s*" SHARE "\\s*,\\s*" DURATION "\\s*\\)\\s*<\\s*" SHARE
		"|no_regression\\s*\\(\\s*(ttr|ttr_self|ttr_after|ttd|impact|ttd:" CHANNEL
		")\\s*\\)\\s*margin\\s+" SHARE "\\s+against\\s+[^\\s]+)\\s*$");
}

json_t *schema_type_path(const struct key *key)
{
	(void)key;
	return schema_text(4000, "^/[^\\r\\n]*$");
}

json_t *schema_type_unit(const struct key *key)
{
	(void)key;
	return schema_text(255, "^[A-Za-z0-9:_.\\\\@-]+\\.[A-Za-z0-9:_\\\\@-]+$");
}

json_t *schema_type_listen(const struct key *key)
{
	(void)key;
	return schema_text(
		112, "^(unix:/"
		     ".+|(127(\\.[0-9]{1,3}){3}|\\[[0-9a-fA-F:.]+\\]|[0-9a-fA-F:]+):[0-9]{1,5})$");
}

json_t *schema_type_share(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "number", "minimum",
			 0, "maximum", 1, "type", "string", "pattern", "^" SHARE "$");
}

json_t *schema_type_comparison(const struct key *key)
{
	(void)key;
	return schema_text(40, "^([<>]=?|==|!=) *-?[0-9.]+$");
}

json_t *schema_type_addresses(const struct key *key)
{
	json_t *one = schema_text(45, "^[0-9A-Fa-f:.]+$");

	(void)key;
	return json_pack("{s:[O, {s:s, s:i, s:i, s:o}]}", "anyOf", one, "type", "array", "minItems",
			 1, "maxItems", ORD_ANSWERS_MAX, "items", one);
}

json_t *schema_type_target_text(const struct key *key)
{
	(void)key;
	return schema_text(255, NULL);
}

json_t *schema_type_pid(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", 2, "maximum", 1 << 22);
}

json_t *schema_type_listening(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
			 1, "maximum", 65535, "type", "string", "pattern",
			 "^[0-9]{1,5}(/(tcp|udp))?$");
}

json_t *schema_type_percent(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "number",
			 "exclusiveMinimum", 0, "maximum", 100, "type", "string", "pattern",
			 SCHEMA_PERCENT);
}

json_t *schema_type_socket(const struct key *key)
{
	(void)key;
	return schema_text(ORD_SOCKET_MAX - 1, "^/");
}

json_t *schema_type_text_or_map(const struct key *key)
{
	return json_pack("{s:[o, o]}", "anyOf", schema_text(255, NULL), schema_type_map(key));
}

/* One, or a list of them. */
static json_t *one_or_more(json_t *one)
{
	return json_pack("{s:[O, {s:s, s:i, s:i, s:o}]}", "anyOf", one, "type", "array", "minItems",
			 1, "maxItems", 256, "items", one);
}

json_t *schema_type_names(const struct key *key)
{
	return one_or_more(key->choices ? schema_choices(key->choices)
					: schema_text(key->max, "^[^\\s/%\"'\\\\]+$"));
}

json_t *schema_type_owners(const struct key *key)
{
	(void)key;
	return one_or_more(schema_text(318, "^[A-Za-z*?]+/[^\\s/%\"'\\\\]+$"));
}

json_t *schema_type_object_condition(const struct key *key)
{
	(void)key;
	return schema_text(325, "^[A-Za-z0-9._/-]+(=(True|False|Unknown))?$");
}

json_t *schema_type_word(const struct key *key)
{
	(void)key;
	return schema_text(127, "^[A-Za-z0-9./-]+$");
}

json_t *schema_type_endpoint_port(const struct key *key)
{
	(void)key;
	return json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", 65535);
}

json_t *schema_type_endpoint_ports(const struct key *key)
{
	(void)key;
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
			 1, "maximum", 65535, "type", "string", "pattern",
			 "^[0-9]{1,5}(-[0-9]{1,5})?$");
}

json_t *schema_type_engine(const struct key *key)
{
	(void)key;
	return schema_text(31, NULL);
}

/* A key's own schema, with what people read in an editor. */
json_t *schema_with_help(json_t *schema, const char *help, const char *def)
{
	if (schema && help)
		(void)json_object_set_new(schema, "description", json_string(help));
	if (schema && def) {
		json_t *v = json_loads(def, JSON_DECODE_ANY, NULL);

		(void)json_object_set_new(schema, "default", v ? v : json_string(def));
	}
	return schema;
}

/* {"oneOf": [{"required": ["a"]}, ...]}: exactly one of the keys. */
static int one_of(json_t *schema, const char *words)
{
	json_t *list = json_array();
	char word[64];

	for (size_t i = 0; list && choice_get(words, i, word, sizeof word); i++)
		(void)json_array_append_new(list, json_pack("{s:[s]}", "required", word));
	return json_object_set_new(schema, "oneOf", list);
}

json_t *schema_table(const struct table *table)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *s = json_pack("{s:s, s:o, s:b, s:s*}", "type", "object", "properties", properties,
			      "additionalProperties", 0, "description", table->help);

	for (size_t i = 0; s && required && i < table->n; i++) {
		const struct key *key = &table->keys[i];

		if (key->flags & KEY_LATER)
			continue;
		if (json_object_set_new(
			    properties, key->name,
			    schema_with_help(key->type->schema(key), key->help, key->def)))
			goto fail;
		if (key->flags & KEY_REQUIRED)
			(void)json_array_append_new(required, json_string(key->name));
	}
	if (!s || !required)
		goto fail;
	if (json_array_size(required))
		(void)json_object_set(s, "required", required);
	json_decref(required);
	if ((table->one_of && one_of(s, table->one_of)) || (table->schema && table->schema(s)))
		goto fail_all;
	return s;
fail:
	json_decref(required);
fail_all:
	json_decref(s);
	return NULL;
}

json_t *schema_type_map(const struct key *key)
{
	json_t *s = schema_table(key->table);

	if (s && key->flags & KEY_EMPTY_OK)
		(void)json_object_set_new(s, "type", json_pack("[s, s]", "object", "null"));
	return s;
}

json_t *schema_type_list(const struct key *key)
{
	return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t)key->min,
			 "maxItems", (json_int_t)key->max, "items",
			 key->item->type->schema(key->item));
}
