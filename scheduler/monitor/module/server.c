#include "scheduler/monitor/module/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/printable.h"

#define TOKEN_MAX    16384
#define SECRET_LEAST 4 /* shorter ones would blot out half the text */
/* Of what a server says; whatever of it is told, a secret in it is seen whole. */
#define SAID_MAX (4 * TOKEN_MAX)

struct asking {
	struct server *server;
	struct wire_call *call; /* NULL: it has not begun, or is over */
	struct asking *next, **at;
	enum server_form form;
	server_answered *answered;
	void *arg;
};

void server_init(struct server *s, const char *name, const struct ord_source_spec *spec,
		 struct wire *wire)
{
	*s = (struct server){.name = name, .spec = spec, .wire = wire};
}

static void asking_free(struct asking *a)
{
	*a->at = a->next;
	if (a->next)
		a->next->at = a->at;
	free(a);
}

void server_drop(struct server *s)
{
	while (s->askings) {
		if (s->askings->call)
			wire_drop(s->wire, s->askings->call);
		asking_free(s->askings);
	}
}

void server_done(struct server *s)
{
	server_drop(s);
	free(s->token);
	s->token = NULL;
}

/* --- secrets --------------------------------------------------------------------------------- */

static void blot(char *text, const char *secret)
{
	size_t n = strlen(secret);
	char *p;

	if (n < SECRET_LEAST)
		return;
	while ((p = strstr(text, secret))) {
		memmove(p + 3, p + n, strlen(p + n) + 1);
		memset(p, '*', 3);
	}
}

/* Every secret that the text holds becomes "***", in place. */
static void scrub(const struct server *s, char *text)
{
	if (s->token)
		blot(text, s->token);
	for (size_t i = 0; i < s->spec->n_headers; i++) {
		const char *value = strchr(s->spec->headers[i], ':');

		if (value)
			blot(text, value + 1 + strspn(value + 1, " "));
	}
}

void server_told(const struct server *s, const char *said, char out[static SERVER_WHY])
{
	ord_autofree char *whole = strndup(said, SAID_MAX);

	if (whole)
		scrub(s, whole);
	(void)ord_printable(whole ? whole : "out of memory", SERVER_WHY, out);
}

static int read_token(struct server *s, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	struct stat st;
	size_t n;

	if (!s->spec->token_file)
		return 0;
	/* The loop does not wait for whoever may write to a FIFO. */
	if (!stat(s->spec->token_file, &st) && !S_ISREG(st.st_mode))
		return ord_fail(err, ORD_USAGE, "the token: %s is no regular file",
				s->spec->token_file);
	if (ord_file_read(s->spec->token_file, TOKEN_MAX, &text, NULL, err))
		return ord_wrap(err, "the token");
	n = strcspn(text, "\r\n");
	if (text[n + strspn(text + n, "\r\n \t")])
		return ord_fail(err, ORD_USAGE, "the token in %s is of more than one line",
				s->spec->token_file);
	text[n] = '\0';
	free(s->token);
	s->token = ord_steal_ptr(text);
	return 0;
}

/* --- answers --------------------------------------------------------------------------------- */

static void say(const struct asking *a, struct server_answer *to, const char *why)
{
	char text[SERVER_WHY];

	server_told(a->server, why, text);
	to->why = text;
	a->answered(a->arg, to);
}

/* What Prometheus says of a question that it does not answer: {"status":"error","error":...} */
static const char *error_of(const json_t *json)
{
	return json_string_value(json_object_get(json, "error"));
}

static void say_status(const struct asking *a, struct server_answer *to, long status,
		       const json_t *json)
{
	const char *error = error_of(json);
	char told[SERVER_WHY], text[SERVER_WHY];

	server_told(a->server, error ? error : "", told);
	if (status == 401 || status == 403)
		(void)snprintf(text, sizeof text,
			       "it answered %ld: the token or the headers are not what it wants",
			       status);
	else
		(void)snprintf(text, sizeof text, "it answered %ld%s%.200s", status,
			       *told ? ": " : "", told);
	say(a, to, text);
}

static void say_json(const struct asking *a, struct server_answer *to, const json_t *json)
{
	const char *status = json_string_value(json_object_get(json, "status"));

	if (a->form == SERVER_PLAIN) {
		to->value = json;
		a->answered(a->arg, to);
		return;
	}
	to->value = json_object_get(json, "data");
	if (status && !strcmp(status, "success") && to->value)
		a->answered(a->arg, to);
	else
		say(a, to, "its answer is not one of Prometheus's API");
}

