/* Game days are begun and taken up again, and their holders told what people say. */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/serve.h"
#include "ordeal/days.h"
#include "scheduler/serve/api/gamedays.h"

#define BY_MAX	  64
#define NOTE_MAX  400
#define NAME_MAX_ 64
#define STEP_MAX  1000

/* Anybody who plays a part may stop it and say what they see; the owner alone lets it go on. */
static const struct {
	const char *verb;
	enum api_role role;
} verbs[] = {
	{"go", API_OPERATOR},	  {"hold", API_RESPONDER}, {"skip", API_OPERATOR},
	{"check", API_OPERATOR},  {"leave", API_OPERATOR}, {"abort", API_RESPONDER},
	{"reveal", API_OPERATOR}, {"note", API_RESPONDER}, {"mark", API_RESPONDER},
	{"resume", API_OPERATOR},
};

enum api_role api_gameday_role(const char *verb)
{
	for (size_t i = 0; verb && i < ORD_COUNT(verbs); i++)
		if (!strcmp(verbs[i].verb, verb))
			return verbs[i].role;
	return API_OPERATOR + 1;
}

/* ---- beginning */

/* As with the daemon's own runs: while all is halted, or another has the Lease, nothing begins. */
static bool may_begin(const struct api_request *q, struct api_answer *a, const json_t *status)
{
	if (!ord_serve_is_ready(q->api->serve))
		api_problem(a, MHD_HTTP_CONFLICT,
			    "this daemon is on standby: another has its Lease");
	else if (json_is_true(json_object_get(status, "halted")))
		api_problem(a, MHD_HTTP_CONFLICT, "all is halted; 'ordeal resume' lets it go on");
	else
		return true;
	return false;
}

void api_gameday_run(struct api_request *q, struct api_answer *a, const json_t *schedule,
		     unsigned status_code)
{
	ord_auto(json) json_t *status = ord_serve_status(q->api->serve);
	const char *dir = json_string_value(json_object_get(status, "dir"));
	const char *file = json_string_value(json_object_get(schedule, "file"));
	const char *name = json_string_value(json_object_get(schedule, "name"));
	char id[ORD_DAYS_ID_MAX];
	ord_autofree char *path = NULL;
	struct ord_err err;

	if (!dir || !file || !name || asprintf(&path, "%s/%s", dir, file) < 0) {
		path = NULL;
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return;
	}
	if (!may_begin(q, a, status))
		return;
	if (ord_days_begin(q->api->days, path, id, &err)) {
		api_failed(a, &err);
		return;
	}
	ord_serve_record(q->api->serve, "gameday", id, q->who.text);
	api_json(a, status_code,
		 json_pack("{s:s,s:s,s:s}", "id", id, "name", name, "state", "held"));
}

void api_gameday_begin(struct api_request *q, struct api_answer *a)
{
	ord_auto(json) json_t *schedule = NULL;
	const char *name, *kind;
	struct ord_err err;

	if (ord_json_text(q->json, "name", NAME_MAX_, &name, &err)) {
		api_failed(a, &err);
		return;
	}
	schedule = ord_serve_schedule(q->api->serve, name);
	kind = json_string_value(json_object_get(schedule, "kind"));
	if (!kind || strcmp(kind, "GameDay") != 0)
		api_problem(a, MHD_HTTP_NOT_FOUND, "the folder has no game day '%.64s'", name);
	else
		api_gameday_run(q, a, schedule, MHD_HTTP_CREATED);
}

static bool has_session(const struct api_request *q, struct api_answer *a)
{
	if (ord_days_has(q->api->days, q->names[0]))
		return true;
	api_problem(a, MHD_HTTP_NOT_FOUND, "there is no session '%.100s'", q->names[0]);
	return false;
}

