/* Which context is meant, and what its cluster says. Of several files the first to have an entry of
 * a name is asked, for the whole entry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "kube/config_private.h"

struct found {
	const struct cfg_file *file;
	yaml_node_t *inner, *entry;
};

static bool find(const struct cfg_file *files, size_t n, const char *list, const char *inner,
		 const char *name, struct found *ret)
{
	for (size_t i = 0; i < n; i++)
		if (cfg_entry(&files[i], list, inner, name, &ret->inner, &ret->entry)) {
			ret->file = &files[i];
			return true;
		}
	return false;
}

static const char *current(const struct cfg_file *files, size_t n)
{
	const char *text = NULL;

	for (size_t i = 0; i < n && !text; i++)
		text = cfg_text(&files[i], cfg_root(&files[i]), "current-context");
	return text;
}

/* Calls each() for every context that counts: one that an earlier file has is hidden. */
static void each_context(const struct cfg_file *files, size_t n,
			 void (*each)(void *arg, const char *name, const struct found *context),
			 void *arg)
{
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *list = cfg_get(&files[i], cfg_root(&files[i]), "contexts");
		yaml_node_t *entry;

		for (size_t k = 0; (entry = cfg_item(&files[i], list, k)); k++) {
			const char *name = cfg_text(&files[i], entry, "name");
			struct found context;

			if (name && find(files, n, "contexts", "context", name, &context) &&
			    context.entry == entry)
				each(arg, name, &context);
		}
	}
}

#define MORE_MAX 32 /* " and 1000 more" */

struct names {
	char text[300];
	size_t used, left_out;
};

static void add_name(void *arg, const char *name, const struct found *context)
{
	struct names *list = arg;
	const size_t left = sizeof list->text - MORE_MAX - list->used;
	int n;

	(void)context;
	n = snprintf(list->text + list->used, left, "%s%s", list->used ? ", " : "", name);
	if (n < 0 || (size_t)n >= left) {
		list->text[list->used] = '\0';
		list->left_out++;
		return;
	}
	list->used += (size_t)n;
}

static void list_names(const struct cfg_file *files, size_t n, bool in_pod, struct names *ret)
{
	*ret = (struct names){0};
	each_context(files, n, add_name, ret);
	if (in_pod && !ret->used)
		add_name(ret, KUBE_IN_CLUSTER, NULL);
	if (ret->left_out)
		(void)snprintf(ret->text + ret->used, MORE_MAX, " and %zu more", ret->left_out);
}

static int refuse_unnamed(const struct cfg_file *files, size_t n, bool in_pod, struct ord_err *err)
{
	const char *now = current(files, n);
	struct names names;

	list_names(files, n, in_pod, &names);
	return ord_fail(
		err, ORD_GUARD,
		"which cluster? name it with --context or limits.cluster: %s%s%.100s%s. The "
		"current context alone is not enough",
		names.text, now ? " (current: " : "", now ? now : "", now ? ")" : "");
}

struct by_cluster {
	const char *cluster;
	const char *context; /* the first that has it */
	struct names names;
	size_t n;
};

static void with_cluster(void *arg, const char *name, const struct found *context)
{
	struct by_cluster *b = arg;
	const char *its = cfg_text(context->file, context->inner, "cluster");

	if (!its || strcmp(its, b->cluster) != 0)
		return;
	if (!b->n++)
		b->context = name;
	add_name(&b->names, name, context);
}

/* The context of that name, or else the one whose cluster has it. */
static int find_context(const struct cfg_file *files, size_t n, const char *named, bool in_pod,
			struct found *ret, const char **ret_name, struct ord_err *err)
{
	struct by_cluster b = {.cluster = named};
	struct names names;

	*ret_name = named;
	if (find(files, n, "contexts", "context", named, ret))
		return 0;
	each_context(files, n, with_cluster, &b);
	if (b.n == 1) {
		*ret_name = b.context;
		(void)find(files, n, "contexts", "context", b.context, ret);
		return 0;
	}
	if (b.n)
		return ord_fail(
			err, ORD_GUARD,
			"the cluster '%.100s' is that of %zu contexts; name one of them: %s", named,
			b.n, b.names.text);
	list_names(files, n, in_pod, &names);
	return ord_fail(err, ORD_GUARD,
			"no context, and no context's cluster, has the name '%.100s'; there are: "
			"%s",
			named, names.text);
}

/* --- the cluster's entry -------------------------------------------------------------------- */

