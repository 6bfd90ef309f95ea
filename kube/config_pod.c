#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "kube/config_private.h"

bool cfg_pod_is(void)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");

	return host && *host && port && *port && !access(CFG_POD_DIR "/token", F_OK);
}

static int join(const char *dir, const char *name, char **ret, struct ord_err *err)
{
	if (asprintf(ret, "%s/%s", dir, name) >= 0)
		return 0;
	*ret = NULL;
	return ord_fail_nomem(err);
}

static int read_namespace(const char *dir, char **ret, struct ord_err *err)
{
	ord_autofree char *path = NULL, *text = NULL;

	if (join(dir, "namespace", &path, err))
		return -1;
	if (ord_file_read(path, 4096, &text, NULL, NULL))
		return cfg_copy("default", ret, err);
	text[strcspn(text, " \t\r\n")] = '\0';
	return cfg_copy(*text ? text : "default", ret, err);
}

int cfg_pod(const char *dir, struct kube_config *c, struct ord_err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");
	bool v6, changed;

	if (!host || !port)
		return ord_fail(err, ORD_USAGE,
				"this is no pod: KUBERNETES_SERVICE_HOST and "
				"KUBERNETES_SERVICE_PORT are not set");
	v6 = strchr(host, ':') != NULL;
	if (asprintf(&c->server, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port) <
	    0) {
		c->server = NULL;
		return ord_fail_nomem(err);
	}
	if (cfg_copy(KUBE_IN_CLUSTER, &c->context, err) ||
	    cfg_copy(KUBE_IN_CLUSTER, &c->cluster, err) || read_namespace(dir, &c->ns, err) ||
	    join(dir, "ca.crt", &c->ca.path, err) || join(dir, "token", &c->token_file, err) ||
	    cfg_pem_fresh(&c->ca, &changed, err) || cfg_token_fresh(c, err))
		return ord_wrap(err, "the pod's service account");
	return 0;
}
