/*
 * Targets in a Kubernetes cluster: as a person describes them, and as they are at one instant.
 * What is on this machine is in target.h.
 */
#ifndef ORDEAL_KUBE_H
#define ORDEAL_KUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ordeal/err.h"

#define ORD_KUBE_NAME		254 /* of an object: a DNS subdomain of at most 253 (RFC 1123) */
#define ORD_KUBE_NS		64
#define ORD_KUBE_KIND		64
#define ORD_KUBE_VERSION	128 /* "apps/v1", "networking.istio.io/v1" */
#define ORD_KUBE_UID		64
#define ORD_CLUSTER_OBJECTS_MAX 10000 /* of one fault: hit at once, or one after the other */

/* Owned texts. */
struct ord_texts {
	size_t n;
	char **v;
};

/*
 * What an object must be; each that is given must hold, and of a list one. Names, namespaces,
 * nodes, zones, owners and containers may be globs (fnmatch(3)). Selectors are in kubectl's
 * language: "app=orders,tier in (a,b),!old".
 */
struct ord_kube_filter {
	struct ord_texts names;
	struct ord_texts namespaces;
	struct ord_texts owners; /* "Deployment/orders": through every level of ownership */
	struct ord_texts nodes;
	struct ord_texts zones; /* topology.kubernetes.io/zone of the node */
	struct ord_texts phases;
	struct ord_texts containers; /* has a container of this name */
	char *selector;		     /* of labels, NULL: any */
	char *namespace_selector;    /* of the namespace's labels */
	char *field_selector;
	char *annotations;	       /* the same language, over annotations */
	char *condition;	       /* "Ready=False" */
	uint64_t older_ns, younger_ns; /* age: at least, at most; 0: any */
};

enum ord_spread { ORD_SPREAD_NONE, ORD_SPREAD_NODE, ORD_SPREAD_ZONE };

/* As written. How many of those that match is in struct ord_target: count, percent or all. */
struct ord_kube_target {
	/* Of ORD_TARGET_OBJECT and of a workload: "apps/v1" and "Deployment"; "" : any of the four
	 * kinds of workload. Pods, nodes and services have theirs by the target's kind. */
	char api_version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND];
	struct ord_kube_filter match, exclude;
	bool has_exclude;
	enum ord_spread spread;
	bool follow; /* what comes to match while the fault lasts is hit too, within the limit */
};

/* One object, for good: the UID is never used again. */
struct ord_object {
	char api_version[ORD_KUBE_VERSION], kind[ORD_KUBE_KIND];
	char ns[ORD_KUBE_NS]; /* "" where the kind is not namespaced */
	char name[ORD_KUBE_NAME];
	char uid[ORD_KUBE_UID];
};

/* Where in which cluster, as resolved: goes into a request. */
struct ord_cluster_place {
	char context[256]; /* of the kubeconfig; "in-cluster": the pod's own service account */
	char server[512];  /* URL of the API server that was asked: the injector refuses another */
	size_t n;
	struct ord_object *v; /* owned */
	size_t limit;	      /* objects that may be hit in all, those that come later included */
	/*
	 * Owned; NULL: none. The selection that v was drawn from. Pods always have it: pod.delete
	 * and pod.evict choose again by it (every), count who is ready by it (leave-ready), and
	 * where its own `follow` is true hit what comes to match it.
	 */
	struct ord_kube_target *follow;
};

/* Frees what it owns and zeroes it; fine on a zeroed struct. */
void ord_texts_done(struct ord_texts *t);
int ord_texts_add(struct ord_texts *t, const char *text, struct ord_err *err);
void ord_kube_target_done(struct ord_kube_target *t);
void ord_cluster_place_done(struct ord_cluster_place *p);
int ord_kube_target_copy(const struct ord_kube_target *from, struct ord_kube_target *ret,
			 struct ord_err *err);
int ord_cluster_place_copy(const struct ord_cluster_place *from, struct ord_cluster_place *ret,
			   struct ord_err *err);

/*
 * As people write them. A name may hold the wild *, ? and [...]; a version is "v1" or "apps/v1", a
 * kind "ConfigMap".
 */
/* What a name may be made of, besides the wild. */
enum ord_kube_form {
	ORD_KUBE_FORM_ANY,	 /* what a path may hold: kinds have rules of their own */
	ORD_KUBE_FORM_SUBDOMAIN, /* pods, nodes, workloads (RFC 1123) */
	ORD_KUBE_FORM_LABEL,	 /* namespaces, services, containers: a label of it */
	ORD_KUBE_FORM_VALUE,	 /* zones: the value of a label */
};
/* Of an enum ord_target_kind in a cluster. */
enum ord_kube_form ord_kube_form_of(int kind);
/* ORD_USAGE: what is wrong and what would be right; *ret_at (may be NULL) is the mistake's byte. */
int ord_kube_check_name(const char *text, enum ord_kube_form form, size_t *ret_at,
			struct ord_err *err);
bool ord_kube_good_version(const char *text);
bool ord_kube_good_kind(const char *text);
bool ord_kube_is_wild(const char *name);
/* "deploy", "Deployment": sets kind and api_version; false: none of the four kinds of workload. */
bool ord_kube_workload_kind(const char *word, struct ord_kube_target *t);
/* Adds what the short form of a target says: NAME, of a workload KIND/NAME, of an object
 * APIVERSION/KIND/NAME. kind: an enum ord_target_kind. */
int ord_kube_target_parse(struct ord_kube_target *t, int kind, const char *text,
			  struct ord_err *err);

struct json_t;
/* The form of plan and protocol, defaults left out; owned, NULL: out of memory. */
struct json_t *ord_kube_target_to_json(const struct ord_kube_target *t);
int ord_kube_target_from_json(struct ord_kube_target *ret, struct json_t *json,
			      struct ord_err *err);
/* {"context":..., "server":..., "limit":N, "objects":[["v1","Pod","ns","name","uid"],...],
 * "follow":{...}} */
struct json_t *ord_cluster_place_to_json(const struct ord_cluster_place *p);
int ord_cluster_place_from_json(struct ord_cluster_place *ret, struct json_t *json,
				struct ord_err *err);

#endif
