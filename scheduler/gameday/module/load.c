/* A game day's file, and the experiments beside it. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/gameday/module/day.h"
#include "scheduler/gameday/module/verbs.h"

static void say_mistakes(FILE *say, const char *path, const struct ord_mistakes *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct ord_mistake *k = &m->v[i];

		(void)fprintf(say, "ordeal: %s:", path);
		if (k->line)
			(void)fprintf(say, "%u:%u:", k->line, k->column);
		(void)fprintf(say, " %s%s\n", k->warning ? "warning: " : "", k->text);
	}
	if (m->more)
		(void)fprintf(say, "ordeal: %s: and %zu more\n", path, m->more);
}

/* Where an experiment is: beside the game day. Owned. */
static char *beside(const char *day, const char *file)
{
	ord_autofree char *copy = strdup(day);
	char *path = NULL;

	if (*file == '/')
		return strdup(file);
	if (!copy || asprintf(&path, "%s/%s", dirname(copy), file) < 0)
		return NULL;
	return path;
}

/* Its text, where it does not stand in the day itself. */
static int read_text(const char *day, struct ord_gameday_step *step, char **ret_path,
		     struct ord_err *err)
{
	*ret_path = step->file ? beside(day, step->file) : strdup(day);
	if (!*ret_path)
		return ord_fail_nomem(err);
	if (step->text)
		return 0;
	return ord_file_read(*ret_path, ORD_SPEC_BYTES_MAX, &step->text, &step->size, err);
}

static int plan(const char *path, struct day_experiment *e, FILE *say)
{
	struct ord_err err = {0};

	if (!ord_plan_build(e->spec, 0, &e->plan, &err))
		return DAY_OK;
	(void)fprintf(say, "ordeal: %s: %s\n", path, err.msg);
	return DAY_WRONG;
}

static int load_step(const char *day, struct ord_gameday_step *step, struct day_experiment *e,
		     FILE *say)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_mistakes mistakes = {0};
	ord_autofree char *path = NULL;
	struct ord_err err = {0};
	int r;

	if (!spec)
		return DAY_BROKEN;
	if (read_text(day, step, &path, &err)) {
		(void)fprintf(say, "ordeal: %s:%u:%u: experiment: %s\n", day, step->at.line,
			      step->at.column, err.msg);
		free(spec);
		return err.code == ORD_NOMEM ? DAY_BROKEN : DAY_WRONG;
	}
	r = ord_spec_parse(step->text, step->size, NULL, 0, spec, &mistakes);
	/* What stands in the day has been told with its place there. */
	if (step->file)
		say_mistakes(say, path, &mistakes);
	ord_mistakes_done(&mistakes);
	if (r) {
		free(spec);
		return DAY_WRONG;
	}
	e->spec = spec;
	return plan(path, e, say);
}

/* Whether the text holds the word, whatever its case. */
static bool told(const char *text, const char *word)
{
	return text && strlen(word) > 3 && strcasestr(text, word);
}

/* What everybody reads should not name what is hidden. */
static void warn_step(const struct day *day, const char *path, size_t i, FILE *say)
{
	const struct ord_gameday_step *step = &day->spec.steps[i];
	const struct ord_spec *spec = day->experiments[i].spec;
	const char *words[ORD_FAULTS_MAX * 2 + 1];
	size_t n = 0;

	words[n++] = spec->name;
	for (size_t k = 0; k < spec->n_faults; k++) {
		words[n++] = spec->faults[k].name;
		words[n++] = spec->faults[k].args->fault->name;
	}
	for (size_t k = 0; k < n; k++)
		if (told(step->name, words[k]) || told(day->spec.briefing, words[k]))
			(void)fprintf(say,
				      "ordeal: %s: warning: step %zu is hidden, and its title or "
				      "the briefing says '%s', which everybody reads\n",
				      path, i + 1, words[k]);
}

int day_load(const char *path, FILE *say, struct day **ret)
{
	struct day *day = calloc(1, sizeof *day);
	struct ord_mistakes mistakes = {0};
	struct ord_err err = {0};
	int worst = DAY_OK, code;

	*ret = day;
	if (!day)
		return DAY_BROKEN;
	if (ord_file_read(path, ORD_SPEC_BYTES_MAX, &day->text, &day->size, &err)) {
		(void)fprintf(say, "ordeal: %s: %s\n", path, err.msg);
		return DAY_WRONG;
	}
	if (ord_gameday_parse(day->text, day->size, &day->spec, &mistakes))
		worst = DAY_WRONG;
	say_mistakes(say, path, &mistakes);
	ord_mistakes_done(&mistakes);
	for (size_t i = 0; i < day->spec.n_steps; i++) {
		code = load_step(path, &day->spec.steps[i], &day->experiments[i], say);
		if (!code && day->spec.steps[i].hidden)
			warn_step(day, path, i, say);
		worst = code > worst ? code : worst;
	}
	return worst;
}

void day_free(struct day *day)
{
	for (size_t i = 0; day && i < ORD_GAMEDAY_STEPS_MAX; i++) {
		struct day_experiment *e = &day->experiments[i];

		if (e->plan.json)
			ord_plan_done(&e->plan);
		if (e->spec)
			ord_spec_done(e->spec);
		free(e->spec);
	}
	if (day) {
		ord_gameday_done(&day->spec);
		free(day->text);
	}
	free(day);
}

bool day_knows(const struct day *day, const char *role)
{
	for (size_t i = 0; role && i < day->spec.n_roles; i++)
		if (!strcmp(day->spec.roles[i].name, role))
			return day->spec.roles[i].knows;
	return !role;
}

int day_role_check(const struct day *day, const char *role, struct ord_err *err)
{
	const char *names[ORD_GAMEDAY_ROLES_MAX], *near;
	char all[ORD_GAMEDAY_ROLES_MAX * (ORD_NAME_MAX + 2)];
	size_t used = 0;

	for (size_t i = 0; i < day->spec.n_roles; i++) {
		names[i] = day->spec.roles[i].name;
		if (!role || !strcmp(names[i], role))
			return 0;
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "",
					 names[i]);
	}
	near = ord_nearest(role, names, day->spec.n_roles);
	return ord_fail(err, ORD_USAGE, "the game day has no role '%.64s'; %s%s%s", role,
			near ? "did you mean '" : "it has ", near ? near : all, near ? "'?" : "");
}
