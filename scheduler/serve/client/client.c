#include "scheduler/serve/client/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"

#define BODY_MAX  (64u << 20)
#define TOKEN_MAX 1024
#define PATH_SIZE 4096
#define TIMEOUT_S 30L
#define CONNECT_S 5L
#define LINE_MAX_ 262144 /* of an event */

struct call {
	CURL *curl;
	struct curl_slist *headers;
	char url[PATH_SIZE], where[PATH_SIZE]; /* where: for people */
	char error[CURL_ERROR_SIZE];
	char *body; /* owned */
	size_t size;
	/* of a stream */
	client_event *event;
	void *arg;
	char type[32];
	bool stopped;
};

static void call_done(struct call *c)
{
	curl_slist_free_all(c->headers);
	curl_easy_cleanup(c->curl);
	free(c->body);
}

static size_t keep(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	char *body;

	n *= size;
	if (c->size + n > (c->event ? LINE_MAX_ : BODY_MAX))
		return 0;
	body = realloc(c->body, c->size + n + 1);
	if (!body)
		return 0;
	memcpy(body + c->size, data, n);
	c->body = body;
	c->size += n;
	body[c->size] = '\0';
	return n;
}

/* --- where ------------------------------------------------------------------------------------ */

/* The daemon of this user, else that of the machine, as a service or as root's. */
static int find_socket(char *ret, size_t size, struct ord_err *err)
{
	static const char *const machine[] = {"/run/ordeal/serve.sock",
					      "/run/ordeal-serve/serve.sock"};
	struct stat st;
	char dir[480];

	if (ord_runtime_dir(dir, sizeof dir, err))
		return -1;
	(void)snprintf(ret, size, "%s/serve.sock", dir);
	for (size_t i = 0; i < ORD_COUNT(machine) && stat(ret, &st); i++)
		if (!stat(machine[i], &st))
			(void)snprintf(ret, size, "%s", machine[i]);
	return 0;
}

static int add_header(struct call *c, const char *line, struct ord_err *err)
{
	struct curl_slist *more = curl_slist_append(c->headers, line);

	if (!more)
		return ord_fail_nomem(err);
	c->headers = more;
	return 0;
}

static int set_token(struct call *c, const char *file, struct ord_err *err)
{
	ord_autofree char *token = NULL;
	char line[TOKEN_MAX + 32];
	size_t size;
	int r;

	if (ord_file_read(file, TOKEN_MAX, &token, &size, err))
		return -1;
	token[strcspn(token, "\r\n")] = '\0';
	(void)snprintf(line, sizeof line, "Authorization: Bearer %s", token);
	r = add_header(c, line, err);
	explicit_bzero(line, sizeof line);
	explicit_bzero(token, size);
	return r;
}

static int set_where(struct call *c, const struct ord_ctl_order *to, const char *path,
		     struct ord_err *err)
{
	char found[512];

	if (to->url) {
		size_t n = strlen(to->url);

		(void)snprintf(c->where, sizeof c->where, "%s", to->url);
		(void)snprintf(c->url, sizeof c->url, "%s%s%s", to->url,
			       n && to->url[n - 1] == '/' ? "" : "/", path);
		return to->token_file ? set_token(c, to->token_file, err) : 0;
	}
	if (!to->socket && find_socket(found, sizeof found, err))
		return -1;
	(void)snprintf(c->where, sizeof c->where, "%s", to->socket ? to->socket : found);
	(void)snprintf(c->url, sizeof c->url, "http://localhost/%s", path);
	(void)curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->where);
	return 0;
}

