/* The cluster of this process's lease: its client, and what every fault through the API needs. */
#ifndef ORDEAL_INJECTOR_KUBE_CLUSTER_H
#define ORDEAL_INJECTOR_KUBE_CLUSTER_H

/* What libcurl, TLS and the resolver call, in holder and guardian; ended by -1. */
extern const int inj_kube_syscalls[];

#endif
