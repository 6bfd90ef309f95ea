/* An experiment as it is written: the plain struct between scheduler/spec and scheduler/plan. */
#ifndef ORDEAL_SPEC_H
#define ORDEAL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/calendar.h"
#include "ordeal/fault.h"
#include "ordeal/target.h"
#include "ordeal/that.h"

#define ORD_NAME_MAX	    64 /* names: [a-z0-9]([a-z0-9-]*[a-z0-9])? */
#define ORD_PROBES_MAX	    32
#define ORD_CONDITIONS_MAX  32
#define ORD_FAULTS_MAX	    16
#define ORD_OBJECTIVES_MAX  32
#define ORD_LABELS_MAX	    16
#define ORD_ARGV_MAX	    32
#define ORD_HEADERS_MAX	    16
#define ORD_LOGS_MAX	    8
#define ORD_REPETITIONS_MAX 1000
#define ORD_ANSWERS_MAX	    16
#define ORD_POLICIES_MAX    4
#define ORD_SENTENCE_MAX    400 /* a condition or an objective, with the NUL */
#define ORD_CHANNEL_MAX	    320 /* what detects, as it is called everywhere, with the NUL */
#define ORD_SPEC_BYTES_MAX \
	(1u << 20) /* a longer text is refused; read one byte more than this of a file, no more */
#define ORD_CLUSTER_NAME 256		    /* of a context, with the NUL */
#define ORD_SEED_MAX	 ((1ull << 53) - 1) /* every JSON reader keeps it exactly */

/* Where something stands in the file, from 1; 0: at no place in it (an override). */
struct ord_spec_place {
	unsigned line, column;
};

enum ord_probe_kind {
	ORD_PROBE_HTTP,
	ORD_PROBE_TCP,
	ORD_PROBE_EXEC,
	ORD_PROBE_KUBE,
	ORD_PROBE_PROM,
	ORD_PROBE_DNS
};
enum ord_role { ORD_ROLE_USER, ORD_ROLE_SIGNAL };

/* What a good sample looks like; what is unset is not asked. */
struct ord_expect {
	uint16_t status_lo, status_hi; /* 0: any below 400 */
	char *body;		       /* extended regular expression, searched, NULL: any */
	char *header_name, *header;    /* header's value, extended regular expression */
	char *json_path, *json_value;  /* path "a.b[0].c"; value as JSON text or bare string */
	uint64_t within_ns;	       /* 0: only the timeout */
	int exit_status;	       /* exec: default 0 */
};

enum ord_op { ORD_OP_LT, ORD_OP_LE, ORD_OP_GT, ORD_OP_GE, ORD_OP_EQ, ORD_OP_NE };
const char *ord_op_name(enum ord_op op); /* "<=" */

enum ord_prom_empty { ORD_PROM_UNKNOWN, ORD_PROM_BAD, ORD_PROM_GOOD };

/* The number that a query answers, and what makes it good. */
struct ord_prom_probe {
	char *query;
	char *url; /* NULL: detection.prometheus, with its headers, token and TLS */
	enum ord_op op;
	double value;
	char value_text[48];	   /* ">= 0.99", as written, white space folded */
	uint64_t staleness_ns;	   /* an older sample is unknown */
	enum ord_prom_empty empty; /* what an empty answer is */
};

enum ord_dns_type {
	ORD_DNS_A,
	ORD_DNS_AAAA,
	ORD_DNS_CNAME,
	ORD_DNS_TXT,
	ORD_DNS_SRV,
	ORD_DNS_MX,
	ORD_DNS_PTR,
	ORD_DNS_NS
};
const char *ord_dns_type_name(enum ord_dns_type type);

/* A question to a server of names, and what a good answer is. */
struct ord_dns_probe {
	char *name;
	enum ord_dns_type type;
	char *server; /* "127.0.0.1:53", "[::1]:53"; NULL: the first of /etc/resolv.conf */
	bool tcp;     /* else UDP, and TCP where the answer is truncated */
	char *rcode;  /* NULL: NOERROR */
	/* Where there are any: at least one address is answered, and none that is not here. */
	char *addresses[ORD_ANSWERS_MAX];
	size_t n_addresses;
	bool has_answers; /* else at least one, where NOERROR is expected */
	enum ord_op answers_op;
	uint32_t answers;
	char answers_text[24]; /* ">= 1" */
};

