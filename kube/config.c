#include "kube/config.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "kube/config_private.h"

ORD_AUTO(kube_config, struct kube_config, kube_config_free);

int cfg_copy(const char *text, char **ret, struct ord_err *err)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? ord_fail_nomem(err) : 0;
}

int cfg_warn(struct kube_config *c, struct ord_err *err, const char *fmt, ...)
{
	va_list ap;
	int rc;

	if (c->n_warnings == CFG_WARNINGS)
		return 0;
	va_start(ap, fmt);
	rc = vasprintf(&c->warnings[c->n_warnings], fmt, ap);
	va_end(ap);
	if (rc < 0) {
		c->warnings[c->n_warnings] = NULL;
		return ord_fail_nomem(err);
	}
	c->n_warnings++;
	return 0;
}

/* --- which files ---------------------------------------------------------------------------- */

static bool listed_before(const char *list, const char *at, size_t n)
{
	for (const char *p = list; p < at; p = strchrnul(p, ':') + 1)
		if ((size_t)(strchrnul(p, ':') - p) == n && !memcmp(p, at, n))
			return true;
	return false;
}

static int absolute(const char *path, char **ret, struct ord_err *err)
{
	char cwd[PATH_MAX];

	if (*path == '/')
		return cfg_copy(path, ret, err);
	if (!getcwd(cwd, sizeof cwd))
		return ord_fail_sys(err, "the working directory");
	if (asprintf(ret, "%s/%s", cwd, path) >= 0)
		return 0;
	*ret = NULL;
	return ord_fail_nomem(err);
}

/* Remembered too where it is not there: it may come. */
static int read_one(const char *path, struct kube_config *c, struct cfg_file *files, size_t *n,
		    struct ord_err *err)
{
	bool missing;

	if (c->n_paths == CFG_FILES)
		return ord_fail(err, ORD_USAGE, "$KUBECONFIG lists more than %d files", CFG_FILES);
	if (absolute(path, &c->paths[c->n_paths], err))
		return -1;
	c->n_paths++;
	if (cfg_read(path, &files[*n], &missing, err))
		return -1;
	*n += !missing;
	return 0;
}

/* The files of $KUBECONFIG in their order, those that are missing left out; else ~/.kube/config. */
static int read_files(struct kube_config *c, struct cfg_file *files, size_t *n, struct ord_err *err)
{
	const char *list = getenv("KUBECONFIG"), *home = getenv("HOME");
	ord_autofree char *path = NULL;

	c->paths = calloc(CFG_FILES, sizeof *c->paths);
	if (!c->paths)
		return ord_fail_nomem(err);
	if (!list || !*list) {
		if (!home || !*home)
			return 0;
		if (asprintf(&path, "%s/.kube/config", home) < 0) {
			path = NULL;
			return ord_fail_nomem(err);
		}
		return read_one(path, c, files, n, err);
	}
	for (const char *at = list, *end; *at; at = *end ? end + 1 : end) {
		ord_autofree char *one = NULL;

		end = strchrnul(at, ':');
		if (end == at || listed_before(list, at, (size_t)(end - at)))
			continue;
		one = strndup(at, (size_t)(end - at));
		if (!one)
			return ord_fail_nomem(err);
		if (read_one(one, c, files, n, err))
			return -1;
	}
	return 0;
}

static int warn_of_files(struct kube_config *c, const struct cfg_file *files, size_t n,
			 struct ord_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (files[i].more && cfg_warn(c, err,
					      "%s: only the first YAML document is read, as by "
					      "kubectl",
					      files[i].path))
			return -1;
	return 0;
}

static int nothing_there(const struct cfg_file *files, size_t n, bool in_pod, struct ord_err *err)
{
	const char *list = getenv("KUBECONFIG");

	for (size_t i = 0; i < n; i++)
		if (cfg_item(&files[i], cfg_get(&files[i], cfg_root(&files[i]), "contexts"), 0))
			return 0;
	if (in_pod)
		return 0;
	if (list && *list)
		return ord_fail(err, ORD_USAGE,
				"no kubeconfig: $KUBECONFIG is '%.200s', and no context is there",
				list);
	return ord_fail(err, ORD_USAGE,
			"no kubeconfig: $KUBECONFIG is not set, ~/.kube/config has no context, and "
			"this is no pod");
}

static void forget_paths(struct kube_config *c)
{
	while (c->n_paths)
		free(c->paths[--c->n_paths]);
}

static int load(const char *named, const struct cfg_file *files, size_t n, struct kube_config *c,
		struct ord_err *err)
{
	bool in_pod = cfg_pod_is(), in_cluster = false;

