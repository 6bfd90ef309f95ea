/* net.rate: so many bytes a second pass. */
#include "net_emulate.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	net_effect_rate(step->args, &p);
	return net_emulate_check(step, &p, undo, report, err);
}

const struct ord_injector inj_net_rate = {
	.name = "net.rate",
	.check = check,
	NET_EMULATE_VERBS,
};
