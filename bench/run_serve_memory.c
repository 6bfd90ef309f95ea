/*
 * run-serve-memory: how much memory `ordeal serve` takes for its schedules, and how long it takes
 * to begin with them: a folder of N files (100,000), in a process of its own, with a state folder
 * that is new, and once more with that of before. A JSON line each. What the schedules take is the
 * resident set less that with none; per_schedule_bytes times a million is what a million would.
 * Then all files are looked at again, as every half a minute, and the loop's longest turn meanwhile
 * is told: so late an instant may be dealt with.
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/units.h"
#include "ordeal/serve.h"
#include "scheduler/serve/serve.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int make(const char *dir, unsigned long n)
{
	char path[128];
	FILE *f;

	for (unsigned long i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s/checkout-latency-%07lu.yaml", dir, i);
		f = fopen(path, "we");
		if (!f)
			return -1;
		(void)fprintf(
			f,
			"apiVersion: ordeal.dev/v1\nkind: Experiment\n"
			"metadata: {name: checkout-latency-%07lu, labels: {team: t-%03lu}}\n"
			"spec:\n  hypothesis: nothing happens\n"
			"  schedule: {cron: \"%lu %lu * * mon-fri\", timezone: Europe/Berlin}\n"
			"  probes: [{name: here, tcp: {host: 127.0.0.1, port: 9}, every: 1s, "
			"timeout: 1s}]\n"
			"  faults: [{name: none, noop: {}, target: {host: true}, for: 1s}]\n"
			"  limits: {targets: 1, duration: 10s}\n",
			i, i % 1000, i % 60, i / 60 % 24);
		if (fclose(f))
			return -1;
	}
	return 0;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_nsec;
}

/* A field of /proc/self/status, in KiB. */
static long status_kb(const char *field)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, field, strlen(field)))
			kb = strtol(line + strlen(field), NULL, 10);
	if (f)
		(void)fclose(f);
	return kb;
}

/* Looks at all files; the longest turn of the loop until it has. */
static uint64_t longest_turn(struct ord_serve *s, sd_event *loop, uint64_t *ret_cpu_ns)
{
	uint64_t longest = 0, cpu = cpu_ns();

	watch_all(s->watch);
	while (s->look) {
		uint64_t from = cpu_ns(), took;

		if (sd_event_run(loop, 0) < 0)
			return 0;
		took = cpu_ns() - from;
		longest = took > longest ? took : longest;
	}
	*ret_cpu_ns = cpu_ns() - cpu;
	return longest;
}

static int measure(const char *name, const struct ord_serve_options *options, long none_kb,
		   long *ret_kb)
{
	uint64_t began = ord_now_ns(), cpu = cpu_ns(), load_ns, turn, look_ns = 0;
	struct ord_serve *s = NULL;
	sd_event *loop = NULL;
	struct ord_err err;
	size_t n;
	long kb;

	if (sd_event_new(&loop) < 0)
		return -1;
	if (ord_serve_open(loop, options, &s, &err) < 0) {
		(void)fprintf(stderr, "run-serve-memory: %s\n", err.msg);
		return -1;
	}
	load_ns = ord_now_ns() - began;
	cpu = cpu_ns() - cpu;
	kb = status_kb("VmRSS:");
	n = ord_agenda_count(s->agenda);
	turn = longest_turn(s, loop, &look_ns);
	(void)printf("{\"name\":\"serve-memory/%s\",\"schedules\":%zu,\"rss_kb\":%ld,"
		     "\"rss_kb_max\":%ld,\"per_schedule_bytes\":%.1f,\"load_ms\":%.0f,"
		     "\"load_cpu_us_per_file\":%.1f,\"look_cpu_ms\":%.1f,"
		     "\"longest_turn_cpu_us\":%.0f,\"rss_kb_after\":%ld}\n",
		     name, n, kb, status_kb("VmHWM:"),
		     n ? (double)(kb - none_kb) * 1024 / (double)n : 0, (double)load_ns / 1e6,
		     n ? (double)cpu / 1e3 / (double)n : 0, (double)look_ns / 1e6,
		     (double)turn / 1e3, status_kb("VmRSS:"));
	*ret_kb = kb;
	ord_serve_close(s);
	(void)sd_event_unref(loop);
	return 0;
}

/* In a process of its own; the resident set comes back by a pipe. */
static long apart(const char *name, const struct ord_serve_options *options, long none_kb)
{
	int pipe_fd[2], status = 0;
	long kb = -1;
	pid_t pid;

	(void)fflush(stdout);
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (!pid) {
		int rc = measure(name, options, none_kb, &kb);

		(void)fflush(stdout);
		_exit(rc || write(pipe_fd[1], &kb, sizeof kb) != sizeof kb);
	}
	(void)close(pipe_fd[1]);
	if (pid < 0 || read(pipe_fd[0], &kb, sizeof kb) != sizeof kb)
		kb = -1;
	(void)close(pipe_fd[0]);
	return pid < 0 || waitpid(pid, &status, 0) != pid || status ? -1 : kb;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/ordeal-bench-XXXXXX", exp[64], none[64], state[64], runs[64];
	int64_t n = 100000;
	sigset_t set;
	long kb;
	int rc;

	if (argc > 2 || (argc == 2 && ord_parse_int(argv[1], 1, 2000000, &n, NULL) < 0) ||
	    !mkdtemp(dir)) {
		(void)fprintf(stderr, "usage: run-serve-memory [N]\n");
		return 2;
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)snprintf(exp, sizeof exp, "%s/exp", dir);
	(void)snprintf(none, sizeof none, "%s/none", dir);
	(void)snprintf(state, sizeof state, "%s/state", dir);
	(void)snprintf(runs, sizeof runs, "%s/runs", dir);
	rc = setenv("ORDEAL_RUNTIME_DIR", dir, 1) || mkdir(exp, 0700) || mkdir(none, 0700) ||
	     make(exp, (unsigned long)n);
	if (!rc) {
		struct ord_serve_options options = {.dir = none, .state = state, .runs = runs};

		kb = apart("none", &options, 0);
		options.dir = exp;
		rc = kb < 0 || apart("new", &options, kb) < 0 || apart("again", &options, kb) < 0;
	}
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc;
}
