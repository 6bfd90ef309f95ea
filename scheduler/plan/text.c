/* The plan for people: `ordeal plan`. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/units.h"
#include "ordeal/plan.h"
#include "scheduler/plan/steps.h"
#include "scheduler/plan/text_target.h"

static const char *shown(uint64_t ns, char out[static 32])
{
	return ord_format_duration((int64_t)ns, out);
}

static void print_args(const struct ord_args *args, FILE *out)
{
	static char text[ORD_ENDPOINTS_MAX * ORD_ENDPOINT_TEXT];
	const char *between = "";

	for (size_t i = 0; i < args->fault->n_params; i++) {
		if (!args->v[i].set)
			continue;
		(void)ord_arg_format(args, args->fault->params[i].name, sizeof text, text);
		for (char *p = text; *p; p++)
			if (*p == '\n')
				*p = ',';
		(void)fprintf(out, "%s%s=%s", between, args->fault->params[i].name, text);
		between = " ";
	}
	(void)fputc('\n', out);
}

static void print_target(const char *label, const struct ord_target *t, FILE *out)
{
	char percent[32], via[512];

	if (t->kube) {
		print_cluster_target(label, t, out);
		return;
	}
	(void)fprintf(out, "    %-11s%s%s%s", label, ord_target_kind_name(t->kind),
		      *t->text ? " " : "", t->text);
	if (t->runtime != ORD_RUNTIME_ANY)
		(void)fprintf(out, " of %s", ord_runtime_name(t->runtime));
	if (*t->socket)
		(void)fprintf(out, " at %s", t->socket);
	if (t->all)
		(void)fprintf(out, " (all that match)");
	else if (t->percent_ppm)
		(void)fprintf(out, " (%s of those that match, rounded up)",
			      ord_format_percent(t->percent_ppm, percent));
	else if (t->count > 1)
		(void)fprintf(out, " (%u of those that match)", t->count);
	(void)fputc('\n', out);
	if (t->via)
		(void)fprintf(out, "    via        %s%s\n", ord_via_text(t->via, sizeof via, via),
			      t->via->copy ? ", copied there where it is another" : "");
}

static void print_place(const struct ord_resolved *r, const char *why, FILE *out)
{
	if (r->peers)
		(void)fprintf(out, "    peers now  %s\n", r->peers);
	if (!r->n_targets && !r->place.cluster) {
		(void)fprintf(out, "    now        cannot be resolved: %s\n",
			      why ? why : "not asked");
		return;
	}
	if (r->place.cluster) {
		print_cluster_place(r, out);
		return;
	}
	(void)fprintf(out, "    now        ");
	if (r->place.host)
		(void)fprintf(out, "the machine");
	for (size_t i = 0; i < r->place.n_procs; i++) {
		if (i == 8) {
			(void)fprintf(out, ", and %zu more", r->place.n_procs - i);
			break;
		}
		(void)fprintf(out, "%s%s (pid %d)", i ? ", " : "", r->place.procs[i].comm,
			      (int)r->place.procs[i].pid);
	}
	if (!r->place.host && *r->place.netns)
		(void)fprintf(out, "%snetwork namespace %llu", r->place.n_procs ? ", " : "",
			      (unsigned long long)r->place.netns_ino);
	(void)fprintf(out, "\n    resolved   %.16s\n", r->hash);
}

static const char *class_meaning(const struct ord_fault *e)
{
	switch (e->guarantee) {
	case ORD_GUARANTEE_KERNEL:
		return "the kernel takes it away when the holder dies, even by SIGKILL";
	case ORD_GUARANTEE_GUARDIAN:
		return "the guardian takes it back when the holder dies";
	case ORD_GUARANTEE_JOURNAL:
		return e->program == ORD_PROGRAM_KUBE
			       ? "the guardian takes it back when the holder dies, `ordeal rescue "
				 "--kube` from any machine when both do"
			       : "`ordeal rescue` takes it back at the next start";
	case ORD_GUARANTEE_NONE:
		break;
	}
	return "it cannot be undone";
}

/* "core/pods/eviction:create TARGET:get,patch" -> "create pods/eviction; get,patch the target". */
static void print_rights(const char *caps, FILE *out)
{
	const char *between = "";

	for (size_t n; *caps; caps += n + (caps[n] == ' ')) {
		size_t what, from = strncmp(caps, "core/", 5) ? 0 : 5;

		n = strcspn(caps, " ");
		what = strcspn(caps, ":");
		if (what >= n)
			continue;
		(void)fprintf(out, "%s%.*s ", between, (int)(n - what - 1), caps + what + 1);
		if (!strncmp(caps, "TARGET:", 7))
			(void)fprintf(out, "the target");
		else
			(void)fprintf(out, "%.*s", (int)(what - from), caps + from);
		between = "; ";
	}
	(void)fputc('\n', out);
}

