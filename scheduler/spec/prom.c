/* A probe of what Prometheus says: an expression, and what its value must be. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/schema.h"

bool comparison_read(struct reader *r, const struct key *key, const struct node *node,
		     enum ord_op *ret_op, int64_t *ret_millionths)
{
	const char *text = want_scalar(r, key->name, key->type->what, node, 1u << SCALAR_TEXT);
	char sign[4];
	struct ord_err err;
	size_t n, at;

	if (!text)
		return false;
	n = strspn(text, "<>=!");
	at = n + strspn(text + n, " ");
	(void)snprintf(sign, sizeof sign, "%.*s", (int)n, text);
	for (int i = ORD_OP_LT; i <= ORD_OP_NE; i++)
		if (!strcmp(sign, ord_op_name((enum ord_op)i))) {
			if (!ord_parse_decimal(text + at, ret_millionths, &err)) {
				*ret_op = (enum ord_op)i;
				return true;
			}
			sink_add_within(r->sink, node, at, "%s: %s", key->name, err.msg);
			return false;
		}
	sink_add(r->sink, node,
		 "%s: '%.40s' is not a comparison; write it as in '%s', with <, <=, >, >=, == or "
		 "!=",
		 key->name, text, key->example);
	return false;
}

static void prom_value_read(struct reader *r, const struct key *key, const struct node *node,
			    void *base)
{
	struct ord_prom_probe *prom = &((struct ord_probe_spec *)base)->prom;
	char number[32];
	int64_t v;

	if (!comparison_read(r, key, node, &prom->op, &v))
		return;
	prom->value = (double)v / 1e6;
	(void)snprintf(prom->value_text, sizeof prom->value_text, "%s %s", ord_op_name(prom->op),
		       ord_format_decimal(v, number));
}

static const struct type type_prom_value = {"a comparison", prom_value_read,
					    schema_type_comparison};

static const struct key prom_keys[] = {
	{.name = "query",
	 .type = &type_text,
	 .flags = KEY_REQUIRED,
	 AT(ord_probe_spec, prom.query),
	 .min = 1,
	 .max = 8192,
	 .example = "query: sum(up{job=\"orders\"})",
	 .help = "an expression in PromQL that answers one number: a scalar, or a vector of one"},
	{.name = "url",
	 .type = &type_url,
	 AT(ord_probe_spec, prom.url),
	 .help = "where Prometheus is; none given: detection.prometheus, with its headers and "
		 "token"},
	{.name = "value",
	 .type = &type_prom_value,
	 .flags = KEY_REQUIRED,
	 .example = "value: '>= 1'",
	 .help = "what a good value is"},
	{.name = "staleness",
	 .type = &type_duration,
	 AT(ord_probe_spec, prom.staleness_ns),
	 .def = "5m",
	 .min = 100 * MS,
	 .max = DAY_NS,
	 .help = "a sample that is older is unknown: neither good nor bad"},
	{.name = "empty",
	 .type = &type_choice,
	 AT(ord_probe_spec, prom.empty),
	 .def = "unknown",
	 .choices = "unknown|bad|good",
	 .help = "what an empty answer is"},
};

const struct table table_prom = {
	.name = "prom",
	.path = "spec.probes[].prom",
	.help = "A query of Prometheus. What it answers is as old as the last scrape.",
	.keys = prom_keys,
	.n = ORD_COUNT(prom_keys)};
