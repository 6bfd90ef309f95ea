#include <jansson.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/gameday.h"
#include "cli/now.h"
#include "cli/pick_file.h"
#include "cli/policy.h"
#include "cli/spec_file.h"
#include "ordeal/calendar.h"
#include "ordeal/monitor.h"

static void say_missing(const char *path, const char *what, const struct ord_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		(void)fprintf(stderr, "ordeal: %s: %s: %s\n", path, what, t->v[i]);
}

/* Whether a run would get as far as its first fault. */
static int check_now(const char *path, const struct ord_plan *plan, const struct cli_now *now)
{
	int worst = CLI_OK;
	const json_t *text;
	size_t k;

	(void)fflush(stdout);
	say_missing(path, "warning", &now->cluster.warnings);
	if (now->in_cluster && !now->cluster.asked)
		return cli_complain(path, &now->cluster.why);
	say_missing(path, "not allowed", &now->cluster.missing);
	say_missing(path, "warning: the report will lack a part: not allowed",
		    &now->cluster.lacking);
	if (now->cluster.missing.n)
		worst = CLI_WRONG;
	json_array_foreach (json_object_get(now->alerts, "refused"), k, text) {
		(void)fprintf(stderr, "ordeal: %s: %s\n", path, json_string_value(text));
		worst = CLI_WRONG;
	}
	for (size_t i = 0; i < plan->spec->n_faults; i++)
		if (now->why[i]) {
			(void)fprintf(stderr, "ordeal: %s: %s\n", path, now->why[i]);
			worst = cli_exit_worst(worst, cli_exit_of(&now->errors[i]));
		}
	return worst;
}

static void say_found(const char *path, const struct ord_plan *plan, const struct cli_now *now)
{
	(void)printf("%s: ok", path);
	if (now->in_cluster)
		(void)printf("; in context %s, %s, all %zu rights are granted",
			     now->cluster.context, now->cluster.server, now->cluster.n_rules);
	for (size_t i = 0; i < plan->spec->n_faults; i++)
		(void)printf("%s '%s' would hit %zu", i ? "," : ";", plan->spec->faults[i].name,
			     now->resolved[i].n_targets);
	(void)putchar('\n');
	if (now->alerts)
		ord_monitor_text(now->alerts, stdout);
}

/* What a run would be told, without one. */
static int ask_policies(const char *path, const struct ord_plan *plan, const struct cli_now *now,
			struct ord_policy *policy)
{
	ord_auto(json) json_t *lines = NULL;
	struct ord_err err = {0};

	if (!policy)
		return CLI_OK;
	if (cli_policy_ask(policy, "validate", plan, now, &lines, &err)) {
		(void)fflush(stdout);
		cli_policy_complain(lines);
		return cli_complain(path, &err);
	}
	cli_policy_print(lines, stdout);
	return CLI_OK;
}

static int ask(const char *path, const struct ord_plan *plan, const char *context,
	       struct ord_policy *policy)
{
	struct cli_now now;
	struct ord_err err = {0};
	int code;

	if (cli_now_look(plan, context, &now, &err))
		return cli_complain(path, &err);
	code = check_now(path, plan, &now);
	code = cli_exit_worst(code, ask_policies(path, plan, &now, policy));
	if (code == CLI_OK)
		say_found(path, plan, &now);
	cli_now_done(plan, &now);
	return code;
}

static int check_schedule(const char *path, const struct cli_scheduled *s)
{
	struct ord_calendar *calendar = NULL;
	int code = CLI_OK;

	if (s->schedule->kind != ORD_SCHEDULE_NONE)
		code = cli_calendar_open(path, s, &calendar);
	ord_calendar_close(calendar);
	return code;
}

static int validate_pick(const char *path, const struct cli_args *args)
{
	struct cli_pick p;
	int code = cli_pick_read(path, args, &p);

	if (!code) {
		struct cli_scheduled s = cli_scheduled_of_pick(p.pick);

		code = check_schedule(path, &s);
	}
	if (!code)
		(void)printf("%s: ok; a schedule of %zu experiment%s of its folder\n", path,
			     p.pick->n_one_of, p.pick->n_one_of == 1 ? "" : "s");
	cli_pick_done(&p);
	return code;
}

static int validate_one(const char *path, const struct cli_args *args)
{
	const char *context = cli_value(args, "context");
	bool now = context || cli_flag(args, "now") || cli_value(args, "policy");
	struct ord_policy *policy = NULL;
	struct cli_plan plan;
	int code = cli_plan_read(path, args, &plan);

	if (!code)
		code = cli_against_read(path, &plan.plan, NULL, NULL);
	if (!code) {
		struct cli_scheduled s = cli_scheduled_of(plan.spec);

		code = check_schedule(path, &s);
	}
	if (!code && now)
		code = cli_policy_open(path, args, plan.spec, &policy);
	if (!code && now)
		code = ask(path, &plan.plan, context, policy);
	else if (!code)
		(void)printf("%s: ok%s\n", path,
			     ord_cluster_needed(plan.spec)
				     ? " as a text; its cluster was not asked (--now)"
				     : "");
	ord_policy_close(policy);
	cli_plan_done(&plan);
	return code;
}

static int validate(const struct cli_args *args, struct ord_err *err)
{
	int worst = CLI_OK, code;

	for (size_t i = 0; i < args->n_operands; i++) {
		const char *path = args->operands[i];

		if (cli_gameday_named(path))
			code = cli_gameday_file("validate", path, err);
		else if (cli_pick_named(path))
			code = validate_pick(path, args);
		else
			code = validate_one(path, args);
		worst = cli_exit_worst(worst, code < 0 ? cli_complain(path, err) : code);
	}
	return worst;
}

static const struct cli_option options[] = {CLI_SET_OPTION,
					    {"now", 0, NULL,
					     "look at the targets too, as they are now, and ask "
					     "the cluster what is allowed and Prometheus "
					     "which alerts can fire"},
					    CLI_CONTEXT_OPTION,
					    CLI_POLICY_OPTIONS,
					    {0}};

const struct cli_command cli_validate = {
	.name = "validate",
	.summary = "check experiments: every mistake, with its line and column",
	.operands = "FILE...",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.details =
		"Without --now, --context and --policy only files are read: the experiment, what "
		"no_regression objectives are held against, and its time zone. With one of them it "
		"fails as "
		"well where a run would before its first "
		"fault: the cluster does not answer or does not allow a call, a target is not "
		"there, too many are, an alert that would abort it has no rule in Prometheus, or a "
		"policy refuses it, with every reason. "
		"What else Prometheus and Alertmanager say of the alerts is shown, and is no "
		"failure. Nothing is changed.",
	.run = validate,
};
