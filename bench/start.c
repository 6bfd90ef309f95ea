/*
 * start RUNS NAME PROGRAM [ARG]... [-- NAME PROGRAM [ARG]...]...: spawn to exit of each, in turn,
 * so that they meet the same machine. One JSON line each: medians of wall and CPU time, and the
 * ratio to the last one, which is the yardstick.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { PROGRAMS_MAX = 8, RUNS_MAX = 10000, WARM = 5 };

struct program {
	const char *name;
	char **argv; /* ended by NULL */
	uint64_t wall[RUNS_MAX], cpu[RUNS_MAX];
};

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t of(struct timeval t)
{
	return (uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_usec * ORD_US;
}

static void once(const struct program *p, const posix_spawn_file_actions_t *files,
		 uint64_t *ret_wall, uint64_t *ret_cpu)
{
	uint64_t start = ord_now_ns();
	struct rusage usage;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, p->argv[0], files, NULL, p->argv, environ) ||
	    wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		(void)fprintf(stderr, "start: %s does not run\n", p->argv[0]);
		exit(1);
	}
	*ret_wall = ord_now_ns() - start;
	*ret_cpu = of(usage.ru_utime) + of(usage.ru_stime);
}

static size_t read_programs(int argc, char **argv, struct program *programs)
{
	size_t n = 0;

	for (int i = 2; i < argc && n < PROGRAMS_MAX; i++) {
		programs[n].name = argv[i];
		programs[n++].argv = argv + i + 1;
		while (i < argc && strcmp(argv[i], "--"))
			i++;
		argv[i] = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct program programs[PROGRAMS_MAX];
	size_t n = argc > 3 ? read_programs(argc, argv, programs) : 0, runs;
	posix_spawn_file_actions_t files;

	runs = n ? strtoul(argv[1], NULL, 10) : 0;
	if (!runs || runs > RUNS_MAX) {
		(void)fputs(
			"usage: start RUNS NAME PROGRAM [ARG]... [-- NAME PROGRAM [ARG]...]...\n",
			stderr);
		return 2;
	}
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	for (size_t i = 0; i < runs + WARM; i++)
		for (size_t k = 0; k < n; k++)
			once(&programs[k], &files, &programs[k].wall[i < WARM ? 0 : i - WARM],
			     &programs[k].cpu[i < WARM ? 0 : i - WARM]);
	for (size_t k = 0; k < n; k++) {
		qsort(programs[k].wall, runs, sizeof *programs[k].wall, ascending);
		qsort(programs[k].cpu, runs, sizeof *programs[k].cpu, ascending);
	}
	for (size_t k = 0; k < n; k++) {
		const struct program *p = &programs[k], *last = &programs[n - 1];

		(void)printf("{\"name\":\"%s\",\"runs\":%zu,\"wall_us_p50\":%llu,\"wall_us_p90\":%"
			     "llu,\"cpu_us_p50\":%llu,"
			     "\"ratio_wall\":%.3f}\n",
			     p->name, runs, (unsigned long long)(p->wall[runs / 2] / ORD_US),
			     (unsigned long long)(p->wall[runs * 9 / 10] / ORD_US),
			     (unsigned long long)(p->cpu[runs / 2] / ORD_US),
			     (double)p->wall[runs / 2] / (double)last->wall[runs / 2]);
	}
	return 0;
}
