/* net.partition: no packet passes, in silence or with a refusal. */
#include "net_cut.h"

#include "base/units.h"

enum mode { MODE_DROP, MODE_REJECT }; /* in the order of list.def */

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	return net_cut_check(step, ORD_PPM, ord_arg_int(step->args, "mode") == MODE_REJECT, undo,
			     report, err);
}

const struct ord_injector inj_net_partition = {
	.name = "net.partition",
	.syscalls = net_syscalls,
	.revert_syscalls = net_residue_syscalls,
	.check = check,
	.inject = net_cut_inject,
	.change = net_cut_change,
	.figures = net_cut_figures,
	.end = net_cut_end,
	.residue = net_residue,
	.validate = net_validate,
	.done = net_cut_done,
	.available = net_cut_available,
};