static bool has_userinfo(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int read_server(const struct cfg_file *f, const yaml_node_t *cluster, struct kube_config *c,
		       struct ord_err *err)
{
	const yaml_node_t *node = cfg_get(f, cluster, "server");
	const char *text = cfg_text(f, cluster, "server");
	size_t n;

	if (!text)
		return cfg_mistake(err, f, node ? node : cluster,
				   "the cluster '%.100s' has no server", c->cluster);
	if ((strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0) ||
	    !printable(text) || strpbrk(text, "?#"))
		return cfg_mistake(err, f, node, "server must be an URL, as in https://HOST:PORT");
	if (has_userinfo(text))
		return cfg_mistake(err, f, node,
				   "server names a user; credentials belong in the users entry");
	n = strlen(text);
	while (text[n - 1] == '/')
		n--;
	c->server = strndup(text, n);
	if (!c->server)
		return ord_fail_nomem(err);
	if (!strncmp(text, "http://", 7))
		return cfg_warn(c, err,
				"server %s: without TLS, whoever is on the way can read "
				"and change everything",
				c->server);
	return 0;
}

static int read_proxy(const struct cfg_file *f, const yaml_node_t *cluster, struct kube_config *c,
		      struct ord_err *err)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://"};
	const char *text = cfg_text(f, cluster, "proxy-url");

	for (size_t i = 0; text && i < ORD_COUNT(schemes); i++)
		if (!strncmp(text, schemes[i], strlen(schemes[i])) && printable(text))
			return cfg_copy(text, &c->proxy_url, err);
	if (!text)
		return 0;
	return cfg_mistake(err, f, cfg_get(f, cluster, "proxy-url"),
			   "proxy-url must be an URL that starts with http://, https:// or "
			   "socks5://");
}

static int read_cluster(const struct cfg_file *f, const yaml_node_t *cluster, struct kube_config *c,
			struct ord_err *err)
{
	c->insecure = cfg_flag(f, cluster, "insecure-skip-tls-verify");
	c->uncompressed = cfg_flag(f, cluster, "disable-compression");
	if (read_server(f, cluster, c, err) || read_proxy(f, cluster, c, err) ||
	    cfg_copy(cfg_text(f, cluster, "tls-server-name"), &c->server_name, err) ||
	    cfg_pem_take(f, cluster, "certificate-authority", "certificate-authority-data", &c->ca,
			 err))
		return -1;
	if (!c->insecure)
		return 0;
	if (c->ca.data.size)
		return cfg_mistake(err, f, cfg_get(f, cluster, "insecure-skip-tls-verify"),
				   "insecure-skip-tls-verify and a certificate authority exclude "
				   "each other; remove one of them");
	return cfg_warn(c, err,
			"insecure-skip-tls-verify: the certificate of %s is not verified; whoever "
			"is on the way can read and change everything",
			c->server);
}

/* --- all of it ------------------------------------------------------------------------------ */

/* The name that a context gives for its cluster or user, and the entry of that name. */
static int refer(const struct cfg_file *files, size_t n, const struct found *context,
		 const char *list, const char *inner, const char **ret_name, struct found *ret,
		 struct ord_err *err)
{
	const char *name = cfg_text(context->file, context->inner, inner);
	const yaml_node_t *at = cfg_get(context->file, context->inner, inner);

	if (!name)
		return cfg_mistake(err, context->file, at ? at : context->entry,
				   "this context names no %s", inner);
	if (!find(files, n, list, inner, name, ret))
		return cfg_mistake(err, context->file, at, "there is no %s '%.100s' in %s%s", inner,
				   name, list, n > 1 ? " of any of the files" : "");
	if (!ret->inner)
		return cfg_mistake(err, ret->file, ret->entry, "the %s '%.100s' is empty", inner,
				   name);
	*ret_name = name;
	return 0;
}

static bool is_dns_label(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && n <= 63 && !s[n] && s[0] != '-' && s[n - 1] != '-';
}

static int read_namespace(const struct found *context, struct kube_config *c, struct ord_err *err)
{
	const char *ns = cfg_text(context->file, context->inner, "namespace");

	if (ns && !is_dns_label(ns))
		return cfg_mistake(err, context->file,
				   cfg_get(context->file, context->inner, "namespace"),
				   "'%.100s' cannot be a namespace's name (RFC 1123: a-z, 0-9, "
				   "'-', at most 63)",
				   ns);
	return cfg_copy(ns ? ns : "default", &c->ns, err);
}

int cfg_choose(const struct cfg_file *files, size_t n, const char *named, struct kube_config *c,
	       bool in_pod, bool *ret_in_cluster, struct ord_err *err)
{
	const char *name = NULL, *cluster_name = NULL, *user_name = NULL;
	struct found context = {0}, cluster = {0}, user = {0};

	if (cfg_copy(current(files, n), &c->current, err))
		return -1;
	if (!named || !*named)
		return refuse_unnamed(files, n, in_pod, err);
	if (in_pod && !strcmp(named, KUBE_IN_CLUSTER) &&
	    !find(files, n, "contexts", "context", named, &context)) {
		*ret_in_cluster = true;
		return 0;
	}
	if (find_context(files, n, named, in_pod, &context, &name, err) ||
	    refer(files, n, &context, "clusters", "cluster", &cluster_name, &cluster, err) ||
	    refer(files, n, &context, "users", "user", &user_name, &user, err) ||
	    cfg_copy(name, &c->context, err) || cfg_copy(cluster_name, &c->cluster, err) ||
	    read_namespace(&context, c, err) || read_cluster(cluster.file, cluster.inner, c, err) ||
	    cfg_user(user.file, user.inner, user_name, c, err))
		return -1;
	return cfg_plugin_cluster(cluster.file, cluster.inner, c, err);
}
