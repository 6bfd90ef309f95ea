/*
 * junit.xml as Jenkins' junit-10.xsd, GitLab and the GitHub actions read it: one suite an
 * experiment, names without numbers that change, figures as properties of the suite, nothing green
 * that was not shown.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/policy.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define OUT_MAX	     900 /* readers cut longer texts */
#define BLIND_MAX    20
#define WARNINGS_MAX 20

enum mark { MARK_PASS, MARK_FAILURE, MARK_ERROR, MARK_SKIPPED };

static const char *const marks[] = {"", "failure", "error", "skipped"};

struct junit_case {
	char name[400];
	enum mark mark;
	const char *type;
	char message[320];
	char *text; /* owned: system-out */
};

struct suite {
	struct junit_case *v;
	size_t n;
};

static enum mark mark_of(enum ord_result r)
{
	switch (r) {
	case ORD_RESULT_MET:
		return MARK_PASS;
	case ORD_RESULT_MISSED:
		return MARK_FAILURE;
	case ORD_RESULT_NOT_APPLICABLE:
		return MARK_SKIPPED;
	case ORD_RESULT_INCONCLUSIVE:
	case ORD_RESULT_NOT_MEASURED:
		break;
	}
	return MARK_ERROR;
}

/* Names stay the same from run to run, also when a threshold is changed: no figures in them. */
static void goal_name(const struct ord_timeline *t, size_t k, char *out, size_t size)
{
	const struct ord_tl_objective *o = &t->objectives[k];
	static const char *const names[] = {
		[ORD_GOAL_DETECT] = "",
		[ORD_GOAL_SELF] = "recover(self)",
		[ORD_GOAL_AFTER] = "recover(after_rollback)",
		[ORD_GOAL_FULL] = "recover(full)",
		[ORD_GOAL_BUDGET] = "budget",
		[ORD_GOAL_NO_REGRESSION] = "",
	};
	size_t twin = 0;
	int n;

	if (o->goal == ORD_GOAL_DETECT)
		n = snprintf(out, size, "objective: detect(%.320s)", t->probes[o->probe].name);
	else if (o->goal == ORD_GOAL_NO_REGRESSION)
		n = snprintf(out, size, "objective: no_regression(%.320s)", o->metric);
	else
		n = snprintf(out, size, "objective: %s", names[o->goal]);
	/* Readers keep only the first of two equal names. */
	for (size_t i = 0; i < k; i++)
		twin += t->objectives[i].goal == o->goal && t->objectives[i].probe == o->probe &&
			!strcmp(t->objectives[i].metric, o->metric);
	for (; twin && n > 0 && (size_t)n + 8 < size; twin--)
		n += snprintf(out + n, size - (size_t)n, " again");
}

/* One line a repetition. */
static char *goal_text(const struct ord_analysis *a, size_t k)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	(void)fprintf(f, "%s\n", a->t->objectives[k].text);
	for (uint32_t i = 1; i <= a->t->repetitions && ftell(f) < OUT_MAX - 250; i++)
		(void)fprintf(f, "repetition %u: %s: %s\n", i,
			      ord_result_name(a->reps[i].goals[k].result), a->reps[i].goals[k].why);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static const char *type_of(enum ord_result r)
{
	static const char *const types[] = {[ORD_RESULT_MET] = "",
					    [ORD_RESULT_MISSED] = "missed",
					    [ORD_RESULT_INCONCLUSIVE] = "inconclusive",
					    [ORD_RESULT_NOT_APPLICABLE] = "not-applicable",
					    [ORD_RESULT_NOT_MEASURED] = "not-measured"};

	return types[r];
}

static void steady_case(const struct ord_analysis *a, struct junit_case *c, bool after)
{
	enum ord_result r = after ? a->steady_after : a->steady_before;
	/* Before the fault it is a precondition: without it nothing was tested. */
	bool precondition = !after && r == ORD_RESULT_MISSED;

	(void)snprintf(c->name, sizeof c->name, "steady state %s the fault",
		       after ? "after" : "before");
	c->mark = precondition ? MARK_ERROR : mark_of(r);
	c->type = precondition ? "precondition" : type_of(r);
	if (c->mark != MARK_PASS)
		(void)snprintf(c->message, sizeof c->message, "%s",
			       r == ORD_RESULT_MISSED	      ? "the steady state did not hold"
			       : r == ORD_RESULT_INCONCLUSIVE ? "too few samples to tell"
							      : "not measured");
}

