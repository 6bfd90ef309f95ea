#include "scheduler/spec/check.h"

#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "ordeal/alert.h"
#include "scheduler/spec/condition.h"
#include "scheduler/spec/detection.h"

/* The i-th item of spec.KEY, which the i-th struct was read from. */
static const struct node *item(const struct node *root, const char *key, size_t i)
{
	const struct node *list = node_find(node_find(root, "spec"), key);

	return list && list->kind == NODE_LIST && i < list->n ? list->items[i] : NULL;
}

static const struct node *value(const struct node *map, const char *key)
{
	const struct node *found = node_find(map, key);

	return found ? found : map;
}

static const char *shown(uint64_t ns, char out[static 32])
{
	return ord_format_duration((int64_t)ns, out);
}

static void twice(struct reader *r, const struct node *node, const char *what, const char *name)
{
	sink_add(r->sink, value(node, "name"),
		 "two %s are called '%s'; each needs a name of its own", what, name);
}

static void check_names(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	for (size_t i = 1; i < spec->n_probes; i++)
		for (size_t j = 0; j < i; j++)
			if (*spec->probes[i].name &&
			    !strcmp(spec->probes[i].name, spec->probes[j].name)) {
				twice(r, item(root, "probes", i), "probes", spec->probes[i].name);
				break;
			}
	for (size_t i = 1; i < spec->n_faults; i++)
		for (size_t j = 0; j < i; j++)
			if (*spec->faults[i].name &&
			    !strcmp(spec->faults[i].name, spec->faults[j].name)) {
				twice(r, item(root, "faults", i), "faults", spec->faults[i].name);
				break;
			}
}

/* What an http probe over kept connections is asked to do, others would skip most of. */
static void check_periods(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	char every[32];

	for (size_t i = 0; i < spec->n_probes; i++) {
		const struct ord_probe_spec *p = &spec->probes[i];
		const struct node *node = item(root, "probes", i);

		if (node && p->every_ns && p->every_ns < ORD_MS && p->kind != ORD_PROBE_HTTP)
			sink_add(r->sink, value(node, "every"),
				 "every: %s is for http probes; for this one 1ms is the shortest",
				 shown(p->every_ns, every));
	}
}

/* The index of a probe that a sentence names, or -1 after saying what would be right. */
static int find_probe(struct reader *r, const struct node *node, const struct language_probe *probe,
		      const struct ord_spec *spec)
{
	const char *names[ORD_PROBES_MAX];

	for (size_t i = 0; i < spec->n_probes; i++) {
		if (!strcmp(spec->probes[i].name, probe->name))
			return (int)i;
		names[i] = spec->probes[i].name;
	}
	unknown_word(r, node, probe->at, "probe", probe->name, "", names, spec->n_probes);
	return -1;
}

static void check_metric(struct reader *r, const struct node *node, const struct ord_condition *c,
			 const struct ord_probe_spec *p)
{
	char timeout[32];

	if (c->metric == ORD_METRIC_VALUE && p->kind != ORD_PROBE_PROM)
		sink_add(r->sink, node,
			 "'%s' has no value: only a probe of kind prom has one; there are ok_ratio "
			 "and the latencies",
			 p->name);
	if (c->metric != ORD_METRIC_OK_RATIO && c->metric != ORD_METRIC_VALUE &&
	    c->value > (int64_t)p->timeout_ns && (c->op == ORD_OP_LT || c->op == ORD_OP_LE))
		sink_warn(r->sink, node,
			  "the timeout of '%s' is %s: a latency never gets this long", p->name,
			  shown(p->timeout_ns, timeout));
}

static void check_condition(struct reader *r, const struct node *node, struct ord_condition *c,
			    const struct ord_spec *spec)
{
	struct language_mistake mistake;
	struct language_probe probe;
	struct ord_condition again;
	char every[32];
	int i;

	if (!node || node->kind != NODE_SCALAR || abort_parse(node->text, &again, &probe, &mistake))
		return; /* said already */
	if (*c->channel)
		check_source(r, node,
			     *c->channel == 'a' ? ORD_CHANNEL_ALERTMANAGER : ORD_CHANNEL_PROMETHEUS,
			     c->channel, spec);
	if (*again.channel)
		return;
	i = find_probe(r, node, &probe, spec);
	if (i < 0)
		return;
	c->probe = (size_t)i;
	if (c->window_ns < spec->probes[i].every_ns)
		sink_add(r->sink, node,
			 "the window is shorter than the period of '%s' (%s); it would often hold "
			 "no sample",
			 probe.name, shown(spec->probes[i].every_ns, every));
	check_metric(r, node, c, &spec->probes[i]);
}