static int open_call(struct call *c, const struct ord_ctl_order *to, const char *path,
		     struct ord_err *err)
{
	*c = (struct call){.curl = curl_easy_init()};
	if (!c->curl)
		return ord_fail_nomem(err);
	if (set_where(c, to, path, err)) {
		call_done(c);
		return -1;
	}
	(void)curl_easy_setopt(c->curl, CURLOPT_URL, c->url);
	(void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	(void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "ordeal/" ORDEAL_VERSION);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
	(void)curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	if (to->ca_file)
		(void)curl_easy_setopt(c->curl, CURLOPT_CAINFO, to->ca_file);
	return 0;
}

/* --- what comes back -------------------------------------------------------------------------- */

static int unreachable(const struct call *c, CURLcode code, struct ord_err *err)
{
	if (code == CURLE_COULDNT_CONNECT)
		return ord_fail(err, ORD_SKIP,
				"nobody listens on %.300s; 'ordeal serve DIR' is the daemon",
				c->where);
	return ord_fail(err, ORD_SYS, "%.300s: %s", c->where,
			*c->error ? c->error : curl_easy_strerror(code));
}

/* An answer that is none of 2xx: its detail is what is wrong. */
static int refused(const struct call *c, long status, struct ord_err *err)
{
	ord_auto(json) json_t *problem = c->body ? json_loads(c->body, 0, NULL) : NULL;
	const char *detail = json_string_value(json_object_get(problem, "detail"));

	return ord_fail(err, status >= 500 ? ORD_SYS : ORD_USAGE, "%s",
			detail ? detail : "it answers with no reason");
}

static int perform(struct call *c, struct ord_err *err)
{
	CURLcode code;
	long status = 0;

	if (c->headers)
		(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
	code = curl_easy_perform(c->curl);
	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (c->stopped)
		return 0;
	if (code != CURLE_OK)
		return unreachable(c, code, err);
	return status / 100 == 2 ? 0 : refused(c, status, err);
}

int client_ask(const struct ord_ctl_order *to, const char *path, const json_t *body, json_t **ret,
	       struct ord_err *err)
{
	ord_autofree char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_error_t why;
	struct call c;
	int r;

	if (body && !text)
		return ord_fail_nomem(err);
	if (open_call(&c, to, path, err))
		return -1;
	(void)curl_easy_setopt(c.curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	(void)curl_easy_setopt(c.curl, CURLOPT_WRITEFUNCTION, keep);
	if (text)
		(void)curl_easy_setopt(c.curl, CURLOPT_POSTFIELDS, text);
	r = text ? add_header(&c, "Content-Type: application/json", err) : 0;
	r = r ? r : perform(&c, err);
	if (!r && !(*ret = json_loads(c.body ? c.body : "", 0, &why)))
		r = ord_fail(err, ORD_SYS, "%.300s: what it answers is no JSON: %.100s", c.where,
			     why.text);
	call_done(&c);
	return r;
}

/* --- events ----------------------------------------------------------------------------------- */

static bool take_line(struct call *c, const char *line)
{
	ord_auto(json) json_t *data = NULL;

	if (!strncmp(line, "event: ", 7)) {
		(void)snprintf(c->type, sizeof c->type, "%s", line + 7);
		return true;
	}
	if (strncmp(line, "data: ", 6) != 0)
		return true;
	data = json_loads(line + 6, 0, NULL);
	return c->event(c->arg, c->type, data);
}

static size_t on_stream(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	long status = 0;
	char *line, *end;

	if (keep(data, size, n, c) != size * n)
		return 0;
	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return size * n;
	for (line = c->body; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (!take_line(c, line)) {
			c->stopped = true;
			return 0;
		}
	}
	c->size -= (size_t)(line - c->body);
	memmove(c->body, line, c->size + 1);
	return size * n;
}

int client_watch(const struct ord_ctl_order *to, client_event *event, void *arg,
		 struct ord_err *err)
{
	struct call c;
	int r;

	if (open_call(&c, to, "v1/events", err))
		return -1;
	c.event = event;
	c.arg = arg;
	(void)curl_easy_setopt(c.curl, CURLOPT_WRITEFUNCTION, on_stream);
	/* It sends something every 8 s. */
	(void)curl_easy_setopt(c.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c.curl, CURLOPT_LOW_SPEED_TIME, TIMEOUT_S);
	r = perform(&c, err);
	call_done(&c);
	return r;
}

bool client_escape(const char *name, char *out, size_t size)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	size_t n = 0;

	for (; *name && n + 4 < size; name++)
		n += (size_t)snprintf(out + n, size - n, strchr(plain, *name) ? "%c" : "%%%02X",
				      (unsigned char)*name);
	out[n] = '\0';
	return !*name;
}
