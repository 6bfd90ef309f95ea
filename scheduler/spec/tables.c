/* The language: every key that an experiment may have, but for the faults' own (the catalogue). */
#include "base/auto.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

#define LATER(n)                              \
	{                                     \
		.name = n, .flags = KEY_LATER \
	}
#define ITEMS(a)     .keys = (a), .n = ORD_COUNT(a)
#define AT(s, field) .offset = offsetof(struct s, field)
#define MS	     1000000ll
#define SEC	     1000000000ll

static const struct key metadata_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 AT(ord_spec, name),
	 .example = "name: orders-survive-slow-database",
	 .help = "names the experiment in runs and reports"},
	{.name = "labels", .type = &type_labels, .help = "texts by which runs are found again"},
	{.name = "annotations",
	 .type = &type_ignored_labels,
	 .help = "texts for people and other tools; no part of the plan"},
	LATER("namespace"),
};

static const struct table table_metadata = {
	.name = "metadata", .path = "metadata", .help = "Who this is.", ITEMS(metadata_keys)};

static const struct key http_expect_keys[] = {
	{.name = "status",
	 .type = &type_status,
	 .help = "200, '2xx' or '200-299'; none given: any below 400"},
	{.name = "header",
	 .type = &type_expect_header,
	 .help = "one header and a regular expression that its value must match"},
	{.name = "body",
	 .type = &type_regex,
	 AT(ord_expect, body),
	 .max = 4096,
	 .help = "a regular expression (POSIX, extended) that the body must match somewhere"},
	{.name = "json",
	 .type = &type_expect_json,
	 .help = "one path into a JSON body, as in data.items[0].state, and the value that must "
		 "stand there"},
	{.name = "within",
	 .type = &type_duration,
	 AT(ord_expect, within_ns),
	 .min = MS / 10,
	 .max = 600 * SEC,
	 .help = "the latest good answer, from the due time; none given: the timeout"},
};

static const struct table table_http_expect = {
	.name = "expect",
	.path = "spec.probes[].http.expect",
	.help = "What a good answer is; what is not given is not asked.",
	ITEMS(http_expect_keys)};

static const struct key http_keys[] = {
	{.name = "url",
	 .type = &type_url,
	 .flags = KEY_REQUIRED,
	 AT(ord_probe_spec, url),
	 .example = "url: http://127.0.0.1:8080/healthz",
	 .help = "what is asked"},
	{.name = "method",
	 .type = &type_choice_text,
	 AT(ord_probe_spec, method),
	 .def = "GET",
	 .choices = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS",
	 .help = "how it is asked"},
	{.name = "headers",
	 .type = &type_headers,
	 AT(ord_probe_spec, headers),
	 .n_offset = offsetof(struct ord_probe_spec, n_headers),
	 .help = "headers that are sent, at most 16"},
	{.name = "body",
	 .type = &type_text,
	 AT(ord_probe_spec, request_body),
	 .min = 1,
	 .max = 65536,
	 .help = "a body that is sent"},
	{.name = "connection",
	 .type = &type_choice_flag,
	 AT(ord_probe_spec, keep_alive),
	 .def = "fresh",
	 .choices = "fresh|keep-alive",
	 .help = "fresh sees a listener, a name or TLS come back; keep-alive sees stuck "
		 "connections"},
	{.name = "insecure",
	 .type = &type_bool,
	 AT(ord_probe_spec, insecure),
	 .def = "false",
	 .help = "take any certificate"},
	{.name = "expect",
	 .type = &type_map,
	 .table = &table_http_expect,
	 AT(ord_probe_spec, expect),
	 .flags = KEY_EMPTY_OK,
	 .help = "what a good answer is; none given: a status below 400"},
	{.name = "traceparent",
	 .type = &type_bool,
	 AT(ord_probe_spec, traceparent),
	 .def = "false",
	 .help = "begin a W3C trace with each request: the system's own traces join, and samples "
		 "name theirs"},
	LATER("follow"),
	LATER("http2"),
	LATER("clientCertificate"),
};

static const struct table table_http = {
	.name = "http", .path = "spec.probes[].http", .help = "An HTTP request.", ITEMS(http_keys)};

static const struct key tcp_expect_keys[] = {
	{.name = "within",
	 .type = &type_duration,
	 AT(ord_expect, within_ns),
	 .min = MS / 10,
	 .max = 600 * SEC,
	 .help = "the latest good connect, from the due time; none given: the timeout"},
};

static const struct table table_tcp_expect = {.name = "expect",
					      .path = "spec.probes[].tcp.expect",
					      .help = "What a good connect is.",
					      ITEMS(tcp_expect_keys)};

static const struct key tcp_keys[] = {
	{.name = "host",
	 .type = &type_text,
	 .flags = KEY_REQUIRED,
	 AT(ord_probe_spec, host),
	 .min = 1,
	 .max = 253,
	 .example = "host: 127.0.0.1",
	 .help = "an address or a name"},
	{.name = "port",
	 .type = &type_port,
	 .flags = KEY_REQUIRED,
	 .min = 1,
	 .max = 65535,
	 .example = "port: 5432",
	 .help = "the port"},
	{.name = "expect",
	 .type = &type_map,
	 .table = &table_tcp_expect,
	 AT(ord_probe_spec, expect),
	 .flags = KEY_EMPTY_OK,
	 .help = "what a good connect is"},
};