/* The finest period among those probes that show what an objective asks about. */
static uint64_t period(const struct ord_objective *o, const struct ord_spec *spec)
{
	uint64_t best = 0;

	if (o->kind == ORD_OBJECTIVE_DETECT)
		return *o->channel ? 0 : spec->probes[o->probe].every_ns;
	if (o->kind == ORD_OBJECTIVE_BUDGET || o->kind == ORD_OBJECTIVE_NO_REGRESSION)
		return 0;
	for (size_t i = 0; i < spec->n_probes; i++)
		if (spec->probes[i].role == ORD_ROLE_USER &&
		    (!best || spec->probes[i].every_ns < best))
			best = spec->probes[i].every_ns;
	return best;
}

static void check_detect(struct reader *r, const struct node *root, const struct node *node,
			 struct ord_objective *o, const struct language_probe *probe,
			 const struct ord_spec *spec)
{
	const struct node *role;
	int i;

	if (*o->channel)
		return; /* of another source */
	i = find_probe(r, node, probe, spec);
	if (i < 0)
		return;
	o->probe = (size_t)i;
	role = node_find(item(root, "probes", o->probe), "role");
	role = role && role->kind == NODE_SCALAR ? role : NULL;
	if (spec->probes[i].role != ORD_ROLE_SIGNAL && (!role || !strcmp(role->text, "user")))
		sink_add_within(r->sink, node, probe->at,
				"'%s' is what users feel, and that is never called detection; name "
				"a probe with 'role: "
				"signal', which shows that the system noticed",
				probe->name);
}

/* Where no target is in a cluster, the channel must say where it is. */
static void check_channel(struct reader *r, const struct node *node, const struct ord_objective *o,
			  const struct ord_spec *spec)
{
	bool where = *o->kube.ns || !strcmp(o->kube.kind, "Node");

	for (size_t i = 0; i < spec->n_faults; i++)
		where = where || (ord_target_in_cluster(spec->faults[i].target.kind) &&
				  spec->faults[i].target.kind != ORD_TARGET_NODE);
	if (!where)
		sink_add(
			r->sink, node,
			"'%s': no fault has a target in a namespace, so the channel must name one, "
			"as in 'kubernetes:shop/%s'",
			o->channel, o->channel + strlen("kubernetes:"));
}

static void check_recover(struct reader *r, const struct node *node, const struct ord_objective *o,
			  const struct ord_spec *spec)
{
	uint64_t need = o->within_ns + o->hold_ns, longest = 0;
	bool lasting = false; /* where nothing can be undone, every recovery is the system's own */
	char a[32], b[32], c[32];

	for (size_t i = 0; i < spec->n_faults; i++) {
		const struct ord_args *args = spec->faults[i].args;

		if (spec->faults[i].for_ns > longest)
			longest = spec->faults[i].for_ns;
		lasting = lasting || !args || args->fault->guarantee != ORD_GUARANTEE_NONE;
	}
	if (o->kind == ORD_OBJECTIVE_RECOVER_FULL && !spec->n_full)
		sink_add(r->sink, node,
			 "recover(full): nothing says what a full recovery is; add 'fullRecovery: "
			 "[CONDITION]' to spec, as in 'fullRecovery: [replicas.ok_ratio >= 1 over "
			 "1s]'");
	if (o->kind == ORD_OBJECTIVE_RECOVER_FULL && longest && need > longest + spec->recovery_ns)
		sink_add(r->sink, node,
			 "within and hold take %s together, but it is watched for %s, the recovery "
			 "after the fault's %s; set 'spec.recovery' to more",
			 shown(need, a), shown(spec->recovery_ns, b), shown(longest, c));
	if (o->kind == ORD_OBJECTIVE_RECOVER_AFTER && need > spec->recovery_ns)
		sink_add(r->sink, node,
			 "within and hold take %s together, but the recovery is watched for %s; "
			 "set 'spec.recovery' to at "
			 "least %s",
			 shown(need, a), shown(spec->recovery_ns, b), a);
	if (o->kind == ORD_OBJECTIVE_RECOVER_SELF && lasting && longest && need > longest)
		sink_warn(r->sink, node,
			  "within and hold take %s together, but the fault is gone after %s: only "
			  "a quicker recovery counts "
			  "as the system's own",
			  shown(need, a), shown(longest, b));
}

