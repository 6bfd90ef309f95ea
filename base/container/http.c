/* One GET through a unix socket, by libcurl: no proxy, no redirect, no name to resolve. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/container/ask.h"

#define BODY_MAX (4u << 20) /* an inspected container takes some 10 KB */

struct body {
	char *text; /* owned */
	size_t n;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct body *b = arg;
	char *more;

	if (size * n > BODY_MAX - b->n)
		return 0;
	more = realloc(b->text, b->n + size * n + 1);
	if (!more)
		return 0;
	b->text = more;
	memcpy(b->text + b->n, data, size * n);
	b->n += size * n;
	b->text[b->n] = '\0';
	return size * n;
}

static CURLcode perform(CURL *c, const char *socket, const char *path, long ms, struct body *body,
			char *error)
{
	char url[1024];

	(void)snprintf(url, sizeof url, "http://localhost%s", path);
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
	return curl_easy_perform(c);
}

long container_get(const char *socket, const char *path, uint64_t deadline_ns, char **ret_body,
		   size_t why_size, char *why)
{
	char error[CURL_ERROR_SIZE] = "";
	uint64_t now = ord_now_ns();
	struct body body = {.text = calloc(1, 1)};
	CURL *c = body.text && now < deadline_ns ? curl_easy_init() : NULL;
	CURLcode code;
	long status = 0;

	if (!c) {
		free(body.text);
		(void)snprintf(why, why_size,
			       now < deadline_ns ? "out of memory" : "no time was left to ask");
		return 0;
	}
	code = perform(c, socket, path, (long)((deadline_ns - now) / ORD_MS) + 1, &body, error);
	if (code == CURLE_OK)
		(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	else
		(void)snprintf(why, why_size, "%s", *error ? error : curl_easy_strerror(code));
	if (code == CURLE_OK && !status)
		(void)snprintf(why, why_size, "its answer is not HTTP");
	curl_easy_cleanup(c);
	if (status)
		*ret_body = body.text;
	else
		free(body.text);
	return status;
}