struct ord_probe_spec {
	char name[ORD_NAME_MAX];
	enum ord_role role;
	enum ord_probe_kind kind;
	uint64_t every_ns, timeout_ns;
	/* http */
	char *url, *method, *request_body;
	char *headers[ORD_HEADERS_MAX]; /* "Name: value" */
	size_t n_headers;
	bool keep_alive;  /* default: a fresh connection each */
	bool insecure;	  /* do not verify TLS */
	bool traceparent; /* every request begins a trace of its own */
	/* tcp */
	char *host;
	uint16_t port;
	/* exec */
	char *argv[ORD_ARGV_MAX + 1]; /* NULL at the end */
	/* kube */
	struct ord_kube_watch *kube; /* owned */
	struct ord_prom_probe prom;
	struct ord_dns_probe dns;
	struct ord_expect expect;
};

enum ord_metric {
	ORD_METRIC_OK_RATIO,
	ORD_METRIC_P50,
	ORD_METRIC_P90,
	ORD_METRIC_P95,
	ORD_METRIC_P99,
	ORD_METRIC_MAX,
	ORD_METRIC_VALUE /* of prom probes: the last in the window */
};
const char *ord_metric_name(enum ord_metric metric); /* "latency.p95" */

/* "orders.ok_ratio >= 0.99 over 5s"; of `abort` also "alertmanager:SlowOrders firing" */
struct ord_condition {
	char text[ORD_SENTENCE_MAX]; /* as written, white space folded */
	size_t probe;		     /* index, where channel is "" */
	enum ord_metric metric;
	enum ord_op op;
	int64_t value; /* ppm of a ratio, ns of a latency, millionths of a value */
	uint64_t window_ns;
	char channel[ORD_CHANNEL_MAX]; /* "": of a probe; else ord_alert_parse() reads it */
	char state[16];		       /* of a channel: "firing", "pending" */
};

enum ord_objective_kind {
	ORD_OBJECTIVE_DETECT,
	ORD_OBJECTIVE_RECOVER_SELF,
	ORD_OBJECTIVE_RECOVER_AFTER,
	ORD_OBJECTIVE_RECOVER_FULL,
	ORD_OBJECTIVE_BUDGET,
	ORD_OBJECTIVE_NO_REGRESSION
};

enum ord_channel_kind {
	ORD_CHANNEL_PROBE,
	ORD_CHANNEL_KUBERNETES,
	ORD_CHANNEL_PROMETHEUS,
	ORD_CHANNEL_ALERTMANAGER,
	ORD_CHANNEL_LOG,
	ORD_CHANNEL_MARK
};

/*
 * "detect(breaker) within 2s", "detect(prometheus:SlowOrders/firing) within 30s",
 * "recover(self) within 10s hold 3s", "recover(full) within 1m", "budget(99.9%, 30d) < 1%",
 * "no_regression(ttr) margin 25% against main"
 */
struct ord_objective {
	char text[ORD_SENTENCE_MAX];
	enum ord_objective_kind kind;
	enum ord_channel_kind source;  /* detect */
	size_t probe;		       /* detect, of a probe: its index */
	char channel[ORD_CHANNEL_MAX]; /* detect, of the others: "prometheus:SlowOrders/firing" */
	struct ord_kube_channel kube;  /* "kubernetes:...", read */
	uint64_t within_ns, hold_ns;
	uint32_t target_ppm, below_ppm; /* budget */
	uint64_t window_ns;
	char metric[ORD_CHANNEL_MAX + 8]; /* no_regression: "ttr", "ttd:mark" */
	uint32_t margin_ppm;
	char against[ORD_SENTENCE_MAX]; /* a file or a tag, as written */
	struct ord_spec_place against_at;
};

/* Who is asked over HTTP what has been detected. */
struct ord_source_spec {
	char *url;  /* NULL: it is not asked */
	bool named; /* the experiment has it, be it with mistakes */
	uint64_t every_ns, timeout_ns;
	char *headers[ORD_HEADERS_MAX]; /* "Name: value"; may be secret: told as a digest alone */
	size_t n_headers;
	bool insecure;	  /* do not verify TLS */
	char *token_file; /* read anew where it changes; sent as a Bearer token */
};

/* Lines of a file, or of a unit's journal, that mean a detection. */
struct ord_log_spec {
	char name[ORD_NAME_MAX];
	char *file, *unit; /* one of them */
	char *match;	   /* extended regular expression, searched */
};

struct ord_detection_spec {
	struct ord_source_spec prometheus, alertmanager;
	char *webhook; /* where our own receiver listens: "127.0.0.1:9199", "unix:/path"; or NULL */
	struct ord_log_spec logs[ORD_LOGS_MAX];
	size_t n_logs;
};

enum ord_budgeting { ORD_BUDGET_OCCURRENCES, ORD_BUDGET_TIMESLICES, ORD_BUDGET_RATIO_TIMESLICES };

