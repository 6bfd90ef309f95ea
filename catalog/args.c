#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cpus.h"
#include "base/json.h"
#include "base/units.h"
#include "catalog/names.h"
#include "catalog/rules.h"
#include "ordeal/fault.h"

void ord_args_init(struct ord_args *args, const struct ord_fault *fault)
{
	*args = (struct ord_args){.fault = fault};
}

static const struct ord_param *param_find(const struct ord_fault *fault, const char *name)
{
	for (size_t i = 0; i < fault->n_params; i++)
		if (!strcmp(fault->params[i].name, name))
			return &fault->params[i];
	return NULL;
}

static int unknown(const struct ord_fault *fault, const char *name, struct ord_err *err)
{
	const char *names[ORD_PARAMS_MAX], *near;

	for (size_t i = 0; i < fault->n_params; i++)
		names[i] = fault->params[i].name;
	near = ord_nearest(name, names, fault->n_params);
	return ord_fail(err, ORD_USAGE, "%s has no parameter '%.40s'%s%s%s", fault->name, name,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* What the type itself allows where the entry gives no range. */
static void range_of(const struct ord_param *p, int64_t *min, int64_t *max)
{
	*min = p->min;
	*max = p->max;
	if (p->min || p->max)
		return;
	*max = p->type == ORD_PARAM_PERCENT  ? ORD_PPM
	       : p->type == ORD_PARAM_SIGNAL ? 64
	       : p->type == ORD_PARAM_BOOL   ? 1
					     : INT64_MAX;
	*min = p->type == ORD_PARAM_SIGNAL ? 1 : 0;
}

/* The text that the parser reads back. */
static void int_format(const struct ord_param *p, int64_t v, char *out, size_t size)
{
	char buf[32];

	switch (p->type) {
	case ORD_PARAM_DURATION:
		(void)snprintf(out, size, "%s", ord_format_duration(v, buf));
		break;
	case ORD_PARAM_PERCENT:
		(void)snprintf(out, size, "%s", ord_format_percent(v, buf));
		break;
	case ORD_PARAM_SIZE:
		(void)snprintf(out, size, "%s", ord_format_size(v, buf));
		break;
	case ORD_PARAM_RATE:
		(void)snprintf(out, size, "%s/s", ord_format_size(v, buf));
		break;
	case ORD_PARAM_BOOL:
		(void)snprintf(out, size, "%s", v ? "true" : "false");
		break;
	case ORD_PARAM_SIGNAL:
		(void)snprintf(out, size, "%s", ord_signal_format((int)v, buf));
		break;
	case ORD_PARAM_COUNT:
	case ORD_PARAM_CHOICE:
	case ORD_PARAM_CPUS:
	case ORD_PARAM_TEXT:
	case ORD_PARAM_ENDPOINTS:
		(void)snprintf(out, size, "%" PRId64, v);
		break;
	}
}

static int check_range(const struct ord_param *p, int64_t v, struct ord_err *err)
{
	char at[40], lo[40], hi[40];
	int64_t min, max;

	range_of(p, &min, &max);
	if (v >= min && v <= max)
		return 0;
	int_format(p, v, at, sizeof at);
	int_format(p, min, lo, sizeof lo);
	int_format(p, max, hi, sizeof hi);
	if (max == INT64_MAX)
		return ord_fail(err, ORD_USAGE, "%s is less than %s", at, lo);
	return ord_fail(err, ORD_USAGE, "%s is not within %s to %s", at, lo, hi);
}

static int parse_bool(const char *text, int64_t *ret, struct ord_err *err)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	for (size_t i = 0; i < ORD_COUNT(words); i++)
		if (!strcmp(text, words[i])) {
			*ret = (int64_t)(i % 2);
			return 0;
		}
	return ord_fail(err, ORD_USAGE, "'%.40s' is neither true nor false", text);
}

/* The index of text among "a|b|c". */
static int parse_choice(const char *choices, const char *text, int64_t *ret, struct ord_err *err)
{
	size_t len = strlen(text);
	int64_t i = 0;

	for (const char *p = choices; len;) {
		size_t n = strcspn(p, "|");

		if (n == len && !memcmp(p, text, n)) {
			*ret = i;
			return 0;
		}
		if (!p[n])
			break;
		p += n + 1;
		i++;
	}
	return ord_fail(err, ORD_USAGE, "'%.40s' is none of %s", text, choices);
}

static int parse_int(const struct ord_param *p, const char *text, int64_t *ret, struct ord_err *err)
{
	int sig;

	switch (p->type) {
	case ORD_PARAM_DURATION:
		return ord_parse_duration(text, ret, err);
	case ORD_PARAM_PERCENT:
		return ord_parse_percent(text, ret, err);
	case ORD_PARAM_SIZE:
		return ord_parse_size(text, ret, err);
	case ORD_PARAM_RATE:
		return ord_parse_rate(text, ret, err);
	case ORD_PARAM_COUNT:
		return ord_parse_int(text, INT64_MIN, INT64_MAX, ret, err);
	case ORD_PARAM_BOOL:
		return parse_bool(text, ret, err);
	case ORD_PARAM_CHOICE:
		return parse_choice(p->choices, text, ret, err);
	case ORD_PARAM_SIGNAL:
		if (ord_signal_parse(text, &sig, err))
			return -1;
		*ret = sig;
		return 0;
	case ORD_PARAM_CPUS:
	case ORD_PARAM_TEXT:
	case ORD_PARAM_ENDPOINTS:
		break;
	}
	assert(!"a type without an integer form");
	return -1;
}

static int set_int(const struct ord_param *p, struct ord_value *v, int64_t i, struct ord_err *err)
{
	if (p->type != ORD_PARAM_CHOICE && check_range(p, i, err))
		return -1;
	v->i = i;
	v->set = true;
	return 0;
}

/* Over the value's former text where that was as long, else behind all others. */
static int keep_text(struct ord_args *args, struct ord_value *v, const char *text,
		     struct ord_err *err)
{
	const size_t n = strlen(text) + 1;
	const bool fits = v->text && strlen(args->texts + v->text) + 1 >= n;

	if (!fits && 1 + args->used + n > sizeof args->texts)
		return ord_fail(err, ORD_USAGE,
				"the texts of all parameters are more than %zu bytes",
				sizeof args->texts - 1);
	if (!fits) {
		v->text = (uint16_t)(1 + args->used);
		args->used = (uint16_t)(args->used + n);
	}
	memcpy(args->texts + v->text, text, n);
	v->set = true;
	return 0;
}

static int set_text(struct ord_args *args, const struct ord_param *p, struct ord_value *v,
		    const char *text, struct ord_err *err)
{
	size_t n = strlen(text);
	char list[ORD_ARG_TEXT];
	cpu_set_t cpus;

	if (!n || n >= ORD_ARG_TEXT)
		return ord_fail(err, ORD_USAGE, "a text of 1 to %d bytes is needed",
				ORD_ARG_TEXT - 1);
	if (p->type == ORD_PARAM_CPUS) {
		if (ord_cpus_parse(text, &cpus, err))
			return -1;
		return keep_text(args, v, ord_cpus_format(&cpus, list, sizeof list), err);
	}
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)text[i] < ' ' &&
		     !(p->lines && (text[i] == '\n' || text[i] == '\t'))) ||
		    text[i] == 0x7f)
			return ord_fail(err, ORD_USAGE, "control characters are not allowed");
	return keep_text(args, v, text, err);
}

