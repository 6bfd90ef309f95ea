/*
 * The language of label selectors, by the rules of apimachinery's pkg/labels: keys alone, =, ==,
 * !=, in, notin, >, <, and ! before a key. Its oddities are ours too: "in" may be a key or a value,
 * "x in (a,)" has the empty value.
 */
#include "base/selector.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define TEXT_MAX   65536
#define NAME_MAX_  63
#define PREFIX_MAX 253

enum token_kind { T_END, T_WORD, T_COMMA, T_OPEN, T_CLOSE, T_NOT, T_EQ, T_NE, T_GT, T_LT };

struct token {
	enum token_kind kind;
	size_t column; /* from 1 */
	const char *text;
	bool quoted;
};

enum op { OP_EXISTS, OP_ABSENT, OP_IN, OP_NOT_IN, OP_GT, OP_LT };

struct requirement {
	enum op op;
	const char *key;
	const char **values; /* owned; the texts are not */
	size_t n;
	int64_t number; /* of > and < */
};

struct ord_selector {
	struct requirement *v;
	size_t n;
	char *texts; /* all keys and values, each with its NUL */
};

struct reading {
	const char *text, *at;
	bool annotations;
	struct ord_selector *s;
	char *room; /* what is free of s->texts */
	struct token now;
	size_t wrong_at; /* of the mistake, from 0 */
	struct ord_err *err;
};

ORD_AUTO(ord_selector, struct ord_selector, ord_selector_free);

#define mistake(r, column, ...) \
	((r)->wrong_at = (column)-1, ord_fail((r)->err, ORD_USAGE, __VA_ARGS__))

/* --- words ---------------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int quoted(struct reading *r)
{
	char quote = *r->at++, *start = r->room;

	while (*r->at != quote) {
		if (*r->at == '\\' && quote == '"' && r->at[1])
			r->at++;
		if (!*r->at)
			return mistake(r, r->now.column, "the quote %c is not closed", quote);
		*r->room++ = *r->at++;
	}
	r->at++;
	*r->room++ = '\0';
	r->now.kind = T_WORD;
	r->now.text = start;
	r->now.quoted = true;
	return 0;
}

static void word(struct reading *r)
{
	size_t n = strcspn(r->at, "=!(),<> \t\r\n");

	r->now.kind = T_WORD;
	r->now.text = r->room;
	memcpy(r->room, r->at, n);
	r->room[n] = '\0';
	r->room += n + 1;
	r->at += n;
}

static int next(struct reading *r)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} symbols[] = {{"==", T_EQ},   {"!=", T_NE},   {"=", T_EQ}, {"!", T_NOT}, {"(", T_OPEN},
		       {")", T_CLOSE}, {",", T_COMMA}, {">", T_GT}, {"<", T_LT}};

	while (is_space(*r->at))
		r->at++;
	r->now = (struct token){.column = (size_t)(r->at - r->text) + 1, .text = ""};
	if (!*r->at)
		return 0;
	for (size_t i = 0; i < ORD_COUNT(symbols); i++) {
		size_t n = strlen(symbols[i].text);

		if (strncmp(r->at, symbols[i].text, n) != 0)
			continue;
		r->now.kind = symbols[i].kind;
		r->now.text = symbols[i].text;
		r->at += n;
		return 0;
	}
	if (r->annotations && (*r->at == '"' || *r->at == '\''))
		return quoted(r);
	word(r);
	return 0;
}

static int unexpected(struct reading *r, const char *expected)
{
	if (r->now.kind == T_END)
		return mistake(r, r->now.column, "it ends here, where %s should stand", expected);
	return mistake(r, r->now.column, "found '%.80s', where %s should stand", r->now.text,
		       expected);
}

/* --- names and values ----------------------------------------------------------------------- */

