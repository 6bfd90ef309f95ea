/*
 * net.loss: a share of the packets is gone, drawn for each packet by the emulator. A table of
 * nftables alone serves who asks for it, or loses all: there is nothing to draw then.
 */
#include <string.h>

#include "base/units.h"
#include "net_cut.h"
#include "net_emulate.h"

static bool by_table(const struct inj_step *step)
{
	return strcmp(step->engine, "netdev") == 0 || strcmp(step->engine, "inet") == 0 ||
	       (!step->engine[0] && ord_arg_int(step->args, "model") == 0 &&
		ord_arg_int(step->args, "percent") == ORD_PPM && !ord_arg_int(step->args, "ecn"));
}

/* What nftables draws is the kernel's: it takes no seed, and knows of no packet before. */
static int check_table(const struct inj_step *step, struct ord_err *err)
{
	static const char *const beyond[] = {"seed", "correlation", "model", "ecn"};

	for (size_t i = 0; step->engine[0] && i < ORD_COUNT(beyond); i++)
		if (ord_arg_int(step->args, beyond[i]) ||
		    (i == 0 && ord_arg_set(step->args, beyond[i])))
			return ord_fail(err, ORD_USAGE,
					"engine %s draws each loss in the kernel, on its own: it "
					"cannot do '%s'; leave the engine out",
					step->engine, beyond[i]);
	return 0;
}

static int check(struct inj_step *step, json_t *undo, json_t *report, struct ord_err *err)
{
	struct fate_params p = {0};

	net_effect_loss(step->args, "percent", "correlation", "model", &p);
	if (!by_table(step))
		return net_emulate_check(step, &p, undo, report, err);
	if (check_table(step, err) < 0)
		return -1;
	return net_cut_check(step, p.random_loss.ppm, false, undo, report, err);
}

static int inject(struct inj_step *step, struct ord_err *err)
{
	return by_table(step) ? net_cut_inject(step, err) : net_emulate_inject(step, err);
}

static int change(struct inj_step *step, struct ord_err *err)
{
	return by_table(step) ? net_cut_change(step, err) : net_emulate_change(step, err);
}

static unsigned wait_for(struct inj_step *step, struct pollfd *fds, unsigned max, uint64_t *due_ns)
{
	return by_table(step) ? 0 : net_emulate_wait(step, fds, max, due_ns);
}

static int wake(struct inj_step *step, const struct pollfd *fds, unsigned n, bool *ret_over,
		struct ord_err *err)
{
	return by_table(step) ? 0 : net_emulate_wake(step, fds, n, ret_over, err);
}

static void figures(struct inj_step *step, json_t *out)
{
	if (by_table(step))
		net_cut_figures(step, out);
	else
		net_emulate_figures(step, out);
}

static int end(struct inj_step *step, struct ord_err *err)
{
	return by_table(step) ? net_cut_end(step, err) : net_emulate_end(step, err);
}

static void done(struct inj_step *step)
{
	if (by_table(step))
		net_cut_done(step);
	else
		net_emulate_done(step);
}

/* The emulator, or else what nftables does alone. */
static int available(const char **ret_engine, struct ord_err *err)
{
	return net_emulate_available(ret_engine, err) == 0 ? 0 : net_cut_available(ret_engine, err);
}

const struct ord_injector inj_net_loss = {
	.name = "net.loss",
	.syscalls = net_emulate_syscalls,
	.revert_syscalls = net_residue_syscalls,
	.check = check,
	.inject = inject,
	.change = change,
	.wait = wait_for,
	.wake = wake,
	.figures = figures,
	.end = end,
	.residue = net_residue,
	.validate = net_validate,
	.done = done,
	.available = available,
};
