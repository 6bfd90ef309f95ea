/* Figures out of an analysis or a report.json, into a baseline file's JSON. */
#include "reports/figures.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "reports/member.h"
#include "reports/plan_diff.h"
#include "reports/write/json.h"
#include "reports/write/text.h"

/* A repetition's spans in report.json, and the names of the figures that they are. */
static const struct {
	const char *key, *figure;
} spans[] = {{"time_to_recover_self", "ttr_self"},
	     {"time_to_recover_after_rollback", "ttr_after"},
	     {"time_to_full_recovery", "ttr_full"},
	     {"impact_duration", "impact"}};

static int put(json_t *figures, const char *name, int64_t rep, const json_t *span,
	       struct ord_err *err)
{
	ord_auto(json) json_t *value = NULL;
	json_t *list = json_object_get(figures, name);

	if (!json_is_object(span))
		return 0;
	if (!list && !json_object_set_new(figures, name, json_array()))
		list = json_object_get(figures, name);
	value = json_deep_copy(span);
	if (!value || json_object_set_new(value, "run", json_integer(0)) ||
	    json_object_set_new(value, "rep", json_integer(rep)) || json_array_append(list, value))
		return ord_fail_nomem(err);
	return 0;
}

/* "ttd:CHANNEL"; of one that is too long the beginning, and a mark made from the whole. */
static void figure_of(const char *channel, char out[static ORD_FIGURE_NAME_MAX + 1])
{
	char hash[ORD_SHA256_HEX];
	size_t n;

	if (snprintf(out, ORD_FIGURE_NAME_MAX + 1, "ttd:%s", channel) <= ORD_FIGURE_NAME_MAX)
		return;
	out[ORD_FIGURE_NAME_MAX - 9] = '\0';
	ord_text_clean(out);
	n = strlen(out);
	(void)snprintf(out + n, ORD_FIGURE_NAME_MAX + 1 - n, "~%.8s",
		       ord_sha256(channel, strlen(channel), hash));
}

/* Noticed, or censored: not noticed while it was watched. Anything else is no time to detect. */
static int put_detections(json_t *figures, int64_t rep, const json_t *detections,
			  struct ord_err *err)
{
	char name[ORD_FIGURE_NAME_MAX + 1];
	json_t *d;
	size_t i;

	json_array_foreach (detections, i, d) {
		const json_t *span = json_object_get(d, "from_impact");
		const char *channel = ord_member_text(d, "channel", NULL);

		if (!channel || (strcmp(ord_member_text(d, "state", ""), "noticed") != 0 &&
				 !ord_member_true(span, "censored")))
			continue;
		figure_of(channel, name);
		if (put(figures, name, rep, span, err))
			return -1;
	}
	return 0;
}

/* One more of what stands under that key. */
static int count(json_t *of, const char *key, struct ord_err *err)
{
	return json_object_set_new(of, key, json_integer(ord_member_int(of, key, 0) + 1))
		       ? ord_fail_nomem(err)
		       : 0;
}

/* What became of each objective, a list a repetition long. */
static int put_goals(json_t *goals, const json_t *rep, struct ord_err *err)
{
	json_t *g, *mine;
	size_t i;

	json_array_foreach (json_object_get(rep, "objectives"), i, g) {
		const char *result = ord_member_text(g, "result", "not measured");

		mine = json_array_get(goals, i);
		if (!mine) {
			mine = json_pack("{s:s,s:[]}", "text", ord_member_text(g, "text", ""),
					 "results");
			if (json_array_append_new(goals, mine))
				return ord_fail_nomem(err);
		}
		if (json_array_append_new(json_object_get(mine, "results"), json_string(result)))
			return ord_fail_nomem(err);
	}
	return 0;
}

/* One repetition of report.json. */
static int put_rep(json_t *run, json_t *figures, const json_t *rep, struct ord_err *err)
{
	const char *state = ord_member_text(rep, "state", "");
	int64_t number = ord_member_int(rep, "rep", 0);

	if (put_goals(json_object_get(run, "objectives"), rep, err))
		return -1;
	if (strcmp(state, "measured") != 0)
		return count(json_object_get(run, "left_out"), state, err);
	if (count(run, "measured", err) ||
	    (!json_is_object(json_object_get(rep, "impact")) && count(run, "no_impact", err)))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(spans); i++)
		if (put(figures, spans[i].figure, number, json_object_get(rep, spans[i].key), err))
			return -1;
	return put_detections(figures, number, json_object_get(rep, "detections"), err);
}

