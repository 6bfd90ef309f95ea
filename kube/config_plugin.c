/*
 * Exec credential plugins: what the kubeconfig says of one, and how it is run.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "kube/config_private.h"

#define ARGS_MAX 1000
#define LIMIT_NS (30 * ORD_S)
#define SLACK_NS (30 * (int64_t)ORD_S) /* renewed so long before it expires, at most */

extern char **environ;

static const char group[] = "client.authentication.k8s.io";

static void free_texts(char **v)
{
	for (size_t i = 0; v && v[i]; i++) {
		kube_wipe(v[i], strlen(v[i])); /* an env entry may be a password */
		free(v[i]);
	}
	free(v);
}

void cfg_plugin_free(struct cfg_plugin *p)
{
	if (!p)
		return;
	free(p->user);
	free(p->command);
	free_texts(p->argv);
	free_texts(p->env);
	free(p->api_version);
	free(p->hint);
	free(p->cluster);
	kube_secret_done(&p->token);
	kube_secret_done(&p->cert);
	kube_secret_done(&p->key);
	free(p);
}

/* --- the exec entry ------------------------------------------------------------------------- */

static int read_args(const struct cfg_file *f, const yaml_node_t *exec, struct cfg_plugin *p,
		     struct ord_err *err)
{
	const yaml_node_t *list = cfg_get(f, exec, "args"), *item;
	size_t n = 0;

	while (cfg_item(f, list, n))
		n++;
	if (n > ARGS_MAX)
		return cfg_mistake(err, f, list, "more than %d args", ARGS_MAX);
	p->argv = calloc(n + 2, sizeof *p->argv);
	if (!p->argv || cfg_copy(p->command, &p->argv[0], err))
		return ord_fail_nomem(err);
	for (size_t i = 0; (item = cfg_item(f, list, i)); i++)
		if (cfg_copy((const char *)item->data.scalar.value, &p->argv[i + 1], err))
			return -1;
	return 0;
}

static int read_env(const struct cfg_file *f, const yaml_node_t *exec, struct cfg_plugin *p,
		    struct ord_err *err)
{
	const yaml_node_t *list = cfg_get(f, exec, "env"), *item;
	size_t n = 0;

	while (cfg_item(f, list, n))
		n++;
	if (n > ARGS_MAX)
		return cfg_mistake(err, f, list, "more than %d entries of env", ARGS_MAX);
	p->env = calloc(n + 1, sizeof *p->env);
	if (!p->env)
		return ord_fail_nomem(err);
	for (size_t i = 0; (item = cfg_item(f, list, i)); i++) {
		const char *name = cfg_text(f, item, "name"), *value = cfg_text(f, item, "value");

		if (!name || strchr(name, '='))
			return cfg_mistake(err, f, item,
					   "an entry of env needs a name without '='");
		if (asprintf(&p->env[i], "%s=%s", name, value ? value : "") < 0) {
			p->env[i] = NULL;
			return ord_fail_nomem(err);
		}
	}
	return 0;
}

static int check_mode(const struct cfg_file *f, const yaml_node_t *exec, const char *name,
		      const char *version, struct ord_err *err)
{
	const yaml_node_t *node = cfg_get(f, exec, "interactiveMode");
	const char *mode = cfg_text(f, exec, "interactiveMode");

	if (!mode && !strcmp(strrchr(version, '/'), "/v1"))
		return cfg_mistake(err, f, exec,
				   "the exec plugin of the user '%.100s' needs interactiveMode: "
				   "Never or IfAvailable",
				   name);
	if (!mode || !strcmp(mode, "Never") || !strcmp(mode, "IfAvailable"))
		return 0;
	if (!strcmp(mode, "Always"))
		return cfg_mistake(err, f, node,
				   "the exec plugin of the user '%.100s' wants a person at a "
				   "terminal (interactiveMode: Always); ordeal works without one",
				   name);
	return cfg_mistake(err, f, node, "interactiveMode must be Never or IfAvailable");
}

static int read_version(const struct cfg_file *f, const yaml_node_t *exec, const char *name,
			struct cfg_plugin *p, struct ord_err *err)
{
	const char *version = cfg_text(f, exec, "apiVersion");
	const yaml_node_t *at = cfg_get(f, exec, "apiVersion");

	if (!version || (strcmp(version, "client.authentication.k8s.io/v1") != 0 &&
			 strcmp(version, "client.authentication.k8s.io/v1beta1") != 0))
		return cfg_mistake(err, f, at ? at : exec,
				   "the exec plugin of the user '%.100s' needs apiVersion: %s/v1 "
				   "(or v1beta1)",
				   name, group);
	return cfg_copy(version, &p->api_version, err);
}

int cfg_plugin_read(const struct cfg_file *f, const yaml_node_t *user, const char *name,
		    struct kube_config *c, struct ord_err *err)
{
	const yaml_node_t *exec = cfg_get(f, user, "exec");
	const char *command = cfg_text(f, exec, "command");
	struct cfg_plugin *p;

