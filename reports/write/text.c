#include "reports/write/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "reports/analysis.h"

/* v / unit with that many decimals, rounded half up. */
static int decimal(int64_t v, int64_t unit, unsigned decimals, char *out, size_t size)
{
	int64_t scale = 1, scaled, mag = v < 0 ? -v : v;

	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	scaled = mag / unit * scale + (mag % unit * scale + unit / 2) / unit;
	if (!decimals)
		return snprintf(out, size, "%s%" PRId64, v < 0 && scaled ? "-" : "", scaled);
	return snprintf(out, size, "%s%" PRId64 ".%0*" PRId64, v < 0 && scaled ? "-" : "",
			scaled / scale, (int)decimals, scaled % scale);
}

struct step {
	const char *unit;
	int64_t ns;
	unsigned decimals;
};

/* The unit in which a duration is shown. */
static const struct step *step_for(int64_t ns)
{
	static const struct step steps[] = {
		{"s", (int64_t)ORD_S, 1},   {"s", (int64_t)ORD_S, 2},	{"ms", (int64_t)ORD_MS, 0},
		{"ms", (int64_t)ORD_MS, 1}, {"us", (int64_t)ORD_US, 0},
	};
	int64_t mag = ns < 0 ? -ns : ns;

	if (mag >= 100 * (int64_t)ORD_S)
		return &steps[0];
	if (mag >= 999500000 || !mag)
		return &steps[1];
	if (mag >= 99950000)
		return &steps[2];
	return mag >= 1000000 ? &steps[3] : &steps[4];
}

char *ord_text_duration(int64_t ns, char out[static ORD_TEXT])
{
	const struct step *s = step_for(ns);
	int n = decimal(ns, s->ns, s->decimals, out, ORD_TEXT);

	if (ns)
		(void)snprintf(out + n, (size_t)(ORD_TEXT - n), " %s", s->unit);
	else
		(void)snprintf(out, ORD_TEXT, "0 s");
	return out;
}

char *ord_text_span(const struct ord_span *s, char out[static ORD_TEXT])
{
	/* In the unit of its upper end, so that the interval is as easily read as the value. */
	const struct step *u = step_for(s->hi > s->value ? s->hi : s->value);
	char v[24], lo[24], hi[24];

	if (s->state == ORD_SPAN_NONE) {
		(void)snprintf(out, ORD_TEXT, "-");
		return out;
	}
	decimal(s->value, u->ns, u->decimals, v, sizeof v);
	decimal(s->lo, u->ns, u->decimals, lo, sizeof lo);
	decimal(s->hi, u->ns, u->decimals, hi, sizeof hi);
	if (s->state == ORD_SPAN_CENSORED)
		(void)snprintf(out, ORD_TEXT, ">= %s %s", v, u->unit);
	else
		(void)snprintf(out, ORD_TEXT, "%s %s [%s, %s]", v, u->unit, lo, hi);
	return out;
}

char *ord_text_relative(int64_t t, int64_t zero, char out[static ORD_TEXT])
{
	int64_t d = t - zero;

	out[0] = d < 0 ? '-' : '+';
	decimal(d < 0 ? -d : d, (int64_t)ORD_S, 3, out + 1, ORD_TEXT - 1);
	(void)strncat(out, " s", ORD_TEXT - strlen(out) - 1);
	return out;
}

char *ord_text_instant(const struct ord_instant *in, int64_t zero, char out[static ORD_TEXT])
{
	if (in->known)
		return ord_text_relative(in->value, zero, out);
	(void)snprintf(out, ORD_TEXT, "not seen");
	return out;
}

char *ord_text_share(size_t part, size_t whole, char out[static ORD_TEXT])
{
	int64_t hundredths;
	int n;

	if (!whole) {
		(void)snprintf(out, ORD_TEXT, "-");
		return out;
	}
	hundredths = (int64_t)((part * 10000ull + whole / 2) / whole);
	if (hundredths == 10000 && part < whole)
		hundredths = 9999;
	if (!hundredths && part)
		hundredths = 1;
	if (hundredths % 100 == 0)
		n = snprintf(out, ORD_TEXT, "%" PRId64, hundredths / 100);
	else
		n = decimal(hundredths, 100, 2, out, ORD_TEXT);
	(void)snprintf(out + n, (size_t)(ORD_TEXT - n), " %%");
	return out;
}

