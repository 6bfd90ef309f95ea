/* `ordeal ctl gameday`: sessions of game days, for those who have a token and no account there. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/printable.h"
#include "base/units.h"
#include "ordeal/fault.h"
#include "scheduler/serve/client/client.h"
#include "scheduler/serve/client/gameday.h"

#define CELL 64
#define SAID 600

struct verb {
	const char *name;
	const char *of;	  /* what the first word is: "a session", NULL: there is none */
	const char *more; /* the key of the second: "note"; NULL: there is none */
	const char *must; /* what it is, where it must be there */
	bool change;
};

static const struct verb verbs[] = {
	{"list", NULL, NULL, NULL, false},
	{"begin", "a game day", NULL, NULL, true},
	{"show", "a session", NULL, NULL, false},
	{"go", "a session", NULL, NULL, true},
	{"hold", "a session", NULL, NULL, true},
	{"skip", "a session", NULL, NULL, true},
	{"check", "a session", NULL, NULL, true},
	{"leave", "a session", NULL, NULL, true},
	{"abort", "a session", NULL, NULL, true},
	{"reveal", "a session", "step", NULL, true},
	{"note", "a session", "note", "a text", true},
	{"mark", "a session", "what", "detected, acknowledged, mitigated or resolved", true},
	{"resume", "a session", NULL, NULL, true},
};

