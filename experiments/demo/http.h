/* HTTP/1.1 requests: a parser without I/O, strict where leniency has been an attack. */
#ifndef DEMO_HTTP_H
#define DEMO_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 8192
#define HTTP_BODY_MAX 1024

struct span {
	const char *data;
	size_t len;
};

struct http_request {
	struct span method, path; /* the path without its query */
	struct span body;
	bool keep_alive;
	bool head; /* HEAD: answer as GET, without the body */
};

/*
 * Reads one request from the front of the data. Returns the bytes it takes, 0 when more must come,
 * or minus the status to refuse it with (400, 413, 431, 501, 505). Spans point into the data.
 */
int http_parse(const char *data, size_t len, struct http_request *ret);
bool span_is(struct span span, const char *text);
const char *http_reason(int status);

#endif