static void check_objective(struct reader *r, const struct node *root, const struct node *node,
			    struct ord_objective *o, const struct ord_spec *spec)
{
	struct language_mistake mistake;
	struct language_probe probe;
	struct ord_objective again;
	char every[32];

	if (!node || node->kind != NODE_SCALAR ||
	    objective_parse(node->text, &again, &probe, &mistake))
		return;
	check_source(r, node, o->source, o->channel, spec);
	if (o->source == ORD_CHANNEL_KUBERNETES)
		check_channel(r, node, o, spec);
	else if (o->kind == ORD_OBJECTIVE_DETECT || *probe.name)
		check_detect(r, root, node, o, &probe, spec);
	else if (o->kind != ORD_OBJECTIVE_BUDGET && o->kind != ORD_OBJECTIVE_NO_REGRESSION)
		check_recover(r, node, o, spec);
	/* Both ends of an interval are known to a period: a twentieth of the objective keeps that
	 * small beside it. */
	if (period(o, spec) && period(o, spec) > o->within_ns / 20)
		sink_warn(r->sink, node,
			  "the period of the probe is %s: a twentieth of the objective or less "
			  "keeps the result from being "
			  "inconclusive",
			  shown(period(o, spec), every));
}

/* Time in which any fault is in force, by marking where each begins and ends. */
static uint64_t in_force(const struct ord_spec *spec)
{
	uint64_t total = 0;

	for (size_t i = 0; i < spec->n_faults; i++) {
		uint64_t from = spec->faults[i].at_ns, to = from + spec->faults[i].for_ns,
			 covered = from;
		bool moved = true;

		/* What of [from, to) no earlier fault of the list covers. */
		while (covered < to && moved) {
			uint64_t next = to;

			moved = false;
			for (size_t j = 0; j < i; j++) {
				uint64_t a = spec->faults[j].at_ns, b = a + spec->faults[j].for_ns;

				if (a <= covered && b > covered) {
					covered = b;
					moved = true;
				} else if (a > covered && a < next) {
					next = a;
				}
			}
			if (!moved && covered < next) {
				total += next - covered;
				covered = next;
				moved = true;
			}
		}
	}
	return total;
}

/* Of packets as many that it is a cut. */
static bool most(const struct ord_args *args, const char *share)
{
	return ord_arg_int(args, share) >= ORD_PPM / 2;
}

static bool cuts_all(const struct ord_fault_spec *f)
{
	const struct ord_args *args = f->args;
	const char *name = args->fault->name;
	const bool reset = !strcmp(name, "net.reset");

	if (!strcmp(name, "net.loss") || !strcmp(name, "net.corrupt") ? !most(args, "percent")
	    : !strcmp(name, "net.impair") ? !most(args, "loss") && !most(args, "corrupt")
					  : !reset && strcmp(name, "net.partition") != 0)
		return false;
	return !ord_arg_set(args, "to") && !ord_arg_set(args, "hosts") &&
	       f->peer.kind == ORD_TARGET_UNSET && !ord_arg_set(args, reset ? "local" : "cgroup");
}

static bool is_net(const struct ord_fault_spec *f)
{
	return f->args && !strncmp(f->args->fault->name, "net.", 4);
}

static void check_fault(struct reader *r, const struct node *node, const struct ord_fault_spec *f,
			const struct ord_spec *spec)
{
	char a[32], b[32];

	if (spec->limit_duration_ns && f->for_ns > spec->limit_duration_ns)
		sink_add(r->sink, value(node, "for"), "for: %s is longer than limits.duration (%s)",
			 shown(f->for_ns, a), shown(spec->limit_duration_ns, b));
	if (spec->limit_targets && f->target.count > spec->limit_targets)
		sink_add(r->sink, value(value(node, "target"), "count"),
			 "count: %u is more than limits.targets (%u)", f->target.count,
			 spec->limit_targets);
	if (is_net(f) && f->target.kind == ORD_TARGET_HOST && cuts_all(f) && !spec->whole_host) {
		const struct node *key = node;

		(void)fault_body(node, &key);
		sink_add(r->sink, key,
			 "this cuts off the whole host; name peers with 'to', or allow it with "
			 "'limits.wholeHost: true'");
	}
}

