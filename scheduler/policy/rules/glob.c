/* Patterns of names. A target may itself be a pattern ("shop-*"), whose names are not known before
 * they are there: what is allowed must cover all that it can mean, and what is denied none. */
#include <string.h>

#include "scheduler/policy/rules/rules.h"

#define TOKENS_MAX 256

enum { ONE = 256, MANY }; /* '?' and '*'; below, the byte itself */

struct tokens {
	size_t n;
	unsigned short v[TOKENS_MAX];
};

/* "[abc]": where it ends; one that does not is a bracket. */
static const char *bracket(const char *p)
{
	const char *end = p + 1;

	end += *end == '!' || *end == '^';
	end = *end ? strchr(end + 1, ']') : NULL;
	return end;
}

/* A name: every byte is itself. False: too long to be one. */
static bool spell(const char *text, struct tokens *t)
{
	for (t->n = 0; text[t->n]; t->n++) {
		if (t->n == TOKENS_MAX)
			return false;
		t->v[t->n] = (unsigned char)text[t->n];
	}
	return true;
}

/* The same of a pattern. */
static bool tokenise(const char *text, struct tokens *t)
{
	t->n = 0;
	for (const char *p = text; *p; p++) {
		unsigned short token = (unsigned char)*p;

		if (t->n == TOKENS_MAX)
			return false;
		if (*p == '*') {
			token = MANY;
		} else if (*p == '?') {
			token = ONE;
		} else if (*p == '[' && bracket(p)) {
			token = ONE;
			p = bracket(p);
		} else if (*p == '\\' && p[1]) {
			token = (unsigned char)*++p;
		}
		if (token != MANY || !t->n || t->v[t->n - 1] != MANY)
			t->v[t->n++] = token;
	}
	return true;
}

static bool same(unsigned short a, unsigned short b, bool meets)
{
	return a == ONE || a == b || (meets && b == ONE);
}

/* From the ends: reach[j] is whether the rest of a from i, and of b from j, do. */
static bool match(const struct tokens *a, const struct tokens *b, bool meets)
{
	bool reach[TOKENS_MAX + 1] = {false};

	for (size_t i = a->n + 1; i-- > 0;) {
		bool below = reach[b->n]; /* of i + 1, j + 1 */

		for (size_t j = b->n + 1; j-- > 0;) {
			bool old = reach[j], now;
			bool many_a = i < a->n && a->v[i] == MANY,
			     many_b = j < b->n && b->v[j] == MANY;

			if (i == a->n && j == b->n)
				now = true;
			else if (many_a)
				now = old || (j < b->n && reach[j + 1]);
			else if (many_b)
				now = meets && (reach[j + 1] || (i < a->n && old));
			else
				now = i < a->n && j < b->n && same(a->v[i], b->v[j], meets) &&
				      below;
			below = old;
			reach[j] = now;
		}
	}
	return reach[0];
}

bool pattern_covers(const char *pattern, const char *other)
{
	struct tokens a, b;

	return tokenise(pattern, &a) && tokenise(other, &b) && match(&a, &b, false);
}

/* What is too long to be looked at may be anything. */
bool pattern_meets(const char *pattern, const char *other)
{
	struct tokens a, b;

	return !tokenise(pattern, &a) || !tokenise(other, &b) || match(&a, &b, true);
}

bool pattern_takes(const char *pattern, const char *name)
{
	struct tokens a, b;

	return tokenise(pattern, &a) && spell(name, &b) && match(&a, &b, false);
}

bool patterns_take(const struct patterns *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (pattern_takes(p->v[i], name))
			return true;
	return false;
}

bool patterns_cover(const struct patterns *p, const char *other)
{
	for (size_t i = 0; i < p->n; i++)
		if (pattern_covers(p->v[i], other))
			return true;
	return false;
}

bool patterns_meet(const struct patterns *p, const char *other)
{
	for (size_t i = 0; i < p->n; i++)
		if (pattern_meets(p->v[i], other))
			return true;
	return false;
}
