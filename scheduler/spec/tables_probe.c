/* The language: what is observed. */
#include "base/auto.h"
#include "scheduler/spec/detection.h"
#include "scheduler/spec/schema.h"
#include "scheduler/spec/table.h"

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

const struct table table_http_expect = {
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

const struct table table_http = {
	.name = "http", .path = "spec.probes[].http", .help = "An HTTP request.", ITEMS(http_keys)};

static const struct key tcp_expect_keys[] = {
	{.name = "within",
	 .type = &type_duration,
	 AT(ord_expect, within_ns),
	 .min = MS / 10,
	 .max = 600 * SEC,
	 .help = "the latest good connect, from the due time; none given: the timeout"},
};

const struct table table_tcp_expect = {.name = "expect",
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

const struct table table_tcp = {.name = "tcp",
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

const struct table table_exec_expect = {.name = "expect",
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

const struct table table_exec = {
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
	 .min = MS / 50, /* all but http: MS, see check_periods */
	 .max = 3600 * SEC,
	 .help = "its period (below 1ms: http alone): slots are due at fixed times, whatever "
		 "became of those before"},
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

const struct table table_probe = {.name = "a probe",
				  .path = "spec.probes[]",
				  .one_of = "http|tcp|exec|kube|prom|dns",
				  .finish = probe_finish,
				  .help = "What is observed, on an absolute schedule.",
				  ITEMS(probe_keys)};
