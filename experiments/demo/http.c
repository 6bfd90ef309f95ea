#include "http.h"

#include <string.h>
#include <strings.h>

#include "util.h"

struct head {
	struct http_request *req;
	bool http11, has_host, has_length;
	size_t length;
};

bool span_is(struct span span, const char *text)
{
	return strlen(text) == span.len && memcmp(span.data, text, span.len) == 0;
}

static bool span_is_word(struct span span, const char *text)
{
	return strlen(text) == span.len && strncasecmp(span.data, text, span.len) == 0;
}

static bool is_token(struct span span)
{
	static const char extra[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < span.len; i++) {
		char c = span.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr(extra, c))))
			return false;
	}
	return span.len > 0;
}

/* Cuts the text before the first `stop` off the front; false where there is none. */
static bool cut(struct span *rest, char stop, struct span *ret)
{
	const char *end = memchr(rest->data, stop, rest->len);

	if (!end)
		return false;
	*ret = (struct span){rest->data, (size_t)(end - rest->data)};
	rest->len -= ret->len + 1;
	rest->data = end + 1;
	return true;
}

static struct span trim(struct span span)
{
	while (span.len > 0 && (span.data[0] == ' ' || span.data[0] == '\t')) {
		span.data++;
		span.len--;
	}
	while (span.len > 0 && (span.data[span.len - 1] == ' ' || span.data[span.len - 1] == '\t'))
		span.len--;
	return span;
}

static int request_line(struct span line, struct head *head)
{
	struct http_request *req = head->req;
	struct span target, query;

	if (!cut(&line, ' ', &req->method) || !is_token(req->method) || !cut(&line, ' ', &target) ||
	    target.len == 0 || target.data[0] != '/')
		return -400;
	if (line.len != 8 || memcmp(line.data, "HTTP/", 5) != 0)
		return -400;
	if (!span_is(line, "HTTP/1.1") && !span_is(line, "HTTP/1.0"))
		return -505;
	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.data[i] <= ' ' || target.data[i] == 0x7f)
			return -400;
	query = target;
	req->path = cut(&query, '?', &target) ? target : query;
	head->http11 = line.data[7] == '1';
	req->keep_alive = head->http11;
	req->head = span_is(req->method, "HEAD");
	return 0;
}

static int content_length(struct span value, struct head *head)
{
	size_t length = 0;

	if (value.len == 0 || value.len > 9)
		return value.len ? -413 : -400;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return -400;
		length = length * 10 + (size_t)(value.data[i] - '0');
	}
	if (head->has_length && head->length != length)
		return -400;
	head->has_length = true;
	head->length = length;
	return length > HTTP_BODY_MAX ? -413 : 0;
}

static int connection(struct span value, struct head *head)
{
	struct span word;
	bool more = true;

	while (more) {
		more = cut(&value, ',', &word);
		word = trim(more ? word : value);
		if (span_is_word(word, "close"))
			head->req->keep_alive = false;
		else if (span_is_word(word, "keep-alive") && !head->http11)
			head->req->keep_alive = true;
	}
	return 0;
}

static int header_line(struct span line, struct head *head)
{
	struct span name, value;

	/* Also refuses white space before the colon, and folded lines. */
	if (!cut(&line, ':', &name) || !is_token(name))
		return -400;
	value = trim(line);
	for (size_t i = 0; i < value.len; i++)
		if (((unsigned char)value.data[i] < ' ' && value.data[i] != '\t') ||
		    value.data[i] == 0x7f)
			return -400;
	if (span_is_word(name, "content-length"))
		return content_length(value, head);
	if (span_is_word(name, "transfer-encoding"))
		return -501;
	if (span_is_word(name, "connection"))
		return connection(value, head);
	if (span_is_word(name, "host")) {
		if (head->has_host)
			return -400;
		head->has_host = true;
	}
	return 0;
}

static int parse_head(struct span text, struct head *head)
{
	struct span line;
	int rc = 0;

	for (bool first = true; rc == 0 && cut(&text, '\n', &line); first = false) {
		if (line.len == 0 || line.data[line.len - 1] != '\r')
			return -400;
		line.len--;
		rc = first ? request_line(line, head) : header_line(line, head);
	}
	if (rc == 0 && head->http11 && !head->has_host)
		return -400;
	return rc;
}

int http_parse(const char *data, size_t len, struct http_request *ret)
{
	struct head head = {.req = ret};
	const char *end = memmem(data, len, "\r\n\r\n", 4);
	size_t head_len;
	int rc;

	*ret = (struct http_request){0};
	if (!end)
		return len >= HTTP_HEAD_MAX ? -431 : 0;
	head_len = (size_t)(end - data) + 4;
	if (head_len > HTTP_HEAD_MAX)
		return -431;
	rc = parse_head((struct span){data, head_len - 2}, &head);
	if (rc)
		return rc;
	if (len < head_len + head.length)
		return 0;
	ret->body = (struct span){data + head_len, head.length};
	return (int)(head_len + head.length);
}

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{201, "Created"},
		{400, "Bad Request"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}
