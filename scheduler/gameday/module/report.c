#include "scheduler/gameday/module/report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "scheduler/gameday/module/figures.h"

#define LOG_MAX (64u << 20)

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int day_report_read(const struct session *s, struct day_report *ret, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	char *rest = NULL;

	*ret = (struct day_report){.s = s, .events = json_array()};
	if (!ret->events)
		return ord_fail_nomem(err);
	if (ord_file_read_at(s->dir, SESSION_LOG, LOG_MAX, &text, NULL, err))
		return -1;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *event = json_loads(line, 0, NULL);

		if (event)
			(void)json_array_append_new(ret->events, event);
	}
	for (size_t i = 0; i < s->state.n; i++)
		ret->runs[i] = figures_load(s->state.steps[i].dir);
	return 0;
}

void day_report_done(struct day_report *r)
{
	for (size_t i = 0; i < ORD_GAMEDAY_STEPS_MAX; i++)
		json_decref(r->runs[i]);
	json_decref(r->events);
	*r = (struct day_report){0};
}

/* ---- expected and actual */

static void begin_row(const struct day_report *r, size_t step, const char *what,
		      const char *expected, FILE *out)
{
	(void)fprintf(out, "| %zu. ", step + 1);
	figures_text(out, r->s->day->spec.steps[step].name);
	(void)fprintf(out, " | %s | ", what);
	figures_text(out, *expected ? expected : "-");
	(void)fputs(" | ", out);
}

/* Before each repetition's words, where there are several. */
static void repetition(const json_t *report, size_t n, FILE *out)
{
	if (n)
		(void)fputs("; ", out);
	if (figures_repetition(report, 1))
		(void)fprintf(out, "repetition %d: ",
			      (int)json_integer_value(
				      json_object_get(figures_repetition(report, n), "rep")));
}

static void put_impact(const json_t *rep, FILE *out)
{
	const json_t *probes = json_object_get(rep, "probes"), *p;
	char span[SPAN_TEXT];
	size_t i;

	if (!json_is_object(json_object_get(rep, "impact"))) {
		(void)fputs("none was seen", out);
		return;
	}
	(void)fputs("felt for ", out);
	figures_text(out, figures_span(json_object_get(rep, "impact_duration"), span));
	json_array_foreach (probes, i, p) {
		const json_t *during = json_object_get(p, "during");
		json_int_t bad = json_integer_value(json_object_get(during, "bad"));
		json_int_t good = json_integer_value(json_object_get(during, "good"));

		if (strcmp(text_of(p, "role"), "user") != 0)
			continue;
		(void)fputs(", ", out);
		figures_text(out, text_of(p, "name"));
		(void)fprintf(out, ": %" PRId64 " of %" PRId64 " failed", (int64_t)bad,
			      (int64_t)(bad + good));
	}
}

static void put_response(const json_t *rep, FILE *out)
{
	const json_t *list = json_object_get(rep, "detections"), *d;
	char span[SPAN_TEXT];
	const char *before = "";
	size_t i;

	json_array_foreach (list, i, d) {
		if (strcmp(text_of(d, "state"), "noticed") != 0)
			continue;
		(void)fputs(before, out);
		figures_text(out, text_of(d, "channel"));
		(void)fputs(" noticed, ", out);
		figures_text(out, figures_span(json_object_get(d, "from_impact"), span));
		before = ", ";
	}
	list = json_object_get(rep, "marks");
	json_array_foreach (list, i, d) {
		ord_auto(json) json_t *from = figures_from_impact(rep, json_object_get(d, "at"));

		(void)fprintf(out, "%s%s by %s", before, text_of(d, "what"), text_of(d, "by"));
		if (from) {
			(void)fputs(", ", out);
			figures_text(out, figures_span(from, span));
		}
		before = ", ";
	}
	if (!*before)
		(void)fputs("nothing was told", out);
}

/* What came of one row, in every repetition. */
static void put_each(const struct day_report *r, size_t step, void (*put)(const json_t *, FILE *),
		     FILE *out)
{
	const json_t *rep;

	for (size_t n = 0; (rep = figures_repetition(r->runs[step], n)); n++) {
		repetition(r->runs[step], n, out);
		put(rep, out);
	}
	if (!figures_repetition(r->runs[step], 0))
		(void)fputs(r->s->state.steps[step].went_ns ? "the run has no report"
							    : "was not run",
			    out);
}

