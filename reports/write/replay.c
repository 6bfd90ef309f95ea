/* The command that runs it again. */
#include <inttypes.h>
#include <string.h>

#include "reports/member.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

/* Whether every character of it can be seen in a report as it is. */
static bool is_shown(const char *s)
{
	for (size_t n; *s; s += n) {
		n = ord_utf8_len((const unsigned char *)s);
		if (!n || (unsigned char)*s < ' ')
			return false;
	}
	return true;
}

/* $'...', which bash, ksh, zsh and POSIX's sh of 2024 know. */
static void escaped(const char *s, FILE *out)
{
	(void)fputs("$'", out);
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			(void)fprintf(out, "\\%03o", (unsigned char)*s);
		else
			(void)fprintf(out, *s == '\'' || *s == '\\' ? "\\%c" : "%c", *s);
	(void)fputc('\'', out);
}

/* A word as a shell takes it: quoted where it needs to be. */
static void shell_word(const char *s, FILE *out)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%[]";

	if (*s && !s[strspn(s, plain)]) {
		(void)fputs(s, out);
		return;
	}
	if (!is_shown(s)) {
		escaped(s, out);
		return;
	}
	(void)fputc('\'', out);
	while (*s) {
		size_t n = strcspn(s, "'");

		(void)fwrite(s, 1, n, out);
		s += n;
		if (*s == '\'') {
			(void)fputs("'\\''", out);
			s++;
		}
	}
	(void)fputc('\'', out);
}

/* With the seed where it was drawn. */
void ord_write_replay(const struct ord_analysis *a, FILE *out)
{
	const json_t *argv = json_object_get(a->t->run, "argv"), *w;
	bool seeded = false;
	size_t i;

	(void)fputs(json_array_size(argv) ? "ordeal" : "ordeal run EXPERIMENT.yaml", out);
	json_array_foreach (argv, i, w) {
		const char *s = json_string_value(w), *slash = s ? strrchr(s, '/') : NULL;

		if (!s || (!i && !strcmp(slash ? slash + 1 : s, "ordeal")))
			continue;
		seeded |= !strncmp(s, "spec.seed=", 10);
		(void)fputc(' ', out);
		shell_word(s, out);
	}
	if (!seeded)
		(void)fprintf(out, " --set spec.seed=%" PRId64,
			      ord_member_int(a->t->plan, "seed", 0));
}
