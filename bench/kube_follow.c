/*
 * kube follow metadata|full all|SELECTOR WRITER [ARGUMENT]...: a watch of all pods, or of those
 * with these labels, while WRITER (`kubelab churn`) changes some; then what the watch told against
 * what the API server answered, by uid and resourceVersion. Exit code 1 where one was lost, told
 * twice, told as something else, in a wrong order, or told and never given out.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/kube_tool.h"
#include "bench/net_tool.h"
#include "tests/support/watch_record.h"

#define REVIEW_NS (5 * ORD_S) /* what the last change may take to arrive */

struct follower {
	FILE *events; /* struct told: they are not to count as the client's memory */
	size_t n;
	bool synced;
	unsigned errors;
	struct cuts cuts;
	pid_t writer;
	int status;	 /* of the writer */
	uint64_t end_ns; /* 0: the writer writes */
};

static void on_event(void *arg, enum kube_event e, const json_t *o, uint64_t arrival_ns)
{
	struct told t = {.at_ns = arrival_ns, .event = e};
	struct follower *f = arg;

	if (e == KUBE_SYNCED) {
		f->synced = true;
	} else if (e == KUBE_CUT && f->cuts.n < CUTS_MAX) {
		f->cuts.from_ns[f->cuts.n++] = arrival_ns;
	} else if (e == KUBE_RESUMED && f->cuts.n) {
		f->cuts.to_ns[f->cuts.n - 1] = arrival_ns;
	} else if (o && f->synced) {
		t.version = strtoull(meta(o, "resourceVersion"), NULL, 10);
		t.going = *meta(o, "deletionTimestamp");
		must(!record_uid(meta(o, "uid"), t.uid), "a pod without a uid");
		must(fwrite(&t, sizeof t, 1, f->events) == 1, "write");
		f->n++;
	}
}

static void on_error(void *arg, const struct ord_err *e)
{
	((struct follower *)arg)->errors++;
	(void)fprintf(stderr, "kube: watch: %s\n", e->msg);
}

static bool is_synced(void *arg)
{
	return ((struct follower *)arg)->synced;
}

static bool is_over(void *arg)
{
	struct follower *f = arg;

	if (!f->end_ns && waitpid(f->writer, &f->status, WNOHANG) == f->writer)
		f->end_ns = ord_now_ns() + REVIEW_NS;
	return f->end_ns && ord_now_ns() >= f->end_ns;
}

static pid_t write_to(FILE *record, char **argv)
{
	pid_t parent = getpid(), pid = fork();

	must(pid >= 0, "fork");
	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && dup2(fileno(record), STDOUT_FILENO) >= 0)
		(void)execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static void print_ms(const char *name, const int64_t *v, size_t n)
{
	(void)printf(",\"%s\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}", name,
		     (double)quantile(v, n, 0.5) / 1e6, (double)quantile(v, n, 0.99) / 1e6,
		     (double)quantile(v, n, 1) / 1e6);
}

static int report(const struct follower *f, char **argv, FILE *record, double cpu, long rss)
{
	struct verdict v;
	struct told *told = calloc(f->n + 1, sizeof *told);

	must(told != NULL, "memory");
	rewind(f->events);
	must(fread(told, sizeof *told, f->n, f->events) == f->n, "read");
	record_compare(record, strcmp(argv[1], "all") != 0, told, f->n, &f->cuts, &v);
	(void)printf("{\"bench\":\"kube.follow\",\"objects\":\"%s\",\"of\":\"%s\",\"written\":%zu,"
		     "\"written_per_s\":%.1f,\"expected\":%zu,\"told\":%zu,\"going\":%zu,"
		     "\"others\":%zu,\"lost\":%zu,\"doubled\":%zu,\"mistaken\":%zu,"
		     "\"disordered\":%zu,\"unknown\":%zu,\"stale\":%zu,\"cuts\":%zu,"
		     "\"lost_in_cut\":%zu,\"errors\":%u,\"rss_kb\":%ld,\"cpu_ms\":%.0f",
		     argv[0], argv[1], v.written, v.per_s, v.expected, f->n, v.going, v.others,
		     v.lost, v.doubled, v.mistaken, v.disordered, v.unknown, v.stale, f->cuts.n,
		     v.lost_in_cut, f->errors, rss, cpu);
	print_ms("behind_answer_ms", v.answered, v.n);
	print_ms("behind_request_ms", v.sent, v.n);
	(void)puts("}");
	free(told);
	free(v.sent);
	free(v.answered);
	return v.lost || v.doubled || v.mistaken || v.disordered || v.unknown || v.stale ||
	       !v.written || f->status;
}

int bench_follow(struct bench *b, char **argv)
{
	struct follower f = {.events = tmpfile()};
	struct kube_set set = {.kind = pod_kind};
	struct kube_watch *w;
	FILE *record = tmpfile();
	double cpu;
	long rss;

	must(f.events && record, "temporary file");
	if (!argv[0] || !argv[1] || !argv[2])
		return 2;
	set.metadata_only = !strcmp(argv[0], "metadata");
	set.selector = strcmp(argv[1], "all") != 0 ? argv[1] : NULL;
	check(b, kube_watch_open(b->k, &set, on_event, on_error, &f, &w, &b->err), "watch");
	check(b, kube_run(b->k, is_synced, &f, ord_now_ns() + 300 * ORD_S, &b->err), "list");
	cpu = cpu_ms();
	f.writer = write_to(record, argv + 2);
	check(b, kube_run(b->k, is_over, &f, ord_now_ns() + 7200 * ORD_S, &b->err), "follow");
	cpu = cpu_ms() - cpu;
	rss = rss_kb();
	kube_watch_close(w);
	return report(&f, argv, record, cpu, rss);
}
