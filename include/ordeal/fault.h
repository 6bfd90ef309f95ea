/*
 * The catalogue of faults: what each is called, takes, needs and promises. Both halves compile it
 * from the injectors' list.def; only the injector binds verbs to it.
 */
#ifndef ORDEAL_FAULT_H
#define ORDEAL_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/endpoint.h"
#include "ordeal/err.h"

/* Who takes the effect away when everything of ours has been killed (docs/adr/0002). */
enum ord_guarantee {
	ORD_GUARANTEE_KERNEL,
	ORD_GUARANTEE_GUARDIAN,
	ORD_GUARANTEE_JOURNAL,
	ORD_GUARANTEE_NONE,
};

enum ord_param_type {
	ORD_PARAM_DURATION,  /* int: ns */
	ORD_PARAM_PERCENT,   /* int: ppm */
	ORD_PARAM_SIZE,	     /* int: bytes */
	ORD_PARAM_RATE,	     /* int: bytes per second; text as a size and "/s" */
	ORD_PARAM_COUNT,     /* int */
	ORD_PARAM_BOOL,	     /* int: 0, 1 */
	ORD_PARAM_CHOICE,    /* int: index into choices; text in JSON */
	ORD_PARAM_SIGNAL,    /* int: number; "TERM" or "SIGTERM" in text and JSON */
	ORD_PARAM_CPUS,	     /* text: "0-3,6" */
	ORD_PARAM_TEXT,	     /* text */
	ORD_PARAM_ENDPOINTS, /* endpoints: list of texts in JSON */
};

/* There are hundreds: in an order without gaps. */
struct ord_param {
	const char *name;
	const char *help;    /* one clause, for --help, the manual, the schema */
	const char *def;     /* text of the default, NULL: none */
	const char *choices; /* "egress|ingress|both" */
	int64_t min, max;    /* of the int form; both 0: the type's own */
	enum ord_param_type type;
	bool required;
	bool lines; /* of a text: newlines and tabs may be in it */
};

/* Which targets a fault can take, as bits. */
enum ord_target_bit {
	ORD_ON_NET =
		1 << 0, /* a network namespace: of a process, a container, by path, or the host's */
	ORD_ON_PROCESS = 1 << 1, /* one or more processes */
	ORD_ON_CGROUP = 1 << 2,	 /* a control group (of a process, unit, container) */
	ORD_ON_HOST = 1 << 3,	 /* the machine */
	ORD_ON_POD = 1 << 4,
	ORD_ON_NODE = 1 << 5,
	ORD_ON_WORKLOAD = 1 << 6,
	ORD_ON_SERVICE = 1 << 7,
	ORD_ON_OBJECT = 1 << 8, /* of any kind in the cluster */
};

#define ORD_ON_CLUSTER (ORD_ON_POD | ORD_ON_NODE | ORD_ON_WORKLOAD | ORD_ON_SERVICE | ORD_ON_OBJECT)

/* Which program does it. */
enum ord_program {
	ORD_PROGRAM_HOST, /* ordeal-injector */
	ORD_PROGRAM_KUBE, /* ordeal-injector-kube */
};

struct ord_fault {
	const char *name;    /* "net.delay" */
	const char *summary; /* one line */
	enum ord_guarantee guarantee;
	unsigned targets; /* enum ord_target_bit */
	enum ord_program program;
	/*
	 * What it must be allowed, space separated; "" nothing. On a host: capabilities beyond
	 * opening, "net_admin". In a cluster: rules, "GROUP/RESOURCE[/SUBRESOURCE]:VERB,VERB", the
	 * core group as "core", "TARGET" for the group and resource of the target itself:
	 * "core/pods/eviction:create TARGET:get,patch". A rule for one kind of target alone has
	 * that before it: "Pod?core/pods:patch".
	 */
	const char *caps;
	const char *engines; /* "detour|queue", "" where there is but one way */
	const char *blast;   /* who feels it, in words */
	const char *objects; /* kernel objects made, in words, and how each goes away */
	const struct ord_param *params;
	size_t n_params;
};

