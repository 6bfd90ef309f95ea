#include "catalog/rules.h"

#include <netinet/in.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static bool param_has(const struct ord_args *args, const char *name)
{
	for (size_t i = 0; i < args->fault->n_params; i++)
		if (!strcmp(args->fault->params[i].name, name))
			return true;
	return false;
}

static bool any_set(const struct ord_args *args, const char *const *names)
{
	for (; *names; names++)
		if (ord_arg_set(args, *names))
			return true;
	return false;
}

/* In the order of the choices of `distribution`: the last is the file's. */
enum { DISTRIBUTION_FILE = 4 };

/* names: of the delay, its jitter, distribution and file. */
static int spread_rules(const struct ord_args *args, const char *const names[4],
			struct ord_err *err)
{
	if (ord_arg_int(args, names[1]) > ord_arg_int(args, names[0]))
		return ord_fail(
			err, ORD_USAGE,
			"%s: it is larger than the delay; no packet can leave before it came",
			names[1]);
	if ((ord_arg_int(args, names[2]) == DISTRIBUTION_FILE) != ord_arg_set(args, names[3]))
		return ord_fail(err, ORD_USAGE, "%s: 'file' and '%s' belong together", names[2],
				names[3]);
	return 0;
}

static int delay_rules(const struct ord_args *args, struct ord_err *err)
{
	static const char *const delay[] = {"delay", "jitter", "distribution", "distribution-file"},
				 *const slot[] = {"slot-delay", "slot-jitter", "slot-distribution",
						  "slot-distribution-file"},
				 *const bounds[] = {"slot-min", "slot-max", NULL};

	if (ord_arg_set(args, "slot-delay") && any_set(args, bounds))
		return ord_fail(err, ORD_USAGE,
				"slot-delay: it excludes 'slot-min' and 'slot-max'");
	return spread_rules(args, delay, err) < 0 ? -1 : spread_rules(args, slot, err);
}

/* Each model of losses has its own parameters. */
static int model_rules(const struct ord_args *args, const char *share, const char *model,
		       struct ord_err *err)
{
	static const char *const markov[] = {"p13", "p31", "p32", "p23", "p14", NULL},
				 *const gilbert[] = {"p", "r", "1-h", "1-k", NULL};
	const int64_t which = ord_arg_int(args, model);

	if ((which != 1 && any_set(args, markov)) || (which != 2 && any_set(args, gilbert)) ||
	    (which && ord_arg_set(args, share)))
		return ord_fail(err, ORD_USAGE,
				"%s: random takes '%s', markov p13 p31 p32 p23 p14, gilbert p r "
				"1-h 1-k, and none the others'",
				model, share);
	if ((which == 1 && !ord_arg_int(args, "p13") && !ord_arg_int(args, "p14")) ||
	    (which == 2 && !ord_arg_int(args, "p") && !ord_arg_int(args, "1-k")))
		return ord_fail(err, ORD_USAGE, "%s: nothing is lost without %s", model,
				which == 1 ? "p13 or p14" : "p or 1-k");
	return 0;
}

static int loss_rules(const struct ord_args *args, struct ord_err *err)
{
	if (model_rules(args, "percent", "model", err) < 0)
		return -1;
	if (ord_arg_int(args, "model") == 0 && !ord_arg_set(args, "percent"))
		return ord_fail(err, ORD_USAGE,
				"net.loss needs 'percent' (or another model than random)");
	return 0;
}

