#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/init.h"
#include "cli/look.h"
#include "ordeal/spec.h"

struct found {
	const char *url;
	struct ord_target target;
	bool named; /* the target: it need not be what serves the URL */
	struct ord_place place;
	struct cli_look look;
	char name[ORD_NAME_MAX - 8]; /* of the service, as a name in an experiment */
	char limit[32];		     /* a good answer comes within it */
};

/* Five times the slowest usual answer, as a round number: a limit that only trouble breaks. */
static void choose_limit(struct found *f)
{
	static const int steps[] = {100, 200, 300, 500, 1000, 2000, 3000, 5000, 10000};
	size_t i = 0;

	while (i < ORD_COUNT(steps) - 1 && steps[i] * (int64_t)ORD_MS < 5 * f->look.p95_ns)
		i++;
	(void)ord_format_duration(steps[i] * (int64_t)ORD_MS, f->limit);
}

static int choose_target(const struct cli_args *args, struct found *f, struct ord_err *err)
{
	static const struct {
		const char *option;
		enum ord_target_kind kind;
	} kinds[] = {{"process", ORD_TARGET_PROCESS},
		     {"listening", ORD_TARGET_LISTENING},
		     {"container", ORD_TARGET_CONTAINER}};
	struct ord_target *t = &f->target;

	for (size_t i = 0; i < ORD_COUNT(kinds); i++) {
		const char *text = cli_value(args, kinds[i].option);

		if (!text)
			continue;
		if (t->kind)
			return ord_fail(err, ORD_USAGE,
					"give one of --process, --listening and --container");
		t->kind = kinds[i].kind;
		(void)snprintf(t->text, sizeof t->text, "%s", text);
	}
	f->named = t->kind != ORD_TARGET_UNSET;
	if (f->named)
		return 0;
	if (!cli_look_is_local(&f->look))
		return ord_fail(err, ORD_USAGE,
				"'%.100s' is not this machine: run it where the service runs, or "
				"name what to break with "
				"--process, --listening or --container",
				f->look.host);
	t->kind = ORD_TARGET_LISTENING;
	(void)snprintf(t->text, sizeof t->text, "%u", (unsigned)f->look.port);
	return 0;
}

static void write_target(const struct found *f, FILE *out)
{
	if (f->target.kind == ORD_TARGET_CONTAINER)
		(void)fprintf(out, "      target: {container: \"%s\"}\n", f->target.text);
	else if (f->target.kind == ORD_TARGET_PROCESS)
		(void)fprintf(out, "      target: {process: {name: \"%s\"}}\n", f->target.text);
	else
		(void)fprintf(out, "      target: {process: {listening: %s}}\n", f->target.text);
}

static void write_fault(const struct found *f, FILE *out)
{
	const struct cli_look *look = &f->look;

	if (look->n_peers) {
		(void)fputs("    # It talked to these while it was looked at; each may be a "
			    "dependency worth an experiment:\n",
			    out);
		for (size_t i = 0; i < look->n_peers; i++)
			(void)fprintf(out, "    #   %s:%u\n", look->peers[i].address,
				      (unsigned)look->peers[i].port);
		(void)fputs("    # net.delay makes the first of them slow. It takes root (or the "
			    "sudo rule that ordeal shows).\n"
			    "    - name: slow-dependency\n",
			    out);
		(void)fprintf(out, "      net.delay: {delay: 200ms, to: [\"%s:%u/tcp\"]}\n",
			      look->peers[0].address, (unsigned)look->peers[0].port);
	} else {
		(void)fputs("    # It held no connection of its own while it was looked at, so no "
			    "dependency is known: the service\n"
			    "    # itself is stopped for a while, as a long garbage collection or "
			    "a full disk would do.\n"
			    "    # 'ordeal list faults' shows what else can be done to it.\n"
			    "    - name: hang\n"
			    "      proc.pause: {}\n",
			    out);
	}
	write_target(f, out);
	(void)fputs("      for: 3s\n", out);
}

static void write_head(const struct found *f, FILE *out)
{
	const struct cli_look *look = &f->look;
	char now[32], p50[32], p95[32];

	ord_format_utc(ord_wall_ns(), now);
	(void)fprintf(out,
		      "# Written by 'ordeal init' on %.10s. It is yours to change; 'ordeal "
		      "validate' checks it.\n#\n",
		      now);
	(void)fprintf(out, "# %s answered %zu of %zu times, p50 %s, p95 %s.\n", f->url,
		      look->n_good, look->n_asked, ord_human_duration(look->p50_ns, p50),
		      ord_human_duration(look->p95_ns, p95));
	for (size_t i = 0; i < f->place.n_procs && i < 8; i++)
		(void)fprintf(out, "# %s %s, pid %d.\n",
			      f->named ? "To be broken:" : "It is served by",
			      f->place.procs[i].comm, (int)f->place.procs[i].pid);
	(void)fprintf(
		out,
		"apiVersion: ordeal.dev/v1\n"
		"kind: Experiment\n"
		"metadata:\n"
		"  name: %s-%s\n"
		"spec:\n"
		"  # What you believe. The run shows whether it is so.\n"
		"  hypothesis: Users are served again within 5 s after the trouble is over.\n",
		f->name, look->n_peers ? "slow" : "hangs");
}