static bool alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* [A-Za-z0-9] at both ends, '-', '_' and '.' between; at most 63. */
static bool is_name(const char *s, size_t n)
{
	if (!n || n > NAME_MAX_ || !alnum(s[0]) || !alnum(s[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!alnum(s[i]) && !strchr("-_.", s[i]))
			return false;
	return true;
}

/* A DNS subdomain (RFC 1123); annotations' may be in capitals. */
static bool is_prefix(const char *s, size_t n, bool capitals)
{
	if (!n || n > PREFIX_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool edge = i == 0 || i == n - 1 || s[i - 1] == '.' || s[i + 1] == '.';

		if (alnum(s[i]) && (capitals || s[i] < 'A' || s[i] > 'Z'))
			continue;
		if ((s[i] != '-' && s[i] != '.') || edge)
			return false;
	}
	return true;
}

static int check_key(struct reading *r, const char *key, size_t column)
{
	const char *slash = strchr(key, '/'), *name = slash ? slash + 1 : key;

	if (slash && !is_prefix(key, (size_t)(slash - key), r->annotations))
		return mistake(r, column,
			       "'%.*s' before the '/' must be a DNS name: a-z, 0-9, '-', '.'; at "
			       "most %d",
			       (int)(slash - key < 80 ? slash - key : 80), key, PREFIX_MAX);
	if (!is_name(name, strlen(name)))
		return mistake(r, column,
			       "'%.80s' is no key: letters, digits, '-', '_', '.', a letter or "
			       "digit at both ends, at most %d",
			       name, NAME_MAX_);
	return 0;
}

static int check_value(struct reading *r, const char *value, size_t column)
{
	if (r->annotations || !*value || is_name(value, strlen(value)))
		return 0;
	return mistake(r, column,
		       "'%.80s' is no label's value: letters, digits, '-', '_', '.', a letter or "
		       "digit at both ends, at most %d",
		       value, NAME_MAX_);
}

static bool number(const char *text, int64_t *ret)
{
	char *end;
	long long v;

	if (!(*text >= '0' && *text <= '9') && *text != '-' && *text != '+')
		return false;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return false;
	*ret = v;
	return true;
}

/* --- the grammar ---------------------------------------------------------------------------- */

static int add_value(struct reading *r, struct requirement *q, const char *value, size_t column)
{
	const char **v;

	for (size_t i = 0; i < q->n; i++)
		if (!strcmp(q->values[i], value))
			return 0;
	if (check_value(r, value, column))
		return -1;
	v = reallocarray(q->values, q->n + 1, sizeof *v);
	if (!v)
		return ord_fail_nomem(r->err);
	q->values = v;
	v[q->n++] = value;
	return 0;
}

/* "(a,b)": an empty place between commas or beside a bracket is the empty value. */
static int value_set(struct reading *r, struct requirement *q)
{
	bool place = true; /* a value may stand here */

	if (next(r))
		return -1;
	if (r->now.kind != T_OPEN)
		return unexpected(r, "'('");
	for (;;) {
		if (next(r))
			return -1;
		if (r->now.kind == T_WORD && place) {
			if (add_value(r, q, r->now.text, r->now.column))
				return -1;
			place = false;
			continue;
		}
		if (r->now.kind != T_COMMA && r->now.kind != T_CLOSE)
			return unexpected(r, place ? "a value, ',' or ')'" : "',' or ')'");
		if (place && add_value(r, q, "", r->now.column))
			return -1;
		if (r->now.kind == T_CLOSE)
			return next(r);
		place = true;
	}
}

/* The one value after =, !=, > or <; nothing is the empty one. */
static int one_value(struct reading *r, struct requirement *q)
{
	size_t column;

	if (next(r))
		return -1;
	column = r->now.column;
	if (r->now.kind == T_END || r->now.kind == T_COMMA) {
		if (add_value(r, q, "", column))
			return -1;
	} else {
		if (r->now.kind != T_WORD)
			return unexpected(r, "a value");
		if (add_value(r, q, r->now.text, column) || next(r))
			return -1;
	}
	if ((q->op == OP_GT || q->op == OP_LT) && !number(q->values[0], &q->number))
		return mistake(r, column, "'%.80s' must be an integer for > and <", q->values[0]);
	return 0;
}

static int operator(struct reading *r, struct requirement *q)
{
	bool bare = r->now.kind == T_WORD && !r->now.quoted;

	if (bare && (!strcmp(r->now.text, "in") || !strcmp(r->now.text, "notin"))) {
		q->op = *r->now.text == 'i' ? OP_IN : OP_NOT_IN;
		return value_set(r, q);
	}
	switch (r->now.kind) {
	case T_EQ:
		q->op = OP_IN;
		return one_value(r, q);
	case T_NE:
		q->op = OP_NOT_IN;
		return one_value(r, q);
	case T_GT:
		q->op = OP_GT;
		return one_value(r, q);
	case T_LT:
		q->op = OP_LT;
		return one_value(r, q);
	case T_END:
	case T_WORD:
	case T_COMMA:
	case T_OPEN:
	case T_CLOSE:
	case T_NOT:
		break;
	}
	return unexpected(r, "',' or one of = == != in notin > <");
}

static int requirement(struct reading *r)
{
	struct requirement *v = reallocarray(r->s->v, r->s->n + 1, sizeof *v), *q;
	bool absent = r->now.kind == T_NOT;

	if (!v)
		return ord_fail_nomem(r->err);
	r->s->v = v;
	q = &v[r->s->n++];
	*q = (struct requirement){.op = absent ? OP_ABSENT : OP_EXISTS};
	if (absent && next(r))
		return -1;
	if (r->now.kind != T_WORD)
		return unexpected(r, "a key");
	q->key = r->now.text;
	if (check_key(r, q->key, r->now.column) || next(r))
		return -1;
	if (absent || r->now.kind == T_END || r->now.kind == T_COMMA)
		return 0;
	return operator(r, q);
}

static int requirements(struct reading *r)
{
	if (next(r))
		return -1;
	if (r->now.kind == T_END)
		return 0;
	for (;;) {
		if (r->now.kind != T_WORD && r->now.kind != T_NOT)
			return unexpected(r, "a key or '!'");
		if (requirement(r))
			return -1;
		if (r->now.kind == T_END)
			return 0;
		if (r->now.kind != T_COMMA)
			return unexpected(r, "',' or the end");
		if (next(r))
			return -1;
	}
}

int ord_selector_parse_at(const char *text, bool annotations, struct ord_selector **ret,
			  size_t *ret_at, struct ord_err *err)
{
	ord_auto(ord_selector) struct ord_selector *s = calloc(1, sizeof *s);
	struct reading r = {
		.text = text, .at = text, .annotations = annotations, .s = s, .err = err};

	*ret_at = 0;
	if (strlen(text) > TEXT_MAX)
		return ord_fail(err, ORD_USAGE, "a selector of more than %d characters", TEXT_MAX);
	if (!s)
		return ord_fail_nomem(err);
	/* A token is at least one character, and takes a NUL besides. */
	s->texts = r.room = malloc(2 * strlen(text) + 1);
	if (!s->texts)
		return ord_fail_nomem(err);
	if (requirements(&r)) {
		*ret_at = r.wrong_at;
		return -1;
	}
	*ret = ord_steal_ptr(s);
	return 0;
}

int ord_selector_parse(const char *text, bool annotations, struct ord_selector **ret,
		       struct ord_err *err)
{
	size_t at;

	if (!ord_selector_parse_at(text, annotations, ret, &at, err))
		return 0;
	return err->code == ORD_USAGE ? ord_wrap(err, "selector '%.120s', column %zu", text, at + 1)
				      : -1;
}

void ord_selector_free(struct ord_selector *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].values);
	free(s->v);
	free(s->texts);
	free(s);
}

