#include "scheduler/spec/scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "ordeal/alert.h"

int scan_wrong(struct scan *s, size_t at, const char *fmt, ...)
{
	va_list ap;

	s->mistake->at = at;
	va_start(ap, fmt);
	(void)vsnprintf(s->mistake->text, sizeof s->mistake->text, fmt, ap);
	va_end(ap);
	return -1;
}

bool scan_in_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-:%/", c)) || (unsigned char)c >= 0x80;
}

const char *scan_next(struct scan *s)
{
	size_t n = 0;

	while (isspace((unsigned char)*s->p))
		s->p++;
	s->at = (size_t)(s->p - s->text);
	if (scan_in_word(*s->p))
		while (scan_in_word(s->p[n]))
			n++;
	else if (*s->p && strchr("<>=!", *s->p))
		n = strspn(s->p, "<>=!");
	else if (*s->p)
		n = 1;
	(void)snprintf(s->word, sizeof s->word, "%.*s", (int)n, s->p);
	s->p += n;
	return s->word;
}

static const char *shown(const struct scan *s)
{
	return *s->word ? s->word : "the end";
}

int scan_expect(struct scan *s, const char *word, const char *form)
{
	if (!strcmp(scan_next(s), word))
		return 0;
	return scan_wrong(s, s->at, "'%s' is wanted here, not %s%s%s; write %s", word,
			  *s->word ? "'" : "", shown(s), *s->word ? "'" : "", form);
}

int scan_duration(struct scan *s, const char *what, int64_t min, int64_t max, uint64_t *ret)
{
	char lo[32], hi[32];
	struct ord_err err;
	int64_t ns;

	if (!*scan_next(s))
		return scan_wrong(s, s->at, "%s is missing, as in '5s'", what);
	if (ord_parse_duration(s->word, &ns, &err))
		return scan_wrong(s, s->at, "%s: %.200s", what, err.msg);
	if (ns < min || ns > max)
		return scan_wrong(s, s->at, "%s: '%s' is not within %s to %s", what, s->word,
				  ord_format_duration(min, lo), ord_format_duration(max, hi));
	*ret = (uint64_t)ns;
	return 0;
}

int scan_operator(struct scan *s, bool equality, enum ord_op *ret)
{
	for (int i = ORD_OP_LT; i <= (equality ? ORD_OP_NE : ORD_OP_GE); i++)
		if (!strcmp(s->word, ord_op_name((enum ord_op)i))) {
			*ret = (enum ord_op)i;
			return 0;
		}
	return scan_wrong(s, s->at, "%s%s%s is not a comparison; write <, <=, > or >=%s",
			  *s->word ? "'" : "", shown(s), *s->word ? "'" : "",
			  equality ? ", == or !=" : "");
}

int scan_no_more(struct scan *s)
{
	if (!*scan_next(s))
		return 0;
	return scan_wrong(s, s->at, "nothing may follow here, but '%s' does", s->word);
}

/* A copy that was cut would not be what was asked. */
int scan_fold(struct scan *s, char *out, size_t size)
{
	bool quoted = false;
	size_t n = 0;

	for (const char *p = s->text; *p; p++) {
		quoted ^= *p == '"' && (p == s->text || p[-1] != '\\');
		if (!quoted && isspace((unsigned char)*p)) {
			if (n && out[n - 1] != ' ')
				out[n++] = ' ';
		} else {
			out[n++] = *p;
		}
		if (n >= size)
			return scan_wrong(s, 0, "longer than %zu characters", size - 1);
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return 0;
}

int scan_take(struct scan *s, size_t n, char *out, size_t size, const char *what)
{
	if (n >= size)
		return scan_wrong(s, s->at, "%s of more than %zu bytes", what, size - 1);
	(void)snprintf(out, size, "%.*s", (int)n, s->text + s->at);
	s->p = s->text + s->at + n;
	return 0;
}

int scan_alert(struct scan *s, struct ord_alert *ret, char out[static ORD_CHANNEL_MAX])
{
	char raw[ORD_CHANNEL_MAX];
	struct ord_that_mistake m;

	if (scan_take(s, ord_alert_length(s->text + s->at), raw, sizeof raw, "a channel"))
		return -1;
	if (ord_alert_parse(raw, ret, &m))
		return scan_wrong(s, s->at + m.at, "%s", m.text);
	if (ord_alert_text(ret, out))
		return scan_wrong(s, s->at, "a channel of more than %d bytes", ORD_CHANNEL_MAX - 1);
	return 0;
}
