/* What the daemon is told to do, and by whom. */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "ordeal/serve.h"
#include "scheduler/serve/api/gamedays.h"

#define BY_MAX	 64
#define NOTE_MAX 400

static const char *const whats[] = {"detected", "acknowledged", "mitigated", "resolved"};

static bool has_schedule(struct api_request *q)
{
	json_t *json = ord_serve_schedule(q->api->serve, q->names[0]);

	json_decref(json);
	return json != NULL;
}

static bool has_run(struct api_request *q)
{
	ord_auto(json) json_t *all = ord_serve_runs(q->api->serve);
	json_t *run;
	size_t i;

	json_array_foreach (json_object_get(all, "runs"), i, run) {
		const char *key = json_string_value(json_object_get(run, "key"));
		const char *id = json_string_value(json_object_get(run, "run"));

		if ((key && !strcmp(key, q->names[0])) || (id && !strcmp(id, q->names[0])))
			return true;
	}
	return false;
}

/* What was asked for is right, and there is such a thing: it does not go as things are. */
static void refuse(struct api_answer *a, const struct ord_err *why)
{
	struct ord_err err = *why;

	if (err.code == ORD_USAGE)
		err.code = ORD_GUARD;
	api_failed(a, &err);
}

static void give(struct api_request *q, struct api_answer *a, struct ord_serve_order *order,
		 unsigned status)
{
	struct ord_err err = {0};
	json_t *json = NULL;

	order->name = q->names[0];
	order->who = q->who.text;
	if (ord_serve_do(q->api->serve, order, &json, &err) == 0) {
		api_json_for(q, a, status, json ? json : json_object());
		return;
	}
	refuse(a, &err);
}

/* A game day is no run: people hold it. */
static bool run_gameday(struct api_request *q, struct api_answer *a)
{
	ord_auto(json) json_t *schedule = ord_serve_schedule(q->api->serve, q->names[0]);
	const char *kind = json_string_value(json_object_get(schedule, "kind"));

	if (!kind || strcmp(kind, "GameDay") != 0)
		return false;
	api_gameday_run(q, a, schedule, MHD_HTTP_ACCEPTED);
	return true;
}

static void to_schedule(struct api_request *q, struct api_answer *a, enum ord_serve_verb verb)
{
	struct ord_serve_order order = {.verb = verb};

	if (verb == ORD_SERVE_RUN_NOW && run_gameday(q, a))
		return;
	if (has_schedule(q))
		give(q, a, &order, verb == ORD_SERVE_RUN_NOW ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK);
	else
		api_problem(a, MHD_HTTP_NOT_FOUND, "there is no schedule '%.64s'", q->names[0]);
}

void api_run_now(struct api_request *q, struct api_answer *a)
{
	to_schedule(q, a, ORD_SERVE_RUN_NOW);
}

void api_pause(struct api_request *q, struct api_answer *a)
{
	to_schedule(q, a, ORD_SERVE_PAUSE);
}

void api_unpause(struct api_request *q, struct api_answer *a)
{
	to_schedule(q, a, ORD_SERVE_RESUME);
}

void api_skip(struct api_request *q, struct api_answer *a)
{
	to_schedule(q, a, ORD_SERVE_SKIP_NEXT);
}

/* The texts of the body; keys are known already. */
static int read_texts(struct api_request *q, struct ord_serve_order *order, struct ord_err *err)
{
	return ord_json_opt_text(q->json, "by", BY_MAX, &order->by, err) ||
			       ord_json_opt_text(q->json, "note", NOTE_MAX, &order->note, err)
		       ? -1
		       : 0;
}

static int read_what(struct api_request *q, struct ord_serve_order *order, struct ord_err *err)
{
	if (ord_json_text(q->json, "what", BY_MAX, &order->what, err))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(whats); i++)
		if (!strcmp(order->what, whats[i]))
			return 0;
	return ord_fail(err, ORD_USAGE,
			"'what' is detected, acknowledged, mitigated or resolved, not '%.40s'",
			order->what);
}

static bool read_words(struct api_request *q, struct api_answer *a, struct ord_serve_order *order)
{
	struct ord_err err;

	if (read_texts(q, order, &err) ||
	    (order->verb == ORD_SERVE_MARK && read_what(q, order, &err))) {
		api_failed(a, &err);
	} else if (order->verb == ORD_SERVE_NOTE && (!order->note || !*order->note)) {
		api_problem(a, MHD_HTTP_BAD_REQUEST, "'note' is missing: what is to be noted?");
	} else if (!has_run(q)) {
		api_problem(a, MHD_HTTP_NOT_FOUND, "no run '%.64s' runs or waits", q->names[0]);
	} else {
		order->name = q->names[0];
		order->who = q->who.text;
		return true;
	}
	return false;
}

void api_abort(struct api_request *q, struct api_answer *a)
{
	struct ord_serve_order order = {.verb = ORD_SERVE_ABORT};

	if (read_words(q, a, &order))
		give(q, a, &order, MHD_HTTP_OK);
}

/* The run has answered, or did not. */
static void on_said(void *arg, const json_t *told, const struct ord_err *err)
{
	struct api_request *q = arg;

	if (told)
		api_json_for(q, &q->answer, MHD_HTTP_OK, json_deep_copy(told));
	else
		refuse(&q->answer, err);
	api_go_on(q);
}

static void say(struct api_request *q, struct api_answer *a, enum ord_serve_verb verb)
{
	struct ord_serve_order order = {.verb = verb};
	struct ord_err err = {0};

	if (!read_words(q, a, &order))
		return;
	if (ord_serve_say(q->api->serve, &order, on_said, q, &err))
		refuse(a, &err);
	else
		api_wait(q);
}

void api_mark(struct api_request *q, struct api_answer *a)
{
	say(q, a, ORD_SERVE_MARK);
}

void api_note(struct api_request *q, struct api_answer *a)
{
	say(q, a, ORD_SERVE_NOTE);
}

static void to_daemon(struct api_request *q, struct api_answer *a, enum ord_serve_verb verb)
{
	struct ord_serve_order order = {.verb = verb};
	struct ord_err err;

	if (read_texts(q, &order, &err))
		api_failed(a, &err);
	else
		give(q, a, &order, MHD_HTTP_OK);
}

void api_halt(struct api_request *q, struct api_answer *a)
{
	to_daemon(q, a, ORD_SERVE_HALT);
}

void api_resume(struct api_request *q, struct api_answer *a)
{
	to_daemon(q, a, ORD_SERVE_UNHALT);
}

/* The folder is looked through in any case. */
void api_reload(struct api_request *q, struct api_answer *a)
{
	struct ord_err err = {0};
	int r = ord_api_reload(q->api, &err);

	to_daemon(q, a, ORD_SERVE_RELOAD);
	if (r)
		api_problem(a, MHD_HTTP_CONFLICT,
			    "%s; settings, tokens and certificate stay as they were", err.msg);
}