static bool any_fault(const struct ord_analysis *a, const char **ret_why)
{
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		if (a->reps[i].state == ORD_REP_FAULT || a->reps[i].state == ORD_REP_LOST_PROBE) {
			*ret_why = a->reps[i].why;
			return true;
		}
	return false;
}

static void fault_case(const struct ord_analysis *a, struct junit_case *c)
{
	const char *why = "";
	bool injected = false;

	(void)snprintf(c->name, sizeof c->name, "fault in force");
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		injected |= a->reps[i].in_force.known;
	if (any_fault(a, &why)) {
		c->mark = MARK_ERROR;
		c->type = "fault";
		(void)snprintf(c->message, sizeof c->message, "%s", why);
	} else if (!injected) {
		c->mark = MARK_ERROR;
		c->type = "not-measured";
		(void)snprintf(c->message, sizeof c->message, "nothing was injected");
	}
}

/* What of another's change was kept when a fault was taken back; NULL: nothing. */
static char *kept_text(const struct ord_analysis *a)
{
	char *text = NULL;
	size_t size = 0, n = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		for (size_t k = 0; k < a->t->n_faults; k++) {
			const json_t *kept = a->reps[i].faults[k].kept;

			for (size_t m = 0; m < json_array_size(kept); m++, n++)
				(void)fprintf(f,
					      "repetition %u: %s: another's change was kept: %s\n",
					      i, a->t->faults[k].name,
					      json_string_value(json_array_get(kept, m)));
		}
	if (!fclose(f) && n)
		return text;
	free(text);
	return NULL;
}

static void residue_case(const struct ord_analysis *a, struct junit_case *c)
{
	(void)snprintf(c->name, sizeof c->name, "rollback: nothing left behind");
	if (a->residue > 0) {
		c->mark = MARK_ERROR;
		c->type = "residue";
		(void)snprintf(c->message, sizeof c->message, "residue: %" PRId64 " (line %u)",
			       a->residue, a->residue_line);
	} else if (a->residue < 0) {
		c->mark = MARK_SKIPPED;
		c->type = "not-applicable";
		(void)snprintf(c->message, sizeof c->message, "nothing to take away");
	}
	c->text = kept_text(a);
}

/* The run as a whole, so that whatever makes the exit code not 0 is not green here either. */
static void run_case(const struct ord_analysis *a, struct junit_case *c)
{
	(void)snprintf(c->name, sizeof c->name, "run");
	if (!a->exit)
		return;
	c->mark = a->exit == 1 ? MARK_FAILURE : MARK_ERROR;
	c->type = a->exit == 1	 ? "missed"
		  : a->exit == 5 ? "inconclusive"
		  : a->exit == 3 ? "aborted"
				 : "error";
	(void)snprintf(c->message, sizeof c->message, "%s", a->verdict);
}

static void build(const struct ord_analysis *a, struct suite *s)
{
	steady_case(a, &s->v[s->n++], false);
	fault_case(a, &s->v[s->n++]);
	for (size_t k = 0; k < a->t->n_objectives; k++) {
		const struct ord_goal_summary *g = &a->goals[k];
		struct junit_case *c = &s->v[s->n++];

		goal_name(a->t, k, c->name, sizeof c->name);
		c->mark = mark_of(g->result);
		c->type = type_of(g->result);
		c->text = goal_text(a, k);
		if (c->mark != MARK_PASS)
			(void)snprintf(c->message, sizeof c->message, "%s", g->why);
	}
	steady_case(a, &s->v[s->n++], true);
	residue_case(a, &s->v[s->n++]);
	run_case(a, &s->v[s->n++]);
}

static void property(FILE *out, const char *name, const char *value)
{
	(void)fputs("\t\t\t<property name=\"", out);
	ord_xml_text(out, name);
	(void)fputs("\" value=\"", out);
	ord_xml_text(out, value);
	(void)fputs("\"/>\n", out);
}