static int impair_rules(const struct ord_args *args, struct ord_err *err)
{
	static const char *const effects[] = {"delay",	  "loss", "duplicate",	"corrupt",
					      "reorder",  "rate", "slot-delay", "slot-min",
					      "slot-max", NULL};

	if (!any_set(args, effects) && !ord_arg_int(args, "loss-model"))
		return ord_fail(err, ORD_USAGE,
				"net.impair: say at least one of delay, loss, duplicate, corrupt, "
				"reorder, rate");
	if (ord_arg_set(args, "reorder") && !ord_arg_set(args, "delay"))
		return ord_fail(err, ORD_USAGE,
				"reorder: packets overtake others that are late: it needs 'delay'");
	return delay_rules(args, err) < 0 ? -1 : model_rules(args, "loss", "loss-model", err);
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

static int disk_rules(const struct ord_args *args, struct ord_err *err)
{
	if (*ord_arg_text(args, "path") != '/')
		return ord_fail(err, ORD_USAGE, "path: it begins with '/'");
	if (ord_arg_set(args, "leave") + ord_arg_set(args, "leave-percent") +
		    ord_arg_set(args, "size") >
	    1)
		return ord_fail(err, ORD_USAGE, "disk.fill: say leave, leave-percent or size");
	return 0;
}

/* Exactly one of two. */
static int one_of(const struct ord_args *args, const char *a, const char *b, struct ord_err *err)
{
	if (ord_arg_set(args, a) == ord_arg_set(args, b))
		return ord_fail(err, ORD_USAGE, "%s: say either %s or %s", args->fault->name, a, b);
	return 0;
}

static int scale_rules(const struct ord_args *args, struct ord_err *err)
{
	return one_of(args, "to", "factor", err);
}

static int image_rules(const struct ord_args *args, struct ord_err *err)
{
	return one_of(args, "image", "tag", err);
}

/* Of deletes, evictions and drains. */
static int grace_rules(const struct ord_args *args, struct ord_err *err)
{
	if (ord_arg_set(args, "grace") && ord_arg_int(args, "grace") % 1000000000 != 0)
		return ord_fail(err, ORD_USAGE, "grace: the API takes whole seconds, as in 5s");
	return 0;
}

static int delete_rules(const struct ord_args *args, struct ord_err *err)
{
	if (ord_arg_int(args, "force") && ord_arg_set(args, "grace") &&
	    ord_arg_int(args, "grace") > 0)
		return ord_fail(err, ORD_USAGE,
				"force: it is a grace period of 0: say one of the two");
	return grace_rules(args, err);
}

static int mesh_rules(const struct ord_args *args, struct ord_err *err)
{
	if (!ord_arg_set(args, "delay") && !ord_arg_set(args, "abort"))
		return ord_fail(err, ORD_USAGE, "istio.fault: say delay, abort, or both");
	return 0;
}

static int patch_rules(const struct ord_args *args, struct ord_err *err)
{
	json_error_t why;
	ord_auto(json) json_t *patch =
		json_loads(ord_arg_text(args, "patch"), JSON_REJECT_DUPLICATES, &why);

	if (!patch)
		return ord_fail(err, ORD_USAGE, "patch: not JSON, column %d: %.120s", why.column,
				why.text);
	if (!json_is_array(patch))
		return ord_fail(err, ORD_USAGE,
				"patch: a JSON patch is a list of operations, as in "
				"[{\"op\":\"remove\",\"path\":\"/spec/paused\"}]");
	return 0;
}

/* Only TCP has a state. */
static int state_rules(const struct ord_args *args, struct ord_err *err)
{
	const struct ord_endpoints *to;
	char text[ORD_ENDPOINT_TEXT];

	if (!param_has(args, "state") || ord_arg_int(args, "state") == 0)
		return 0;
	to = &ord_arg(args, "to")->eps;
	for (size_t i = 0; i < to->n; i++)
		if (to->v[i].proto && to->v[i].proto != IPPROTO_TCP)
			return ord_fail(err, ORD_USAGE,
					"state: it is of TCP alone, and 'to' has '%s'",
					ord_endpoint_format(&to->v[i], text));
	return 0;
}

static int cgroup_rules(const struct ord_args *args, struct ord_err *err)
{
	if (param_has(args, "cgroup") && ord_arg_set(args, "cgroup") &&
	    ord_arg_int(args, "direction"))
		return ord_fail(err, ORD_USAGE,
				"cgroup: it tells who sends, so 'direction' must be egress");
	return 0;
}

static int hosts_rules(const struct ord_args *args, const char *param, struct ord_err *err)
{
	char name[ORD_HOST_NAME], rest[ORD_HOST_REST];
	const char *at;
	int r = 1;

	if (!ord_args_names(args, param))
		return 0;
	at = ord_arg_text(args, param);
	while (r == 1)
		r = ord_host_next(&at, name, rest, err);
	return r ? ord_wrap(err, "%s", param) : 0;
}

static int resolve_rules(const struct ord_args *args, struct ord_err *err)
{
	if (!ord_args_names(args, "resolve") || ord_args_names(args, "hosts") ||
	    ord_args_names(args, "exclude-hosts"))
		return 0;
	return ord_fail(
		err, ORD_USAGE,
		"resolve: it is of names, and there is neither 'hosts' nor 'exclude-hosts'");
}

static const struct {
	const char *fault;
	int (*rules)(const struct ord_args *, struct ord_err *);
} table[] = {
	{"net.delay", delay_rules},	 {"net.loss", loss_rules},
	{"net.impair", impair_rules},	 {"cpu.burn", burn_rules},
	{"mem.fill", fill_rules},	 {"disk.fill", disk_rules},
	{"pod.delete", delete_rules},	 {"pod.evict", grace_rules},
	{"node.drain", grace_rules},	 {"workload.scale", scale_rules},
	{"workload.image", image_rules}, {"istio.fault", mesh_rules},
	{"k8s.patch", patch_rules},
};

int ord_args_rules(const struct ord_args *args, struct ord_err *err)
{
	if (state_rules(args, err) || cgroup_rules(args, err) || hosts_rules(args, "hosts", err) ||
	    hosts_rules(args, "exclude-hosts", err) || resolve_rules(args, err))
		return -1;
	for (size_t i = 0; i < ORD_COUNT(table); i++)
		if (!strcmp(table[i].fault, args->fault->name))
			return table[i].rules(args, err);
	return 0;
}
