/* Answers: JSON, problems (RFC 9457), and what stands above all of them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/printable.h"
#include "scheduler/serve/api/api.h"

#define DETAIL_MAX 640
#define NOTHING	   "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

void api_log(const struct ord_api *api, const char *fmt, ...)
{
	char line[DETAIL_MAX], shown[DETAIL_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (api->options.log)
		api->options.log(api->options.arg, ord_printable(line, sizeof shown, shown));
}

void api_answer_done(struct api_answer *a)
{
	free(a->body);
	if (a->fd)
		(void)close(a->fd);
	api_watcher_free(a->watcher);
	*a = (struct api_answer){0};
}

void api_text(struct api_answer *a, const char *type, char *body, size_t size)
{
	free(a->body);
	a->status = MHD_HTTP_OK;
	a->type = type;
	a->body = body;
	a->size = size;
}

void api_json(struct api_answer *a, unsigned status, json_t *json)
{
	char *body = NULL;
	size_t size = 0;
	FILE *out = json ? open_memstream(&body, &size) : NULL;
	int r = out ? ord_json_print(json, JSON_COMPACT, out) : -1;

	if (out && (fputc('\n', out) == EOF || fclose(out)))
		r = -1;
	json_decref(json);
	if (r) {
		free(body);
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	api_text(a, "application/json", body, size);
	a->status = status;
}

static json_t *problem_json(unsigned status, const char *detail)
{
	return json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title",
			 MHD_get_reason_phrase_for(status), "status", (int)status, "detail",
			 detail);
}

void api_problem(struct api_answer *a, unsigned status, const char *fmt, ...)
{
	char detail[DETAIL_MAX], shown[DETAIL_MAX];
	json_t *json;
	char *body;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	json = problem_json(status, ord_printable(detail, sizeof shown, shown));
	body = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	api_text(a, "application/problem+json", body, body ? strlen(body) : 0);
	a->status = status;
}

void api_failed(struct api_answer *a, const struct ord_err *err)
{
	static const unsigned status[] = {
		[ORD_OK] = MHD_HTTP_INTERNAL_SERVER_ERROR,
		[ORD_USAGE] = MHD_HTTP_BAD_REQUEST,
		[ORD_SYS] = MHD_HTTP_INTERNAL_SERVER_ERROR,
		[ORD_SKIP] = MHD_HTTP_SERVICE_UNAVAILABLE,
		[ORD_GUARD] = MHD_HTTP_CONFLICT,
		[ORD_NOMEM] = MHD_HTTP_SERVICE_UNAVAILABLE,
	};

	api_problem(a, status[err->code], "%s", err->msg);
}

static bool add(struct MHD_Response *r, const char *name, const char *value)
{
	return MHD_add_response_header(r, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *r, const struct api_answer *a)
{
	return add(r, "X-Content-Type-Options", "nosniff") &&
	       add(r, "Referrer-Policy", "no-referrer") &&
	       add(r, "Cross-Origin-Resource-Policy", "same-origin") &&
	       add(r, "Cross-Origin-Opener-Policy", "same-origin") &&
	       add(r, "Content-Security-Policy", a->policy ? a->policy : NOTHING) &&
	       add(r, "Cache-Control", *a->etag ? "no-cache" : "no-store") &&
	       (!a->type || add(r, "Content-Type", a->type)) &&
	       (!*a->etag || add(r, "ETag", a->etag)) && (!a->allow || add(r, "Allow", a->allow)) &&
	       (!a->close || add(r, MHD_HTTP_HEADER_CONNECTION, "close")) &&
	       (!*a->cookie || add(r, "Set-Cookie", a->cookie)) &&
	       (a->status != MHD_HTTP_UNAUTHORIZED ||
		add(r, "WWW-Authenticate", "Bearer realm=\"ordeal\""));
}

static struct MHD_Response *response_of(struct api_answer *a)
{
	struct MHD_Response *r;

	if (a->watcher) {
		r = api_stream(a->watcher);
		if (r)
			a->watcher = NULL; /* the response's now */
		if (r && !add(r, MHD_HTTP_HEADER_CONNECTION, "close")) {
			MHD_destroy_response(r);
			return NULL;
		}
		return r;
	}
	if (a->fd) {
		r = MHD_create_response_from_fd(a->size, a->fd);
		if (r)
			a->fd = 0;
		return r;
	}
	if (a->file)
		return MHD_create_response_from_buffer(a->size, (void *)(uintptr_t)a->file,
						       MHD_RESPMEM_PERSISTENT);
	if (!a->body)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	r = MHD_create_response_from_buffer(a->size, a->body, MHD_RESPMEM_MUST_FREE);
	if (r)
		a->body = NULL;
	return r;
}

enum MHD_Result api_answer_send(struct api_request *q)
{
	struct api_answer *a = &q->answer;
	struct MHD_Response *r = response_of(a);
	enum MHD_Result done = MHD_NO;

	if (!r)
		return MHD_NO;
	if (add_headers(r, a))
		done = MHD_queue_response(q->mhd, a->status, r);
	MHD_destroy_response(r);
	api_metrics_answered(&q->api->metrics, a->status);
	return done;
}