static const struct verb *verb_find(const char *name, struct ord_err *err)
{
	const char *names[ORD_COUNT(verbs)], *near;

	for (size_t i = 0; i < ORD_COUNT(verbs); i++) {
		names[i] = verbs[i].name;
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	near = ord_nearest(name, names, ORD_COUNT(names));
	(void)ord_fail(err, ORD_USAGE, "a game day has no '%.40s'%s%s%s", name,
		       near ? "; did you mean '" : "; --help lists what there is", near ? near : "",
		       near ? "'?" : "");
	return NULL;
}

/* ---- what is asked */

static int check_words(const struct verb *v, const struct ord_ctl_order *o, struct ord_err *err)
{
	size_t most = !v->of ? 1 : v->more ? 3 : 2;

	if (v->of && o->n_words < 2)
		return ord_fail(err, ORD_USAGE, "'gameday %s' takes the name of %s", v->name,
				v->of);
	if (v->must && o->n_words < 3)
		return ord_fail(err, ORD_USAGE, "'gameday %s' takes %s behind the session", v->name,
				v->must);
	if (o->n_words > most)
		return ord_fail(err, ORD_USAGE, "'%.40s' is too much behind 'gameday %s'",
				o->words[most], v->name);
	return 0;
}

/* The body: what was said, with whatever belongs to it. Owned. */
static int body_of(const struct verb *v, const struct ord_ctl_order *o, json_t **ret,
		   struct ord_err *err)
{
	const char *more = v->more && o->n_words > 2 ? o->words[2] : NULL;
	const char *note = more && !strcmp(v->more, "note") ? more : o->note;
	json_t *body;
	int64_t step;

	if (!strcmp(v->name, "begin"))
		body = json_pack("{s:s}", "name", o->words[1]);
	else
		body = json_pack("{s:s*,s:s*}", "by", o->by, "note", note);
	if (!body)
		return ord_fail(err, ORD_USAGE, "a note is a text in UTF-8");
	if (o->overrule)
		(void)json_object_set_new(body, "overrule", json_true());
	if (o->whole_day)
		(void)json_object_set_new(body, "day", json_true());
	if (more && !strcmp(v->more, "what"))
		(void)json_object_set_new(body, "what", json_string(more));
	if (more && !strcmp(v->more, "step")) {
		if (ord_parse_int(more, 1, 1000, &step, err)) {
			json_decref(body);
			return ord_wrap(err, "reveal");
		}
		(void)json_object_set_new(body, "step", json_integer(step));
	}
	*ret = body;
	return 0;
}

/* The id of a session; "latest" is the newest. */
static int session_of(const struct ord_ctl_order *o, const char *name, char *ret, size_t size,
		      struct ord_err *err)
{
	ord_auto(json) json_t *all = NULL;
	const char *id = name;

	if (!strcmp(name, "latest")) {
		if (client_ask(o, "v1/gamedays", NULL, &all, err))
			return -1;
		id = json_string_value(
			json_object_get(json_array_get(json_object_get(all, "sessions"), 0), "id"));
		if (!id)
			return ord_fail(err, ORD_USAGE, "there is no session yet");
	}
	if (!client_escape(id, ret, size) || !*ret)
		return ord_fail(err, ORD_USAGE, "'%.64s' is no name of a session", id);
	return 0;
}

static int path_of(const struct verb *v, const struct ord_ctl_order *o, char *ret, size_t size,
		   struct ord_err *err)
{
	char id[400];

	if (!v->of || !strcmp(v->name, "begin")) {
		(void)snprintf(ret, size, "v1/gamedays");
		return 0;
	}
	if (session_of(o, o->words[1], id, sizeof id, err))
		return -1;
	(void)snprintf(ret, size, "v1/gamedays/%s%s%s", id, v->change ? "/" : "",
		       v->change ? v->name : "");
	return 0;
}

/* ---- and its answers, for people */

/* Fit for a terminal; "" where there is none. */
static const char *cell(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	return ord_printable(text ? text : "", size, out);
}

static void print_session(const json_t *s, FILE *out)
{
	char id[CELL * 2], state[CELL], step[CELL];
	const json_t *steps = json_object_get(s, "steps");
	json_int_t n = json_is_array(steps) ? (json_int_t)json_array_size(steps)
					    : json_integer_value(steps);

	(void)fprintf(out,
		      "%-40s %-5s step %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " %s\n",
		      cell(s, "id", id, sizeof id), cell(s, "state", state, sizeof state),
		      json_integer_value(json_object_get(s, "step")), n,
		      cell(s, "step_state", step, sizeof step));
}

static void print_list(const json_t *answer, FILE *out)
{
	const json_t *sessions = json_object_get(answer, "sessions"), *item;
	char name[CELL];
	size_t i;

	json_array_foreach (sessions, i, item)
		print_session(item, out);
	json_array_foreach (json_object_get(answer, "files"), i, item)
		(void)fprintf(out, "%s: %" JSON_INTEGER_FORMAT " steps; 'begin %s' begins it\n",
			      cell(item, "name", name, sizeof name),
			      json_integer_value(json_object_get(item, "steps")), name);
	if (!json_array_size(sessions) && !json_array_size(json_object_get(answer, "files")))
		(void)fputs("no game day\n", out);
}

static void print_step(const json_t *step, FILE *out)
{
	char state[CELL], name[2 * CELL], text[SAID], result[CELL];
	const json_t *item;
	size_t i;

	(void)fprintf(out, "%2" JSON_INTEGER_FORMAT ". %-11s %s%s\n",
		      json_integer_value(json_object_get(step, "n")),
		      cell(step, "state", state, sizeof state),
		      cell(step, "name", name, sizeof name),
		      json_is_true(json_object_get(step, "hidden")) &&
				      !json_is_true(json_object_get(step, "revealed"))
			      ? " (hidden)"
			      : "");
	json_array_foreach (json_object_get(step, "faults"), i, item)
		if (json_is_string(item))
			(void)fprintf(out, "      %s\n",
				      ord_printable(json_string_value(item), sizeof text, text));
	json_array_foreach (json_object_get(step, "checks"), i, item)
		if (strcmp(cell(item, "result", result, sizeof result), "unknown") != 0)
			(void)fprintf(out, "      %-13s %-7s %s\n",
				      cell(item, "check", name, sizeof name), result,
				      cell(item, "text", text, sizeof text));
	if (*cell(step, "verdict", text, sizeof text))
		(void)fprintf(out, "      %s\n", text);
}

static void print_whole(const json_t *s, FILE *out)
{
	const json_t *item;
	char verb[CELL];
	size_t i;

	print_session(s, out);
	json_array_foreach (json_object_get(s, "steps"), i, item)
		print_step(item, out);
	if (!json_array_size(json_object_get(s, "may")))
		return;
	(void)fputs("you may:", out);
	json_array_foreach (json_object_get(s, "may"), i, item)
		if (json_is_string(item))
			(void)fprintf(out, " %s",
				      ord_printable(json_string_value(item), sizeof verb, verb));
	(void)fputc('\n', out);
}

static int print(const struct verb *v, const struct ord_ctl_order *o, const json_t *answer,
		 struct ord_err *err)
{
	char id[2 * CELL];

	if (o->json) {
		if (ord_json_print(answer, JSON_INDENT(2), o->out) || fputc('\n', o->out) == EOF)
			return ord_fail_sys(err, "write");
	} else if (!strcmp(v->name, "list")) {
		print_list(answer, o->out);
	} else if (!strcmp(v->name, "show")) {
		print_whole(answer, o->out);
	} else {
		(void)fprintf(o->out, "%s\n", cell(answer, "id", id, sizeof id));
	}
	return 0;
}

int ctl_gameday(const struct ord_ctl_order *o, struct ord_err *err)
{
	const struct verb *v = verb_find(o->n_words ? o->words[0] : "list", err);
	ord_auto(json) json_t *body = NULL, *answer = NULL;
	char path[512];

	if (!v || check_words(v, o, err) || path_of(v, o, path, sizeof path, err) ||
	    (v->change && body_of(v, o, &body, err)) || client_ask(o, path, body, &answer, err))
		return -1;
	return print(v, o, answer, err);
}

void ctl_gameday_event(const json_t *data, FILE *out)
{
	const json_t *line = json_object_get(data, "line");
	const json_int_t step = json_integer_value(json_object_get(line, "step"));
	char id[2 * CELL], e[CELL], by[CELL], text[SAID], what[CELL], at[16] = "";

	/* What a run is at is for a picture. */
	if (json_object_get(data, "live"))
		return;
	if (!line) {
		(void)fprintf(out, "%-12s %s %s\n", "gameday", cell(data, "id", id, sizeof id),
			      cell(data, "state", e, sizeof e));
		return;
	}
	if (step)
		(void)snprintf(at, sizeof at, " step %d", (int)step);
	(void)cell(line, *cell(line, "check", what, sizeof what) ? "check" : "what", what,
		   sizeof what);
	(void)fprintf(out, "%-12s %s%s %s%s%s%s%s%s%s\n", "gameday",
		      cell(data, "id", id, sizeof id), at, cell(line, "e", e, sizeof e),
		      *what ? " " : "", what, *cell(line, "by", by, sizeof by) ? " by " : "", by,
		      *cell(line, "text", text, sizeof text) ? ": " : "", text);
}
