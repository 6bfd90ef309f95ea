/*
 * kube-seen COUNT NAMESPACE DEPLOYMENT: how long after the API server's write a pod's readiness
 * stands in the timeline. Patches the Ready condition of one pod of the deployment, COUNT times,
 * through a client of its own in a process of its own, while the run's observer watches, as in a
 * run.
 *
 * When the API server wrote is known to the second only (its stamps have no more). It was between
 * the writer's request and the answer, by the clock of this machine, so two bounds are told, and a
 * third figure, which is ours alone:
 *
 *   request  since the request: at most this
 *   answer   since the answer: at least this (0: the line was there before the answer)
 *   ours     from the event's last byte to the line: decoding, and what else is in the loop
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/kube.h"
#include "ordeal/cluster.h"
#include "scheduler/run/timeline.h"

#define EVERY_NS (50 * ORD_MS)
#define AIM_NS	 (20 * ORD_MS)

struct write {
	uint64_t sent, answered; /* CLOCK_MONOTONIC, of the writer */
	uint64_t arrived;	 /* the last byte of its event was read */
	uint64_t seen;		 /* its line was handed to the timeline */
};

struct bench {
	struct run_timeline *tl;
	struct write *v; /* shared with the writer */
	size_t n, count; /* n: seen */
	sd_event *loop;
	const char *pod;
};

static struct ord_err err;

static void check(int rc, const char *what)
{
	if (!rc)
		return;
	(void)fprintf(stderr, "kube-seen: %s: %s\n", what, err.msg);
	exit(1);
}

/* Each change carries its number as the time of the transition, so that no other writer's is taken
 * for it. */
static void stamp_of(size_t i, char out[static 32])
{
	(void)snprintf(out, 32, "2001-01-%02zuT%02zu:%02zu:%02zuZ", 1 + i / 86400, i / 3600 % 24,
		       i / 60 % 60, i % 60);
}

static size_t number_of(const char *stamp)
{
	unsigned day, h, m, sec;

	if (sscanf(stamp, "2001-01-%2uT%2u:%2u:%2uZ", &day, &h, &m, &sec) != 4)
		return SIZE_MAX;
	return (day - 1) * 86400ul + h * 3600ul + m * 60ul + sec;
}

static void on_line(void *arg, json_t *line, uint64_t at_ns)
{
	struct bench *b = arg;
	const char *what = json_string_value(json_object_get(line, "what"));
	const char *name = json_string_value(json_object_get(line, "name"));
	const char *stamp = json_string_value(json_object_get(line, "stamp"));
	bool mine = what && name && stamp && !strcmp(name, b->pod) &&
		    (!strcmp(what, "ready") || !strcmp(what, "unready"));
	size_t i = mine ? number_of(stamp) : b->count;

	(void)json_object_set_new(line, "at_t",
				  json_integer((json_int_t)run_timeline_t(b->tl, at_ns)));
	run_timeline_line(b->tl, "kube", line);
	if (i >= b->count || b->v[i].seen)
		return;
	b->v[i].seen = ord_now_ns();
	b->v[i].arrived = at_ns;
	if (++b->n == b->count)
		(void)sd_event_exit(b->loop, 0);
}

static int first_pod(void *arg, const json_t *item, struct ord_err *e)
{
	struct ord_object *o = arg;
	const json_t *meta = json_object_get(item, "metadata");

	(void)e;
	if (*o->name || json_object_get(meta, "deletionTimestamp"))
		return 0;
	(void)snprintf(o->name, sizeof o->name, "%s",
		       json_string_value(json_object_get(meta, "name")));
	(void)snprintf(o->uid, sizeof o->uid, "%s",
		       json_string_value(json_object_get(meta, "uid")));
	return 0;
}

static struct ord_object find_pod(struct kube *k, const char *ns, const char *deployment)
{
	struct ord_object o = {.api_version = "v1", .kind = "Pod"};
	struct kube_set set = {.kind = {"v1", "Pod", "pods", true}, .ns = ns};
	char selector[300];

	(void)snprintf(o.ns, sizeof o.ns, "%s", ns);
	(void)snprintf(selector, sizeof selector, "app=%s", deployment);
	set.selector = selector;
	check(kube_list(k, &set, first_pod, &o, ord_now_ns() + 10 * ORD_S, NULL, &err), "pods");
	if (!*o.name) {
		(void)fprintf(stderr, "kube-seen: no pod with app=%s in %s\n", deployment, ns);
		exit(1);
	}
	return o;
}

