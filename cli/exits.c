#include "cli/command.h"

#include "base/auto.h"

const struct cli_exit_text cli_exits[7] = {
	{CLI_OK, "every objective is met, nothing that was compared is worse, or what was asked is "
		 "done"},
	{CLI_FAILED,
	 "an objective is missed; of compare: a figure is worse, or an objective rejected"},
	{CLI_WRONG, "the experiment or the command line is wrong, or a safety rule refused it "
		    "before anything was done; of compare: the plans differ"},
	{CLI_ABORTED, "aborted by a guard or by a person"},
	{CLI_UNSTEADY, "the steady state did not hold before the fault, so nothing was injected"},
	{CLI_INCONCLUSIVE,
	 "inconclusive: the run does not show whether the objectives are met, or compare --gate "
	 "that nothing is worse"},
	{CLI_BROKEN, "ordeal or the environment failed: a fault not in force, not possible here, "
		     "residue, a lost probe"},
};

int cli_exit_worst(int a, int b)
{
	static const int order[] = {CLI_BROKEN,	      CLI_ABORTED, CLI_FAILED, CLI_UNSTEADY,
				    CLI_INCONCLUSIVE, CLI_WRONG,   CLI_OK};

	for (size_t i = 0; i < ORD_COUNT(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return CLI_BROKEN;
}

int cli_exit_of(const struct ord_err *err)
{
	return err->code == ORD_USAGE || err->code == ORD_GUARD ? CLI_WRONG : CLI_BROKEN;
}
