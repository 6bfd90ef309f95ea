#include "cli/catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"

const struct cli_probe_kind cli_probe_kinds[] = {
	{"http", "asks a URL: status, header, body, JSON path, and how long it took"},
	{"tcp", "connects to HOST:PORT"},
	{"exec", "runs a program as the caller, without a shell, and looks at its exit status"},
	{"kube", "watches an object of a cluster, or a set: condition, count, figure or JSON path"},
	{"prom", "asks Prometheus for a number, with its age"},
	{"dns", "asks a name server, over UDP or TCP; expects code, answers, addresses"},
};
const size_t cli_n_probe_kinds = ORD_COUNT(cli_probe_kinds);

const char *cli_targets_text(unsigned targets, size_t size, char *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{ORD_ON_NET, "netns"},	    {ORD_ON_PROCESS, "process"},
		     {ORD_ON_CGROUP, "cgroup"},	    {ORD_ON_HOST, "host"},
		     {ORD_ON_POD, "pod"},	    {ORD_ON_NODE, "node"},
		     {ORD_ON_WORKLOAD, "workload"}, {ORD_ON_SERVICE, "service"},
		     {ORD_ON_OBJECT, "object"}};
	size_t used = 0;

	unsigned all = 0;

	for (size_t i = 0; i < ORD_COUNT(names); i++)
		all |= names[i].bit;
	if ((targets & all) == all) {
		(void)snprintf(out, size, "any");
		return out;
	}
	out[0] = '\0';
	for (size_t i = 0; i < ORD_COUNT(names); i++)
		if (targets & names[i].bit && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 names[i].name);
	return out;
}

static const struct {
	const char *value, *type;
} types[] = {
	[ORD_PARAM_DURATION] = {"DURATION", "duration"},
	[ORD_PARAM_PERCENT] = {"PERCENT", "percent"},
	[ORD_PARAM_SIZE] = {"SIZE", "size"},
	[ORD_PARAM_RATE] = {"RATE", "rate"},
	[ORD_PARAM_COUNT] = {"N", "count"},
	[ORD_PARAM_BOOL] = {"[=true|false]", "bool"},
	[ORD_PARAM_CHOICE] = {NULL, "choice"},
	[ORD_PARAM_SIGNAL] = {"SIGNAL", "signal"},
	[ORD_PARAM_CPUS] = {"CPUS", "cpus"},
	[ORD_PARAM_TEXT] = {"TEXT", "text"},
	[ORD_PARAM_ENDPOINTS] = {"ENDPOINT", "endpoints"},
};

const char *cli_param_value(const struct ord_param *p)
{
	return p->type == ORD_PARAM_CHOICE ? p->choices : types[p->type].value;
}

const char *cli_param_type(const struct ord_param *p)
{
	return types[p->type].type;
}

static const char *amount(enum ord_param_type type, int64_t v, char out[static 32])
{
	if (type == ORD_PARAM_DURATION)
		return ord_format_duration(v, out);
	if (type == ORD_PARAM_PERCENT)
		return ord_format_percent(v, out);
	if (type == ORD_PARAM_SIZE || type == ORD_PARAM_RATE)
		return ord_format_size(v, out);
	(void)snprintf(out, 32, "%" PRId64, v);
	return out;
}

const char *cli_param_range(const struct ord_param *p, size_t size, char *out)
{
	const char *per = p->type == ORD_PARAM_RATE ? "/s" : "";
	char lo[32], hi[32];

	out[0] = '\0';
	if (p->min || p->max)
		(void)snprintf(out, size, "%s%s to %s%s", amount(p->type, p->min, lo), per,
			       amount(p->type, p->max, hi), per);
	return out;
}

const char *cli_param_help(const struct ord_param *p, size_t size, char *out)
{
	char range[72];
	size_t used = (size_t)snprintf(out, size, "%s", p->help);

	cli_param_range(p, sizeof range, range);
	if (used < size && *range)
		used += (size_t)snprintf(out + used, size - used, "; %s", range);
	if (used < size && p->type == ORD_PARAM_ENDPOINTS)
		used += (size_t)snprintf(out + used, size - used, "; may be given several times");
	if (used < size && p->required)
		(void)snprintf(out + used, size - used, " (required)");
	else if (used < size && p->def)
		(void)snprintf(out + used, size - used, " (default %s)", p->def);
	return out;
}
