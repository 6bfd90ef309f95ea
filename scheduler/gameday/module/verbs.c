#include "scheduler/gameday/module/verbs.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/units.h"
#include "scheduler/gameday/module/hold.h"
#include "scheduler/gameday/module/report.h"
#include "scheduler/gameday/module/watch.h"

static int validate(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	struct day *day = NULL;

	(void)err;
	*ret_exit = day_load(o->operands[0], o->err, &day);
	if (*ret_exit == DAY_OK)
		(void)fprintf(o->out, "%s: ok; a game day of %zu step%s\n", o->operands[0],
			      day->spec.n_steps, day->spec.n_steps == 1 ? "" : "s");
	day_free(day);
	return 0;
}

static int plan(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	struct day *day = NULL;
	int r = 0;

	*ret_exit = day_load(o->operands[0], o->err, &day);
	if (*ret_exit == DAY_OK) {
		r = day_role_check(day, o->role, err);
		if (!r)
			day_page(day, day_knows(day, o->role), o->out);
	}
	day_free(day);
	return r;
}

static int schema(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	ord_auto(json) json_t *s = ord_gameday_schema();

	if (!s || json_dumpf(s, o->out, JSON_INDENT(2)))
		return ord_fail_nomem(err);
	(void)fputc('\n', o->out);
	*ret_exit = DAY_OK;
	return 0;
}

/* Holds it, and says at its end how it goes on. */
static int hold(struct session *s, const struct ord_gameday_order *o, int *ret_exit,
		struct ord_err *err)
{
	int r = hold_session(s, o, ret_exit, err);

	if (!r && s->state.over) {
		(void)fputc('\n', o->out);
		r = day_report_write(s, o->out, o->err, err);
	} else if (!r)
		(void)fprintf(o->out, "the session can go on: ordeal gameday resume %s\n", s->id);
	session_close(s);
	return r;
}

static int run(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	struct session *s = NULL;
	struct day *day = NULL;
	struct ord_err none = {0};
	char folder[ORD_PATH_MAX];

	if (o->session && !session_find(o->session, folder, &none))
		return session_open(o->session, o->err, &s, err) ? -1 : hold(s, o, ret_exit, err);
	*ret_exit = day_load(o->operands[0], o->err, &day);
	if (*ret_exit != DAY_OK) {
		day_free(day);
		return 0;
	}
	return session_create(day, o->session, &s, err) ? -1 : hold(s, o, ret_exit, err);
}

static int resume(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	struct session *s = NULL;

	if (session_open(o->operands[0], o->err, &s, err))
		return -1;
	if (!s->state.over)
		return hold(s, o, ret_exit, err);
	session_close(s);
	return ord_fail(err, ORD_USAGE, "the game day is over");
}

static int watch(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	*ret_exit = DAY_OK;
	return watch_session(o->operands[0], o->role, true, o->out, err);
}

static int show(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	*ret_exit = DAY_OK;
	return watch_session(o->operands[0], o->role, false, o->out, err);
}

static int report(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	struct session *s = NULL;
	int r;

	*ret_exit = DAY_OK;
	if (session_open(o->operands[0], o->err, &s, err))
		return -1;
	r = day_report_write(s, o->out, o->err, err);
	session_close(s);
	return r;
}

/* go, hold, abort, note, mark...: told to who holds the session. */
static int tell(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err)
{
	struct command c = {.overrule = o->overrule, .whole_day = o->whole_day};
	bool words = !strcmp(o->verb, "note") || !strcmp(o->verb, "mark");
	const char *by = o->by ? o->by : words ? "" : ORD_GAMEDAY_OWNER;
	const char *text = !strcmp(o->verb, "note") ? o->operands[1] : o->note;
	char folder[ORD_PATH_MAX];
	int64_t step = 0;

	if (command_verb_find(o->verb, &c.verb, err))
		return -1;
	if (c.verb == COMMAND_REVEAL && o->n_operands > 1 &&
	    ord_parse_int(o->operands[1], 1, ORD_GAMEDAY_STEPS_MAX, &step, err))
		return -1;
	c.step = (size_t)step;
	if (command_say(&c, by, c.verb == COMMAND_MARK ? o->operands[1] : "", text ? text : "",
			err))
		return -1;
	*ret_exit = DAY_OK;
	return session_find(o->operands[0], folder, err) || control_tell(folder, &c, err) ? -1 : 0;
}

static const struct {
	const char *name, *operands;
	size_t min, max;
	int (*work)(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err);
} verbs[] = {
	{"plan", "FILE", 1, 1, plan},
	{"run", "FILE", 1, 1, run},
	{"resume", "SESSION", 1, 1, resume},
	{"watch", "SESSION", 1, 1, watch},
	{"show", "SESSION", 1, 1, show},
	{"report", "SESSION", 1, 1, report},
	{"go", "SESSION", 1, 1, tell},
	{"hold", "SESSION", 1, 1, tell},
	{"skip", "SESSION", 1, 1, tell},
	{"check", "SESSION", 1, 1, tell},
	{"leave", "SESSION", 1, 1, tell},
	{"abort", "SESSION", 1, 1, tell},
	{"reveal", "SESSION [STEP]", 1, 2, tell},
	{"note", "SESSION TEXT", 2, 2, tell},
	{"mark", "SESSION WHAT", 2, 2, tell},
	{"validate", "FILE", 1, 1, validate},
	{"schema", "", 0, 0, schema},
};

int day_work(const struct ord_gameday_order *order, int *ret_exit, struct ord_err *err)
{
	const char *names[ORD_COUNT(verbs)], *near;

	for (size_t i = 0; i < ORD_COUNT(verbs); i++) {
		names[i] = verbs[i].name;
		if (strcmp(verbs[i].name, order->verb) != 0)
			continue;
		if (order->n_operands < verbs[i].min || order->n_operands > verbs[i].max)
			return ord_fail(err, ORD_USAGE, "write 'ordeal gameday %s%s%s'",
					verbs[i].name, *verbs[i].operands ? " " : "",
					verbs[i].operands);
		return verbs[i].work(order, ret_exit, err);
	}
	near = ord_nearest(order->verb, names, ORD_COUNT(names));
	return ord_fail(err, ORD_USAGE, "a game day has no '%.40s'%s%s%s", order->verb,
			near ? "; did you mean '" : "; 'ordeal gameday --help' says what there is",
			near ? near : "", near ? "'?" : "");
}
