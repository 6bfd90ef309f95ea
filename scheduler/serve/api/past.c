/*
 * Runs that are over: the history's lists. They are asked for beside the loop, and so is the text
 * of the answer made; what may be seen of them is decided in the loop, between the two.
 */
#include "scheduler/serve/api/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/serve/api/gamedays.h"

#define RUNS_MAX 1000

/* --- questions -------------------------------------------------------------------------------- */

static void question_free(struct api_question *k)
{
	json_decref(k->names);
	json_decref(k->labels);
	json_decref(k->json);
	free(k->body);
	free(k);
}

struct api_question *api_question_new(struct api_request *q, struct api_answer *a)
{
	struct api_question *k = calloc(1, sizeof *k);

	if (!k) {
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
		return NULL;
	}
	k->q = q;
	k->of = (struct ord_history){.dir = q->api->options.history, .home = q->api->options.runs};
	k->filter = ORD_HISTORY_ALL;
	return k;
}

void api_question_end(struct api_question *k)
{
	struct api_request *q = k->q;

	if (!q->answer.status)
		api_failed(&q->answer, &k->err);
	question_free(k);
	api_go_on(q);
}

static void on_done(struct api_work *w)
{
	struct api_question *k = (struct api_question *)w;

	if (w->dropped)
		(void)ord_fail(&k->err, ORD_SKIP, "the daemon ends");
	if (w->dropped || k->failed)
		api_question_end(k);
	else
		k->then(k);
}

static bool hand_in(struct api_question *k, void (*work)(struct api_work *w),
		    void (*then)(struct api_question *k))
{
	k->work.work = work;
	k->work.done = on_done;
	k->then = then;
	return api_aside_do(k->q->api->aside, &k->work);
}

void api_question_ask(struct api_question *k, void (*work)(struct api_work *w),
		      void (*then)(struct api_question *k))
{
	struct api_request *q = k->q;

	if (hand_in(k, work, then)) {
		api_wait(q);
		return;
	}
	question_free(k);
	api_problem(&q->answer, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "too many ask for the history at once");
}

/* --- the answer's text ------------------------------------------------------------------------ */

static void print(struct api_work *w)
{
	struct api_question *k = (struct api_question *)w;
	ord_auto(json) json_t *json = k->json;
	FILE *out = open_memstream(&k->body, &k->size);
	int r = out ? ord_json_print(json, JSON_COMPACT, out) : -1;

	k->json = NULL;
	if (out && (fputc('\n', out) == EOF || fclose(out)))
		r = -1;
	k->failed = r != 0;
	if (r)
		(void)ord_fail_nomem(&k->err);
}

static void printed(struct api_question *k)
{
	api_text(&k->q->answer, "application/json", ord_steal_ptr(k->body), k->size);
	api_question_end(k);
}

