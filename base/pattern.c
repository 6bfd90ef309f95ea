#include "base/pattern.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PARTS_MAX 20000
#define DEPTH_MAX 64

/* As written out by the C library: a+ is aa*, and a{3,5} is aaaaa. */
struct parts {
	uint64_t all[DEPTH_MAX + 1]; /* of each open group so far */
	uint64_t last;		     /* of the atom before this */
	size_t depth;
};

/* Behind a bracket expression "[^]a[:digit:]]"; a "]" that comes first is a member of it. */
static const char *bracket_skip(const char *p)
{
	p += *p == '[';
	p += *p == '^';
	p += *p == ']';
	while (*p && *p != ']') {
		char kind = p[1];

		if (*p == '[' && kind && strchr(".:=", kind)) {
			for (p += 2; *p && !(*p == kind && p[1] == ']'); p++)
				;
			p += *p ? 2 : 0;
		} else {
			p++;
		}
	}
	return *p ? p + 1 : p;
}

/* The greater number of "{2}", "{2,}" or "{2,5}", at least 1; *p is left at its end. */
static uint64_t repeats(const char **p)
{
	uint64_t most = 1, n = 0;

	while ((*p)[1] && **p != '}') {
		(*p)++;
		if (**p == ',')
			n = 0;
		else if (**p >= '0' && **p <= '9' && n < PARTS_MAX)
			n = 10 * n + (uint64_t)(**p - '0');
		most = n > most ? n : most;
	}
	return most;
}

static void atom_add(struct parts *s, uint64_t n)
{
	s->last = n;
	s->all[s->depth] += n;
}

/* The atom before stands there so many times. */
static void atom_repeat(struct parts *s, uint64_t times)
{
	s->all[s->depth] += s->last * (times - 1);
	s->last *= times;
}

/* Whether it stays in bounds; what is no expression at all is regcomp()'s to say. */
static bool is_bounded(const char *text)
{
	struct parts s = {0};

	for (const char *p = text; *p; p++) {
		if (*p == '(') {
			if (s.depth == DEPTH_MAX)
				return false;
			s.all[++s.depth] = 0;
			s.last = 0;
		} else if (*p == ')' && s.depth) {
			s.depth--;
			atom_add(&s, s.all[s.depth + 1] + 1);
		} else if (*p == '+') {
			atom_repeat(&s, 2);
		} else if (*p == '{') {
			atom_repeat(&s, repeats(&p));
		} else if (*p == '[') {
			p = bracket_skip(p) - 1;
			atom_add(&s, 1);
		} else if (*p == '\\' && p[1]) {
			p++;
			atom_add(&s, 1);
		} else if (*p != '*' && *p != '?') {
			atom_add(&s, 1);
		}
		if (s.all[s.depth] > PARTS_MAX)
			return false;
	}
	return true;
}

int ord_pattern_compile(const char *text, int flags, regex_t *ret, struct ord_err *err)
{
	char why[128];
	int rc;

	if (!is_bounded(text))
		return ord_fail(err, ORD_USAGE,
				"it repeats what repeats, and would take more than %d parts; "
				"write it with fewer of '+', '{n}' and brackets in one another",
				PARTS_MAX);
	rc = regcomp(ret, text, REG_EXTENDED | REG_NOSUB | flags);
	if (!rc)
		return 0;
	(void)regerror(rc, ret, why, sizeof why);
	return ord_fail(err, ORD_USAGE, "%s", why);
}
