/* Sessions as JSON, for those who know and for those who do not. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "scheduler/gameday/module/report.h"
#include "scheduler/gameday/module/session.h"
#include "scheduler/gameday/window/seen.h"

#define LOG_MAX (64u << 20)

/* ---- what the day's own files say */

static json_t *lines_of(const char *text)
{
	json_t *list = json_array();

	for (const char *end; text && (end = strchr(text, '\n')); text = end + 1)
		(void)json_array_append_new(list, json_stringn(text, (size_t)(end - text)));
	return list;
}

static json_t *faults_of(const struct day *day, size_t step)
{
	ord_autofree char *text = NULL;
	size_t size;
	FILE *out = day->experiments[step].spec ? open_memstream(&text, &size) : NULL;

	if (out) {
		day_faults(day, step, "", out);
		if (fclose(out))
			return json_array();
	}
	return lines_of(text);
}

/* null: nothing is said. */
static json_t *duration(uint64_t ns)
{
	char text[32];

	return ns ? json_string(ord_format_duration((int64_t)ns, text)) : json_null();
}

static json_t *checks_of(const struct ord_gameday_step *step)
{
	json_t *list = json_array();

	for (int i = 0; i < ORD_GAMEDAY_CHECKS; i++)
		if (step->checks & 1u << i)
			(void)json_array_append_new(list, json_string(ord_gameday_check_name(
								  (enum ord_gameday_check)i)));
	return list;
}

static json_t *step_card(const struct day *day, size_t i)
{
	const struct ord_gameday_step *step = &day->spec.steps[i];
	const struct ord_spec *spec = day->experiments[i].spec;

	return json_pack("{s:s?,s:o,s:{s:s?,s:s?,s:o,s:o},s:o,s:I,s:s?}", "experiment",
			 spec ? spec->name : NULL, "faults", faults_of(day, i), "expect", "impact",
			 step->expect.impact, "response", step->expect.response, "detect_within",
			 duration(step->expect.detect_ns), "recover_within",
			 duration(step->expect.recover_ns), "checks", checks_of(step),
			 "time_box_ms", (json_int_t)(step->time_box_ns / ORD_MS), "rollback",
			 step->rollback);
}

static json_t *roles_of(const struct day *day)
{
	json_t *list = json_array();

	for (size_t i = 0; i < day->spec.n_roles; i++)
		(void)json_array_append_new(list, json_pack("{s:s,s:s?,s:b}", "name",
							    day->spec.roles[i].name, "does",
							    day->spec.roles[i].does, "knows",
							    day->spec.roles[i].knows));
	return list;
}

json_t *seen_card(const struct ord_days *w, const char *id)
{
	char path[ORD_PATH_MAX + ORD_DAYS_ID_MAX];
	ord_autofree char *said = NULL;
	struct day *day = NULL;
	json_t *card = NULL, *steps;
	size_t size;
	FILE *say = open_memstream(&said, &size);

	(void)snprintf(path, sizeof path, "%s/%s", w->path, id);
	if (!say)
		return NULL;
	if (day_load_kept(path, say, &day) == 0) {
		steps = json_array();
		for (size_t i = 0; i < day->spec.n_steps; i++)
			(void)json_array_append_new(steps, step_card(day, i));
		card = json_pack("{s:o,s:o}", "roles", roles_of(day), "steps", steps);
	}
	day_free(day);
	(void)fclose(say);
	return card;
}

/* ---- a session in a line */

const char *seen_state(const struct seen *s)
{
	if (s->summary || (s->live && s->live->state.over))
		return "over";
	return s->held ? "held" : "left";
}

/* The step that is the next, or the last. */
static size_t step_of(const struct day_session *state)
{
	return state->current < state->n ? state->current : state->n - 1;
}

