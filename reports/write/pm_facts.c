/* What a run knows: its frame, verdicts, impact, trigger, and what to do with it next. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "reports/member.h"
#include "reports/write/pm.h"
#include "reports/write/policy.h"
#include "reports/write/text.h"
#include "reports/write/write.h"

#define NO_CAUSE                                                                                 \
	"What is known: a fault was injected by this run, see the trigger. What contributed to " \
	"the "                                                                                   \
	"effect is for people to find."

const char *ord_pm_utc(const struct ord_analysis *a, int64_t t, char out[static 32])
{
	char utc[32];

	ord_format_utc((uint64_t)(a->t->wall_ns + t), utc);
	(void)snprintf(out, 32, "%.10s %.12s", utc, utc + 11);
	return out;
}

void ord_pm_meta(const struct ord_pm *pm)
{
	const struct ord_timeline *t = pm->main->t;
	const json_t *host = json_object_get(t->run, "host");
	char when[32], words[ORD_POLICY_WORDS];
	const struct ord_event *e;
	size_t i = 0;

	ord_pm_list(pm, true);
	ord_pm_item(pm, "Date: %s UTC", ord_pm_utc(pm->main, 0, when));
	ord_pm_item(pm, "Run: %s, of the experiment %s", ord_member_text(t->run, "run", ""),
		    t->name);
	ord_pm_item(pm, "Environment: host %s, kernel %s, %" PRId64 " CPUs",
		    ord_member_text(host, "name", "unknown"),
		    ord_member_text(host, "kernel", "unknown"), ord_member_int(host, "cpus", 0));
	ord_pm_item(pm, "Made by ordeal %s from the run's timeline; plan %.12s, seed %" PRId64,
		    ord_member_text(t->run, "ordeal", ""), ord_member_text(t->plan, "hash", ""),
		    ord_member_int(t->plan, "seed", 0));
	while ((e = ord_policy_next(t, &i)))
		ord_pm_item(pm, "The run was %s", ord_policy_words(e, words));
	if (pm->n > 1)
		ord_pm_item(pm, "%zu more runs were read for the verdicts below", pm->n - 1);
	ord_pm_list(pm, false);
	ord_pm_default(pm, "status", "Status: Draft");
}

/* Those whose users felt something, also where the end was not seen. */
static size_t with_impact(const struct ord_analysis *a)
{
	size_t n = 0;

	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		n += a->reps[i].impact.known;
	return n;
}

/* Two sentences of facts. */
void ord_pm_summary(const struct ord_pm *pm)
{
	const struct ord_analysis *a = pm->main;
	const struct ord_rep *r = pm->rep;
	char when[32], text[ORD_TEXT];

	ord_pm_text(pm,
		    "On %s UTC the experiment %s injected %s in %u repetition%s (n = %u); users, "
		    "as seen "
		    "by ordeal's probes, were affected in %zu of %u.",
		    ord_pm_utc(a, 0, when), a->t->name,
		    a->t->n_faults ? a->t->faults[0].fault : "no fault", a->t->repetitions,
		    a->t->repetitions == 1 ? "" : "s", a->t->repetitions, with_impact(a),
		    a->t->repetitions);
	if (r->bad_time.state == ORD_SPAN_KNOWN)
		ord_pm_text(pm, "In repetition %u the impact lasted %s; verdict: %s.", r->number,
			    ord_text_span(&r->bad_time, text), a->verdict);
	else if (r->bad_time.state == ORD_SPAN_CENSORED)
		ord_pm_text(
			pm,
			"In repetition %u the impact had not ended when the watch did, after %s; "
			"verdict: %s.",
			r->number, ord_text_duration(r->bad_time.value, text), a->verdict);
	else
		ord_pm_text(pm, "No impact was seen in repetition %u; verdict: %s.", r->number,
			    a->verdict);
	ord_pm_blank(pm, "meaning",
		     "What does this mean for those who use the service? One sentence.");
}

static void promise_rows(const struct ord_pm *pm, const struct ord_analysis *a)
{
	char text[ORD_TEXT], median[ORD_TEXT], n[32];

	for (size_t k = 0; k < a->t->n_objectives; k++) {
		const struct ord_goal_summary *g = &a->goals[k];
		const char *cells[] = {ord_member_text(a->t->run, "run", ""),
				       a->t->objectives[k].text,
				       ord_result_name(g->result),
				       median,
				       n,
				       g->why,
				       NULL};

		(void)snprintf(median, sizeof median, "%s",
			       !g->n	       ? "-"
			       : g->has_median ? ord_text_duration(g->median, text)
					       : "not reached");
		(void)snprintf(n, sizeof n, "n = %zu, %zu never", g->n, g->never);
		ord_pm_row(pm, cells, false);
	}
}

