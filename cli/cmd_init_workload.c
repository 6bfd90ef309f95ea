/* `ordeal init --workload`: a first experiment for a workload, written from what is there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/init.h"
#include "ordeal/cluster.h"
#include "ordeal/spec.h"

struct found {
	struct ord_workload_look look;
	const char *context;
	char word[ORD_KUBE_KIND];     /* "deployment", as a probe names it */
	char name[ORD_NAME_MAX - 16]; /* as a name in an experiment */
};

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* --- what was found, as comments -----------------------------------------------------------------
 */

static void write_probes_found(const struct ord_workload_look *l, FILE *out)
{
	(void)fprintf(out,
		      "# Of its %zu container%s %zu ha%s a readiness probe and %zu a liveness "
		      "probe; it has %" PRId64 " s to end in good order.\n",
		      l->containers, plural((int64_t)l->containers), l->readiness,
		      l->readiness == 1 ? "s" : "ve", l->liveness, l->grace_s);
	if (l->readiness == 0)
		(void)fputs("# Without a readiness probe a pod counts as ready as soon as it runs, "
			    "whether it can answer or not.\n",
			    out);
}

static void write_found(const struct found *f, FILE *out)
{
	const struct ord_workload_look *l = &f->look;
	char now[32];

	ord_format_utc(ord_wall_ns(), now);
	(void)fprintf(
		out,
		"# Written by 'ordeal init' on %.10s. It is yours to change; 'ordeal validate' "
		"checks it, 'ordeal targets' shows who\n# would be hit.\n#\n"
		"# %s %s/%s: %" PRId64 " of %" PRId64 " replica%s ready, on %zu node%s.\n",
		now, l->object.kind, l->object.ns, l->object.name, l->ready, l->replicas,
		plural(l->replicas), l->nodes, plural((int64_t)l->nodes));
	if (l->replicas == 1)
		(void)fputs(
			"# There is but one: whatever hits it is felt until another has come.\n",
			out);
	if (l->nodes == 1 && l->ready > 1)
		(void)fputs("# All of them are on one node: the loss of that node is the loss of "
			    "all.\n",
			    out);
	write_probes_found(l, out);
	if (l->service[0])
		(void)fprintf(out, "# Service %s leads to it.\n", l->service);
	else
		(void)fputs("# No service leads to it.\n", out);
	if (l->budget[0])
		(void)fprintf(out,
			      "# PodDisruptionBudget %s (%s) allows %" PRId64
			      " eviction%s now; it does not hold up a deletion.\n",
			      l->budget, l->budget_text, l->disruptions, plural(l->disruptions));
	else
		(void)fputs("# It has no PodDisruptionBudget: a drain may take all of its pods at "
			    "once.\n",
			    out);
	if (l->autoscaler[0])
		(void)fprintf(out,
			      "# HorizontalPodAutoscaler %s keeps it between %" PRId64
			      " and %" PRId64 ": the number of replicas may change meanwhile.\n",
			      l->autoscaler, l->scale_min, l->scale_max);
	if (l->unseen[0])
		(void)fprintf(out, "# Not looked at, since this user may not list them: %s.\n",
			      l->unseen);
}

/* --- the experiment ------------------------------------------------------------------------------
 */

static void write_head(const struct found *f, FILE *out)
{
	(void)fprintf(out,
		      "apiVersion: ordeal.dev/v1\n"
		      "kind: Experiment\n"
		      "metadata:\n"
		      "  name: %s-loses-a-pod\n"
		      "spec:\n"
		      "  # What you believe. The run shows whether it is so.\n"
		      "  hypothesis: When %s loses a pod, it has all of them again within a "
		      "minute.\n",
		      f->name, f->look.object.name);
}

static void write_probes(const struct found *f, FILE *out)
{
	const struct ord_object *o = &f->look.object;

	(void)fprintf(out,
		      "  probes:\n"
		      "    # As many pods available as are asked for.\n"
		      "    - name: whole\n"
		      "      kube: {watch: %s/%s, namespace: %s, that: \"available >= %" PRId64
		      "\"}\n"
		      "      every: 100ms\n",
		      f->word, o->name, o->ns, f->look.replicas);
	if (f->look.service[0])
		(void)fprintf(out,
			      "    # What users see says more: an address at which service %s is "
			      "reached from here.\n"
			      "    # - name: users\n"
			      "    #   http: {url: \"http://...\", expect: {status: 200, within: "
			      "300ms}}\n"
			      "    #   every: 50ms\n",
			      f->look.service);
	(void)fputs("  # It must be well before anything is done to it, and is asked again after.\n"
		    "  steadyState:\n"
		    "    - whole.ok_ratio >= 0.99 over 3s\n",
		    out);
}

