#include "cli/inject.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/caller.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/catalog.h"
#include "cli/policy.h"
#include "cli/spec_file.h"
#include "ordeal/run.h"

const struct cli_option cli_target_options[] = {
	{"host", 0, NULL, "this machine"},
	{"pid", 0, "N", "the process with this number, or its network namespace or control group"},
	{"process", 0, "NAME", "the process of this name"},
	{"listening", 0, "PORT", "the process that listens on this port; PORT/udp for UDP"},
	{"cgroup", 0, "PATH", "a control group, below /sys/fs/cgroup or absolute"},
	{"unit", 0, "NAME", "the processes of a systemd unit"},
	{"container", 0, "NAME|ID",
	 "the processes of a container, by its name (of a pod's also POD/NAME or "
	 "NAMESPACE/POD/NAME), "
	 "its id or the unique start of that"},
	{"runtime", 0, "any|docker|podman|containerd",
	 "who runs the container; without it each that is there is asked"},
	{"socket", 0, "PATH", "of who runs the container, where it is not the usual one"},
	{"netns", 0, "PATH|NAME", "a network namespace, by path or by its name under /run/netns"},
	{"count", 0, "N", "take this many of those that match (without it exactly one must match)"},
	{"target-percent", 0, "PERCENT", "take this share of those that match, rounded up"},
	{"all", 0, NULL, "take all that match"},
	{"via", 0, "COMMAND",
	 "the command that leads to ordeal-injector on another machine, where the target then is: "
	 "'ssh db1 sudo ordeal-injector', taken apart at blanks; given several "
	 "times each is a "
	 "word. No shell"},
	{"via-copy", 0, NULL,
	 "put the static injector where the last word of --via says, where another one or none is"},
	{0},
};

const struct cli_option cli_share_option[] = {
	{"percent", 0, "PERCENT",
	 "the same as --target-percent, for a fault without a percent of its own"},
	{0},
};

const struct cli_option cli_inject_options[] = {
	{"for", 0, "DURATION", "how long the effect lasts at most (required)"},
	{"engine", 0, "NAME", "the way to bring it about, for faults that have several"},
	{"seed", 0, "N", "of what is chosen at random; drawn where it is not given"},
	CLI_POLICY_OPTIONS,
	{"yes-whole-host", 0, NULL,
	 "cut off the whole machine: needed with --host for a drop, a partition or a loss of 50 % "
	 "or more without a filter"},
	{"even-if-it-cuts-me-off", 0, NULL, "do not exempt the SSH connection of the caller"},
	{"json", 0, NULL, "print JSON lines, as without a terminal"},
	{"quiet", 'q', NULL, "print nothing but errors"},
	{"help", 'h', NULL, "print this help and exit"},
	{0},
};

const struct cli_option cli_peer_option[] = {
	{"peer", 0, "KIND:NAME",
	 "the other side, on the target's machine: its addresses, which are looked up first, are "
	 "what the fault is limited to, as in container:db, netns:NAME, pid:N or host; --to then "
	 "names its ports alone"},
	{0},
};

