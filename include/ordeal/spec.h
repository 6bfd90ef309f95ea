/* An experiment as it is written: the plain struct between scheduler/spec and scheduler/plan. */
#ifndef ORDEAL_SPEC_H
#define ORDEAL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/fault.h"
#include "ordeal/target.h"
#include "ordeal/that.h"

#define ORD_NAME_MAX	   64 /* names: [a-z0-9]([a-z0-9-]*[a-z0-9])? */
#define ORD_PROBES_MAX	   32
#define ORD_CONDITIONS_MAX 32
#define ORD_FAULTS_MAX	   16
#define ORD_OBJECTIVES_MAX 32
#define ORD_LABELS_MAX	   16
#define ORD_ARGV_MAX	   32
#define ORD_HEADERS_MAX	   16
#define ORD_SPEC_BYTES_MAX \
	(1u << 20) /* a longer text is refused; read one byte more than this of a file, no more */
#define ORD_CLUSTER_NAME 256		    /* of a context, with the NUL */
#define ORD_SEED_MAX	 ((1ull << 53) - 1) /* every JSON reader keeps it exactly */

enum ord_probe_kind { ORD_PROBE_HTTP, ORD_PROBE_TCP, ORD_PROBE_EXEC, ORD_PROBE_KUBE };
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

struct ord_probe_spec {
	char name[ORD_NAME_MAX];
	enum ord_role role;
	enum ord_probe_kind kind;
	uint64_t every_ns, timeout_ns;
	/* http */
	char *url, *method, *request_body;
	char *headers[ORD_HEADERS_MAX]; /* "Name: value" */
	size_t n_headers;
	bool keep_alive; /* default: a fresh connection each */
	bool insecure;	 /* do not verify TLS */
	/* tcp */
	char *host;
	uint16_t port;
	/* exec */
	char *argv[ORD_ARGV_MAX + 1]; /* NULL at the end */
	/* kube */
	struct ord_kube_watch *kube; /* owned */
	struct ord_expect expect;
};

enum ord_metric {
	ORD_METRIC_OK_RATIO,
	ORD_METRIC_P50,
	ORD_METRIC_P90,
	ORD_METRIC_P95,
	ORD_METRIC_P99,
	ORD_METRIC_MAX
};
enum ord_op { ORD_OP_LT, ORD_OP_LE, ORD_OP_GT, ORD_OP_GE };

/* "orders.ok_ratio >= 0.99 over 5s" */
struct ord_condition {
	char text[160]; /* as written, white space folded */
	size_t probe;	/* index */
	enum ord_metric metric;
	enum ord_op op;
	int64_t value; /* ppm of a ratio, ns of a latency */
	uint64_t window_ns;
};

enum ord_objective_kind {
	ORD_OBJECTIVE_DETECT,
	ORD_OBJECTIVE_RECOVER_SELF,
	ORD_OBJECTIVE_RECOVER_AFTER
};

/* "detect(breaker) within 2s", "detect(kubernetes:event/BackOff) within 30s", "recover(self) within
 * 10s hold 3s", "recover(after_rollback) within 5s" */
struct ord_objective {
	char text[160];
	enum ord_objective_kind kind;
	size_t probe;		      /* detect: index of a signal probe, where channel is "" */
	char channel[160];	      /* detect: "kubernetes:...", as written */
	struct ord_kube_channel kube; /* the same, read */
	uint64_t within_ns, hold_ns;
};

struct ord_fault_spec {
	char name[ORD_NAME_MAX];
	struct ord_args *args; /* owned */
	struct ord_target target;
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
	size_t n_steady, n_abort;
	struct ord_fault_spec faults[ORD_FAULTS_MAX];
	size_t n_faults;
	struct ord_objective objectives[ORD_OBJECTIVES_MAX];
	size_t n_objectives;
	uint32_t repetitions; /* default 1 */
	bool placebo;	      /* one more repetition, first, with every fault left out */
	bool expect_impact;
	uint64_t recovery_ns;	/* how long recovery is watched for at most, default 30s */
	uint64_t cooldown_ns;	/* least pause between repetitions; the steady state must hold as
				   well. default 2s */
	uint32_t limit_targets; /* 0: missing, refused */
	uint64_t limit_duration_ns;	      /* 0: missing, refused */
	char limit_cluster[ORD_CLUSTER_NAME]; /* a context, or a cluster's name; "": none is
						 named */
	bool whole_host;		      /* limits.wholeHost: true, as --yes-whole-host */
	uint64_t seed;			      /* without has_seed: drawn when planned */
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
