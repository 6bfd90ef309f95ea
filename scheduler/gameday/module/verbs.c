#include "scheduler/gameday/module/verbs.h"

#include <jansson.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "scheduler/gameday/module/day.h"

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

static const struct {
	const char *name, *operands;
	size_t n_operands;
	int (*work)(const struct ord_gameday_order *o, int *ret_exit, struct ord_err *err);
} verbs[] = {
	{"plan", "FILE", 1, plan},
	{"validate", "FILE", 1, validate},
	{"schema", "", 0, schema},
};

int day_work(const struct ord_gameday_order *order, int *ret_exit, struct ord_err *err)
{
	const char *names[ORD_COUNT(verbs)], *near;

	for (size_t i = 0; i < ORD_COUNT(verbs); i++) {
		names[i] = verbs[i].name;
		if (strcmp(verbs[i].name, order->verb) != 0)
			continue;
		if (order->n_operands != verbs[i].n_operands)
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
