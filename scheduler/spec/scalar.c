#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "scheduler/spec/node.h"

static bool any_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

static const char *digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* A number as JSON writes it (and with ".5" and "+1", which all readers take alike). */
static bool plain_number(const char *text, enum scalar *ret)
{
	const char *p = text + (*text == '-' || *text == '+'), *start = p, *end = digits(p);

	*ret = SCALAR_INT;
	if (end - start > 1 && *start == '0')
		return false;
	p = end;
	if (*p == '.') {
		*ret = SCALAR_FLOAT;
		end = digits(p + 1);
		if (end == p + 1 && p == start)
			return false;
		p = end;
	}
	if (p == start)
		return false;
	if (*p == 'e' || *p == 'E') {
		/* YAML 1.1 wants a point and a signed exponent, 1.2 does not. */
		return false;
	}
	return !*p;
}

/* Runs of digits become a 'd'; false where it is longer than any shape that is looked for. */
static bool shape_of(const char *p, char *shape, size_t size)
{
	size_t n = 0;

	while (*p && n + 1 < size) {
		size_t run = isdigit((unsigned char)*p) ? strspn(p, "0123456789_") : 0;
		char c = *p;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (run)
			c = 'd';
		shape[n++] = c;
		p += run ? run : 1;
	}
	shape[n] = '\0';
	return !*p;
}

/*
 * A few shapes tell: 12:30 is 750 to YAML 1.1, 2026-11-21 a date, 0755 octal, 1_000 a number, 1e3 a
 * number to some.
 */
static bool odd_number(const char *text)
{
	static const char *const shapes[] = {
		"d",   "d.",   ".d",   "d:d",	"d:d:d",  "d:d.d",  "d:d:d.d",	   "d-d-d",
		"ded", "de+d", "de-d", "d.ded", "d.de+d", "d.de-d", "d-d-dtd:d:d", "d-d-d d:d:d"};
	const char *p = text + (*text == '-' || *text == '+');
	char shape[16];

	if (!strcasecmp(p, ".inf") || !strcasecmp(p, ".nan"))
		return true;
	if (!isdigit((unsigned char)*p) && *p != '.')
		return false;
	if (p[0] == '0' && p[1] && strchr("xob", p[1]))
		return p[2] && p[2 + strspn(p + 2, "0123456789abcdefABCDEF_")] == '\0';
	return shape_of(p, shape, sizeof shape) && any_of(shape, shapes, ORD_COUNT(shapes));
}

enum scalar scalar_of(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
	static const char *const odd[] = {"yes", "Yes", "YES", "no",  "No",  "NO", "on",
					  "On",	 "ON",	"off", "Off", "OFF", "="};
	enum scalar number;

	if (any_of(text, nulls, ORD_COUNT(nulls)))
		return SCALAR_NULL;
	if (any_of(text, bools, ORD_COUNT(bools)))
		return SCALAR_BOOL;
	if (any_of(text, odd, ORD_COUNT(odd)))
		return SCALAR_ODD;
	if (plain_number(text, &number))
		return number;
	return odd_number(text) ? SCALAR_ODD : SCALAR_TEXT;
}