static void write_probes(const struct found *f, FILE *out)
{
	(void)fprintf(
		out,
		"  probes:\n"
		"    # What users see. A good answer has this status and comes within about five "
		"times the usual time.\n"
		"    - name: users\n"
		"      http: {url: \"%s\", expect: {status: %u, within: %s}}\n"
		"      every: 50ms\n"
		"      timeout: 2s\n"
		"    # What notices the trouble: a breaker, a readiness check, an alert. Without "
		"one, detection is not measured.\n"
		"    # - name: notices\n"
		"    #   role: signal\n"
		"    #   http: {url: \"http://127.0.0.1:%u/readyz\", expect: {status: 503}}\n"
		"    #   every: 100ms\n"
		"  # It must be well before anything is done to it, and is asked again after.\n"
		"  steadyState:\n"
		"    - users.ok_ratio >= 0.99 over 3s\n",
		f->url, (unsigned)f->look.status, f->limit, (unsigned)f->look.port);
}

static void write_tail(FILE *out)
{
	(void)fputs("  # Ends the run at once, and takes the fault away, whenever it is true.\n"
		    "  # abort:\n"
		    "  #   - users.ok_ratio < 0.1 over 10s\n"
		    "  objectives:\n"
		    "    - recover(after_rollback) within 5s hold 2s\n"
		    "    # - detect(notices) within 2s\n"
		    "  # One repetition more, first, that does everything but the fault: what it "
		    "shows is not the fault's doing.\n"
		    "  placebo: true\n"
		    "  repetitions: 1\n"
		    "  recovery: 20s\n"
		    "  # How many may be hit, and for how long: more is refused.\n"
		    "  limits: {targets: 1, duration: 3s}\n",
		    out);
}

static int write_experiment(const struct found *f, const char *path, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return ord_fail_nomem(err);
	write_head(f, out);
	write_probes(f, out);
	(void)fputs("  faults:\n", out);
	write_fault(f, out);
	write_tail(out);
	if (fclose(out))
		return ord_fail_nomem(err);
	return cli_init_put(path, text, size, err);
}

static int init(const struct cli_args *args, struct ord_err *err)
{
	static struct found f;

	f.url = cli_value(args, "url");
	if (cli_value(args, "workload"))
		return cli_init_workload(args, err) ? -1 : CLI_OK;
	if (cli_value(args, "namespace") || cli_value(args, "context"))
		return ord_fail(err, ORD_USAGE, "--namespace and --context go with --workload");
	if (!f.url)
		return ord_fail(
			err, ORD_USAGE,
			"--url is missing: what users ask for, as in --url http://127.0.0.1:8080/; "
			"or --workload, for one in a cluster");
	if (strpbrk(f.url, "\"\\ \n"))
		return ord_fail(err, ORD_USAGE,
				"--url: quotes, backslashes and white space must be encoded");
	if (cli_look_url(f.url, &f.look, err) || choose_target(args, &f, err) ||
	    ord_target_resolve(&f.target, 1, &f.place, err) ||
	    cli_look(f.url, &f.place, &f.look, err))
		return -1;
	if (f.look.n_good * 10 < f.look.n_asked * 9)
		return ord_fail(err, ORD_SYS,
				"%.200s is not well: %zu of %zu answers were good (%.120s)", f.url,
				f.look.n_good, f.look.n_asked, f.look.why);
	cli_init_name(f.place.n_procs ? f.place.procs[0].comm : "service", sizeof f.name, f.name);
	choose_limit(&f);
	return write_experiment(&f, cli_value(args, "output"), err) ? -1 : CLI_OK;
}

static const struct cli_option options[] = {
	{"url", 'u', "URL", "what users ask for; needed without --workload"},
	{"process", 0, "NAME", "the process to break, by name"},
	{"listening", 0, "PORT",
	 "the process to break, by a port that it listens on; the URL's where nothing is given"},
	{"container", 0, "NAME|ID", "the container to break"},
	{"workload", 0, "KIND/NAME",
	 "a deployment, stateful set or daemon set in a cluster, as in deployment/orders"},
	{"namespace", 0, "NAME", "of the workload; the context's where nothing is given"},
	{"context", 0, "NAME",
	 "the cluster, by its context in the kubeconfig; needed with --workload"},
	{"output", 'o', "FILE", "where to write it; else to standard output"},
	{0},
};

const struct cli_command cli_init = {
	.name = "init",
	.summary = "look at a service here or in a cluster, and write an experiment for it",
	.operands = "",
	.options = options,
	.details =
		"It asks the URL for about three seconds, finds the process behind it and whom "
		"that talks to, and writes a "
		"commented experiment with limits taken from what it saw. Of a workload it looks "
		"at replicas, probes, disruption budget, service and autoscaler, and the "
		"experiment deletes one of its pods. Nothing is changed.",
	.run = init,
};