const struct ord_fault *cli_inject_fault(const char *name, struct ord_err *err)
{
	const struct ord_fault *fault = ord_fault_find(name);
	const char *names[64];
	const char *near;
	size_t n = ord_n_faults < ORD_COUNT(names) ? ord_n_faults : ORD_COUNT(names);

	if (fault)
		return fault;
	for (size_t i = 0; i < n; i++)
		names[i] = ord_faults[i].name;
	near = ord_nearest(name, names, n);
	(void)ord_fail(err, ORD_USAGE,
		       "there is no fault '%.40s'%s%s%s; 'ordeal list faults' lists them", name,
		       near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

bool cli_fault_has(const struct ord_fault *fault, const char *param)
{
	for (size_t i = 0; i < fault->n_params; i++)
		if (!strcmp(fault->params[i].name, param))
			return true;
	return false;
}

void cli_fault_options(const struct ord_fault *fault, struct cli_fault_options *ret)
{
	size_t n = fault->n_params < ORD_PARAMS_MAX ? fault->n_params : ORD_PARAMS_MAX;

	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; i < n; i++) {
		const struct ord_param *p = &fault->params[i];

		ret->options[i] =
			(struct cli_option){p->name, 0, cli_param_value(p),
					    cli_param_help(p, sizeof ret->help[i], ret->help[i])};
	}
}

static const struct {
	const char *option;
	enum ord_target_kind kind;
	unsigned bits; /* a fault must take one of them */
} kinds[] = {
	{"host", ORD_TARGET_HOST, ORD_ON_HOST},
	{"pid", ORD_TARGET_PID, ORD_ON_NET | ORD_ON_PROCESS | ORD_ON_CGROUP},
	{"process", ORD_TARGET_PROCESS, ORD_ON_NET | ORD_ON_PROCESS | ORD_ON_CGROUP},
	{"listening", ORD_TARGET_LISTENING, ORD_ON_NET | ORD_ON_PROCESS | ORD_ON_CGROUP},
	{"cgroup", ORD_TARGET_CGROUP, ORD_ON_PROCESS | ORD_ON_CGROUP},
	{"unit", ORD_TARGET_UNIT, ORD_ON_NET | ORD_ON_PROCESS | ORD_ON_CGROUP},
	{"container", ORD_TARGET_CONTAINER, ORD_ON_NET | ORD_ON_PROCESS | ORD_ON_CGROUP},
	{"netns", ORD_TARGET_NETNS, ORD_ON_NET},
	{"pod", ORD_TARGET_POD, ORD_ON_POD},
	{"node", ORD_TARGET_NODE, ORD_ON_NODE},
	{"workload", ORD_TARGET_WORKLOAD, ORD_ON_WORKLOAD},
	{"service", ORD_TARGET_SERVICE, ORD_ON_SERVICE},
	{"object", ORD_TARGET_OBJECT, ORD_ON_OBJECT},
};

bool cli_target_fits(const struct ord_fault *fault, const char *option)
{
	if (!strcmp(option, "runtime") || !strcmp(option, "socket"))
		option = "container";
	for (size_t i = 0; i < ORD_COUNT(kinds); i++)
		if (!strcmp(kinds[i].option, option))
			return fault->targets & kinds[i].bits && !cli_fault_has(fault, option);
	return fault->targets & cli_cluster_kinds(option);
}

static int read_kind(const struct cli_args *given, const struct ord_fault *fault,
		     struct ord_target *t, struct ord_err *err)
{
	const char *first = NULL;
	char targets[64];

	for (size_t i = 0; i < ORD_COUNT(kinds); i++) {
		const char *text = cli_value(given, kinds[i].option);

		/* A parameter of the fault is not a target: --container of workload.image. */
		if (!text || (fault && cli_fault_has(fault, kinds[i].option)))
			continue;
		if (first)
			return ord_fail(err, ORD_USAGE, "--%s and --%s name two targets; give one",
					first, kinds[i].option);
		first = kinds[i].option;
		if (fault && !(fault->targets & kinds[i].bits))
			return ord_fail(err, ORD_USAGE, "%s does not take --%s; its targets: %s",
					fault->name, first,
					cli_targets_text(fault->targets, sizeof targets, targets));
		if (strlen(text) >= sizeof t->text)
			return ord_fail(err, ORD_USAGE, "--%s: longer than %zu bytes", first,
					sizeof t->text - 1);
		t->kind = kinds[i].kind;
		(void)snprintf(t->text, sizeof t->text, "%s", text);
	}
	if (!first)
		return ord_fail(err, ORD_USAGE,
				"no target, and none is assumed: give one of --host, --pid, "
				"--process, --listening, --cgroup, --unit, --container, --netns, "
				"--pod, --node, --workload, --service, --object");
	return 0;
}

/* Who runs the container. */
static int read_runtime(const struct cli_args *given, struct ord_target *t, struct ord_err *err)
{
	const char *runtime = cli_value(given, "runtime"), *socket = cli_value(given, "socket");

	if ((runtime || socket) && t->kind != ORD_TARGET_CONTAINER)
		return ord_fail(err, ORD_USAGE,
				"--%s says who runs a container: it goes with "
				"--container",
				runtime ? "runtime" : "socket");
	while (runtime && strcmp(runtime, ord_runtime_name(t->runtime)) != 0)
		if (t->runtime++ == ORD_RUNTIME_CONTAINERD)
			return ord_fail(err, ORD_USAGE,
					"--runtime: '%.40s' is none of docker, podman, containerd "
					"and any",
					runtime);
	if (socket && (*socket != '/' || strlen(socket) >= sizeof t->socket))
		return ord_fail(err, ORD_USAGE,
				"--socket: '%.40s' is not an absolute path of at most %zu bytes",
				socket, sizeof t->socket - 1);
	if (socket)
		(void)snprintf(t->socket, sizeof t->socket, "%s", socket);
	return 0;
}

/* How many of those that match. */
static int read_share(const struct cli_args *given, const struct ord_fault *fault,
		      struct ord_target *t, struct ord_err *err)
{
	const char *count = cli_value(given, "count"), *share = cli_value(given, "target-percent");
	int64_t v;

	if (!share && (!fault || !cli_fault_has(fault, "percent")))
		share = cli_value(given, "percent");
	t->all = cli_flag(given, "all");
	if (!!count + !!share + t->all > 1)
		return ord_fail(err, ORD_USAGE,
				"--count, --target-percent and --all exclude each other");
	if (count) {
		if (ord_parse_int(count, 1,
				  ord_target_in_cluster(t->kind) ? ORD_CLUSTER_OBJECTS_MAX
								 : ORD_PROCS_MAX,
				  &v, err))
			return ord_wrap(err, "--count");
		t->count = (uint32_t)v;
	}
	if (share) {
		if (ord_parse_percent(share, &v, err))
			return ord_wrap(err, "--target-percent");
		if (v < 1 || v > ORD_PPM)
			return ord_fail(err, ORD_USAGE,
					"--target-percent: %s is not within 0.0001%% to 100%%",
					share);
		t->percent_ppm = (uint32_t)v;
	}
	return 0;
}

/* Given once its value is taken apart at blanks; several times, each is a word. */
static int read_words(const struct cli_args *given, struct ord_via *via, struct ord_err *err)
{
	size_t n = 0, times = 0;

	for (size_t i = 0; i < given->n_given; i++)
		times += !strcmp(given->given[i].option->name, "via");
	for (size_t i = 0; i < given->n_given; i++) {
		const char *at = given->given[i].value, *blanks = times > 1 ? "" : " ";

		if (strcmp(given->given[i].option->name, "via") != 0)
			continue;
		for (at += strspn(at, blanks); *at; at += strspn(at, blanks)) {
			size_t size = strcspn(at, blanks);

			if (n == ORD_VIA_WORDS)
				return ord_fail(err, ORD_USAGE, "--via: more than %d words",
						ORD_VIA_WORDS);
			via->words[n] = strndup(at, size);
			if (!via->words[n++])
				return ord_fail_nomem(err);
			at += size;
		}
	}
	via->copy = cli_flag(given, "via-copy");
	if (!n)
		return ord_fail(err, ORD_USAGE, "--via: no command");
	return ord_via_check(via, err) ? ord_wrap(err, "--via") : 0;
}

int cli_via_read(const struct cli_args *given, struct ord_target *t, struct ord_err *err)
{
	if (!cli_flag(given, "via"))
		return cli_flag(given, "via-copy")
			       ? ord_fail(err, ORD_USAGE, "--via-copy goes with --via")
			       : 0;
	if (ord_target_in_cluster(t->kind))
		return ord_fail(err, ORD_USAGE,
				"--via leads to a machine: a target in a cluster takes none");
	t->via = calloc(1, sizeof *t->via);
	return t->via ? read_words(given, t->via, err) : ord_fail_nomem(err);
}

int cli_target_read(const struct cli_args *given, const struct ord_fault *fault,
		    struct ord_target *t, size_t *ret_limit, struct ord_err *err)
{
	if (read_kind(given, fault, t, err) || read_runtime(given, t, err) ||
	    cli_cluster_target(given, t, ret_limit, err) || cli_via_read(given, t, err))
		return -1;
	return read_share(given, fault, t, err);
}

static int read_params(const struct cli_args *given, const struct ord_fault *fault,
		       struct ord_args *args, struct ord_err *err)
{
	ord_args_init(args, fault);
	for (size_t i = 0; i < given->n_given; i++) {
		const struct cli_given *g = &given->given[i];

		if (cli_fault_has(fault, g->option->name) &&
		    ord_args_set(args, g->option->name, g->value ? g->value : "true", err))
			return -1;
	}
	return ord_args_finish(args, err);
}

/* At most a day: the injector's own bound. */
static int read_for(const struct cli_args *given, uint64_t *ret, struct ord_err *err)
{
	const char *text = cli_value(given, "for");
	int64_t ns;

	if (!text)
		return ord_fail(
			err, ORD_USAGE,
			"--for is missing: how long the effect lasts at most, as in --for 30s");
	if (ord_parse_duration(text, &ns, err))
		return ord_wrap(err, "--for");
	if (ns < (int64_t)ORD_MS || ns > 86400 * (int64_t)ORD_S)
		return ord_fail(err, ORD_USAGE, "--for: %s is not within 1ms to 1d", text);
	*ret = (uint64_t)ns;
	return 0;
}

/* KIND:TEXT, as in container:db; on the machine that the target is on. */
static int read_peer(const struct cli_args *given, struct cli_inject *in, struct ord_err *err)
{
	const char *text = cli_value(given, "peer"), *colon;
	struct ord_target *t = &in->peer;

	if (!text)
		return 0;
	colon = strchrnul(text, ':');
	for (size_t i = 0; i < ORD_COUNT(kinds) && !ord_target_in_cluster(kinds[i].kind); i++)
		if (strlen(kinds[i].option) == (size_t)(colon - text) &&
		    !strncmp(kinds[i].option, text, (size_t)(colon - text)))
			t->kind = kinds[i].kind;
	if (t->kind == ORD_TARGET_UNSET || (t->kind == ORD_TARGET_HOST) != !*colon ||
	    (*colon && (!colon[1] || strlen(colon + 1) >= sizeof t->text)))
		return ord_fail(err, ORD_USAGE,
				"--peer: '%.60s' is no target of a machine; write KIND:NAME, as in "
				"container:db, netns:NAME or pid:N, or host",
				text);
	(void)snprintf(t->text, sizeof t->text, "%s", *colon ? colon + 1 : "");
	if (in->target.via && ord_via_copy(in->target.via, &t->via, err))
		return -1;
	return ord_args_peer(&in->args, cli_flag(given, "direction"), err);
}

/* Root's injector is a child of this process, and finds the connection by itself. Somebody else's
 * may be behind a socket. */
static int spare_caller(struct ord_args *args, bool cut_me_off, struct ord_err *err)
{
	char peer[ORD_CALLER_TEXT];
	bool added;

	return cut_me_off || geteuid() == 0 || !ord_caller_ssh(peer)
		       ? 0
		       : ord_args_spare(args, peer, &added, err);
}

int cli_inject_read(const struct cli_args *given, const struct ord_fault *fault,
		    struct cli_inject *ret, struct ord_err *err)
{
	ret->target = ret->peer = (struct ord_target){0};
	ret->peers = NULL;
	ret->cut_me_off = cli_flag(given, "even-if-it-cuts-me-off");
	/* On another machine it is the connection that leads there, which the injector sees. */
	if (read_params(given, fault, &ret->args, err) ||
	    spare_caller(&ret->args, ret->cut_me_off || cli_flag(given, "via"), err) ||
	    cli_target_read(given, fault, &ret->target, &ret->limit, err) ||
	    read_peer(given, ret, err) || read_for(given, &ret->for_ns, err) ||
	    cli_seed_read(given, &ret->seed, err))
		return -1;
	ret->engine = cli_value(given, "engine");
	ret->context = cli_value(given, "context");
	ret->whole_host = cli_flag(given, "yes-whole-host");
	ret->json = cli_flag(given, "json");
	ret->quiet = cli_flag(given, "quiet");
	return 0;
}