void ord_pm_promises(const struct ord_pm *pm)
{
	static const char *const heads[] = {"Run", "Objective", "Result", "Median",
					    "n",   "Why",	NULL};
	const char *hypothesis = ord_member_text(pm->main->t->plan, "hypothesis", "");

	if (*hypothesis)
		ord_pm_text(pm, "Hypothesis: %s", hypothesis);
	ord_pm_table(pm, "Objectives", heads);
	for (size_t i = 0; i < pm->n; i++)
		promise_rows(pm, pm->runs[i]);
	ord_pm_table_end(pm);
	for (size_t i = 0; i < pm->n; i++)
		if (pm->runs[i]->t->repetitions == 1)
			ord_pm_text(pm,
				    "Run %s has n = 1: it shows what can happen, not how often it "
				    "does.",
				    ord_member_text(pm->runs[i]->t->run, "run", ""));
	ord_pm_blank(pm, "hypothesis", "Was it the right hypothesis? What would be a better one?");
}

static void impact_rows(const struct ord_pm *pm, const struct ord_rep *r)
{
	const struct ord_timeline *t = pm->main->t;
	char share[ORD_TEXT], count[64], p50[ORD_TEXT] = "-", p99[ORD_TEXT] = "-", rep[16];

	for (size_t p = 0; p < t->n_probes; p++) {
		const struct ord_part *d = &r->parts[p * ORD_PARTS + ORD_PART_DURING];
		const char *cells[] = {rep, t->probes[p].name, count, share, p50, p99, NULL};

		if (t->probes[p].is_signal || d->good + d->bad == 0)
			continue;
		(void)snprintf(rep, sizeof rep, "%u", r->number);
		(void)snprintf(count, sizeof count, "%zu of %zu, %zu unknown", d->bad,
			       d->good + d->bad, d->unknown);
		ord_text_share(d->bad, d->good + d->bad, share);
		if (d->p50 >= 0)
			ord_text_duration(d->p50, p50);
		if (d->p99 >= 0)
			ord_text_duration(d->p99, p99);
		ord_pm_row(pm, cells, false);
	}
}

static void loss_items(const struct ord_pm *pm, const struct ord_rep *r)
{
	char text[ORD_TEXT];
	int64_t ppm = r->budget.burnt_ppm;

	if (r->bad_time.state != ORD_SPAN_NONE)
		ord_pm_item(pm, "Repetition %u: users felt it for %s", r->number,
			    ord_text_span(&r->bad_time, text));
	if (r->loss.known)
		ord_pm_item(pm, "Repetition %u: as much was lost as in a full outage of %s",
			    r->number, ord_text_duration(r->loss.area_ns, text));
	if (r->loss.known && r->loss.bad_time_ns >= 0)
		ord_pm_item(pm, "Repetition %u: outside the limits for %s", r->number,
			    ord_text_duration(r->loss.bad_time_ns, text));
	if (r->budget.known)
		ord_pm_item(pm,
			    "Repetition %u: %" PRId64 ".%04" PRId64 " %% of the error budget burnt",
			    r->number, ppm / 10000, ppm % 10000);
}

void ord_pm_impact(const struct ord_pm *pm)
{
	static const char *const heads[] = {"Repetition", "Probe", "Failed while the fault lasted",
					    "Share",	  "p50",   "p99",
					    NULL};
	const struct ord_analysis *a = pm->main;

	ord_pm_text(pm, "As seen by ordeal's probes:");
	ord_pm_table(pm, "Impact as seen by the probes", heads);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		impact_rows(pm, &a->reps[i]);
	ord_pm_table_end(pm);
	ord_pm_list(pm, true);
	for (uint32_t i = 1; i <= a->t->repetitions; i++)
		loss_items(pm, &a->reps[i]);
	ord_pm_list(pm, false);
	ord_pm_blank(pm, "users",
		     "How many users, how much revenue, how many tickets did it touch?");
}

