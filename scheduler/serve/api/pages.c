/* What is no JSON: the console's files, the description of the API, health and metrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ordeal/console.h"
#include "ordeal/serve.h"
#include "scheduler/serve/api/handlers.h"
#include "scheduler/serve/api/hooks.h"
#include "scheduler/serve/api/openapi.h"

static void file(struct api_answer *a, const char *type, const void *data, size_t size)
{
	a->status = MHD_HTTP_OK;
	a->type = type;
	a->file = data;
	a->size = size;
}

void api_health(struct api_request *q, struct api_answer *a)
{
	static const char ready[] = "ready\n", standby[] = "standby\n";
	bool is = ord_serve_is_ready(q->api->serve);

	file(a, "text/plain", is ? ready : standby, (is ? sizeof ready : sizeof standby) - 1);
}

void api_ready(struct api_request *q, struct api_answer *a)
{
	api_health(q, a);
	if (!ord_serve_is_ready(q->api->serve))
		a->status = MHD_HTTP_SERVICE_UNAVAILABLE;
}

void api_openapi(struct api_request *q, struct api_answer *a)
{
	(void)q;
	file(a, "application/yaml", api_openapi_yaml, api_openapi_yaml_size);
}

/* RFC 9110, 13.1.2: one of a list, weak or not, or any. */
static bool is_known(const char *known, const char *etag)
{
	size_t size = strlen(etag);

	for (const char *p = known; p && *p; p += strcspn(p, ","), p += *p == ',') {
		p += strspn(p, " \t");
		if (*p == '*')
			return true;
		p += 2 * !strncmp(p, "W/", 2);
		if (!strncmp(p, etag, size) && strchr(", \t", p[size]))
			return true;
	}
	return false;
}

static void console_file(struct api_request *q, struct api_answer *a, const char *name)
{
	const struct ord_console_file *f = ord_console_file(name);
	const char *known = api_header(q, MHD_HTTP_HEADER_IF_NONE_MATCH);

	if (!f) {
		api_problem(a, MHD_HTTP_NOT_FOUND, "the console has no file '%.64s'", name);
		return;
	}
	(void)snprintf(a->etag, sizeof a->etag, "\"%s\"", f->etag);
	a->policy = ord_console_policy;
	if (is_known(known, a->etag))
		a->status = MHD_HTTP_NOT_MODIFIED;
	else
		file(a, f->type, f->data, f->size);
}

void api_console(struct api_request *q, struct api_answer *a)
{
	console_file(q, a, "index.html");
}

void api_console_file(struct api_request *q, struct api_answer *a)
{
	console_file(q, a, q->names[0]);
}

static uint64_t connections(const struct ord_api *api)
{
	uint64_t n = 0;

	for (const struct api_conn *c = api->conns; c; c = c->next)
		n++;
	return n;
}

void api_metrics_page(struct api_request *q, struct api_answer *a)
{
	ord_auto(json) json_t *status = ord_serve_status(q->api->serve);
	const struct api_gauges now = {
		.status = status,
		.connections = connections(q->api),
		.ready = ord_serve_is_ready(q->api->serve),
		.watchers = q->api->n_watchers,
		.read_ns = q->api->read_ns,
		.hooks_waiting = api_hooks_waiting(q->api->hooks),
	};
	size_t size = 0;
	char *body = NULL;
	FILE *out = status ? open_memstream(&body, &size) : NULL;

	if (out)
		api_metrics_print(&q->api->metrics, &now, out);
	if (!out || fclose(out)) {
		free(body);
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	api_text(a, "application/openmetrics-text; version=1.0.0; charset=utf-8", body, size);
}
