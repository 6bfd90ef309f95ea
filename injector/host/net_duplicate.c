/* net.duplicate: some packets are sent twice. */
#include "net_emulate.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	net_effect_share(step->args, "percent", "correlation", &p.duplicate);
	return net_emulate_check(step, &p, undo, report, err);
}

const struct ord_injector inj_net_duplicate = {
	.name = "net.duplicate",
	.check = check,
	NET_EMULATE_VERBS,
};
