/*
 * Exec credential plugins: what the kubeconfig says of one, what it is told, what it answers.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/config_private.h"
#include "kube/kube.h"

#define ARGS_MAX   1000
#define JSON_DEPTH 16
#define JSON_ITEMS 1000
#define LIMIT_NS   (30 * ORD_S)
#define SLACK_NS   (30 * (int64_t)ORD_S) /* renewed so long before it expires, at most */

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

/* --- KUBERNETES_EXEC_INFO ------------------------------------------------------------------- */

static json_t *to_json(const struct cfg_file *f, const yaml_node_t *node, unsigned depth,
		       unsigned *left);

static json_t *scalar_to_json(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	char *end;
	long long v;

	switch (cfg_scalar(node)) {
	case CFG_NULL:
		return json_null();
	case CFG_BOOL:
		return json_boolean(cfg_true(node));
	case CFG_NUMBER:
		v = strtoll(text, &end, 10);
		return *end ? json_real(strtod(text, NULL)) : json_integer(v);
	case CFG_STRING:
		break;
	}
	return json_stringn(text, node->data.scalar.length);
}

static json_t *map_to_json(const struct cfg_file *f, const yaml_node_t *node, unsigned depth,
			   unsigned *left)
{
	json_t *map = json_object();

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		const yaml_node_t *key = cfg_node(f, p->key);
		json_t *value = to_json(f, cfg_node(f, p->value), depth, left);

		if (key->type != YAML_SCALAR_NODE ||
		    json_object_set_new(map, (const char *)key->data.scalar.value, value)) {
			if (key->type != YAML_SCALAR_NODE)
				json_decref(value);
			json_decref(map);
			return NULL;
		}
	}
	return map;
}

