/* net.loss: a share of the packets is gone, drawn for each packet in the kernel. */
#include "net_cut.h"

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	return net_cut_check(step, (uint32_t)ord_arg_int(step->args, "percent"), false, undo,
			     report, err);
}

const struct ord_injector inj_net_loss = {
	.name = "net.loss",
	.syscalls = net_syscalls,
	.revert_syscalls = net_residue_syscalls,
	.check = check,
	.inject = net_cut_inject,
	.figures = net_cut_figures,
	.end = net_cut_end,
	.residue = net_residue,
	.validate = net_validate,
	.done = net_cut_done,
	.available = net_cut_available,
};
