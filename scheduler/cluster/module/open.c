/* One cluster: its kubeconfig entry and its client. */
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "base/auto.h"
#include "scheduler/cluster/module/cluster.h"

int ord_cluster_open(const char *named, struct sd_event *loop, struct ord_cluster **ret,
		     struct ord_err *err)
{
	struct ord_cluster *c = calloc(1, sizeof *c);

	if (!c)
		return ord_fail_nomem(err);
	c->loop = loop;
	if (kube_config_load(named, &c->config, err) || kube_open(c->config, &c->kube, err) ||
	    kube_greet(c->kube, kube_config_context(c->config), err)) {
		ord_cluster_close(c);
		return -1;
	}
	*ret = c;
	return 0;
}

void ord_cluster_close(struct ord_cluster *c)
{
	if (!c)
		return;
	(void)sd_event_source_disable_unref(c->io);
	kube_close(c->kube);
	kube_config_free(c->config);
	free(c);
}

void ord_cluster_stop(struct ord_cluster *c)
{
	kube_stop(c->kube);
}

const char *ord_cluster_warning(const struct ord_cluster *c, size_t i)
{
	const char *text = kube_config_warning(c->config, i);

	return text ? text : "";
}

const char *ord_cluster_context(const struct ord_cluster *c)
{
	return kube_config_context(c->config);
}

const char *ord_cluster_name(const struct ord_cluster *c)
{
	return kube_config_cluster(c->config);
}

const char *ord_cluster_server(const struct ord_cluster *c)
{
	return kube_config_server(c->config);
}
