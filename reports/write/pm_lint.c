/*
 * Words that a post-mortem does without: they name a cause, which a run cannot know, or say what
 * somebody ought to have done.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "reports/write/pm.h"

static const char *const words[] = {
	"because",
	"caused",

	"due to",
	"owing to",
	"led to",
	"leads to",
	"resulted in",
	"as a result of",
	"thanks to",
	"the root cause is",
	"the root cause was",
	"the cause is",
	"the cause was",
	"triggered by",
	"the reason is",
	"the reason was",
	"should have",
	"could have",
	"would have been better",
	"ought to",
	"must have",
	"had to know",
	"human error",
	"operator error",
	"user error",
	"mistake",
	"blame",
	"blamed",
	"guilty",
	"culprit",
	"careless",
	"negligence",
	"negligent",
	"forgot",
	"failed to notice",
	"failed to act",
};

static bool is_letter(char c)
{
	return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The length of the words at p, a run of white space for each blank; 0: they are not there. */
static size_t match(const char *p, const char *word)
{
	const char *begin = p;

	for (; *word; word++) {
		if (*word == ' ') {
			size_t n = strspn(p, " \t\n>");

			if (!n)
				return 0;
			p += n;
		} else if (tolower((unsigned char)*p++) != *word)
			return 0;
	}
	return is_letter(*p) ? 0 : (size_t)(p - begin);
}

const char *ord_pm_lint(const char *text, const char **ret_at)
{
	bool quoted = false;

	for (const char *p = text; *p; p++) {
		if (*p == '`')
			quoted = !quoted;
		if (quoted || !is_letter(*p) || (p > text && is_letter(p[-1])))
			continue;
		for (size_t i = 0; i < ORD_COUNT(words); i++)
			if (match(p, words[i])) {
				*ret_at = p;
				return words[i];
			}
	}
	return NULL;
}