	if (nothing_there(files, n, in_pod, err) || warn_of_files(c, files, n, err) ||
	    cfg_choose(files, n, named, c, in_pod, &in_cluster, err))
		return -1;
	if (!in_cluster)
		return 0;
	forget_paths(c);
	return cfg_pod(CFG_POD_DIR, c, err);
}

int kube_config_load(const char *named, struct kube_config **ret, struct ord_err *err)
{
	ord_auto(kube_config) struct kube_config *c = calloc(1, sizeof *c);
	struct cfg_file files[CFG_FILES] = {0};
	size_t n = 0;
	int rc;

	if (!c)
		return ord_fail_nomem(err);
	kube_secret_guard_cores();
	rc = read_files(c, files, &n, err);
	if (!rc)
		rc = load(named, files, n, c, err);
	while (n)
		cfg_done(&files[--n]);
	if (!rc)
		*ret = ord_steal_ptr(c);
	return rc;
}

void kube_config_free(struct kube_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_warnings; i++)
		free(c->warnings[i]);
	forget_paths(c);
	free(c->paths);
	cfg_pem_done(&c->ca);
	cfg_pem_done(&c->cert);
	cfg_pem_done(&c->key);
	kube_secret_done(&c->token);
	kube_secret_done(&c->authorization);
	cfg_plugin_free(c->plugin);
	free(c->context);
	free(c->cluster);
	free(c->server);
	free(c->ns);
	free(c->current);
	free(c->server_name);
	if (c->proxy_url)
		kube_wipe(c->proxy_url, strlen(c->proxy_url)); /* may hold a password */
	free(c->proxy_url);
	free(c->token_file);
	free(c);
}

/* --- what others ask ------------------------------------------------------------------------ */

const char *kube_config_context(const struct kube_config *c)
{
	return c->context;
}

const char *kube_config_cluster(const struct kube_config *c)
{
	return c->cluster;
}

const char *kube_config_server(const struct kube_config *c)
{
	return c->server;
}

const char *kube_config_namespace(const struct kube_config *c)
{
	return c->ns;
}

const char *kube_config_warning(const struct kube_config *c, size_t i)
{
	return i < c->n_warnings ? c->warnings[i] : NULL;
}

const char *kube_config_current(const struct kube_config *c)
{
	return c->current ? c->current : "";
}

void kube_config_set_beat(struct kube_config *c, void (*beat)(void))
{
	c->beat = beat;
}

bool kube_config_has_plugin(const struct kube_config *c)
{
	return c->plugin != NULL;
}

int kube_config_tls(struct kube_config *c, struct kube_tls *ret, struct ord_err *err)
{
	const struct kube_secret *cert = &c->cert.data, *key = &c->key.data;

	cfg_files_fresh(c);
	if (c->plugin) {
		if (cfg_plugin_fresh(c, err))
			return -1;
		cert = &c->plugin->cert;
		key = &c->plugin->key;
	}
	*ret = (struct kube_tls){
		.ca = c->ca.data.text,
		.ca_size = c->ca.data.size,
		.cert = cert->size ? cert->text : NULL,
		.cert_size = cert->size,
		.key = key->size ? key->text : NULL,
		.key_size = key->size,
		.server_name = c->server_name,
		.proxy_url = c->proxy_url,
		.insecure = c->insecure,
		.uncompressed = c->uncompressed,
	};
	return 0;
}

/* "Bearer TOKEN", unless that is what it is already: what was handed out may be in use. */
static int bearer(struct kube_config *c, const struct kube_secret *token, struct ord_err *err)
{
	static const char scheme[] = "Bearer ";
	const size_t n = sizeof scheme - 1;

	if (c->authorization.size == n + token->size &&
	    !memcmp(c->authorization.text + n, token->text, token->size))
		return 0;
	if (kube_secret_room(&c->authorization, n + token->size, err))
		return -1;
	memcpy(c->authorization.text, scheme, n);
	memcpy(c->authorization.text + n, token->text, token->size);
	c->authorization.size = n + token->size;
	return 0;
}

int kube_config_authorization(struct kube_config *c, const char **ret, struct ord_err *err)
{
	const struct kube_secret *token = &c->token;

	if (c->token_file && cfg_token_fresh(c, err))
		return -1;
	if (c->plugin) {
		if (cfg_plugin_fresh(c, err))
			return -1;
		token = &c->plugin->token;
	}
	if (token->size && bearer(c, token, err))
		return -1;
	if (c->plugin && !token->size)
		kube_secret_done(&c->authorization);
	*ret = c->authorization.size ? c->authorization.text : NULL;
	return 0;
}
