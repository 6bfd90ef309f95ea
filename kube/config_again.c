/*
 * Credentials that were renewed. Who holds a fault for hours outlives what it was started with: a
 * kubeconfig that was written again (aws eks update-kubeconfig, kubelogin, a certificate that was
 * rotated) is read again when the server refuses the old. As whom, never where to: whatever else
 * such a file says, it does not lead to another cluster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "kube/config_private.h"

#define AGAIN_NS (3 * ORD_S) /* so often at most */

ORD_AUTO(kube_config, struct kube_config, kube_config_free);

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_texts(char *const *a, char *const *b)
{
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return !*a && !*b;
}

static bool same_plugin(const struct cfg_plugin *a, const struct cfg_plugin *b)
{
	if (!a || !b)
		return a == b;
	return same_text(a->command, b->command) && same_text(a->api_version, b->api_version) &&
	       same_text(a->cluster, b->cluster) && same_texts(a->argv, b->argv) &&
	       same_texts(a->env, b->env);
}

/* One in a file of the same name has just been looked at: where that could not be read, the one
 * that stands beside it in the kubeconfig would have taken its place. */
static bool same_token(const struct kube_config *c, const struct kube_config *now)
{
	if (c->token_file && now->token_file)
		return !strcmp(c->token_file, now->token_file);
	return !c->token_file && !now->token_file && cfg_same(&c->token, &now->token);
}

/* A password's header is there from the start, a token's is made when it is asked for. */
static bool same_user(const struct kube_config *c, const struct kube_config *now)
{
	return same_token(c, now) && cfg_same(&c->cert.data, &now->cert.data) &&
	       cfg_same(&c->key.data, &now->key.data) && same_plugin(c->plugin, now->plugin) &&
	       (now->token.size || now->plugin || cfg_same(&c->authorization, &now->authorization));
}

/* Why the new one must not be followed, or NULL. */
static const char *elsewhere(const struct kube_config *c, const struct kube_config *now)
{
	if (strcmp(c->server, now->server) != 0)
		return "its server is another";
	if (!cfg_same(&c->ca.data, &now->ca.data))
		return "its certificate authority is another";
	if (!same_text(c->server_name, now->server_name))
		return "its tls-server-name is another";
	if (!same_text(c->proxy_url, now->proxy_url))
		return "its proxy-url is another";
	if (c->insecure != now->insecure)
		return "its insecure-skip-tls-verify is another";
	/* A filter of system calls that allows no program may be in force. */
	if (now->plugin && !c->plugin)
		return "it has an exec plugin now";
	return NULL;
}

static void adopt(struct kube_config *c, struct kube_config *now)
{
	struct kube_config old = *c;

	c->cert = now->cert;
	c->key = now->key;
	c->token = now->token;
	c->token_file = now->token_file;
	c->token_stamp = now->token_stamp;
	c->token_looked_ns = now->token_looked_ns;
	c->authorization = now->authorization;
	c->plugin = now->plugin;
	now->cert = old.cert;
	now->key = old.key;
	now->token = old.token;
	now->token_file = old.token_file;
	now->authorization = old.authorization;
	now->plugin = old.plugin;
	c->generation++;
}

static int choose_again(const struct kube_config *c, struct kube_config *now, struct ord_err *err)
{
	struct cfg_file files[CFG_FILES] = {0};
	bool in_cluster = false, missing;
	struct stat st;
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < c->n_paths && !rc; i++) {
		/* What was a pipe of the shell's (/dev/fd/63) may be anything now. */
		if (stat(c->paths[i], &st) || !S_ISREG(st.st_mode))
			continue;
		rc = cfg_read(c->paths[i], &files[n], &missing, err);
		n += !rc && !missing;
	}
	if (!rc)
		rc = cfg_choose(files, n, c->context, now, false, &in_cluster, err);
	while (n)
		cfg_done(&files[--n]);
	return rc;
}

/* A file that is half written, or not there for a moment, is read the next time. */
static void read_again(struct kube_config *c)
{
	ord_auto(kube_config) struct kube_config *now = calloc(1, sizeof *now);
	const char *why = NULL;
	struct ord_err err;

	c->unfollowed[0] = '\0';
	if (!now)
		return;
	if (choose_again(c, now, &err))
		why = err.msg;
	else
		why = elsewhere(c, now);
	if (why)
		(void)snprintf(c->unfollowed, sizeof c->unfollowed,
			       "the kubeconfig was read again, and is not followed: %.300s", why);
	else if (!same_user(c, now))
		adopt(c, now);
}

bool kube_config_refresh(struct kube_config *c, unsigned generation)
{
	uint64_t now = ord_now_ns();

	if (c->generation != generation)
		return true;
	c->token_looked_ns = 0;
	c->token_stamp = c->cert.stamp = c->key.stamp = (struct cfg_stamp){0};
	cfg_files_fresh(c);
	if (c->generation != generation)
		return true;
	if (c->again_ns && now - c->again_ns < AGAIN_NS)
		return false;
	c->again_ns = now;
	if (c->n_paths)
		read_again(c);
	if (c->plugin)
		c->plugin->have = false;
	return c->plugin || c->generation != generation;
}

unsigned kube_config_generation(const struct kube_config *c)
{
	return c->generation;
}

const char *kube_config_unfollowed(const struct kube_config *c)
{
	return c->unfollowed;
}
