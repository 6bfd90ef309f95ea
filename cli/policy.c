#include "cli/policy.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/now.h"
#include "cli/spec_file.h"
#include "ordeal/run.h"

struct all {
	struct ord_policy_named v[ORD_POLICY_MAX];
	size_t n;
	char beside[ORD_POLICIES_MAX][ORD_PATH_MAX]; /* texts of those that the experiment names */
};

static int add(struct all *all, const char *text, enum ord_policy_by by, struct ord_err *err)
{
	if (all->n == ORD_POLICY_MAX)
		return ord_fail(err, ORD_USAGE, "more than %d policies", ORD_POLICY_MAX);
	all->v[all->n++] = (struct ord_policy_named){text, by};
	return 0;
}

/* One that is there and cannot be read is named all the same, and refuses. */
static bool is_there(const char *path)
{
	return !access(path, F_OK) || (errno != ENOENT && errno != ENOTDIR);
}

/* $ORDEAL_POLICY names one, or several with blanks between them; `words` is cut in place. */
static int add_operators(struct all *all, char *words, struct ord_err *err)
{
	char *rest = words, *word;

	if (is_there(ORD_POLICY_FILE) && add(all, ORD_POLICY_FILE, ORD_POLICY_BY_OPERATOR, err))
		return -1;
	while ((word = strsep(&rest, " \t")))
		if (*word && add(all, word, ORD_POLICY_BY_OPERATOR, err))
			return -1;
	return 0;
}

/* An experiment's file is named from where the experiment lies, wherever somebody stands who runs
 * it. What came from standard input lies where --folder says. */
static int place(const char *text, const char *path, const struct cli_args *args,
		 char out[static ORD_PATH_MAX], struct ord_err *err)
{
	const char *slash = strrchr(path, '/'), *folder = cli_value(args, "folder");
	int n;

	if (strstr(text, "://") || *text == '/')
		n = snprintf(out, ORD_PATH_MAX, "%s", text);
	else if (!strcmp(path, "-") && folder)
		n = snprintf(out, ORD_PATH_MAX, "%s/%s", folder, text);
	else
		n = snprintf(out, ORD_PATH_MAX, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path,
			     text);
	return n < ORD_PATH_MAX ? 0 : ord_fail(err, ORD_USAGE, "policy: the path is too long");
}

static int add_experiments(struct all *all, const char *path, const struct cli_args *args,
			   const struct ord_spec *spec, struct ord_err *err)
{
	for (size_t i = 0; spec && i < spec->n_policies; i++)
		if (place(spec->policies[i], path, args, all->beside[i], err) ||
		    add(all, all->beside[i], ORD_POLICY_BY_EXPERIMENT, err))
			return -1;
	return 0;
}

static int add_all(struct all *all, char *words, const struct cli_args *args, struct ord_err *err)
{
	if (add_operators(all, words, err))
		return -1;
	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, "policy") &&
		    add(all, args->given[i].value, ORD_POLICY_BY_OPTION, err))
			return -1;
	return 0;
}

static const char *option_or(const struct cli_args *args, const char *option, const char *variable)
{
	const char *value = cli_value(args, option);

	return value ? value : getenv(variable);
}

static void tell(void *arg, const char *line)
{
	(void)arg;
	(void)fflush(stdout);
	(void)fprintf(stderr, "ordeal: %s\n", line);
}

static int open_all(const char *path, const struct cli_args *args, const struct ord_spec *spec,
		    struct ord_policy **ret, struct ord_err *err)
{
	char words[4096];
	struct all all = {.n = 0};
	const char *named = getenv("ORDEAL_POLICY");
	struct ord_policy_options options = {
		.token_file = option_or(args, "policy-token-file", "ORDEAL_POLICY_TOKEN_FILE"),
		.ca_file = option_or(args, "policy-ca", "ORDEAL_POLICY_CA"),
		.tell = tell,
	};

	if (named && strlen(named) >= sizeof words)
		return ord_fail(err, ORD_USAGE, "$ORDEAL_POLICY is longer than %zu bytes",
				sizeof words - 1);
	(void)snprintf(words, sizeof words, "%s", named ? named : "");
	if (add_all(&all, words, args, err) || add_experiments(&all, path, args, spec, err))
		return -1;
	options.named = all.v;
	options.n_named = all.n;
	return all.n ? ord_policy_open(&options, ret, err) : 0;
}

int cli_policy_open(const char *path, const struct cli_args *args, const struct ord_spec *spec,
		    struct ord_policy **ret)
{
	struct ord_err err = {0};

	*ret = NULL;
	return open_all(path, args, spec, ret, &err) ? cli_complain(path, &err) : CLI_OK;
}

int cli_policy_args(const struct cli_args *args, struct cli_policy_args *ret)
{
	static const char *const names[] = {"--policy", "--policy-token-file", "--policy-ca"};
	struct ord_policy *policy;
	int code = cli_policy_open("--policy", args, NULL, &policy);

	ord_policy_close(policy);
	*ret = (struct cli_policy_args){.n = 0};
	if (code)
		return code;
	for (size_t i = 0; i < args->n_given; i++)
		for (size_t name = 0; name < ORD_COUNT(names); name++) {
			if (strcmp(args->given[i].option->name, names[name] + 2) != 0)
				continue;
			ret->v[ret->n++] = names[name];
			ret->v[ret->n++] = args->given[i].value;
		}
	return CLI_OK;
}

int cli_policy_ask(struct ord_policy *p, const char *command, const struct ord_plan *plan,
		   const struct cli_now *now, json_t **ret, struct ord_err *err)
{
	const struct ord_resolved *resolved[ORD_FAULTS_MAX];
	struct ord_policy_question q = {.plan = plan,
					.resolved = resolved,
					.command = command,
					.now_ns = ord_wall_ns(),
					.longest_ns = ord_plan_longest_ns(plan->spec)};

	for (size_t i = 0; i < plan->spec->n_faults; i++)
		resolved[i] = now->why[i] ? NULL : &now->resolved[i];
	if (now->in_cluster) {
		q.context = now->cluster.context;
		q.cluster = now->cluster.name;
		q.server = now->cluster.server;
	}
	return ord_policy_ask(p, &q, ret, err);
}

void cli_policy_complain(const json_t *lines)
{
	ord_policy_reasons(lines, tell, NULL);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_reason(void *arg, const char *line)
{
	(void)fprintf(arg, "  %s\n", line);
}

void cli_policy_print(const json_t *lines, FILE *out)
{
	const json_t *line, *rule;
	size_t i, k;

	json_array_foreach (lines, i, line) {
		bool allow = json_is_true(json_object_get(line, "allow"));
		const json_t *rules = json_object_get(line, "rules");

		(void)fprintf(out, "policy %s: %s", text_of(line, "policy"),
			      allow ? "allowed" : "refused");
		json_array_foreach (rules, k, rule)
			(void)fprintf(out, "%s%s", k ? ", " : " (rules ", json_string_value(rule));
		(void)fputs(json_array_size(rules) ? ")\n" : "\n", out);
	}
	ord_policy_reasons(lines, print_reason, out);
}
