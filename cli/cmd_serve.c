/* The daemon that runs experiments by their schedules; it is in a module of its own. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/module.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/policy.h"
#include "cli/runs.h"
#include "cli/serve.h"
#include "ordeal/api.h"
#include "ordeal/kube.h"
#include "ordeal/tenure.h"

int cli_serve_module(const struct ord_serve_calls **ret, struct ord_err *err)
{
	static struct ord_module module = {
		.file = "ordeal-serve.so",
		.folder = "scheduler/serve/module",
		.symbol = ORD_SERVE_SYMBOL,
		.what = "running experiments by their schedules",
		.size = sizeof **ret,
	};
	void *found;

	if (ord_module_open(&module, &found, err))
		return -1;
	*ret = found;
	return 0;
}

static void say(void *arg, const char *line)
{
	(void)arg;
	(void)fprintf(stderr, "ordeal serve: %s\n", line);
}

/* Where runs and their history are, and what listens. */
static int api_of(const struct cli_args *args, struct cli_history *of, struct ord_api_options *ret,
		  struct ord_err *err)
{
	const char *output = cli_value(args, "output");
	char home[ORD_PATH_MAX];

	if (cli_runs_home(output, home, err) || ord_mkdirs(home, 0755, err) ||
	    cli_history_of(output, of, err))
		return -1;
	*ret = (struct ord_api_options){
		.socket = cli_value(args, "socket"),
		.listen = cli_value(args, "listen"),
		.token_file = cli_value(args, "token-file"),
		.tls_cert = cli_value(args, "tls-cert"),
		.tls_key = cli_value(args, "tls-key"),
		.config = cli_value(args, "config"),
		.history = of->dir,
		.runs = of->home,
		.log = say,
	};
	return 0;
}

/* Who holds a game day is given the same, and where its runs go. */
static void holder_args_of(const struct cli_args *args, struct cli_policy_args *ret)
{
	const char *output = cli_value(args, "output");

	if (!output)
		return;
	ret->v[ret->n++] = "--output";
	ret->v[ret->n++] = output;
}

/* The Lease that it begins nothing without. */
struct lease_args {
	struct ord_tenure_options options;
	char ns[ORD_KUBE_NS];
	const char *namespaces[CLI_GIVEN_MAX + 1]; /* NULL-ended */
};

static int lease_args_of(const struct cli_args *args, struct ord_serve_options *options,
			 struct lease_args *ret, struct ord_err *err)
{
	const char *lease = cli_value(args, "lease"), *slash = lease ? strchr(lease, '/') : NULL;
	size_t n = 0;

	if (!lease)
		return cli_value(args, "namespace")
			       ? ord_fail(err, ORD_USAGE, "--namespace goes with --lease")
			       : 0;
	if (!slash || slash == lease || !slash[1] || strchr(slash + 1, '/') ||
	    (size_t)(slash - lease) >= sizeof ret->ns)
		return ord_fail(err, ORD_USAGE, "--lease takes NAMESPACE/NAME, as in chaos/ordeal");
	if (!cli_value(args, "context"))
		return ord_fail(err, ORD_USAGE,
				"--lease: name the cluster by --context; in a pod, 'in-cluster'");
	(void)snprintf(ret->ns, sizeof ret->ns, "%.*s", (int)(slash - lease), lease);
	ret->options = (struct ord_tenure_options){
		.context = cli_value(args, "context"), .ns = ret->ns, .name = slash + 1};
	for (size_t i = 0; i < args->n_given; i++)
		if (!strcmp(args->given[i].option->name, "namespace"))
			ret->namespaces[n++] = args->given[i].value;
	options->lease = &ret->options;
	options->namespaces = ret->namespaces;
	return 0;
}

static int serve(const struct cli_args *args, struct ord_err *err)
{
	struct cli_policy_args own = {.n = 0}, holder;
	struct lease_args lease = {.ns = ""};
	struct ord_serve_options options = {
		.dir = args->operands[0],
		.state = cli_value(args, "state"),
		.runs = cli_value(args, "output"),
		.extra = own.v,
		.say = say,
	};
	const struct ord_serve_calls *calls;
	struct ord_api_options api;
	struct cli_history of;
	uint64_t max_runs;
	size_t broken;
	int code;

	if (cli_number(args, "max-runs", ORD_SERVE_RUNS_DEFAULT, &max_runs, err))
		return -1;
	if (!max_runs || max_runs > ORD_SERVE_RUNS_MAX)
		return ord_fail(err, ORD_USAGE, "--max-runs: 1 to %d", ORD_SERVE_RUNS_MAX);
	options.max_runs = (uint32_t)max_runs;
	if (lease_args_of(args, &options, &lease, err))
		return -1;
	code = cli_policy_args(args, &own);
	if (code)
		return code;
	holder = own;
	holder_args_of(args, &holder);
	own.v[own.n++] = "--folder";
	own.v[own.n++] = options.dir;
	if (cli_value(args, "context")) {
		own.v[own.n++] = "--context";
		own.v[own.n++] = cli_value(args, "context");
	}
	if (cli_serve_module(&calls, err))
		return -1;
	if (!cli_flag(args, "check")) {
		if (api_of(args, &of, &api, err))
			return -1;
		api.holder_args = holder.v;
		return calls->serve(&options, &api, err);
	}
	if (calls->check(&options, &broken, err))
		return -1;
	return broken ? CLI_WRONG : CLI_OK;
}

static const struct cli_option options[] = {
	{"state", 0, "DIR",
	 "where it keeps what it has done; else serve/ in $XDG_STATE_HOME/ordeal or "
	 "/var/lib/ordeal. One daemon each"},
	{"output", 'o', "DIR", "where the runs' folders are made, as of 'ordeal run'"},
	CLI_POLICY_OPTIONS,
	{"max-runs", 0, "N", "so many runs at once, others wait; 16 where it is not given"},
	{"context", 0, "NAME",
	 "the cluster of the Lease, and of all runs; in a pod 'in-cluster' is its service account"},
	{"lease", 0, "NAMESPACE/NAME",
	 "begin runs only while this coordination.k8s.io Lease is held, so that of several daemons "
	 "one does"},
	{"namespace", 0, "NAME",
	 "with --lease: what an earlier holder left is looked for in these namespaces alone"},
	{"socket", 0, "PATH",
	 "the unix socket of its API; else serve.sock in $XDG_RUNTIME_DIR/ordeal or /run/ordeal"},
	{"listen", 0, "ADDRESS:PORT",
	 "a port for the API and the console as well; it takes tokens"},
	{"token-file", 0, "FILE", "lines of ROLE TOKEN [NAME]; nobody else may read it"},
	{"tls-cert", 0, "FILE", "TLS on the port: the certificate, in PEM"},
	{"tls-key", 0, "FILE", "and its key"},
	{"config", 0, "FILE",
	 "settings: these, groups that may ask, webhooks (docs/formats/api.md)"},
	{"check", 0, NULL, "say what is in DIR and when it would run, and exit"},
	{0},
};

const struct cli_command cli_serve = {
	.name = "serve",
	.summary = "run the experiments of a folder by their schedules",
	.operands = "DIR",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.details =
		"The files *.yaml and *.yml in DIR are watched. One that changes is checked and "
		"taken over whole; of one that is broken the last good version stays, and what is "
		"wrong is said with its line. A run in progress is never changed.",
	.run = serve,
};
