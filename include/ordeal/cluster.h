/*
 * What `ordeal` itself does in a cluster: it looks. It lives in a module of its own (libcurl costs
 * 3.6 ms at every start) that is opened at first use. No call here changes anything but
 * ord_cluster_may's SelfSubjectAccessReviews.
 */
#ifndef ORDEAL_CLUSTER_H
#define ORDEAL_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ordeal/err.h"
#include "ordeal/plan.h"
#include "ordeal/target.h"

struct sd_event;
struct json_t;
struct ord_cluster;

/*
 * named: a context, or the cluster's name (limits.cluster, --context). loop: for what is watched;
 * NULL where nothing is. ORD_GUARD where it names nothing; ORD_SKIP where the module is not
 * installed. Opens no connection yet.
 */
int ord_cluster_open(const char *named, struct sd_event *loop, struct ord_cluster **ret,
		     struct ord_err *err);
void ord_cluster_close(struct ord_cluster *c); /* NULL is fine */
/* From another thread: the call that waits there fails at once, and so does every later one. */
void ord_cluster_stop(struct ord_cluster *c);
/* "" after the last. */
const char *ord_cluster_warning(const struct ord_cluster *c, size_t i);
const char *ord_cluster_context(const struct ord_cluster *c);
const char *ord_cluster_name(const struct ord_cluster *c); /* of the kubeconfig's cluster */
const char *ord_cluster_server(const struct ord_cluster *c);
#define ORD_CLUSTER_VERSION 64
/* Of the API server: "v1.36.3". Asks it. */
int ord_cluster_version(struct ord_cluster *c, char ret[static ORD_CLUSTER_VERSION],
			struct ord_err *err);

/* What became of an object that was looked at. */
enum ord_told {
	ORD_TOLD_CHOSEN,
	ORD_TOLD_NOT_CHOSEN, /* it matches, but others were drawn, or nobody is chosen */
	ORD_TOLD_PROTECTED,  /* it would match */
	ORD_TOLD_NO_MATCH,
};
/* why: the first reason against it ("label app is not orders", "protected: namespace
 * kube-system"); "" where it was chosen. */
typedef void ord_cluster_told(void *arg, const struct ord_object *o, enum ord_told what,
			      const char *why);

/*
 * Who is behind a target now: matching, protected ones left out, seeded choice, spread. ORD_USAGE
 * where none matches (or fewer than `count`), ORD_GUARD where more than limit_targets are hit or
 * all are protected. told may be NULL.
 */
int ord_cluster_resolve(struct ord_cluster *c, const struct ord_target *t, uint64_t seed,
			size_t limit_targets, struct ord_place *ret, ord_cluster_told *told,
			void *arg, struct ord_err *err);

/* What the objects of a place are reached by: pods, nodes, services. ORD_USAGE where one of them
 * has no address. */
int ord_cluster_addresses(struct ord_cluster *c, const struct ord_place *place,
			  struct ord_addresses *ret, struct ord_err *err);

/* One workload and what is around it, as `ordeal init` writes its first experiment from it. */
#define ORD_LOOK_NODES 64
struct ord_workload_look {
	struct ord_object object;
	int64_t replicas, ready;		/* asked for, and ready */
	size_t nodes;				/* with ready pods of it, at most ORD_LOOK_NODES */
	size_t containers, readiness, liveness; /* of the pod template, and how many have probes */
	int64_t grace_s;
	char service[ORD_KUBE_NAME]; /* the first whose selector takes its pods; "": none */
	char budget[ORD_KUBE_NAME], budget_text[64]; /* "minAvailable 2"; "": none */
	int64_t disruptions;			     /* that the budget allows now */
	char autoscaler[ORD_KUBE_NAME];		     /* "": none */
	int64_t scale_min, scale_max;
	char unseen[128]; /* what may not be listed: "services, ..." */
};
/* kind: Deployment, StatefulSet or DaemonSet. ns "": the context's. ORD_USAGE where it is not
 * there. */
int ord_cluster_look(struct ord_cluster *c, const char *kind, const char *ns, const char *name,
		     struct ord_workload_look *ret, struct ord_err *err);

/* Whether anything of it is in a cluster: a target, a probe, a channel. */
bool ord_cluster_needed(const struct ord_spec *spec);
/*
 * The one cluster that may be touched: limit is the experiment's limits.cluster, context the
 * command line's --context; each may be NULL or "". Both must mean the same; neither is refused,
 * with the names that there are (ORD_GUARD): the current context alone names nothing.
 */
int ord_cluster_named(const char *limit, const char *context, struct sd_event *loop,
		      struct ord_cluster **ret, struct ord_err *err);