static void print_needs(const struct ord_fault *e, FILE *out)
{
	(void)fprintf(out, "    needs      ");
	if (e->program == ORD_PROGRAM_KUBE && *e->caps)
		print_rights(e->caps, out);
	else
		(void)fprintf(out, "%s\n",
			      *e->caps			       ? e->caps
			      : e->program == ORD_PROGRAM_KUBE ? "no permission of its own"
							       : "no capability");
}

static void print_fault(const struct ord_fault_spec *f, FILE *out)
{
	const struct ord_fault *e = f->args->fault;
	char at[32], hold[32], engines[96];
	char *asked;
	size_t n;

	(void)fprintf(out, "\n  %s: %s, %s\n", f->name, e->name, e->summary);
	(void)fprintf(out, "    when       at %s for %s\n", shown(f->at_ns, at),
		      shown(f->for_ns, hold));
	if (e->n_params)
		(void)fprintf(out, "    with       ");
	if (e->n_params)
		print_args(f->args, out);
	print_target("target", &f->target, out);
	if (f->peer.kind != ORD_TARGET_UNSET)
		print_target("peer", &f->peer, out);
	if (*f->engine)
		(void)fprintf(out, "    engine     %s, as asked\n", f->engine);
	else if (*e->engines) {
		/* netem is taken when it is asked for, and only then. */
		(void)snprintf(engines, sizeof engines, "%s", e->engines);
		asked = strstr(engines, "|netem");
		if (asked)
			*asked = '\0';
		for (char *p = engines; *p; p++)
			if (*p == '|')
				*p = ' ';
		n = strcspn(engines, " ");
		(void)fprintf(out,
			      "    engine     %.*s%s%s; chosen when it is checked, by the path of "
			      "the packets\n",
			      (int)n, engines, engines[n] ? " or" : "", engines + n);
	}
	(void)fprintf(out, "    class      %s: %s\n", ord_guarantee_name(e->guarantee),
		      class_meaning(e));
	print_needs(e, out);
	(void)fprintf(out, "    objects    %s\n", e->objects);
	(void)fprintf(out, "    blast      %s\n", e->blast);
}

static void print_probes(const struct ord_spec *spec, FILE *out)
{
	char every[32], timeout[32];

	(void)fprintf(out, "\nprobes\n");
	for (size_t i = 0; i < spec->n_probes; i++) {
		const struct ord_probe_spec *p = &spec->probes[i];

		(void)fprintf(out, "  %-16s %-6s every %s, timeout %s: ", p->name,
			      p->role == ORD_ROLE_SIGNAL ? "signal" : "user",
			      shown(p->every_ns, every), shown(p->timeout_ns, timeout));
		if (p->kind == ORD_PROBE_HTTP)
			(void)fprintf(out, "%s %s\n", p->method, p->url);
		else if (p->kind == ORD_PROBE_TCP)
			(void)fprintf(out, "connect to %s port %u\n", p->host, p->port);
		else if (p->kind == ORD_PROBE_KUBE)
			(void)fprintf(out, "watch %s%s%s%s%s: %s\n", p->kube->kind,
				      *p->kube->name ? "/" : "", p->kube->name,
				      *p->kube->ns ? " in " : "", p->kube->ns, p->kube->that.text);
		else if (p->kind == ORD_PROBE_PROM)
			(void)fprintf(out, "query %s %s\n", p->prom.query, p->prom.value_text);
		else if (p->kind == ORD_PROBE_DNS)
			(void)fprintf(out, "ask %s for %s %s%s\n",
				      p->dns.server ? p->dns.server : "the system's name server",
				      ord_dns_type_name(p->dns.type), p->dns.name,
				      p->dns.tcp ? " over TCP" : "");
		else
			(void)fprintf(out, "run %s\n", p->argv[0]);
	}
}

static void print_texts(const char *title, const char *texts, size_t size, size_t n, FILE *out)
{
	if (n)
		(void)fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "  %s\n", texts + i * size);
}

static void print_source(const char *name, const struct ord_source_spec *s, FILE *out)
{
	char every[32];

	if (s->url)
		(void)fprintf(out, "  %-16s %s, every %s%s%s\n", name, s->url,
			      shown(s->every_ns, every),
			      s->n_headers || s->token_file ? ", with credentials" : "",
			      s->insecure ? ", any certificate" : "");
}

