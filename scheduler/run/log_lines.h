/* Bytes of a log as lines of bounded length. Pure. */
#ifndef ORDEAL_RUN_LOG_LINES_H
#define ORDEAL_RUN_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_LINE_MAX 4096 /* what a line has beyond is not looked at */
#define LOG_TEXT_MAX 400  /* of a line in the timeline, with the NUL */

struct log_lines {
	char line[LOG_LINE_MAX + 1];
	size_t n;
	bool skip; /* up to the next end of a line: it began before we looked */
};

/* Calls back for each line that ends in the bytes, without its end; false stops it. Returns how
 * many bytes were taken. */
size_t log_lines_feed(struct log_lines *l, const char *data, size_t size,
		      bool (*line)(void *arg, const char *text), void *arg);

/* A line, fit for a report. Returns out. */
char *log_text(const char *line, char out[static LOG_TEXT_MAX]);

#endif