	if (!exec)
		return 0;
	if (!command)
		return cfg_mistake(err, f, exec,
				   "the exec plugin of the user '%.100s' needs a command", name);
	p = c->plugin = calloc(1, sizeof *p);
	if (!p)
		return ord_fail_nomem(err);
	/* Only a name without a slash is looked for on the PATH. */
	if (strchr(command, '/') ? cfg_path(f, command, &p->command, err)
				 : cfg_copy(command, &p->command, err))
		return -1;
	if (cfg_copy(name, &p->user, err) || read_version(f, exec, name, p, err) ||
	    check_mode(f, exec, name, p->api_version, err) || read_args(f, exec, p, err) ||
	    read_env(f, exec, p, err))
		return -1;
	p->limit_ns = LIMIT_NS;
	p->tell_cluster = cfg_flag(f, exec, "provideClusterInfo");
	return cfg_copy(cfg_text(f, exec, "installHint"), &p->hint, err);
}

/* --- running it ----------------------------------------------------------------------------- */

static bool expired(const struct cfg_plugin *p)
{
	int64_t now = (int64_t)ord_wall_ns(), slack;

	if (!p->expiry_ns)
		return false;
	slack = (p->expiry_ns - p->fetched_ns) / 10;
	return now >= p->expiry_ns - (slack < SLACK_NS ? slack : SLACK_NS);
}

static bool overridden(const struct cfg_plugin *p, const char *entry, const char *info)
{
	size_t n = strcspn(entry, "=") + 1;

	for (size_t i = 0; p->env[i]; i++)
		if (!strncmp(p->env[i], entry, n))
			return true;
	return !strncmp(info, entry, n);
}

/* Ours, then the kubeconfig's, then the question. The array is owned, the texts are borrowed. */
static char **environment(const struct cfg_plugin *p, char *info)
{
	size_t n = 0, m = 0, at = 0;
	char **env;

	while (environ && environ[n])
		n++;
	while (p->env[m])
		m++;
	env = calloc(n + m + 2, sizeof *env);
	if (!env)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!overridden(p, environ[i], info))
			env[at++] = environ[i];
	for (size_t i = 0; i < m; i++)
		env[at++] = p->env[i];
	env[at] = info;
	return env;
}

static int find_program(const char *name, char **ret, struct ord_err *err)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? cfg_copy(name, ret, err)
					       : ord_fail_sys(err, "'%.150s'", name);
	for (const char *at = path && *path ? path : "/usr/bin:/bin", *end; *at;
	     at = *end ? end + 1 : end) {
		char *full;

		end = strchrnul(at, ':');
		/* Not the working directory: who is in a strange one runs nothing of it. */
		if (*at != '/')
			continue;
		if (asprintf(&full, "%.*s/%s", (int)(end - at), at, name) < 0)
			return ord_fail_nomem(err);
		if (access(full, X_OK) == 0) {
			*ret = full;
			return 0;
		}
		free(full);
	}
	return ord_fail(err, ORD_USAGE, "there is no program '%.100s' on the PATH", name);
}

static int ask(struct kube_config *c, const char *program, char *const *env, struct ord_err *err)
{
	struct cfg_plugin *p = c->plugin;
	const struct cfg_command cmd = {.path = program,
					.argv = p->argv,
					.env = env,
					.beat = c->beat,
					.limit_ns = p->limit_ns};
	struct kube_secret out = {0};
	char said[256];
	int status, rc;

	rc = cfg_exec(&cmd, &out, &status, said, err);
	if (!rc && status)
		rc = ord_fail(err, ORD_SYS, "it %s %d%s%s",
			      status > 0 ? "ended with status" : "was killed by signal",
			      status > 0 ? status : -status, *said ? ": " : "", said);
	else if (!rc)
		rc = cfg_plugin_answer(p, out.text, out.size, err);
	kube_secret_done(&out);
	return rc;
}

int cfg_plugin_fresh(struct kube_config *c, struct ord_err *err)
{
	struct cfg_plugin *p = c->plugin;
	ord_autofree char *info = NULL, *program = NULL;
	ord_autofree char **env = NULL;

	if (p->have && !expired(p))
		return 0;
	if (asprintf(&info,
		     "KUBERNETES_EXEC_INFO={\"kind\":\"ExecCredential\",\"apiVersion\":\"%s\","
		     "\"spec\":{%s%s%s\"interactive\":false}}",
		     p->api_version, p->cluster ? "\"cluster\":" : "", p->cluster ? p->cluster : "",
		     p->cluster ? "," : "") < 0) {
		info = NULL;
		return ord_fail_nomem(err);
	}
	env = environment(p, info);
	if (!env)
		return ord_fail_nomem(err);
	if (find_program(p->command, &program, err))
		return ord_wrap(err, "the exec plugin of the user '%.100s'%s%.150s", p->user,
				p->hint ? "; " : "", p->hint ? p->hint : "");
	c->generation++; /* whatever it answers, it is new */
	if (ask(c, program, env, err))
		return ord_wrap(err, "the exec plugin of the user '%.100s' (%.100s)", p->user,
				p->command);
	return 0;
}
