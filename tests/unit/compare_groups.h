/* Two groups of runs with one figure or several, as texts: "2.1 2.4 30+" in seconds, + censored. */
#ifndef ORDEAL_TESTS_COMPARE_GROUPS_H
#define ORDEAL_TESTS_COMPARE_GROUPS_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare.h"
#include "reports/plan_diff.h"

struct group {
	json_t *json;
	struct ord_figures f;
};

/* A group without figures yet: so many repetitions, of which so many had no impact. */
static inline void group_begin(struct group *g, const char *id, int repetitions, int no_impact)
{
	json_t *plan = json_pack("{s:i}", "hold_ns", 1000000000);
	char digest[ORD_SHA256_HEX];
	struct ord_err err;

	assert_int_equal(ord_plan_digest(plan, digest, &err), 0);
	g->json = json_pack("{s:i,s:s,s:s,s:s,s:o,s:[{s:s,s:i,s:i,s:i,s:s,s:s}],s:{}}", "baseline",
			    1, "name", "orders", "ordeal", "0.1.0", "plan_digest", digest, "plan",
			    plan, "runs", "run", id, "repetitions", repetitions, "measured",
			    repetitions, "no_impact", no_impact, "plan_hash", "abc", "started_utc",
			    "2026-11-21T06:33:50.123Z", "figures");
	assert_non_null(g->json);
}

static inline void group_figure(struct group *g, const char *name, const char *values)
{
	json_t *list = json_array();
	int rep = 0;

	for (const char *p = values; *p;) {
		char *end;
		json_int_t ns = (json_int_t)(strtod(p, &end) * 1e9 + 0.5);
		json_t *v = *end == '+' ? json_pack("{s:b,s:I}", "censored", 1, "at_least_ns", ns)
					: json_pack("{s:b,s:I,s:I,s:I}", "censored", 0, "value_ns",
						    ns, "lo_ns", ns, "hi_ns", ns);

		assert_int_equal(json_object_set_new(v, "run", json_integer(0)), 0);
		assert_int_equal(json_object_set_new(v, "rep", json_integer(++rep)), 0);
		assert_int_equal(json_array_append_new(list, v), 0);
		p = end + (*end == '+');
		p += strspn(p, " ");
	}
	assert_int_equal(json_object_set_new(json_object_get(g->json, "figures"), name, list), 0);
}

static inline void group_end(struct group *g)
{
	struct ord_err err;

	if (ord_figures_read(g->json, &g->f, &err))
		fail_msg("%s", err.msg);
}

static inline void group_of(struct group *g, const char *id, const char *figure, const char *values)
{
	group_begin(g, id, 1000, 0);
	group_figure(g, figure, values);
	group_end(g);
}

#endif