json_t *seen_summary(const struct seen *s)
{
	const struct day_session *state = s->live ? &s->live->state : NULL;
	size_t step;

	if (!state)
		return json_incref(s->summary);
	step = step_of(state);
	return json_pack("{s:s,s:O,s:O,s:s,s:I,s:I,s:s}", "id", s->id, "name",
			 json_object_get(s->head, "name"), "at", json_object_get(s->head, "at"),
			 "state", seen_state(s), "step", (json_int_t)step + 1, "steps",
			 (json_int_t)state->n, "step_state",
			 day_state_name(state->steps[step].state));
}

/* ---- and whole */

static json_t *time_of(uint64_t wall_ns)
{
	char text[32];

	if (!wall_ns)
		return json_null();
	ord_format_utc(wall_ns, text);
	return json_string(text);
}

static json_t *checks_now(const struct seen_live *live, size_t i, const json_t *card, bool told)
{
	const enum day_result *results = live->state.steps[i].checks;
	json_t *list = json_array();

	for (int k = 0; k < ORD_GAMEDAY_CHECKS; k++) {
		const char *name = ord_gameday_check_name((enum ord_gameday_check)k), *wanted;
		bool is_wanted = !card && results[k];
		const json_t *item;
		size_t j;

		json_array_foreach (json_object_get(card, "checks"), j, item) {
			wanted = json_string_value(item);
			is_wanted = is_wanted || (wanted && !strcmp(wanted, name));
		}
		if (is_wanted)
			(void)json_array_append_new(
				list, json_pack("{s:s,s:s,s:O*}", "check", name, "result",
						day_result_name(results[k]), "text",
						told ? json_object_get(live->steps[i].checks, name)
						     : NULL));
	}
	return list;
}

/* What is of a step that is not hidden, or from those who know. */
static void add_told(const struct seen_live *live, size_t i, const json_t *card, json_t *ret)
{
	static const char *const keys[] = {"experiment", "faults", "expect", "rollback"};
	const struct day_step *step = &live->state.steps[i];

	for (size_t k = 0; k < ORD_COUNT(keys); k++)
		if (json_object_get(card, keys[k]))
			(void)json_object_set(ret, keys[k], json_object_get(card, keys[k]));
	if (*live->steps[i].run)
		(void)json_object_set_new(ret, "run", json_string(live->steps[i].run));
	if (*live->steps[i].phase)
		(void)json_object_set_new(ret, "phase", json_string(live->steps[i].phase));
	if (*step->verdict)
		(void)json_object_set_new(ret, "verdict", json_string(step->verdict));
	if (step->ended_ns)
		(void)json_object_set_new(ret, "exit", json_integer(step->exit));
}

static json_t *step_json(const struct seen *s, size_t i, bool all)
{
	const struct seen_live *live = s->live;
	const struct day_step *step = &live->state.steps[i];
	const json_t *head = json_array_get(json_object_get(s->head, "steps"), i);
	const json_t *card = json_array_get(json_object_get(live->card, "steps"), i);
	bool hidden = json_is_true(json_object_get(head, "hidden"));
	bool told = all || !hidden || step->revealed;
	json_t *ret =
		json_pack("{s:I,s:O,s:b,s:b,s:s,s:b,s:o,s:O*,s:o,s:o}", "n", (json_int_t)i + 1,
			  "name", json_object_get(head, "name"), "hidden", hidden, "revealed",
			  hidden && step->revealed, "state", day_state_name(step->state),
			  "aborting", step->aborting && step->state == DAY_RUNNING, "checks",
			  checks_now(live, i, card, told), "time_box_ms",
			  json_object_get(card, "time_box_ms"), "since",
			  time_of(live->steps[i].since_ns), "went", time_of(step->went_ns));

	if (ret && told)
		add_told(live, i, card, ret);
	return ret;
}

static bool any_hidden(const struct seen *s)
{
	for (size_t i = 0; i < s->live->state.n; i++)
		if (seen_is_hidden(s, i))
			return true;
	return false;
}

