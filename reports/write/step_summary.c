/*
 * report.md for a page that is not its own: GitHub's summary of a job's step. Headings begin two
 * levels lower, and what is too long loses whole sections, never half a table.
 */
#include "reports/write/step_summary.h"

#include <string.h>

#define LOWER	 "##" /* what a heading gets in front */
#define NOTE_MAX 600  /* of what says which sections are not there */

struct section {
	const char *text;
	size_t size;	/* as it stands */
	size_t written; /* with lower headings */
};

/* The section at `text`: from its first line to before the next heading. */
static struct section next_section(const char *text)
{
	struct section s = {.text = text};

	for (const char *p = text; *p && (p == text || *p != '#'); s.size = (size_t)(p - text)) {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	s.written = s.size + (*text == '#' ? strlen(LOWER) : 0);
	return s;
}

static void put(const struct section *s, FILE *out)
{
	(void)fprintf(out, "%s%.*s", *s->text == '#' ? LOWER : "", (int)s->size, s->text);
}

/* The title of a section, without its number signs. */
static size_t title(const struct section *s, const char **ret)
{
	size_t skip = strspn(s->text, "# ");

	*ret = s->text + skip;
	return strcspn(*ret, "\n");
}

static void note(const char *titles, FILE *out)
{
	(void)fprintf(out,
		      "\n*Left out, since a summary has a limit: %s. The whole is in report.md.*\n",
		      titles);
}

size_t ord_step_summary(const char *md, size_t room, FILE *out)
{
	char titles[NOTE_MAX / 2] = "";
	size_t used = 0, left_out = 0, n = 0;

	if (strlen(md) > 0 && next_section(md).written + NOTE_MAX > room)
		return 0;
	for (const char *p = md; *p;) {
		struct section s = next_section(p);

		p += s.size;
		if (used + s.written + NOTE_MAX <= room) {
			put(&s, out);
			used += s.written;
		} else {
			const char *name;
			size_t len = title(&s, &name);

			left_out++;
			if (n + len + 10 < sizeof titles)
				n += (size_t)snprintf(titles + n, sizeof titles - n, "%s%.*s",
						      n ? ", " : "", (int)len, name);
		}
	}
	if (left_out)
		note(titles, out);
	return used;
}
