/* What the daemon knows. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "ordeal/serve.h"
#include "scheduler/serve/api/handlers.h"
#include "scheduler/serve/api/hooks.h"

#define WEEK_NS	      (7 * 24 * 3600 * (int64_t)ORD_S)
#define YEARS_NS      (3660 * 24 * 3600 * (int64_t)ORD_S)
#define CALENDAR_MAX  10000
#define SCHEDULES_MAX 2000

void api_json_for(const struct api_request *q, struct api_answer *a, unsigned status, json_t *json)
{
	json_t *veiled = q->who.role < API_OPERATOR && json ? api_veiled(json) : NULL;

	if (veiled)
		json_decref(json);
	api_json(a, status, veiled ? veiled : json);
}

bool api_arg_count(const struct api_request *q, struct api_answer *a, const char *name, size_t max,
		   size_t def, size_t *ret)
{
	const char *text = api_target_arg(&q->target, name);
	struct ord_err err;
	int64_t n;

	if (!text) {
		*ret = def;
		return true;
	}
	if (ord_parse_int(text, 1, (int64_t)max, &n, &err)) {
		api_problem(a, MHD_HTTP_BAD_REQUEST, "%s: %s", name, err.msg);
		return false;
	}
	*ret = (size_t)n;
	return true;
}

bool api_arg_instant(const struct api_request *q, struct api_answer *a, const char *name,
		     int64_t def, int64_t *ret)
{
	const char *text = api_target_arg(&q->target, name);

	if (!text) {
		*ret = def;
		return true;
	}
	if (ord_parse_utc(text, ret) == 0)
		return true;
	api_problem(a, MHD_HTTP_BAD_REQUEST,
		    "%s: an instant is written as in 2026-11-21T06:13:50Z (a '+' of an offset is "
		    "%%2B here)",
		    name);
	return false;
}

static json_t *settings_json(const struct ord_api *api)
{
	char read[32];

	ord_format_utc((uint64_t)api->read_ns, read);
	return json_pack("{s:s,s:s?}", "read", read, "message",
			 *api->complaint ? api->complaint : NULL);
}

void api_status(struct api_request *q, struct api_answer *a)
{
	json_t *json = ord_serve_status(q->api->serve);

	if (json &&
	    json_object_update_new(json, json_pack("{s:{s:s,s:s},s:o,s:o}", "you", "who",
						   q->who.text, "role", api_role_name(q->who.role),
						   "settings", settings_json(q->api), "webhooks",
						   api_hooks_show(q->api->hooks)))) {
		json_decref(json);
		json = NULL;
	}
	api_json(a, MHD_HTTP_OK, json);
}

void api_schedules(struct api_request *q, struct api_answer *a)
{
	size_t limit;

	if (api_arg_count(q, a, "limit", SCHEDULES_MAX, SCHEDULES_MAX, &limit))
		api_json_for(q, a, MHD_HTTP_OK,
			     ord_serve_schedules_page(q->api->serve,
						      api_target_arg(&q->target, "after"),
						      api_target_arg(&q->target, "text"), limit));
}

void api_schedule(struct api_request *q, struct api_answer *a)
{
	json_t *json = ord_serve_schedule(q->api->serve, q->names[0]);

	if (json)
		api_json_for(q, a, MHD_HTTP_OK, json);
	else
		api_problem(a, MHD_HTTP_NOT_FOUND, "there is no schedule '%.64s'", q->names[0]);
}

void api_calendar(struct api_request *q, struct api_answer *a)
{
	int64_t from, to;
	size_t max;

	if (!api_arg_instant(q, a, "from", (int64_t)ord_wall_ns(), &from) ||
	    !api_arg_instant(q, a, "to", from + WEEK_NS, &to) ||
	    !api_arg_count(q, a, "max", CALENDAR_MAX, 1000, &max))
		return;
	if (to < from || to - from > YEARS_NS)
		api_problem(a, MHD_HTTP_BAD_REQUEST, "'to' is after 'from', by ten years at most");
	else
		api_json_for(q, a, MHD_HTTP_OK, ord_serve_calendar(q->api->serve, from, to, max));
}

void api_runs(struct api_request *q, struct api_answer *a)
{
	api_json_for(q, a, MHD_HTTP_OK, ord_serve_runs(q->api->serve));
}