static void summary(FILE *out, const char *name, const struct ord_summary *s)
{
	char key[128], value[ORD_TEXT];

	if (!s->n)
		return;
	(void)snprintf(key, sizeof key, "%.90s.median_ns", name);
	(void)snprintf(value, sizeof value, "%" PRId64, s->median);
	property(out, key, s->has_median ? value : "not reached");
	(void)snprintf(key, sizeof key, "%.90s.never", name);
	(void)snprintf(value, sizeof value, "%zu of %zu", s->never, s->n);
	property(out, key, value);
	if (s->need)
		return;
	(void)snprintf(key, sizeof key, "%.90s.median_lo_ns", name);
	(void)snprintf(value, sizeof value, "%" PRId64, s->median_lo);
	property(out, key, s->has_lo ? value : "not reached");
	(void)snprintf(key, sizeof key, "%.90s.median_hi_ns", name);
	(void)snprintf(value, sizeof value, "%" PRId64, s->median_hi);
	property(out, key, s->has_hi ? value : "not reached");
}

/* What was lost, at most in one repetition; and what is warned of. */
static void losses(const struct ord_analysis *a, FILE *out)
{
	int64_t area = -1, burnt = -1;
	char text[ORD_TEXT];

	for (uint32_t i = 1; i <= a->t->repetitions; i++) {
		const struct ord_rep *r = &a->reps[i];

		if (r->loss.known && r->loss.area_ns > area)
			area = r->loss.area_ns;
		if (r->budget.known && r->budget.burnt_ppm > burnt)
			burnt = r->budget.burnt_ppm;
	}
	(void)snprintf(text, sizeof text, "%" PRId64, area);
	if (area >= 0)
		property(out, "ordeal.loss.worst_area_ns", text);
	(void)snprintf(text, sizeof text, "%" PRId64, burnt);
	if (burnt >= 0)
		property(out, "ordeal.budget.worst_burnt_ppm", text);
	for (size_t i = 0; i < a->n_warnings && i < WARNINGS_MAX; i++)
		property(out, "ordeal.warning", a->warnings[i].text);
}

static void policies(const struct ord_analysis *a, FILE *out)
{
	const struct ord_event *e;
	char words[ORD_POLICY_WORDS];
	size_t i = 0;

	while ((e = ord_policy_next(a->t, &i)))
		property(out, "ordeal.policy", ord_policy_words(e, words));
}

/* Of the cluster, what bears on how far the figures can be trusted. */
static void cluster(const struct ord_analysis *a, FILE *out)
{
	const json_t *c = json_object_get(a->t->run, "cluster"), *w;
	char text[400], from[ORD_TEXT], to[ORD_TEXT];
	size_t i;

	if (!c)
		return;
	property(out, "ordeal.cluster", ord_member_text(c, "name", ""));
	json_array_foreach (json_object_get(c, "warnings"), i, w)
		property(out, "ordeal.cluster.warning",
			 json_is_string(w) ? json_string_value(w) : "");
	for (uint32_t k = 0; k <= a->t->repetitions; k++)
		for (i = 0; i < a->reps[k].n_blind && i < BLIND_MAX; i++) {
			const struct ord_blind *b = &a->reps[k].blind[i];

			(void)snprintf(text, sizeof text,
				       "repetition %u: %.60s%s%.60s, from %.20s %s%.20s: %.150s", k,
				       b->kind, *b->ns ? " in " : "", b->ns,
				       ord_text_relative(b->from, a->reps[k].zero, from),
				       b->open ? "on" : "to ",
				       b->open ? "" : ord_text_relative(b->to, a->reps[k].zero, to),
				       *b->why ? b->why : "the watch was broken");
			ord_text_clean(text);
			property(out, "ordeal.cluster.not_seen", text);
		}
	if (a->events_dropped) {
		(void)snprintf(text, sizeof text, "%" PRId64, a->events_dropped);
		property(out, "ordeal.cluster.events_left_out", text);
	}
}

