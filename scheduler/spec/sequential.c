/* spec.sequential: when a run has seen enough of its repetitions. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/scan.h"
#include "scheduler/spec/schema.h"

#define TEXT (1u << SCALAR_TEXT)

/* White space folded, as the objective itself is kept. */
static void objective_read(struct reader *r, const struct key *key, const struct node *node,
			   void *base)
{
	struct ord_sequential_spec *q = base;
	const char *text = want_scalar(r, key->name, key->type->what, node, TEXT);
	char folded[ORD_SENTENCE_MAX];
	struct language_mistake m;
	struct scan s = {.text = text, .p = text, .mistake = &m};

	if (!text)
		return;
	if (scan_fold(&s, folded, sizeof folded))
		sink_add_within(r->sink, node, m.at, "%s", m.text);
	else if (!q->objective)
		q->objective = keep_text(r, folded);
}

static const struct type type_goal = {"the text of an objective", objective_read, schema_type_text};

static void sequential_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_sequential_spec *q = base;

	(void)r;
	q->set = true;
	q->at = place_within(map, 0);
}

#define SHARE(field) \
	.type = &type_share, AT(ord_sequential_spec, field), .min = 1, .max = ORD_PPM - 1

static const struct key sequential_keys[] = {
	{.name = "p1",
	 SHARE(good_ppm),
	 .def = "1%",
	 .help = "a share of repetitions that miss which is good"},
	{.name = "p2",
	 SHARE(bad_ppm),
	 .def = "10%",
	 .help = "one that is bad; what lies between is told late, or not at all"},
	{.name = "alpha",
	 SHARE(alpha_ppm),
	 .def = "5%",
	 .help = "how often a good one may be rejected"},
	{.name = "beta",
	 SHARE(beta_ppm),
	 .def = "10%",
	 .help = "how often a bad one may be accepted"},
	{.name = "objective",
	 .type = &type_goal,
	 .min = 1,
	 .max = ORD_SENTENCE_MAX - 1,
	 .help = "the one objective that is tested, as it stands in 'objectives'; none given: a "
		 "repetition misses with any of them"},
};

const struct table table_sequential = {
	.name = "sequential",
	.path = "spec.sequential",
	.help = "Wald's sequential test of the share of repetitions that miss: 'repetitions' is "
		"how many are run at most. It decides when the run ends, not its verdict.",
	.finish = sequential_finish,
	ITEMS(sequential_keys)};

static const struct node *member(const struct node *map, const char *key)
{
	const struct node *found = node_find(map, key);

	return found ? found : map;
}

/* An objective of every repetition: no_regression is judged over the whole run. */
static bool is_tested(const struct ord_objective *o)
{
	return o->kind != ORD_OBJECTIVE_NO_REGRESSION;
}

static void check_goal(struct reader *r, const struct node *node, const struct ord_spec *spec)
{
	const char *names[ORD_OBJECTIVES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < spec->n_objectives; i++) {
		if (!is_tested(&spec->objectives[i]))
			continue;
		if (!strcmp(spec->objectives[i].text, spec->sequential.objective))
			return;
		names[n++] = spec->objectives[i].text;
	}
	if (n)
		unknown_word(r, node, 0, "objective", spec->sequential.objective, "", names, n);
}

void check_sequential(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	const struct node *all = node_find(root, "spec"), *node = node_find(all, "sequential");
	const struct ord_sequential_spec *q = &spec->sequential;
	bool tested = false;

	if (!q->set || !node)
		return;
	for (size_t i = 0; i < spec->n_objectives; i++)
		tested |= is_tested(&spec->objectives[i]);
	if (!tested)
		sink_add(r->sink, node,
			 "sequential: there is no objective that a repetition can miss; add one, "
			 "as in 'recover(self) within 10s'");
	else if (q->objective)
		check_goal(r, member(node, "objective"), spec);
	if (spec->repetitions < 2)
		sink_add(r->sink, node,
			 "sequential: one repetition is run; say how many there may be at most, "
			 "as in 'repetitions: 50'");
	if (q->bad_ppm && q->good_ppm >= q->bad_ppm)
		sink_add(r->sink, member(node, "p1"),
			 "p1: the good share must be below the bad one, as in 'p1: 1%%' and "
			 "'p2: 10%%'");
	if (q->alpha_ppm + q->beta_ppm >= ORD_PPM)
		sink_add(r->sink, member(node, "alpha"),
			 "alpha and beta are error rates whose sum is below 1, as in 'alpha: 5%%' "
			 "and 'beta: 10%%'");
}