static int add_endpoint(struct ord_value *v, const char *text, struct ord_err *err)
{
	struct ord_endpoint e;

	if (v->eps.n == ORD_ENDPOINTS_MAX)
		return ord_fail(err, ORD_USAGE, "more than %d endpoints", ORD_ENDPOINTS_MAX);
	if (ord_endpoint_parse(text, &e, err))
		return -1;
	v->eps.v[v->eps.n++] = e;
	v->set = true;
	return 0;
}

static int set_param(struct ord_args *args, const struct ord_param *p, const char *text,
		     struct ord_err *err)
{
	struct ord_value *v = &args->v[p - args->fault->params];
	int64_t i = 0;

	if (p->type == ORD_PARAM_ENDPOINTS)
		return add_endpoint(v, text, err);
	if (p->type == ORD_PARAM_CPUS || p->type == ORD_PARAM_TEXT)
		return set_text(args, p, v, text, err);
	return parse_int(p, text, &i, err) ? -1 : set_int(p, v, i, err);
}

int ord_args_set(struct ord_args *args, const char *name, const char *text, struct ord_err *err)
{
	const struct ord_param *p = param_find(args->fault, name);

	if (!p)
		return unknown(args->fault, name, err);
	if (set_param(args, p, text, err))
		return ord_wrap(err, "%s", name);
	return 0;
}

int ord_args_finish(struct ord_args *args, struct ord_err *err)
{
	const struct ord_fault *f = args->fault;

	for (size_t i = 0; i < f->n_params; i++) {
		const struct ord_param *p = &f->params[i];

		if (args->v[i].set)
			continue;
		if (p->required)
			return ord_fail(err, ORD_USAGE, "%s needs '%s': %s", f->name, p->name,
					p->help);
		if (p->def && set_param(args, p, p->def, err))
			return ord_wrap(err, "default of %s", p->name);
	}
	return ord_args_rules(args, err);
}

const struct ord_value *ord_arg(const struct ord_args *args, const char *name)
{
	const struct ord_param *p = param_find(args->fault, name);

	assert(p);
	return &args->v[p - args->fault->params];
}

int64_t ord_arg_int(const struct ord_args *args, const char *name)
{
	return ord_arg(args, name)->i;
}

const char *ord_arg_text(const struct ord_args *args, const char *name)
{
	return args->texts + ord_arg(args, name)->text;
}

bool ord_arg_set(const struct ord_args *args, const char *name)
{
	return ord_arg(args, name)->set;
}

static void choice_format(const char *choices, int64_t index, char *out, size_t size)
{
	while (index-- > 0)
		choices += strcspn(choices, "|") + 1;
	(void)snprintf(out, size, "%.*s", (int)strcspn(choices, "|"), choices);
}