/* The same of an experiment; NULL where it needs none. */
int ord_cluster_for(const struct ord_spec *spec, const char *context, struct sd_event *loop,
		    struct ord_cluster **ret, struct ord_err *err);
/* What one fault's target is now, on this machine or in the cluster (c may be NULL of the former).
 * ORD_GUARD where more are hit than limits.targets allows. told may be NULL. */
int ord_cluster_plan_resolve(struct ord_cluster *c, const struct ord_plan *plan, size_t fault,
			     uint32_t rep, ord_cluster_told *told, void *arg,
			     struct ord_resolved *ret, struct ord_err *err);

/* One thing that must be allowed. Texts are borrowed from the set. */
struct ord_rule {
	const char *group, *resource, *subresource, *verb, *ns; /* "": core, none; ns "": all */
	const char *name;					/* "": of any name */
	const char *why; /* "fault 'kill'", "probe 'ready'", "lease of 'kill'" */
	bool optional;	 /* without it the report lacks a part, and says so */
};
struct ord_rules {
	size_t n;
	struct ord_rule *v;
	char *texts; /* owned, what v borrows */
};
void ord_rules_done(struct ord_rules *r);
/* Every call that the plan will make. Pure: by the spec and the catalogue alone. */
int ord_cluster_rules(const struct ord_plan *plan, struct ord_rules *ret, struct ord_err *err);
/* Of two plans. */
int ord_rules_join(struct ord_rules *into, const struct ord_rules *more, struct ord_err *err);
/* Asks for each whether we may; calls missing() for those that are denied. Returns how many of
 * them are not optional, or -1. */
int ord_cluster_may(struct ord_cluster *c, const struct ord_rules *rules,
		    void (*missing)(void *arg, const struct ord_rule *r), void *arg,
		    struct ord_err *err);
/* "delete pods/eviction.policy in namespace shop (fault 'kill')". Returns out. */
#define ORD_RULE_TEXT 640
char *ord_rule_text(const struct ord_rule *r, char out[static ORD_RULE_TEXT]);
/*
 * Before anything is started: all rules of the plan are asked for. tell (may be NULL) gets a line
 * for each that is missing, and a note for each optional one. ORD_GUARD where one is missing.
 */
int ord_cluster_preflight(struct ord_cluster *c, const struct ord_plan *plan,
			  void (*tell)(void *arg, const char *line), void *arg,
			  struct ord_err *err);

/* All that people are told of the cluster of a plan: who it is, what it allows. ret is zeroed
 * before, and ord_plan_cluster_done() after; what the server does not answer is no error, but in
 * ret->why. */
int ord_cluster_ask(struct ord_cluster *c, const struct ord_plan *plan,
		    struct ord_plan_cluster *ret, struct ord_err *err);

/* For whom `ordeal rbac` makes roles. */
struct ord_subject {
	const char *name;	/* of the roles and bindings: "ordeal-EXPERIMENT" */
	const char *account_ns; /* of a service account; NULL: a user or group */
	const char *kind, *who; /* "ServiceAccount", "User", "Group", and its name */
};
/*
 * The least roles that allow these, and their bindings, as a v1 List: a Role in each namespace, a
 * ClusterRole for what is in none or in namespaces that cannot be named. A rule's key "why" says
 * what it is for, and is not the API's. Owned; NULL: out of memory. Pure.
 */
struct json_t *ord_rules_roles(const struct ord_rules *r, const struct ord_subject *who);

/* Where probes of kind `kube` ask; the cluster must stay open as long as they. */
struct ord_probe_source;
int ord_cluster_probes(struct ord_cluster *c, struct ord_probe_source *ret, struct ord_err *err);

/*
 * Watches what a run wants to know: the pods of the targets' workloads and their replacements,
 * EndpointSlices, Events, nodes, and what else goes wrong. Each line (owned by the callee) is one
 * of the timeline's "kube" lines without its `t` and `rep` (docs/formats/timeline.md); at_ns is the
 * arrival on CLOCK_MONOTONIC.
 */
struct ord_observer;
int ord_cluster_observe(struct ord_cluster *c, const struct ord_plan *plan,
			void (*on_line)(void *arg, struct json_t *line, uint64_t at_ns), void *arg,
			struct ord_observer **ret, struct ord_err *err);
/* The places of a repetition, as resolved: where there is something to watch. What is a target and
 * what collateral the reports tell, from the timeline. Cheap where nothing is new. */
int ord_observer_targets(struct ord_observer *o, const struct ord_place *const *places, size_t n,
			 struct ord_err *err);
void ord_observer_close(struct ord_observer *o); /* NULL is fine */

#endif
