/* The verbs of `ordeal ctl`, and their answers for people. */
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/printable.h"
#include "ordeal/fault.h"
#include "scheduler/serve/client/client.h"
#include "scheduler/serve/client/gameday.h"

#define CELL 64

struct verb {
	const char *name;
	bool change;
	const char *path, *behind; /* the name stands between; NULL: events */
	const char *of; /* what the name is of; NULL: it takes none; "": it may be left out */
	void (*print)(const json_t *answer, FILE *out);
};

/* A text of the answer, fit for a terminal; "-" where there is none. */
static const char *cell(const json_t *object, const char *key, char out[static CELL])
{
	const char *text = json_string_value(json_object_get(object, key));

	return ord_printable(text && *text ? text : "-", CELL, out);
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_lease(const json_t *lease, FILE *out)
{
	char state[CELL], ns[CELL], name[CELL], holder[CELL];

	if (json_is_object(lease))
		(void)fprintf(out, "%s: the Lease %s/%s is held by %s\n",
			      cell(lease, "state", state), cell(lease, "namespace", ns),
			      cell(lease, "name", name), cell(lease, "holder", holder));
}

static void print_status(const json_t *a, FILE *out)
{
	const json_t *late = json_object_get(a, "lateness_ns");
	char version[CELL], since[CELL], dir[CELL], who[CELL];

	(void)fprintf(out, "ordeal %s serves %s since %s\n", cell(a, "version", version),
		      cell(a, "dir", dir), cell(a, "since", since));
	if (json_is_true(json_object_get(a, "halted")))
		(void)fprintf(out, "halted by %s: nothing starts until 'ordeal resume'\n",
			      cell(a, "halted_by", who));
	print_lease(json_object_get(a, "lease"), out);
	(void)fprintf(out,
		      "%" JSON_INTEGER_FORMAT " schedules, %" JSON_INTEGER_FORMAT
		      " broken, %" JSON_INTEGER_FORMAT " running, %" JSON_INTEGER_FORMAT
		      " queued\n",
		      number(a, "schedules"), number(a, "broken"), number(a, "running"),
		      number(a, "queued"));
	if (number(late, "n"))
		(void)fprintf(
			out,
			"%" JSON_INTEGER_FORMAT " runs started on time: p99 %" JSON_INTEGER_FORMAT
			" us late, at most %" JSON_INTEGER_FORMAT " us\n",
			number(late, "n"), number(late, "p99") / 1000, number(late, "max") / 1000);
}

/* What a schedule is at, in a word. */
static const char *standing(const json_t *s, char out[static CELL])
{
	if (json_array_size(json_object_get(s, "running")))
		return "running";
	if (json_is_true(json_object_get(s, "stale")))
		return "stale";
	if (json_is_true(json_object_get(s, "paused")))
		return "paused";
	if (json_is_true(json_object_get(s, "skip_next")))
		return "skips next";
	return cell(s, "state", out);
}

static void print_schedule(const json_t *s, FILE *out)
{
	char name[CELL], state[CELL], next[CELL], last[CELL];

	(void)fprintf(out, "%-32s %-11s %-25s %s\n", cell(s, "name", name), standing(s, state),
		      cell(json_object_get(s, "next"), "at", next),
		      cell(json_object_get(s, "last"), "verdict", last));
	if (json_is_string(json_object_get(s, "message")))
		(void)fprintf(out, "  %s\n", json_string_value(json_object_get(s, "message")));
}

static void print_schedules(const json_t *a, FILE *out)
{
	const json_t *all = json_object_get(a, "schedules");

	if (!json_array_size(all)) {
		(void)fputs("no schedule\n", out);
		return;
	}
	(void)fprintf(out, "%-32s %-11s %-25s %s\n", "NAME", "STATE", "NEXT", "LAST");
	for (size_t i = 0; i < json_array_size(all); i++)
		print_schedule(json_array_get(all, i), out);
	if (json_is_true(json_object_get(a, "truncated")))
		(void)fprintf(out,
			      "of %" JSON_INTEGER_FORMAT "; 'ordeal ctl list TEXT' finds others\n",
			      number(a, "total"));
}

static void print_run(const json_t *r, FILE *out)
{
	char key[CELL], name[CELL], state[CELL], phase[CELL], waits[CELL];

	(void)fprintf(out, "%-8s %-32s %-9s %-12s %s\n", cell(r, "key", key), cell(r, "name", name),
		      cell(r, "state", state), cell(r, "phase", phase),
		      json_is_string(json_object_get(r, "waits_for")) ? cell(r, "waits_for", waits)
								      : "");
}

static void print_runs(const json_t *a, FILE *out)
{
	const json_t *all = json_object_get(a, "runs");

	if (!json_array_size(all)) {
		(void)fputs("nothing runs, and nothing waits\n", out);
		return;
	}
	(void)fprintf(out, "%-8s %-32s %-9s %-12s %s\n", "KEY", "NAME", "STATE", "PHASE",
		      "WAITS FOR");
	for (size_t i = 0; i < json_array_size(all); i++)
		print_run(json_array_get(all, i), out);
}

static const struct verb verbs[] = {
	{"status", false, "v1/status", "", NULL, print_status},
	{"list", false, "v1/schedules?text=", "", "", print_schedules},
	{"runs", false, "v1/runs", "", NULL, print_runs},
	{"run", true, "v1/schedules/", "/run", "a schedule", print_run},
	{"pause", true, "v1/schedules/", "/pause", "a schedule", print_schedule},
	{"unpause", true, "v1/schedules/", "/resume", "a schedule", print_schedule},
	{"skip", true, "v1/schedules/", "/skip", "a schedule", print_schedule},
	{"abort", true, "v1/runs/", "/abort", "a run", print_run},
	{"reload", true, "v1/reload", "", NULL, print_status},
	{"watch", false, NULL, NULL, NULL, NULL},
	{"gameday", false, NULL, NULL, NULL, NULL},
};

static const struct verb *verb_find(const char *name, struct ord_err *err)
{
	const char *names[ORD_COUNT(verbs)];
	const char *near;

	for (size_t i = 0; i < ORD_COUNT(verbs); i++) {
		names[i] = verbs[i].name;
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	near = ord_nearest(name, names, ORD_COUNT(names));
	if (near)
		(void)ord_fail(err, ORD_USAGE, "there is no '%.40s', did you mean '%s'?", name,
			       near);
	else
		(void)ord_fail(err, ORD_USAGE, "there is no '%.40s'; --help lists what there is",
			       name);
	return NULL;
}

/* Strips are for a picture: four a second. */
static bool on_event(void *arg, const char *type, const json_t *data)
{
	const struct ord_ctl_order *order = arg;
	ord_autofree char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
	static const char *const details[] = {"phase", "verdict", "reason", "message",
					      "state", "who",	  "note"};
	char name[CELL], key[CELL], detail[CELL] = "-";

	for (size_t i = 0; i < ORD_COUNT(details) && !strcmp(detail, "-"); i++)
		(void)cell(data, details[i], detail);
	if (order->json)
		(void)fprintf(order->out, "{\"event\":\"%s\",\"data\":%s}\n", type,
			      text ? text : "null");
	else if (!strcmp(type, "gameday"))
		ctl_gameday_event(data, order->out);
	else if (strcmp(type, "strip") != 0)
		(void)fprintf(order->out, "%-12s %-8s %-32s %s\n", type, cell(data, "key", key),
			      cell(data, "name", name), detail);
	return fflush(order->out) == 0;
}

static int path_of(const struct verb *v, const struct ord_ctl_order *order, char *ret, size_t size,
		   struct ord_err *err)
{
	bool wants = v->of && *v->of;
	char name[400];

	const char *given = order->n_words ? order->words[0] : NULL;

	if (wants && !given)
		return ord_fail(err, ORD_USAGE, "'%s' takes the name of %s", v->name, v->of);
	if (!v->of && given)
		return ord_fail(err, ORD_USAGE, "'%s' takes no name", v->name);
	if (!client_escape(given ? given : "", name, sizeof name) || (wants && !*name))
		return ord_fail(err, ORD_USAGE, "'%.64s' is no name of %s", given, v->of);
	(void)snprintf(ret, size, "%s%s%s", v->path ? v->path : "", name,
		       v->behind ? v->behind : "");
	return 0;
}

/* What the words of a game day alone take. */
static int only_gameday(const struct verb *v, const struct ord_ctl_order *o, struct ord_err *err)
{
	if (o->by || o->note || o->overrule || o->whole_day)
		return ord_fail(err, ORD_USAGE,
				"'%s' takes none of --by, --note, --overrule and --day: they are "
				"for 'gameday'",
				v->name);
	if (o->n_words > 1)
		return ord_fail(err, ORD_USAGE, "'%.64s' is too much behind '%s %.64s'",
				o->words[1], v->name, o->words[0]);
	return 0;
}

int ord_ctl(const struct ord_ctl_order *order, struct ord_err *err)
{
	const struct verb *v = verb_find(order->verb, err);
	ord_auto(json) json_t *answer = NULL, *body = NULL;
	char path[512];

	if (v && !strcmp(v->name, "gameday"))
		return ctl_gameday(order, err);
	if (!v || only_gameday(v, order, err) || path_of(v, order, path, sizeof path, err))
		return -1;
	if (!v->path)
		return client_watch(order, on_event, (void *)(uintptr_t)order, err);
	if (v->change)
		body = json_object();
	if (client_ask(order, path, body, &answer, err))
		return -1;
	if (!order->json) {
		v->print(answer, order->out);
		return 0;
	}
	if (ord_json_print(answer, JSON_INDENT(2), order->out) || fputc('\n', order->out) == EOF)
		return ord_fail_sys(err, "write");
	return 0;
}
