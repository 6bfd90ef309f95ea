/*
 * One POST with libcurl. Redirects are not followed: the token is for the host that was named. The
 * proxies of the environment are used, as in every tool that sends something out of a CI job, but
 * where they are not wanted.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "deliver/post.h"

#define READ_MAX (1 << 20) /* of an answer; what is longer is no answer of ours */

__attribute__((visibility("default"))) post_fn ord_post;

struct reading {
	struct post_answer *answer;
	size_t used, all;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct reading *r = arg;
	size_t room = sizeof r->answer->body - 1 - r->used,
	       take = size * n < room ? size * n : room;

	memcpy(r->answer->body + r->used, data, take);
	r->used += take;
	r->answer->body[r->used] = '\0';
	r->all += size * n;
	return r->all > READ_MAX ? 0 : size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	static const char name[] = "Retry-After:";
	struct reading *r = arg;
	size_t all = size * n, from = sizeof name - 1, end = all;

	if (all < from || strncasecmp(data, name, from) != 0)
		return all;
	while (from < end && (data[from] == ' ' || data[from] == '\t'))
		from++;
	while (end > from &&
	       (data[end - 1] == '\r' || data[end - 1] == '\n' || data[end - 1] == ' '))
		end--;
	(void)snprintf(r->answer->retry_after, sizeof r->answer->retry_after, "%.*s",
		       (int)(end - from), data + from);
	return all;
}

static void set(CURL *c, const struct post_request *q, struct reading *r,
		const struct curl_slist *headers, char *error)
{
	(void)curl_easy_setopt(c, CURLOPT_URL, q->url);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
	(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->size);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "ordeal/" ORDEAL_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Nobody waits longer for a name than for the call itself. */
	(void)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(q->timeout_ns / ORD_MS) + 1);
	if (q->ca_file)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file);
	if (q->direct)
		(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
}

static void perform(CURL *c, struct post_answer *ret, const char *error)
{
	CURLcode code = curl_easy_perform(c);

	/* An answer that is too long to be read is one all the same. */
	if (code == CURLE_OK || code == CURLE_WRITE_ERROR) {
		(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status);
		return;
	}
	ret->final = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
		     code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
	(void)snprintf(ret->error, sizeof ret->error, "%s",
		       *error ? error : curl_easy_strerror(code));
}

int ord_post(const struct post_request *q, struct post_answer *ret)
{
	struct reading r = {.answer = ret};
	struct curl_slist *headers = NULL, *more;
	char error[CURL_ERROR_SIZE] = "";
	CURL *c;
	int result = -1;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -1;
	c = curl_easy_init();
	for (size_t i = 0; i < q->n_headers; i++) {
		more = curl_slist_append(headers, q->headers[i]);
		if (!more)
			goto out;
		headers = more;
	}
	if (!c)
		goto out;
	set(c, q, &r, headers, error);
	perform(c, ret, error);
	result = 0;
out:
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return result;
}