char *ord_arg_format(const struct ord_args *args, const char *name, size_t size, char *out)
{
	const struct ord_param *p = param_find(args->fault, name);
	const struct ord_value *v = ord_arg(args, name);
	char buf[ORD_ENDPOINT_TEXT];
	size_t have = 0;

	if (p->type == ORD_PARAM_CPUS || p->type == ORD_PARAM_TEXT)
		(void)snprintf(out, size, "%s", args->texts + v->text);
	else if (p->type == ORD_PARAM_CHOICE)
		choice_format(p->choices, v->i, out, size);
	else if (p->type != ORD_PARAM_ENDPOINTS)
		int_format(p, v->i, out, size);
	else
		for (size_t i = 0; i < v->eps.n && have < size; i++)
			have += (size_t)snprintf(out + have, size - have, "%s%s", i ? "\n" : "",
						 ord_endpoint_format(&v->eps.v[i], buf));
	return out;
}

static json_t *endpoints_to_json(const struct ord_endpoints *eps)
{
	json_t *list = json_array();
	char buf[ORD_ENDPOINT_TEXT];

	for (size_t i = 0; list && i < eps->n; i++)
		if (json_array_append_new(list,
					  json_string(ord_endpoint_format(&eps->v[i], buf)))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *value_to_json(const struct ord_args *args, const struct ord_param *p,
			     const struct ord_value *v)
{
	char buf[ORD_ARG_TEXT];

	switch (p->type) {
	case ORD_PARAM_DURATION:
	case ORD_PARAM_PERCENT:
	case ORD_PARAM_SIZE:
	case ORD_PARAM_RATE:
	case ORD_PARAM_COUNT:
	case ORD_PARAM_BOOL:
		return json_integer(v->i);
	case ORD_PARAM_CHOICE:
	case ORD_PARAM_SIGNAL:
	case ORD_PARAM_CPUS:
	case ORD_PARAM_TEXT:
		return json_string(ord_arg_format(args, p->name, sizeof buf, buf));
	case ORD_PARAM_ENDPOINTS:
		return endpoints_to_json(&v->eps);
	}
	return NULL;
}

json_t *ord_args_to_json(const struct ord_args *args)
{
	ord_auto(json) json_t *json = json_object();

	for (size_t i = 0; json && i < args->fault->n_params; i++) {
		const struct ord_param *p = &args->fault->params[i];

		if (args->v[i].set &&
		    json_object_set_new(json, p->name, value_to_json(args, p, &args->v[i])))
			return NULL;
	}
	return ord_steal_ptr(json);
}

/* A text without a NUL within, which jansson's parser refuses but its constructors do not. */
static const char *text_of(json_t *v)
{
	const char *text = json_string_value(v);

	return text && strlen(text) == json_string_length(v) ? text : NULL;
}

static int endpoints_from_json(struct ord_value *v, json_t *list, struct ord_err *err)
{
	json_t *e;
	size_t i;

	if (!json_is_array(list) || !json_array_size(list))
		return ord_fail(err, ORD_USAGE, "must be a list of one or more texts");
	json_array_foreach (list, i, e) {
		if (!text_of(e))
			return ord_fail(err, ORD_USAGE, "must be a list of texts");
		if (add_endpoint(v, text_of(e), err))
			return -1;
	}
	return 0;
}

static int value_from_json(struct ord_args *args, const struct ord_param *p, json_t *json,
			   struct ord_err *err)
{
	struct ord_value *v = &args->v[p - args->fault->params];

	switch (p->type) {
	case ORD_PARAM_DURATION:
	case ORD_PARAM_PERCENT:
	case ORD_PARAM_SIZE:
	case ORD_PARAM_RATE:
	case ORD_PARAM_COUNT:
	case ORD_PARAM_BOOL:
		if (!json_is_integer(json))
			return ord_fail(err, ORD_USAGE, "must be an integer");
		return set_int(p, v, json_integer_value(json), err);
	case ORD_PARAM_CHOICE:
	case ORD_PARAM_SIGNAL:
	case ORD_PARAM_CPUS:
	case ORD_PARAM_TEXT:
		if (!text_of(json))
			return ord_fail(err, ORD_USAGE, "must be a text");
		return set_param(args, p, text_of(json), err);
	case ORD_PARAM_ENDPOINTS:
		return endpoints_from_json(v, json, err);
	}
	return -1;
}

int ord_args_from_json(struct ord_args *args, const struct ord_fault *fault, json_t *json,
		       struct ord_err *err)
{
	const char *key;
	json_t *v;

	if (!json_is_object(json))
		return ord_fail(err, ORD_USAGE, "the parameters of %s must be an object",
				fault->name);
	ord_args_init(args, fault);
	json_object_foreach (json, key, v) {
		const struct ord_param *p = param_find(fault, key);

		if (!p)
			return unknown(fault, key, err);
		if (value_from_json(args, p, v, err))
			return ord_wrap(err, "%s", p->name);
	}
	return ord_args_finish(args, err);
}
