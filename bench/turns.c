/*
 * turns [-w WARM] [-p PID]... RUNS NAME PROGRAM [ARG]... [-- NAME PROGRAM [ARG]...]...: spawn to
 * exit of each, in turn, forwards and backwards, so that they meet the same machine and none has
 * always the same one before it. WARM (5) runs of each come first and do not count. One JSON line
 * each: wall and CPU time, the largest resident set, and the ratio to the last one, which is the
 * yardstick. -p: a server that they ask; the CPU time that all of these took meanwhile is told too.
 *
 * A process begins with the resident set of whoever spawned it as its largest (wait4): this program
 * stays below 2 MB for that.
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

enum { PROGRAMS_MAX = 8, RUNS_MAX = 10000, SERVERS_MAX = 8 };

struct program {
	const char *name;
	char **argv; /* ended by NULL */
	uint64_t wall[RUNS_MAX], cpu[RUNS_MAX], served[RUNS_MAX];
	long rss_kb; /* the largest */
};

static struct program programs[PROGRAMS_MAX];
static unsigned long servers[SERVERS_MAX];
static size_t n_programs, n_servers;

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t of(struct timeval t)
{
	return (uint64_t)t.tv_sec * ORD_S + (uint64_t)t.tv_usec * ORD_US;
}

/* CPU time of all threads of a process, user and system: proc_pid_stat(5), fields 14 and 15. */
static uint64_t cpu_of(unsigned long pid)
{
	unsigned long user = 0, system = 0;
	char path[64], text[1024];
	const char *rest;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%lu/stat", pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		(void)fclose(f);
	text[n] = '\0';
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			    &system) != 2) {
		(void)fprintf(stderr, "turns: there is no process %lu\n", pid);
		exit(1);
	}
	return (user + system) * (ORD_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t cpu_of_servers(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n_servers; i++)
		sum += cpu_of(servers[i]);
	return sum;
}

/* i: which run of it; a warm one writes where the first that counts will. */
static void once(struct program *p, const posix_spawn_file_actions_t *files, size_t i)
{
	uint64_t served = cpu_of_servers(), start = ord_now_ns();
	struct rusage usage;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, p->argv[0], files, NULL, p->argv, environ) ||
	    wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		(void)fprintf(stderr, "turns: %s does not run\n", p->argv[0]);
		exit(1);
	}
	p->wall[i] = ord_now_ns() - start;
	p->cpu[i] = of(usage.ru_utime) + of(usage.ru_stime);
	p->served[i] = cpu_of_servers() - served;
	if (usage.ru_maxrss > p->rss_kb)
		p->rss_kb = usage.ru_maxrss;
}

static void take_turns(size_t runs, size_t warm)
{
	posix_spawn_file_actions_t files;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	for (size_t i = 0; i < runs + warm; i++)
		for (size_t k = 0; k < n_programs; k++)
			once(&programs[i % 2 ? n_programs - 1 - k : k], &files,
			     i < warm ? 0 : i - warm);
	(void)posix_spawn_file_actions_destroy(&files);
}

static unsigned long long us(uint64_t ns)
{
	return (unsigned long long)(ns / ORD_US);
}

static void print(const struct program *p, size_t runs, const struct program *last)
{
	(void)printf("{\"name\":\"%s\",\"runs\":%zu,\"wall_us_min\":%llu,\"wall_us_p50\":%llu,"
		     "\"wall_us_p90\":%llu,\"wall_us_max\":%llu,\"cpu_us_p50\":%llu,",
		     p->name, runs, us(p->wall[0]), us(p->wall[runs / 2]),
		     us(p->wall[runs * 9 / 10]), us(p->wall[runs - 1]), us(p->cpu[runs / 2]));
	if (n_servers)
		(void)printf("\"served_us_p50\":%llu,", us(p->served[runs / 2]));
	(void)printf("\"rss_kb_max\":%ld,\"ratio_wall\":%.3f}\n", p->rss_kb,
		     (double)p->wall[runs / 2] / (double)last->wall[runs / 2]);
}

static void report(size_t runs)
{
	for (size_t k = 0; k < n_programs; k++) {
		struct program *p = &programs[k];

		qsort(p->wall, runs, sizeof *p->wall, ascending);
		qsort(p->cpu, runs, sizeof *p->cpu, ascending);
		qsort(p->served, runs, sizeof *p->served, ascending);
	}
	for (size_t k = 0; k < n_programs; k++)
		print(&programs[k], runs, &programs[n_programs - 1]);
}

static void read_programs(char **argv)
{
	while (*argv && n_programs < PROGRAMS_MAX) {
		struct program *p = &programs[n_programs++];

		p->name = *argv++;
		p->argv = argv;
		while (*argv && strcmp(*argv, "--") != 0)
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
}

int main(int argc, char **argv)
{
	size_t runs = 0, warm = 5;
	int c;

	while ((c = getopt(argc, argv, "+w:p:")) != -1) {
		if (c == 'w')
			warm = strtoul(optarg, NULL, 10);
		else if (c == 'p' && n_servers < SERVERS_MAX)
			servers[n_servers++] = strtoul(optarg, NULL, 10);
		else
			optind = argc;
	}
	if (argc - optind > 2) {
		runs = strtoul(argv[optind], NULL, 10);
		read_programs(argv + optind + 1);
	}
	if (!runs || runs > RUNS_MAX) {
		(void)fputs("usage: turns [-w WARM] [-p PID]... RUNS NAME PROGRAM [ARG]... "
			    "[-- NAME PROGRAM [ARG]...]...\n",
			    stderr);
		return 2;
	}
	take_turns(runs, warm);
	report(runs);
	return 0;
}