static const struct table table_tcp = {.name = "tcp",
				       .path = "spec.probes[].tcp",
				       .help = "A TCP connect; 'HOST:PORT' is the short form.",
				       ITEMS(tcp_keys)};

static const struct key exec_expect_keys[] = {
	{.name = "status",
	 .type = &type_exit_status,
	 .max = 255,
	 .def = "0",
	 .help = "the exit status of success"},
	{.name = "within",
	 .type = &type_duration,
	 AT(ord_expect, within_ns),
	 .min = MS / 10,
	 .max = 600 * SEC,
	 .help = "the latest good end, from the due time; none given: the timeout"},
};

static const struct table table_exec_expect = {.name = "expect",
					       .path = "spec.probes[].exec.expect",
					       .help = "What a good end is.",
					       ITEMS(exec_expect_keys)};

static const struct key exec_keys[] = {
	{.name = "command",
	 .type = &type_words,
	 .flags = KEY_REQUIRED,
	 AT(ord_probe_spec, argv),
	 .example = "command: [/usr/bin/pg_isready, -q]",
	 .help = "the program and its arguments; no shell; runs as the caller, never as root"},
	{.name = "expect",
	 .type = &type_map,
	 .table = &table_exec_expect,
	 AT(ord_probe_spec, expect),
	 .flags = KEY_EMPTY_OK,
	 .help = "what a good end is; none given: exit status 0"},
	LATER("env"),
	LATER("dir"),
};

static const struct table table_exec = {
	.name = "exec", .path = "spec.probes[].exec", .help = "A program.", ITEMS(exec_keys)};

static void probe_finish(struct reader *r, const struct node *map, void *base)
{
	struct ord_probe_spec *p = base;

	(void)r;
	p->kind = node_find(map, "tcp")	   ? ORD_PROBE_TCP
		  : node_find(map, "exec") ? ORD_PROBE_EXEC
		  : node_find(map, "kube") ? ORD_PROBE_KUBE
		  : node_find(map, "prom") ? ORD_PROBE_PROM
		  : node_find(map, "dns")  ? ORD_PROBE_DNS
					   : ORD_PROBE_HTTP;
}

static const struct key probe_keys[] = {
	{.name = "name",
	 .type = &type_name,
	 .flags = KEY_REQUIRED,
	 AT(ord_probe_spec, name),
	 .example = "name: orders",
	 .help = "what conditions, objectives and reports call it"},
	{.name = "role",
	 .type = &type_choice,
	 AT(ord_probe_spec, role),
	 .def = "user",
	 .choices = "user|signal",
	 .help = "user: what users feel, its bad samples are the impact; signal: something in the "
		 "system that notices, "
		 "its good samples are the detection"},
	{.name = "http", .type = &type_map, .table = &table_http, .help = "an HTTP request"},
	{.name = "tcp", .type = &type_tcp, .table = &table_tcp, .help = "a TCP connect"},
	{.name = "exec", .type = &type_map, .table = &table_exec, .help = "a program"},
	{.name = "kube",
	 .type = &type_kube,
	 .table = &table_kube,
	 .help = "an object of the cluster, or a set of them, by watch"},
	{.name = "prom",
	 .type = &type_map,
	 .table = &table_prom,
	 .help = "what Prometheus says of an expression"},
	{.name = "dns",
	 .type = &type_map,
	 .table = &table_dns,
	 .help = "a question to a name server"},
	{.name = "every",
	 .type = &type_duration,
	 AT(ord_probe_spec, every_ns),
	 .def = "1s",
	 .min = MS,
	 .max = 3600 * SEC,
	 .help = "its period: slots are due at fixed times, whatever became of those before"},
	{.name = "timeout",
	 .type = &type_duration,
	 AT(ord_probe_spec, timeout_ns),
	 .def = "1s",
	 .min = MS,
	 .max = 600 * SEC,
	 .help = "when an answer is given up"},
	LATER("grpc"),
	LATER("log"),
	LATER("sql"),
	LATER("inflight"),
};

static const struct table table_probe = {.name = "a probe",
					 .path = "spec.probes[]",
					 .one_of = "http|tcp|exec|kube|prom|dns",
					 .finish = probe_finish,
					 .help = "What is observed, on an absolute schedule.",
					 ITEMS(probe_keys)};

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
	 .max = ORD_SEED_MAX,
	 .help = "decides every random choice; none given: drawn when planned, and in the report"},
	LATER("schedule"),
	LATER("budget"),
	LATER("policy"),
	LATER("windows"),
	LATER("concurrency"),
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
	{.name = "apiVersion",
	 .type = &type_const,
	 .flags = KEY_REQUIRED,
	 .choices = "ordeal.dev/v1",
	 .example = "apiVersion: ordeal.dev/v1",
	 .help = "the version of the language"},
	{.name = "kind",
	 .type = &type_kind,
	 .flags = KEY_REQUIRED,
	 .choices = "Experiment",
	 .example = "kind: Experiment",
	 .help = "what this is"},
	{.name = "metadata",
	 .type = &type_map,
	 .table = &table_metadata,
	 .flags = KEY_REQUIRED,
	 .example = "metadata: {name: orders-survive-slow-database}",
	 .help = "who this is"},
	{.name = "spec",
	 .type = &type_map,
	 .table = &table_spec,
	 .flags = KEY_REQUIRED,
	 .example = "spec: {...}",
	 .help = "the experiment"},
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
	&table_limits,
};
const size_t n_tables = ORD_COUNT(tables);