/* What can be done to it now, whoever may. */
static json_t *may(const struct seen *s)
{
	static const struct {
		const char *verb;
		enum day_kind kind;
	} decisions[] = {
		{"go", DAY_E_GO},	 {"hold", DAY_E_HOLD},	{"skip", DAY_E_SKIP},
		{"check", DAY_E_CHECKS}, {"leave", DAY_E_LEFT}, {"abort", DAY_E_ABORT},
	};
	const struct day_session *state = &s->live->state;
	json_t *list = json_array();

	if (state->over)
		return list;
	if (!s->held) {
		(void)json_array_append_new(list, json_string("resume"));
		return list;
	}
	for (size_t i = 0; i < ORD_COUNT(decisions); i++) {
		struct day_event e = {.kind = decisions[i].kind,
				      .step = state->current,
				      .by = ORD_GAMEDAY_OWNER,
				      .overrule = true};

		if (!day_refuses(state, &e))
			(void)json_array_append_new(list, json_string(decisions[i].verb));
	}
	if (any_hidden(s))
		(void)json_array_append_new(list, json_string("reveal"));
	(void)json_array_append_new(list, json_string("note"));
	(void)json_array_append_new(list, json_string("mark"));
	return list;
}

/* The holder writes it after the last line. */
static bool has_report(const struct seen *s)
{
	char path[ORD_DAYS_ID_MAX + 32];

	(void)snprintf(path, sizeof path, "%s/" REPORT_FILE, s->id);
	return !faccessat(s->w->home, path, F_OK, 0);
}

static json_t *whole(const struct seen *s, bool all)
{
	const json_t *roles = json_object_get(s->live->card, "roles");
	json_t *ret = seen_summary(s), *steps = json_array();
	bool overrule = s->live->state.current < s->live->state.n &&
			day_failed(&s->live->state.steps[s->live->state.current]);

	for (size_t i = 0; i < s->live->state.n; i++)
		(void)json_array_append_new(steps, step_json(s, i, all));
	if (!roles)
		roles = json_object_get(s->head, "roles");
	if (json_object_update_new(ret, json_pack("{s:s,s:O?,s:O?,s:o,s:o,s:b,s:b}", "view",
						  all ? "all" : "responder", "briefing",
						  json_object_get(s->head, "briefing"), "roles",
						  roles, "steps", steps, "may", may(s), "overrule",
						  overrule, "report", has_report(s)))) {
		json_decref(ret);
		return NULL;
	}
	if (s->now && (all || !seen_now_is_hidden(s)))
		(void)json_object_set(ret, "live", s->now);
	return ret;
}

int ord_days_show(struct ord_days *w, const char *id, enum ord_days_view view, json_t **ret,
		  struct ord_err *err)
{
	struct seen *s = seen_must(w, id, err);
	json_t *json;

	if (!s || seen_load(s, err))
		return -1;
	if (!s->summary)
		seen_look(s);
	json = whole(s, view == ORD_DAYS_ALL);
	seen_rest(s);
	if (!json)
		return ord_fail_nomem(err);
	*ret = json;
	return 0;
}

int ord_days_lines(struct ord_days *w, const char *id, enum ord_days_view view, uint64_t after,
		   json_t **ret, struct ord_err *err)
{
	const struct seen *s = seen_must(w, id, err);
	ord_autofree char *text = NULL;
	char path[ORD_DAYS_ID_MAX + 32];
	json_t *list, *line;
	uint64_t n = 0;
	size_t size;

	if (!s)
		return -1;
	(void)snprintf(path, sizeof path, "%s/%s", id,
		       view == ORD_DAYS_ALL ? SESSION_LOG : SESSION_VIEW);
	if (ord_file_read_at(w->home, path, LOG_MAX, &text, &size, err))
		return -1;
	list = json_array();
	for (const char *p = text, *end;
	     n < after + ORD_DAYS_LINES_MAX && (end = memchr(p, '\n', size - (size_t)(p - text)));
	     p = end + 1) {
		if (n++ < after)
			continue;
		line = json_loadb(p, (size_t)(end - p), 0, NULL);
		(void)json_array_append_new(list, line ? line : json_null());
	}
	*ret = json_pack("{s:o,s:I}", "lines", list, "next", (json_int_t)n);
	return *ret ? 0 : ord_fail_nomem(err);
}