#define ORD_PARAMS_MAX 56
#define ORD_ARG_TEXT   4096 /* a JSON patch */
#define ORD_ARGS_TEXTS 12288

struct ord_value {
	bool set;
	uint16_t text; /* where it begins in the texts; 0: there is none */
	int64_t i;
	struct ord_endpoints eps;
};

/*
 * A fault with its parameters. Plain data, no heap (about 56 KiB): static or heap storage. All
 * texts lie in one room, so that many parameters cost little and one text may be long.
 */
struct ord_args {
	const struct ord_fault *fault;
	struct ord_value v[ORD_PARAMS_MAX]; /* in the order of fault->params */
	uint16_t used;			    /* bytes of texts, behind an empty one */
	char texts[ORD_ARGS_TEXTS];
};

extern const struct ord_fault ord_faults[];
extern const size_t ord_n_faults;

/* NULL where there is no such fault. */
const struct ord_fault *ord_fault_find(const char *name);
/* The nearest name among n, for "did you mean"; NULL if none is near. Names are at name + i *
 * stride. */
const char *ord_nearest(const char *word, const char *const *names, size_t n);
const char *ord_guarantee_name(enum ord_guarantee g);

void ord_args_init(struct ord_args *args, const struct ord_fault *fault);
/* Sets one parameter from text as people write it; for ENDPOINTS it appends. ORD_USAGE names range
 * and unit. */
int ord_args_set(struct ord_args *args, const char *name, const char *text, struct ord_err *err);
/* Fills defaults and refuses what is missing. Call once, after the last set. */
int ord_args_finish(struct ord_args *args, struct ord_err *err);
/*
 * Leaves an endpoint (as text) alone: adds it to `exclude`, where the fault has such a parameter
 * and that has it not yet; *ret_added tells. ORD_GUARD where the list is full.
 */
int ord_args_spare(struct ord_args *args, const char *endpoint, bool *ret_added,
		   struct ord_err *err);

/* Whether it is limited to peers by addresses, so that another target may be its peer. */
bool ord_fault_takes_peer(const struct ord_fault *fault);
/*
 * What goes with a peer that is another target: `to` names ports and protocols alone (ORD_USAGE),
 * and a partition whose direction was not asked for (directed) cuts both ways.
 */
int ord_args_peer(struct ord_args *args, bool directed, struct ord_err *err);
/* Whether that parameter (`hosts`, `exclude-hosts`, `resolve`) is given; false where the fault has
 * no such parameter. */
bool ord_args_names(const struct ord_args *args, const char *param);
/* Other endpoints in a parameter of the fault (asserted). */
void ord_args_put(struct ord_args *args, const char *param, const struct ord_endpoints *eps);
/* Without names, and with a peer without `to`: what an injector takes, before addresses are added.
 */
void ord_args_bare(struct ord_args *args, bool peer);

/* For the fault's own code: the parameter must be in its entry (asserted). */
const struct ord_value *ord_arg(const struct ord_args *args, const char *name);
int64_t ord_arg_int(const struct ord_args *args, const char *name);
const char *ord_arg_text(const struct ord_args *args, const char *name);
bool ord_arg_set(const struct ord_args *args, const char *name);

/* JSON form of protocol and plan, every set parameter, keys sorted by the dumper. Owned; NULL: out
 * of memory. */
struct json_t;
struct json_t *ord_args_to_json(const struct ord_args *args);
/* The inverse, every field validated again; unknown keys and wrong types are ORD_USAGE. Finishes
 * the args. */
int ord_args_from_json(struct ord_args *args, const struct ord_fault *fault, struct json_t *json,
		       struct ord_err *err);
/* The text of a set parameter that ord_args_set reads back; one endpoint a line. Returns out. */
char *ord_arg_format(const struct ord_args *args, const char *name, size_t size, char *out);

#endif