static void print_detection(const struct ord_spec *spec, FILE *out)
{
	const struct ord_detection_spec *d = &spec->detection;

	if (d->prometheus.url || d->alertmanager.url || d->n_logs)
		(void)fprintf(out, "\ndetection\n");
	print_source("prometheus", &d->prometheus, out);
	print_source("alertmanager", &d->alertmanager, out);
	if (d->webhook)
		(void)fprintf(out, "  %-16s listens on %s\n", "webhook", d->webhook);
	for (size_t i = 0; i < d->n_logs; i++)
		(void)fprintf(out, "  log:%-12s %s, lines with %s\n", d->logs[i].name,
			      d->logs[i].file ? d->logs[i].file : d->logs[i].unit,
			      d->logs[i].match);
}

static void print_steps(const struct ord_spec *spec, FILE *out)
{
	struct plan_step v[PLAN_STEPS_MAX];
	size_t n = plan_steps(spec, v);
	char at[32];

	(void)fprintf(out, "\nsteps of a repetition, from its first fault on\n");
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "  %8s  %s %s\n", shown(v[i].at_ns, at),
			      v[i].inject ? "inject" : "revert", spec->faults[v[i].fault].name);
}

/* Said before all else: nothing takes these back. */
static void print_not_undone(const struct ord_spec *spec, FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_faults; i++)
		if (spec->faults[i].args->fault->guarantee == ORD_GUARANTEE_NONE)
			(void)fprintf(out, "%s%s",
				      n++ ? ", " : "cannot be undone: ", spec->faults[i].name);
	if (n)
		(void)fprintf(out, " (class none)\n");
}

static void print_limits(const struct ord_spec *spec, FILE *out)
{
	char hold[32];

	(void)fprintf(out, "limits: %u target%s, in force for at most %s%s\n", spec->limit_targets,
		      spec->limit_targets == 1 ? "" : "s", shown(spec->limit_duration_ns, hold),
		      spec->whole_host ? ", the whole host allowed" : "");
	if (*spec->limit_cluster)
		(void)fprintf(out, "cluster: %s, and no other\n", spec->limit_cluster);
	print_not_undone(spec, out);
}

static void print_sequential(const struct ord_sequential_spec *q, FILE *out)
{
	char good[32], bad[32], alpha[32], beta[32];

	if (!q->set)
		return;
	(void)fprintf(out,
		      "ends early when it is clear whether %s or %s of them miss (alpha %s, beta "
		      "%s): %s\n",
		      ord_format_percent(q->good_ppm, good), ord_format_percent(q->bad_ppm, bad),
		      ord_format_percent(q->alpha_ppm, alpha),
		      ord_format_percent(q->beta_ppm, beta),
		      q->objective ? q->objective : "any objective");
}

void ord_plan_text(const struct ord_plan *plan, const struct ord_plan_cluster *cluster,
		   const struct ord_resolved *resolved, const char *const *why, FILE *out)
{
	const struct ord_spec *spec = plan->spec;
	char a[32], b[32];

	(void)fprintf(out, "%s\n", spec->name);
	if (spec->hypothesis)
		(void)fprintf(out, "  %s\n", spec->hypothesis);
	(void)fprintf(out, "\nplan %s\nseed %llu%s\n", plan->hash, (unsigned long long)plan->seed,
		      spec->has_seed ? "" : " (drawn; 'spec.seed' fixes it)");
	(void)fprintf(out, "%u repetition%s%s, recovery watched for %s, at least %s between\n",
		      spec->repetitions, spec->repetitions == 1 ? "" : "s",
		      spec->placebo ? " after a placebo" : "", shown(spec->recovery_ns, a),
		      shown(spec->cooldown_ns, b));
	print_sequential(&spec->sequential, out);
	print_limits(spec, out);
	if (cluster)
		ord_plan_cluster_text(cluster, out);
	(void)fprintf(out, "\nfaults\n");
	for (size_t i = 0; i < spec->n_faults; i++) {
		print_fault(&spec->faults[i], out);
		if (resolved)
			print_place(&resolved[i], why ? why[i] : NULL, out);
	}
	print_steps(spec, out);
	print_probes(spec, out);
	print_texts("steady state, before and after", spec->steady[0].text, sizeof *spec->steady,
		    spec->n_steady, out);
	print_texts("abort when", spec->abort[0].text, sizeof *spec->abort, spec->n_abort, out);
	print_texts("full recovery when", spec->full[0].text, sizeof *spec->full, spec->n_full,
		    out);
	print_detection(spec, out);
	print_texts("objectives", spec->objectives[0].text, sizeof *spec->objectives,
		    spec->n_objectives, out);
}