static void on_answer(void *arg, const struct wire_answer *w)
{
	static const struct ord_json_limits limits = {.size = WIRE_BODY_MAX, .depth = 32};
	struct asking *a = arg;
	struct server_answer to = {.sent_ns = w->sent_ns,
				   .done_ns = w->done_ns,
				   .retry_ns = w->retry_ns,
				   .date_s = w->date_s};
	ord_auto(json) json_t *json = NULL;
	struct ord_err err = {0};
	bool parsed;

	a->call = NULL;
	if (w->code != CURLE_OK) {
		say(a, &to, w->error);
		asking_free(a);
		return;
	}
	parsed = a->form != SERVER_ANY && !ord_json_parse(w->body, w->size, &limits, &json, &err);
	if (a->form == SERVER_ANY)
		a->answered(a->arg, &to);
	else if (w->status != 200)
		say_status(a, &to, w->status, json);
	else if (!parsed)
		say(a, &to, err.msg);
	else
		say_json(a, &to, json);
	asking_free(a);
}

/* --- questions ------------------------------------------------------------------------------- */

static void put_escaped(FILE *f, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text; text++)
		if (strchr(plain, *text))
			(void)fputc(*text, f);
		else
			(void)fprintf(f, "%%%02X", (unsigned char)*text);
}

/* Owned; NULL: out of memory. */
static char *url_of(const struct server *s, const char *path, const struct server_param *params)
{
	size_t n = strlen(s->spec->url), size;
	char *url = NULL, sign = '?';
	FILE *f = open_memstream(&url, &size);

	if (!f)
		return NULL;
	while (n && s->spec->url[n - 1] == '/')
		n--;
	(void)fprintf(f, "%.*s%s", (int)n, s->spec->url, path);
	for (; params && params->name; params++, sign = '&') {
		(void)fprintf(f, "%c%s=", sign, params->name);
		put_escaped(f, params->value);
	}
	if (fclose(f)) {
		free(url);
		return NULL;
	}
	return url;
}

static int ask(struct server *s, const char *path, const struct server_param *params,
	       struct asking *a, struct ord_err *err)
{
	ord_autofree char *url = NULL;
	struct wire_request q = {.headers = s->spec->headers,
				 .n_headers = s->spec->n_headers,
				 .insecure = s->spec->insecure,
				 .timeout_ns = s->spec->timeout_ns,
				 .every_ns = s->spec->every_ns};

	if (read_token(s, err))
		return -1;
	url = url_of(s, path, params);
	if (!url)
		return ord_fail_nomem(err);
	q.url = url;
	q.token = s->token ? s->token : "";
	return wire_send(s->wire, &q, on_answer, a, &a->call, err);
}

void server_ask(struct server *s, enum server_form form, const char *path,
		const struct server_param *params, server_answered *answered, void *arg)
{
	struct asking *a = calloc(1, sizeof *a);
	struct server_answer failed = {.sent_ns = ord_now_ns(), .why = "out of memory"};
	struct ord_err err = {0};

	failed.done_ns = failed.sent_ns;
	if (!a) {
		answered(arg, &failed);
		return;
	}
	*a = (struct asking){
		.server = s, .form = form, .answered = answered, .arg = arg, .at = &s->askings};
	a->next = s->askings;
	if (a->next)
		a->next->at = &a->next;
	s->askings = a;
	if (ask(s, path, params, a, &err)) {
		say(a, &failed, err.msg);
		asking_free(a);
	}
}

/* Milliseconds are all that Prometheus keeps. */
static void put_time(int64_t ns, char out[static 32])
{
	int64_t ms = ns / (int64_t)ORD_MS;

	(void)snprintf(out, 32, "%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
}

void server_query(struct server *s, const char *query, int64_t at_ns, server_answered *answered,
		  void *arg)
{
	char at[32];
	const struct server_param params[] = {{"query", query}, {"time", at}, {NULL, NULL}};

	put_time(at_ns, at);
	server_ask(s, SERVER_PROMETHEUS, "/api/v1/query", params, answered, arg);
}

void server_range(struct server *s, const char *query, int64_t from_ns, int64_t to_ns,
		  uint64_t step_ns, server_answered *answered, void *arg)
{
	char from[32], to[32], step[32];
	const struct server_param params[] = {
		{"query", query}, {"start", from}, {"end", to}, {"step", step}, {NULL, NULL}};

	put_time(from_ns, from);
	put_time(to_ns, to);
	put_time((int64_t)step_ns, step);
	server_ask(s, SERVER_PROMETHEUS, "/api/v1/query_range", params, answered, arg);
}

int64_t server_stamp(const json_t *number)
{
	double s = json_number_value(number);

	return s > 0 && s < 9e9 ? (int64_t)(s * 1000 + 0.5) * (int64_t)ORD_MS : 0;
}
