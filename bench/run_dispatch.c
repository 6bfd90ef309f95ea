/*
 * run-dispatch NAME N SECONDS PROGRAM [cold] [burst]: the daemon with N schedules. How late their
 * runs begin is told by the runs themselves: `late` is from the planned instant to the first thing
 * that a process does of its run, `let_go` to the daemon having started it or let it go. The first
 * two seconds are not counted: the folder has just been read then.
 *
 * PROGRAM is `nothing`, of each schedule one run a second at a drawn instant of it; or, where it
 * is `ordeal`, whole runs every ten seconds, whose timelines are looked at. cold: nothing is
 * prepared. burst: all at one instant, every five seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/clock.h"
#include "scheduler/serve/serve.h"

#define WARM_UP_S 2
#define KEYS_MAX  200000
#define PSS_MAX	  200

/* Of one run, by its key; 0: nobody said. */
struct start {
	int64_t at_ns, let_go_ns, began_ns, phase_ns, injected_ns;
	bool warm;
};

struct bench {
	sd_event *loop;
	struct ord_serve *s;
	size_t ended, well, skipped;
	int64_t from_ns, to_ns; /* runs that are planned meanwhile count */
	struct start *starts;	/* [KEYS_MAX] */
	size_t warm_most;
	bool whole;		 /* runs, not `nothing` */
	int64_t pss_kb[PSS_MAX]; /* of runs that wait */
	size_t n_pss;
};

static char dir[] = "/tmp/ordeal-bench-XXXXXX", exp_dir[64], state[64], runs[64], out[64];

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

static struct start *start_of(struct bench *b, const char *key)
{
	uint64_t k = key && *key == 'd' ? strtoull(key + 1, NULL, 10) : 0;

	return k && k < KEYS_MAX ? &b->starts[k] : NULL;
}

/* Of the next to begin, which has had the time that there was. */
static void look_at_memory(struct bench *b)
{
	const struct run *r = b->s->soonest;
	char path[64], line[128];
	FILE *f;

	while (r && !(r->warm && ord_child_pid(r->warm)))
		r = r->later;
	if (!b->whole || !r || b->n_pss == PSS_MAX)
		return;
	(void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)ord_child_pid(r->warm));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, "Pss:", 4))
			b->pss_kb[b->n_pss++] = strtol(line + 4, NULL, 10);
	if (f)
		(void)fclose(f);
}

static void on_event(void *arg, const char *type, const json_t *data)
{
	struct bench *b = arg;
	const char *key = json_string_value(json_object_get(data, "key"));
	struct start *start = start_of(b, key);

	b->skipped += !strcmp(type, "skipped");
	b->warm_most = b->s->n_warm > b->warm_most ? b->s->n_warm : b->warm_most;
	if (!strcmp(type, "ended")) {
		b->ended++;
		b->well += json_integer_value(json_object_get(data, "exit")) == 0;
	}
	if (strcmp(type, "dispatched") != 0 || !start)
		return;
	look_at_memory(b);
	for (const struct run *r = b->s->first; r; r = r->next)
		if (r->key == strtoull(key + 1, NULL, 10)) {
			start->at_ns = r->at_ns;
			start->let_go_ns = r->since_ns;
			start->warm = r->warm_version != 0;
			return;
		}
}

