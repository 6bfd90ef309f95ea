#include "cli/spec_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/units.h"
#include "ordeal/calendar.h"
#include "ordeal/early.h"

#define SETS_MAX 64

int cli_complain(const char *path, const struct ord_err *err)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "ordeal: %s: %s\n", path, err->msg);
	return cli_exit_of(err);
}

void cli_cluster_warn(const struct ord_cluster *c)
{
	const char *text;

	if (!c)
		return;
	(void)fflush(stdout);
	for (size_t i = 0; *(text = ord_cluster_warning(c, i)); i++)
		(void)fprintf(stderr, "ordeal: warning: %s\n", text);
}

void cli_at(const char *path, const struct ord_spec_place *at)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "ordeal: %s:", path);
	if (at->line)
		(void)fprintf(stderr, "%u:%u:", at->line, at->column);
	(void)fputc(' ', stderr);
}

static void print_mistakes(const char *path, const struct ord_mistakes *m, bool warn)
{
	(void)fflush(stdout);
	for (size_t i = 0; i < m->n; i++) {
		const struct ord_mistake *k = &m->v[i];
		const char *kind = k->warning ? "warning: " : "";

		if (k->warning && !warn)
			continue;
		cli_at(path, &(struct ord_spec_place){k->line, k->column});
		(void)fprintf(stderr, "%s%s\n", kind, k->text);
	}
	if (m->more)
		(void)fprintf(stderr, "ordeal: %s: and %zu more\n", path, m->more);
}

/* --set PATH=VALUE...; the texts are cut in place. */
static int read_sets(const struct cli_args *args, struct ord_override *sets, char *texts[],
		     size_t *ret_n, struct ord_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < args->n_given; i++) {
		const struct cli_given *g = &args->given[i];
		char *eq;

		if (strcmp(g->option->name, "set"))
			continue;
		if (n == SETS_MAX)
			return ord_fail(err, ORD_USAGE, "more than %d --set", SETS_MAX);
		texts[n] = strdup(g->value);
		if (!texts[n])
			return ord_fail_nomem(err);
		eq = strchr(texts[n], '=');
		n++;
		*ret_n = n;
		if (!eq || eq == texts[n - 1])
			return ord_fail(err, ORD_USAGE,
					"--set %s: write PATH=VALUE, as in spec.repetitions=1",
					g->value);
		*eq = '\0';
		sets[n - 1] = (struct ord_override){texts[n - 1], eq + 1};
	}
	return 0;
}

int cli_text_read(const char *path, const struct cli_args *args, bool warn, cli_text_parse *parse,
		  void *ret)
{
	struct ord_override v[SETS_MAX];
	struct ord_mistakes mistakes = {0};
	char *texts[SETS_MAX] = {0};
	struct cli_sets sets = {v, 0};
	ord_autofree char *yaml = NULL;
	struct ord_err err = {0};
	int code = CLI_OK;
	size_t size = 0;

	if (read_sets(args, v, texts, &sets.n, &err) ||
	    cli_read_operand(path, ORD_SPEC_BYTES_MAX, &yaml, &size, &err)) {
		/* It names the file, or the --set, itself. */
		(void)fflush(stdout);
		(void)fprintf(stderr, "ordeal: %s\n", err.msg);
		code = cli_exit_of(&err);
	} else {
		code = parse(yaml, size, &sets, ret, &mistakes) ? CLI_WRONG : CLI_OK;
		print_mistakes(path, &mistakes, warn);
		ord_mistakes_done(&mistakes);
	}
	for (size_t i = 0; i < sets.n; i++)
		free(texts[i]);
	return code;
}

int cli_seed_read(const struct cli_args *args, uint64_t *ret, struct ord_err *err)
{
	uint64_t drawn = 0;

	if (getrandom(&drawn, sizeof drawn, 0) < 0)
		return ord_fail_sys(err, "getrandom");
	if (cli_number(args, "seed", drawn & ORD_SEED_MAX, ret, err))
		return -1;
	if (*ret > ORD_SEED_MAX)
		return ord_fail(err, ORD_USAGE, "--seed: at most %llu", ORD_SEED_MAX);
	return 0;
}

/* Whether so many repetitions can decide it at all. */
static void warn_sequential(const char *path, const struct ord_spec *spec)
{
	const struct ord_sequential_spec *q = &spec->sequential;
	size_t accept, reject;

	if (!q->set ||
	    !ord_early_reach(q->good_ppm, q->bad_ppm, q->alpha_ppm, q->beta_ppm, &accept, &reject))
		return;
	if (spec->repetitions >= accept)
		return;
	cli_at(path, &q->at);
	(void)fprintf(stderr,
		      "warning: sequential: within %u repetitions it is never accepted, which "
		      "takes %zu without a miss%s\n",
		      spec->repetitions, accept,
		      spec->repetitions < reject ? ", nor rejected" : "");
}

static int parse_spec(const char *yaml, size_t size, const struct cli_sets *sets, void *ret,
		      struct ord_mistakes *mistakes)
{
	return ord_spec_parse(yaml, size, sets->v, sets->n, ret, mistakes);
}

int cli_spec_read(const char *path, const struct cli_args *args, bool warn, struct ord_spec **ret)
{
	struct ord_spec *spec = calloc(1, sizeof *spec);
	int code;

	if (!spec)
		return CLI_BROKEN;
	code = cli_text_read(path, args, warn, parse_spec, spec);
	if (code)
		free(spec);
	else
		*ret = spec;
	return code;
}

void cli_spec_free(struct ord_spec *spec)
{
	if (spec)
		ord_spec_done(spec);
	free(spec);
}

int cli_plan_read(const char *path, const struct cli_args *args, struct cli_plan *ret)
{
	struct ord_err err = {0};
	uint64_t seed;
	int code;

	*ret = (struct cli_plan){0};
	if (cli_seed_read(args, &seed, &err))
		return cli_complain(path, &err);
	code = cli_spec_read(path, args, true, &ret->spec);
	if (code)
		return code;
	/* --seed is meant for this call, so it counts more than the file. */
	if (cli_flag(args, "seed")) {
		ret->spec->seed = seed;
		ret->spec->has_seed = true;
	}
	if (ord_plan_build(ret->spec, seed, &ret->plan, &err))
		return cli_complain(path, &err);
	warn_sequential(path, ret->spec);
	return 0;
}

void cli_plan_done(struct cli_plan *plan)
{
	if (plan->plan.json)
		ord_plan_done(&plan->plan);
	cli_spec_free(plan->spec);
	*plan = (struct cli_plan){0};
}

struct cli_scheduled cli_scheduled_of(const struct ord_spec *spec)
{
	return (struct cli_scheduled){spec->name, &spec->schedule, spec->has_seed ? spec->seed : 0,
				      &spec->schedule_at, &spec->zone_at};
}

int cli_calendar_open(const char *path, const struct cli_scheduled *s, struct ord_calendar **ret)
{
	struct ord_zone *zone = NULL;
	struct ord_err err = {0};
	bool known = !ord_zone_open(s->schedule->zone, &zone, &err);

	ord_zone_close(zone);
	if (known && !ord_calendar_open(s->schedule, s->name, s->seed, ret, &err))
		return CLI_OK;
	cli_at(path, known ? s->schedule_at : s->zone_at);
	(void)fprintf(stderr, "%s: %s\n", known ? "schedule" : "timezone", err.msg);
	return cli_exit_of(&err);
}
