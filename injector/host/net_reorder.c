/* net.reorder: some packets overtake the others, which are late. */
#include "net_emulate.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	p.delay_ns = (uint64_t)ord_arg_int(step->args, "delay");
	p.reorder_gap = (uint32_t)ord_arg_int(step->args, "gap");
	net_effect_share(step->args, "percent", "correlation", &p.reorder);
	return net_emulate_check(step, &p, undo, report, err);
}

const struct ord_injector inj_net_reorder = {
	.name = "net.reorder",
	.check = check,
	NET_EMULATE_VERBS,
};
