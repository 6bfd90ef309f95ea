/* The plan on a page: for the room, and for the wall. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/units.h"
#include "scheduler/gameday/module/day.h"

static const char *span(uint64_t ns, char out[static 32])
{
	return ord_format_duration((int64_t)ns, out);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

void day_faults(const struct day *day, size_t step, const char *before, FILE *out)
{
	const json_t *faults = json_object_get(day->experiments[step].plan.json, "faults"), *f;
	char lasts[32];
	size_t i;

	json_array_foreach (faults, i, f) {
		const json_t *target = json_object_get(f, "target");
		const char *which = text_of(target, "text");

		(void)fprintf(
			out, "%s%s: %s on %s%s%s for %s\n", before, text_of(f, "name"),
			text_of(f, "fault"), text_of(target, "kind"), *which ? " " : "", which,
			span((uint64_t)json_integer_value(json_object_get(f, "for_ns")), lasts));
	}
}

static void put_roles(const struct day *day, FILE *out)
{
	(void)fputs("\n## Roles\n\n| role | does | who |\n| --- | --- | --- |\n", out);
	for (size_t i = 0; i < day->spec.n_roles; i++)
		(void)fprintf(out, "| %s | %s | |\n", day->spec.roles[i].name,
			      day->spec.roles[i].does);
}

static void put_expected(const struct ord_gameday_expect *e, FILE *out)
{
	char text[32];

	if (e->impact)
		(void)fprintf(out, "- Expected impact: %s\n", e->impact);
	if (e->response)
		(void)fprintf(out, "- Expected response: %s\n", e->response);
	if (e->detect_ns)
		(void)fprintf(out, "- Expected to be detected within %s\n",
			      span(e->detect_ns, text));
	if (e->recover_ns)
		(void)fprintf(out, "- Expected to be recovered within %s\n",
			      span(e->recover_ns, text));
}

static void put_conditions(const char *what, const struct ord_condition *c, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "%s%s", i ? "; " : what, c[i].text);
	if (n)
		(void)fputc('\n', out);
}

static void put_checks(uint32_t checks, FILE *out)
{
	(void)fputs("- Go or no-go:", out);
	for (int i = 0; i < ORD_GAMEDAY_CHECKS; i++)
		if (checks & 1u << i)
			(void)fprintf(out, " [ ] %s",
				      ord_gameday_check_name((enum ord_gameday_check)i));
	(void)fputs(checks ? "\n" : " nothing is checked\n", out);
}

/* What only those who know are told. */
static void put_known(const struct day *day, size_t i, FILE *out)
{
	const struct ord_gameday_step *step = &day->spec.steps[i];
	const struct ord_spec *spec = day->experiments[i].spec;

	(void)fprintf(out, "- Experiment: %s%s%s%s\n", spec->name, step->file ? " (" : "",
		      step->file ? step->file : "", step->file ? ")" : "");
	if (spec->hypothesis)
		(void)fprintf(out, "- Hypothesis: %s\n", spec->hypothesis);
	day_faults(day, i, "- Fault ", out);
	put_expected(&step->expect, out);
	put_conditions("- Steady state: ", spec->steady, spec->n_steady, out);
	put_conditions("- Aborts by itself when: ", spec->abort, spec->n_abort, out);
	put_checks(step->checks, out);
	(void)fputs("- Taken back: by ordeal at its end, at an abort, and by the guardian should "
		    "ordeal die\n",
		    out);
	if (step->rollback)
		(void)fprintf(out, "- Taken back by hand: %s\n", step->rollback);
}

static void put_step(const struct day *day, size_t i, bool knows, FILE *out)
{
	const struct ord_gameday_step *step = &day->spec.steps[i];
	char box[32];

	(void)fprintf(out, "\n### %zu. %s\n\n- Time box: %s\n", i + 1, step->name,
		      span(step->time_box_ns, box));
	if (!step->hidden || knows)
		put_known(day, i, out);
	if (step->hidden)
		(void)fputs(knows ? "- Hidden from who does not know it, until it is revealed\n"
				  : "- What is done is hidden until it is revealed\n",
			    out);
}

void day_page(const struct day *day, bool knows, FILE *out)
{
	char cool[32];

	(void)fprintf(out, "# Game day: %s\n", day->spec.name);
	if (day->spec.briefing)
		(void)fprintf(out, "\n%s\n", day->spec.briefing);
	put_roles(day, out);
	(void)fputs("\n## Steps\n\nEach is checked, then somebody says go, hold or abort. Anybody "
		    "may say hold or abort.\n",
		    out);
	for (size_t i = 0; i < day->spec.n_steps; i++)
		put_step(day, i, knows, out);
	(void)fprintf(out, "\nAfter each step its steady state must hold for %s before the next.\n",
		      span(day->spec.cooldown_ns, cool));
}