static int write_experiments(size_t n, const char *schedule)
{
	char path[128];

	for (size_t i = 0; i < n; i++) {
		FILE *f;

		(void)snprintf(path, sizeof path, "%s/e%zu.yaml", exp_dir, i);
		f = fopen(path, "we");
		if (!f)
			return -1;
		(void)fprintf(
			f,
			"apiVersion: ordeal.dev/v1\nkind: Experiment\nmetadata: {name: e%zu}\n"
			"spec:\n  hypothesis: nothing happens\n"
			"  schedule: {%s}\n"
			"  shareTargets: true\n  randomPhase: false\n"
			"  probes: [{name: here, exec: {command: [/bin/true]}, every: 100ms}]\n"
			"  faults: [{name: none, noop: {}, target: {host: true}, for: 100ms}]\n"
			"  recovery: 100ms\n"
			"  limits: {targets: 1, duration: 10s}\n",
			i, schedule);
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

static double cpu_s(int who)
{
	struct rusage u;

	(void)getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int serve(struct bench *b, const struct ord_serve_options *options, uint64_t seconds,
		 struct ord_err *err)
{
	int e = sd_event_new(&b->loop);

	if (e < 0) {
		errno = -e;
		return ord_fail_sys(err, "event loop");
	}
	if (ord_serve_open(b->loop, options, &b->s, err))
		return -1;
	ord_serve_listen(b->s, on_event, b);
	b->from_ns = (int64_t)(ord_wall_ns() + WARM_UP_S * ORD_S);
	b->to_ns = b->from_ns + (int64_t)(seconds * ORD_S);
	/* Two more, so that the last have ended. */
	e = sd_event_add_time(b->loop, NULL, CLOCK_MONOTONIC,
			      (ord_now_ns() + (seconds + 2 * WARM_UP_S) * ORD_S) / ORD_US, 1,
			      on_time, b->loop);
	return e < 0 || sd_event_loop(b->loop) < 0 ? -1 : 0;
}

/* ---- what the runs say */

static void read_nothings(struct bench *b)
{
	int64_t line[2];
	FILE *f = fopen(out, "re");

	while (f && fread(line, sizeof line, 1, f) == 1)
		if (line[0] > 0 && line[0] < KEYS_MAX)
			b->starts[line[0]].began_ns = line[1];
	if (f)
		(void)fclose(f);
}

static struct start *on_run(struct bench *b, const json_t *line, int64_t *ret_wall_ns)
{
	const json_t *argv = json_object_get(line, "argv"), *arg;
	struct start *start = NULL;
	size_t i;

	json_array_foreach (argv, i, arg) {
		const char *slash = strrchr(json_string_value(arg), '/');

		if (i && !strcmp(json_string_value(json_array_get(argv, i - 1)), "--dispatch"))
			start = start_of(b, slash ? slash + 1 : NULL);
	}
	*ret_wall_ns = json_integer_value(json_object_get(line, "wall_ns"));
	return start;
}

static struct bench *reading;

static int read_timeline(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char *text = NULL;
	size_t room = 0;
	struct start *start = NULL;
	int64_t wall = 0;
	FILE *f = NULL;

	(void)st;
	if (type == FTW_F && !strcmp(path + ftw->base, "run.jsonl"))
		f = fopen(path, "re");
	while (f && getline(&text, &room, f) > 0) {
		json_t *line = json_loads(text, 0, NULL);
		const char *e = json_string_value(json_object_get(line, "e"));
		int64_t t = json_integer_value(json_object_get(line, "t"));

		if (e && !strcmp(e, "run")) {
			start = on_run(reading, line, &wall);
			if (start)
				start->began_ns = wall;
		}
		if (e && start && !strcmp(e, "phase") && !start->phase_ns)
			start->phase_ns = wall + t;
		if (e && start && !strcmp(e, "fault") && !start->injected_ns &&
		    !strcmp(json_string_value(json_object_get(line, "state")), "injected"))
			start->injected_ns = wall + t;
		json_decref(line);
	}
	free(text);
	if (f)
		(void)fclose(f);
	return 0;
}

/* ---- figures */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_late(const struct bench *b, const char *name, size_t offset)
{
	int64_t *v = calloc(KEYS_MAX, sizeof *v);
	size_t n = 0;

	for (size_t k = 1; v && k < KEYS_MAX; k++) {
		const struct start *start = &b->starts[k];
		int64_t at;

		memcpy(&at, (const char *)start + offset, sizeof at);
		if (start->at_ns >= b->from_ns && start->at_ns < b->to_ns && at)
			v[n++] = at - start->at_ns;
	}
	if (n) {
		qsort(v, n, sizeof *v, by_size);
		(void)printf(",\"%s_n\":%zu,\"%s_p50_us\":%" PRId64 ",\"%s_p99_us\":%" PRId64
			     ",\"%s_max_us\":%" PRId64,
			     name, n, name, v[(n - 1) / 2] / 1000, name,
			     v[(n * 99 + 99) / 100 - 1] / 1000, name, v[n - 1] / 1000);
	}
	free(v);
}

static void print(struct bench *b, const char *name, size_t n, uint64_t seconds)
{
	size_t dispatched = 0, warm = 0;

	for (size_t k = 1; k < KEYS_MAX; k++) {
		const struct start *start = &b->starts[k];

		if (start->at_ns < b->from_ns || start->at_ns >= b->to_ns)
			continue;
		dispatched++;
		warm += start->warm;
	}
	(void)printf(
		"{\"name\":\"%s\",\"scheduling\":\"%s\",\"schedules\":%zu,\"seconds\":%" PRIu64
		",\"dispatched\":%zu,\"prepared\":%zu,\"prepared_at_once\":%zu,\"not_well\":%zu,"
		"\"skipped\":%zu,\"per_s\":%.0f",
		name, sched_getscheduler(0) == SCHED_OTHER ? "fair" : "real-time", n, seconds,
		dispatched, warm, b->warm_most, b->ended - b->well, b->skipped,
		(double)dispatched / (double)seconds);
	print_late(b, "late", offsetof(struct start, began_ns));
	print_late(b, "let_go", offsetof(struct start, let_go_ns));
	print_late(b, "phase", offsetof(struct start, phase_ns));
	print_late(b, "injected", offsetof(struct start, injected_ns));
	qsort(b->pss_kb, b->n_pss, sizeof *b->pss_kb, by_size);
	if (b->n_pss)
		(void)printf(",\"waiting_pss_kb\":%" PRId64, b->pss_kb[(b->n_pss - 1) / 2]);
	(void)printf(",\"cpu_us_per_start\":%.0f,\"runs_cpu_us_per_start\":%.0f}\n",
		     cpu_s(RUSAGE_SELF) * 1e6 / (double)(b->ended ? b->ended : 1),
		     cpu_s(RUSAGE_CHILDREN) * 1e6 / (double)(b->ended ? b->ended : 1));
}

static int measure(int argc, char **argv, struct bench *b, struct ord_err *err)
{
	bool nothing = strstr(argv[4], "nothing"), burst = false, cold = false;
	size_t n = strtoul(argv[2], NULL, 10);
	uint64_t seconds = strtoul(argv[3], NULL, 10);
	struct ord_serve_options options = {.dir = exp_dir,
					    .state = state,
					    .runs = runs,
					    .max_runs = ORD_SERVE_RUNS_MAX,
					    .program = argv[4],
					    .say = say};

	for (int i = 5; i < argc; i++) {
		burst = burst || !strcmp(argv[i], "burst");
		cold = cold || !strcmp(argv[i], "cold");
	}
	options.cold = cold;
	b->whole = !nothing;
	if (write_experiments(n, burst	   ? "cron: \"*/5 * * * * *\""
				 : nothing ? "cron: \"* * * * * *\", jitter: 990ms"
					   : "cron: \"*/10 * * * * *\", jitter: 9900ms"))
		return ord_fail_sys(err, "%s", exp_dir);
	if (serve(b, &options, seconds, err))
		return -1;
	reading = b;
	if (nothing)
		read_nothings(b);
	else
		(void)nftw(runs, read_timeline, 16, FTW_PHYS);
	print(b, argv[1], n, seconds);
	return 0;
}

static int make_folders(void)
{
	int fd;

	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(exp_dir, sizeof exp_dir, "%s/exp", dir);
	(void)snprintf(state, sizeof state, "%s/state", dir);
	(void)snprintf(runs, sizeof runs, "%s/runs", dir);
	(void)snprintf(out, sizeof out, "%s/began", dir);
	fd = open(out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd))
		return -1;
	return mkdir(exp_dir, 0700) || setenv("ORDEAL_BENCH_OUT", out, 1) ||
			       setenv("XDG_STATE_HOME", dir, 1)
		       ? -1
		       : 0;
}

int main(int argc, char **argv)
{
	struct ord_err err = {.msg = "NAME N SECONDS PROGRAM [cold] [burst]"};
	struct bench b = {.starts = calloc(KEYS_MAX, sizeof(struct start))};
	sigset_t set;
	int r = -1;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (argc >= 5 && b.starts && make_folders() == 0) {
		r = measure(argc, argv, &b, &err);
		ord_serve_close(b.s);
		(void)sd_event_unref(b.loop);
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
	free(b.starts);
	if (r)
		(void)fprintf(stderr, "run-dispatch: %s\n", err.msg);
	return r ? 1 : 0;
}
