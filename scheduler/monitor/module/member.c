#include "scheduler/monitor/module/member.h"

const char *mon_text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

uint64_t mon_ns_at(const json_t *object, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(object, key));

	return v > 0 ? (uint64_t)v : 0;
}

void mon_set_ns(json_t *object, const char *key, uint64_t ns)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)ns));
}

void mon_lengthen(json_t *object, const char *key, uint64_t ns)
{
	if (ns > mon_ns_at(object, key))
		mon_set_ns(object, key, ns);
}

bool mon_true_at(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
