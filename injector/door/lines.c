#include "injector/door/lines.h"

#include <string.h>

static bool word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool plain_first(char c)
{
	return word(c) || c == '/' || c == '_';
}

static bool plain_later(char c)
{
	return word(c) || (c && strchr("._:/*@%+- ", c));
}

static bool key_char(char c)
{
	return word(c) || c == '-' || c == '.';
}

/* Where we are in a line that is cut up in place. */
struct cursor {
	char *at;
	unsigned line;
	struct door_lines *out;
	struct ord_err *err;
};

static int refuse(const struct cursor *c, const char *what)
{
	return ord_fail(c->err, ORD_USAGE, "line %u: %s", c->line, what);
}

static int entry_add(struct cursor *c, const struct door_entry *e)
{
	if (c->out->n == DOOR_ENTRIES_MAX)
		return refuse(c, "too many entries");
	c->out->v[c->out->n] = *e;
	c->out->v[c->out->n++].line = c->line;
	return 0;
}

static void blanks_skip(struct cursor *c)
{
	while (*c->at == ' ')
		c->at++;
}

/* The end of the line, or a comment, which has a blank before it. */
static bool line_over(const struct cursor *c)
{
	return !*c->at || (*c->at == '#' && c->at[-1] == ' ');
}

/* "text" and 'text', with nothing in it that means something else to YAML. */
static int quoted_take(struct cursor *c, const char **ret)
{
	char quote = *c->at, *begin = ++c->at;

	while (*c->at >= ' ' && *c->at != quote && *c->at != '\\')
		c->at++;
	if (*c->at == '\\' || *c->at < 0)
		return refuse(c,
			      "a quoted text takes neither backslashes nor letters beyond ASCII");
	if (!*c->at)
		return refuse(c, "a quoted text does not end");
	if (c->at[1] == quote)
		return refuse(c, "a quoted text takes no quotes of its own kind");
	*c->at++ = '\0';
	*ret = begin;
	return 0;
}

/* As long as it lasts; trailing blanks are not its own. It does not put the NUL: see value_take. */
static int plain_take(struct cursor *c, char **ret_end)
{
	char *last = c->at;

	if (!plain_first(*c->at))
		return refuse(c, "a text that does not begin with a letter, a digit, '/' or '_' "
				 "stands in quotes");
	for (; plain_later(*c->at); c->at++) {
		if (*c->at == ':' && (c->at[1] == ' ' || !plain_later(c->at[1])))
			return refuse(
				c, "a text with ': ' in it, or ':' at its end, stands in quotes");
		if (*c->at != ' ')
			last = c->at;
	}
	*ret_end = last + 1;
	return 0;
}

/* One text; after it comes the end of the line, or, within a list, ',' or ']', which *ret_next
 * gets. */
static int value_take(struct cursor *c, bool listed, const char **ret, char *ret_next)
{
	const char *text = c->at;
	char *end = NULL;

	if (*c->at == '"' || *c->at == '\'') {
		if (quoted_take(c, &text) < 0)
			return -1;
	} else if (plain_take(c, &end) < 0) {
		return -1;
	}
	blanks_skip(c);
	*ret_next = *c->at;
	if (listed ? *c->at != ',' && *c->at != ']' : !line_over(c))
		return refuse(c, listed ? "after a text of a list comes ',' or ']'"
					: "after a text comes the end of the line; a text with "
					  "other characters stands in quotes");
	if (end)
		*end = '\0';
	*ret = text;
	return 0;
}

/* [a, b] */
static int flow_take(struct cursor *c, unsigned column)
{
	char next = ',';

	c->at++;
	while (next == ',') {
		struct door_entry e = {
			.column = column, .inner = column, .item = true, .flow = true};

		blanks_skip(c);
		if (value_take(c, true, &e.value, &next) < 0 || entry_add(c, &e) < 0)
			return -1;
		c->at++;
	}
	blanks_skip(c);
	return line_over(c) ? 0 : refuse(c, "after a list comes the end of the line");
}

/* The key that begins here, cut off at its colon; NULL where there is none. */
static const char *key_take(struct cursor *c)
{
	char *begin = c->at, *end = begin;

	while (key_char(*end))
		end++;
	if (end == begin || *end != ':' || (end[1] && end[1] != ' '))
		return NULL;
	*end = '\0';
	c->at = end + 1;
	return begin;
}

static int line_take(struct cursor *c, char *begin)
{
	struct door_entry e = {0};
	char next;

	c->at = begin;
	blanks_skip(c);
	if (!*c->at || *c->at == '#')
		return 0;
	e.column = e.inner = (unsigned)(c->at - begin);
	if (c->at[0] == '-' && c->at[1] == ' ') {
		e.item = true;
		c->at += 2;
		if (*c->at == ' ')
			return refuse(c, "one blank after the dash of a list");
		e.inner = (unsigned)(c->at - begin);
	}
	e.key = key_take(c);
	if (!e.key && !e.item)
		return refuse(c, "this is neither 'key: value' nor '- value'");
	if (!e.key)
		e.inner = e.column;
	blanks_skip(c);
	if (e.key && line_over(c))
		return entry_add(c, &e);
	if (e.key && *c->at == '[')
		return entry_add(c, &e) < 0 ? -1 : flow_take(c, e.inner + 2);
	if (value_take(c, false, &e.value, &next) < 0)
		return -1;
	return entry_add(c, &e);
}

/* Printable ASCII; in comments, which nothing is cut from, any text. */
static int bytes_check(const struct cursor *c, const char *begin, const char *end)
{
	bool comment = false;

	for (const char *p = begin; p < end; p++) {
		unsigned char u = (unsigned char)*p;

		comment = comment || (*p == '#' && (p == begin || p[-1] == ' '));
		if (u == '\t')
			return refuse(c, "no tabs here: blanks");
		if (u < 0x20 || u == 0x7f || (u >= 0x80 && !comment))
			return refuse(c, "printable ASCII only, but in comments");
	}
	return 0;
}

int door_lines_read(char *text, size_t size, struct door_lines *ret, struct ord_err *err)
{
	struct cursor c = {.line = 1, .out = ret, .err = err};
	char *end = text + size;
	bool marked = false; /* the mark of a document's beginning, which comes once */

	ret->n = 0;
	if (size > DOOR_TEXT_MAX)
		return ord_fail(err, ORD_USAGE, "more than %u bytes", DOOR_TEXT_MAX);
	for (char *begin = text, *nl; begin < end; begin = nl + 1, c.line++) {
		nl = memchr(begin, '\n', (size_t)(end - begin));
		nl = nl ? nl : end;
		if (bytes_check(&c, begin, nl) < 0)
			return -1;
		*nl = '\0';
		if (ret->n == 0 && !marked && strcmp(begin, "---") == 0)
			marked = true;
		else if (line_take(&c, begin) < 0)
			return -1;
	}
	return 0;
}