/* --- matching ------------------------------------------------------------------------------- */

static bool among(const struct requirement *q, const char *value)
{
	for (size_t i = 0; i < q->n; i++)
		if (!strcmp(q->values[i], value))
			return true;
	return false;
}

static bool holds(const struct requirement *q, const char *value)
{
	int64_t v;

	switch (q->op) {
	case OP_EXISTS:
		return value;
	case OP_ABSENT:
		return !value;
	case OP_IN:
		return value && among(q, value);
	case OP_NOT_IN:
		return !value || !among(q, value);
	case OP_GT:
		return value && number(value, &v) && v > q->number;
	case OP_LT:
		break;
	}
	return value && number(value, &v) && v < q->number;
}

bool ord_selector_matches(const struct ord_selector *s, const json_t *labels)
{
	for (size_t i = 0; i < s->n; i++)
		if (!holds(&s->v[i], json_string_value(json_object_get(labels, s->v[i].key))))
			return false;
	return true;
}

static void why_not(const struct requirement *q, const char *what, const char *value, size_t size,
		    char *out)
{
	bool many = q->op == OP_IN && value;
	size_t n = 0;

	if (!value) {
		(void)snprintf(out, size, "%s %s is missing", what, q->key);
		return;
	}
	if (q->op == OP_ABSENT) {
		(void)snprintf(out, size, "%s %s is there", what, q->key);
		return;
	}
	n = (size_t)snprintf(out, size, "%s %s is %s", what, q->key, *value ? value : "empty");
	if (n < size && (q->op == OP_GT || q->op == OP_LT))
		n += (size_t)snprintf(out + n, size - n, ", not %s %lld",
				      q->op == OP_GT ? "above" : "below", (long long)q->number);
	for (size_t i = 0; many && i < q->n && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " or " : ", not ",
				      *q->values[i] ? q->values[i] : "empty");
}

const char *ord_selector_why(const struct ord_selector *s, const char *what, const json_t *labels,
			     size_t size, char *out)
{
	out[0] = '\0';
	for (size_t i = 0; i < s->n; i++) {
		const char *value = json_string_value(json_object_get(labels, s->v[i].key));

		if (holds(&s->v[i], value))
			continue;
		why_not(&s->v[i], what, value, size, out);
		break;
	}
	return out;
}
