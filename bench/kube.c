/*
 * kube: the Kubernetes client's figures, on the cluster of $KUBECONFIG (context kubelab), filled
 * with played pods (bench/run-kube, bench/run-kube-delete). One JSON line each.
 *
 *   kube list all|label SELECTOR|annotation SELECTOR   what the client costs, without the rest
 *   kube follow metadata|full all|SELECTOR WRITER [ARGUMENT]...
 *   kube delete FILE                                   no client of ours: a bare curl loop
 */
#include "bench/kube_tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/selector.h"

const struct kube_kind pod_kind = {"v1", "Pod", "pods", true};

void check(const struct bench *b, int rc, const char *what)
{
	if (!rc)
		return;
	(void)fprintf(stderr, "kube: %s: %s\n", what, b->err.msg);
	exit(1);
}

long rss_kb(void)
{
	char text[4096];
	const char *line;

	if (ord_file_peek(-1, "/proc/self/status", text, sizeof text) < 0)
		return -1;
	line = strstr(text, "VmHWM:");
	return line ? strtol(line + 6, NULL, 10) : -1;
}

double cpu_ms(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

const char *meta(const json_t *object, const char *key)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(object, "metadata"), key));

	return text ? text : "";
}

/* --- list ------------------------------------------------------------------------------------ */

struct count {
	const struct ord_selector *by; /* of annotations; NULL: all */
	unsigned n, matched;
};

static int on_counted(void *arg, const json_t *item, struct ord_err *e)
{
	const json_t *all = json_object_get(json_object_get(item, "metadata"), "annotations");
	struct count *c = arg;

	(void)e;
	c->n++;
	c->matched += !c->by || ord_selector_matches(c->by, all);
	return 0;
}

int bench_list(struct bench *b, char **argv)
{
	struct kube_set set = {.kind = pod_kind, .metadata_only = true};
	struct ord_selector *by = NULL;
	struct count c = {.n = 0};
	uint64_t t0;

	if (!argv[0] || (strcmp(argv[0], "all") != 0 && !argv[1]))
		return 2;
	if (!strcmp(argv[0], "label"))
		set.selector = argv[1];
	else if (!strcmp(argv[0], "annotation"))
		check(b, ord_selector_parse(argv[1], true, &by, &b->err), argv[1]);
	c.by = by;
	t0 = ord_now_ns();
	check(b, kube_list(b->k, &set, on_counted, &c, t0 + 300 * ORD_S, NULL, &b->err), "list");
	(void)printf("{\"bench\":\"kube.list\",\"what\":\"%s\",\"read\":%u,\"chosen\":%u,"
		     "\"ms\":%.1f,\"cpu_ms\":%.1f,\"rss_kb\":%ld}\n",
		     argv[0], c.n, c.matched, (double)(ord_now_ns() - t0) / 1e6, cpu_ms(),
		     rss_kb());
	ord_selector_free(by);
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(struct bench *b, char **argv);
} commands[] = {{"list", bench_list}, {"follow", bench_follow}, {"delete", bench_delete}};

int main(int argc, char **argv)
{
	struct bench b = {.k = NULL};
	int rc = 2;

	for (size_t i = 0; argc > 1 && i < ORD_COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		check(&b, kube_config_load("kubelab", &b.config, &b.err), "config");
		check(&b, kube_open(b.config, &b.k, &b.err), "open");
		rc = commands[i].run(&b, argv + 2);
	}
	if (rc == 2)
		(void)fputs("usage: kube list|follow|delete ... (bench/kube.c says more)\n",
			    stderr);
	kube_close(b.k);
	kube_config_free(b.config);
	return rc;
}
