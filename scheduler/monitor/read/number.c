#include "scheduler/monitor/read/number.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "scheduler/monitor/read/promql.h"

/* "1.5", "1e+06", "+Inf", "NaN", whatever the locale's comma is. -1: it is none. */
static int number_of(const char *text, double *ret)
{
	static locale_t plain;
	char *end;

	if (!plain)
		plain = newlocale(LC_ALL_MASK, "C", NULL);
	if (!text || !*text)
		return -1;
	*ret = plain ? strtod_l(text, &end, plain) : strtod(text, &end);
	return *end ? -1 : 0;
}

static bool satisfies(const struct ord_prom_probe *p, double v)
{
	switch (p->op) {
	case ORD_OP_LT:
		return v < p->value;
	case ORD_OP_LE:
		return v <= p->value;
	case ORD_OP_GT:
		return v > p->value;
	case ORD_OP_GE:
		return v >= p->value;
	case ORD_OP_EQ:
		return !islessgreater(v, p->value) && !isunordered(v, p->value);
	case ORD_OP_NE:
		return islessgreater(v, p->value) || isunordered(v, p->value);
	}
	return false;
}

static void unknown(struct mon_number *n, const char *why)
{
	n->verdict = MON_UNKNOWN;
	(void)snprintf(n->why, sizeof n->why, "%s", why);
}

static void empty(const struct ord_prom_probe *p, struct mon_number *n, bool nan)
{
	n->verdict = p->empty == ORD_PROM_GOOD	? MON_GOOD
		     : p->empty == ORD_PROM_BAD ? MON_BAD
						: MON_UNKNOWN;
	if (n->verdict != MON_GOOD)
		(void)snprintf(n->why, sizeof n->why, "%s",
			       nan ? "the answer is not a number (NaN)" : "the answer is empty");
}

static void take(const struct ord_prom_probe *p, struct mon_number *n, const char *text, double v)
{
	bool good = satisfies(p, v);

	if (*n->text && (good || n->verdict == MON_BAD))
		return;
	(void)snprintf(n->text, sizeof n->text, "%s", text);
	n->verdict = good ? MON_GOOD : MON_BAD;
	if (!good)
		(void)snprintf(n->why, sizeof n->why, "%s is not %s", n->text, p->value_text);
}

/* value: [time, "number"] */
static void take_value(const struct ord_prom_probe *p, struct mon_number *n, const json_t *value,
		       bool *nan)
{
	const char *text = json_string_value(json_array_get(value, 1));
	double v;

	if (number_of(text, &v) || isnan(v))
		*nan = true;
	else
		take(p, n, text, v);
}

void mon_number_judge(const struct ord_prom_probe *p, const json_t *data, struct mon_number *ret)
{
	const char *type = json_string_value(json_object_get(data, "resultType"));
	const json_t *result = json_object_get(data, "result"), *series;
	bool nan = false;
	size_t i;

	*ret = (struct mon_number){.verdict = MON_UNKNOWN};
	if (type && !strcmp(type, "scalar")) {
		take_value(p, ret, result, &nan);
	} else if (type && !strcmp(type, "vector")) {
		json_array_foreach (result, i, series)
			take_value(p, ret, json_object_get(series, "value"), &nan);
	} else {
		unknown(ret, "the answer is neither a scalar nor an instant vector");
		return;
	}
	if (!*ret->text)
		empty(p, ret, nan);
}

int mon_age_query(const char *expression, size_t size, char *out)
{
	struct mon_selectors s;
	size_t n;

	if (mon_selectors_of(expression, &s) || !s.n)
		return -1;
	n = (size_t)snprintf(out, size, "time() - min(");
	for (size_t i = 0; i < s.n && n < size; i++)
		n += (size_t)snprintf(
			out + n, size - n,
			"%slabel_replace(min(timestamp(%s)), \"n\", \"%zu\", \"\", \"\")",
			i ? " or " : "", s.v[i], i);
	if (n < size)
		n += (size_t)snprintf(out + n, size - n, ")");
	return n < size ? 0 : -1;
}
