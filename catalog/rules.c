#include "catalog/rules.h"

#include <string.h>

#include "base/auto.h"

static int delay_rules(const struct ord_args *args, struct ord_err *err)
{
	if (ord_arg_int(args, "jitter") > ord_arg_int(args, "delay"))
		return ord_fail(
			err, ORD_USAGE,
			"jitter: it is larger than the delay; no packet can leave before it came");
	return 0;
}

static int burn_rules(const struct ord_args *args, struct ord_err *err)
{
	if (ord_arg_set(args, "cores") && ord_arg_set(args, "cpus"))
		return ord_fail(err, ORD_USAGE, "cores: it excludes 'cpus'; give one of them");
	return 0;
}

static int fill_rules(const struct ord_args *args, struct ord_err *err)
{
	if (ord_arg_set(args, "size") == ord_arg_set(args, "percent"))
		return ord_fail(err, ORD_USAGE,
				"mem.fill needs exactly one of 'size' and 'percent'");
	return 0;
}

static const struct {
	const char *fault;
	int (*rules)(const struct ord_args *, struct ord_err *);
} table[] = {
	{"net.delay", delay_rules},
	{"cpu.burn", burn_rules},
	{"mem.fill", fill_rules},
};

int ord_args_rules(const struct ord_args *args, struct ord_err *err)
{
	for (size_t i = 0; i < ORD_COUNT(table); i++)
		if (!strcmp(table[i].fault, args->fault->name))
			return table[i].rules(args, err);
	return 0;
}
