#include "scheduler/run/log_lines.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

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

char *log_text(const char *line, char out[static LOG_TEXT_MAX])
{
	return ord_printable(line, LOG_TEXT_MAX, out);
}
