#include "scheduler/monitor/read/promql.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"

/* Words that are no metric, whatever follows them. */
static const char *const words[] = {"and",	"or",	  "unless", "atan2",	  "bool",
				    "by",	"inf",	  "nan",    "offset",	  "on",
				    "start",	"end",	  "group",  "group_left", "group_right",
				    "ignoring", "without"};
/* The same, with a list of labels in brackets behind them. */
static const char *const with_labels[] = {"by",	      "without",    "on",
					  "ignoring", "group_left", "group_right"};
/* Aggregations may have their `by (...)` between the name and the bracket. */
static const char *const aggregations[] = {"sum",     "min",	"max",	    "avg",
					   "stddev",  "stdvar", "count",    "count_values",
					   "bottomk", "topk",	"quantile", "group"};

static bool among(const char *word, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(word, v[i]))
			return true;
	return false;
}

static const char *blanks(const char *p)
{
	for (;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (*p != '#')
			return p;
		p += strcspn(p, "\n");
	}
}

static bool begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == ':';
}

static bool in_name(char c)
{
	return begins_name(c) || isdigit((unsigned char)c);
}

/* Behind the quoted text at p; NULL where its end is missing. */
static const char *behind_quotes(const char *p)
{
	char q = *p++;

	for (; *p && *p != q; p++)
		if (*p == '\\' && q != '`' && p[1])
			p++;
	return *p ? p + 1 : NULL;
}

/* Behind the bracket that closes the one at p; NULL where it is missing. */
static const char *behind_bracket(const char *p, char closes)
{
	for (p++; *p && *p != closes;) {
		p = strchr("\"'`", *p) ? behind_quotes(p) : p + 1;
		if (!p)
			return NULL;
	}
	return *p ? p + 1 : NULL;
}

static int keep(struct mon_selectors *s, const char *name, size_t n, const char *braces,
		size_t n_braces)
{
	char text[MON_SELECTOR];

	if (n + n_braces >= sizeof text)
		return -1;
	(void)snprintf(text, sizeof text, "%.*s%.*s", (int)n, name, (int)n_braces,
		       braces ? braces : "");
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i], text))
			return 0;
	if (s->n == MON_SELECTORS)
		return -1;
	memcpy(s->v[s->n++], text, sizeof text);
	return 0;
}

/* A name at *p: a metric with its braces, or a word of the language. */
static int name_at(const char **p, struct mon_selectors *s)
{
	const char *from = *p, *next;
	char word[32] = "";
	size_t n = 0;

	while (in_name(from[n]))
		n++;
	(void)snprintf(word, sizeof word, "%.*s", (int)n, from);
	*p = from + n;
	next = blanks(*p);
	if (n < sizeof word && *next == '(') {
		if (among(word, with_labels, ORD_COUNT(with_labels)))
			*p = behind_bracket(next, ')');
		return *p ? 0 : -1;
	}
	if (n < sizeof word &&
	    (among(word, words, ORD_COUNT(words)) ||
	     (among(word, aggregations, ORD_COUNT(aggregations)) &&
	      (!strncasecmp(next, "by", 2) || !strncasecmp(next, "without", 7)))))
		return 0;
	if (*next != '{')
		return keep(s, from, n, NULL, 0);
	*p = behind_bracket(next, '}');
	return *p ? keep(s, from, n, next, (size_t)(*p - next)) : -1;
}

/* A number, with what belongs to it: "0.5", "1e3", "5m", "0x1f". */
static const char *behind_number(const char *p)
{
	bool exponent = false;

	for (; in_name(*p) || *p == '.' || (exponent && strchr("+-", *p) && *p); p++)
		exponent = (*p == 'e' || *p == 'E');
	return p;
}

static int piece(const char **p, struct mon_selectors *s)
{
	const char *from = *p;

	if (begins_name(*from))
		return name_at(p, s);
	if (isdigit((unsigned char)*from) || (*from == '.' && isdigit((unsigned char)from[1])))
		*p = behind_number(from);
	else if (strchr("\"'`", *from))
		*p = behind_quotes(from);
	else if (*from == '[')
		*p = behind_bracket(from, ']');
	else if (*from == '{')
		*p = behind_bracket(from, '}');
	else
		(*p)++;
	if (!*p)
		return -1;
	return *from == '{' ? keep(s, "", 0, from, (size_t)(*p - from)) : 0;
}

int mon_selectors_of(const char *expression, struct mon_selectors *ret)
{
	const char *p = blanks(expression);

	memset(ret, 0, sizeof *ret);
	for (; *p; p = blanks(p))
		if (piece(&p, ret) < 0)
			return -1;
	return 0;
}

int mon_quote(const char *value, size_t size, char *out)
{
	size_t n = 0;

	for (; *value; value++) {
		bool escaped = strchr("\"\\\n", *value);

		if (n + 3 > size)
			return -1;
		if (escaped)
			out[n++] = '\\';
		out[n++] = *value == '\n' ? 'n' : *value;
	}
	out[n] = '\0';
	return 0;
}