static void write_all(const struct ord_object *pod, struct write *v, size_t count)
{
	struct kube_config *config;
	struct kube *k;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(kube_config_load("kubelab", &config, &err), "config");
	check(kube_open(config, &k, &err), "open");
	(void)usleep(1500 * 1000); /* the observer has synced */
	for (size_t i = 0; i < count; i++) {
		ord_auto(json) json_t *patch = NULL;
		char stamp[32];
		uint64_t next;

		stamp_of(i, stamp);
		patch = json_pack("{s:{s:[{s:s, s:s, s:s, s:s}]}}", "status", "conditions", "type",
				  "Ready", "status", i % 2 ? "True" : "False", "reason", "Bench",
				  "lastTransitionTime", stamp);
		v[i].sent = ord_now_ns();
		check(kube_patch(k, pod, "status", KUBE_PATCH_STRATEGIC, patch, false,
				 ord_now_ns() + 10 * ORD_S, NULL, NULL, &err),
		      "patch");
		v[i].answered = ord_now_ns();
		next = v[i].sent + EVERY_NS;
		if (next > v[i].answered)
			(void)usleep((useconds_t)((next - v[i].answered) / 1000));
	}
	_exit(0);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Returns the 99th percentile, in ns. */
static uint64_t say(const char *what, uint64_t *v, size_t n)
{
	uint64_t p50, p99;

	qsort(v, n, sizeof *v, by_size);
	p50 = v[n / 2];
	p99 = v[(n * 99 + 99) / 100 - 1];
	(void)printf("{\"bench\":\"kube.seen\",\"behind\":\"%s\",\"n\":%zu,\"p50_ms\":%.2f,"
		     "\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
		     what, n, (double)p50 / 1e6, (double)p99 / 1e6, (double)v[n - 1] / 1e6);
	return p99;
}

static void report(const struct bench *b)
{
	uint64_t *request = calloc(b->count, sizeof *request),
		 *answer = calloc(b->count, sizeof *answer), *ours = calloc(b->count, sizeof *ours);
	uint64_t most, least;
	size_t n = 0;

	if (!request || !answer || !ours || !b->n)
		exit(1);
	for (size_t i = 0; i < b->count; i++) {
		const struct write *w = &b->v[i];

		if (!w->seen || !w->sent)
			continue;
		request[n] = w->seen - w->sent;
		answer[n] = w->answered && w->seen > w->answered ? w->seen - w->answered : 0;
		ours[n++] = w->seen - w->arrived;
	}
	most = say("request", request, n);
	least = say("answer", answer, n);
	(void)say("ours", ours, n);
	(void)printf("{\"bench\":\"kube.seen\",\"asked\":%zu,\"seen\":%zu,\"aim_p99_ms\":%" PRIu64
		     ","
		     "\"result\":\"%s\",\"api_server_stamp_ns\":1000000000}\n",
		     b->count, b->n, (uint64_t)(AIM_NS / ORD_MS),
		     most <= AIM_NS   ? "met"
		     : least > AIM_NS ? "missed"
				      : "undecided");
	free(request);
	free(answer);
	free(ours);
}

static int on_late(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	(void)arg;
	return sd_event_exit(sd_event_source_get_event(source), 1);
}

int main(int argc, char **argv)
{
	static struct ord_spec spec;
	struct ord_plan plan = {.spec = &spec};
	struct ord_place place = {.host = false};
	const struct ord_place *places[] = {&place};
	struct ord_cluster_place in = {.n = 1};
	struct bench b = {.count = 500};
	struct ord_object pod;
	struct ord_observer *observer;
	struct ord_cluster *cluster;
	struct kube_config *config;
	struct kube *k;
	char dir[] = "/tmp/kube-seen.XXXXXX";
	int fd, status, rc;
	pid_t child;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: kube-seen COUNT NAMESPACE DEPLOYMENT\n");
		return 2;
	}
	b.count = strtoul(argv[1], NULL, 10);
	b.v = mmap(NULL, b.count * sizeof *b.v, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		   -1, 0);
	if (b.v == MAP_FAILED || !mkdtemp(dir))
		return 1;
	check(kube_config_load("kubelab", &config, &err), "config");
	check(kube_open(config, &k, &err), "open");
	pod = find_pod(k, argv[2], argv[3]);
	kube_close(k);
	b.pod = pod.name;
	child = fork();
	if (!child)
		write_all(&pod, b.v, b.count);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(run_timeline_open(fd, ord_now_ns(), NULL, NULL, &b.tl, &err), "timeline");
	check(sd_event_new(&b.loop) < 0 ? -1 : 0, "loop");
	in.v = &pod;
	place.cluster = &in;
	check(ord_cluster_open("kubelab", b.loop, &cluster, &err), "cluster");
	check(ord_cluster_observe(cluster, &plan, on_line, &b, &observer, &err), "observe");
	check(ord_observer_targets(observer, places, 1, &err), "observe");
	(void)sd_event_add_time_relative(b.loop, NULL, CLOCK_MONOTONIC,
					 (b.count * EVERY_NS + 60 * ORD_S) / 1000, 1000, on_late,
					 NULL);
	rc = sd_event_loop(b.loop);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
	report(&b);
	ord_observer_close(observer);
	ord_cluster_close(cluster);
	check(run_timeline_close(b.tl, &err), "timeline");
	(void)unlinkat(fd, "run.jsonl", 0);
	(void)close(fd);
	(void)rmdir(dir);
	return rc || b.n < b.count;
}
