/* Where a fault that is injected by hand goes: a target on this machine, on another, in a cluster.
 */
#include <stdio.h>

#include "cli/inject.h"
#include "cli/spec_file.h"
#include "ordeal/cluster.h"
#include "ordeal/far.h"
#include "ordeal/peers.h"
#include "ordeal/run.h"

static int resolve_far(struct cli_inject *in, struct ord_holder **ret_far, struct ord_place *ret,
		       struct ord_err *err)
{
	if (ord_far_open(in->target.via, NULL, ret_far, err) ||
	    ord_far_resolve(*ret_far, &in->target, in->seed, ret, err))
		return -1;
	return 0;
}

int cli_inject_resolve(struct cli_inject *in, struct ord_holder **ret_far, struct ord_place *ret,
		       char *cluster, size_t size, struct ord_err *err)
{
	struct ord_cluster *c;
	int r;

	*cluster = '\0';
	if (in->target.via)
		return resolve_far(in, ret_far, ret, err);
	if (!ord_target_in_cluster(in->target.kind))
		return ord_target_resolve(&in->target, in->seed, ret, err);
	if (ord_cluster_named(NULL, in->context, NULL, &c, err))
		return -1;
	cli_cluster_warn(c);
	r = ord_cluster_resolve(c, &in->target, in->seed, in->limit, ret, NULL, NULL, err);
	(void)snprintf(cluster, size, "%s", ord_cluster_name(c));
	ord_cluster_close(c);
	return r;
}

static void say_found(const struct cli_inject *in)
{
	if (*ord_peers_told(in->peers) && !in->quiet && !in->json)
		(void)printf("%s\n", ord_peers_told(in->peers));
	(void)fflush(stdout);
}

int cli_inject_peers(struct cli_inject *in, const struct ord_place *place, struct ord_err *err)
{
	const struct ord_peers_ask ask = {.args = &in->args,
					  .peer = &in->peer,
					  .target = &in->target,
					  .place = place,
					  .seed = in->seed};

	if (!ord_peers_wanted(&in->args, &in->peer))
		return 0;
	if (ord_peers_find(&ask, &in->peers, err))
		return -1;
	in->args = *ord_peers_args(in->peers);
	say_found(in);
	return 0;
}

bool cli_inject_found(struct cli_inject *in)
{
	const bool changed = ord_peers_take(in->peers);

	say_found(in);
	in->args = *ord_peers_args(in->peers);
	return changed;
}
