/* Sessions of game days, as whoever asks may see them (docs/formats/gameday.md). */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "ordeal/serve.h"
#include "ordeal/days.h"
#include "scheduler/serve/api/gamedays.h"

#define REPORT_MAX (64 << 20)

/* ---- whose eyes */

/* Operators choose; all others see what who does not know sees. */
static bool view_of(const struct api_request *q, struct api_answer *a, enum ord_days_view *ret)
{
	const char *view = api_target_arg(&q->target, "view");
	bool all = view ? !strcmp(view, "all") : q->who.role == API_OPERATOR;

	if (view && !all && strcmp(view, "responder") != 0) {
		api_problem(a, MHD_HTTP_BAD_REQUEST, "view: all or responder");
		return false;
	}
	if (all && q->who.role < API_OPERATOR) {
		api_problem(a, MHD_HTTP_FORBIDDEN, "operators alone see all of a game day");
		return false;
	}
	*ret = all ? ORD_DAYS_ALL : ORD_DAYS_RESPONDER;
	return true;
}

static bool has_session(const struct api_request *q, struct api_answer *a)
{
	if (ord_days_has(q->api->days, q->names[0]))
		return true;
	api_problem(a, MHD_HTTP_NOT_FOUND, "there is no session '%.100s'", q->names[0]);
	return false;
}

/* What the asker may do of what can be done. */
static json_t *may_of(const struct api_request *q, const json_t *can)
{
	json_t *may = json_array(), *verb;
	size_t i;

	json_array_foreach (can, i, verb)
		if (q->who.role >= api_gameday_role(json_string_value(verb)))
			(void)json_array_append(may, verb);
	return may;
}

/* ---- what there is */

void api_gamedays(struct api_request *q, struct api_answer *a)
{
	enum ord_days_view view;

	if (view_of(q, a, &view))
		api_json(a, MHD_HTTP_OK,
			 json_pack("{s:o,s:o}", "sessions", ord_days_list(q->api->days), "files",
				   ord_serve_gamedays(q->api->serve)));
}

void api_gameday(struct api_request *q, struct api_answer *a)
{
	enum ord_days_view view;
	json_t *json = NULL;
	struct ord_err err;

	if (!has_session(q, a) || !view_of(q, a, &view))
		return;
	if (ord_days_show(q->api->days, q->names[0], view, &json, &err)) {
		api_failed(a, &err);
		return;
	}
	(void)json_object_set_new(json, "may", may_of(q, json_object_get(json, "may")));
	api_json(a, MHD_HTTP_OK, json);
}

void api_gameday_lines(struct api_request *q, struct api_answer *a)
{
	const char *after = api_target_arg(&q->target, "after");
	enum ord_days_view view;
	json_t *json = NULL;
	struct ord_err err;
	int64_t n = 0;

	if (!has_session(q, a) || !view_of(q, a, &view))
		return;
	if (after && ord_parse_int(after, 0, INT32_MAX, &n, &err))
		api_problem(a, MHD_HTTP_BAD_REQUEST, "after: %s", err.msg);
	else if (ord_days_lines(q->api->days, q->names[0], view, (uint64_t)n, &json, &err))
		api_failed(a, &err);
	else
		api_json(a, MHD_HTTP_OK, json);
}

/* ---- what came of it */

/* They tell all: before the end, when everything is revealed, they are for those who know. */
static void page(struct api_request *q, struct api_answer *a, const char *name)
{
	enum ord_days_view view;
	struct ord_err err;
	struct stat st;
	int fd = -1;

	if (!has_session(q, a) || !view_of(q, a, &view))
		return;
	if (view == ORD_DAYS_RESPONDER && !ord_days_is_over(q->api->days, q->names[0])) {
		api_problem(a, MHD_HTTP_NOT_FOUND,
			    "who does not know reads no report before the game day is over");
		return;
	}
	if (ord_days_file(q->api->days, q->names[0], name, &fd, &err) || fstat(fd, &st) ||
	    st.st_size > REPORT_MAX) {
		api_problem(a, MHD_HTTP_NOT_FOUND,
			    "the session has no %s yet; 'ordeal gameday report' writes one", name);
		ord_close(&fd);
		return;
	}
	a->status = MHD_HTTP_OK;
	a->type = "text/markdown; charset=utf-8";
	a->fd = fd;
	a->size = (size_t)st.st_size;
}

void api_gameday_report(struct api_request *q, struct api_answer *a)
{
	page(q, a, "report.md");
}

void api_gameday_postmortem(struct api_request *q, struct api_answer *a)
{
	page(q, a, "postmortem.md");
}

/* ---- what happens */

/* Each of the two files is for those who read it, and none for both. */
static void on_line(void *arg, const char *id, bool view, uint64_t n, const json_t *line)
{
	ord_auto(json) json_t *data = json_pack("{s:s,s:I,s:O}", "id", id, "n", (json_int_t)n,
						"line", (json_t *)(uintptr_t)line);

	if (data)
		api_event_to(arg, "gameday", view ? NULL : data, view ? data : NULL);
}

static void on_pulse(void *arg, const char *id, const json_t *now, bool hidden)
{
	ord_auto(json) json_t *data =
		json_pack("{s:s,s:O}", "id", id, "live", (json_t *)(uintptr_t)now);

	if (data)
		api_event_to(arg, "gameday", data, hidden ? NULL : data);
}

static void on_changed(void *arg, const char *id, const char *state)
{
	ord_auto(json) json_t *data = json_pack("{s:s,s:s}", "id", id, "state", state);

	if (data)
		api_event_to(arg, "gameday", data, data);
}

static void on_log(void *arg, const char *text)
{
	api_log(arg, "%s", text);
}

int api_gamedays_open(struct ord_api *api, const struct ord_api_options *o, struct ord_err *err)
{
	const struct ord_days_options options = {
		.home = o->gamedays,
		.program = o->program,
		.extra = o->holder_args,
		.line = on_line,
		.pulse = on_pulse,
		.changed = on_changed,
		.log = on_log,
		.arg = api,
	};

	return ord_days_open(api->loop, &options, &api->days, err);
}

/* ---- what is kept from those who do not know */

static const char *label_of(const json_t *run, const char *key)
{
	return json_string_value(json_object_get(json_object_get(run, "labels"), key));
}

bool api_run_is_hidden(const struct ord_api *api, const json_t *run)
{
	const char *id = label_of(run, "gameday"), *step = label_of(run, "gameday-step");

	return id && step && ord_days_hides(api->days, id, step);
}

void api_runs_veil(const struct api_request *q, json_t *runs)
{
	for (size_t i = json_array_size(runs); q->who.role < API_OPERATOR && i-- > 0;)
		if (api_run_is_hidden(q->api, json_array_get(runs, i)))
			(void)json_array_remove(runs, i);
}