static void check_faults(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	const struct node *limits = node_find(node_find(root, "spec"), "limits");
	size_t before = r->sink->n_errors;
	char a[32], b[32];

	for (size_t i = 0; i < spec->n_faults; i++)
		check_fault(r, item(root, "faults", i), &spec->faults[i], spec);
	if (before == r->sink->n_errors && limits && spec->limit_duration_ns &&
	    in_force(spec) > spec->limit_duration_ns)
		sink_add(r->sink, value(limits, "duration"),
			 "duration: faults are in force for %s in all, not %s",
			 shown(in_force(spec), a), shown(spec->limit_duration_ns, b));
}

/* Two of them are none to who reads them: W3C's says so of more than one. */
static void check_trace(struct reader *r, const struct node *http, const struct ord_probe_spec *p)
{
	static const char name[] = "traceparent:";

	for (size_t i = 0; p->traceparent && i < p->n_headers; i++)
		if (!strncasecmp(p->headers[i], name, sizeof name - 1))
			sink_warn(
				r->sink, value(http, "headers"),
				"headers: 'traceparent: true' sends one already; with two a server "
				"begins a trace of its own");
}

static void check_probes(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	for (size_t i = 0; i < spec->n_probes; i++) {
		const struct ord_probe_spec *p = &spec->probes[i];
		const struct node *node = item(root, "probes", i), *body;
		char a[32];

		body = node_find(node, "http");
		body = body ? body : node_find(node, "tcp");
		body = body ? body : node_find(node, "exec");
		body = body ? body : node_find(node, "dns");
		if (body && p->expect.within_ns > p->timeout_ns)
			sink_warn(r->sink, value(value(body, "expect"), "within"),
				  "within: the timeout of '%s' (%s) comes first", p->name,
				  shown(p->timeout_ns, a));
		check_trace(r, node_find(node, "http"), p);
	}
}

static bool empty(const struct node *list)
{
	return !list || (list->kind == NODE_LIST && !list->n);
}

static void check_purpose(struct reader *r, const struct node *root, const struct ord_spec *spec)
{
	const struct node *node = node_find(root, "spec");
	bool user = false;

	for (size_t i = 0; i < spec->n_probes; i++)
		user = user || spec->probes[i].role == ORD_ROLE_USER;
	if (spec->n_probes && !user)
		sink_add(r->sink, node_find(node, "probes"),
			 "all probes are signals; at least one must be what users feel, without "
			 "'role: signal'");
	if (empty(node_find(node, "objectives")))
		sink_warn(r->sink, node,
			  "there is no objective: nothing that the system does can fail this run");
	if (empty(node_find(node, "steadyState")))
		sink_warn(r->sink, node,
			  "there is no steadyState: a fault would be injected into a system that "
			  "is down");
}

/* Zones and windows are judged where there is a database of zones: here only where they stand. */
static void place_schedule(const struct node *root, struct ord_spec *spec)
{
	const struct node *schedule = node_find(node_find(root, "spec"), "schedule");

	if (!schedule)
		return;
	spec->schedule_at = place_within(schedule, 0);
	spec->zone_at = place_within(value(schedule, "timezone"), 0);
}

void spec_check(struct reader *r, const struct node *root, struct ord_spec *spec)
{
	if (!node_find(root, "spec") || node_find(root, "spec")->kind != NODE_MAP)
		return;
	check_names(r, root, spec);
	check_periods(r, root, spec);
	check_probes(r, root, spec);
	check_detection(r, root, spec);
	for (size_t i = 0; i < spec->n_full; i++)
		check_condition(r, item(root, "fullRecovery", i), &spec->full[i], spec);
	for (size_t i = 0; i < spec->n_steady; i++)
		check_condition(r, item(root, "steadyState", i), &spec->steady[i], spec);
	for (size_t i = 0; i < spec->n_abort; i++)
		check_condition(r, item(root, "abort", i), &spec->abort[i], spec);
	for (size_t i = 0; i < spec->n_objectives; i++)
		check_objective(r, root, item(root, "objectives", i), &spec->objectives[i], spec);
	check_faults(r, root, spec);
	check_sequential(r, root, spec);
	check_purpose(r, root, spec);
	place_schedule(root, spec);
}
