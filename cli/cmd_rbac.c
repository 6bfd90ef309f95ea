/* rbac: the least role that lets experiments do what they do, for kubectl apply. */
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/spec_file.h"
#include "ordeal/cluster.h"

/* --- JSON as YAML, for people --------------------------------------------------------------- */

/* What every reader of YAML takes for a text, without quotes. */
static bool is_plain(const char *s)
{
	static const char *const words[] = {"y",   "yes",  "n",	    "no",  "on",
					    "off", "true", "false", "null"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (size_t i = 0; i < ORD_COUNT(words); i++)
		if (!strcasecmp(s, words[i]))
			return false;
	return *s && strchr(letters, *s) && !s[strcspn(s, " ,:#[]{}\"'&*!|>%@`\\\n\t")];
}

/* Else quoted as JSON does, which is YAML too. */
static void print_scalar(const json_t *v)
{
	ord_autofree char *text = json_dumps(v, JSON_ENCODE_ANY);

	if (json_is_string(v) && is_plain(json_string_value(v)))
		(void)fputs(json_string_value(v), stdout);
	else
		(void)fputs(text ? text : "null", stdout);
}

static bool is_plain_list(const json_t *v)
{
	return json_is_array(v) && !json_is_object(json_array_get(v, 0));
}

static void print_list(const json_t *list)
{
	size_t i;
	json_t *v;

	(void)putchar('[');
	json_array_foreach (list, i, v) {
		(void)fputs(i ? ", " : "", stdout);
		print_scalar(v);
	}
	(void)putchar(']');
}

static void print_map(const json_t *map, int indent);

static void print_value(const json_t *v, int indent)
{
	size_t i;
	json_t *item;

	if (json_is_object(v)) {
		(void)putchar('\n');
		print_map(v, indent + 2);
		return;
	}
	if (!json_is_array(v) || is_plain_list(v)) {
		(void)putchar(' ');
		json_is_array(v) ? print_list(v) : print_scalar(v);
		(void)putchar('\n');
		return;
	}
	(void)putchar('\n');
	json_array_foreach (v, i, item) {
		const char *why = json_string_value(json_object_get(item, "why"));

		if (why)
			(void)printf("%*s# %s\n", indent, "", why);
		(void)printf("%*s- ", indent, "");
		print_map(item, -(indent + 2));
	}
}

/* A negative indent: the first key stands behind what is there already. */
static void print_map(const json_t *map, int indent)
{
	int at = indent < 0 ? -indent : indent;
	bool first = indent < 0;
	const char *key;
	json_t *v;
	union {
		const json_t *in;
		json_t *out;
	} m = {.in = map};

	json_object_foreach (m.out, key, v) {
		if (!strcmp(key, "why"))
			continue;
		(void)printf("%*s%s:", first ? 0 : at, "", key);
		first = false;
		print_value(v, at);
	}
}

static void print_yaml(const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach (json_object_get(list, "items"), i, item) {
		(void)puts("---");
		print_map(item, 0);
	}
}

static int print_json(json_t *list, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t i, k;
	json_t *item, *rule;

	json_array_foreach (json_object_get(list, "items"), i, item)
		json_array_foreach (json_object_get(item, "rules"), k, rule)
			(void)json_object_del(rule, "why");
	text = json_dumps(list, JSON_INDENT(2));
	if (!text)
		return ord_fail_nomem(err);
	(void)puts(text);
	return 0;
}

/* --- the command ---------------------------------------------------------------------------- */

static int read_subject(const struct cli_args *args, struct ord_subject *ret, char ns[64],
			struct ord_err *err)
{
	const char *account = cli_value(args, "service-account"), *slash;
	const char *user = cli_value(args, "user"), *team = cli_value(args, "group");

	if ((account != NULL) + (user != NULL) + (team != NULL) > 1)
		return ord_fail(err, ORD_USAGE,
				"--service-account, --user and --group exclude each other");
	if (user || team) {
		ret->kind = user ? "User" : "Group";
		ret->who = user ? user : team;
		return 0;
	}
	account = account ? account : "default/ordeal";
	slash = strchr(account, '/');
	if (!slash || slash == account || !slash[1] || slash - account > 63)
		return ord_fail(err, ORD_USAGE,
				"--service-account takes NAMESPACE/NAME, as in default/ordeal");
	(void)snprintf(ns, 64, "%.*s", (int)(slash - account), account);
	ret->kind = "ServiceAccount";
	ret->account_ns = ns;
	ret->who = slash + 1;
	return 0;
}

/* The rules of all files in one set. */
static int read_rules(const struct cli_args *args, struct ord_rules *ret, char *name, size_t size)
{
	int worst = CLI_OK;

	for (size_t i = 0; i < args->n_operands; i++) {
		struct cli_plan plan;
		struct ord_rules rules = {0};
		struct ord_err err;
		int code = cli_plan_read(args->operands[i], args, &plan);

		if (!code && (ord_cluster_rules(&plan.plan, &rules, &err) ||
			      ord_rules_join(ret, &rules, &err)))
			code = cli_complain(args->operands[i], &err);
		if (!code && args->n_operands == 1)
			(void)snprintf(name, size, "ordeal-%s", plan.spec->name);
		ord_rules_done(&rules);
		worst = cli_exit_worst(worst, code);
		cli_plan_done(&plan);
	}
	return worst;
}

static int rbac(const struct cli_args *args, struct ord_err *err)
{
	char name[ORD_NAME_MAX + 8] = "ordeal", ns[64];
	struct ord_subject who = {0};
	struct ord_rules rules = {0};
	ord_auto(json) json_t *list = NULL;
	int code;

	if (read_subject(args, &who, ns, err))
		return -1;
	code = read_rules(args, &rules, name, sizeof name);
	who.name = cli_value(args, "name") ? cli_value(args, "name") : name;
	if (!code && !rules.n)
		(void)puts("# nothing to allow: no fault, probe or channel is in a cluster");
	if (!code && rules.n) {
		list = ord_rules_roles(&rules, &who);
		code = list ? 0 : ord_fail_nomem(err);
	}
	ord_rules_done(&rules);
	if (code || !list)
		return code;
	if (cli_flag(args, "json"))
		return print_json(list, err);
	print_yaml(list);
	return CLI_OK;
}

static const struct cli_option options[] = {
	{"service-account", 0, "NAMESPACE/NAME",
	 "for whom: a service account, default/ordeal where nobody is named"},
	{"user", 0, "NAME", "for a user instead"},
	{"group", 0, "NAME", "for a group instead"},
	{"name", 0, "NAME", "of the roles and bindings; ordeal-EXPERIMENT where none is given"},
	{"json", 0, NULL, "as JSON, a v1 List"},
	CLI_SET_OPTION,
	{0}};

const struct cli_command cli_rbac = {
	.name = "rbac",
	.summary = "print the least role that lets experiments do what they do in a cluster",
	.operands = "FILE...",
	.options = options,
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.details =
		"For kubectl apply: a Role with its binding in each namespace that the "
		"experiments name, and a ClusterRole for what is in no namespace, or in those "
		"that a pattern or a selector chooses. What stands by its name is allowed by its "
		"name alone. No cluster is asked.\n\n"
		"  ordeal rbac kill.yaml --service-account ci/ordeal | kubectl apply -f -\n\n"
		"A run asks the cluster for each of these before it starts anything, and refuses "
		"where one is missing; one that is marked as optional costs a part of the report "
		"alone.",
	.run = rbac,
};