/* Of a run that was ended early fewer than were planned. */
static size_t repetitions(const json_t *report)
{
	const json_t *rep;
	size_t i, n = 0;

	json_array_foreach (json_object_get(report, "repetitions"), i, rep) {
		n += !ord_member_true(rep, "placebo");
	}
	return n;
}

static json_t *run_of(const json_t *report)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:i,s:i,s:{},s:[]}", "run",
			 ord_member_text(report, "run", ""), "plan_hash",
			 ord_member_text(report, "plan_hash", ""), "started_utc",
			 ord_member_text(report, "started_utc", ""), "verdict",
			 ord_member_text(report, "verdict", ""), "seed",
			 (json_int_t)ord_member_int(report, "seed", 0), "repetitions",
			 (json_int_t)repetitions(report), "measured", 0, "no_impact", 0, "left_out",
			 "objectives");
}

int ord_figures_of_report(const json_t *report, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *figures = json_object(), *run = NULL, *plan = NULL;
	const json_t *reps = json_object_get(report, "repetitions");
	char digest[ORD_SHA256_HEX];
	json_t *rep;
	size_t i;

	if (ord_member_int(report, "schema", 0) != 1 || !json_is_array(reps) ||
	    !json_is_object(json_object_get(report, "plan")))
		return ord_fail(err, ORD_USAGE, "it is no report.json of schema 1");
	run = run_of(report);
	plan = ord_plan_comparable(json_object_get(report, "plan"),
				   ord_member_int(json_object_get(report, "method"), "hold_ns", 0));
	if (!figures || !run || !plan || ord_plan_digest(plan, digest, err))
		return ord_fail_nomem(err);
	json_array_foreach (reps, i, rep) {
		if (!ord_member_true(rep, "placebo") && put_rep(run, figures, rep, err))
			return -1;
	}
	*ret = json_pack("{s:i,s:s,s:s,s:s,s:O,s:[O],s:O}", "baseline", ORD_BASELINE_VERSION,
			 "ordeal", ord_member_text(report, "ordeal", ""), "name",
			 ord_member_text(report, "name", ""), "plan_digest", digest, "plan", plan,
			 "runs", run, "figures", figures);
	return *ret ? 0 : ord_fail_nomem(err);
}

/* A repetition as report.json has it, as far as it is read here. NULL: out of memory. */
static json_t *rep_of(const struct ord_analysis *a, const struct ord_rep *r)
{
	static const char *const kinds[] = {"not-noticed", "noticed", "already-noticing",
					    "after-recovery", "unknown"};
	json_t *detections = json_array(), *goals = json_array();
	int failed = 0;

	for (size_t p = 0; p < a->t->n_probes; p++)
		if (a->t->probes[p].is_signal)
			failed |= json_array_append_new(
				detections,
				json_pack("{s:s,s:s,s:o}", "channel", a->t->probes[p].name, "state",
					  kinds[r->detections[p].kind], "from_impact",
					  ord_json_span(&r->detections[p].from_impact)));
	for (size_t k = 0; k < a->t->n_objectives; k++)
		failed |= json_array_append_new(
			goals, json_pack("{s:s,s:s}", "text", a->t->objectives[k].text, "result",
					 ord_result_name(r->goals[k].result)));
	if (failed) {
		json_decref(detections);
		json_decref(goals);
		return NULL;
	}
	return json_pack("{s:i,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "rep", (int)r->number, "state",
			 ord_rep_state_name(r->state), "impact", ord_json_instant(a->t, &r->impact),
			 "time_to_recover_self", ord_json_span(&r->self),
			 "time_to_recover_after_rollback", ord_json_span(&r->after),
			 "time_to_full_recovery", ord_json_span(&r->full_span), "impact_duration",
			 ord_json_span(&r->bad_time), "detections", detections, "objectives",
			 goals);
}

