/*
 * run-dispatch NAME N SECONDS PROGRAM: the daemon with N schedules of one run a second each, at
 * drawn instants of it. How late, from its instant, each run's process had started; and how many a
 * second ended well.
 */
#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "ordeal/serve.h"

struct bench {
	sd_event *loop;
	struct ord_serve *s;
	size_t dispatched, ended, well, skipped;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void say(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

static void on_event(void *arg, const char *type, const json_t *data)
{
	struct bench *b = arg;

	b->dispatched += !strcmp(type, "dispatched");
	b->skipped += !strcmp(type, "skipped");
	if (!strcmp(type, "ended")) {
		b->ended++;
		b->well += json_integer_value(json_object_get(data, "exit")) == 0;
	}
}

static int write_experiments(const char *dir, size_t n)
{
	char path[128];

	for (size_t i = 0; i < n; i++) {
		FILE *f;

		(void)snprintf(path, sizeof path, "%s/e%zu.yaml", dir, i);
		f = fopen(path, "we");
		if (!f)
			return -1;
		(void)fprintf(
			f,
			"apiVersion: ordeal.dev/v1\nkind: Experiment\nmetadata: {name: e%zu}\n"
			"spec:\n  hypothesis: nothing happens\n"
			"  schedule: {cron: \"* * * * * *\", jitter: 990ms}\n"
			"  shareTargets: true\n"
			"  probes: [{name: here, exec: {command: [/bin/true]}, every: 100ms}]\n"
			"  faults: [{name: none, noop: {}, target: {host: true}, for: 100ms}]\n"
			"  recovery: 100ms\n"
			"  limits: {targets: 1, duration: 10s}\n",
			i);
		if (fclose(f))
			return -1;
	}
	return 0;
}

static int on_time(sd_event_source *source, uint64_t at, void *arg)
{
	(void)source;
	(void)at;
	return sd_event_exit(arg, 0);
}

static double cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int bench(struct bench *b, const struct ord_serve_options *options, uint64_t seconds,
		 struct ord_err *err)
{
	int e = sd_event_new(&b->loop);

	if (e >= 0)
		e = sd_event_add_time(b->loop, NULL, CLOCK_MONOTONIC,
				      (ord_now_ns() + seconds * ORD_S) / ORD_US, 1, on_time,
				      b->loop);
	if (e < 0) {
		errno = -e;
		return ord_fail_sys(err, "event loop");
	}
	if (ord_serve_open(b->loop, options, &b->s, err))
		return -1;
	ord_serve_listen(b->s, on_event, b);
	return sd_event_loop(b->loop) < 0 ? -1 : 0;
}

static void print(const struct bench *b, const char *name, size_t n, uint64_t seconds, double cpu)
{
	json_t *status = ord_serve_status(b->s), *late = json_object_get(status, "lateness_ns");
	const char *const keys[] = {"p50", "p99", "max"};

	(void)printf("{\"name\":\"%s\",\"schedules\":%zu,\"seconds\":%llu,\"dispatched\":%zu,"
		     "\"ended_well\":%zu,\"skipped\":%zu,\"per_s\":%.0f,\"cpu_s\":%.2f",
		     name, n, (unsigned long long)seconds, b->dispatched, b->well, b->skipped,
		     (double)b->dispatched / (double)seconds, cpu);
	for (size_t i = 0; i < 3; i++)
		(void)printf(",\"late_%s_us\":%lld", keys[i],
			     json_integer_value(json_object_get(late, keys[i])) / 1000);
	(void)puts("}");
	json_decref(status);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/ordeal-bench-XXXXXX", exp[64], state[64], runs[64];
	struct ord_serve_options options = {.dir = exp,
					    .state = state,
					    .runs = runs,
					    .max_runs = ORD_SERVE_RUNS_MAX,
					    .say = say};
	struct ord_err err = {.msg = "NAME N SECONDS PROGRAM"};
	struct bench b = {0};
	uint64_t seconds;
	sigset_t set;
	double cpu;
	int r = -1;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (argc == 5 && mkdtemp(dir)) {
		size_t n = strtoul(argv[2], NULL, 10);

		(void)snprintf(exp, sizeof exp, "%s/exp", dir);
		(void)snprintf(state, sizeof state, "%s/state", dir);
		(void)snprintf(runs, sizeof runs, "%s/runs", dir);
		seconds = strtoul(argv[3], NULL, 10);
		options.program = argv[4];
		if (!mkdir(exp, 0700) && !write_experiments(exp, n)) {
			cpu = cpu_s();
			r = bench(&b, &options, seconds, &err);
			if (!r)
				print(&b, argv[1], n, seconds, cpu_s() - cpu);
		}
		ord_serve_close(b.s);
		(void)sd_event_unref(b.loop);
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	if (r)
		(void)fprintf(stderr, "run-dispatch: %s\n", err.msg);
	return r ? 1 : 0;
}
