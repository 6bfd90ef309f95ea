#include "scheduler/run/log_lines.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t log_lines_feed(struct log_lines *l, const char *data, size_t size,
		      bool (*line)(void *arg, const char *text), void *arg)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n') {
			if (!l->skip && l->n < LOG_LINE_MAX)
				l->line[l->n++] = data[i] ? data[i] : ' ';
			continue;
		}
		l->line[l->n] = '\0';
		if (!l->skip && !line(arg, l->line)) {
			l->n = 0;
			return i + 1;
		}
		l->skip = false;
		l->n = 0;
	}
	return size;
}

/* Length of the UTF-8 character at p, 0 where there is none (an overlong one neither). */
static size_t character(const unsigned char *p)
{
	size_t n = *p < 0x80   ? 1
		   : *p < 0xc2 ? 0
		   : *p < 0xe0 ? 2
		   : *p < 0xf0 ? 3
		   : *p < 0xf5 ? 4
			       : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)))
		return 0;
	if (n == 4 && ((*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f)))
		return 0;
	return n;
}

char *log_text(const char *line, char out[static LOG_TEXT_MAX])
{
	const unsigned char *p = (const unsigned char *)line;
	size_t used = 0;

	while (*p) {
		size_t n = character(p);
		/* C1 controls are two bytes, and move cursors as C0 does. */
		bool control = *p < 0x20 || *p == 0x7f || (*p == 0xc2 && n == 2 && p[1] < 0xa0);

		if (used + (n ? n : 1) >= LOG_TEXT_MAX)
			break;
		if (!n || control)
			out[used++] = n ? ' ' : '?';
		else
			memcpy(out + used, p, n), used += n;
		p += n ? n : 1;
	}
	out[used] = '\0';
	return out;
}