/* json: what is answered, taken. */
static void answer(struct api_question *k, json_t *json, void (*work)(struct api_work *w))
{
	k->json = json;
	if (!json)
		(void)ord_fail_nomem(&k->err);
	else if (hand_in(k, work, printed))
		return;
	else
		(void)ord_fail(&k->err, ORD_SKIP, "too many ask for the history at once");
	api_question_end(k);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* label=KEY=VALUE, as often as there are. False: the answer says what is wrong. */
static bool read_labels(struct api_question *k, struct api_answer *a)
{
	const struct api_target *t = &k->q->target;

	k->labels = json_object();
	for (size_t i = 0; i < t->n_args; i++) {
		const char *value = t->args[i].value, *equals = strchr(value, '=');

		if (strcmp(t->args[i].name, "label") != 0)
			continue;
		if (!equals || equals == value) {
			api_problem(a, MHD_HTTP_BAD_REQUEST, "label: write it as KEY=VALUE");
			return false;
		}
		if (json_object_setn_new(k->labels, value, (size_t)(equals - value),
					 json_string(equals + 1))) {
			api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
			return false;
		}
	}
	k->filter.labels = k->labels;
	return true;
}

static bool read_name(struct api_question *k, struct api_answer *a, const char *name)
{
	k->names = name ? json_pack("[s]", name) : json_array();
	k->filter.names = k->names;
	if (!k->names)
		api_problem(a, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
	return k->names != NULL;
}

/* Where another page ended, or an instant. */
static bool read_before(struct api_question *k, struct api_answer *a)
{
	const char *before = api_target_arg(&k->q->target, "before");
	size_t digits = before ? strspn(before, "-0123456789") : 0;

	if (before && before[digits] == ':') {
		k->filter.before = before;
		return true;
	}
	return api_arg_instant(k->q, a, "before", INT64_MAX, &k->filter.until);
}

static void list(struct api_work *w)
{
	struct api_question *k = (struct api_question *)w;

	k->failed = ord_history_page(&k->of, &k->filter, &k->json, &k->err) != 0;
}

/* Newest first. */
static void listed(struct api_question *k)
{
	json_t *runs = json_object_get(k->json, "runs"), *page = json_array();
	json_t *before = json_object_get(k->json, "before");
	bool more = !json_is_null(before);

	api_runs_veil(k->q, runs);
	for (size_t i = json_array_size(runs); i-- > 0;)
		(void)json_array_append(page, json_array_get(runs, i));
	before = json_incref(before);
	json_decref(k->json);
	answer(k, json_pack("{s:o,s:b,s:o}", "runs", page, "more", more, "before", before), print);
}

void api_history(struct api_request *q, struct api_answer *a)
{
	struct api_question *k = api_question_new(q, a);
	size_t limit;

	if (!k)
		return;
	k->filter.verdict = api_target_arg(&q->target, "verdict");
	k->filter.missed = true;
	if (!read_labels(k, a) || !read_name(k, a, api_target_arg(&q->target, "name")) ||
	    !read_before(k, a) || !api_arg_instant(q, a, "since", INT64_MIN, &k->filter.since) ||
	    !api_arg_count(q, a, "limit", RUNS_MAX, 100, &limit)) {
		question_free(k);
		return;
	}
	k->filter.last = limit;
	api_question_ask(k, list, listed);
}

/* --- trends ----------------------------------------------------------------------------------- */

static const char *trend_name(const struct api_question *k)
{
	return api_target_arg(&k->q->target, "name");
}

static void list_all(struct api_work *w)
{
	struct api_question *k = (struct api_question *)w;
	bool made;

	k->failed = ord_history_list(&k->of, &k->filter, &k->json, &made, &k->err) != 0;
}

static void print_trend(struct api_work *w)
{
	struct api_question *k = (struct api_question *)w;
	ord_auto(json) json_t *runs = k->json;
	const char *figure = api_target_arg(&k->q->target, "figure");

	k->json = NULL;
	k->failed = ord_trend(trend_name(k), runs, figure, &k->json, &k->err) != 0;
	if (!k->failed)
		print(w);
}

static void all_listed(struct api_question *k)
{
	json_t *runs = ord_steal_ptr(k->json);

	api_runs_veil(k->q, runs);
	if (json_array_size(runs)) {
		answer(k, runs, print_trend);
		return;
	}
	json_decref(runs);
	api_problem(&k->q->answer, MHD_HTTP_NOT_FOUND, "the history has no run of '%.64s'",
		    trend_name(k));
	api_question_end(k);
}

void api_trend(struct api_request *q, struct api_answer *a)
{
	struct api_question *k = api_question_new(q, a);

	if (!k)
		return;
	if (!trend_name(k)) {
		api_problem(a, MHD_HTTP_BAD_REQUEST, "name: the trend of which experiment?");
		question_free(k);
	} else if (!read_name(k, a, trend_name(k))) {
		question_free(k);
	} else {
		api_question_ask(k, list_all, all_listed);
	}
}
