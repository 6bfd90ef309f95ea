/* Targets: as a person names them, and as they are on this machine at one instant. */
#ifndef ORDEAL_TARGET_H
#define ORDEAL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ordeal/err.h"
#include "ordeal/kube.h"

enum ord_target_kind {
	ORD_TARGET_UNSET,
	ORD_TARGET_HOST,
	ORD_TARGET_PID,	      /* text: number */
	ORD_TARGET_PROCESS,   /* text: name (comm, or the base name of argv[0]) */
	ORD_TARGET_LISTENING, /* text: port, or port/udp */
	ORD_TARGET_CGROUP,    /* text: path below /sys/fs/cgroup, or absolute */
	ORD_TARGET_UNIT,      /* text: systemd unit */
	ORD_TARGET_CONTAINER, /* text: name, id, or a unique prefix of it */
	ORD_TARGET_NETNS,     /* text: path, or a name under /run/netns */
	/* In a cluster; `kube` says which. */
	ORD_TARGET_POD,
	ORD_TARGET_NODE,
	ORD_TARGET_WORKLOAD, /* Deployment, StatefulSet, DaemonSet, Job */
	ORD_TARGET_SERVICE,
	ORD_TARGET_OBJECT, /* any kind */
};

static inline bool ord_target_in_cluster(enum ord_target_kind kind)
{
	return kind >= ORD_TARGET_POD;
}

/* Who runs a container. ANY: each that is there is asked, and two that answer are refused. */
enum ord_runtime {
	ORD_RUNTIME_ANY,
	ORD_RUNTIME_DOCKER,
	ORD_RUNTIME_PODMAN,
	ORD_RUNTIME_CONTAINERD,
};

/* What the text of a container is. */
enum ord_container_by { ORD_BY_EITHER, ORD_BY_ID, ORD_BY_NAME };

#define ORD_RUNTIMES   "any|docker|podman|containerd"
#define ORD_SOCKET_MAX 108 /* of a unix socket's path, with its NUL: unix(7) */

struct ord_target {
	enum ord_target_kind kind;
	char text[256];
	/* Of a container. */
	enum ord_runtime runtime;
	enum ord_container_by by;
	char socket[ORD_SOCKET_MAX]; /* the runtime's; "": where it usually is */
	/*
	 * How many of those that match: one of these at most. None given: exactly one process must
	 * match; but a group (cgroup, unit, container) of several is then taken as a whole, by its
	 * namespace and control group, and n_procs is 0.
	 */
	bool all;
	uint32_t count;
	uint32_t percent_ppm;	      /* rounded up */
	struct ord_kube_target *kube; /* owned; of those in a cluster, else NULL */
	struct ord_via *via;	      /* owned; NULL: it is on this machine, or in a cluster */
	bool via_copy;		      /* as written; via->copy */
};

#define ORD_VIA_WORDS 32

/* The command whose standard input and output lead to the injector of another machine, which then
 * finds the target: ssh, db1, sudo, ordeal-injector. Started as it is, without a shell. */
struct ord_via {
	char *words[ORD_VIA_WORDS + 1]; /* owned; NULL at the end */
	bool copy; /* the static injector is put where the last word says, if it is not there */
};

/* (pid, start time) names a process for good; a pid alone does not. */
struct ord_proc {
	pid_t pid;
	uint64_t start; /* field 22 of /proc/PID/stat, clock ticks since boot */
	char comm[16];
};

#define ORD_PROCS_MAX 256

/* A target as resolved: what goes into a request. Plain data, but for the cluster's. */
struct ord_place {
	bool host;
	size_t n_procs;
	struct ord_proc procs[ORD_PROCS_MAX];
	char netns[64];	     /* path of its network namespace: "/proc/PID/ns/net" or as given; "" if
				host, or if they differ */
	uint64_t netns_ino;  /* 0: this user may not see it */
	char cgroup[256];    /* absolute directory of its (memory or unified) control group, "" if
				unknown */
	uint64_t cgroup_ino; /* of that directory; 0: not known */
	struct ord_cluster_place *cluster; /* owned (ord_place_done); NULL: this machine */
};

/* Frees what it owns and zeroes it; fine on a zeroed struct. */
void ord_place_done(struct ord_place *place);
void ord_target_done(struct ord_target *target);
int ord_via_copy(const struct ord_via *from, struct ord_via **ret, struct ord_err *err);
/* ORD_USAGE where the injector is to be copied and the last word is no path that every shell leaves
 * as it is. */
int ord_via_check(const struct ord_via *via, struct ord_err *err);
/* "ssh db1 sudo ordeal-injector", cut to the size. Returns out. */
char *ord_via_text(const struct ord_via *via, size_t size, char *out);

const char *ord_target_kind_name(enum ord_target_kind kind); /* "process", as in spec and options */
const char *ord_runtime_name(enum ord_runtime runtime);	     /* "docker" */
/* Whether it takes more than a look at /proc to find it: somebody is asked, who may be slow. */
static inline bool ord_target_is_asked_for(const struct ord_target *t)
{
	return ord_target_in_cluster(t->kind) || t->kind == ORD_TARGET_CONTAINER || t->via;
}

/*
 * Finds who is behind a target now: reads /proc and /sys, and asks who runs containers, for two
 * seconds at most. The choice among many is seeded.
 * Refuses with ORD_GUARD pid 1, kernel threads, sshd, ordeal's own processes; ORD_SKIP where this
 * user may not see the owner of a port; ORD_USAGE where none or too many match (says which), and
 * where the target is on another machine (ordeal/far.h).
 */
int ord_target_resolve(const struct ord_target *target, uint64_t seed, struct ord_place *ret,
		       struct ord_err *err);

/* 0 where the process is there and is the same one; else -1, err says which (gone, or another). */
int ord_proc_check(const struct ord_proc *proc, struct ord_err *err);
/* Start time of a pid, 0 if there is none. */
uint64_t ord_proc_start(pid_t pid);
/* A pidfd of just this process (checked after opening); -1. The caller owns it. */
int ord_proc_pidfd(const struct ord_proc *proc, struct ord_err *err);

/* Addresses that others reach a place by, as texts, each once. */
#define ORD_ADDRESSES_MAX 32
struct ord_addresses {
	size_t n;
	char v[ORD_ADDRESSES_MAX][46];
	bool more; /* there are more than these */
};

/*
 * The addresses of a place's network namespaces, IPv4 and IPv6: all but those of loopback and those
 * that only its link knows. Of this machine's places. ORD_USAGE where there is none.
 */
int ord_place_addresses(const struct ord_place *place, struct ord_addresses *ret,
			struct ord_err *err);
/* A namespace that no process of the place names: for its addresses the calling thread enters it,
 * for good, which takes CAP_SYS_ADMIN. */
bool ord_place_by_path(const struct ord_place *place);

struct json_t;
/* The protocol's form of a place; owned. */
struct json_t *ord_place_to_json(const struct ord_place *place);
int ord_place_from_json(struct ord_place *ret, struct json_t *json, struct ord_err *err);
/* The protocol's form of a target of one machine, for `resolve`; owned. */
struct json_t *ord_target_to_json(const struct ord_target *t);
int ord_target_from_json(struct ord_target *ret, struct json_t *json, struct ord_err *err);

#endif
