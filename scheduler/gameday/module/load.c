/* A game day's file, and the experiments beside it. */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/file.h"
#include "scheduler/gameday/module/day.h"
#include "scheduler/gameday/module/verbs.h"

/* In a session's folder. */
#define KEPT_DAY  "day.yaml"
#define KEPT_STEP "step-%zu.yaml"

static void say_mistakes(FILE *say, const char *path, const struct ord_mistakes *m, bool warn)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct ord_mistake *k = &m->v[i];

		if (k->warning && !warn)
			continue;
		(void)fprintf(say, "ordeal: %s:", path);
		if (k->line)
			(void)fprintf(say, "%u:%u:", k->line, k->column);
		(void)fprintf(say, " %s%s\n", k->warning ? "warning: " : "", k->text);
	}
	if (m->more)
		(void)fprintf(say, "ordeal: %s: and %zu more\n", path, m->more);
}

/* Where a day's texts are. */
struct place {
	const char *day; /* the file */
	bool kept;	 /* its folder is a session's */
};

/* Where an experiment is: beside the game day. Owned. */
static char *beside(const struct place *at, size_t step, const char *file)
{
	ord_autofree char *copy = strdup(at->day);
	char *path = NULL, name[32];

	(void)snprintf(name, sizeof name, KEPT_STEP, step + 1);
	if (at->kept)
		file = name;
	if (*file == '/')
		return strdup(file);
	if (!copy || asprintf(&path, "%s/%s", dirname(copy), file) < 0)
		return NULL;
	return path;
}

/* Its text, where it does not stand in the day itself. */
static int read_text(const struct place *at, size_t i, struct ord_gameday_step *step,
		     char **ret_path, struct ord_err *err)
{
	*ret_path = step->file ? beside(at, i, step->file) : strdup(at->day);
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

static int load_step(const struct place *at, struct day *day, size_t i, FILE *say)
{
	struct ord_gameday_step *step = &day->spec.steps[i];
	struct ord_spec *spec = calloc(1, sizeof *spec);
	struct ord_mistakes mistakes = {0};
	ord_autofree char *path = NULL;
	struct ord_err err = {0};
	int r;

	if (!spec)
		return DAY_BROKEN;
	if (read_text(at, i, step, &path, &err)) {
		(void)fprintf(say, "ordeal: %s:%u:%u: experiment: %s\n", at->day, step->at.line,
			      step->at.column, err.msg);
		free(spec);
		return err.code == ORD_NOMEM ? DAY_BROKEN : DAY_WRONG;
	}
	r = ord_spec_parse(step->text, step->size, NULL, 0, spec, &mistakes);
	/* What stands in the day has been told with its place there. */
	if (step->file)
		say_mistakes(say, path, &mistakes, !at->kept);
	ord_mistakes_done(&mistakes);
	if (r) {
		free(spec);
		return DAY_WRONG;
	}
	day->experiments[i].spec = spec;
	return plan(path, &day->experiments[i], say);
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

static int load(const struct place *at, FILE *say, struct day **ret)
{
	const char *path = at->day;
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
	say_mistakes(say, path, &mistakes, !at->kept);
	ord_mistakes_done(&mistakes);
	for (size_t i = 0; i < day->spec.n_steps; i++) {
		code = load_step(at, day, i, say);
		if (!code && day->spec.steps[i].hidden && !at->kept)
			warn_step(day, path, i, say);
		worst = code > worst ? code : worst;
	}
	return worst;
}

int day_load(const char *path, FILE *say, struct day **ret)
{
	return load(&(struct place){.day = path}, say, ret);
}

int day_load_kept(const char *folder, FILE *say, struct day **ret)
{
	ord_autofree char *path = NULL;

	*ret = NULL;
	if (asprintf(&path, "%s/" KEPT_DAY, folder) < 0) {
		path = NULL;
		return DAY_BROKEN;
	}
	return load(&(struct place){.day = path, .kept = true}, say, ret);
}

int day_keep(const struct day *day, int folder, struct ord_err *err)
{
	char name[32];

	if (ord_file_replace_at(folder, KEPT_DAY, day->text, day->size, 0600, true, err))
		return -1;
	for (size_t i = 0; i < day->spec.n_steps; i++) {
		const struct ord_gameday_step *step = &day->spec.steps[i];

		(void)snprintf(name, sizeof name, KEPT_STEP, i + 1);
		if (step->file &&
		    ord_file_replace_at(folder, name, step->text, step->size, 0600, true, err))
			return -1;
	}
	return 0;
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