static void write_fault(const struct found *f, FILE *out)
{
	const struct ord_object *o = &f->look.object;

	(void)fprintf(
		out,
		"  faults:\n"
		"    # One of its pods, chosen by the run's seed, as 'kubectl delete pod' does "
		"it. What is deleted cannot be given\n"
		"    # back: its owner makes another.\n"
		"    - name: lost-pod\n"
		"      pod.delete: {}\n"
		"      target: {pod: {namespace: %s, owner: %s/%s}, count: 1}\n"
		"      for: 1s\n",
		o->ns, o->kind, o->name);
}

static void write_tail(const struct found *f, FILE *out)
{
	(void)fprintf(
		out,
		"  objectives:\n"
		"    - recover(self) within 60s hold 3s\n"
		"  # One repetition more, first, that does everything but the fault: what it "
		"shows is not the fault's doing.\n"
		"  placebo: true\n"
		"  repetitions: 1\n"
		"  recovery: 90s\n"
		"  # How many may be hit, for how long, and in which cluster: more is refused.\n"
		"  limits: {targets: 1, duration: 10s, cluster: \"%s\"}\n",
		f->context);
}

static int write_experiment(const struct found *f, const char *path, struct ord_err *err)
{
	ord_autofree char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return ord_fail_nomem(err);
	write_found(f, out);
	write_head(f, out);
	write_probes(f, out);
	write_fault(f, out);
	write_tail(f, out);
	if (fclose(out))
		return ord_fail_nomem(err);
	return cli_init_put(path, text, size, err);
}

/* --- looking -------------------------------------------------------------------------------------
 */

/* "deployment/orders" -> "Deployment", "orders" */
static int workload_parse(const char *text, struct found *f, const char **ret_name,
			  struct ord_err *err)
{
	static const struct {
		const char *kind, *word;
	} kinds[] = {{"Deployment", "deployment"},
		     {"StatefulSet", "statefulset"},
		     {"DaemonSet", "daemonset"}};
	struct ord_kube_target t = {0};
	size_t n = strcspn(text, "/");
	char word[ORD_KUBE_KIND];

	(void)snprintf(word, sizeof word, "%.*s", (int)n, text);
	if (!text[n] || !text[n + 1] || !ord_kube_workload_kind(word, &t))
		return ord_fail(err, ORD_USAGE,
				"--workload: '%.100s' is not KIND/NAME, as in deployment/orders",
				text);
	for (size_t i = 0; i < ORD_COUNT(kinds); i++) {
		if (strcmp(kinds[i].kind, t.kind) != 0)
			continue;
		(void)snprintf(f->look.object.kind, ORD_KUBE_KIND, "%s", t.kind);
		(void)snprintf(f->word, sizeof f->word, "%s", kinds[i].word);
		*ret_name = text + n + 1;
		return 0;
	}
	return ord_fail(err, ORD_USAGE,
			"--workload: a %s ends by itself; name a deployment, stateful set or "
			"daemon set",
			t.kind);
}

static int look(const struct cli_args *args, struct found *f, const char *name, struct ord_err *err)
{
	const char *ns = cli_value(args, "namespace");
	char kind[ORD_KUBE_KIND];
	struct ord_cluster *c;
	int r;

	(void)snprintf(kind, sizeof kind, "%s", f->look.object.kind);
	if (ord_cluster_open(f->context, NULL, &c, err))
		return -1;
	r = ord_cluster_look(c, kind, ns ? ns : "", name, &f->look, err);
	ord_cluster_close(c);
	return r;
}

int cli_init_workload(const struct cli_args *args, struct ord_err *err)
{
	struct found *f = calloc(1, sizeof *f);
	ord_autofree struct found *owned = f;
	const char *name;

	if (!f)
		return ord_fail_nomem(err);
	if (cli_value(args, "url") || cli_value(args, "process") || cli_value(args, "listening") ||
	    cli_value(args, "container"))
		return ord_fail(err, ORD_USAGE,
				"--workload goes with --namespace, --context and --output alone");
	f->context = cli_value(args, "context");
	if (!f->context)
		return ord_fail(err, ORD_USAGE,
				"--context is missing: the cluster, as the kubeconfig names it");
	if (strpbrk(f->context, "\"\\\n"))
		return ord_fail(err, ORD_USAGE, "--context: no quotes, no backslashes");
	if (workload_parse(cli_value(args, "workload"), f, &name, err) || look(args, f, name, err))
		return -1;
	if (f->look.replicas == 0)
		return ord_fail(err, ORD_USAGE, "%s has no replicas: there is nothing to lose",
				name);
	if (f->look.ready < f->look.replicas)
		return ord_fail(err, ORD_SYS,
				"%s is not well: %" PRId64 " of %" PRId64 " replicas are ready",
				name, f->look.ready, f->look.replicas);
	cli_init_name(name, sizeof f->name, f->name);
	return write_experiment(f, cli_value(args, "output"), err);
}
