/* What the Kubernetes benchmarks share. They end at the first thing that fails. */
#ifndef ORDEAL_BENCH_KUBE_TOOL_H
#define ORDEAL_BENCH_KUBE_TOOL_H

#include <jansson.h>

#include "kube/kube.h"
#include "ordeal/err.h"

struct bench {
	struct kube_config *config; /* of the context kubelab */
	struct kube *k;
	struct ord_err err;
};

extern const struct kube_kind pod_kind;

/* rc != 0: what failed, with err's words, and the end. */
void check(const struct bench *b, int rc, const char *what);
/* Of this process, so far. */
long rss_kb(void);
double cpu_ms(void);
/* A text of the object's metadata; "" where there is none. */
const char *meta(const json_t *object, const char *key);

/* The commands; their arguments, ended by NULL. The exit code; 2: not as they want them. */
int bench_list(struct bench *b, char **argv);
int bench_follow(struct bench *b, char **argv);
int bench_delete(struct bench *b, char **argv);

#endif
