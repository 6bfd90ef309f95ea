/* What is behind struct kube_config: plain memory, no descriptor, no thread. */
#ifndef ORDEAL_KUBE_CONFIG_PRIVATE_H
#define ORDEAL_KUBE_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "kube/config.h"
#include "kube/config_file.h"
#include "kube/config_secret.h"

#define CFG_WARNINGS   8
#define CFG_FILES      64	  /* that $KUBECONFIG may list */
#define CFG_SECRET_MAX (1u << 20) /* of a token, key or certificate file */

/* Which content of a file was read; all zero: none. */
struct cfg_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

/* PEM that was in the kubeconfig, or is in a file that may change. */
struct cfg_pem {
	struct kube_secret data;
	char *path;
	struct cfg_stamp stamp;
};

struct cfg_plugin {
	char *user; /* for messages */
	char *command;
	char **argv; /* [0] is the command; NULL-terminated */
	char **env;  /* "NAME=VALUE"; NULL-terminated */
	char *api_version, *hint;
	bool tell_cluster;
	char *cluster; /* JSON of spec.cluster; NULL: not to be told */
	struct kube_secret token, cert, key;
	uint64_t limit_ns;  /* that one run may take */
	bool have;	    /* an answer that stands */
	int64_t fetched_ns; /* CLOCK_REALTIME, as expiry_ns; 0: does not expire */
	int64_t expiry_ns;
};

struct kube_config {
	char *context, *cluster, *server, *ns, *current;
	char *warnings[CFG_WARNINGS];
	size_t n_warnings;
	char *server_name, *proxy_url;
	bool insecure, uncompressed;
	struct cfg_pem ca, cert, key;
	struct kube_secret token; /* static, or what was last read of token_file */
	char *token_file;
	struct cfg_stamp token_stamp;
	uint64_t token_looked_ns;	  /* CLOCK_MONOTONIC; 0: look now */
	struct kube_secret authorization; /* the header's value */
	struct cfg_plugin *plugin;
	void (*beat)(void);
	char **paths;	     /* of the kubeconfigs, absolute, whether they are there or not... */
	size_t n_paths;	     /* ...0: the service account of a pod */
	unsigned generation; /* of the credentials: grows when they change */
	uint64_t again_ns;   /* CLOCK_MONOTONIC of the last look for new ones, 0: none */
	char unfollowed[400];
};

/* config.c */
int cfg_warn(struct kube_config *c, struct ord_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int cfg_copy(const char *text, char **ret, struct ord_err *err);

/* config_choose.c: the entry of `named` in these files, whole. */
int cfg_choose(const struct cfg_file *files, size_t n, const char *named, struct kube_config *c,
	       bool in_pod, bool *ret_in_cluster, struct ord_err *err);

/* config_user.c: reads the user entry; what it holds of files is read once, to see that it can be.
 */
int cfg_user(const struct cfg_file *f, const yaml_node_t *user, const char *name,
	     struct kube_config *c, struct ord_err *err);
/* Base64 of a *-data field, or the file beside it; neither: nothing. */
int cfg_pem_take(const struct cfg_file *f, const yaml_node_t *map, const char *key,
		 const char *data_key, struct cfg_pem *ret, struct ord_err *err);
/* Reads the file again if it is another than last time; *ret_changed: it says something else. What
 * there was stays where it cannot be read, or holds no PEM. */
int cfg_pem_fresh(struct cfg_pem *p, bool *ret_changed, struct ord_err *err);
bool cfg_same(const struct kube_secret *a, const struct kube_secret *b);
/* The same of all files of the user. Between two versions of a file there may be none, or half of
 * one: what was good stands. */
void cfg_files_fresh(struct kube_config *c);
void cfg_pem_done(struct cfg_pem *p);
/* Relative to the file's directory; NULL text: NULL. */
int cfg_path(const struct cfg_file *f, const char *text, char **ret, struct ord_err *err);
/* The token file, if it changed; keeps the old token where it cannot be read now. */
int cfg_token_fresh(struct kube_config *c, struct ord_err *err);
int cfg_base64(const char *text, struct kube_secret *ret, size_t *ret_bad);

/* config_plugin.c, config_exec.c */
int cfg_plugin_read(const struct cfg_file *f, const yaml_node_t *user, const char *name,
		    struct kube_config *c, struct ord_err *err);
/* spec.cluster, once the cluster's entry is read. */
int cfg_plugin_cluster(const struct cfg_file *f, const yaml_node_t *cluster, struct kube_config *c,
		       struct ord_err *err);
void cfg_plugin_free(struct cfg_plugin *p);
/* Runs it unless there is an answer that is good for a while yet. */
int cfg_plugin_fresh(struct kube_config *c, struct ord_err *err);
/* What it printed; pure but for the clock. */
int cfg_plugin_answer(struct cfg_plugin *p, const char *text, size_t size, struct ord_err *err);
/* config_exec.c */
struct cfg_command {
	const char *path;
	char *const *argv, *const *env;
	void (*beat)(void); /* NULL: none */
	uint64_t limit_ns;
};
/* Runs it to its end, standard input empty; standard output to ret, the end of standard error to
 * ret_said. *ret_status: 0..255, or minus the signal. */
int cfg_exec(const struct cfg_command *cmd, struct kube_secret *ret, int *ret_status,
	     char ret_said[static 256], struct ord_err *err);

/* config_pod.c: the service account that Kubernetes mounts into a pod. */
#define CFG_POD_DIR "/var/run/secrets/kubernetes.io/serviceaccount"
bool cfg_pod_is(void);
int cfg_pod(const char *dir, struct kube_config *c, struct ord_err *err);

#endif