int ord_figures_of_analysis(const struct ord_analysis *a, json_t **ret, struct ord_err *err)
{
	ord_auto(json) json_t *report = NULL;
	json_t *reps = json_array();
	char when[32];

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		if (json_array_append_new(reps, rep_of(a, &a->reps[i])))
			return json_decref(reps), ord_fail_nomem(err);
	ord_format_utc((uint64_t)a->t->wall_ns, when);
	report = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:{s:I},s:O,s:o}", "schema", 1, "run",
			   ord_member_text(a->t->run, "run", ""), "ordeal",
			   ord_member_text(a->t->run, "ordeal", ""), "name", a->t->name,
			   "started_utc", when, "plan_hash",
			   ord_member_text(a->t->plan, "hash", ""), "verdict", a->verdict, "seed",
			   (json_int_t)ord_member_int(a->t->plan, "seed", 0), "method", "hold_ns",
			   (json_int_t)a->hold, "plan", a->t->plan, "repetitions", reps);
	if (!report)
		return ord_fail_nomem(err);
	return ord_figures_of_report(report, ret, err);
}

static int pool_figures(json_t *into, const json_t *more, json_int_t first, struct ord_err *err)
{
	const char *name;
	json_t *list, *v;
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)more, name, list) {
		json_t *mine = json_object_get(into, name);

		if (!mine && !json_object_set_new(into, name, json_array()))
			mine = json_object_get(into, name);
		json_array_foreach (list, i, v) {
			json_t *copy = json_deep_copy(v);

			if (!copy ||
			    json_object_set_new(
				    copy, "run",
				    json_integer(first + ord_member_int(copy, "run", 0))) ||
			    json_array_append_new(mine, copy))
				return ord_fail_nomem(err);
		}
	}
	return 0;
}

int ord_figures_pool(json_t *into, const json_t *more, struct ord_err *err)
{
	json_t *runs = json_object_get(into, "runs"), *run;
	json_int_t first = (json_int_t)json_array_size(runs);
	size_t i;

	json_array_foreach (json_object_get(more, "runs"), i, run) {
		json_t *mine;
		size_t k;

		json_array_foreach (runs, k, mine) {
			if (!strcmp(ord_member_text(mine, "run", ""),
				    ord_member_text(run, "run", "")))
				return ord_fail(err, ORD_USAGE, "the run %s is given twice",
						ord_member_text(run, "run", ""));
		}
	}
	if (first + (json_int_t)i > ORD_FIGURES_RUNS)
		return ord_fail(err, ORD_USAGE, "more than %d runs", ORD_FIGURES_RUNS);
	if (json_array_extend(runs, json_object_get(more, "runs")))
		return ord_fail_nomem(err);
	return pool_figures(json_object_get(into, "figures"), json_object_get(more, "figures"),
			    first, err);
}

/* One line a member, so that a difference in version control is read by repetition. */
static int put_line(const json_t *j, const char *before, FILE *out)
{
	(void)fputs(before, out);
	return json_dumpf(j, out,
			  JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
}

static int put_list(const json_t *list, const char *indent, FILE *out)
{
	const json_t *v;
	size_t i;

	(void)fputs("[", out);
	json_array_foreach (list, i, v) {
		(void)fputs(i ? ",\n" : "\n", out);
		if (put_line(v, indent, out))
			return -1;
	}
	(void)fputs("]", out);
	return 0;
}

static int put_all(const json_t *json, FILE *out)
{
	static const char *const heads[] = {"baseline", "ordeal", "name", "plan_digest", "plan"};
	json_t *figures = json_object_get(json, "figures"), *list;
	const char *name, *between = "";

	(void)fputs("{", out);
	for (size_t i = 0; i < ORD_COUNT(heads); i++) {
		const json_t *head = json_object_get(json, heads[i]);

		if (!head)
			continue;
		(void)fprintf(out, "%s\n \"%s\":", i ? "," : "", heads[i]);
		if (put_line(head, "", out))
			return -1;
	}
	(void)fputs(",\n \"runs\":", out);
	if (put_list(json_object_get(json, "runs"), "  ", out))
		return -1;
	(void)fputs(",\n \"figures\":{", out);
	json_object_foreach (figures, name, list) {
		ord_auto(json) json_t *key = json_string(name);

		(void)fprintf(out, "%s\n  ", between);
		between = ",";
		if (put_line(key, "", out))
			return -1;
		(void)fputs(":", out);
		if (put_list(list, "   ", out))
			return -1;
	}
	(void)fputs("}}\n", out);
	return 0;
}

int ord_figures_write(const json_t *json, FILE *out, struct ord_err *err)
{
	return put_all(json, out) || ferror(out) ? ord_fail_sys(err, "write the baseline") : 0;
}