static void properties(const struct ord_analysis *a, FILE *out)
{
	char text[128];

	(void)fputs("\t\t<properties>\n", out);
	property(out, "ordeal.version", ord_member_text(a->t->run, "ordeal", ""));
	property(out, "ordeal.run", ord_member_text(a->t->run, "run", ""));
	property(out, "ordeal.plan_hash", ord_member_text(a->t->plan, "hash", ""));
	(void)snprintf(text, sizeof text, "%" PRId64, ord_member_int(a->t->plan, "seed", 0));
	property(out, "ordeal.seed", text);
	(void)snprintf(text, sizeof text, "%d", a->exit);
	property(out, "ordeal.exit", text);
	property(out, "ordeal.verdict", a->verdict);
	for (size_t p = 0; p < a->t->n_probes; p++) {
		(void)snprintf(text, sizeof text, "ordeal.detect.%.64s", a->t->probes[p].name);
		if (a->t->probes[p].is_signal)
			summary(out, text, &a->detect[p]);
	}
	summary(out, "ordeal.recover.self", &a->self);
	summary(out, "ordeal.recover.after_rollback", &a->after);
	summary(out, "ordeal.recover.full", &a->full);
	summary(out, "ordeal.acknowledge", &a->acknowledge);
	summary(out, "ordeal.mitigate", &a->mitigate);
	summary(out, "ordeal.pod.time_to_ready", &a->pods);
	losses(a, out);
	policies(a, out);
	cluster(a, out);
	(void)fputs("\t\t</properties>\n", out);
}

static void write_case(const struct ord_analysis *a, const struct junit_case *c, FILE *out)
{
	(void)fputs("\t\t<testcase name=\"", out);
	ord_xml_text(out, c->name);
	(void)fputs("\" classname=\"ordeal.", out);
	ord_xml_text(out, a->t->name);
	(void)fputs("\" time=\"0\"", out);
	if (c->mark == MARK_PASS && !c->text) {
		(void)fputs("/>\n", out);
		return;
	}
	(void)fputs(">\n", out);
	if (c->mark != MARK_PASS) {
		(void)fprintf(out, "\t\t\t<%s type=\"%s\" message=\"", marks[c->mark], c->type);
		ord_xml_text(out, c->message);
		(void)fputs("\"/>\n", out);
	}
	if (c->text) {
		(void)fputs("\t\t\t<system-out>", out);
		ord_xml_text_n(out, c->text, OUT_MAX);
		(void)fputs("</system-out>\n", out);
	}
	(void)fputs("\t\t</testcase>\n", out);
}

static void write_suite(const struct ord_analysis *a, const struct suite *s, FILE *out)
{
	size_t n[4] = {0};
	char seconds[ORD_TEXT], when[32];

	for (size_t i = 0; i < s->n; i++)
		n[s->v[i].mark]++;
	ord_text_milli(a->t->last_t / (int64_t)ORD_MS, 3, seconds);
	ord_format_utc((uint64_t)a->t->wall_ns, when);
	when[19] = 0; /* JUnit's timestamp has neither fraction nor zone */
	(void)fprintf(
		out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ordeal\" "
		"tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%s\">\n\t<testsuite name=\"",
		s->n, n[MARK_FAILURE], n[MARK_ERROR], seconds);
	ord_xml_text(out, a->t->name);
	(void)fprintf(out,
		      "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
		      "time=\"%s\" timestamp=\"%s\">\n",
		      s->n, n[MARK_FAILURE], n[MARK_ERROR], n[MARK_SKIPPED], seconds, when);
	properties(a, out);
	for (size_t i = 0; i < s->n; i++)
		write_case(a, &s->v[i], out);
	(void)fputs("\t</testsuite>\n</testsuites>\n", out);
}

int ord_write_junit(const struct ord_analysis *a, FILE *out, struct ord_err *err)
{
	struct suite s = {.v = calloc(a->t->n_objectives + 8, sizeof *s.v)};

	if (!s.v)
		return ord_fail_nomem(err);
	build(a, &s);
	write_suite(a, &s, out);
	for (size_t i = 0; i < s.n; i++)
		free(s.v[i].text);
	free(s.v);
	return 0;
}
