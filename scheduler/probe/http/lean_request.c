#include "scheduler/probe/http/lean_request.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "scheduler/probe/http/http.h"

#define SCHEME	 "http://"
#define HOST_MAX (INET6_ADDRSTRLEN + sizeof "[]:65535")

/* A URL of an address, taken apart. */
struct target {
	char host[HOST_MAX]; /* as the header has it */
	const char *path;
};

/* The address as libcurl would write it, or it is libcurl's to understand. */
static bool read_address(const char *text, size_t size, int family, void *ret)
{
	char given[INET6_ADDRSTRLEN] = "", again[INET6_ADDRSTRLEN];

	if (size >= sizeof given)
		return false;
	memcpy(given, text, size);
	return inet_pton(family, given, ret) == 1 && inet_ntop(family, ret, again, sizeof again) &&
	       !strcmp(given, again);
}

/* An address; returns its end, NULL: it is none. */
static const char *read_host(const char *p, struct lean_request *r)
{
	size_t n = strspn(p, "0123456789.");

	if (*p != '[') {
		r->at.v4 = (struct sockaddr_in){.sin_family = AF_INET};
		r->at_size = sizeof r->at.v4;
		return read_address(p, n, AF_INET, &r->at.v4.sin_addr) ? p + n : NULL;
	}
	n = strcspn(++p, "]");
	r->at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	r->at_size = sizeof r->at.v6;
	return p[n] && read_address(p, n, AF_INET6, &r->at.v6.sin6_addr) ? p + n + 1 : NULL;
}

/* False: not a URL as plain as that. */
static bool read_url(const char *url, struct lean_request *r, struct target *t)
{
	const char *host = url + strlen(SCHEME), *end, *p;
	unsigned long port = 80;

	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return false;
	p = end = read_host(host, r);
	if (!p)
		return false;
	if (*p == ':') {
		size_t digits = strspn(++p, "0123456789");

		if (!digits || digits > 5 || *p == '0')
			return false;
		port = strtoul(p, NULL, 10);
		p += digits;
	}
	*(r->at.any.sa_family == AF_INET6 ? &r->at.v6.sin6_port : &r->at.v4.sin_port) =
		htons((uint16_t)port);
	(void)snprintf(t->host, sizeof t->host, port == 80 ? "%.*s" : "%.*s:%lu", (int)(end - host),
		       host, port);
	t->path = *p ? p : "/";
	return port <= UINT16_MAX && *t->path == '/';
}

static bool is_plain_path(const char *path)
{
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("#\\\"<>^`{|}", *p))
			return false;
	return !strstr(path, "/."); /* libcurl takes dots out */
}

/* Headers that libcurl would send otherwise than as they stand. */
static bool is_plain_header(const char *line)
{
	static const char *const special[] = {"Host",
					      "User-Agent",
					      "Accept",
					      "Connection",
					      "Content-Length",
					      "Transfer-Encoding",
					      "Expect",
					      "TE",
					      "Upgrade",
					      "Cookie",
					      "Authorization",
					      "Range",
					      "Referer",
					      "Accept-Encoding",
					      "Content-Type",
					      "Proxy-Connection",
					      "If-Modified-Since"};
	size_t n = strcspn(line, ":;");

	if (!n || line[n] != ':' || line[n + 1] != ' ' || !line[n + 2] || strpbrk(line, "\r\n"))
		return false;
	for (size_t i = 0; i < ORD_COUNT(special); i++)
		if (strlen(special[i]) == n && !strncasecmp(line, special[i], n))
			return false;
	return true;
}

bool lean_request_fits(const struct ord_probe_spec *spec)
{
	struct lean_request r;
	struct target t;

	if (!spec->keep_alive || spec->request_body ||
	    (spec->method && strcmp(spec->method, "GET") != 0) || !read_url(spec->url, &r, &t) ||
	    !is_plain_path(t.path))
		return false;
	for (size_t i = 0; i < spec->n_headers; i++)
		if (!is_plain_header(spec->headers[i]))
			return false;
	return true;
}

bool lean_request_open(struct lean_request *r, const struct ord_probe_spec *spec)
{
	const struct http_trace none = {0};
	char value[HTTP_TRACEPARENT_SIZE];
	struct target t = {0};
	long trace = 0;
	FILE *out;

	*r = (struct lean_request){0};
	out = open_memstream(&r->text, &r->size);
	if (!out)
		return false;
	(void)read_url(spec->url, r, &t);
	(void)fprintf(out,
		      "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: ordeal/" ORDEAL_VERSION
		      "\r\nAccept: */*\r\n",
		      t.path, t.host);
	if (spec->traceparent) {
		(void)fputs("traceparent: ", out);
		trace = ftell(out);
		(void)fprintf(out, "%s\r\n", http_traceparent(&none, value));
	}
	for (size_t i = 0; i < spec->n_headers; i++)
		(void)fprintf(out, "%s\r\n", spec->headers[i]);
	(void)fputs("\r\n", out);
	if (fclose(out) != 0)
		return false;
	r->trace = trace > 0 ? r->text + trace : NULL;
	return true;
}

void lean_request_close(struct lean_request *r)
{
	free(r->text);
	r->text = NULL;
}
