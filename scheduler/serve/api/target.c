#include "scheduler/serve/api/target.h"

#include <string.h>

#include "base/printable.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes one part of n bytes to out and ends it; NULL: it cannot be. Returns behind it. */
static char *decode(const char *p, size_t n, bool plus, char *out)
{
	const char *end = p + n;
	char *begin = out, shown[API_TARGET_MAX + 1];

	while (p < end) {
		char c = *p++;

		if (c == '%') {
			int hi = end - p < 2 ? -1 : digit(p[0]), lo = hi < 0 ? -1 : digit(p[1]);

			if (lo < 0)
				return NULL;
			c = (char)(hi << 4 | lo);
			p += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return NULL;
		*out++ = c;
	}
	*out = '\0';
	return strcmp(ord_printable(begin, sizeof shown, shown), begin) ? NULL : out + 1;
}

static const char *take_path(struct api_target *t, const char *p, char **out)
{
	while (*p == '/' && p[1] && p[1] != '?') {
		size_t n = strcspn(++p, "/?");
		const char *segment = *out;

		if (t->n_segments == API_SEGMENTS_MAX)
			return NULL;
		*out = decode(p, n, false, *out);
		if (!*out || !*segment || !strcmp(segment, ".") || !strcmp(segment, "..") ||
		    strchr(segment, '/'))
			return NULL;
		t->segments[t->n_segments++] = segment;
		p += n;
	}
	/* A slash at the end is a path of its own, which nothing here has. */
	return *p == '/' && t->n_segments ? NULL : p + (*p == '/');
}

static bool take_args(struct api_target *t, const char *p, char *out)
{
	while (*p) {
		size_t n = strcspn(p, "&"), name = strcspn(p, "&=");
		const char *value;

		if (t->n_args == API_ARGS_MAX)
			return false;
		t->args[t->n_args].name = out;
		out = decode(p, name, true, out);
		if (!out)
			return false;
		value = out;
		out = decode(p + name + (name < n), n - name - (name < n), true, out);
		if (!out)
			return false;
		t->args[t->n_args++].value = value;
		p += n + (p[n] == '&');
	}
	return true;
}

bool api_target_parse(const char *raw, struct api_target *ret, const char **ret_why)
{
	char *out = ret->text;
	const char *query;

	ret->n_segments = ret->n_args = 0;
	if (strlen(raw) > API_TARGET_MAX) {
		*ret_why = "the target is longer than 2048 bytes";
		return false;
	}
	*ret_why = "the path is none that is served here: segments between single slashes";
	query = *raw == '/' ? take_path(ret, raw, &out) : NULL;
	if (!query || (*query && *query != '?'))
		return false;
	*ret_why = "the query cannot be read: NAME=VALUE with & between, in UTF-8";
	return !*query || take_args(ret, query + 1, out);
}

const char *api_target_arg(const struct api_target *t, const char *name)
{
	for (size_t i = 0; i < t->n_args; i++)
		if (!strcmp(t->args[i].name, name))
			return t->args[i].value;
	return NULL;
}

const char *api_target_unknown(const struct api_target *t, const char *known)
{
	for (size_t i = 0; i < t->n_args; i++) {
		const char *name = t->args[i].name;
		size_t n = strlen(name);
		bool found = false;

		for (const char *p = known; n && *p && !found; p += strcspn(p, "|"), p += *p == '|')
			found = strcspn(p, "|") == n && !memcmp(p, name, n);
		if (!found)
			return name;
	}
	return NULL;
}
