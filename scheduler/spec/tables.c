/* The language: every key that an experiment may have, but for the faults' own (the catalogue). */
#include "base/auto.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/document.h"
#include "scheduler/spec/policy.h"
#include "scheduler/spec/schedule.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

static const struct key metadata_keys[] = {
	KEY_NAME(ord_spec, "orders-survive-slow-database",
		 "names the experiment in runs and reports"),
	{.name = "labels", .type = &type_labels, .help = "texts by which runs are found again"},
	KEY_ANNOTATIONS("texts for people and other tools; no part of the plan"),
	LATER("namespace"),
};

static const struct table table_metadata = {
	.name = "metadata", .path = "metadata", .help = "Who this is.", ITEMS(metadata_keys)};

static const struct key limits_keys[] = {
	{.name = "targets",
	 .type = &type_count,
	 .flags = KEY_REQUIRED,
	 AT(ord_spec, limit_targets),
	 .min = 1,
	 .max = ORD_CLUSTER_OBJECTS_MAX,
	 .example = "targets: 1",
	 .help = "the most targets that a fault may hit (blast radius)"},
	{.name = "duration",
	 .type = &type_duration,
	 .flags = KEY_REQUIRED,
	 AT(ord_spec, limit_duration_ns),
	 .min = MS,
	 .max = DAY_NS,
	 .example = "duration: 90s",
	 .help = "the longest time in which a fault may be in force in one repetition"},
	{.name = "wholeHost",
	 .type = &type_bool,
	 AT(ord_spec, whole_host),
	 .def = "false",
	 .help = "allow a partition, or a loss of 50% or more, of the whole host without a filter"},
	{.name = "cluster",
	 .type = &type_cluster_name,
	 AT(ord_spec, limit_cluster),
	 .min = 1,
	 .max = ORD_CLUSTER_NAME - 1,
	 .help = "the one cluster that may be touched: the name of a context of the kubeconfig, or "
		 "of its cluster; 'in-cluster' in a pod; --context says the same"},
	LATER("hosts"),
	LATER("namespaces"),
};

static const struct table table_limits = {.name = "limits",
					  .path = "spec.limits",
					  .help = "What must never be exceeded.",
					  ITEMS(limits_keys)};

static const struct key probe_item = {.name = "probes", .type = &type_map, .table = &table_probe};
static const struct key steady_item = {.name = "steadyState", .type = &type_condition};
static const struct key abort_item = {.name = "abort", .type = &type_abort};
static const struct key full_item = {.name = "fullRecovery", .type = &type_condition};
static const struct key objective_item = {.name = "objectives", .type = &type_objective};
static const struct key fault_item = {.name = "faults", .type = &type_map, .table = &table_fault};

