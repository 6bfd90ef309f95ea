#include "scheduler/gameday/module/event.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"

static void put_text(json_t *line, const char *key, const char *text)
{
	if (text && *text)
		(void)json_object_set_new(line, key, json_string(text));
}

json_t *day_event_json(const struct day_event *e, size_t n_steps)
{
	json_t *line = json_object();
	char at[32];

	if (!line)
		return NULL;
	ord_format_utc(e->at_ns, at);
	put_text(line, "at", at);
	put_text(line, "e", day_kind_name(e->kind));
	if (e->step < n_steps)
		(void)json_object_set_new(line, "step", json_integer((json_int_t)e->step + 1));
	put_text(line, "by", e->by);
	if (e->kind == DAY_E_CHECK)
		put_text(line, "check", ord_gameday_check_name(e->check));
	if (e->kind == DAY_E_CHECK || e->kind == DAY_E_STEADY)
		put_text(line, "result", day_result_name(e->result));
	put_text(line, "what", e->what);
	put_text(line, "text", e->text);
	if (e->kind == DAY_E_ENDED)
		(void)json_object_set_new(line, "exit", json_integer(e->exit));
	put_text(line, "run", e->run);
	put_text(line, "dir", e->dir);
	if (e->overrule)
		(void)json_object_set_new(line, "overrule", json_true());
	if (e->untold)
		(void)json_object_set_new(line, "untold", json_true());
	return line;
}

static const char *text_of(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static int read_check(const json_t *line, struct day_event *e)
{
	const char *check = text_of(line, "check"), *result = text_of(line, "result");
	int i = 0, k = DAY_PASS;

	while (e->kind == DAY_E_CHECK && i < ORD_GAMEDAY_CHECKS &&
	       (!check || strcmp(ord_gameday_check_name((enum ord_gameday_check)i), check) != 0))
		i++;
	while (k <= DAY_CANNOT &&
	       (!result || strcmp(day_result_name((enum day_result)k), result) != 0))
		k++;
	if (i == ORD_GAMEDAY_CHECKS || k > DAY_CANNOT)
		return -1;
	e->check = (enum ord_gameday_check)i;
	e->result = (enum day_result)k;
	return 0;
}

int day_event_read(const json_t *line, size_t n_steps, struct day_event *ret)
{
	struct day_event e = {.kind = day_kind_find(text_of(line, "e")),
			      .step = n_steps,
			      .by = text_of(line, "by"),
			      .text = text_of(line, "text"),
			      .run = text_of(line, "run"),
			      .dir = text_of(line, "dir"),
			      .what = text_of(line, "what"),
			      .overrule = json_is_true(json_object_get(line, "overrule")),
			      .untold = json_is_true(json_object_get(line, "untold"))};
	json_int_t step = json_integer_value(json_object_get(line, "step"));
	int64_t at;

	if (e.kind == DAY_KINDS || step < 0 || (size_t)step > n_steps ||
	    ord_parse_utc(text_of(line, "at"), &at))
		return -1;
	e.at_ns = (uint64_t)at;
	e.step = step ? (size_t)step - 1 : n_steps;
	e.exit = (int)json_integer_value(json_object_get(line, "exit"));
	if ((e.kind == DAY_E_CHECK || e.kind == DAY_E_STEADY) && read_check(line, &e))
		return -1;
	*ret = e;
	return 0;
}

json_t *day_head(const struct day *day, const char *id, uint64_t at_ns)
{
	json_t *steps = json_array(), *roles = json_array(), *head;
	char at[32];

	ord_format_utc(at_ns, at);
	for (size_t i = 0; i < day->spec.n_steps; i++)
		(void)json_array_append_new(steps,
					    json_pack("{s:s, s:b}", "name", day->spec.steps[i].name,
						      "hidden", day->spec.steps[i].hidden ? 1 : 0));
	for (size_t i = 0; i < day->spec.n_roles; i++)
		(void)json_array_append_new(roles,
					    json_pack("{s:s, s:b}", "name", day->spec.roles[i].name,
						      "knows", day->spec.roles[i].knows ? 1 : 0));
	head = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*, s:o, s:o}", "at", at, "e", "session",
			 "version", 1, "id", id, "name", day->spec.name, "briefing",
			 day->spec.briefing, "roles", roles, "steps", steps);
	return head;
}

/* What was hidden, for all. */
static json_t *revealed(const struct day *day, const struct day_session *s,
			const struct day_event *e)
{
	const struct ord_gameday_step *step = &day->spec.steps[e->step];
	json_t *line = day_event_json(e, s->n);
	ord_autofree char *faults = NULL;
	size_t size;
	FILE *out = open_memstream(&faults, &size);

	if (out) {
		day_faults(day, e->step, "", out);
		if (fclose(out))
			faults[0] = '\0';
	}
	put_text(line, "experiment", day->experiments[e->step].spec->name);
	put_text(line, "faults", faults);
	put_text(line, "impact", step->expect.impact);
	put_text(line, "response", step->expect.response);
	put_text(line, "verdict", s->steps[e->step].verdict);
	return line;
}

json_t *day_view(const struct day *day, const struct day_session *s, const struct day_event *e)
{
	bool hidden =
		e->step < s->n && day->spec.steps[e->step].hidden && !s->steps[e->step].revealed;
	struct day_event told = {.kind = e->kind,
				 .step = e->step,
				 .by = e->by,
				 .check = e->check,
				 .result = e->result,
				 .what = e->what,
				 .overrule = e->overrule,
				 .untold = e->untold,
				 .at_ns = e->at_ns};
	json_t *line;

	if (e->kind == DAY_E_REVEAL)
		return hidden ? revealed(day, s, e) : NULL;
	if (!hidden)
		return day_event_json(e, s->n);
	/* When the fault comes and goes is part of what is hidden, and so is what those say who
	 * know. */
	if (e->kind == DAY_E_PHASE || (e->kind == DAY_E_NOTE && day_knows(day, e->by)))
		return NULL;
	if ((e->kind == DAY_E_NOTE || e->kind == DAY_E_MARK) && !day_knows(day, e->by))
		told.text = e->text;
	line = day_event_json(&told, s->n);
	if (e->kind == DAY_E_ENDED)
		(void)json_object_del(line, "exit");
	return line;
}