void api_gameday_resume(struct api_request *q, struct api_answer *a)
{
	ord_auto(json) json_t *status = NULL;
	struct ord_err err;

	if (!has_session(q, a))
		return;
	status = ord_serve_status(q->api->serve);
	if (!may_begin(q, a, status))
		return;
	if (ord_days_resume(q->api->days, q->names[0], &err)) {
		api_failed(a, &err);
		return;
	}
	ord_serve_record(q->api->serve, "gameday-resume", q->names[0], q->who.text);
	api_json(a, MHD_HTTP_ACCEPTED, json_pack("{s:s}", "id", q->names[0]));
}

/* ---- telling */

static bool flag(const struct api_request *q, const char *key, bool *ret, struct ord_err *err)
{
	const json_t *value = json_object_get(q->json, key);

	*ret = json_is_true(value);
	return !value || json_is_boolean(value) ||
	       ord_fail(err, ORD_USAGE, "'%s' is true or false", key) == 0;
}

static bool read_command(const struct api_request *q, struct ord_days_command *c,
			 struct ord_err *err)
{
	const json_t *step = json_object_get(q->json, "step");

	*c = (struct ord_days_command){.verb = q->target.segments[3]};
	if (ord_json_opt_text(q->json, "by", BY_MAX, &c->by, err) ||
	    ord_json_opt_text(q->json, "what", BY_MAX, &c->what, err) ||
	    ord_json_opt_text(q->json, "note", NOTE_MAX, &c->text, err) ||
	    !flag(q, "overrule", &c->overrule, err) || !flag(q, "day", &c->day, err))
		return false;
	if (step && (!json_is_integer(step) || json_integer_value(step) < 1 ||
		     json_integer_value(step) > STEP_MAX)) {
		(void)ord_fail(err, ORD_USAGE, "'step' is a step's number, from 1");
		return false;
	}
	c->step = step ? (uint64_t)json_integer_value(step) : 0;
	/* A part of the day's; who says none is known by what the API lets them do. */
	if (!c->by || !*c->by)
		c->by = q->who.role == API_OPERATOR ? "owner" : "responder";
	return true;
}

static void on_told(void *arg, const struct ord_err *err)
{
	struct api_request *q = arg;

	if (err)
		api_failed(&q->answer, err);
	else
		api_json(&q->answer, MHD_HTTP_OK, json_pack("{s:s}", "id", q->names[0]));
	api_go_on(q);
}

void api_gameday_tell(struct api_request *q, struct api_answer *a)
{
	struct ord_days_command c;
	struct ord_err err;
	char what[48];

	if (!has_session(q, a) || (!strcmp(q->target.segments[3], "go") && !may_begin(q, a, NULL)))
		return;
	if (!read_command(q, &c, &err) ||
	    ord_days_tell(q->api->days, q->names[0], &c, on_told, q, &err)) {
		api_failed(a, &err);
		return;
	}
	(void)snprintf(what, sizeof what, "gameday-%s", c.verb);
	ord_serve_record(q->api->serve, what, q->names[0], q->who.text);
	api_wait(q);
}

/* ---- the Lease is lost */

static void on_aborted(void *arg, const struct ord_err *err)
{
	if (err)
		api_log(arg, "a game day's step was to be aborted: %s", err->msg);
}

void api_gamedays_event(struct ord_api *api, const char *type)
{
	const struct ord_days_command abort = {
		.verb = "abort", .by = "owner", .text = "the daemon has lost its Lease"};
	ord_auto(json) json_t *list = NULL;
	const json_t *s;
	size_t i;

	if (strcmp(type, "lease") != 0 || ord_serve_is_ready(api->serve))
		return;
	list = ord_days_list(api->days);
	json_array_foreach (list, i, s) {
		const char *id = json_string_value(json_object_get(s, "id"));
		const char *state = json_string_value(json_object_get(s, "state"));
		const char *step = json_string_value(json_object_get(s, "step_state"));
		struct ord_err err = {0};

		if (id && state && step && !strcmp(state, "held") && !strcmp(step, "running") &&
		    ord_days_tell(api->days, id, &abort, on_aborted, api, &err))
			on_aborted(api, &err);
	}
}
