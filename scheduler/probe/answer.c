#include "scheduler/probe/answer.h"

#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS 15

struct span {
	const char *s;
	size_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9110's token. */
static bool is_token(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool equals(struct span a, const char *word)
{
	return a.n == strlen(word) && !strncasecmp(a.s, word, a.n);
}

/* "HTTP/1.1 200 OK"; the reason may be missing. */
static bool read_status(struct span line, uint16_t *ret)
{
	static const char version[] = "HTTP/1.1 ";
	const char *code = line.s + sizeof version - 1;

	if (line.n < sizeof version - 1 + 3 || memcmp(line.s, version, sizeof version - 1) != 0 ||
	    !is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2]) ||
	    (line.n > sizeof version - 1 + 3 && code[3] != ' '))
		return false;
	*ret = (uint16_t)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
	/* Below 200 another answer follows; these two have no body whatever they say. */
	return *ret >= 200 && *ret <= 599 && *ret != 204 && *ret != 304;
}

/* Splits "Name: value"; white space around the value is none of it. */
static bool read_field(struct span line, struct span *name, struct span *value)
{
	size_t n = 0;

	while (n < line.n && is_token(line.s[n]))
		n++;
	if (!n || n == line.n || line.s[n] != ':')
		return false;
	*name = (struct span){line.s, n};
	for (n++; n < line.n && (line.s[n] == ' ' || line.s[n] == '\t');)
		n++;
	*value = (struct span){line.s + n, line.n - n};
	while (value->n && (value->s[value->n - 1] == ' ' || value->s[value->n - 1] == '\t'))
		value->n--;
	for (size_t i = 0; i < value->n; i++)
		if ((unsigned char)value->s[i] < ' ' && value->s[i] != '\t')
			return false;
	return true;
}

static bool read_length(struct span value, uint64_t *ret)
{
	*ret = 0;
	if (!value.n || value.n > LENGTH_DIGITS)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (!is_digit(value.s[i]))
			return false;
		*ret = *ret * 10 + (uint64_t)(value.s[i] - '0');
	}
	return true;
}

/* The next line without its CRLF. False: it has no end yet, or another one. */
static bool next_line(const char *data, size_t n, size_t *at, struct span *ret, bool *ret_odd)
{
	const char *end = memchr(data + *at, '\n', n - *at);

	if (!end)
		return false;
	*ret_odd = end == data + *at || end[-1] != '\r';
	if (*ret_odd)
		return false;
	*ret = (struct span){data + *at, (size_t)(end - 1 - (data + *at))};
	*at = (size_t)(end + 1 - data);
	return true;
}

static bool take_field(struct span line, struct prb_answer *a, unsigned *lengths)
{
	struct span name, value;

	if (!read_field(line, &name, &value) || equals(name, "Transfer-Encoding"))
		return false;
	if (equals(name, "Content-Length"))
		return !(*lengths)++ && read_length(value, &a->length);
	if (!equals(name, "Connection"))
		return true;
	a->last |= equals(value, "close");
	return equals(value, "close") || equals(value, "keep-alive");
}

enum prb_answer_kind prb_answer_read(const char *data, size_t n, struct prb_answer *ret)
{
	struct prb_answer a = {0};
	struct span line;
	unsigned lengths = 0;
	bool odd = false;
	size_t at = 0;

	if (!next_line(data, n, &at, &line, &odd))
		return odd ? PRB_ANSWER_ODD : PRB_ANSWER_MORE;
	if (!read_status(line, &a.status))
		return PRB_ANSWER_ODD;
	while (next_line(data, n, &at, &line, &odd)) {
		if (!line.n) {
			a.head = at;
			*ret = a;
			return lengths ? PRB_ANSWER_PLAIN : PRB_ANSWER_ODD;
		}
		if (!take_field(line, &a, &lengths))
			return PRB_ANSWER_ODD;
	}
	return odd ? PRB_ANSWER_ODD : PRB_ANSWER_MORE;
}

bool prb_answer_headers(const char *data, size_t head, const char *name,
			bool (*visit)(void *arg, const char *value, size_t n), void *arg)
{
	struct span line, key, value;
	size_t at = 0;
	bool odd = false;

	(void)next_line(data, head, &at, &line, &odd);
	while (next_line(data, head, &at, &line, &odd) && line.n)
		if (read_field(line, &key, &value) && equals(key, name) &&
		    !visit(arg, value.s, value.n))
			return false;
	return true;
}