static const struct key spec_keys[] = {
	{.name = "hypothesis",
	 .type = &type_text,
	 AT(ord_spec, hypothesis),
	 .min = 1,
	 .max = 4096,
	 .help = "what is believed, in a sentence; stands in the report"},
	{.name = "probes",
	 .type = &type_list,
	 .flags = KEY_REQUIRED,
	 AT(ord_spec, probes),
	 .item = &probe_item,
	 .item_size = sizeof(struct ord_probe_spec),
	 .n_offset = offsetof(struct ord_spec, n_probes),
	 .min = 1,
	 .max = ORD_PROBES_MAX,
	 .example = "probes: [{name: orders, http: {url: 'http://127.0.0.1:8080/'}}]",
	 .help = "what is observed"},
	{.name = "steadyState",
	 .type = &type_list,
	 AT(ord_spec, steady),
	 .item = &steady_item,
	 .item_size = sizeof(struct ord_condition),
	 .n_offset = offsetof(struct ord_spec, n_steady),
	 .max = ORD_CONDITIONS_MAX,
	 .help = "conditions that must hold before a fault is injected, and after the recovery"},
	{.name = "faults",
	 .type = &type_list,
	 .flags = KEY_REQUIRED,
	 AT(ord_spec, faults),
	 .item = &fault_item,
	 .item_size = sizeof(struct ord_fault_spec),
	 .n_offset = offsetof(struct ord_spec, n_faults),
	 .min = 1,
	 .max = ORD_FAULTS_MAX,
	 .example = "faults: [{name: nothing, noop: {}, target: {host: true}, for: 5s}]",
	 .help = "what is done to the system"},
	{.name = "abort",
	 .type = &type_list,
	 AT(ord_spec, abort),
	 .item = &abort_item,
	 .item_size = sizeof(struct ord_condition),
	 .n_offset = offsetof(struct ord_spec, n_abort),
	 .max = ORD_CONDITIONS_MAX,
	 .help = "conditions that end the run and take the faults back as soon as one holds, or "
		 "cannot be evaluated for its whole window; or an alert, as in "
		 "'alertmanager:SlowOrders firing'"},
	{.name = "detection",
	 .type = &type_map,
	 .table = &table_detection,
	 AT(ord_spec, detection),
	 .help = "who is asked what was detected, beside the probes"},
	{.name = "fullRecovery",
	 .type = &type_list,
	 AT(ord_spec, full),
	 .item = &full_item,
	 .item_size = sizeof(struct ord_condition),
	 .n_offset = offsetof(struct ord_spec, n_full),
	 .max = ORD_CONDITIONS_MAX,
	 .help = "conditions that all hold again when redundancy, queues and caches are as before: "
		 "the recovery is full at the first instant from which they do"},
	{.name = "slo",
	 .type = &type_map,
	 .table = &table_slo,
	 AT(ord_spec, slo),
	 .help = "what users are promised"},
	{.name = "objectives",
	 .type = &type_list,
	 AT(ord_spec, objectives),
	 .item = &objective_item,
	 .item_size = sizeof(struct ord_objective),
	 .n_offset = offsetof(struct ord_spec, n_objectives),
	 .max = ORD_OBJECTIVES_MAX,
	 .help = "what the system must achieve for the run to pass"},
	{.name = "repetitions",
	 .type = &type_count,
	 AT(ord_spec, repetitions),
	 .def = "1",
	 .min = 1,
	 .max = ORD_REPETITIONS_MAX,
	 .help = "how often it is all done"},
	{.name = "sequential",
	 .type = &type_map,
	 .table = &table_sequential,
	 AT(ord_spec, sequential),
	 .flags = KEY_EMPTY_OK,
	 .help = "end before all repetitions are run, as soon as a sequential test of what was "
		 "missed in them is decided"},
	{.name = "placebo",
	 .type = &type_bool,
	 AT(ord_spec, placebo),
	 .def = "false",
	 .help = "one more repetition, first, that does everything but the faults"},
	{.name = "expectImpact",
	 .type = &type_bool,
	 AT(ord_spec, expect_impact),
	 .def = "false",
	 .help = "a run that users did not feel is inconclusive, not passed"},
	{.name = "randomPhase",
	 .type = &type_bool,
	 AT(ord_spec, random_phase),
	 .def = "true",
	 .help = "inject at a random instant of the longest period of scraping, evaluating rules "
		 "and probing, a stratum a repetition, so that no phase is favoured; seeded"},
	{.name = "recovery",
	 .type = &type_duration,
	 AT(ord_spec, recovery_ns),
	 .def = "30s",
	 .min = 100 * MS,
	 .max = DAY_NS,
	 .help = "how long the recovery is watched for at most"},
	{.name = "cooldown",
	 .type = &type_duration,
	 AT(ord_spec, cooldown_ns),
	 .def = "2s",
	 .max = DAY_NS,
	 .help = "the least pause between repetitions; the steady state must hold as well"},
	{.name = "limits",
	 .type = &type_map,
	 .table = &table_limits,
	 .flags = KEY_REQUIRED,
	 .example = "limits: {targets: 1, duration: 90s}",
	 .help = "the blast radius and the longest duration"},
	{.name = "seed",
	 .type = &type_seed,
	 AT(ord_spec, seed),
	 .n_offset = offsetof(struct ord_spec, has_seed),
	 .max = ORD_SEED_MAX,
	 .help = "decides every random choice; none given: drawn when planned, and in the report"},
	{.name = "schedule",
	 .type = &type_map,
	 .table = &table_schedule,
	 AT(ord_spec, schedule),
	 .example = "schedule: {cron: \"0 10 * * mon-fri\"}",
	 .help = "when it is due; no part of the plan, and 'ordeal next' tells the times"},
	{.name = "shareTargets",
	 .type = &type_bool,
	 AT(ord_spec, share_targets),
	 .def = "false",
	 .help = "under 'ordeal serve', run beside other experiments that may hit the same targets "
		 "and say so too; else one waits for the other; no part of the plan"},
	{.name = "policy",
	 .type = &type_policies,
	 AT(ord_spec, policies),
	 .n_offset = offsetof(struct ord_spec, n_policies),
	 .item = &policy_item,
	 .item_size = sizeof(char *),
	 .min = 1,
	 .max = ORD_POLICIES_MAX,
	 .help = "who is asked before anything is injected, beside whom the operator names, and "
		 "must allow it: a rule file, from the experiment's own folder, or the URL of an "
		 "Open Policy Agent; no part of the plan"},
	LATER("budget"),
	LATER("windows"),
	LATER("notify"),
	LATER("compare"),
	LATER("baseline"),
	LATER("channels"),
	LATER("roles"),
	LATER("experiments"),
};

static const struct table table_spec = {
	.name = "spec", .path = "spec", .help = "The experiment.", ITEMS(spec_keys)};

static const struct key root_keys[] = {
	KEY_API_VERSION,
	KEY_KIND_AS(&type_kind, "Experiment"),
	KEY_METADATA(&table_metadata, "orders-survive-slow-database", "who this is"),
	KEY_SPEC(&table_spec, "the experiment"),
};

const struct table table_root = {
	.name = "an experiment", .path = "", .help = "The whole file.", ITEMS(root_keys)};
const struct key key_root = {.name = "an experiment", .type = &type_map, .table = &table_root};

const struct table *const tables[] = {
	&table_root,	     &table_metadata,	 &table_spec,	   &table_probe,
	&table_http,	     &table_http_expect, &table_tcp,	   &table_tcp_expect,
	&table_exec,	     &table_exec_expect, &table_kube,	   &table_prom,
	&table_dns,	     &table_dns_expect,	 &table_detection, &table_prometheus,
	&table_alertmanager, &table_webhook,	 &table_log,	   &table_slo,
	&table_fault,	     &table_target,	 &table_process,   &table_container,
	&table_pod,	     &table_node,	 &table_workload,  &table_service,
	&table_object,	     &table_exclude,	 &table_endpoint,  &table_sequential,
	&table_limits,	     &table_schedule,	 &table_random,	   &table_window,
};
const size_t n_tables = ORD_COUNT(tables);