void ord_pm_trigger(const struct ord_pm *pm)
{
	const struct ord_timeline *t = pm->main->t;

	for (size_t k = 0; k < t->n_faults; k++) {
		const struct ord_tl_fault *f = &t->faults[k];
		const struct ord_fault_result *got = &pm->rep->faults[k];
		char *args =
			json_dumps(json_object_get(f->json, "args"), JSON_COMPACT | JSON_SORT_KEYS);
		char *target = json_dumps(json_object_get(f->json, "target"),
					  JSON_COMPACT | JSON_SORT_KEYS);
		char at[32], hold[ORD_TEXT];

		ord_pm_list(pm, true);
		ord_pm_item(pm, "Fault %s: %s for %s, class %s", f->name, f->fault,
			    f->hold ? ord_text_duration(f->hold, hold) : "an instant",
			    f->guarantee);
		ord_pm_item(pm, "Parameters: %s", args ? args : "none");
		ord_pm_item(pm, "Target: %s; who feels it: %s", target ? target : "the host",
			    ord_member_text(f->json, "blast", "not said"));
		ord_pm_item(pm, "%s%s",
			    got->in_force.known ? "Confirmed in force by reading it back at "
						: "Not confirmed in force",
			    got->in_force.known ? ord_pm_utc(pm->main, got->in_force.value, at)
						: "");
		if (got->has_residue && got->residue >= 0)
			ord_pm_item(pm, "Left behind after the rollback: %" PRId64, got->residue);
		ord_pm_list(pm, false);
		free(args);
		free(target);
	}
}

void ord_pm_cause(const struct ord_pm *pm)
{
	ord_pm_text(pm, NO_CAUSE);
	ord_pm_blank(
		pm, "factors",
		"How did the system come to behave like this? What made it more, and what made it "
		"less bad?");
}

void ord_pm_actions(const struct ord_pm *pm)
{
	size_t unnoticed = 0;

	for (uint32_t i = 1; i <= pm->main->t->repetitions; i++)
		for (size_t p = 0; p < pm->main->t->n_probes; p++)
			unnoticed += pm->main->t->probes[p].is_signal &&
				     pm->main->reps[i].impact.known &&
				     pm->main->reps[i].detections[p].kind == ORD_DETECTION_NONE;
	if (unnoticed)
		ord_pm_text(
			pm,
			"Suggested by ordeal: a channel noticed nothing in spite of an impact (%zu "
			"times): add or mend its detection?",
			unnoticed);
	if (pm->main->self.never)
		ord_pm_text(pm,
			    "Suggested by ordeal: %zu of %zu repetitions did not recover while the "
			    "fault "
			    "was in force: is recovery by itself wanted here?",
			    pm->main->self.never, pm->main->self.n);
	ord_pm_blank(pm, "actions",
		     "What is to be done? Action, type (mitigate, prevent, process, other), owner, "
		     "priority, ticket.");
}

static void queries(const struct ord_pm *pm)
{
	const struct ord_timeline *t = pm->main->t;

	ord_pm_list(pm, true);
	for (size_t p = 0; p < t->n_probes; p++)
		if (t->probes[p].what && *t->probes[p].what)
			ord_pm_item(pm, "Probe %s: %.200s", t->probes[p].name, t->probes[p].what);
	for (size_t i = 0; i < t->n_events; i++) {
		const json_t *rules = json_object_get(t->events[i].json, "rules"), *rule;
		size_t k;

		if (t->events[i].kind != ORD_EVENT_RULES)
			continue;
		json_array_foreach (rules, k, rule)
			ord_pm_item(pm, "Alert %s: %.300s", ord_member_text(rule, "alert", ""),
				    ord_member_text(rule, "query", ""));
		break;
	}
	ord_pm_list(pm, false);
}

static void replay(const struct ord_pm *pm, const struct ord_analysis *a)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	ord_write_replay(a, f);
	if (!fclose(f))
		ord_pm_code(pm, text);
}

void ord_pm_support(const struct ord_pm *pm)
{
	ord_pm_text(
		pm,
		"Everything above is made from these files, in the folder of each run: run.jsonl "
		"(each sample and event, by line), report.json, report.html.");
	queries(pm);
	ord_pm_text(pm, "To run it again:");
	for (size_t i = 0; i < pm->n; i++)
		replay(pm, pm->runs[i]);
	ord_pm_blank(pm, "links", "Which dashboards, logs, chats or tickets belong to this?");
}

/* Of the runs that were given, the latest of that experiment that passed. */
static const struct ord_analysis *last_passed(const struct ord_pm *pm, const char *experiment)
{
	const struct ord_analysis *best = NULL;

	for (size_t i = 0; i < pm->n; i++) {
		const struct ord_analysis *a = pm->runs[i];

		if (a->exit == 0 && !strcmp(a->t->name, experiment) &&
		    (!best || a->t->wall_ns > best->t->wall_ns))
			best = a;
	}
	return best;
}

void ord_pm_covered(const struct ord_pm *pm)
{
	const char *name = pm->options->covered_by ? pm->options->covered_by : pm->main->t->name;
	const struct ord_analysis *passed = last_passed(pm, name);
	char when[32] = "not yet";

	if (passed)
		ord_pm_utc(passed, 0, when);
	ord_pm_text(pm, "covered by: experiment %s, last passed %.10s, schedule %s", name, when,
		    pm->options->schedule ? pm->options->schedule : "none: run by hand");
}
