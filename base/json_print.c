/* JSON as a text. jansson writes all real numbers with as many digits, of which 15 are too few for
 * some and 17 make 2.3999999999999999 of 2.4. */
#include "base/json.h"
#include "base/real.h"

struct print {
	size_t flags; /* jansson's */
	FILE *out;
};

static int print(const struct print *p, const json_t *json, unsigned depth);

static int indent(const struct print *p, unsigned depth, bool first_or_last)
{
	int width = (int)(p->flags & JSON_MAX_INDENT);

	if (width)
		return fprintf(p->out, "\n%*s", (int)depth * width, "") < 0 ? -1 : 0;
	if (first_or_last || p->flags & JSON_COMPACT)
		return 0;
	return fputc(' ', p->out) < 0 ? -1 : 0;
}

static int put(const struct print *p, const char *text)
{
	return fputs(text, p->out) < 0 ? -1 : 0;
}

/* A scalar that is no real number. */
static int plain(const struct print *p, const json_t *json)
{
	return json_dumpf(json, p->out, JSON_ENCODE_ANY | (p->flags & JSON_ENSURE_ASCII));
}

static int key(const struct print *p, const char *text)
{
	ord_auto(json) json_t *name = json_string(text);

	if (!name || plain(p, name))
		return -1;
	return put(p, p->flags & JSON_COMPACT ? ":" : ": ");
}

static int print_object(const struct print *p, json_t *json, unsigned depth)
{
	const char *name;
	json_t *value;
	bool first = true;

	if (put(p, "{"))
		return -1;
	json_object_foreach (json, name, value) {
		if ((!first && put(p, ",")) || indent(p, depth + 1, first) || key(p, name) ||
		    print(p, value, depth + 1))
			return -1;
		first = false;
	}
	return (!first && indent(p, depth, true)) || put(p, "}") ? -1 : 0;
}

static int print_array(const struct print *p, const json_t *json, unsigned depth)
{
	size_t n = json_array_size(json);

	if (put(p, "["))
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((i && put(p, ",")) || indent(p, depth + 1, !i) ||
		    print(p, json_array_get(json, i), depth + 1))
			return -1;
	return (n && indent(p, depth, true)) || put(p, "]") ? -1 : 0;
}

static int print(const struct print *p, const json_t *json, unsigned depth)
{
	union {
		const json_t *in;
		json_t *out; /* jansson walks over what is const only if it is told that it is not
			      */
	} u = {.in = json};
	char text[ORD_REAL];

	if (json_is_object(json))
		return print_object(p, u.out, depth);
	if (json_is_array(json))
		return print_array(p, json, depth);
	if (json_is_real(json))
		return put(p, ord_format_real(json_real_value(json), text));
	return plain(p, json);
}

int ord_json_print(const json_t *json, size_t flags, FILE *out)
{
	return print(&(struct print){.flags = flags, .out = out}, json, 0);
}
