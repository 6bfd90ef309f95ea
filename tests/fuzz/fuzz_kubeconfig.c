/* Kubeconfigs and plugins' answers: any bytes are read or refused with a reason that quotes no
 * value. The file's text stands for both; "\xff" parts two files of a list. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "kube/config_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(const struct cfg_file *files, size_t n, const char *named)
{
	struct kube_config *c = calloc(1, sizeof *c);
	bool in_cluster = false;
	struct ord_err err = {0};

	if (!c)
		return;
	if (cfg_choose(files, n, named, c, false, &in_cluster, &err) == 0) {
		if (!c->context || !c->server || !c->ns || !c->cluster)
			abort();
		if (c->plugin && (!c->plugin->argv || !c->plugin->argv[0] || !c->plugin->env))
			abort();
	} else if (err.code == ORD_OK || !*err.msg) {
		abort();
	}
	kube_config_free(c);
}

static void answer(const uint8_t *data, size_t size)
{
	struct kube_config *c = calloc(1, sizeof *c);
	struct ord_err err = {0};
	struct cfg_plugin *p = c ? calloc(1, sizeof *p) : NULL;

	if (p) {
		c->plugin = p;
		p->api_version = strdup("client.authentication.k8s.io/v1");
		if (!cfg_plugin_answer(p, (const char *)data, size, &err) && !p->token.size &&
		    !p->cert.size)
			abort();
	}
	kube_config_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memchr(data, 0xff, size) : NULL;
	size_t first = cut ? (size_t)(cut - data) : size, n = 0;
	struct cfg_file files[2] = {0};
	struct ord_err err = {0};

	if (size > 65536)
		return 0;
	n += !cfg_parse("first", (const char *)data, first, &files[n], &err);
	if (cut)
		n += !cfg_parse("second", (const char *)cut + 1, size - first - 1, &files[n], &err);
	choose(files, n, "c");
	choose(files, n, NULL);
	while (n)
		cfg_done(&files[--n]);
	answer(data, size);
	return 0;
}
