/* net.corrupt: a bit of some packets is flipped. */
#include "net_emulate.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	net_effect_share(step->args, "percent", "correlation", &p.corrupt);
	return net_emulate_check(step, &p, undo, report, err);
}

const struct ord_injector inj_net_corrupt = {
	.name = "net.corrupt",
	.check = check,
	NET_EMULATE_LIFE,
	.available = net_emulate_ways,
};
