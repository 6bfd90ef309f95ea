/* net.impair: all effects of the emulator on the same packets. */
#include "net_emulate.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	net_effect_delay(step->args, "delay-correlation", &p);
	net_effect_loss(step->args, "loss", "loss-correlation", "loss-model", &p);
	net_effect_share(step->args, "duplicate", "duplicate-correlation", &p.duplicate);
	net_effect_share(step->args, "corrupt", "corrupt-correlation", &p.corrupt);
	net_effect_share(step->args, "reorder", "reorder-correlation", &p.reorder);
	p.reorder_gap = (uint32_t)ord_arg_int(step->args, "gap");
	net_effect_rate(step->args, &p);
	return net_emulate_check(step, &p, undo, report, err);
}

const struct ord_injector inj_net_impair = {
	.name = "net.impair",
	.check = check,
	NET_EMULATE_VERBS,
};
