/* net.delay: packets are late. */
#include "net_emulate.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	net_effect_delay(step->args, "correlation", &p);
	return net_emulate_check(step, &p, undo, report, err);
}

const struct ord_injector inj_net_delay = {
	.name = "net.delay",
	.check = check,
	NET_EMULATE_VERBS,
};