/* A time, in every repetition, and beside what was expected. */
static void put_times(const struct day_report *r, size_t step, bool detection, uint64_t expected,
		      FILE *out)
{
	const json_t *rep;
	char span[SPAN_TEXT];
	const char *word, *worst = expected ? "cannot be told" : "-";

	for (size_t n = 0; (rep = figures_repetition(r->runs[step], n)); n++) {
		ord_auto(json) json_t *time =
			detection ? figures_first_detection(rep)
				  : json_incref(json_object_get(rep, "impact_duration"));

		repetition(r->runs[step], n, out);
		figures_text(out, figures_span(time, span));
		if (detection && time && json_is_false(json_object_get(time, "censored"))) {
			(void)fputs(" by ", out);
			figures_text(out, text_of(time, "channel"));
		}
		word = figures_compare(time, expected);
		/* One that is later counts for all, and one that cannot be told for those within.
		 */
		if (*word && (!n || !strcmp(word, "later") ||
			      (!strcmp(worst, "within") && strcmp(word, "within") != 0)))
			worst = strcmp(worst, "later") != 0 || !n ? word : worst;
	}
	if (!figures_repetition(r->runs[step], 0))
		(void)fputs("-", out);
	(void)fprintf(out, " | %s |\n", worst);
}

static const char *expected_time(uint64_t ns, char out[static 40])
{
	char text[32];

	if (!ns)
		return "";
	(void)snprintf(out, 40, "within %s", ord_format_duration((int64_t)ns, text));
	return out;
}

void day_report_expected(const struct day_report *r, FILE *out)
{
	const struct ord_gameday *day = &r->s->day->spec;
	char time[40];

	(void)fputs("| Step | | Expected | Actual, as seen by ordeal's probes | |\n"
		    "| --- | --- | --- | --- | --- |\n",
		    out);
	for (size_t i = 0; i < day->n_steps; i++) {
		const struct ord_gameday_expect *e = &day->steps[i].expect;

		begin_row(r, i, "impact", e->impact ? e->impact : "", out);
		put_each(r, i, put_impact, out);
		(void)fputs(" | |\n", out);
		begin_row(r, i, "response", e->response ? e->response : "", out);
		put_each(r, i, put_response, out);
		(void)fputs(" | |\n", out);
		begin_row(r, i, "time to detect", expected_time(e->detect_ns, time), out);
		put_times(r, i, true, e->detect_ns, out);
		begin_row(r, i, "time to recover", expected_time(e->recover_ns, time), out);
		put_times(r, i, false, e->recover_ns, out);
	}
	(void)fputs(
		"\nTimes count from the first impact that probes saw; in brackets is what bounds "
		"them.\n",
		out);
}

/* ---- steps */

static void put_checks(const struct day_step *step, FILE *out)
{
	const char *before = "";

	for (int i = 0; i < ORD_GAMEDAY_CHECKS; i++)
		if (step->checks[i] != DAY_UNKNOWN) {
			(void)fprintf(out, "%s%s: %s", before,
				      ord_gameday_check_name((enum ord_gameday_check)i),
				      day_result_name(step->checks[i]));
			before = ", ";
		}
	(void)fputs(*before ? "" : "-", out);
}

void day_report_steps(const struct day_report *r, FILE *out)
{
	const struct day_session *s = &r->s->state;
	char lasted[32];

	(void)fputs("| Step | Came to | From go to end | Checks | Run | Verdict |\n"
		    "| --- | --- | --- | --- | --- | --- |\n",
		    out);
	for (size_t i = 0; i < s->n; i++) {
		const struct day_step *step = &s->steps[i];
		const char *run = strrchr(step->dir, '/');

		(void)fprintf(out, "| %zu. ", i + 1);
		figures_text(out, r->s->day->spec.steps[i].name);
		(void)fprintf(
			out, " | %s | %s | ", day_state_name(step->state),
			step->ended_ns > step->went_ns
				? ord_format_duration((int64_t)((step->ended_ns - step->went_ns) /
								ORD_MS * ORD_MS),
						      lasted)
				: "-");
		put_checks(step, out);
		(void)fputs(" | ", out);
		figures_text(out, run ? run + 1 : "-");
		(void)fputs(" | ", out);
		figures_text(out, *step->verdict ? step->verdict : "-");
		(void)fputs(" |\n", out);
	}
}