/* Of all user probes together. */
struct ord_slo_spec {
	bool set;
	uint32_t target_ppm;
	uint64_t window_ns;
	enum ord_budgeting method;
	uint32_t slice_target_ppm;
	uint64_t slice_ns;
};

/*
 * Wald's sequential test of the repetitions: the run ends as soon as it is clear whether the share
 * that misses is good or bad.
 */
struct ord_sequential_spec {
	bool set;
	uint32_t good_ppm, bad_ppm;   /* the shares to tell apart */
	uint32_t alpha_ppm, beta_ppm; /* how often a good one may be rejected, a bad accepted */
	char *objective; /* its text, white space folded; NULL: a repetition misses with any */
	struct ord_spec_place at;
};

struct ord_fault_spec {
	char name[ORD_NAME_MAX];
	struct ord_args *args; /* owned */
	struct ord_target target;
	struct ord_target peer; /* of a network fault: whose addresses it is limited to, or UNSET */
	uint64_t at_ns, for_ns;
	char engine[32]; /* "": chosen */
};

struct ord_label {
	char *key, *value;
};

struct ord_spec {
	char name[ORD_NAME_MAX];
	struct ord_label labels[ORD_LABELS_MAX];
	size_t n_labels;
	char *hypothesis;
	struct ord_probe_spec probes[ORD_PROBES_MAX];
	size_t n_probes;
	struct ord_condition steady[ORD_CONDITIONS_MAX], abort[ORD_CONDITIONS_MAX];
	struct ord_condition full[ORD_CONDITIONS_MAX]; /* what makes a recovery a full one */
	size_t n_steady, n_abort, n_full;
	struct ord_detection_spec detection;
	struct ord_slo_spec slo;
	struct ord_fault_spec faults[ORD_FAULTS_MAX];
	size_t n_faults;
	struct ord_objective objectives[ORD_OBJECTIVES_MAX];
	size_t n_objectives;
	uint32_t repetitions; /* default 1 */
	struct ord_sequential_spec sequential;
	bool placebo; /* one more repetition, first, with every fault left out */
	bool expect_impact;
	bool random_phase;	/* default true: the instant of the injection is drawn */
	uint64_t recovery_ns;	/* how long recovery is watched for at most, default 30s */
	uint64_t cooldown_ns;	/* least pause between repetitions; the steady state must hold as
				   well. default 2s */
	uint32_t limit_targets; /* 0: missing, refused */
	uint64_t limit_duration_ns;	      /* 0: missing, refused */
	char limit_cluster[ORD_CLUSTER_NAME]; /* a context, or a cluster's name; "": none is
						 named */
	bool whole_host;		      /* limits.wholeHost: true, as --yes-whole-host */
	struct ord_schedule schedule;	      /* kind ORD_SCHEDULE_NONE: it has none */
	struct ord_spec_place schedule_at, zone_at; /* of the schedule, and of its time zone */
	bool share_targets;			    /* with others that say so too */
	char *policies[ORD_POLICIES_MAX];	    /* rule files and URLs, as written */
	size_t n_policies;
	uint64_t seed; /* without has_seed: drawn when planned */
	bool has_seed;
};

/* Frees what it owns and zeroes it; fine on a zeroed struct. */
void ord_spec_done(struct ord_spec *spec);

struct ord_override {
	const char *path, *value; /* --set spec.repetitions=1 */
};

/* One mistake, or a warning: allowed, but hardly meant. Text is owned by the list. */
struct ord_mistake {
	unsigned line, column; /* from 1; 0: not at a place in the file (an override, the file as a
				  whole) */
	bool warning;
	char *text;
};

struct ord_mistakes {
	size_t n;
	struct ord_mistake v[64]; /* what is beyond is counted only */
	size_t more;
};

void ord_mistakes_done(struct ord_mistakes *m);

/*
 * Reads an experiment. Pure: no file, no network. Returns 0 and fills *ret, with warnings alone in
 * *mistakes; or -1, with every mistake and warning of the text in *mistakes (in the order of the
 * text) and *ret untouched. The caller owns both, and calls ord_mistakes_done in either case.
 */
int ord_spec_parse(const char *yaml, size_t size, const struct ord_override *set, size_t n_set,
		   struct ord_spec *ret, struct ord_mistakes *mistakes);

/* The JSON Schema (2020-12) of the language, from the same key tables; owned. */
struct json_t;
struct json_t *ord_spec_schema(void);
/* The tables of ordeal-spec(5), as man(7) source, from the same key tables. */
void ord_spec_manual(FILE *out);

#endif