/* NULL: too deep, too much, or no memory. */
static json_t *to_json(const struct cfg_file *f, const yaml_node_t *node, unsigned depth,
		       unsigned *left)
{
	const yaml_node_t *item;
	json_t *list;

	if (!depth || !*left)
		return NULL;
	--*left;
	if (node->type == YAML_MAPPING_NODE)
		return map_to_json(f, node, depth - 1, left);
	if (node->type != YAML_SEQUENCE_NODE)
		return scalar_to_json(node);
	list = json_array();
	for (size_t i = 0; (item = cfg_item(f, node, i)); i++)
		if (json_array_append_new(list, to_json(f, item, depth - 1, left))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* The cluster's extension of the plugins' own name is told as `config`. */
static int add_extension(const struct cfg_file *f, const yaml_node_t *cluster, json_t *to,
			 struct ord_err *err)
{
	const yaml_node_t *list = cfg_get(f, cluster, "extensions"), *item;
	unsigned left = JSON_ITEMS;

	for (size_t i = 0; (item = cfg_item(f, list, i)); i++) {
		const char *name = cfg_text(f, item, "name");
		const yaml_node_t *value = cfg_get(f, item, "extension");
		json_t *json;

		if (!name || !value || strcmp(name, "client.authentication.k8s.io/exec") != 0)
			continue;
		json = to_json(f, value, JSON_DEPTH, &left);
		if (!json)
			return cfg_mistake(err, f, value,
					   "this extension is deeper than %d or larger than %d "
					   "values",
					   JSON_DEPTH, JSON_ITEMS);
		if (json_object_set_new(to, "config", json))
			return ord_fail_nomem(err);
		break;
	}
	return 0;
}

static char *encode64(const struct kube_secret *s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc((s->size + 2) / 3 * 4 + 1), *to = out;

	for (size_t i = 0; out && i < s->size; i += 3) {
		unsigned v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < s->size ? (unsigned char)s->text[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			*to++ = i + k <= s->size ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	if (out)
		*to = '\0';
	return out;
}

int cfg_plugin_cluster(const struct cfg_file *f, const yaml_node_t *cluster, struct kube_config *c,
		       struct ord_err *err)
{
	ord_auto(json) json_t *told = NULL;
	ord_autofree char *ca = NULL;
	int rc = 0;

	if (!c->plugin || !c->plugin->tell_cluster)
		return 0;
	told = json_pack("{s:s, s:s*, s:s*}", "server", c->server, "tls-server-name",
			 c->server_name, "proxy-url", c->proxy_url);
	if (!told)
		return ord_fail_nomem(err);
	if (c->insecure)
		rc = json_object_set_new(told, "insecure-skip-tls-verify", json_true());
	if (c->ca.data.size) {
		ca = encode64(&c->ca.data);
		rc |= !ca ||
		      json_object_set_new(told, "certificate-authority-data", json_string(ca));
	}
	if (rc)
		return ord_fail_nomem(err);
	if (add_extension(f, cluster, told, err))
		return -1;
	c->plugin->cluster = json_dumps(told, JSON_COMPACT);
	return c->plugin->cluster ? 0 : ord_fail_nomem(err);
}

/* --- the answer ----------------------------------------------------------------------------- */

static bool expired(const struct cfg_plugin *p)
{
	int64_t now = (int64_t)ord_wall_ns(), slack;

	if (!p->expiry_ns)
		return false;
	slack = (p->expiry_ns - p->fetched_ns) / 10;
	return now >= p->expiry_ns - (slack < SLACK_NS ? slack : SLACK_NS);
}

static int take(const json_t *status, const char *key, struct kube_secret *ret, struct ord_err *err)
{
	const json_t *value = json_object_get(status, key);

	kube_secret_done(ret);
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return ord_fail(err, ORD_USAGE, "status.%s is not a text", key);
	return json_string_length(value) ? kube_secret_set(ret, json_string_value(value),
							   json_string_length(value), err)
					 : 0;
}

static int take_expiry(const json_t *status, struct cfg_plugin *p, struct ord_err *err)
{
	const json_t *value = json_object_get(status, "expirationTimestamp");

	p->fetched_ns = (int64_t)ord_wall_ns();
	p->expiry_ns = 0;
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value) || kube_time_parse(json_string_value(value), &p->expiry_ns) < 0)
		return ord_fail(err, ORD_USAGE,
				"status.expirationTimestamp is not a time (RFC 3339)");
	if (p->expiry_ns <= p->fetched_ns)
		return ord_fail(err, ORD_USAGE, "what it answered has expired already");
	return 0;
}

static bool header_fine(const struct kube_secret *s)
{
	for (size_t i = 0; i < s->size; i++)
		if (s->text[i] <= ' ' || s->text[i] > '~')
			return false;
	return true;
}

static int take_status(struct cfg_plugin *p, const json_t *root, struct ord_err *err)
{
	const char *version = json_string_value(json_object_get(root, "apiVersion"));
	const char *kind = json_string_value(json_object_get(root, "kind"));
	const json_t *status = json_object_get(root, "status");

	if (!kind || strcmp(kind, "ExecCredential") != 0)
		return ord_fail(err, ORD_USAGE, "its answer is no ExecCredential");
	if (!version || strcmp(version, p->api_version) != 0)
		return ord_fail(err, ORD_USAGE,
				"it answers in %.60s, and the kubeconfig asks for %s",
				version ? version : "no version", p->api_version);
	if (!json_is_object(status))
		return ord_fail(err, ORD_USAGE, "its answer has no status");
	if (take(status, "token", &p->token, err) ||
	    take(status, "clientCertificateData", &p->cert, err) ||
	    take(status, "clientKeyData", &p->key, err) || take_expiry(status, p, err))
		return -1;
	if (!p->cert.size != !p->key.size)
		return ord_fail(err, ORD_USAGE,
				"it answers a certificate or a key, which need each other");
	if (!p->token.size && !p->cert.size)
		return ord_fail(err, ORD_USAGE, "it answers neither a token nor a certificate");
	if (!header_fine(&p->token))
		return ord_fail(err, ORD_USAGE,
				"its token holds a character that no header may hold");
	return 0;
}

static void wipe_json(json_t *json)
{
	union {
		const char *in;
		char *out;
	} text;
	const char *key;
	json_t *value;

	json_object_foreach (json, key, value) {
		text.in = json_string_value(value);
		kube_wipe(text.out, json_string_length(value));
	}
}

int cfg_plugin_answer(struct cfg_plugin *p, const char *text, size_t size, struct ord_err *err)
{
	json_error_t where;
	json_t *root;
	int rc;

	p->have = false;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	/* jansson's own message quotes the text, and that may be a token. */
	if (!root)
		return ord_fail(err, ORD_USAGE, "its answer is not JSON (line %d, column %d)",
				where.line, where.column);
	rc = take_status(p, root, err);
	wipe_json(json_object_get(root, "status"));
	json_decref(root);
	if (rc) {
		kube_secret_done(&p->token);
		kube_secret_done(&p->cert);
		kube_secret_done(&p->key);
		return -1;
	}
	p->have = true;
	return 0;
}

/* --- running it ----------------------------------------------------------------------------- */

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
	if (ask(c, program, env, err))
		return ord_wrap(err, "the exec plugin of the user '%.100s' (%.100s)", p->user,
				p->command);
	return 0;
}