char *ord_text_ppm(int64_t ppm, char out[static ORD_TEXT])
{
	int64_t unit = 10000, rest = ppm % unit;
	unsigned decimals = 4;
	int n;

	while (decimals && rest % 10 == 0) {
		rest /= 10;
		decimals--;
	}
	n = decimal(ppm, unit, decimals, out, ORD_TEXT);
	(void)snprintf(out + n, (size_t)(ORD_TEXT - n), " %%");
	return out;
}

char *ord_text_milli(int64_t milli, unsigned decimals, char out[static ORD_TEXT])
{
	decimal(milli, 1000, decimals, out, ORD_TEXT);
	return out;
}

/* Embeddings, overrides and isolates of the direction of writing: unseen, and they would make our
 * own words behind a name read backwards. Hebrew and Arabic letters need none of them. */
static bool turns(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t ord_utf8_len(const unsigned char *p)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80		     ? 1
		   : *p >= 0xf0 && *p < 0xf5 ? 4
		   : *p >= 0xe0 && *p < 0xf0 ? 3
		   : *p >= 0xc2 && *p < 0xe0 ? 2
					     : 0;
	uint32_t c = n == 1 ? *p : n == 2 ? *p & 0x1fu : n == 3 ? *p & 0xfu : *p & 7u;

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (!n || c < least[n] || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
	    (c >= 0xd800 && c < 0xe000) || c == 0xfffe || c == 0xffff || c > 0x10ffff ||
	    (c >= 0x7f && c < 0xa0) || turns(c))
		return 0;
	return n;
}

void ord_text_clean(char *text)
{
	char *to = text;

	for (const char *p = text; *p;) {
		size_t n = ord_utf8_len((const unsigned char *)p);

		if (n == 1 && (unsigned char)*p < ' ')
			*to++ = ' ';
		else if (n) {
			memmove(to, p, n);
			to += n;
		}
		p += n ? n : 1;
	}
	*to = 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void ord_xml_text_piece(FILE *out, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		size_t n = ord_utf8_len(p);
		const char *e = entity((char)*p);

		if (n > (size_t)(end - p))
			break;
		if (e)
			(void)fputs(e, out);
		else if (n)
			(void)fwrite(p, 1, n, out);
		p += n ? n : 1;
	}
}

void ord_xml_text_n(FILE *out, const char *text, size_t max)
{
	size_t len = strlen(text);

	ord_xml_text_piece(out, text, len > max ? max : len);
	if (len > max)
		(void)fputs("...", out);
}

void ord_xml_text(FILE *out, const char *text)
{
	ord_xml_text_n(out, text, SIZE_MAX);
}

/* How far into the text a character stands that would make a list or a rule of it, were it the
 * first of its line; -1: none does. */
static ptrdiff_t block_mark(const char *p)
{
	size_t digits = strspn(p, "0123456789");
	const char *at = p + digits;

	if (digits)
		return (*at == '.' || *at == ')') && at[1] == ' ' ? at - p : -1;
	if (*p == '-' || *p == '+')
		return p[1] == ' ' || p[1] == '-' ? 0 : -1;
	return -1;
}

void ord_md_text(FILE *out, const char *text)
{
	const char *first = text + strspn(text, " \t\r\n"), *mark;
	ptrdiff_t at = block_mark(first);

	mark = at < 0 ? NULL : first + at;
	for (const unsigned char *p = (const unsigned char *)first; *p;) {
		size_t n = ord_utf8_len(p);

		if (n == 1 && (strchr("\\`*_{}[]<>|~#&", *p) || (const char *)p == mark))
			(void)fputc('\\', out);
		if (n == 1 && (*p == '\n' || *p == '\r' || *p == '\t'))
			(void)fputc(' ', out);
		else if (n)
			(void)fwrite(p, 1, n, out);
		p += n ? n : 1;
	}
}

void ord_md_code(FILE *out, const char *text)
{
	(void)fputc('`', out);
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t n = ord_utf8_len(p);

		if (n == 1 && *p < ' ')
			(void)fputc(' ', out);
		else if (n && *p != '`')
			(void)fwrite(p, 1, n, out);
		p += n ? n : 1;
	}
	(void)fputc('`', out);
}

void ord_md_cell(FILE *out, const char *text)
{
	(void)fputs(" ", out);
	ord_md_text(out, text);
	(void)fputs(" |", out);
}
