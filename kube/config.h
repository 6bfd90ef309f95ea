/*
 * Which API server, and as whom: a kubeconfig as kubectl reads it, or the service account of the
 * pod that we are in. Secrets are in here and nowhere else: they are never printed, never part of
 * an error, wiped when freed, and lie in memory that no core file holds (MADV_DONTDUMP).
 *
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
#ifndef ORDEAL_KUBE_CONFIG_H
#define ORDEAL_KUBE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define KUBE_IN_CLUSTER "in-cluster"

struct kube_config;

/*
 * $KUBECONFIG (a list, merged: the first to set a value wins), else ~/.kube/config; in a pod
 * without either, the service account, as the context "in-cluster". `named`: the context, or else
 * the one context whose cluster has that name; NULL is refused (ORD_GUARD) with the names that
 * there are: the current context alone names nothing. Mistakes in a file carry its name, line and
 * column. Reads files; runs no plugin.
 */
int kube_config_load(const char *named, struct kube_config **ret, struct ord_err *err);
void kube_config_free(struct kube_config *c); /* NULL is fine */

const char *kube_config_context(const struct kube_config *c);
const char *kube_config_cluster(const struct kube_config *c); /* name of the cluster entry */
const char *kube_config_server(const struct kube_config *c);  /* without a slash at the end */
const char *kube_config_namespace(const struct kube_config *c);
/* Warnings for plan and report ("insecure-skip-tls-verify: ..."); NULL after the last. */
const char *kube_config_warning(const struct kube_config *c, size_t i);
/* What the current context is, for a message; "" where there is none. */
const char *kube_config_current(const struct kube_config *c);

/* The way there, for the transport. NULL: not given. Blobs are PEM. */
struct kube_tls {
	const char *ca, *cert, *key;
	size_t ca_size, cert_size, key_size;
	const char *server_name; /* tls-server-name */
	const char *proxy_url;
	bool insecure;
	bool uncompressed; /* disable-compression */
};
/* Client certificates of an exec plugin may change: asked before each connection. Borrowed until
 * the next call of these two. */
int kube_config_tls(struct kube_config *c, struct kube_tls *ret, struct ord_err *err);

/*
 * The value of the Authorization header ("Bearer ...", "Basic ..."), or NULL in *ret where the
 * client certificate is all. Re-reads a token file that has changed (at most once a second); runs
 * the exec plugin when there is no token or it is about to expire. Borrowed until the next call.
 */
int kube_config_authorization(struct kube_config *c, const char **ret, struct ord_err *err);
/*
 * The server refused the credentials of that generation: looks for others, in the files that they
 * came from (tokenFile, client-certificate, client-key), in the kubeconfigs (every 3 s at most),
 * and makes the next call run the exec plugin. True: asking again may help. Only the user's entry
 * is followed: where the context leads to another server now, or to one that is trusted otherwise,
 * or has become one that needs a plugin, nothing changes, and kube_config_unfollowed() says so.
 */
bool kube_config_refresh(struct kube_config *c, unsigned generation);
/* Of the credentials that the next call of the two above hands out. */
unsigned kube_config_generation(const struct kube_config *c);
/* Why a kubeconfig that was read again is not followed, for a message; "" where nothing is to be
 * said. */
const char *kube_config_unfollowed(const struct kube_config *c);
/* Whether credentials come from a plugin: the program needs to start one later (docs/adr/0011). */
bool kube_config_has_plugin(const struct kube_config *c);
/* Called at least every 100 ms while a plugin runs (at most 30 s); may be NULL. kube_set_beat sets
 * it. */
void kube_config_set_beat(struct kube_config *c, void (*beat)(void));

#endif
